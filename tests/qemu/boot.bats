#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Finished images boot as a cluster: four nodes on one wired network, looked at over ssh.  The workers are on
# three minutes before their master, with clocks that begin in 1970.  One is a clone of another's image, and
# joins when they run.
load helper
load firstboot

nodes=(master worker001 worker002 worker003)

setup_file() {
	boot "$BATS_FILE_TMPDIR" "${nodes[@]:0:3}" -- --card 4G --late master:180 --rtc worker001=1970-01-01 \
		--rtc worker002=1970-01-01
	"$MKIMAGE" clone "$OUT/worker002.img" --node 3 -c "$CLUSTER" -o "$BATS_FILE_TMPDIR/clone" --check
	join "$BATS_FILE_TMPDIR/clone/worker003.img" --card 4G --rtc 1970-01-01
}

teardown_file() {
	halt
}

@test "every node has its name" {
	for node in "${nodes[@]}"; do
		is "$node" on "$node" hostname
	done
}

@test "users have the same UID everywhere" {
	for node in "${nodes[@]}"; do
		is 1000 on "$node" id -u ops
		is 2000 on "$node" id -u mpi
	done
}

@test "workers boot to multi-user.target" {
	for node in "${nodes[@]:1}"; do
		is multi-user.target on "$node" systemctl get-default
	done
}

@test "the first boot of every node is done: the root fills the card, and the FAT says so" {
	for node in "${nodes[@]}"; do
		wait_done "$node"
		is "done" report_says '["result"]' on "$node" cat /boot/firmware/cardstock-report.json
		[ "$(on "$node" df --output=size -B1M / | tail -n 1)" -gt 3200 ]
	done
	note "$(on worker001 firstboot status)"
}

@test "all workers registered, although their master came late and their clocks were wrong" {
	for node in "${nodes[@]:1}"; do
		wait_ready "$node"
	done
	run on master sudo nodectl status
	[ "$status" = 0 ]
	note "$output"
	[[ $output != *ALARM* ]]
}

@test "the master's files have the workers" {
	for node in "${nodes[@]:1}"; do
		on master grep -qx "$node.*" /etc/cardstock/machine_file
		on master grep -qw "$node" /etc/cardstock/nodes.json
	done
}

# Who opens it has it mounted: after some minutes without use it is unmounted again.
@test "what a job writes to the share on the master, the workers read" {
	on master sudo -u mpi sh -c "'echo hello >/srv/cluster/greeting'"
	for node in "${nodes[@]:1}"; do
		is hello on "$node" cat /srv/cluster/greeting
		is nfs4 on "$node" findmnt -n -o FSTYPE -t nfs4 /srv/cluster
		on "$node" systemctl show -P After srv-cluster.mount | grep -qw cardstock-wired.service
	done
}

@test "jobs on the master log in to the workers, and nobody asks for anything" {
	for node in "${nodes[@]:1}"; do
		is "$node" on master sudo -u mpi ssh -o BatchMode=yes -o StrictHostKeyChecking=yes "$node" hostname
	done
}

@test "boot completes, and no unit has failed" {
	for node in "${nodes[@]}"; do
		is running on "$node" systemctl is-system-running --wait || {
			on "$node" systemctl --failed --no-legend --plain >&2
			return 1
		}
	done
}

@test "nodes reach each other by name on the wired network" {
	for node in "${nodes[@]}"; do
		for peer in "${nodes[@]}"; do
			[ "$node" = "$peer" ] || on "$node" ping -q -c 1 -W 30 -I eth0 "$peer"
		done
	done
}

@test "the wired network has the planned address, and another card the default route" {
	is 10.0.0.11/24 on worker001 "ip -4 -brief address show eth0 | awk '{ print \$3 }'"
	run on worker001 ip -4 route show default
	[[ $output == *'dev eth1'* && $output != *'dev eth0'* ]]
}

@test "host keys are checked: a node under another's name is refused" {
	sed 's/HostKeyAlias worker001/HostKeyAlias worker002/' "$TRY/try.ssh_config" >"$BATS_TEST_TMPDIR/config"
	run ssh -F "$BATS_TEST_TMPDIR/config" -o BatchMode=yes worker001 true
	[ "$status" = 255 ]
	[[ $output == *'Host key verification failed'* ]]
}

# Without the Internet nobody sets the master's clock, and emulated boards are busy; all else has to be well.
@test "the master hears from every node that it is well" {
	for node in "${nodes[@]}"; do
		run on master sudo nodectl health --timeout 4m --json "$node"
		note "$output"
		[[ $output == *'"reached":true'* && $output == *'"failed":[]'* ]]
		[[ $output != *'not mounted'* && $output != *'did not say'* ]]
	done
	run on master sudo nodectl doctor --timeout 4m
	note "$output"
	[[ $output == *"reach: all nodes answer (${#nodes[@]})"* ]]
}

@test "jobs run a command on all workers" {
	run on master sudo -u mpi nodectl run -- hostname
	[ "$status" = 0 ]
	for node in "${nodes[@]:1}"; do
		[[ $output == *"$node: $node"* ]]
	done
}

@test "the guests wrote nothing to the images" {
	for node in master worker001 worker002; do
		[ -s "$OUT/$node.img" ]
		[ "$OUT/$node.img" -ot "$TRY/up" ]
	done
	[ -s "$BATS_FILE_TMPDIR/clone/worker003.img" ]
	[ "$BATS_FILE_TMPDIR/clone/worker003.img" -ot "$TRY/joined" ]
}

# wait_off NODE: until its kernel said so.
wait_off() {
	local since=$SECONDS
	until tail -n 5 "$TRY/$1.console" | grep -qa 'reboot: Power down'; do
		[ $((SECONDS - since)) -lt 120 ] || { tail -n 5 "$TRY/$1.console" >&2; return 1; }
		sleep 1
	done
}

# The last of the file: afterwards there is nobody to ask.
@test "shutdown at the master switches all off, the master last" {
	run on master sudo nodectl shutdown --yes --timeout 4m
	note "$output"
	for node in "${nodes[@]:1}"; do
		[[ $output == *"$node: off after "* ]]
	done
	for node in "${nodes[@]}"; do
		wait_off "$node"
	done
}
