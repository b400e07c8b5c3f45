#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The manual says what the program does: both are compared, and the examples are run.
load helper

# options_in MANUAL PROGRAM COMMAND…: every option that a command's --help has is in the manual.
options_in() {
	local manual=$ROOT/docs/$1 program=$2 command
	shift 2
	for command; do
		"$program" "$command" --help | sed -n 's/^  [-a-z, ]*\(--[a-z-]*\) .*/\1/p' >options
		[ "$(wc -l <options)" -ge 4 ]
		while read -r option; do
			grep -q -- "\*\*.*$option" "$manual" || { echo "$command $option" >&2; return 1; }
		done <options
	done
}

@test "every option of every command is in the manual" {
	options_in mkimage.1.md "$MKIMAGE" build plan verify inspect cat devices write clone base keys completion
	options_in firstboot.8.md "${MKIMAGE%/*}/firstboot" run place status
}

@test "help is --help, and there is a version" {
	[ "$(mk help)" = "$(mk --help)" ]
	[[ $(mk --version) =~ ^mkimage\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
}

# codes_in MANUAL PROGRAM N: the N exit codes that its --help has are in the manual.
codes_in() {
	"$2" --help | sed -n '/^exit codes/,$p' | sed -n 's/^ *\([0-9]*\)  \(.*\)/| \1 | \2 |/p' >codes
	[ "$(wc -l <codes)" = "$3" ]
	while read -r line; do grep -qxF "$line" "$ROOT/docs/$1"; done <codes
}

@test "every exit code is in the manual" {
	codes_in mkimage.1.md "$MKIMAGE" 10
	codes_in firstboot.8.md "${MKIMAGE%/*}/firstboot" 5
}

@test "every profile key is explained in docs/man/keys" {
	mk keys --json | python3 -c 'import json,sys; [print(json.loads(l)["key"]) for l in sys.stdin]' >keys
	[ "$(wc -l <keys)" -ge 20 ]
	while read -r key; do
		grep -rqwF -- "$key" "$ROOT/docs/man/keys" || { echo "not explained: $key" >&2; return 1; }
	done <keys
}

# Units that an example names are the reader's: an overlay brings them.
bring_units() {
	local unit
	mkdir -p units/root/etc/systemd/system
	grep -oE '[A-Za-z-]+(@[A-Za-z0-9]*)?\.(service|timer)' example | sed 's/@.*\./@./' | while read -r unit; do
		printf '[Unit]\nDescription=%s\n[Install]\nWantedBy=multi-user.target\n' "$unit" >"units/root/etc/systemd/system/$unit"
	done
	echo 'overlays += {"./units"}' >>example.conf
}

# The master that an example names is a member.
bring_master() {
	grep -qw master example || return 0
	grep '^cluster' example.conf >master.conf
	printf 'role = master\nbase = "none"\nhostname = "master"\naddress = "10.0.0.1/24"\nmembers = {"./example.conf", "./master.conf"}\n' >>master.conf
	echo 'members = {"./example.conf", "./master.conf"}' >>example.conf
}

@test "every example profile of the manual is a valid profile" {
	ln -s "$ROOT/overlays" overlays
	mkdir dotfiles # of the reader's home
	for page in "$ROOT"/docs/man/keys/*.md; do
		sed -n '/^```conf/,/^```$/p' "$page" | sed '/^```/d' >example
		[ -s example ] || continue # a customisation without keys
		grep -v '^members' worker.conf >example.conf
		# The example's own keys replace those of the test's profile.
		sed -n 's/^\([a-z-]*\)[ ]*=.*/\1/p' example | grep -v '^base$' | while read -r key; do sed -i "/^$key[ ]*=/d" example.conf; done
		grep -v '^base[ ]*=' example >>example.conf
		bring_units
		bring_master
		HOME=$WORK run mk plan --profile ./example.conf --json
		[ "$status" = 0 ] ||
			{ echo "$page: $output" >&2; return 1; }
	done
}

@test "the shipped profiles load, and plan the same cluster" {
	CARDSTOCK_PROFILES=$ROOT/profiles mk keys >/dev/null
	"$ROOT/tests/fixtures/make-stock" debian-raspi stock.img
	for role in master worker; do
		sed "s|include(\"|include(\"$ROOT/profiles/|" "$ROOT/profiles/$role.conf" >$role.conf
		echo 'base = "./stock.img"' >>$role.conf
		CARDSTOCK_PROFILES=$ROOT/profiles mk --profile ./$role.conf
	done
	[ "$(root_cat out/master.img /etc/hosts | grep 10.0.0.74)" = "$(root_cat out/worker001.img /etc/hosts | grep 10.0.0.74)" ]
	root_cat out/master.img /etc/hosts | grep -q '^10\.0\.0\.74[[:space:]]*worker064'
}
