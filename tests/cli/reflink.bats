#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# On a file system with reflinks a build shares the base's blocks; the images are the same bytes.
load helper

mount_xfs() {
	[ "$(id -u)" = 0 ] || skip "only root can mount"
	command -v mkfs.xfs >/dev/null || skip "no mkfs.xfs"
	truncate -s 320M xfs
	mkfs.xfs -q -m reflink=1 xfs
	LOOP=$(losetup --find --show xfs 2>/dev/null) || skip "no loop devices here"
	mkdir mnt
	if ! mount "$LOOP" mnt; then
		umount_xfs
		skip "xfs cannot be mounted here"
	fi
}

umount_xfs() {
	mountpoint -q mnt && umount mnt
	losetup -d "$LOOP"
	LOOP=
}

teardown() {
	cd "$WORK" || return 1
	[ -z "${LOOP:-}" ] || umount_xfs
}

# Something that was deleted: its blocks are free, and still have it.
put_garbage() {
	yes 'deleted secret' | head -c 1M >secret
	debugfs -w -f - "$1?offset=$(offset_of "$1" 2)" <<<$'write secret secret\nrm secret\nquit' >/dev/null 2>&1
	grep -q 'deleted secret' "$1"
}

used_kib() {
	sync -f mnt
	df --output=used -k mnt | tail -n 1
}

@test "images built on xfs have the bytes of those built elsewhere, and share the base's blocks" {
	mount_xfs
	cp --sparse=always "$CARDSTOCK_TEST_BASE/mini.img" base.img
	put_garbage base.img
	sed -i 's|^base = .*|base = "./base.img"|' worker.conf
	mk --profile ./worker.conf -n 2 -o plain --quiet
	cp --sparse=always base.img mnt/
	sed -i 's|^base = .*|base = "./mnt/base.img"|' worker.conf
	before=$(used_kib)
	mk --profile ./worker.conf -n 2 -o mnt/out --quiet
	[ $(($(used_kib) - before)) -lt 1024 ]
	for n in 1 2; do
		cmp plain/worker00$n.img mnt/out/worker00$n.img
		! grep -q 'deleted secret' mnt/out/worker00$n.img || return 1
	done
}
