#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Images on cards.  A card is a file here, full of old data, which --force lets mkimage take for one;
# what only a real block device does is at the end.
# shellcheck disable=SC2030,SC2031 # each test is a subshell on purpose
load helper
load cards

setup_file() {
	export IMG=$BATS_FILE_TMPDIR/small.img
	make_image "$IMG"
}

# Begin to write IMG to a slow card, and come back once it has lost its old table; for the rest, wait.
begin_slowly() {
	env CARDSTOCK_FAULT=slow:bytes=10000000,commands=1000 CARDSTOCK_FAULT_PATH=/card \
		LD_PRELOAD="$(dirname "$MKIMAGE")/tests/shims/fault.so" "$MKIMAGE" write "$1" card --force card >log 2>&1 &
	until cmp -s -n 4096 card /dev/zero; do sleep 0.05; done
}

# ended CODE: what was begun ends with this code.
ended() {
	local status=0
	wait $! || status=$?
	[ $status = "$1" ] || { echo "exit code $status, not $1: $(cat log)" >&2; return 1; }
}

setup() {
	enter_work
}

teardown() {
	while mountpoint -q 'my mount'; do umount 'my mount'; done
	unloop
}

@test "what the file systems have is written, and nothing else" {
	card card
	run -0 write "$IMG" card --quiet
	[[ $output == "card: $IMG, "*' written in '*', verified' ]]
	assert_written "$IMG" card
	read -r same old _ < <(compare "$IMG" card)
	[ "$old" -gt "$same" ] # more than half of it is free space
	# The gap before the first partition is the image's, zeros too.
	cmp -n $((8 << 20)) "$IMG" card
}

@test "zeros that a file has are written" {
	cp --sparse=always "$IMG" zeros.img
	zero_pattern zeros.img
	card card
	write zeros.img card --quiet
	assert_pattern_is_zeros card
	# As they are when the image comes compressed.
	xz -0 zeros.img
	card card
	write zeros.img.xz card --quiet
	assert_pattern_is_zeros card
}

@test "a compressed image is unpacked on its way" {
	xz -1 -T2 --block-size=8MiB -k -c "$IMG" >small.img.xz
	zstd -q "$IMG" -o small.img.zst
	gzip -1 -c "$IMG" >small.img.gz
	7z a -bd -mx=1 small.zip "$IMG" >/dev/null
	for packed in small.img.xz small.img.zst small.img.gz small.zip; do
		card card
		write $packed card --quiet
		assert_written "$IMG" card
	done
}

@test "with --json each card is one object" {
	card card
	run -0 --separate-stderr write "$IMG" card --json
	# shellcheck disable=SC2154 # set by run
	python3 - "$output" "$stderr" <<-'END'
		import json, sys
		result, steps = json.loads(sys.argv[1]), [json.loads(line) for line in sys.argv[2].splitlines()]
		assert result["device"] == "card" and result["verified"] and not result["ejected"], result
		assert 1 << 20 < result["written"] < 100 << 20, result
		assert [s["step"] for s in steps if s["event"] == "start"] == ["write card", "verify card"], steps
	END
}

@test "free space is zeroed when that is asked for" {
	for how in zero discard; do
		card card
		write "$IMG" card --free $how --quiet
		cmp -n "$(stat -c %s "$IMG")" "$IMG" card
		cmp -i "$(stat -c %s "$IMG")" card /dev/zero 2>&1 | grep -q 'EOF on card'
	done
	assert_fails 2 "--free: 'shred' is neither" write "$IMG" card --free shred
}

@test "the partition table of a card's former life is gone" {
	card card 80
	printf 'label: gpt\nsize=50MiB\n' | sfdisk -q card
	tail -c 512 card | grep -q 'EFI PART'
	write "$IMG" card --quiet
	! tail -c 512 card | grep -q 'EFI PART' || return 1
	[[ $(sfdisk --dump card) == *'label: dos'* ]]
}

@test "what is not meant is refused, and stays as it is" {
	card card 1
	cp card before
	assert_fails 2 'card: refused: it is a file and no card; if it is meant all the same: --force card' mk write "$IMG" card
	assert_fails 2 '--force other: is none of the devices' mk write "$IMG" card --force other
	assert_fails 2 '/dev/null: refused: it is not a device' mk write "$IMG" /dev/null
	assert_fails 2 'nothing-there: cannot find it' mk write "$IMG" nothing-there
	assert_fails 2 '2 images and 1 devices were given' mk write "$IMG" "$IMG" card --force card
	assert_fails 2 'card: was given twice' mk write "$IMG" "$IMG" card ./card --force card
	cmp card before
}

