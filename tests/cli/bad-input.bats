#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Every wrong input: its exit code, a message that says what to do, nothing lost, nothing left behind.
load helper

@test "unknown command, option and missing value" {
	assert_fails 2 "did you mean 'plan'" mk plam
	assert_fails 2 "did you mean 'plan'" mk --json plam
	assert_fails 2 "did you mean '--profile'" mk --profiel x
	assert_fails 2 'needs a value' mk --profile
	assert_fails 2 'not a number from 1 to 65535' mk -n 0
	assert_fails 2 "unknown command 'plam', did you mean 'plan'" "$MKIMAGE" help plam
	[[ $("$MKIMAGE" help verify) == 'usage: mkimage verify'* ]]
}

@test "-n and --node together" {
	assert_fails 2 'contradict' mk --profile ./worker.conf -n 3 --node 2
}

@test "a copy of a member's profile with names of its own is refused" {
	sed 's/worker%03d/gpu%03d/' worker.conf >gpu.conf
	assert_fails 3 "gpu.conf:1: role 'worker' is that of the member" mk --profile ./gpu.conf
}

@test "image-size that no card has" {
	echo 'image-size = "8000T"' >>worker.conf
	assert_fails 3 'at most 2T' mk --profile ./worker.conf
}

@test "unknown profile: where it was looked for" {
	assert_fails 3 'nowhere' mk --profile nowhere
}

@test "a directory in place of a profile; a profile with a byte order mark" {
	mkdir wrong
	assert_fails 3 "profile './wrong': is not a file; a profile is a text file" mk --profile ./wrong
	sed -i '1s/^/\xef\xbb\xbf/' worker.conf
	mk --profile ./worker.conf -n 1
}

@test "a directory without profiles: what to do" {
	cp "$MKIMAGE" mkimage
	assert_fails 3 'run in the Cardstock directory, or set CARDSTOCK_PROFILES' \
		env HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent ./mkimage --profile master
	assert_fails 3 'run in the Cardstock directory, or set CARDSTOCK_PROFILES' \
		env HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent ./mkimage base trixie-arm64
}

@test "unknown key: file, line and the near one" {
	echo 'hostnam = "x"' >>worker.conf
	line=$(grep -n 'hostnam =' worker.conf | cut -d: -f1)
	assert_fails 3 "worker.conf:$line:" mk --profile ./worker.conf
	assert_fails 3 "did you mean 'hostname'" mk --profile ./worker.conf
	assert_no_output
}

@test "wrong type" {
	sed -i 's/^planned = 8/planned = many/' worker.conf
	assert_fails 3 'worker.conf:5:' mk --profile ./worker.conf
}

@test "bad hostname" {
	sed -i 's/worker%03d/Worker_%03d/' worker.conf
	assert_fails 3 'worker.conf:6:' mk --profile ./worker.conf
}

@test "more nodes than addresses" {
	sed -i 's/^planned = 8/planned = 300/' worker.conf
	assert_fails 3 'worker.conf:5: 300 nodes are planned' mk --profile ./worker.conf
	assert_no_output
}

@test "more nodes than planned" {
	assert_fails 3 "raise 'planned'" mk --profile ./worker.conf -n 9
	assert_no_output
}

@test "UID clash with a user of the image: both names" {
	sed -i 's/uid = 2000/uid = 1/' worker.conf
	line=$(grep -n '"mpi"' worker.conf | cut -d: -f1)
	assert_fails 3 "worker.conf:$line: user 'mpi' wants UID 1, which is that of 'daemon'" mk --profile ./worker.conf
	assert_no_output
}

@test "a plan that failed binds nobody: the hostname may change afterwards" {
	sed -i 's/{"video"}/{"no-such-group"}/' worker.conf
	assert_fails 3 'no-such-group' mk --profile ./worker.conf
	sed -i 's/no-such-group/video/; s/worker%03d/node%03d/' worker.conf
	mk --profile ./worker.conf
	[ -e out/node001.img ]
}

@test "somebody's directory as cluster directory: refused, and nothing in it is touched" {
	mkdir -m 700 ssh && echo mine >ssh/id_ed25519 && echo mine >ssh/notes.tmp && echo mine >ssh/lock
	cp -a ssh before
	assert_fails 3 'choose a new or an empty directory' mk --profile ./worker.conf -c ssh
	diff -r before ssh
	assert_no_output
}

@test "missing key file" {
	sed -i 's/uid = 2000/uid = 2000 authorized-keys = {"no-such-key.pub"}/' worker.conf
	line=$(grep -n 'no-such-key' worker.conf | cut -d: -f1)
	assert_fails 3 "worker.conf:$line: ./no-such-key.pub: cannot open" mk --profile ./worker.conf
	assert_no_output
}

@test "include loop: the files of the circle" {
	echo 'include("a.conf")' >>worker.conf
	echo 'include("b.conf")' >a.conf
	echo 'include("a.conf")' >b.conf
	line=$(grep -n include worker.conf | cut -d: -f1)
	assert_fails 3 "b.conf:1: include loop: ./worker.conf:$line -> ./a.conf:1 -> ./b.conf:1 -> ./a.conf" mk --profile ./worker.conf
	assert_no_output
}

