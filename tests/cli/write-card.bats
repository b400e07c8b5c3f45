#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/write-card: dd, with what dd does not look at.
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
}

teardown() {
	! mountpoint -q mnt || umount mnt
	unloop
}

# write_card IMAGE DEVICE ANSWER
write_card() {
	"$ROOT/scripts/write-card" "$1" "$2" <<<"$3"
}

@test "an image is written and read back, compressed or not" {
	xz -0 -k -c "$IMG" >small.img.xz
	zstd -q "$IMG" -o small.img.zst
	gzip -1 -c "$IMG" >small.img.gz
	for image in "$IMG" small.img.xz small.img.zst small.img.gz; do
		card card
		run -0 write_card "$image" "$LOOP" "${LOOP#/dev/}"
		[[ $output == *"Everything on $LOOP "*"$LOOP: written and read back; take it out" ]]
		cmp -n "$(stat -c %s "$IMG")" "$IMG" "$LOOP"
	done
}

@test "without the device's name as an answer nothing is written" {
	cp card before
	for answer in '' yes; do
		assert_fails 1 'nothing was written' write_card "$IMG" "$LOOP" "$answer"
	done
	cmp card before
}

@test "what is in use, too small, no card or no image is refused" {
	assert_fails 1 "card: is no device" write_card "$IMG" card card
	assert_fails 1 "there-is-none: is no file" write_card there-is-none "$LOOP" ''
	assert_fails 2 'usage:' "$ROOT/scripts/write-card" "$IMG"
	truncate -s 80M large.img
	assert_fails 1 "$LOOP: too small: large.img has 83886080 bytes, the card 75497472" write_card large.img "$LOOP" ''
	mkfs.ext4 -q -F card
	mkdir mnt
	mount "$LOOP" mnt || skip "ext4 cannot be mounted here"
	assert_fails 1 "$LOOP: is in use at $WORK/mnt; unmount it first" write_card "$IMG" "$LOOP" "${LOOP#/dev/}"
	umount mnt
	e2fsck -fn card >/dev/null
	loop card --read-only
	assert_fails 1 "$LOOP: is write-protected" write_card "$IMG" "$LOOP" ''
}

@test "an image that cannot be unpacked, and a card that lies, are failures" {
	xz -0 -k -c "$IMG" | head -c 1000000 >cut.img.xz
	assert_fails 1 "$LOOP: holds only a part of cut.img.xz" write_card cut.img.xz "$LOOP" "${LOOP#/dev/}"
	# What is read back is what the card has, not what was written: another program changes it in between.
	mkdir bin
	printf '#!/bin/sh\ncase $* in *of=*) "%s" "$@" && printf X | "%s" of="%s" bs=1 seek=9000000 conv=notrunc status=none ;; *) exec "%s" "$@" ;; esac\n' \
		"$(command -v dd)" "$(command -v dd)" "$LOOP" "$(command -v dd)" >bin/dd
	chmod +x bin/dd
	PATH=$WORK/bin:$PATH assert_fails 1 'reads back other bytes than were written (- /dev/fd/' write_card "$IMG" "$LOOP" "${LOOP#/dev/}"
}

@test "an image that is gone when it is to be compared is no success" {
	mkdir bin
	cp "$IMG" once.img
	printf '#!/bin/sh\n"%s" "$@" && rm -f once.img\n' "$(command -v cat)" >bin/cat
	chmod +x bin/cat
	PATH=$WORK/bin:$PATH assert_fails 1 "$LOOP: was written, but cannot be compared with once.img" \
		write_card once.img "$LOOP" "${LOOP#/dev/}"
}
