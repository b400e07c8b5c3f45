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

# type_in PART PAGE
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
	mkdir -p "$join"
	chmod 700 "$join"
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

@test "every part of every tutorial is typed by a test" {
	local page name tests
	for page in "$PAGES"/*.md; do
		name=$(basename "$page" .md)
		[ "$name" != README ] || continue
		grep -q "($name.md)" "$PAGES/README.md"
		tests=0
		if grep -q '^laptop\$ ' "$page"; then
			grep -qx "	type_in laptop $name" "$BATS_TEST_FILENAME" || ends_with_boards "$page"
			tests=1
		fi
		if grep -qE '^([a-z]+@)?(master|worker[0-9]+)\$ ' "$page"; then
			grep -rqx "	type_tutorial $name" "$ROOT"/tests/qemu/*.bats
			tests=1
		fi
		[ $tests = 1 ]
	done
}

# A page whose laptop is used only after a board was.
ends_with_boards() {
	run "$ROOT/tests/tutorial" laptop "$1"
	[[ $status != 0 && $output == *"has no part 'laptop'"* ]]
}

@test "the pictures are what the tutorials say" {
	mkdir made
	"$ROOT/scripts/term-picture" made "$PAGES"/*.md
	[ "$(ls made)" = "$(cd "$PAGES" && ls ./*.svg | sed 's|^./||')" ]
	for picture in made/*.svg; do
		cmp "$picture" "$PAGES/${picture#made/}" || { echo "run scripts/term-picture docs/tutorials docs/tutorials/*.md" >&2; return 1; }
		python3 -c 'import sys, xml.dom.minidom as x; x.parse(sys.argv[1])' "$picture"
	done
}

# page LINE…: a tutorial with one block.
page() {
	{ echo '```console'; printf '%s\n' "$@"; echo '```'; } >page.md
}

typed() {
	"$ROOT/tests/tutorial" laptop page.md
}

@test "a tutorial that shows what is printed is right" {
	page 'laptop$ cd /' 'laptop$ pwd' '/'
	typed
	# Times, sizes and the order of lines are other ones each time; so is what the dots stand for.
	page "laptop\$ cat <<'END'" 'card: done, 0.2 s' 'worker001 ready 12 MiB' 'pi is 3.14' 'END' 'worker001  ready 7 MiB' 'card: done, 91.5 s' 'pi is …'
	typed
	page 'laptop$ seq 3' '…' '2'
	typed
	page 'laptop$ echo /dev/sdb' '/dev/sdb'
	typed
	page "laptop\$ sh -c 'echo sh: no >&2; exit 3'" 'sh: no'
	typed
}

@test "a tutorial that shows something else is wrong" {
	page 'laptop$ seq 2' '1'
	assert_fails 1 'not shown: 2' typed
	page 'laptop$ seq 2' '1' '2' '3'
	assert_fails 1 'not printed: 3' typed
	page 'laptop$ seq 2' '1' '1' '…'
	assert_fails 1 'not printed: 1' typed
	page 'laptop$ echo worker001 has 10.0.0.11' 'worker001 has 10.0.0.12'
	assert_fails 1 'not printed: worker001 has 10.0.0.12' typed
	page 'laptop$ false'
	assert_fails 1 'exit code 1' typed
	page 'laptop$ echo sh: no' 'sh: no' 'laptop$ sh -c "echo sh: no"' 'sh: no'
	assert_fails 1 'but an error is shown' typed
	page 'laptop$ sleep 60'
	TUTORIAL_TIMEOUT=0.2 assert_fails 1 'not done after 0.2 s' typed
	page 'laptop$ exit 0'
	assert_fails 1 'page.md:2: the shell ended' typed
	# between two commands of it
	page 'laptop$ (sleep 0.1; kill -KILL $$) & true' 'me@laptop$ sleep 1' 'laptop$ pwd' '…'
	assert_fails 1 'page.md:4: the shell ended after the command before' typed
}

@test "a command that would not be typed is told" {
	page 'laptop$ true'
	printf '```\nlaptop$ false\n```\n' >>page.md
	assert_fails 1 'page.md:5: a command that nobody runs' typed
	page 'sample' 'laptop$ true'
	assert_fails 1 'page.md:2: not after a command: sample' typed
	page "laptop\$ cat <<'END'" 'text'
	assert_fails 1 "page.md:2: a here-document does not end: no line 'END'" typed
	page 'laptop$ echo \\'
	assert_fails 1 'page.md:2: nothing follows the backslash' typed
	page 'master$ true'
	assert_fails 1 "has no part 'laptop'" typed
}
