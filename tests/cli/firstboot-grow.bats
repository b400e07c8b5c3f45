#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The end of a partition moves: image files, and as root loop devices.  sfdisk and sgdisk judge.
load helper
GROW=$(dirname "$MKIMAGE")/firstboot-grow

setup_file() { :; }

setup() {
	WORK=$BATS_TEST_TMPDIR/work
	mkdir -p "$WORK"
	cd "$WORK" || return 1
	loop=
}

teardown() {
	[ -z "$loop" ] || { partx -d "$loop"; losetup -d "$loop"; }
	[ -n "${BATS_TEST_COMPLETED:-}" ] || cp -a --sparse=always "$WORK" "$(mktemp -d "${TMPDIR:-/tmp}/cardstock-failed-XXXXXX")/"
}

# disk NAME SIZE: the table on stdin on a disk of 48 MiB, which then has that size.
disk() {
	truncate -s 48M "$1"
	sfdisk -q "$1"
	truncate -s "$2" "$1"
}

mbr_disk() {
	disk "$1" "$2" <<-'END'
		label: dos
		label-id: 0xdeadbeef
		start=2048, size=8192, type=c, bootable
		start=10240, size=61440, type=83
	END
}

gpt_disk() {
	disk "$1" "$2" <<-'END'
		label: gpt
		label-id: 11111111-2222-4333-8444-555555555555
		start=2048, size=8192, type=uefi, name="boot"
		start=10240, size=61440, uuid=AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE, name="root", attrs="GUID:59"
	END
}

# The table as sfdisk lists it, without names of files.
table() {
	sfdisk -d "$1" | grep -vE '^(device|last-lba):' | sed "s|^$1||"
}

# Both copies of a GPT are whole, and agree.
assert_gpt() {
	run -0 sgdisk -v "$1"
	[[ $output == *'No problems found'* ]]
}

# The disk is not touched by this command, which ends with that code and says that.
assert_stays() {
	cp --sparse=always "${*: -2:1}" before.img
	assert_fails "$@"
	cmp "${*: -2:1}" before.img
}

@test "the last partition of an MBR grows, and nothing but its end is written" {
	mbr_disk disk.img 96M
	cp --sparse=always disk.img before.img
	run -10 "$GROW" disk.img 2
	[ "$output" = 'partition 2: 91 MiB, was 30 MiB' ]
	[ "$(table disk.img)" = "$(table before.img | sed 's/size=       61440/size=      186368/')" ]
	# The second entry is at byte 462; its bytes 5 to 7 and 12 to 15 are the end.
	[ -z "$(cmp -l before.img disk.img | awk '{ at = $1 - 1 - 462 } at < 5 || at > 7 && at < 12 || at > 15')" ]
	run -0 sfdisk --verify disk.img
}

@test "the last partition of a GPT grows, ids, names and attributes stay, the backup moves" {
	gpt_disk disk.img 96M
	cp --sparse=always disk.img before.img
	run -10 "$GROW" disk.img 2
	[ "$output" = 'partition 2: 90 MiB, was 30 MiB' ]
	[ "$(table disk.img)" = "$(table before.img | sed 's/size=       61440/size=      184320/')" ]
	assert_gpt disk.img
}

@test "a second run does nothing" {
	for kind in mbr gpt; do
		"${kind}_disk" disk.img 96M
		run -10 "$GROW" disk.img 2
		assert_stays 0 'partition 2: has all the room there is' "$GROW" disk.img 2
		rm disk.img
	done
}

@test "a dry run says what would be done and writes nothing" {
	gpt_disk disk.img 96M
	cp --sparse=always disk.img before.img
	run -10 "$GROW" --dry-run disk.img 2
	[ "$output" = 'partition 2: 90 MiB, was 30 MiB' ]
	cmp disk.img before.img
}

@test "less than 4 MiB is not worth it" {
	mbr_disk disk.img 38M
	assert_stays 0 'has all the room there is' "$GROW" disk.img 2
	truncate -s 39M disk.img
	run -10 "$GROW" disk.img 2
}

@test "never past another partition, whatever its number is" {
	disk disk.img 96M <<-'END'
		label: dos
		4: start=2048, size=8192, type=c
		3: start=10240, size=20480, type=83
		1: start=61440, size=8192, type=82
	END
	assert_stays 0 'partition 3: stays, partition 1 lies behind it' "$GROW" disk.img 3
	assert_stays 0 'partition 4: stays, partition 3 lies behind it' "$GROW" disk.img 4
	run -10 "$GROW" disk.img 1
}

