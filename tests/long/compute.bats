#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# A cluster that computes: the shipped profiles with MPI and Slurm, on PCs, which boot quickly here (compute/). A
# master and two workers; a third one, cloned from an image of the second, joins while they work. In the end a worker
# was off, the master has rebooted, and all are shut down. The tests follow each other.
load ../qemu/helper
load compute

workers=(worker001 worker002 worker003)
examples=/srv/cluster/examples

setup_file() {
	export CARDSTOCK_OUT=$BATS_FILE_TMPDIR/out CARDSTOCK_CLUSTER=$BATS_FILE_TMPDIR/cluster
	OUT=$CARDSTOCK_OUT CLUSTER=$CARDSTOCK_CLUSTER
	mkdir "$BATS_FILE_TMPDIR/try"
	"$MKIMAGE" --quiet --profile "$ROOT/tests/long/compute/master.conf" -c "$CLUSTER" -o "$OUT"
	"$MKIMAGE" --quiet --profile "$ROOT/tests/long/compute/worker.conf" -n 2 -c "$CLUSTER" -o "$OUT"
	"$MKIMAGE" clone "$OUT/worker002.img" --quiet --node 3 -c "$CLUSTER" -o "$BATS_FILE_TMPDIR/clone" --check
	# The workers begin in 1970, as boards do.
	boot "$BATS_FILE_TMPDIR/try" master worker001 worker002 -- --card 4G --persist \
		--rtc worker001=1970-01-01 --rtc worker002=1970-01-01
}

teardown_file() {
	halt
}

# as_mpi COMMAND: a line for the shell of the user who runs the jobs, on the master, in the examples.
as_mpi() {
	on master sudo -iu mpi bash -c "$(printf %q "cd $examples && $1")"
}

# hosts_of: the nodes of the lines that every example prints, each once.
hosts_of() {
	sed -n 's/.*process [0-9]* of [0-9]* on \([a-z0-9]*\).*/\1/p' | sort -u | xargs
}

# slurm_says NODE: the state of it.
slurm_says() {
	on master sinfo -h -p all -n "$1" -o %t
}

# are_all_idle NODE…: Slurm has these, and they wait for work.
are_all_idle() {
	[ "$(on master sinfo -h -N -p all -t idle -o %N | sort | xargs)" = "$*" ]
}

is_down() {
	[[ $(slurm_says "$1") == down* ]]
}

# ---- two workers

@test "both workers register, and Slurm has them; the third is switched on" {
	wait_until 900 are_ready 2
	wait_until 900 are_all_idle worker001 worker002
	on master pidof slurmctld >"$BATS_FILE_TMPDIR/slurmctld"
	begin_join "$BATS_FILE_TMPDIR/clone/worker003.img" --card 4G --rtc 1970-01-01
}

@test "Four Pis in an hour: all boards are ready, and a program runs on them" {
	type_tutorial four-pis
}

@test "MPICH: cpi runs across the workers" {
	run as_mpi 'mpiexec.mpich -f /etc/cardstock/machine_file -n 4 ./cpi'
	echo "$output"
	[ "$status" = 0 ]
	[[ $(hosts_of <<<"$output") == 'worker001 worker002'* ]]
	[[ $output == *'pi is 3.1415926536'* ]]
}

@test "Open MPI: cpi runs across the workers, without being told where they are" {
	run as_mpi 'mpiexec.openmpi -n 4 ./cpi.openmpi'
	echo "$output"
	[ "$status" = 0 ]
	[[ $(hosts_of <<<"$output") == 'worker001 worker002'* ]]
	[[ $output == *'pi is 3.1415926536'* ]]
}

# python NAME: what the example says.
python() {
	as_mpi "mpiexec.openmpi -n 3 python3 $1.py"
}