@test "too small a card is refused before the first byte" {
	card card 40
	cp card before
	xz -0 -c "$IMG" >small.img.xz
	assert_fails 5 "card: too small: $IMG needs 64 MiB" write "$IMG" card
	assert_fails 5 'card: too small: small.img.xz needs 64 MiB' write small.img.xz card
	[[ $output == *'card is as it was'* ]]
	cmp card before
}

@test "a compressed image without a partition table must end before the card does" {
	truncate -s 40M data.img
	mke2fs -q -F -t ext4 data.img
	printf x | dd of=data.img bs=1 seek=$((40 << 20)) status=none
	truncate -s 48M data.img
	xz -0 data.img
	card card 40
	assert_fails 5 'card: too small: data.img.xz needs' write data.img.xz card
}

@test "what is no image is refused before the first byte" {
	card card 1
	cp card before
	head -c 600K /dev/urandom >noise
	mkdir -p etc && tar -cf mini.tar etc
	gzip -k noise
	for no_image in noise noise.gz; do
		assert_fails 4 "$no_image: is not a disk image" write $no_image card
	done
	assert_fails 4 'mini.tar: is the tarball of a root file system' write mini.tar card
	assert_fails 4 'there-is-none.img: cannot read it: No such file' write there-is-none.img card
	cmp card before
}

@test "a write that fails leaves a card that does not boot, and says so" {
	for at in 1 2 5; do
		card card
		assert_fails 1 'card: cannot write at byte' faulty eio:at=$at /card mk write "$IMG" card --force card
		[[ $output == *'Input/output error; the card or its reader is broken, or it was pulled out'* ]]
		state='now holds a part of the image and no partition table, so that no board boots from it'
		[ $at != 1 ] || state='is perhaps as it was, and perhaps without its partition table'
		[[ $output == *"card $state: write it again" ]]
		[ $at = 1 ] || assert_no_table card
	done
	write "$IMG" card --quiet
	assert_written "$IMG" card
}

@test "a card that is pulled out is told as such" {
	card card
	assert_fails 1 'No such device; it was pulled out' faulty pulled:after=8400000 /card mk write "$IMG" card --force card
	assert_no_table card
}

@test "a card that ends before it says so is told as such" {
	card card
	assert_fails 1 'No space left on device; it has fewer bytes than it says: it is counterfeit or broken' \
		faulty enospc:after=$((10 << 20)) /card mk write "$IMG" card --force card
	[[ $output == *'card now holds a part of the image and no partition table, so that no board boots from it: write it again' ]]
	assert_no_table card
}

@test "a card that takes a write in parts is written all the same" {
	card card
	faulty short /card "$MKIMAGE" write "$IMG" card --force card --quiet
	assert_written "$IMG" card
}

@test "a counterfeit card is found out by reading back" {
	for fault in fake:size=$((20 << 20)) wrap:size=$((8 << 20)); do
		card card
		assert_fails 6 'card: reads back other bytes than were written' faulty $fault /card mk write "$IMG" card --force card
		[[ $output == *'it has less memory than the 72 MiB that it claims; do not use it'* ]]
		[[ $fault == wrap* ]] || assert_no_table card
	done
	card card
	faulty fake:size=$((20 << 20)) /card "$MKIMAGE" write "$IMG" card --force card --no-verify --quiet
}

@test "one wrong bit is found, the first block and the last one that is not zeros included" {
	last=$(python3 -c 'import sys; print(len(open(sys.argv[1], "rb").read().rstrip(b"\0")) - 1)' "$IMG")
	for bit in 100 8400000 $last; do
		card card
		assert_fails 6 'card: reads back' faulty "flip:at=$bit" /card mk write "$IMG" card --force card
		[[ $output == *'card now holds a part of the image and no partition table'* ]]
	done
}

@test "a sector that cannot be read back is a failure" {
	card card
	assert_fails 1 'card: cannot read back at byte 8388608: Input/output error' faulty bad:at=8400000 /card mk write "$IMG" card --force card
	assert_no_table card
}

@test "an image that cannot be read, or ends too early, is a failure" {
	cp --sparse=always "$IMG" my.img
	card card
	assert_fails 1 'my.img: cannot read at byte' faulty bad:at=8400000 /my.img mk write my.img card --force card
	assert_no_table card
	xz -0 -c "$IMG" | head -c 1000000 >cut.img.xz
	assert_fails 4 'cut.img.xz: the .xz data' write cut.img.xz card
	[[ $output == *'card now holds a part of the image'* ]]
	assert_no_table card
}

@test "an image that changes while it is read is a failure" {
	cp --sparse=always "$IMG" my.img
	card card
	begin_slowly my.img
	touch my.img
	ended 1
	grep -q 'my.img: was changed while it was read; card now holds a part' log
	assert_no_table card
}

@test "an interrupt leaves a card that does not boot, and says so" {
	card card
	begin_slowly "$IMG"
	kill -TERM $!
	ended 130
	grep -q 'interrupted by signal .*card now holds a part of the image and no partition table' log
	assert_no_table card
}

