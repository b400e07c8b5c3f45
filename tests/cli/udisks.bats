#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# A card that we may not open ourselves, through the real UDisks2 on a bus of its own.  There is no polkit on
# that bus, so UDisks2 lets root do everything and nobody else anything; mkimage runs as root without a
# single capability, for whom a device of mode 000 is as closed as another user's.
# shellcheck disable=SC2030,SC2031 # each test is a subshell on purpose
load helper
load cards

setup_file() {
	export IMG=$BATS_FILE_TMPDIR/small.img
	make_image "$IMG"
}

setup() {
	enter_work
	card card
	loop card
	chmod 000 "$LOOP"
}

teardown() {
	chmod 660 "${LOOPS[@]}"
	for pid in ${PIDS:-}; do kill "$pid"; done
	! mountpoint -q mnt || umount mnt
	[ -z "${UDEV_DATA:-}" ] || rm "$UDEV_DATA"
	rmdir /run/udev/data /run/udev 2>/dev/null || true
	unloop
}

# UDisks2 knows what udev knows; where no udev runs, this is all that it has to know of the device.
tell_udev() {
	[ ! -e /run/udev/control ] || return 0
	UDEV_DATA=/run/udev/data/b$(<"/sys/class/block/${LOOP#/dev/}/dev")
	mkdir -p /run/udev/data
	echo I:1 >"$UDEV_DATA"
}

start_udisks() {
	tell_udev
	cat >bus.conf <<-END
		<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
		 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
		<busconfig><listen>unix:path=$WORK/bus</listen><auth>EXTERNAL</auth>
		<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*" eavesdrop="true"/>
		<allow eavesdrop="true"/></policy></busconfig>
	END
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$WORK/bus
	dbus-daemon --config-file=bus.conf --nofork --nopidfile 2>bus.log 3>&- &
	PIDS=$!
	until [ -e bus ]; do sleep 0.1; done
	/usr/libexec/udisks2/udisksd >udisks.log 2>&1 3>&- &
	PIDS="$! $PIDS"
	until busctl --address="$DBUS_SYSTEM_BUS_ADDRESS" tree org.freedesktop.UDisks2 2>/dev/null | grep -q "${LOOP#/dev/}"; do sleep 0.2; done
}

powerless() {
	setpriv --inh-caps=-all --bounding-set=-all --no-new-privs "$@"
}

as_nobody() {
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	chmod 666 "$IMG"
	powerless --reuid=nobody --regid=nogroup --clear-groups "$@"
}

@test "UDisks2 opens the card for us, exclusively" {
	start_udisks
	powerless env CARDSTOCK_FAULT=slow:bytes=10000000,commands=1000 CARDSTOCK_FAULT_PATH="$LOOP" \
		LD_PRELOAD="$(dirname "$MKIMAGE")/tests/shims/fault.so" "$MKIMAGE" write "$IMG" "$LOOP" --force "$LOOP" --quiet >log 2>&1 3>&- &
	until cmp -s -n 4096 card /dev/zero; do sleep 0.05; done
	run python3 -c 'import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_EXCL)' "$LOOP"
	[[ $output == *'Device or resource busy'* ]]
	wait $! || { cat log >&2; return 1; }
	assert_written "$IMG" card
}

@test "UDisks2 unmounts what we may not" {
	mkfs.ext4 -q -F card
	mkdir mnt
	mount "$LOOP" mnt || skip "ext4 cannot be mounted here"
	start_udisks
	powerless "$MKIMAGE" write "$IMG" "$LOOP" --force "$LOOP" --unmount --quiet
	run ! mountpoint -q mnt
	assert_clean card
}

@test "what UDisks2 does not permit is told, and that sudo would" {
	start_udisks
	cp card before
	assert_fails 1 "$LOOP: UDisks2 does not open it: " as_nobody "$MKIMAGE" write "$IMG" "$LOOP" --force "$LOOP"
	[[ $output == *'; run the same command with sudo' ]]
	cmp card before
}

@test "where no UDisks2 runs, sudo is what is advised" {
	export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$WORK/no-bus
	assert_fails 1 "$LOOP: no permission to write to it, and no UDisks2 runs here that could ask for it; run the same command with sudo" \
		powerless "$MKIMAGE" write "$IMG" "$LOOP" --force "$LOOP"
}