@test "Python: all have what was broadcast, each gets its part, one gets all, and their sum" {
	run python bcast
	[ "$(grep -c "{'strips': 1000, 'what': 'pi'}" <<<"$output")" = 3 ]
	[[ $(hosts_of <<<"$output") == 'worker001 worker002'* ]]
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

@test "Write your first mpi4py program" {
	type_tutorial mpi4py
}

@test "From one master to a Slurm cluster: commands on two nodes, arrays, the queue" {
	type_tutorial slurm
}

# ---- one more

@test "a clone of worker002's image has joined and gets a job, and slurmctld has run all the time" {
	wait_joined
	wait_until 900 are_all_idle "${workers[@]}"
	is worker003 as_mpi 'srun -w worker003 hostname'
	is "$(cat "$BATS_FILE_TMPDIR/slurmctld")" on master pidof slurmctld
}

@test "the workers have the master's time, although they began in 1970" {
	for node in "${workers[@]}"; do
		on "$node" chronyc -n sources | grep -q '^\^\* 10\.0\.0\.1 '
		[ "$(($(on "$node" date +%s) - $(date +%s)))" -gt -600 ]
	done
}

@test "parallel-ssh and nodeset read the registry's files" {
	wait_until 300 are_ready 3
	is 'worker[001-003]' on master nodeset -f @ready
	run as_mpi 'parallel-ssh -i -t 0 -h /etc/cardstock/nodes hostname'
	echo "$output"
	[ "$status" = 0 ]
	for node in "${workers[@]}"; do
		grep -q "\[SUCCESS\] $node$" <<<"$output"
		grep -qx "$node" <<<"$output"
	done
}

# ---- off, and back

# Its fstab names a disk that is not there, and has a line that is none.
@test "a worker is switched off, and Slurm notices" {
	on worker002 "sudo sed -i 's/^PARTUUID=[^ ]*-01/PARTUUID=00000000-01/; \$a no such line' /etc/fstab"
	on worker002 cat /etc/fstab | grep '^PARTUUID=00000000-01.*vfat'
	on worker002 sudo systemctl poweroff
	wait_off worker002
	wait_until 600 is_down worker002
}

@test "it comes back, although its fstab is wrong, and Slurm takes it back" {
	join "$OUT/worker002.img" --persist
	wait_until 900 are_all_idle "${workers[@]}"
	is worker002 as_mpi 'srun -w worker002 hostname'
}

# has_booted NODE SINCE: it is not in the boot of that id any more.
has_booted() {
	local id
	id=$(on "$1" cat /proc/sys/kernel/random/boot_id) && [ "$id" != "$2" ]
}

@test "the master reboots, and all come back: nodes, share and queue" {
	local before
	before=$(on master cat /proc/sys/kernel/random/boot_id)
	on master sudo systemctl reboot
	wait_until 1200 has_booted master "$before"
	wait_until 900 are_all_idle "${workers[@]}"
	wait_until 300 are_ready 3
	run as_mpi 'srun -N3 sh -c "hostname; sha256sum cpi.c"'
	echo "$output"
	[ "$(grep -c "^$(sha256sum <"$ROOT/overlays/mpi/share$examples/cpi.c" | cut -d' ' -f1)" <<<"$output")" = 3 ]
	for node in "${workers[@]}"; do
		grep -qx "$node" <<<"$output"
	done
}

# ---- the end

# wait_off NODE: until its kernel said so.
wait_off() {
	local since=$SECONDS
	until tail -n 5 "$TRY/$1.console" | grep -qa 'reboot: Power down'; do
		[ $((SECONDS - since)) -lt 300 ] || { tail -n 5 "$TRY/$1.console" >&2; return 1; }
		sleep 1
	done
}

# Afterwards there is nobody to ask.
@test "shutdown at the master switches all off, the master last, and their file systems are whole" {
	run on master sudo nodectl shutdown --yes --timeout 10m
	note "$output"
	for node in "${workers[@]}"; do
		[[ $output == *"$node: off after "* ]]
	done
	for node in master "${workers[@]}"; do
		wait_off "$node"
	done
	halt
	for node in master worker001 worker002; do
		assert_shut_down "$OUT/$node.img"
	done
}
