#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# `mkimage clone --rescue`: a card that cannot be read any more in some places.
# shellcheck disable=SC2030,SC2031 # each test is a subshell on purpose
load helper
load cards
load clones

@test "--rescue goes on where the card cannot be read, names the files, and is no success" {
	make_card used
	find_bad /home/ops/data 0
	assert_fails 1 'With --rescue what cannot be read becomes zeros' faulty "bad:at=$bad" card.img "$MKIMAGE" clone card.img --profile ./worker.conf
	assert_no_output
	run -9 --separate-stderr faulty "bad:at=$bad" card.img "$MKIMAGE" clone card.img --profile ./worker.conf --rescue --check --quiet
	[ "$output" = out/worker004.img ]
	# shellcheck disable=SC2154 # set by run
	[ "$stderr" = "mkimage: card.img: the images are made, but not all of it could be read:
card.img: 4.0 KiB cannot be read, the first at byte $((bad - bad % 4096))
card.img: partition 2: zeros where the card cannot be read: /home/ops/data" ]
	[ "$(root_cat out/worker004.img /etc/hostname)" = worker004 ]
	[ "$(root_cat out/worker004.img /etc/app.conf)" = 'server = worker003' ]
	# What was lost is told of clones that cannot be made, too.
	mkdir out/worker005.img
	assert_fails 2 'card.img: partition 2: zeros where the card cannot be read: /home/ops/data' \
		faulty "bad:at=$bad" card.img "$MKIMAGE" clone card.img --profile ./worker.conf --rescue
	rmdir out/worker005.img
}

@test "a card that is pulled out while it is rescued is a failure" {
	make_card used
	find_bad /home/ops/data 0
	assert_fails 1 'card.img: cannot read at byte ' faulty "gone:at=$bad" card.img "$MKIMAGE" clone card.img --profile ./worker.conf --rescue --quiet
	[[ $output == *'Input/output error; it was pulled out, or its reader gave up: put it in, and begin again' ]]
	assert_no_output
}

# rescue BYTE [OPTION…]: of a card where this byte cannot be read; the lines about what is lost are in said.
rescue() {
	faulty "bad:at=$1" card.img "$MKIMAGE" clone card.img --profile ./worker.conf --rescue --check --quiet "${@:2}" >images 2>said && return 1
	[ $? = 9 ] || { cat said >&2; return 1; }
	[ "$(root_cat out/worker004.img /etc/hostname)" = worker004 ]
}

# find_bad_field FIELD: sets bad, a byte of this field of the root's group 0, such as "block bitmap".
find_bad_field() {
	local at block
	at=$(offset_of card.img 2)
	block=$(debugfs -R stats "card.img?offset=$at" 2>/dev/null | grep -o "$1 at [0-9]*" | sed -n '1s/.* //p')
	bad=$((at + block * 4096 + 10))
}

# All files of the root but those that a clone changes; what reads a whole file shows what is lost of it.
files_of() {
	mkdir "$2"
	debugfs -R "rdump / $2" "$1?offset=$(offset_of "$1" 2)" >/dev/null 2>&1
	(cd "$2" && find . -type f | sort)
}

@test "where a bitmap cannot be read, all of the file system is copied, and nothing is lost" {
	make_card used
	find_bad_field 'block bitmap'
	assert_fails 4 'with --rescue all of that file system is copied, and the copy repaired' faulty "bad:at=$bad" card.img "$MKIMAGE" clone card.img --profile ./worker.conf
	assert_no_output
	rescue "$bad"
	grep -q '^card.img: partition 2: cannot read the bitmaps: .*; so all of the partition is copied$' said
	grep -qx 'card.img: partition 2: zeros where the card cannot be read: group 0: the bitmap of blocks' said
	mv out/worker004.img rescued.img
	sed -i '/worker004/d' cluster/ledger
	clone card.img --quiet
	diff <(files_of rescued.img is) <(files_of out/worker004.img was)
	diff -r --no-dereference is was
}

@test "bitmap of inodes, descriptors of groups and superblock are made anew" {
	make_card used
	root_cat card.img /home/ops/data >data
	find_bad_field 'inode bitmap'
	for place in "$bad:bitmap of inodes" "$(($(offset_of card.img 2) + 4097)):descriptors of groups" "$(($(offset_of card.img 2) + 1030)):superblock"; do
		rescue "${place%%:*}"
		grep -qx "card.img: partition 2: zeros where the card cannot be read: group 0: the ${place#*:}" said
		cmp <(root_cat out/worker004.img /home/ops/data) data
		assert_clean out/worker004.img
		rm out/worker004.img
		sed -i '/worker004/d' cluster/ledger
	done
}

# It, or a directory that it is in, is in the file lost.
is_lost() {
	local path=$1
	until grep -qxF "$path" lost; do
		[ "$path" != . ] || return 1
		path=$(dirname "$path")
	done
}

@test "files whose inodes cannot be read are named" {
	make_card used
	at=$(offset_of card.img 2)
	inode=$(debugfs -R 'stat /home/ops/data' "card.img?offset=$at" 2>/dev/null | sed -n 's/^Inode: \([0-9]*\).*/\1/p')
	find_bad_field 'inode table'
	first=$(((inode - 1) / 16 * 16 + 1))
	block=$((first / 16)) # of the table
	rescue $((bad + block * 4096))
	grep -qx "card.img: partition 2: zeros where the card cannot be read: group 0: the table of inodes, $first to $((first + 15))" said
	grep -qx 'card.img: partition 2: zeros where the card cannot be read: /home/ops/data, which is lost: its inode was there' said
	# All others that had one of these are named, too, and no other is gone.
	files_of card.img was >before
	files_of out/worker004.img is >after
	grep -q '^\./etc/app.key$' before
	sed -n 's/^card.img: partition 2: .*: \(.*\), which is lost.*/.\1/p' said >lost
	comm -23 before after | while read -r path; do
		is_lost "$path" || mk plan --clone before.img --profile ./worker.conf --node 5 | grep -qF -- "${path#.}" || echo "$path"
	done >unexplained
	[ "$(cat unexplained)" = '' ]
}

@test "a directory that cannot be read loses its names, and not its files" {
	make_card used
	put card.img /home/ops/deep/one 'the first'
	find_bad /home/ops/deep 0
	rescue "$bad"
	grep -qx 'card.img: partition 2: zeros where the card cannot be read: /home/ops/deep' said
	at=$(offset_of out/worker004.img 2)
	[[ $(debugfs -R 'ls /lost+found' "out/worker004.img?offset=$at" 2>/dev/null) == *'#'* ]]
}

@test "a file of the boot partition is named, and its table is taken from the copy of it" {
	make_card
	at=$(offset_of card.img 1)
	head -c 100K /dev/urandom >kernel.img
	mcopy -i "card.img@@$at" kernel.img ::kernel.img
	bad=$(python3 -c 'import sys; print(open("card.img", "rb").read().find(open("kernel.img", "rb").read(64)))')
	rescue "$bad"
	grep -qx 'card.img: partition 1: zeros where the card cannot be read: /kernel.img' said
	rm out/worker004.img
	sed -i '/worker004/d' cluster/ledger
	rescue $((at + 32 * 512 + 3))
	grep -qx 'card.img: partition 1: zeros where the card cannot be read: the tables of clusters' said
	cmp kernel.img <(boot_cat out/worker004.img kernel.img)
}

@test "a card whose partition table cannot be read is refused, with what to do" {
	make_card
	loop card.img
	assert_fails 1 '--rescue needs the partition table: copy the card with ddrescue' faulty bad:at=10 "$LOOP" "$MKIMAGE" clone "$LOOP" --profile ./worker.conf --rescue
	assert_no_output
	# The gap behind it has no table.
	rescue 1000000
	[ "$(wc -l <said)" = 2 ]
	grep -qx 'card.img: 4.0 KiB cannot be read, the first at byte 999424' said
}

@test "a pulled card that is dying is replayed as far as it can be" {
	make_card used
	at=$(offset_of card.img 2)
	debugfs -w -R 'feature needs_recovery' "card.img?offset=$at" >/dev/null 2>&1
	find_bad '<8>' 0 # the journal's own head
	rescue "$bad"
	grep -qx 'card.img: partition 2: zeros where the card cannot be read: the journal' said
	[ "$(root_cat out/worker004.img /home/ops/data)" = 'data of a user, who may write worker003' ]
}

@test "a FAT that says it is larger than its partition stays as it is in what is rescued" {
	make_card
	data=$(($(stat -c %s card.img) >> 20))
	truncate -s +16M card.img
	printf '%sM,8M,c\n' "$data" | sfdisk -q --append card.img
	mkfs.fat -F 16 -s 1 -n DATA --offset $((data * 2048)) card.img 8192 >/dev/null
	mcopy -i "card.img@@${data}M" worker.conf ::kept.txt
	printf '\xff\xff' | dd of=card.img bs=1 seek=$(((data << 20) + 19)) conv=notrunc status=none
	assert_fails 4 'partition 3: the FAT file system is damaged: it is larger than its partition; run fsck.fat on it' clone card.img
	run -9 --separate-stderr mk clone card.img --profile ./worker.conf --rescue --quiet
	[[ $stderr == *'card.img: partition 3: the FAT file system is damaged: it is larger than its partition; run fsck.fat on it; so all of the partition is copied' ]]
	[ "$(root_cat out/worker004.img /etc/hostname)" = worker004 ]
	mv out/worker004.img rescued # its FAT is not clean
	cmp -i $((data << 20)) -n $((8 << 20)) card.img rescued
}
