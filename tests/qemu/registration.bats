#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Workers that are on three minutes before their master is, with clocks that begin in 1970: all register,
# and the master's files know them.
load helper
load firstboot

workers=(worker001 worker002)

setup_file() {
	export CARDSTOCK_OUT=$BATS_FILE_TMPDIR/out CARDSTOCK_CLUSTER=$BATS_FILE_TMPDIR/cluster
	OUT=$CARDSTOCK_OUT CLUSTER=$CARDSTOCK_CLUSTER
	mkdir "$BATS_FILE_TMPDIR/try"
	make_profile master
	make_profile worker
	"$MKIMAGE" --profile "$BATS_FILE_TMPDIR/master.conf" --check -c "$CLUSTER" -o "$OUT"
	"$MKIMAGE" --profile "$BATS_FILE_TMPDIR/worker.conf" -n 2 --check -c "$CLUSTER" -o "$OUT"
	boot "$BATS_FILE_TMPDIR/try" master "${workers[@]}" -- --card 4G --late master:180 \
		--rtc worker001=1970-01-01 --rtc worker002=1970-01-01
}

# The shipped one on the base that boots quickest.
make_profile() {
	cat >"$BATS_FILE_TMPDIR/$1.conf" <<-END
		include("$ROOT/profiles/$1.conf")
		members = {"./master.conf", "./worker.conf"}
		base = "$small_base"
	END
}

teardown_file() {
	halt
}

# wait_ready NODE: until the registry says that its board is there.
wait_ready() {
	local since=$SECONDS
	until [ "$(state_of "$1")" = ready ]; do
		[ $((SECONDS - since)) -lt 900 ] || {
			on master sudo nodectl status >&2
			on "$1" firstboot status >&2
			return 1
		}
		sleep 5
	done
}

state_of() {
	on master sudo nodectl status --json "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["state"])'
}

@test "all boards register, although their master comes late and their clocks are wrong" {
	for worker in "${workers[@]}"; do
		wait_ready "$worker"
	done
	on master sudo nodectl status >&3
	run on master sudo nodectl status
	[[ $output != *ALARM* ]]
}

@test "the first boot of every board is done, and its name is right" {
	for worker in "${workers[@]}"; do
		wait_done "$worker"
		is "done" report_says '["result"]' on "$worker" sudo cat /var/lib/cardstock/report.json
		is "$worker" on "$worker" hostname
	done
}

@test "users of the master log in to the workers at once, with strict checking" {
	for worker in "${workers[@]}"; do
		is "$worker" on master sudo -u mpi ssh -o BatchMode=yes -o StrictHostKeyChecking=yes "$worker" hostname
	done
}

@test "the master's files have the workers" {
	for worker in "${workers[@]}"; do
		on master grep -qx "$worker.*" /etc/cardstock/machine_file
		on master getent hosts "$worker"
	done
}

@test "no unit has failed" {
	for node in master "${workers[@]}"; do
		is running on "$node" systemctl is-system-running --wait || {
			on "$node" systemctl --failed --no-legend --plain >&2
			return 1
		}
	done
}
