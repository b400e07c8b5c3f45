#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# inspect: what an image is and has; of images like those that people download, and of ours.
load helper

# inspect's answer about the image $1, one value after each dotted path.
told() {
	local image=$1
	shift
	mk inspect --json "$image" >told.json
	python3 - "$@" <<-'END'
		import json, sys
		for path in sys.argv[1:]:
		    value = json.load(open("told.json"))
		    for name in path.split("."):
		        value = value[int(name) if name.isdigit() else name]
		    print(value)
	END
}

# is SYSTEM VALUE…: id, version, architecture, network, hostname of a stock image
is() {
	"$ROOT/tests/fixtures/make-stock" "$1" stock.img >/dev/null
	[ "$(told stock.img id version architecture network hostname | paste -sd' ')" = "$2" ] || { cat told.json >&2; return 1; }
	[ "$(told stock.img cluster problem | paste -sd' ')" = 'None None' ]
}

@test "inspect tells system, architecture, network and name of stock images" {
	is raspios-bookworm-arm64 'debian 12 arm64 NetworkManager raspberrypi'
	[ "$(told stock.img users.0.name users.0.uid users.0.sudo | paste -sd' ')" = 'pi 1000 nopasswd' ]
	is raspios-legacy-armhf 'raspbian 11 arm dhcpcd raspberrypi'
	is ubuntu-24.04-raspi 'ubuntu 24.04 arm64 netplan ubuntu'
	is debian-raspi 'debian 12 arm64 ifupdown rpi_4-20251124'
	is armbian 'debian 12 arm64 netplan rock64'
}

@test "inspect tells what mkimage made" {
	mk --profile ./worker.conf
	[ "$(told out/worker001.img hostname cluster nodes boot_at | paste -sd' ')" = 'worker001 testbed 8 /boot/firmware' ]
	[ "$(told out/worker001.img users.0.name users.0.sudo users.1.name users.1.sudo | paste -sd' ')" = 'ops nopasswd mpi none' ]
	mk inspect out/worker001.img >text
	grep -qx 'user          "ops", UID 1000, sudo nopasswd' text
	grep -qx 'cluster       "testbed"' text
	grep -qx 'hostname      "worker001"' text
}

@test "inspect tells partitions and the features of their file systems" {
	image=$CARDSTOCK_TEST_BASE/mini.img
	[ "$(told "$image" table partitions.0.role partitions.0.type partitions.0.features.0 | paste -sd' ')" = 'MBR boot vfat FAT32' ]
	told "$image" partitions.1.features | tr -d "[],'" | tr ' ' '\n' | sort >ours
	dumpe2fs -h "$image?offset=$(offset_of "$image" 2)" 2>/dev/null |
		sed -n 's/^Filesystem features: *//p' | tr ' ' '\n' | sort | diff - ours
	mk inspect "$image" | grep -qE '^  2  root  ext4 .*"rootfs" .*metadata_csum'
}

@test "inspect says what is missing" {
	echo 'no program' >script
	with_files /usr/bin/sh script
	mk inspect more.img >text
	grep -qx 'architecture  not known: no program to tell it by' text
	grep -qx 'user          none with a UID from 1000 on' text
	grep -qx 'cluster       none: not made by mkimage' text
}

@test "inspect of a disk without a system shows its table and says why there is no more" {
	truncate -s 64M data.img
	echo 'start=2048,type=83' | sfdisk -q data.img
	mke2fs -q -F -E offset=1048576 data.img 60M
	run --separate-stderr mk inspect data.img
	[ "$status" = 4 ]
	[[ $output == *'partition table MBR'* && $output == *'ext2'* && $stderr == *root* ]]
	run --separate-stderr mk inspect --json data.img
	[ "$status" = 4 ]
	[[ $output == *'"problem":"data.img'* ]]
}