@test "what cannot grow is refused with the reason" {
	disk logical.img 96M <<-'END'
		label: dos
		start=2048, size=8192, type=c
		start=10240, size=61440, type=5
		5: start=12288, size=40960, type=83
	END
	assert_stays 4 'partition 5 cannot grow: it is an extended or logical partition' "$GROW" logical.img 5
	gpt_disk hybrid.img 96M
	sgdisk -h 1 hybrid.img >/dev/null
	assert_stays 4 "the GPT is a hybrid one, whose MBR part would be lost; 'grow = no' in /etc/cardstock/firstboot.conf" "$GROW" hybrid.img 2
	disk sun.img 96M <<<'label: sun'
	assert_stays 4 "has a 'sun' partition table; only MBR and GPT can grow" "$GROW" sun.img 1
	truncate -s 96M none.img
	assert_stays 4 'has no partition table' "$GROW" none.img 1
	assert_fails 4 'neither a disk nor an image file' "$GROW" /dev/null 1
	assert_fails 1 'cannot open: Is a directory' "$GROW" . 1
	assert_fails 1 'absent.img: cannot open: No such file' "$GROW" absent.img 1
}

@test "damaged tables are refused" {
	gpt_disk disk.img 96M
	cp --sparse=always disk.img whole.img
	# The list of the first copy: libparted takes the other one, Linux would not.
	printf '\377' | dd of=disk.img bs=1 seek=1100 conv=notrunc status=none
	truncate -s 48M disk.img
	assert_stays 4 'the first copy of the GPT is damaged; repair it' "$GROW" disk.img 2
	for at in 524 584 592 596; do # sizes and numbers in the header, without their sum
		cp --sparse=always whole.img disk.img
		printf '\377\377\377\377' | dd of=disk.img bs=1 seek=$at conv=notrunc status=none
		assert_stays 4 'disk.img: ' "$GROW" disk.img 2
	done
	dd if=/dev/urandom of=disk.img bs=64K count=1 conv=notrunc status=none
	run "$GROW" disk.img 2
	[ "$status" = 4 ]
	mbr_disk small.img 96M
	truncate -s 20M small.img
	assert_stays 4 'partition 2 ends at byte 36700160, the image at 20971520' "$GROW" small.img 2
}

@test "numbers and the command line are judged" {
	mbr_disk disk.img 96M
	for number in 0 -1 1025 99999999999999999999 2x '' 0x2; do
		assert_stays 2 "is not a number from 1 to 1024" "$GROW" disk.img "$number"
	done
	assert_stays 4 'there is no partition 3' "$GROW" disk.img 3
	assert_stays 4 'there is no partition 1024' "$GROW" disk.img 1024
	assert_fails 2 "unknown option '--force'" "$GROW" --force disk.img 2
	assert_fails 2 'needs a disk and a number' "$GROW" disk.img
	assert_fails 2 'needs a disk and a number' "$GROW" disk.img 2 3
	run -0 "$GROW" --help
	[[ $output == *'usage: firstboot-grow [--dry-run] DISK PARTITION-NUMBER'*'10  the partition has grown'* ]]
}

@test "an MBR ends at 2 TiB, a GPT does not" {
	mbr_disk disk.img 3T
	run -10 "$GROW" disk.img 2
	[ "$output" = 'partition 2: 2.0 TiB, was 30 MiB; an MBR cannot count what lies behind 2 TiB' ]
	[ "$(sfdisk -d disk.img | sed -n 's/.*start= *10240, size= *\([0-9]*\).*/\1/p')" = $((0x100000000 - 10240)) ]
	assert_stays_large 'has all the room there is'
	rm disk.img
	gpt_disk disk.img 3T
	run -10 "$GROW" disk.img 2
	[ "$output" = 'partition 2: 3.0 TiB, was 30 MiB' ]
	assert_gpt disk.img
}

# Without a copy of 3 TiB, even of holes.
assert_stays_large() {
	table disk.img >before
	assert_fails 0 "$1" "$GROW" disk.img 2
	table disk.img | diff before -
}

@test "it waits for who has locked the disk" {
	mbr_disk disk.img 96M
	flock disk.img sleep 1 3>&- &
	sleep 0.2
	began=$(date +%s%N)
	run -10 "$GROW" disk.img 2
	[ $(($(date +%s%N) - began)) -ge 500000000 ]
	wait
}