@test "Ctrl-C leaves a card that does not boot, and says so" {
	card card
	run -130 faulty int:at=3 /card env --default-signal=INT setsid --wait "$MKIMAGE" write "$IMG" card --force card
	[[ $output == *'interrupted by signal 2'*'card now holds a part of the image and no partition table'* ]]
	assert_no_table card
}

@test "SIGKILL leaves a card that does not boot, and nobody who goes on writing" {
	card card
	begin_slowly "$IMG"
	kill -KILL $!
	ended 137
	until flock -n card true; do sleep 0.1; done
	assert_no_table card
}

@test "of a card whose process is killed the state is told, too" {
	card card
	begin_slowly "$IMG"
	kill -KILL "$(pgrep -P $!)"
	ended 1
	grep -qE 'card: its process was ended by signal 9 \(Killed\); card (now holds a part|is perhaps as it was).*: write it again$' log
	assert_no_table card
}

@test "several cards at once: one that is bad does not stop the others" {
	for n in 1 2 3; do card card$n; done
	run -6 faulty fake:size=$((20 << 20)) /card2 mk write "$IMG" "$IMG" "$IMG" card1 card2 card3 \
		--force card1 --force card2 --force card3
	[[ $output == *'1 of 3 failed:'*$'\n''card2: reads back other bytes'* ]]
	[[ $output == *'write card1: done'* && $output == *'verify card3: done'* ]]
	assert_written "$IMG" card1
	assert_written "$IMG" card3
	assert_no_table card2
}

# ---- a real block device ----

@test "a block device is written, exclusively and past the page cache" {
	card card
	loop card
	dd if="$LOOP" of=/dev/null bs=1M status=none # old data in the page cache
	traced -ff -y -o trace -e trace=openat,pwrite64,pread64 "$MKIMAGE" write "$IMG" "$LOOP" --force "$LOOP" --quiet
	assert_written "$IMG" "$LOOP"
	assert_written "$IMG" card
	cat trace.* >trace
	[ "$(grep "\"$LOOP\"" trace | grep -o 'O_[^)]*')" = 'O_RDWR|O_EXCL|O_DIRECT|O_CLOEXEC' ]
	# Nothing over 4 MiB, and most of the bytes in large commands; read back once.
	for call in pwrite64 pread64; do sed -n "s|.*$call([0-9]*<$LOOP>, .*) = \([0-9]*\)$|\1|p" trace >$call; done
	awk '{ all += $1; if ($1 >= 1048576) large += $1; if ($1 > 4194304) exit 1 } END { exit !(large > all / 2) }' pwrite64
	# The first block is written twice, as zeros at first; the last one is looked at for an old table.
	[ "$(awk '{ n += $1 } END { print n }' pread64)" = $(($(awk '{ n += $1 } END { print n }' pwrite64) - 4096 + 512)) ]
}

@test "a device in an image's place is copied only when it is the one image" {
	for n in 1 2 3 4; do card card$n; done
	cp --sparse=always "$IMG" card1
	cp card2 before
	loop card1
	several() { mk write "$@" --force card2 --force card3; }
	assert_fails 2 '1 images and 3 devices were given; each card needs an image' several "$IMG" "$LOOP" card2 card3
	assert_fails 2 '1 images and 3 devices were given' several "$LOOP" "$IMG" card2 card3
	assert_fails 2 '2 images and 2 devices were given' several "$IMG" card2 "$IMG" card3
	cmp card2 before
	cmp card3 before
	write "$LOOP" card4 --quiet
	assert_written "$IMG" card4
}

@test "a loop device is refused unless it is meant" {
	card card
	loop card
	assert_fails 2 "$LOOP: refused: it is a loop device and no card; if it is meant all the same: --force ${LOOP#/dev/}" mk write "$IMG" "$LOOP"
	mk write "$IMG" "$LOOP" --force "${LOOP#/dev/}" --quiet --no-verify
}

# LOOP is a card with a file system, which is mounted.
mounted_card() {
	card card
	mkfs.ext4 -q -F card
	loop card
	mkdir 'my mount'
	mount "$LOOP" 'my mount' || skip "ext4 cannot be mounted here"
}

@test "a mounted card is refused; with --unmount it is unmounted and written" {
	mounted_card
	assert_fails 7 "mounted at '$WORK/my mount'; unmount it, or let mkimage do it: --unmount" write "$IMG" "$LOOP"
	(cd 'my mount' && exec sleep 60) 3>&- &
	until [ "$(readlink /proc/$!/cwd)" = "$WORK/my mount" ]; do sleep 0.05; done
	assert_fails 7 "cannot unmount '$WORK/my mount': Device or resource busy" write "$IMG" "$LOOP" --unmount
	kill $!
	wait $! || true
	e2fsck -fn "$LOOP" >/dev/null # nothing was written
	write "$IMG" "$LOOP" --unmount --quiet
	run ! mountpoint -q 'my mount'
	cmp -n 4096 "$IMG" "$LOOP"
	assert_clean "$LOOP"
}

