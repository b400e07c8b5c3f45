#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# A worker's image boots on the devices of a real board, a Raspberry Pi 3B: SD card, serial port, USB.
# Its first boot, from a root of 2 GiB on a card of 4 GiB, and what it leaves on the card.
load helper
load firstboot

setup_file() {
	small_base=debian-arm64
	make_small_worker "$BATS_FILE_TMPDIR" 'firstboot = true' 'target = "multi-user.target"' 'user "mpi" { uid = 2000 }'
	boot "$BATS_FILE_TMPDIR" worker001 -- --machine raspi3b --card 4G --persist
	wait_done worker001
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

@test "its first boot is done, and the root fills the card" {
	on worker001 firstboot status >&3
	is changed report_says '["steps"][1]["result"]' on worker001 cat /boot/firmware/cardstock-report.json
	is "done" report_says '["result"]' on worker001 cat /boot/firmware/cardstock-report.json
	[ "$(on worker001 df --output=size -B1M / | tail -n 1)" -gt 3200 ]
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
	assert_root_fills_card "$OUT/worker001.img"
	assert_shut_down "$OUT/worker001.img"
}
