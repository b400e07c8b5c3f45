#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Block map files: bmaptool reads ours, we read bmaptool's, and neither is believed blindly.
# shellcheck disable=SC2030,SC2031 # each test is a subshell on purpose
load helper
load cards

setup_file() {
	export IMG=$BATS_FILE_TMPDIR/small.img
	make_image "$IMG"
}

setup() {
	enter_work
	cp --sparse=always "$IMG" my.img
}

teardown() {
	unloop
}

@test "bmaptool writes by ours what we write" {
	mk base --quiet my.img -o copy.img
	bmaptool copy copy.img theirs
	cmp copy.img theirs # holes are free in both: mkimage has put none into what is allocated
	card ours
	loop ours
	bmaptool copy copy.img "$LOOP"
	assert_written copy.img "$LOOP"
	card card
	write copy.img card --quiet
	cmp card "$LOOP"
}

@test "bmaptool finds by ours that the image was changed" {
	mk base --quiet my.img -o copy.img
	debugfs -w -R 'write copy.img.bmap another' "copy.img?offset=$(offset_of copy.img 2)"
	card card
	run ! bmaptool copy copy.img card
	[[ $output == *'checksum mismatch'* ]]
	# So do we, when it is named; else it is older than its image, and the file systems tell.
	assert_fails 4 'copy.img: bytes 16777216 to 17825792 have sha256' write copy.img card --bmap copy.img.bmap
	[[ $output == *'the image is damaged, or was changed since; to do without: --bmap none'* ]]
	write copy.img card 2>notes
	grep -q 'note: copy.img.bmap is older than copy.img, and not used' notes
	assert_written copy.img card
}

@test "bmaptool's is used, and its checksums are checked" {
	bmaptool create my.img -o my.bmap
	card card
	write my.img card --quiet
	assert_written my.img card
	printf 'X' | dd of=my.img bs=1 seek=440 conv=notrunc status=none
	touch -r my.bmap my.img
	assert_fails 4 'my.img: bytes' write my.img card
	[[ $output == *'but my.bmap says'*'card now holds a part of the image and no partition table'* ]]
	assert_no_table card
	write my.img card --bmap none --quiet
}

# To bmaptool a hole is free; these are the zeros of a file.
@test "zeros that bmaptool's leaves out are written all the same" {
	zero_pattern my.img
	bmaptool create my.img -o my.bmap
	card card
	loop card
	bmaptool copy my.img "$LOOP" 2>/dev/null
	run ! assert_pattern_is_zeros card
	unloop
	write my.img card 2>notes
	grep -q 'note: my.bmap leaves out [0-9.]* MiB that the file systems of my.img have allocated' notes
	assert_pattern_is_zeros card
}

@test "of a compressed image what the block map names is written" {
	bmaptool create my.img -o my.bmap
	xz -1 -k my.img
	touch my.bmap
	card card
	write my.img.xz card --quiet
	assert_written my.img card
	read -r same old _ < <(compare my.img card)
	[ "$old" -gt "$same" ]
	sed 's/chksum="./chksum="x/; s/<BmapFileChecksum>.*//' my.bmap >wrong.bmap
	assert_fails 4 'my.img.xz: bytes 0 to' write my.img.xz card --bmap wrong.bmap
	assert_no_table card
}

@test "the block map of another image, or a damaged one, is refused before the first byte" {
	card card
	cp card before
	bmaptool create my.img -o my.bmap
	cp --sparse=always my.img other.img
	truncate -s 65M other.img
	assert_fails 4 'my.bmap: is for an image of 67108864 bytes, and other.img has 68157440' write other.img card --bmap my.bmap
	sed 's/-/+/' my.bmap >bad.bmap
	assert_fails 4 'bad.bmap:' write my.img card --bmap bad.bmap
	sed 's/67108864/67104768/' my.bmap >bad.bmap
	assert_fails 4 'bad.bmap: says that the image has' write my.img card --bmap bad.bmap
	sed 's/<MappedBlocksCount> [0-9]*/<MappedBlocksCount> 1/' my.bmap >bad.bmap
	assert_fails 4 'bad.bmap: damaged: its checksum is' write my.img card --bmap bad.bmap
	assert_fails 1 'none.bmap: cannot open' write my.img card --bmap none.bmap
	assert_fails 2 '--bmap my.bmap: is for one image, and 2 were given' mk write my.img my.img card /dev/null --bmap my.bmap --force card
	cmp card before
}

@test "a partition that nobody can read is written as its block map says" {
	dd if=/dev/urandom of=my.img bs=1M seek=20 count=1 conv=notrunc status=none
	dd if=/dev/zero of=my.img bs=1M seek=16 count=1 conv=notrunc status=none
	cp --sparse=always my.img sparse.img
	bmaptool create sparse.img -o sparse.bmap
	card card
	write sparse.img card --quiet
	[[ $(compare sparse.img card) == *' 0' ]]
	cmp -i $((20 << 20)) -n $((1 << 20)) sparse.img card
	# Without one, all of it is written.
	write sparse.img card --bmap none --quiet
	cmp -i $((16 << 20)) -n $((48 << 20)) sparse.img card
}

@test "an image that does not get its name leaves no block map" {
	# The block map gets its name first.
	run -1 traced -qq -o trace -e trace=linkat -e inject=linkat:error=EIO:when=2 "$MKIMAGE" base my.img -o copy.img
	[[ $output == *'copy.img: cannot create: Input/output error'* ]]
	grep -q '"./copy.img.bmap", AT_SYMLINK_FOLLOW) = 0' trace
	[ ! -e copy.img ]
	[ ! -e copy.img.bmap ]
}
