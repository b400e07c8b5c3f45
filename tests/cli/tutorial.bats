#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The tutorials, as far as a laptop goes: tests/tutorial types what they say and compares what they show.  What they
# say of boards is typed in guests.  Files in cards/ stand for cards, and a small base for the one of the profiles.
load helper

PAGES=$ROOT/docs/tutorials
FIRSTBOOT=$(dirname "$MKIMAGE")/firstboot
JOIN=$(dirname "$MKIMAGE")/tests/fixtures/join

setup_file() {
	local tree=$BATS_FILE_TMPDIR/tree unit=usr/lib/systemd/system
	export CARDSTOCK_TEST_BASE=$BATS_FILE_TMPDIR/base.img XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
	"$ROOT/tests/fixtures/mini-root" "$BATS_FILE_TMPDIR/mini.tar"
	mkdir "$tree"
	tar -C "$tree" -xf "$BATS_FILE_TMPDIR/mini.tar" --no-same-owner
	# The default base has wifi.
	cp "$tree/usr/bin/sh" "$tree/usr/sbin/wpa_supplicant"
	cp "$ROOT"/tests/fixtures/stock/common/wpa/root/$unit/*.service "$tree/$unit/"
	tar -C "$tree" -cf "$BATS_FILE_TMPDIR/base.tar" --owner=0 --group=0 --numeric-owner .
	"$MKIMAGE" base --quiet "$BATS_FILE_TMPDIR/base.tar" -o "$CARDSTOCK_TEST_BASE" >/dev/null
}

# The reader's directory, with the shipped profiles.
setup() {
	WORK=$BATS_TEST_TMPDIR/work
	mkdir -p "$WORK/profiles" "$WORK/cards" "$WORK/bin"
	cd "$WORK" || return 1
	cp "$ROOT"/profiles/*.conf profiles/
	cp -R "$ROOT/overlays" .
	printf 'base "debian-arm64" { path = "%s" }\n' "$CARDSTOCK_TEST_BASE" >profiles/bases.conf
	export MKIMAGE PATH=$WORK/bin:$PATH
	stand_ins
}

# A card that is a file takes no root, and --force.
stand_ins() {
	printf '#!/bin/sh\nexec "$@"\n' >bin/sudo
	cat >bin/mkimage <<-'END'
		#!/bin/sh
		command=${1-}
		for word; do
			case $command:$word in write:cards/*) set -- "$@" --force "$word" ;; esac
		done
		exec "$MKIMAGE" "$@"
	END
	chmod +x bin/*
}

# type PART PAGE
type_in() {
	"$ROOT/tests/tutorial" "$1" "$PAGES/$2.md"
}

@test "Four Pis in an hour: images and cards" {
	truncate -s 1G cards/sdb cards/sdc cards/sdd cards/sde
	type_in laptop four-pis
	[ "$(root_cat cards/sdb /etc/hostname)" = master ]
	[ "$(root_cat cards/sde /etc/hostname)" = worker003 ]
}

@test "From one master to a Slurm cluster: images" {
	"$MKIMAGE" --quiet --profile worker -n 3
	type_in laptop slurm
}

@test "A cluster behind one wifi" {
	type_in laptop wifi
}

# board NODE SERIAL: the root of a board of that name in board/, with its keys.
board() {
	local join=board/var/lib/cardstock/join net=board/sys/class/net/eth0
	rm -rf board
	mkdir -p board/proc/device-tree board/etc/cardstock "$net/device"
	tar -C board -xf "$BATS_FILE_TMPDIR/mini.tar"
	mkdir -p -m 700 "$join"
	cp "cluster/nodes/$1"/card{,-cert.pub} "$join/"
	cp "cluster/nodes/$1"/ssh_host_ed25519_key* board/etc/ssh/
	printf 'Raspberry Pi 4 Model B Rev 1.4\0' >board/proc/device-tree/model
	printf '10000000abcdef%s\0' "$2" >board/proc/device-tree/serial-number
	echo 1 >"$net/type"
	echo 0 >"$net/addr_assign_type"
	echo "dc:a6:32:00:00:$2" >"$net/address"
	settings "$1"
}

# The master's address is this machine's, where nobody listens.
settings() {
	cat >board/etc/cardstock/firstboot.conf <<-END
		# written by mkimage
		version = 1
		hostname = $1
		cluster = beowulf
		role = worker
		boot = /boot/firmware
		build = build-1
		grow = yes
		target = multi-user.target
		register = cardstock@127.0.0.1:2222
		register-name = master
		host-ca = $(cut -d' ' -f1,2 cluster/keys/host-ca.pub)
	END
}

# first_boot PHASE…: until one fails, as firstboot does it below board/.
first_boot() {
	local phase
	for phase; do
		"$FIRSTBOOT" run --root board --phase "$phase" >&2 || [ $? = 8 ]
	done
	REPORT=board/boot/firmware/cardstock-report.json
	sed -i 's|"board/etc|"/etc|' $REPORT
}

# What the step registration says when the master does not answer: it runs on boards only, but its code does here.
without_master() {
	"$JOIN" board 1000 2>said || [ $? = 1 ]
	python3 - $REPORT "$(sed 's/^join: //; s/127\.0\.0\.1/10.0.0.1/g' said)" <<-'END'
		import json, sys
		report = json.load(open(sys.argv[1]))
		for step in report["steps"]:
		    if step["name"] == "registration":
		        step.update(result="failed", seconds=61.2, message=sys.argv[2])
		report["result"] = "failed"
		json.dump(report, open(sys.argv[1], "w"))
	END
}

# insert NODE CARD: the card of that board, with what it reported.
insert() {
	cp --sparse=always "out/$1.img" "cards/$2"
	[ $# = 2 ] || mcopy -o -i "cards/$2@@$(offset_of "cards/$2" 1)" "$3" ::cardstock-report.json
}

@test "What went wrong: reading the report from a card" {
	"$MKIMAGE" --quiet --profile worker -n 6
	board worker001 01
	first_boot local network
	insert worker001 sdb $REPORT
	insert worker006 sdg $REPORT
	dd if=/dev/zero of=cards/sdg bs=4096 count=1 seek=$(($(offset_of cards/sdg 2) / 4096)) conv=notrunc status=none
	insert worker002 sdc
	board worker003 03
	first_boot local network
	without_master
	insert worker003 sdd $REPORT
	board worker004 04
	echo 'adress = 10.0.0.99/24' >>board/etc/cardstock/firstboot.conf
	first_boot local
	insert worker004 sde $REPORT
	board worker005 05
	echo 'enable = render-farm.service' >>board/etc/cardstock/firstboot.conf
	first_boot local
	insert worker005 sdf $REPORT
	type_in laptop what-went-wrong
}
