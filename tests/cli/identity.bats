#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# No two cards of a role share a disk id or the UUID of a file system.
load helper

# UUIDs of both file systems and the disk id, a line each, as libblkid sees them.
ids_of() {
	sfdisk --disk-id "$1"
	for n in 1 2; do blkid -p -O "$(offset_of "$1" $n)" -s UUID -o value "$1"; done
}

superblock() {
	dumpe2fs -h "$1?offset=$(offset_of "$1" 2)" 2>/dev/null
}

@test "three nodes share no id, and none has the base's" {
	mk --profile ./worker.conf -n 3 --check
	for image in "$CARDSTOCK_TEST_BASE/mini.img" out/*.img; do ids_of "$image"; done >ids
	[ "$(sort -u ids | wc -l)" = 12 ]
	for n in 1 2 3; do sfdisk --verify out/worker00$n.img; done
}

@test "fstab and cmdline.txt name the node's own partitions" {
	mk --profile ./worker.conf -n 2
	for n in 1 2; do
		id=$(sfdisk --disk-id out/worker00$n.img)
		root_cat out/worker00$n.img /etc/fstab | grep -q "^PARTUUID=${id#0x}-02[[:space:]]*/[[:space:]]"
		boot_cat out/worker00$n.img /cmdline.txt | grep -q " root=PARTUUID=${id#0x}-02 "
	done
}

@test "the hash seed stays, and a backup of the superblock says the same" {
	mk --profile ./worker.conf
	[ "$(superblock out/worker001.img | grep 'Directory Hash Seed')" = \
		"$(superblock "$CARDSTOCK_TEST_BASE/mini.img" | grep 'Directory Hash Seed')" ]
	e2fsck -fn -b 32768 -B 4096 "out/worker001.img?offset=$(offset_of out/worker001.img 2)" | tee said
	! grep -q 'FILE SYSTEM WAS MODIFIED' said || return 1
}

@test "verify knows the ids of each node" {
	mk --profile ./worker.conf -n 2
	mk verify --profile ./worker.conf out/worker002.img
	printf '\x01\x02\x03\x04' | dd of=out/worker002.img bs=1 seek=440 conv=notrunc status=none
	assert_fails 6 'disk id: 04030201' mk verify --profile ./worker.conf out/worker002.img
}

@test "verify: an overlay may name the base's ids, an image may not" {
	mkdir -p over/root/etc
	root_cat "$CARDSTOCK_TEST_BASE/mini.img" /etc/fstab >stale
	(cat stale && echo '# of the overlay') >over/root/etc/fstab
	cp worker.conf plain.conf
	echo 'overlays = {"./over"}' >>worker.conf
	mk --profile ./worker.conf
	mk verify --profile ./worker.conf out/worker001.img
	sed -i 's|"./worker.conf"|"./plain.conf"|' plain.conf
	mk --profile ./plain.conf -o plain
	mk verify --profile ./plain.conf plain/worker001.img
	debugfs -w -f - "plain/worker001.img?offset=$(offset_of plain/worker001.img 2)" <<<$'rm /etc/fstab\nwrite stale /etc/fstab\n' >/dev/null 2>&1
	assert_fails 6 '/etc/fstab: ' mk verify --profile ./plain.conf plain/worker001.img
}

@test "plan shows the ids, and none on a finished image" {
	mk --profile ./worker.conf -n 2
	id=$(sfdisk --disk-id out/worker002.img)
	mk plan --profile ./worker.conf --node 2 >text
	grep -q "^~ disk id: [0-9a-f]* → ${id#0x}\$" text
	grep -q '^~ partition 2 UUID: ' text
	mk plan --profile ./worker.conf --node 2 --json | python3 -c 'import json,sys; print([i["id"] for i in json.load(sys.stdin)["nodes"][0]["ids"]])' |
		grep -q "'disk id', 'partition 1 UUID', 'partition 2 UUID'"
	mv out/worker002.img finished.img
	sed -i 's|^base = .*|base = "./finished.img"|' worker.conf
	mk plan --profile ./worker.conf --node 2 >text
	! grep -q '^~ disk id\|^~ partition' text || return 1
	[ "$(grep -c '^nothing to change' text)" = 2 ]
}

@test "fresh-ids = false, and one planned node, leave them as they are" {
	ids_of "$CARDSTOCK_TEST_BASE/mini.img" >base
	echo 'fresh-ids = false' >>worker.conf
	mk --profile ./worker.conf
	ids_of out/worker001.img | cmp - base
	sed -i 's/^planned = .*/planned = 1/; /^fresh-ids/d' worker.conf
	mk --profile ./worker.conf -o one -c other
	ids_of one/worker001.img | cmp - base
}

@test "an image that names labels and devices has nothing to follow" {
	mkdir root
	tar -C root -xf "$CARDSTOCK_TEST_BASE/mini.tar" --no-same-owner
	cp --sparse=always "$CARDSTOCK_TEST_BASE/mini.img" labels.img
	printf 'LABEL=rootfs / ext4 defaults 0 1\n/dev/mmcblk0p1 /boot/firmware vfat defaults 0 2\n' >fstab
	debugfs -w -f - "labels.img?offset=$(offset_of labels.img 2)" <<<$'rm /etc/fstab\nwrite fstab /etc/fstab\n' >/dev/null 2>&1
	sed -i 's|^base = .*|base = "./labels.img"|' worker.conf
	mk --profile ./worker.conf
	[ "$(root_cat out/worker001.img /etc/fstab)" = "$(cat fstab)" ]
}

@test "a GPT gets its own GUIDs, in both of its copies" {
	cp --sparse=always "$CARDSTOCK_TEST_BASE/mini.img" gpt.img
	sfdisk --dump gpt.img | sed -n 's/.*start= *\([0-9]*\), size= *\([0-9]*\),.*/start=\1,size=\2/p' >parts
	truncate -s +1M gpt.img
	(echo 'label: gpt' && cat parts) | sfdisk --quiet gpt.img
	sed -i 's|^base = .*|base = "./gpt.img"|; s|^planned.*|planned = 8\nimage-size = "1G"|' worker.conf
	mk --profile ./worker.conf -n 2 --check
	for image in gpt.img out/*.img; do
		sfdisk --verify "$image"
		{ sfdisk --disk-id "$image"; for n in 1 2; do sfdisk --part-uuid "$image" $n; done; } >>ids
	done
	[ "$(sort -u ids | wc -l)" = 9 ]
	before=$(sfdisk --part-uuid out/worker002.img 2)
	dd if=/dev/zero of=out/worker002.img bs=512 seek=1 count=1 conv=notrunc status=none
	[ "$(sfdisk --part-uuid out/worker002.img 2)" = "$before" ]
	rm out/worker002.img # it was damaged on purpose
}
