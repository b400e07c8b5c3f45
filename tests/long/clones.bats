#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# A worker's card becomes two further nodes, and all three boot beside a master that goes on running: what
# docs/tutorial-clone.md says, with guests in place of boards.  The shipped profiles, Debian 12 for PCs.
load ../qemu/helper
load ../qemu/firstboot
load ../tutorial

setup_file() {
	export CARDSTOCK_OUT=$BATS_FILE_TMPDIR/out CARDSTOCK_CLUSTER=$BATS_FILE_TMPDIR/cluster
	OUT=$CARDSTOCK_OUT CLUSTER=$CARDSTOCK_CLUSTER
	cd "$BATS_FILE_TMPDIR" || return 1
	mkdir try cards
	cp -R "$ROOT/profiles" .
	ln -s "$ROOT/scripts" "$ROOT/overlays" .
	sed -i "s/^base .*/base = \"${CARDSTOCK_BASE:-debian-bookworm-amd64}\"/" profiles/cluster.conf
	"$MKIMAGE" --profile master
	"$MKIMAGE" --profile worker --node 3
	mkdir built
	cp -R --reflink=auto --sparse=always cluster out/master.img out/worker003.img built/
	boot "$PWD/try" master worker003 -- --card 4G --persist
	on master cat /proc/sys/kernel/random/boot_id >boot-id
}

setup() {
	cd "$BATS_FILE_TMPDIR" || return 1
}

teardown_file() {
	for TRY in "$BATS_FILE_TMPDIR"/{try,first}; do halt; done
}

# What tells worker003 from all others, a line each.
identity_of_worker003() {
	local at
	on worker003 "cat /etc/machine-id; sudo sed -n 3p /etc/ssh/ssh_host_ed25519_key
		sudo sed -n 3p /var/lib/cardstock/join/own; sudo cut -d' ' -f2 /var/lib/cardstock/join/own.pub"
	sfdisk --disk-id out/worker003.img | sed 's/^0x//'
	while read -r _ at _; do blkid -p -O "$at" -s UUID -o value out/worker003.img; done < <(partitions_of out/worker003.img)
}

@test "a worker registers, is used, and loses its power" {
	wait_ready worker003
	on worker003 "sudo mkdir /opt/new; echo 42 | sudo tee /opt/new/answer; sudo sync /opt/new/answer"
	identity_of_worker003 >identity
	[ "$(sort -u identity | wc -l)" = 7 ]
	kill -KILL "$(fuser out/worker003.img 2>/dev/null | xargs)"
	wait_no_writer out/worker003.img
	mv out/worker003.img cards/sdb
	superblock "cards/sdb?offset=$(offset_of cards/sdb 2)" | grep needs_recovery
}

@test "its card is cloned as the tutorial says, and is as it was" {
	truncate -s 4G cards/sdc
	truncate -s 3G cards/sdd
	sha256sum cards/sdb >sum
	type_on_laptop tutorial-clone.md >laptop.log 2>&1
	note "$(cat laptop.log)"
	sha256sum --check --quiet sum
}

# says_as_built IMAGE: it has the words of worker003 where an image has them that was made for this node: in the
# lists of all nodes.
says_as_built() {
	local node=$1 words=(worker003 10.0.0.13)
	[ -e "new/$node.img" ] || "$MKIMAGE" --profile worker --node "${node#worker00}" -c built/cluster -o new --quiet
	search "out/$node.img" "${words[@]}" | sort -u >said
	search "new/$node.img" "${words[@]}" | sort -u >expected
	[ -s expected ]
	diff said expected
}

@test "nothing in the clones says that it was worker003, byte by byte" {
	local old
	mapfile -t old <identity
	for value in "${old[@]}"; do [ -n "$(search cards/sdb "$value")" ]; done
	for node in worker004 worker005; do
		is '' search "out/$node.img" "${old[@]}"
		says_as_built "$node"
	done
}

@test "worker003 comes back, and its clones join under their own names, each with its own card and keys" {
	mkdir boards
	mv cards/sdb boards/worker003.img
	mv cards/sdc boards/worker004.img
	mv cards/sdd boards/worker005.img
	join boards/worker00{3,4,5}.img
	for node in worker00{3,4,5}; do
		wait_done "$node"
		wait_ready "$node"
		is "$node" on "$node" hostname
		on "$node" cat /etc/machine-id >>machine-ids
		on "$node" cat /etc/ssh/ssh_host_ed25519_key.pub >>host-keys
	done
	[ "$(sort -u machine-ids | wc -l)" = 3 ]
	[ "$(sort -u host-keys | wc -l)" = 3 ]
	is "$(head -n 1 identity)" on worker003 cat /etc/machine-id
	run -0 on master sudo nodectl status
	note "$output"
	[[ $output != *ALARM* ]]
	is "$(cat boot-id)" on master cat /proc/sys/kernel/random/boot_id
}

@test "what was done on worker003 is on its clones, and their roots have grown again" {
	for node in worker004 worker005; do
		is 42 on "$node" cat /opt/new/answer
		note "$(on "$node" firstboot status)"
		is "done" report_says '["result"]' on "$node" firstboot status --json
		[ "$(on "$node" df --output=size -B1M / | tail -n 1)" -gt 2300 ]
	done
	[ "$(on worker004 df --output=size -B1M / | tail -n 1)" -gt 3200 ]
}

@test "what the tutorial types on the master works" {
	commands_of tutorial-clone.md master >typed
	[ "$(wc -l <typed)" -ge 3 ]
	while read -r line; do
		run -0 on master "$line"
		note "master\$ $line"$'\n'"$output"
	done <typed
	[[ $output == *worker003*worker004*worker005* ]] # the last is the list for jobs
}

@test "jobs on the master log in to each, and nobody asks for anything" {
	for node in worker00{3,4,5}; do
		is "$node" on master sudo -u mpi ssh -o BatchMode=yes -o StrictHostKeyChecking=yes "$node" hostname
	done
}

# Beside a master of their own, that has not seen any of them.
@test "clones of worker003's image as it was built boot beside it and register" {
	halt
	mkdir first
	"$MKIMAGE" clone built/worker003.img -n 2 -c built/cluster -o built --check
	CLUSTER=$PWD/built/cluster OUT=$PWD/built
	boot "$PWD/first" master worker003 worker004 worker005 -- --card 4G
	for node in worker00{3,4,5}; do
		wait_ready "$node"
		is "$node" on "$node" hostname
	done
	run -0 on master sudo nodectl status
	note "$output"
	[[ $output != *ALARM* ]]
	halt
}