@test "base: not there, empty, text, a directory" {
	for base in nothing.img empty.img text.img .; do
		: >empty.img
		seq 100000 >text.img
		sed -i "s|^base = .*|base = \"./$base\"|" worker.conf
		run mk --profile ./worker.conf
		[ "$status" = 4 ]
		[[ $output == *"${base#.}"* ]]
		assert_no_output
	done
}

@test "base: not there, with the line that names it" {
	sed -i 's|^base = .*|base = "./nothing.img"|' worker.conf
	assert_fails 4 "worker.conf:3: base './nothing.img': cannot read" mk --profile ./worker.conf
	assert_no_output
}

@test "base: what is no image is refused by the command base, too" {
	assert_fails 4 'worker.conf: is not a disk image' "$MKIMAGE" base ./worker.conf
}

@test "base: an image in a tarball is to be unpacked" {
	truncate -s 1M base.img
	tar -czf inside.tar.gz base.img
	assert_fails 4 "it holds 'base.img': unpack that by 'tar -xf'" "$MKIMAGE" base ./inside.tar.gz
}

@test "base: truncated archive" {
	xz -1 -c "$CARDSTOCK_TEST_BASE/mini.img" | head -c 100000 >cut.img.xz
	sed -i 's|^base = .*|base = "./cut.img.xz"|' worker.conf
	assert_fails 4 'cut.img.xz' mk --profile ./worker.conf
	assert_no_output
}

@test "base: sha256 mismatch" {
	echo "base-sha256 = \"$(printf '%064d' 0)\"" >>worker.conf
	assert_fails 4 "$(sha256sum <"$CARDSTOCK_TEST_BASE/mini.img" | cut -d' ' -f1)" mk --profile ./worker.conf
	assert_no_output
}

# Copy the base to ./own.img and let the profile use it.
own_base() {
	cp --sparse=always "$CARDSTOCK_TEST_BASE/mini.img" own.img
	sed -i 's|^base = .*|base = "./own.img"|' worker.conf
}

@test "base: truncated image" {
	own_base
	truncate -s 100M own.img
	assert_fails 4 'own.img' mk --profile ./worker.conf
	assert_no_output
}

@test "base: no root file system" {
	own_base
	mke2fs -q -F -E offset="$(offset_of own.img 2)" own.img 64M
	assert_fails 4 'root' mk --profile ./worker.conf
	assert_no_output
}

@test "base: two candidates for root" {
	own_base
	start=$(offset_of own.img 2)
	truncate -s +300M own.img
	echo 'size=200M, type=83' | sfdisk -q --append own.img
	dd if=own.img of=part bs=1M iflag=skip_bytes skip="$start" count=200 status=none
	mkdir -p second/etc && echo ID=other >second/etc/os-release
	mke2fs -q -F -t ext4 -d second -E offset="$(offset_of own.img 3)" own.img 100M
	assert_fails 4 'root-partition' mk --profile ./worker.conf
	assert_no_output
	echo 'root-partition = 2' >>worker.conf
	mk --profile ./worker.conf
}

@test "base: LUKS and LVM are named" {
	own_base
	start=$(offset_of own.img 2)
	dd if=/dev/zero of=own.img bs=1M oflag=seek_bytes seek="$start" count=4 conv=notrunc status=none
	printf 'LUKS\xba\xbe\0\1' | dd of=own.img bs=1 seek="$start" conv=notrunc status=none
	assert_fails 4 'LUKS' mk --profile ./worker.conf
	python3 - own.img "$start" <<-'END'
		import struct, sys, zlib
		body = struct.pack("<I8s32s", 32, b"LVM2 001", b"x" * 32).ljust(512 - 20, b"\0")
		crc = zlib.crc32(body, 0xf597a6cf ^ 0xffffffff) ^ 0xffffffff  # as libblkid's lvm.c checks
		with open(sys.argv[1], "r+b") as f:
		    f.seek(int(sys.argv[2]))
		    f.write(bytes(512) + b"LABELONE" + struct.pack("<QI", 1, crc) + body)
	END
	assert_fails 4 'LVM' mk --profile ./worker.conf
	assert_no_output
}

@test "base: a dirty journal is replayed on a copy, the base stays as it is" {
	own_base
	at="own.img?offset=$(offset_of own.img 2)"
	printf 'replayed\n' >content
	debugfs -w -R 'write content /root/mark' "$at" 2>/dev/null
	block=$(debugfs -R 'blocks /root/mark' "$at" 2>/dev/null | tr -d ' ')
	{ echo journal && head -c 4088 /dev/zero; } >block
	printf 'jo\njw -b %s block\njc\n' "$block" | debugfs -w "$at" >/dev/null 2>&1
	superblock "$at" | grep -q needs_recovery
	before=$(sha256sum <own.img)
	mk --profile ./worker.conf
	[ "$(sha256sum <own.img)" = "$before" ]
	[ "$(root_cat out/worker001.img /root/mark)" = "journal" ]
	assert_clean out/worker001.img
}

