# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: small images, and files that stand for cards.
# shellcheck shell=bash

# A small image: a boot partition of 8 MiB at 8 MiB, a root of 48 MiB at 16 MiB that is mostly free.
make_image() {
	truncate -s 64M "$1"
	printf 'label: dos\nlabel-id: 0xdeadbeef\n16384,16384,c,*\n32768,98304,83\n' | sfdisk -q "$1"
	mkfs.fat -n BOOT -i abcd1234 --offset 16384 "$1" 8192 >/dev/null
	mkdir -p "$1.root/etc"
	echo worker >"$1.root/etc/hostname"
	head -c 6M /dev/urandom >"$1.root/data"
	head -c 2M /dev/zero | tr '\0' P >"$1.root/pattern"
	mke2fs -q -F -t ext4 -d "$1.root" -E offset=$((16 << 20)) "$1" 49152
	mcopy -i "$1@@8M" "$1.root/etc/hostname" ::cmdline.txt
	rm -r "$1.root"
}

# Make zeros of the file "pattern" of an image, in blocks that stay allocated, and holes of them in the
# image's file: debugfs and mke2fs would not allocate any.
zero_pattern() {
	python3 - "$1" <<-'END'
		import sys
		blocks = 0
		with open(sys.argv[1], "r+b") as f:
		    while block := f.read(1024):
		        if block == b"P" * 1024:
		            f.seek(-1024, 1)
		            f.write(bytes(1024))
		            blocks += 1
		assert blocks == 2048
	END
	fallocate --dig-holes "$1"
}

# What the file "pattern" is on a card.
assert_pattern_is_zeros() {
	debugfs -R 'dump pattern found' "$1?offset=$(offset_of "$1" 2)" 2>/dev/null
	cmp found <(head -c 2M /dev/zero)
}

# For a setup: an empty directory for the test.
enter_work() {
	WORK=$BATS_TEST_TMPDIR/work
	mkdir -p "$WORK"
	cd "$WORK" || return 1
	LOOPS=()
}

# card NAME MIB: every byte is 0xAA.
card() {
	head -c "${2:-72}M" /dev/zero | tr '\0' '\252' >"$1"
}

# write IMG CARD [OPTION…]
write() {
	mk write "$1" "$2" --force "$2" "${@:3}"
}

# "SAME OLD OTHER": how many blocks of 4 KiB are the image's, are what the card had, are neither.
compare() {
	python3 - "$1" "$2" <<-'END'
		import sys
		image, card = open(sys.argv[1], "rb"), open(sys.argv[2], "rb")
		same = old = other = 0
		while a := image.read(4096):
		    b = card.read(len(a))
		    if a == b: same += 1
		    elif b == b"\xaa" * len(a): old += 1
		    else: other += 1
		print(same, old, other)
	END
}

# traced ARGUMENT…: strace; LeakSanitizer does not work under ptrace.
traced() {
	ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" strace "$@"
}

# No board boots from it, and no computer finds a partition.
assert_no_table() {
	cmp -n 4096 "$1" /dev/zero
}

# The card holds the system of the image: all that its file systems know, on top of old data.
assert_written() {
	[[ $(compare "$1" "$2") == *' 0' ]] || { compare "$1" "$2" >&2; return 1; }
	cmp -n 4096 "$1" "$2"
	assert_clean "$2"
}

# loop FILE [OPTION…]: a loop device over it, in LOOP; gone when the test ends.
loop() {
	[ "$(id -u)" = 0 ] || skip "only root can make a loop device"
	LOOP=$(losetup --find --show "${@:2}" "$1" 2>/dev/null) || skip "no loop devices here"
	LOOPS+=("$LOOP")
}

# Detach them, in a teardown.
unloop() {
	local device
	for device in "${LOOPS[@]}"; do losetup -d "$device"; done
	LOOPS=()
}
