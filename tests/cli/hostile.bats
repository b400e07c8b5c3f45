#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# An image made to harm the laptop: mkimage reads and writes nothing outside it, and always ends.
load helper

# A base whose root tarball has been changed by the commands in $1, run in the unpacked root.
hostile_base() {
	mkdir root
	tar -C root -xf "$CARDSTOCK_TEST_BASE/mini.tar" --no-same-owner
	(cd root && eval "$1")
	tar -C root -cf hostile.tar --owner=0 --group=0 --sort=name --mtime=@1767225600 .
	mk base -q ./hostile.tar -o own.img >/dev/null
	sed -i 's|^base = .*|base = "./own.img"|' worker.conf
}

@test "a symlink that leads outside stays inside the image" {
	echo precious >outside
	hostile_base "ln -sf ../../../../../../../../$PWD/outside etc/hostname"
	run mk --profile ./worker.conf
	[ "$(cat outside)" = precious ]
	[ "$status" = 0 ] || assert_no_output
	[ "$status" != 0 ] || [ "$(mk cat out/worker001.img /etc/hostname)" = worker001 ]
}

@test "an absolute directory symlink is resolved in the image" {
	mkdir outside
	hostile_base "mv home real-home && ln -s /real-home home"
	mk --profile ./worker.conf
	debugfs -R 'ls -p /real-home' "out/worker001.img?offset=$(offset_of out/worker001.img 2)" 2>/dev/null | grep -q '/ops/'
	assert_clean out/worker001.img
	[ -z "$(ls outside)" ]
}

@test "a symlink loop is an error, not a hang" {
	hostile_base 'rm etc/passwd && ln -s passwd etc/passwd'
	run timeout 20 "$MKIMAGE" --profile ./worker.conf
	[ "$status" != 0 ]
	[ "$status" != 124 ]
	[[ $output == *passwd* ]]
	assert_no_output
}

@test "a directory where a file is expected" {
	hostile_base 'rm etc/hostname && mkdir etc/hostname'
	run mk --profile ./worker.conf
	[ "$status" != 0 ]
	[[ $output == */etc/hostname* ]]
	assert_no_output
}

@test "device nodes and fifos where files are expected: neither read nor written" {
	for kind in 'mknod /etc/passwd c 1 5' 'mknod /etc/passwd b 7 0' 'mknod /etc/passwd p' 'mknod /etc/hostname c 5 0'; do
		cp --sparse=always "$CARDSTOCK_TEST_BASE/mini.img" own.img
		sed -i 's|^base = .*|base = "./own.img"|' worker.conf
		path=$(cut -d' ' -f2 <<<"$kind")
		printf 'rm %s\ncd /etc\n%s\n' "$path" "${kind/\/etc\//}" | debugfs -w "own.img?offset=$(offset_of own.img 2)" >/dev/null 2>&1
		run timeout 20 "$MKIMAGE" --profile ./worker.conf
		[ "$status" != 0 ]
		[ "$status" != 124 ]
		[[ $output == *"$path"* ]]
		assert_no_output
		run timeout 20 "$MKIMAGE" cat own.img "$path"
		[ "$status" = 1 ]
		[[ $output == *"$path: is not a regular file"* ]]
	done
}

@test "a passwd of absurd size is refused" {
	hostile_base 'truncate -s 40M etc/passwd'
	run timeout 60 "$MKIMAGE" --profile ./worker.conf
	[ "$status" != 0 ]
	[ "$status" != 124 ]
	[[ $output == */etc/passwd* ]]
	assert_no_output
}

@test "a directory that contains itself: the build ends, and --check says what is wrong" {
	hostile_base true
	at=$(offset_of own.img 2)
	debugfs -w -R 'link /etc /etc/loop' "own.img?offset=$at" 2>/dev/null
	timeout 60 "$MKIMAGE" --profile ./worker.conf
	[ "$(root_cat out/worker001.img /etc/hostname)" = worker001 ]
	[ "$(root_cat out/worker001.img /etc/loop/loop/hostname)" = worker001 ]
	rm -r out
	assert_fails 6 "Entry 'loop' in /etc" timeout 60 "$MKIMAGE" --profile ./worker.conf --check
	assert_no_output
}

@test "random damage anywhere in the file systems' metadata never crashes or hangs" {
	hostile_base true
	at=$(offset_of own.img 2)
	for seed in $(seq 12); do
		cp --sparse=always own.img damaged.img
		python3 - damaged.img "$at" "$seed" <<-'END'
			import random, sys
			path, at, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
			random.seed(seed)
			with open(path, "r+b") as f:
			    for _ in range(40):
			        f.seek(at + random.randrange(1024, 1 << 20))
			        f.write(bytes([random.randrange(256)]))
		END
		sed 's|own.img|damaged.img|' worker.conf >damaged.conf
		run timeout 60 "$MKIMAGE" --profile ./damaged.conf
		[ "$status" -lt 124 ] || { echo "seed $seed: exit code $status: $output" >&2; return 1; }
		rm -rf out
	done
}

@test "terminal escapes in an image's files do not reach the terminal" {
	hostile_base "printf '\\033]0;evil\\007\\n' >>etc/hosts; printf 'PRETTY_NAME=\"\\033[31mred\"\\n' >usr/lib/os-release"
	mk plan --profile ./worker.conf >plan.txt
	run ! grep -q $'\033' plan.txt
	mk inspect own.img >inspect.txt
	run ! grep -q $'\033' inspect.txt
}

@test "terminal escapes in an image's label do not reach the terminal by an error message" {
	hostile_base true
	at=$(offset_of own.img 2)
	tune2fs -L $'\033[31mred' "own.img?offset=$at" >/dev/null ||
		debugfs -w -R "set_super_value volume_name "$'\033[31mred' "own.img?offset=$at"
	debugfs -w -R 'unlink /etc/os-release' "own.img?offset=$at"
	debugfs -w -R 'unlink /usr/lib/os-release' "own.img?offset=$at"
	assert_fails 4 "'^[[31mred'" mk inspect own.img
	[[ $output != *$'\033'* ]]
}
