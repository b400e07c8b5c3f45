#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The whole job as an ordinary user, without a single capability.
load helper

@test "an ordinary user builds, plans and verifies" {
	be_ordinary
	"${as_user[@]}" "$MKIMAGE" --profile ./worker.conf -n 2 --check
	"${as_user[@]}" "$MKIMAGE" plan --profile ./worker.conf >plan.txt
	"${as_user[@]}" "$MKIMAGE" verify --profile ./worker.conf out/worker002.img
	[ "$(root_attr out/worker001.img /etc/shadow | cut -d' ' -f2)" = 0 ]
	assert_clean out/worker001.img
}

@test "an ordinary user assembles an image from a root tarball, owned by root inside" {
	be_ordinary
	"${as_user[@]}" "$MKIMAGE" base -q "$CARDSTOCK_TEST_BASE/mini.tar" -o "$WORK/made.img"
	[ "$(root_attr made.img /etc/shadow)" = "0640 0 0" ]
	assert_clean made.img
}
