#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# How large a clone is that was cut, and how much memory it takes to write and clone a card: not the speed, which
# tests/bench measures.
load helper
load cards
load clones

# The card of worker003: 200 MiB of files on a root of 1 GiB that has few tables of inodes to leave out.
make_full_card() {
	mkdir root
	tar -xf "$CARDSTOCK_TEST_BASE/mini.tar" -C root
	echo worker003 >root/etc/hostname
	head -c 25M /dev/urandom >root/usr/0
	for n in {1..7}; do cp root/usr/0 "root/usr/$n"; done
	truncate -s 1029M card.img
	printf 'label: dos\n2048,8192,c,*\n10240,,83\n' | sfdisk -q card.img
	mkfs.fat -F 12 -n BOOTFS --offset 2048 card.img 4096 >/dev/null 2>&1
	echo 'console=tty1 root=LABEL=rootfs rootwait' >cmdline.txt
	mcopy -i card.img@@1M cmdline.txt ::cmdline.txt
	mke2fs -q -F -t ext4 -T largefile -L rootfs -d root -E offset=5242880 card.img 1G
	rm -r root
}

# Bytes that the root of an image has allocated.
used_in_root() {
	superblock "$1?offset=$(offset_of "$1" 2)" |
		awk -F: '/^Block count/ { n = $2 } /^Free blocks/ { free = $2 } /^Block size/ { size = $2 } END { print (n - free) * size }'
}

# assert_peak MIB COMMAND…: no process of it has more than that in memory at any time.
assert_peak() {
	local peak
	peak=$(python3 - "${@:2}" <<-'END'
		import resource, subprocess, sys
		subprocess.run(sys.argv[1:], check=True, stdout=sys.stderr)
		print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
	END
	)
	echo "$peak MiB: ${*:2}" >&2
	# A sanitizer's own memory says nothing about ours.
	[[ $(nm "$MKIMAGE") != *__asan_init* ]] || return 0
	[ "$peak" -lt "$1" ]
}

@test "a clone that was cut is no larger than 1.05 times what is used" {
	make_full_card
	mk --profile ./worker.conf -n 3 --quiet >/dev/null
	rm -r out
	# What is before the first partition, and what the file systems have: the boot partition, which stays as it is,
	# has next to nothing.
	used=$(((1 << 20) + $(used_in_root card.img)))
	[ "$used" -gt $((200 << 20)) ]
	[ "$used" -lt $((250 << 20)) ]
	clone card.img --shrink --quiet
	image=out/worker004.img
	echo "$(stat -c %s $image) bytes of $used" >&2
	[ $(($(stat -c %s $image) * 100)) -le $((used * 105)) ]
	[ $(($(du --block-size=1 $image | cut -f1) * 100)) -le $((used * 105)) ]
	# All files are there, and there is room for what the board writes before its root grows.
	[ "$(changed card.img $image)" = "$(planned card.img)" ]
	assert_clean $image
	[ $(($(stat -c %s $image) - (5 << 20) - $(used_in_root $image))) -gt $((1 << 20)) ]
}

@test "write and clone take less than 64 MiB of memory, however large the card is" {
	make_full_card
	mk --profile ./worker.conf -n 3 --quiet >/dev/null
	rm -r out
	truncate -s 1100M card
	assert_peak 64 "$MKIMAGE" write card.img card --force card --quiet
	assert_written card.img card
	assert_peak 64 "$MKIMAGE" clone card.img --profile ./worker.conf --quiet
	assert_peak 64 "$MKIMAGE" clone card.img --profile ./worker.conf --quiet --shrink --sysprep --check
	assert_peak 64 "$MKIMAGE" clone card.img --profile ./worker.conf --quiet --rescue
}
