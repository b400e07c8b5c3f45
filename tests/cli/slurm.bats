#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The section `slurm`: Debian's slurmctld and slurmd run on what mkimage and nodectl write.
load helper
load stock

NODECTL=$ROOT/${BUILD:-build}/nodectl

setup_file() {
	export STOCK=$BATS_FILE_TMPDIR XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache CARDSTOCK_PROFILES=$ROOT/profiles
	"$ROOT/tests/fixtures/make-stock" debian-raspi "$STOCK/debian-raspi.img"
}

# A cluster with one section for both roles; its packages are not this test's.
use_cluster() {
	use debian-raspi
	cat >cluster.conf <<-END
		cluster = "stock"
		base = "./base.img"
		members = {"./master.conf", "./worker.conf"}
		firstboot = true
		user "ops" { uid = 2000 operator = true }
		slurm {
			options = {$1}
		}
	END
	cat >master.conf <<-END
		include("cluster.conf")
		role = master
		hostname = "master"
		address = "10.0.0.1/24"
		nodectl { hardware = {"worker 1 1"} }
	END
	cat >worker.conf <<-END
		include("cluster.conf")
		role = worker
		hostname = "worker%03d"
		address = "10.0.0.%d/24"
		first-address = 11
		planned = 64
	END
}

# What needs the real machine is replaced by what a namespace has; all else is as on a board.
IN_A_BOX='"SlurmUser=root", "ProctrackType=proctrack/linuxproc", "TaskPlugin=task/none", "CommunicationParameters=NoInAddrAny",
	"SlurmctldPidFile=/run/slurm/slurmctld.pid", "SlurmdPidFile=/run/slurm/slurmd.pid"'

# As on a machine without apt.
leave_packages_to_the_board() {
	mkdir bin
	find /usr/bin /usr/sbin -maxdepth 1 ! -name 'apt*' -exec ln -sft bin {} +
}

# The root of a master on which the registry has written its files.
make_master() {
	leave_packages_to_the_board
	PATH=$PWD/bin mk --profile ./master.conf --quiet
	unpack out/master.img master
	mkdir -p master/etc/munge
	"$NODECTL" import master/etc/cardstock/nodectl.conf --registry registry
	"$NODECTL" render --registry registry --root master >/dev/null
}

in_a_box() {
	local map=()
	[ "$(id -u)" = 0 ] || map=(--user --map-root-user --map-auto)
	timeout -s KILL 480 unshare "${map[@]}" -nmupf --kill-child --mount-proc "$ROOT/tests/cli/slurm-in-a-box" "$PWD/master" bash -euc "$1"
}

@test "planned boards become idle when they come, and jobs run on them, by role as well" {
	use_cluster "$IN_A_BOX"
	make_master
	in_a_box '
		[ "$(srun -N2 hostname | sort | xargs)" = "worker001 worker002" ]
		[ "$(srun -N2 -p worker hostname | sort | xargs)" = "worker001 worker002" ]
		cd "$root"
		sbatch --wait --array=1-3 -o out-%a --wrap "echo \$SLURM_ARRAY_TASK_ID" >submitted
		[ "$(cat out-1 out-2 out-3 | xargs)" = "1 2 3" ]
		grep -q "Submitted batch job" submitted'
	run -1 grep -i 'specified more than once' master/slurmctld.log
}

@test "a worker that was off gets work again when it is back, by the same slurmctld" {
	use_cluster "$IN_A_BOX"
	make_master
	in_a_box '
		end_worker worker002
		scontrol update nodename=worker002 state=down reason=off
		until_sinfo down worker002
		worker worker002
		until_sinfo idle "worker[001-002]"
		[ "$(srun -w worker002 hostname)" = worker002 ]
		kill -0 "$slurmctld"'
}

@test "1,024 planned nodes: slurm.conf follows from the plan, and nobody waits for those that are off" {
	use_cluster "$IN_A_BOX"
	sed -i 's|^address = .*|address = "10.0.0.1/16"|' master.conf
	sed -i 's|^address = .*|address = "10.0.1.%d/16"|; s/^first-address = .*/first-address = 1/; s/^planned = .*/planned = 1024/' worker.conf
	make_master
	grep -qx 'TreeWidth=32' master/etc/slurm/slurm.conf
	grep -q '10.0.5.0.worker1024' master/etc/hosts
	in_a_box '
		[ "$(scontrol -F -o show nodes | grep -c State=FUTURE)" = 1022 ]
		[ "$(srun -N2 -p worker hostname | sort | xargs)" = "worker001 worker002" ]
		[ "$(sinfo --noheader --format=%D --partition=all)" = 2 ]'
}

@test "those who come from TORQUE submit, look and delete as there" {
	use_cluster "$IN_A_BOX"
	make_master
	in_a_box '
		cd "$root"
		printf "%s\n" "#!/bin/sh" "#PBS -N two" "#PBS -l nodes=2" "echo \$SLURM_JOB_NODELIST" >job
		first=$(qsub job)
		second=$(qsub -h job)
		[ "$(squeue --noheader --job="$first" --format="%j %D")" = "two 2" ]
		qstat "$second" >shown
		grep -q "^$second .*two" shown
		qdel "$second"
		until [ "$(squeue --noheader --format=%i)" = "" ]; do sleep 0.2; done
		[ "$(cat "job.o$first")" = "worker[001-002]" ]
		[ ! -s "job.o$second" ]
		pbsnodes >nodes
		grep -qx worker001 nodes
		grep -qx worker002 nodes'
}
