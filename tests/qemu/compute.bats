#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The shipped profiles with the overlay mpi, on PCs that boot quickly here (compute/): a master and two workers
# that compute together.
load helper
load firstboot
load tutorial

nodes=(master worker001 worker002)
examples=/srv/cluster/examples

setup_file() {
	export CARDSTOCK_OUT=$BATS_FILE_TMPDIR/out CARDSTOCK_CLUSTER=$BATS_FILE_TMPDIR/cluster
	OUT=$CARDSTOCK_OUT CLUSTER=$CARDSTOCK_CLUSTER
	mkdir "$BATS_FILE_TMPDIR/try"
	"$MKIMAGE" --quiet --profile "$ROOT/tests/qemu/compute/master.conf" -c "$CLUSTER" -o "$OUT"
	"$MKIMAGE" --quiet --profile "$ROOT/tests/qemu/compute/worker.conf" -n 2 -c "$CLUSTER" -o "$OUT"
	# The workers begin in 1970, as boards do.
	boot "$BATS_FILE_TMPDIR/try" "${nodes[@]}" -- --card 4G --rtc worker001=1970-01-01 --rtc worker002=1970-01-01
}

teardown_file() {
	halt
}

# as_mpi COMMAND: a line for the shell of the user who runs the jobs, on the master, in the examples.
as_mpi() {
	on master sudo -iu mpi "cd $examples && $1"
}

# hosts_of: the nodes of the lines that every example prints, each once.
hosts_of() {
	sed -n 's/.*process [0-9]* of [0-9]* on \([a-z0-9]*\).*/\1/p' | sort -u | xargs
}

# wait_for_nodes COUNT: so many lines are in the file of machines.
wait_for_nodes() {
	local since=$SECONDS
	until [ "$(on master cat /etc/cardstock/nodes | wc -l)" -ge "$1" ]; do
		[ $((SECONDS - since)) -lt 300 ] || {
			on master sudo nodectl status >&2
			return 1
		}
		sleep 3
	done
}

@test "both workers are in the files that mpiexec reads, and the master has compiled the examples" {
	wait_for_nodes 2
	on master grep -qx worker001 /etc/cardstock/machine_file
	on master grep -qx worker002 /etc/cardstock/machine_file
	as_mpi make
}

@test "MPICH: cpi runs across the workers" {
	run as_mpi 'mpiexec.mpich -f /etc/cardstock/machine_file -n 4 ./cpi'
	echo "$output"
	[ "$status" = 0 ]
	[[ $(hosts_of <<<"$output") == *'worker001 worker002' ]]
	[[ $output == *'pi is 3.1415926536'* ]]
}

@test "Open MPI: cpi runs across the workers, without being told where they are" {
	run as_mpi 'mpiexec.openmpi -n 4 ./cpi.openmpi'
	echo "$output"
	[ "$status" = 0 ]
	[[ $(hosts_of <<<"$output") == *'worker001 worker002' ]]
	[[ $output == *'pi is 3.1415926536'* ]]
}

# python NAME: what the example says.
python() {
	as_mpi "mpiexec.openmpi -n 3 python3 $1.py"
}

@test "Python: all have what was broadcast, each gets its part, one gets all, and their sum" {
	run python bcast
	[ "$(grep -c "{'strips': 1000, 'what': 'pi'}" <<<"$output")" = 3 ]
	[[ $(hosts_of <<<"$output") == *'worker001 worker002' ]]
	run python scatter
	[ "$(sed -n 's/.*: \([0-9]*\)$/\1/p' <<<"$output" | sort -n | xargs)" = '0 1 4' ]
	run python gather
	[[ $output == *'process 0 is on '*'process 1 is on '*'process 2 is on '* ]]
	run python reduce
	[[ $output == *'1 + … + 3 = 6'* ]]
}

@test "a file that a process on a worker wrote belongs to the same user on the master" {
	as_mpi "mpiexec.mpich -f /etc/cardstock/machine_file -n 2 sh -c 'hostname >\$(hostname).said'"
	is mpi on master stat -c %U "$examples/worker001.said"
	is worker001 on master cat "$examples/worker001.said"
}

@test "the workers have the master's time, although they began in 1970" {
	for node in worker001 worker002; do
		on "$node" chronyc -n sources | grep -q '^\^\* 10\.0\.0\.1 '
		[ "$(($(on "$node" date +%s) - $(date +%s)))" -gt -600 ]
	done
}

@test "Four Pis in an hour: all boards are ready, and a program runs on them" {
	type_tutorial four-pis
}

@test "Write your first mpi4py program" {
	type_tutorial mpi4py
}
