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
	mke2fs -q -F -t ext4 -d "$1.root" -E offset=$((16 << 20)) "$1" 49152
	mcopy -i "$1@@8M" "$1.root/etc/hostname" ::cmdline.txt
	rm -r "$1.root"
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
