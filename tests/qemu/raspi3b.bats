#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# A worker's image boots on the devices of a real board, a Raspberry Pi 3B: SD card, serial port, USB.
load helper
load firstboot

# A copy, so that what the guest left on its card can be looked at.
setup_file() {
	need_images worker001
	mkdir "$BATS_FILE_TMPDIR/out"
	cp --reflink=auto --sparse=always "$OUT/worker001.img" "$BATS_FILE_TMPDIR/out/"
	OUT=$BATS_FILE_TMPDIR/out boot "$BATS_FILE_TMPDIR" worker001 -- --machine raspi3b --card 4G --persist
}

teardown_file() {
	halt
}

@test "it is a Raspberry Pi 3" {
	run on worker001 cat /sys/firmware/devicetree/base/model
	[[ $output == 'Raspberry Pi 3 Model B'* ]]
}

@test "it has its name, its users and its target" {
	is worker001 on worker001 hostname
	is 1000 on worker001 id -u ops
	is 2000 on worker001 id -u mpi
	is multi-user.target on worker001 systemctl get-default
}

@test "the local steps of its first boot are done without a master: the root fills the card" {
	wait_until_over worker001 cardstock-local.service
	on worker001 firstboot status >&3
	is changed report_says '["steps"][1]["result"]' on worker001 cat /boot/firmware/cardstock-report.json
	[ "$(on worker001 df --output=size -B1M / | tail -n 1)" -gt 3200 ]
	is active on worker001 systemctl is-active cardstock-network.service
}

@test "boot completes, and no unit has failed" {
	is running on worker001 systemctl is-system-running --wait || {
		on worker001 systemctl --failed --no-legend --plain >&2
		return 1
	}
}

@test "its wired network is the card that the profile names" {
	run on worker001 ip -4 -brief address
	[[ $output == *eth0*10.0.0.*eth1*10.0.2.* ]] || {
		echo "$output" >&2
		on worker001 networkctl --no-pager >&2
		return 1
	}
}

@test "after power-off all file systems of the card are clean" {
	halt
	run ! grep 'did not power off' "$TRY/log"
	assert_root_fills_card "$BATS_FILE_TMPDIR/out/worker001.img"
	assert_shut_down "$BATS_FILE_TMPDIR/out/worker001.img"
}
