#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Cards that are not as mkimage makes them, written and cloned: file systems with rare features, tables that are
# not where they should be, sizes that are not even.  Each is handled, or refused with a reason.
# shellcheck disable=SC2030,SC2031 # each test is a subshell on purpose
load helper
load cards
load clones

MBR=$'label: dos\nlabel-id: 0xdeadbeef\n2048,8192,c,*\n10240,49152,83'
GPT=$'label: gpt\nstart=2048, size=8192, type=U\nstart=10240, size=49152'

# The root of worker003, with files of all kinds.
make_root() {
	mkdir root
	tar -xf "$CARDSTOCK_TEST_BASE/mini.tar" -C root
	mkdir -p root/opt/many
	echo worker003 >root/etc/hostname
	printf '127.0.0.1 localhost\n127.0.1.1 worker003\n' >root/etc/hosts
	echo "$OLD_MACHINE_ID" >root/etc/machine-id
	echo tiny >root/opt/tiny
	head -c 1M /dev/urandom >root/opt/large
	ln root/opt/large root/opt/hard-link
	truncate -s 9M root/opt/sparse
	echo end >>root/opt/sparse
	ln -s "$(printf 'long/%.0s' {1..30})" root/opt/long-link
	seq 300 | split -l 1 -a 3 - root/opt/many/a-rather-long-name-
}

# make_awkward TABLE MIB [MKE2FS-OPTION…]: card.img of worker003 has this table, and its root, the partition number
# $root of the table, was made with these options.
root=2
make_awkward() {
	local at type=(-t ext4)
	[[ " ${*:3}" != *' -t '* ]] || type=()
	[ -d root ] || make_root
	rm -f card.img
	truncate -s "$2M" card.img
	sfdisk -q card.img <<<"$1"
	at=$(offset_of card.img 1)
	mkfs.fat -n BOOTFS -i abcd1234 --offset $((at / 512)) card.img 4096 >/dev/null 2>&1
	echo 'console=tty1 root=LABEL=rootfs rootwait' >cmdline.txt
	mcopy -i "card.img@@$at" cmdline.txt ::cmdline.txt
	at=$(offset_of card.img $root)
	mke2fs -q -F "${type[@]}" -L rootfs -d root -E "offset=$at" "${@:3}" card.img 24M
	e2fsck -fp "card.img?offset=$at" >&2 || [ $? = 1 ] # with quota, mke2fs counts wrong
	before=$(sha256sum card.img)
}

# The ledger has worker001 to worker003.
make_cluster() {
	mk --profile ./worker.conf -n 3 --quiet >/dev/null
	rm -r out
}

