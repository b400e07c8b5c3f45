#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The key `firstboot` with the real programs and images like those that people download.
load helper
load stock

BOARD=$ROOT/build/board

setup_file() {
	export STOCK=$BATS_FILE_TMPDIR XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache CARDSTOCK_PROFILES=$ROOT/profiles
	for system in debian-raspi parallella; do "$ROOT/tests/fixtures/make-stock" $system "$STOCK/$system.img"; done
}

# What firstboot, that of this machine (an emulator has no openat2), reads in the unpacked image.
settings_of() {
	local firstboot=$ROOT/${BUILD:-build}/firstboot
	"$firstboot" run --phase local --root "$1" >&2
	"$firstboot" status --json --root "$1" | python3 -c 'import json, sys
r = json.load(sys.stdin)
print(r["version"], r["hostname"], r["cluster"], r["role"], r["result"])'
}

@test "an image with systemd gets the program of its architecture, which takes its settings" {
	use debian-raspi
	mk --profile ./worker.conf --quiet
	unpack out/worker001.img tree
	cmp tree/usr/lib/cardstock/firstboot "$BOARD/arm64/firstboot"
	[ "$(readlink tree/usr/bin/firstboot)" = ../lib/cardstock/firstboot ]
	cmp tree/usr/lib/cardstock/firstboot-grow "$BOARD/arm64/firstboot-grow"
	[ "$(settings_of tree)" = '1 worker001 stock worker done' ]
}

@test "an image without systemd gets the static program, which takes its settings" {
	use parallella
	mk --profile ./worker.conf --quiet
	unpack out/worker001.img tree
	cmp tree/usr/lib/cardstock/firstboot "$BOARD/armhf/firstboot-static"
	[ ! -e tree/usr/lib/cardstock/firstboot-grow ]
	[ "$(settings_of tree)" = '1 worker001 stock worker done' ]
	dash -n tree/etc/rc2.d/S20cardstock
}

@test "verify finds a program that is not the one of the build" {
	use debian-raspi
	mk --profile ./worker.conf --quiet
	mk verify --profile ./worker.conf out/worker001.img
	echo other >other
	debugfs -w -f <(printf 'cd /usr/lib/cardstock\nrm firstboot\nwrite other firstboot\n') \
		"out/worker001.img?offset=$(offset_of out/worker001.img 2)" >/dev/null 2>&1
	assert_fails 6 /usr/lib/cardstock/firstboot mk verify --profile ./worker.conf out/worker001.img
}

@test "without the programs an image is refused with what to do" {
	use debian-raspi
	mkdir -p elsewhere/bin
	cp "$MKIMAGE" elsewhere/bin/mkimage
	assert_fails 3 "worker.conf:$(grep -n '^firstboot' worker.conf | cut -d: -f1): firstboot: its program for arm64 is not built: run 'make boards'" \
		elsewhere/bin/mkimage --profile ./worker.conf
	assert_no_output
	CARDSTOCK_BOARDS=$BOARD elsewhere/bin/mkimage plan --profile ./worker.conf | grep -q /usr/lib/cardstock/firstboot
}