@test "it is small and needs libparted and libc alone" {
	[[ $(nm "$GROW") != *__asan_init* ]] || return 0
	[ "$(readelf -d "$GROW" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | sort | xargs)" = 'libc.so.6 libparted.so.2' ]
	strip -o stripped "$GROW"
	[ "$(stat -c %s stripped)" -lt 100000 ]
}

# power N: the run on disk.img loses its power at its Nth change; 0: never, but ./count has how many.
power() {
	head -c 8 /dev/zero >count
	CARDSTOCK_KILL_COUNT=$PWD/count CARDSTOCK_KILL_AT=$1 CARDSTOCK_KILL_UNIT=512 \
		LD_PRELOAD=$(dirname "$MKIMAGE")/tests/shims/kill.so setsid --wait "$GROW" disk.img 2
}

# Linux could read the table, and it is the old or the new one.
assert_bootable() {
	table disk.img >now
	diff now old || diff now new
	[ "$1" = mbr ] || [[ $(sgdisk -v disk.img 2>&1) != *@(Main header: ERROR|Main partition table: ERROR|CRC mismatch|nvalid main|CRC for the main)* ]]
}

# What comes before is libparted's, which works on a copy.  test_disk_extend.c looks closer.
@test "killed at any change, the table is the old or the new one, and the next run ends it" {
	for kind in mbr gpt; do
		rm -f disk.img
		"${kind}_disk" disk.img 96M
		table disk.img >old
		cp --sparse=always disk.img before.img
		run -10 power 0
		table disk.img >new
		total=$(od -An -tu8 count)
		for ((n = total - 20; n <= total; n++)); do
			cp --sparse=always before.img disk.img
			run -137 power $n
			assert_bootable $kind
			run "$GROW" disk.img 2
			[ "$status" = 0 ] || [ "$status" = 10 ]
			table disk.img | diff new -
			[ $kind = mbr ] || assert_gpt disk.img
		done
	done
}

# attach [OPTION…]: disk.img as a device, its partitions as the table has them.
attach() {
	[ "$(id -u)" = 0 ] || skip "loop devices are root's"
	loop=$(losetup -Pf --show "$@" disk.img)
}

# What the kernel says of a partition's size, in sectors of 512 bytes.
kernel_size() {
	cat "/sys/class/block/$(basename "$loop")p$1/size"
}

@test "the kernel is told of a mounted partition's new size" {
	gpt_disk disk.img 48M
	attach
	partx -u "$loop"
	mkfs.ext4 -q "${loop}p2"
	mkdir mnt
	mount "${loop}p2" mnt
	truncate -s 96M disk.img
	losetup -c "$loop"
	run "$GROW" "$loop" 2
	size=$(kernel_size 2)
	run -0 "$GROW" "$loop" 2
	umount mnt
	[ "$size" = 184320 ]
	assert_fails 2 "is partition 2 of a disk; name the disk and that number" "$GROW" "${loop}p2" 2
	run -0 e2fsck -fn "${loop}p2"
	assert_gpt "$loop"
}

@test "a kernel that does not take the new size is told of, and the next run tells it" {
	mbr_disk disk.img 48M
	attach
	partx -u "$loop"
	truncate -s 96M disk.img
	losetup -c "$loop"
	addpart "$loop" 3 81920 8192 # which the table does not have
	assert_fails 1 'partition 2 has grown in the table, but the kernel does not take its new size: restart the board' "$GROW" "$loop" 2
	[ "$(kernel_size 2)" = 61440 ]
	delpart "$loop" 3
	run -10 "$GROW" "$loop" 2
	[ "$(kernel_size 2)" = 186368 ]
	run -0 "$GROW" "$loop" 2
}

@test "disks with sectors of 4096 bytes grow" {
	truncate -s 96M disk.img
	attach --sector-size 4096
	for label in dos gpt; do
		truncate -s 48M disk.img
		losetup -c "$loop"
		dd if=/dev/zero of="$loop" bs=1M count=1 status=none
		printf 'label: %s\nstart=256, size=1024\nstart=1280, size=7680\n' $label | sfdisk --no-reread -q "$loop"
		partx -u "$loop"
		truncate -s 96M disk.img
		losetup -c "$loop"
		run -10 "$GROW" "$loop" 2
		[[ $output == 'partition 2: 9'[01]' MiB, was 30 MiB' ]]
		run -0 sfdisk --verify "$loop"
		[ $label = dos ] || assert_gpt "$loop"
		[ "$(kernel_size 2)" -gt 184000 ]
		run -0 "$GROW" "$loop" 2
	done
}