@test "base: damaged ext4 names the partition and e2fsck" {
	own_base
	debugfs -w -R 'set_super_value state 2' "own.img?offset=$(offset_of own.img 2)" 2>/dev/null
	assert_fails 4 'e2fsck' mk --profile ./worker.conf
	assert_fails 4 'partition 2' mk --profile ./worker.conf
	assert_no_output
}

@test "base: a feature nobody knows is refused by name or number" {
	own_base
	debugfs -w -R 'set_super_value feature_incompat 0x80002c2' "own.img?offset=$(offset_of own.img 2)" 2>/dev/null
	assert_fails 4 "'incompat bit 27'" mk --profile ./worker.conf
	assert_no_output
}

@test "output directory that cannot be made or written" {
	: >file
	mkdir ro
	be_ordinary
	chmod 555 ro
	assert_fails 1 "file/out: cannot create" "${as_user[@]}" "$MKIMAGE" --profile ./worker.conf -o file/out
	assert_fails 1 "ro: cannot write to the output directory" "${as_user[@]}" "$MKIMAGE" --profile ./worker.conf -o ro
	assert_fails 1 "ro/new: cannot create" "${as_user[@]}" "$MKIMAGE" --profile ./worker.conf -o ro/new
	[ -z "$(ls -A ro)" ]
}

@test "an output directory that is missing is made" {
	mk --profile ./worker.conf -o new/deep
	[ "$(ls new/deep)" = $'worker001.img\nworker001.img.bmap' ]
}

@test "no space: found before writing, nothing left behind" {
	[ "$(id -u)" = 0 ] || skip 'needs root to mount a small tmpfs'
	used=$(du --block-size=1 "$CARDSTOCK_TEST_BASE/mini.img" | cut -f1)
	for size in 1M $((used * 3)); do
		mkdir small
		mount -t tmpfs -o size=$size tmpfs small
		run mk --profile ./worker.conf -n 8 -o small
		left=$(ls -A small)
		umount small
		rmdir small
		[ "$status" = 5 ]
		[[ $output == *'small: 8 images'*'free'* ]]
		[ -z "$left" ]
	done
}

@test "two runs on one cluster directory: the second says so" {
	mk --profile ./worker.conf
	exec 9<cluster/lock
	flock -x 9
	assert_fails 7 'cluster' mk --profile ./worker.conf 9<&-
	exec 9<&-
	mk --profile ./worker.conf
}

@test "SIGTERM and SIGINT leave no file behind and are exit code 130" {
	for signal in TERM INT; do
		rm -rf out cluster
		env --default-signal=INT "$MKIMAGE" --profile ./worker.conf -n 8 & pid=$!
		until [ -e cluster/lock ] || ! kill -0 $pid 2>/dev/null; do sleep 0.01; done
		kill -$signal $pid
		status=0
		wait $pid || status=$?
		[ "$status" = 130 ]
	done
	[ -z "$(find . -name '*.partial' -o -name '*.new' -o -name '*.tmp')" ]
	for image in out/*.img; do [ ! -e "$image" ] || assert_clean "$image"; done
}

@test "SIGKILL at any moment: every image that exists is whole, and the next run finishes" {
	mk --profile ./worker.conf -n 3 -o whole
	for delay in 0.01 0.03 0.05 0.08 0.12 0.2 0.3; do
		rm -rf out
		"$MKIMAGE" --profile ./worker.conf -n 3 2>/dev/null & pid=$!
		sleep "$delay"
		kill -KILL $pid 2>/dev/null || true
		wait $pid || true
		for image in out/*.img; do [ ! -e "$image" ] || cmp "$image" "whole/${image#out/}"; done
	done
	mk --profile ./worker.conf -n 3
	for n in 1 2 3; do cmp out/worker00$n.img whole/worker00$n.img; done
}

@test "SIGKILL while images are replaced: each is the old one or the new one, whole" {
	mk --profile ./worker.conf -n 3 -o old
	sed -i 's/"testbed"/"other"/' worker.conf
	mk --profile ./worker.conf -n 3 -o new
	run ! cmp -s old/worker001.img new/worker001.img
	killed=0
	for delay in 0.01 0.03 0.05 0.08 0.12 0.2 0.3; do
		rm -rf out
		cp -a --sparse=always old out
		"$MKIMAGE" --profile ./worker.conf -n 3 2>/dev/null & pid=$!
		sleep "$delay"
		kill -KILL $pid 2>/dev/null || true
		wait $pid && continue
		killed=$((killed + 1))
		for n in 1 2 3; do
			cmp -s out/worker00$n.img old/worker00$n.img || cmp out/worker00$n.img new/worker00$n.img
		done
	done
	[ "$killed" -ge 1 ]
	mk --profile ./worker.conf -n 3
	for n in 1 2 3; do cmp out/worker00$n.img new/worker00$n.img; done
}