# assert_clone [OPTION…]: worker004 is whole, has all files of the card, and is another node.
assert_clone() {
	local image=out/worker004.img ids
	rm -rf out
	sed -i '/worker004/d' cluster/ledger
	clone card.img --quiet "$@"
	[[ $(sfdisk --verify $image 2>&1) == *'No errors detected'* ]] || { sfdisk --verify $image >&2; return 1; }
	assert_clean $image
	[ "$(changed card.img $image $root)" = "$(planned card.img)" ]
	debugfs -R 'cat /etc/hostname' "$image?offset=$(offset_of $image $root)" 2>/dev/null | grep -qx worker004
	mapfile -t ids < <(ids_of card.img; echo "$OLD_MACHINE_ID")
	[ ${#ids[@]} -ge 4 ]
	[ "$(lacking card.img "${ids[@]}")" = '' ]
	[ "$(search $image "${ids[@]}")" = '' ]
	[ "$(sha256sum card.img)" = "$before" ]
}

# Of the disk, its partitions and their file systems.
ids_of() {
	local at
	sfdisk --dump "$1" | grep -oE '^label-id: .*|uuid=[0-9A-F-]*' | sed 's/.*[ =]//; s/^0x//'
	partitions_of "$1" | while read -r _ at _; do
		blkid -p -O "$at" -s UUID -o value "$1"
	done
}

# refused FRAGMENT [OPTION…]: clone does not make anything, and has not taken a number.
refused() {
	assert_fails 4 "$1" clone card.img "${@:2}"
	assert_no_output
	absent worker004 cluster/ledger
}

# A card full of old data gets all files and ids.
assert_copied() {
	card written "${1:-48}"
	write card.img written --quiet
	assert_clean written
	[ "$(changed card.img written $root)" = '' ]
	[ "$(ids_of written)" = "$(ids_of card.img)" ]
}

# on_device MIB: the same on a device so large, which then is cloned itself.
on_device() {
	card written "$1"
	loop written
	write card.img "$LOOP" --quiet
	assert_clean written
	[ "$(changed card.img written $root)" = '' ]
	[ "$(ids_of written)" = "$(ids_of card.img)" ]
	clone "$LOOP" --quiet
	unloop
	assert_clean out/worker004.img
	[ "$(stat -c %s out/worker004.img)" = $(($1 << 20)) ]
	[[ $(sfdisk --verify out/worker004.img 2>&1) == *'No errors detected'* ]]
	[ "$(changed card.img out/worker004.img $root)" = "$(planned card.img)" ]
	rm -r out
	sed -i '/worker004/d' cluster/ledger
}

@test "a root with rare features is written, cloned and cut" {
	make_cluster
	for options in '-O inline_data -I 256' '-O meta_bg,^resize_inode' '-t ext2' '-t ext2 -b 4096' '-O ^64bit' '-O 64bit -b 4096' \
		'-O metadata_csum_seed' '-O orphan_file' '-O ^flex_bg,sparse_super2'; do
		echo "# $options" >&2
		# shellcheck disable=SC2086 # several options
		make_awkward "$MBR" 32 $options
		assert_copied
		assert_clone
		assert_clone --shrink
		[ "$(stat -c %s out/worker004.img)" -lt $((20 << 20)) ]
	done
}

@test "a root that mkimage cannot write to is written to a card, and no clone is begun" {
	make_cluster
	make_awkward "$MBR" 32 -O quota
	for options in '' --shrink; do
		# shellcheck disable=SC2086 # none or one
		refused "card.img: partition 2: file system feature 'quota' is not supported for writing; \`tune2fs -O ^quota\` on it takes it away" $options
	done
	assert_copied
	# With a journal that is to be replayed, too, nothing is read before: the card's first file fails.
	debugfs -w -R 'feature needs_recovery' "card.img?offset=$(offset_of card.img 2)" >/dev/null 2>&1
	find_bad /opt/large 0
	assert_fails 4 "'quota' is not supported for writing" faulty "bad:at=$bad" card.img "$MKIMAGE" clone card.img --profile ./worker.conf
	debugfs -w -R 'feature -needs_recovery' "card.img?offset=$(offset_of card.img 2)" >/dev/null 2>&1
	# What is advised helps.
	LOOP=$(losetup --find --show -o "$(offset_of card.img 2)" card.img 2>/dev/null) || skip "no loop devices here"
	LOOPS+=("$LOOP")
	tune2fs -O ^quota "$LOOP"
	unloop
	before=$(sha256sum card.img)
	assert_clone

	rm -r out
	sed -i '/worker004/d' cluster/ledger
	make_awkward "$MBR" 32 -O bigalloc -C 16384
	for options in '' --shrink; do
		# shellcheck disable=SC2086 # none or one
		refused "'bigalloc' is not supported for writing; nothing takes it away, so make the file system without it and copy the files" $options
	done
	assert_fails 4 "'bigalloc' is not supported" mk plan --clone card.img --profile ./worker.conf
	assert_copied
}

# mounts IMAGE: the kernel takes its root, and says that the journal has checksums from then on.
mounts() {
	LOOP=$(losetup --find --show -o "$(offset_of "$1" 2)" "$1" 2>/dev/null) || skip "no loop devices here"
	LOOPS+=("$LOOP")
	mkdir -p mnt
	mount "$LOOP" mnt || return 1
	touch mnt/opt/tiny
	umount mnt
	unloop
	[[ $(debugfs -R 'logdump -S' "$1?offset=$(offset_of "$1" 2)" 2>/dev/null) == *journal_checksum_v3* ]]
}

@test "a journal with checksums is one in a clone, too" {
	make_cluster
	make_awkward "$MBR" 32 -O metadata_csum
	mounts card.img
	before=$(sha256sum card.img)
	assert_clone
	debugfs -R 'logdump -S' "out/worker004.img?offset=$(offset_of out/worker004.img 2)" 2>/dev/null >journal
	grep -q 'journal_checksum_v3' journal
	mounts out/worker004.img
}

@test "an image whose size is no multiple of anything is written and cloned to its last byte" {
	make_cluster
	for odd in 1 511 1536 4095; do
		make_awkward "$MBR" 30
		truncate -s $(((30 << 20) + odd)) card.img
		printf tail | dd of=card.img bs=1 seek=$(((30 << 20) + odd - 4)) conv=notrunc status=none
		before=$(sha256sum card.img)
		assert_copied
		[ "$(tail -c +$(((30 << 20) + odd - 3)) written | head -c 4)" = tail ]
		assert_clone
		[ "$(tail -c 4 out/worker004.img)" = tail ]
		assert_clone --shrink
	done
}

@test "a sparse tail, a GPT whose backup is not at the end, and swap behind the root: on devices" {
	make_cluster
	make_awkward "$MBR" 29
	cp --sparse=always card.img sparse && mv sparse card.img
	on_device 30
	make_awkward "$GPT" 40
	truncate -s 60M card.img
	on_device 64
	cmp -i $(((40 << 20) - 33 * 512)) -n $((33 * 512)) card.img written
	make_swap
	on_device 48
	[ -n "$(search card.img swapped-out-by-worker003)" ]
	[ "$(search written swapped-out-by-worker003)" = '' ]
}

@test "a sparse tail is written and cloned; one that is cut off is told" {
	make_cluster
	make_awkward "$MBR" 29
	cp --sparse=always card.img sparse && mv sparse card.img
	data=$(python3 -c 'import os; f = os.open("card.img", os.O_RDONLY); at = end = 0
while end < os.fstat(f).st_size:
    try: at = end = os.lseek(f, os.lseek(f, end, os.SEEK_DATA), os.SEEK_HOLE)
    except OSError: break
print(at)')
	[ "$data" -lt $((28 << 20)) ]
	assert_copied
	assert_clone
	rm -r out
	sed -i '/worker004/d' cluster/ledger
	truncate -s "$data" card.img
	missing="the image is truncated: partition 2 ends at byte $((29 << 20)), the image at $data, so $(((29 << 20) - data)) bytes are missing; download or copy it again"
	refused "card.img: $missing"
	refused "card.img: $missing" --shrink
	card written 48
	cp written old
	assert_fails 4 "card.img: $missing" write card.img written
	cmp written old
}

@test "a partition that ends behind the device is refused" {
	make_cluster
	# As the first table says, and as one within an extended partition does.
	make_awkward "$MBR" 32
	printf '\xff\xff\xff\x00' | dd of=card.img bs=1 seek=$((446 + 16 + 12)) conv=notrunc status=none
	card written 48
	cp written old
	for what in 'partition 2 ends at byte 8595176960, the image at 33554432' 'the partition table is damaged: '; do
		refused "$what"
		refused "$what" --shrink
		assert_fails 4 "$what" write card.img written
		cmp written old
		make_awkward "$MBR"$'\n59392,5120,5\n59904,2048,82' 32
		printf '\xff\xff\xff\x00' | dd of=card.img bs=1 seek=$((59392 * 512 + 446 + 12)) conv=notrunc status=none
	done
}

@test "the backup of a GPT that is not at the end of the card is put there" {
	make_cluster
	make_awkward "$GPT" 40
	truncate -s 60M card.img # what dd to a larger card makes
	before=$(sha256sum card.img)
	assert_copied 64
	cmp -i $(((40 << 20) - 33 * 512)) -n $((33 * 512)) card.img written
	assert_clone
	[[ $(sgdisk -v out/worker004.img) == *'No problems found'* ]]
	[ "$(stat -c %s out/worker004.img)" = $((60 << 20)) ]
	assert_clone --shrink
	[[ $(sgdisk -v out/worker004.img) == *'No problems found'* ]]
	[ "$(stat -c %s out/worker004.img)" -lt $((20 << 20)) ]
}

@test "a GPT whose backup is damaged is cloned with its ids, and told" {
	make_cluster
	make_awkward "$GPT" 32
	dd if=/dev/zero of=card.img bs=512 seek=$((32 * 2048 - 1)) count=1 conv=notrunc status=none
	assert_copied
	for options in '' --shrink; do
		# shellcheck disable=SC2086 # none or one
		clone card.img $options 2>notes
		grep -q 'one of the two copies of the GPT is damaged; repair it by' notes
		[ "$(changed card.img out/worker004.img)" = "$(planned card.img)" ]
		assert_clean out/worker004.img
		rm -r out
		sed -i '/worker004/d' cluster/ledger
	done
}

@test "beside a root whose journal is dirty, a clean partition that mkimage cannot write to stays as it is" {
	make_cluster
	make_awkward "$MBR"$'\n59392,16384,83' 40
	at=$(offset_of card.img 3)
	mkdir data
	echo data of worker003 >data/file
	mke2fs -q -F -t ext4 -O quota -d data -E "offset=$at" card.img 8M
	e2fsck -fp "card.img?offset=$at" >&2 || [ $? = 1 ]
	debugfs -w -R 'feature needs_recovery' "card.img?offset=$(offset_of card.img 2)" >/dev/null 2>&1
	clone card.img --quiet
	assert_clean out/worker004.img
	[ "$(debugfs -R 'cat file' "out/worker004.img?offset=$at" 2>/dev/null)" = 'data of worker003' ]
}

@test "a hybrid MBR stays one in a clone, and is refused where it would be lost" {
	make_cluster
	make_root
	echo 'PARTUUID=deadbeef-01 /boot/firmware vfat noauto 0 0' >>root/etc/fstab
	make_awkward "$GPT" 40
	sgdisk -h 1 card.img >/dev/null
	printf '\xef\xbe\xad\xde' | dd of=card.img bs=1 seek=440 conv=notrunc status=none
	[ "$(sfdisk -Y dos --disk-id card.img)" = 0xdeadbeef ]
	before=$(sha256sum card.img)
	assert_copied
	assert_clone
	[ "$(sfdisk -Y dos -d out/worker004.img | grep start=)" = "$(sfdisk -Y dos -d card.img | grep start= | sed 's/card.img/out\/worker004.img/')" ]
	[ "$(search card.img deadbeef)" != '' ]
	[ "$(search out/worker004.img deadbeef)" = '' ]
	id=$(sfdisk -Y dos --disk-id out/worker004.img)
	debugfs -R 'cat /etc/fstab' "out/worker004.img?offset=$(offset_of card.img 2)" 2>/dev/null | grep -x "PARTUUID=${id#0x}-01 /boot/firmware vfat noauto 0 0"
	mk plan --clone card.img --profile ./worker.conf --node 4 | grep -x "~ hybrid MBR id: deadbeef → ${id#0x}"
	sfdisk -Y dos -d card.img | grep -q 'start= *2048, size= *8192, type=ef'
	rm -r out
	sed -i '/worker004/d' cluster/ledger
	refused 'the root, partition 2, cannot shrink: the GPT is a hybrid one, whose MBR part would be lost; leave --shrink out' --shrink
}

# An extended partition with swap behind the root, where something is swapped out.
make_swap() {
	make_awkward "$MBR"$'\n59392,5120,5\n59904,2048,82' 32
	truncate -s 1M swap
	mkswap -q swap
	echo swapped-out-by-worker003 | dd of=swap bs=1K seek=900 conv=notrunc status=none
	dd if=swap of=card.img bs=512 seek=59904 conv=notrunc status=none
	before=$(sha256sum card.img)
}

@test "an extended partition with swap behind the root is cloned; the root cannot be cut" {
	make_cluster
	make_swap
	assert_copied
	assert_clone
	[ "$(search out/worker004.img swapped-out-by-worker003)" = '' ]
	rm -r out
	sed -i '/worker004/d' cluster/ledger
	refused 'the root, partition 2, cannot shrink: another partition follows it; only the last one can grow; leave --shrink out' --shrink
}

@test "a root in a logical partition is cloned, and cannot be cut" {
	make_cluster
	root=3 # in the table; its number is 5
	make_awkward $'label: dos\nlabel-id: 0xdeadbeef\n2048,8192,c,*\n10240,53248,5\n12288,49152,83' 32
	assert_copied
	assert_clone
	rm -r out
	sed -i '/worker004/d' cluster/ledger
	refused 'the root, partition 5, cannot shrink: it is an extended or logical partition' --shrink
}

@test "a GPT of sectors of 4096 bytes is refused, on its device and as a file" {
	make_cluster
	make_awkward "$MBR" 32
	truncate -s 32M sectors.img
	loop sectors.img --sector-size 4096
	printf 'label: gpt\nstart=256, size=1024, type=U\nstart=1280, size=6144\n' | sfdisk -q "$LOOP"
	dd if=card.img of="$LOOP" bs=1M skip=5 seek=5 count=24 status=none
	assert_fails 4 "$LOOP: its partition table counts sectors of 4096 bytes, and that of an image file counts 512; copy it with dd" clone "$LOOP"
	unloop
	mv sectors.img card.img
	refused 'a disk with a GPT made for 4096-byte sectors, which can only be read from such a device; copy it there with dd'
	refused 'a GPT made for 4096-byte sectors' --shrink
	card written 48
	cp written old
	assert_fails 4 'a GPT made for 4096-byte sectors' write card.img written
	cmp written old
	# And on a device that could have it.
	loop written --sector-size 4096
	assert_fails 4 'a GPT made for 4096-byte sectors, which can only be read from such a device; copy it there with dd' write card.img "$LOOP"
	cmp "$LOOP" old
}