@test "no card is unmounted before all were judged" {
	mounted_card
	mounted=$LOOP
	card small 40
	loop small --read-only
	both() { mk write "$IMG" "$IMG" "$mounted" "$1" --unmount --force "$mounted" --force "$1"; }
	assert_fails 2 "$LOOP: refused: it is write-protected" both "$LOOP"
	mountpoint -q 'my mount'
	assert_fails 5 'small: too small' both small
	mountpoint -q 'my mount'
}

@test "what is mounted over a card's mount point stays" {
	mounted_card
	mount -t tmpfs above 'my mount'
	run mk write "$IMG" "$LOOP" --force "$LOOP" --unmount
	findmnt -n -o SOURCE 'my mount' >top
	umount 'my mount'
	[ "$status" = 7 ]
	[[ $output == *"$LOOP: cannot unmount '$WORK/my mount': something else is mounted over it; unmount that first" ]]
	grep -qx above top
	# Twice the card itself is no such thing.
	mount --bind 'my mount' 'my mount'
	write "$IMG" "$LOOP" --unmount --quiet
	run ! mountpoint -q 'my mount'
	assert_written "$IMG" "$LOOP"
}

@test "who had the card until now may take a moment to let go" {
	card card
	loop card
	python3 -c 'import os, sys, time; os.open(sys.argv[1], os.O_RDWR | os.O_EXCL); print(flush=True); time.sleep(1)' "$LOOP" >ready 3>&- &
	until [ -s ready ]; do sleep 0.05; done
	run ! python3 -c 'import os, sys; os.open(sys.argv[1], os.O_RDWR | os.O_EXCL)' "$LOOP"
	write "$IMG" "$LOOP" --quiet
	wait $!
}

@test "a card that holds the image, or that something else is made of, is refused" {
	card card
	mkfs.ext4 -q -F card
	loop card
	mkdir mnt
	mount "$LOOP" mnt || skip "ext4 cannot be mounted here"
	cp --sparse=always "$IMG" mnt/
	run mk write mnt/small.img "$LOOP" --force "$LOOP" --unmount
	umount mnt
	[ "$status" = 2 ]
	[[ $output == *"it holds the image itself, 'mnt/small.img'"* ]]
	card=$LOOP
	loop "$card"
	assert_fails 7 "is part of ${LOOP#/dev/}, which is in use" write "$IMG" "$card"
}

@test "what another program has open exclusively is refused" {
	card card
	loop card
	python3 -c 'import os, sys, time; os.open(sys.argv[1], os.O_RDWR | os.O_EXCL); print(flush=True); time.sleep(60)' "$LOOP" >ready 3>&- &
	until [ -s ready ]; do sleep 0.05; done
	assert_fails 7 "$LOOP: is in use: the kernel gives it to nobody else" write "$IMG" "$LOOP"
	kill $!
	wait $! || true
	python3 -c 'import fcntl, os, sys, time; fcntl.flock(os.open(sys.argv[1], os.O_RDONLY), fcntl.LOCK_EX); time.sleep(60)' "$LOOP" 3>&- &
	until ! flock -n "$LOOP" true; do sleep 0.05; done
	assert_fails 7 "$LOOP: another program works with it" write "$IMG" "$LOOP"
	kill $!
	wait $! || true
}

@test "a card with other sectors than the image's table counts is refused" {
	card card
	cp card before
	loop card --sector-size 4096
	assert_fails 2 "has sectors of 4096 bytes, and the partition table of $IMG is for 512" write "$IMG" "$LOOP"
	cmp card before
}

@test "a write-protected card is refused" {
	card card 1
	loop card --read-only
	assert_fails 2 'it is write-protected; look for a switch' write "$IMG" "$LOOP"
}

@test "devices lists what lsblk lists" {
	lsblk --json --bytes --nodeps --output NAME,SIZE,RO >lsblk.json
	mk devices --all --json >devices.json
	python3 - <<-'END'
		import json
		theirs = {d["name"]: int(d["size"]) for d in json.load(open("lsblk.json"))["blockdevices"]
		          if not d["name"].startswith(("loop", "zram", "ram", "dm-", "md", "sr", "fd", "nbd"))}
		ours = {d["device"].removeprefix("/dev/"): d["size"] for d in map(json.loads, open("devices.json"))}
		assert ours == theirs, (ours, theirs)
	END
	# The disk that this test runs from can only be one that is refused.
	while read -r line; do [[ $line == *'"card":true'* || $line != *'"refused":null'* ]]; done <devices.json
	mk devices >cards
}