# A copy of the base with more files: PATH FILE…
with_files() {
	cp --sparse=always "$CARDSTOCK_TEST_BASE/mini.img" more.img
	while [ $# -gt 0 ]; do
		printf 'cd %s\nrm %s\nwrite %s %s\n' "${1%/*}" "${1##*/}" "$2" "${1##*/}"
		shift 2
	done >commands
	debugfs -w -f commands "more.img?offset=$(offset_of more.img 2)" >/dev/null 2>&1
}

@test "inspect prints what it found when a file cannot be read, and the reason is the error" {
	printf 'root:x:0:\0\n' >nul
	echo named >name
	with_files /etc/group nul /etc/hostname name
	run --separate-stderr mk inspect more.img
	[ "$status" = 4 ]
	[[ $output == *'partition table MBR'* && $output == *'hostname      "named"'* ]]
	[[ $output == *'user          not known: see the error'* && $stderr == *'/etc/group: has NUL'* ]]
	run --separate-stderr mk inspect --json more.img
	[ "$status" = 4 ]
	[[ $output == *'"problem":"/etc/group: has NUL'*'"hostname":"named"'* ]]
}

@test "inspect tells the architecture by another program when one is too large" {
	truncate -s 17M large
	head -c 64 /bin/sh >program
	with_files /usr/bin/sh large /usr/bin/busybox large /usr/sbin/sshd program
	mk inspect more.img | grep -qx "architecture  \"$(dpkg --print-architecture)\""
}

# A report as firstboot makes it, of the host name $1.
report() {
	rm -rf board
	mkdir -p board/etc/cardstock
	printf 'version = 1\nhostname = %s\n' "$1" >board/etc/cardstock/firstboot.conf
	"$ROOT/${BUILD:-build}/firstboot" run --phase local --root board >&2 || [ $? = 8 ]
	cat board/var/lib/cardstock/report.json
}

@test "inspect shows what the first boot reported, from the boot partition or else from the root" {
	mk --profile ./worker.conf
	mk inspect out/worker001.img | grep -qx 'first boot    no report'
	[ "$(told out/worker001.img first_boot)" = None ]
	report worker007 >report.json
	debugfs -w -f <(printf 'mkdir /var/lib/cardstock\nwrite report.json /var/lib/cardstock/report.json\n') \
		"out/worker001.img?offset=$(offset_of out/worker001.img 2)" >/dev/null 2>&1
	[ "$(told out/worker001.img first_boot.hostname first_boot.where | paste -sd' ')" = 'worker007 partition 2: /var/lib/cardstock/report.json' ]
	report worker008 >report.json
	mcopy -i "out/worker001.img@@$(offset_of out/worker001.img 1)" report.json ::cardstock-report.json
	mk inspect out/worker001.img >text
	grep -qE '^first boot    "(done|failed)", phase "local", from partition 1: /cardstock-report.json$' text
	grep -q '^board .* named "worker008"$' text
	grep -qE '^  hostname +local +(un)?changed +[0-9.]+  worker008' text
	[ "$(told out/worker001.img first_boot.steps | grep -o "'name'" | wc -l)" = "$(grep -c '"name"' report.json)" ]
}

@test "a card whose root cannot be opened still tells how the first boot went" {
	mk --profile ./worker.conf
	report worker009 >report.json
	mcopy -i "out/worker001.img@@$(offset_of out/worker001.img 1)" report.json ::cardstock-report.json
	mv out/worker001.img card.img
	dd if=/dev/zero of=card.img bs=4096 count=1 seek=$(($(offset_of card.img 2) / 4096)) conv=notrunc status=none
	run --separate-stderr mk inspect card.img
	[ "$status" = 4 ]
	[[ $output == *'named "worker009"'* && $stderr == *root* ]]
}

@test "a report that is none is an error, unless there is another, and nothing of it gets to the terminal" {
	mk --profile ./worker.conf
	mv out/worker001.img card.img
	printf '{"version":1,"result":"\\u001b]0;x\\u0007","steps":[]}' >hostile
	mcopy -i "card.img@@$(offset_of card.img 1)" hostile ::cardstock-report.json
	mk inspect card.img >text
	run -1 grep -P '[\x1b\x07]' text
	grep -q '^first boot ' text
	echo '{"version":1' | mcopy -o -i "card.img@@$(offset_of card.img 1)" - ::cardstock-report.json
	run --separate-stderr mk inspect card.img
	[ "$status" = 4 ]
	[[ $output == *'first boot    no report'* && $stderr == *'card.img: partition 1: /cardstock-report.json:2: is no JSON'* ]]
	report worker007 >report.json
	debugfs -w -f <(printf 'mkdir /var/lib/cardstock\nwrite report.json /var/lib/cardstock/report.json\n') \
		"card.img?offset=$(offset_of card.img 2)" >/dev/null 2>&1
	[ "$(told card.img first_boot.hostname)" = worker007 ]
}

@test "a block device is inspected and verified like an image" {
	mk --profile ./worker.conf
	device=$(sudo -n losetup --find --show --read-only out/worker001.img 2>/dev/null) || skip "no loop devices for us"
	sudo -n --preserve-env=ASAN_OPTIONS,LSAN_OPTIONS "$MKIMAGE" inspect --json "$device" >told.json
	run sudo -n --preserve-env=ASAN_OPTIONS,LSAN_OPTIONS "$MKIMAGE" verify --profile ./worker.conf "$device"
	sudo -n losetup --detach "$device"
	grep -qF '"hostname":"worker001"' told.json
	[[ $status = 0 && $output == "$device: as ./worker.conf wants worker001" ]] || { echo "$status $output" >&2; return 1; }
}
