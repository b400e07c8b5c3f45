#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The step `download` on a board that has a network, by this machine's own apt-get and dpkg: board/ is a root
# with this machine's programs and an /etc and /var of its own.  Packages have files in /opt alone.
load helper
load repository

setup_file() {
	make_repository_key
	"$ROOT/tests/fixtures/mini-root" "$BATS_FILE_TMPDIR/mini.tar"
}

setup() {
	WORK=$BATS_TEST_TMPDIR/work
	ARCH=$(dpkg --print-architecture)
	mkdir -p "$WORK/board"
	cd "$WORK" || return 1
	unshare "${map[@]}" --mount true 2>/dev/null || skip 'no mount namespace here'
	put_package mpich 1:4.0-1 "$ARCH" 500 'Depends: libmpich (>= 4)' 'Recommends: docs'
	put_package libmpich 4.0-1 "$ARCH" 100 'Provides: mpi'
	put_package docs 1.0 all 10
	sign_repository
	serve_repository
	make_board
}

teardown() {
	stop_repository
	keep_work
}

map=()
[ "$(id -u)" = 0 ] || map=(--map-root-user)

make_board() {
	tar -xf "$BATS_FILE_TMPDIR/mini.tar" -C board
	rm -r board/usr board/dev
	mkdir -p board/{usr,dev,proc,opt} board/etc/{cardstock,apt/{apt.conf.d,preferences.d,trusted.gpg.d}} \
		board/var/lib/{apt/lists/partial,dpkg/{info,updates,triggers}} board/var/cache/apt/archives/partial board/var/log/apt
	touch board/dev/{null,urandom}
	[ ! -e /lib64 ] || ln -s usr/lib64 board/lib64
	echo 'APT::Sandbox::User "root";' >board/etc/apt/apt.conf
	put_installed board "$ARCH"
	cp "$REPOSITORY_KEY" board/etc/apt/trusted.gpg.d/
	echo "deb $REPOSITORY ./" >board/etc/apt/sources.list
	cp "$(dirname "$MKIMAGE")/firstboot" board/firstboot
	printf '%s\n' 'version = 1' 'hostname = worker001' 'package = mpich' >board/etc/cardstock/firstboot.conf
}

# firstboot on that board: it can change nothing of this machine.
on_board() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare "${map[@]}" --mount sh -euc '
		mount --bind /usr board/usr
		mount -o remount,ro,bind board/usr
		mount --rbind /proc board/proc
		for node in null urandom; do mount --bind /dev/$node board/dev/$node; done
		exec chroot board /firstboot "$@"' sh "$@"
}

installed() {
	dpkg-query --admindir board/var/lib/dpkg -W -f '${Package} ${Version} ${db:Status-Abbrev}\n' | grep -v -e '^dpkg ' -e '^oldlib '
}

message() {
	on_board status --json | python3 -c 'import json, sys
print(*[s["message"] for s in json.load(sys.stdin)["steps"] if s["name"] == "download"])'
}

@test "what the card does not carry is downloaded, without what is only recommended, once" {
	on_board run --phase network
	[ "$(installed)" = "$(printf 'libmpich 4.0-1 ii \nmpich 1:4.0-1 ii ')" ]
	[ "$(cat board/opt/mpich)" = 'mpich 1:4.0-1' ]
	[ "$(message)" = 'installed mpich 1:4.0-1' ]
	: >requests
	on_board run --phase network --again download
	[ "$(message)" = 'all are installed' ]
	[ ! -s requests ]
}

@test "without a network the step says what is missing and why, and the next boot tries again" {
	stop_repository
	assert_fails 8 'network steps failed: download' on_board run --phase network
	[[ $(message) == '1 of 1 packages not installed: mpich is not-installed: their sources cannot be reached: is there a network, and a way to the Internet? '*"Could not connect"* ]]
	serve_repository "${REPOSITORY##*:}"
	on_board run --phase network
	[ "$(message)" = 'installed mpich 1:4.0-1' ]
}

@test "a network that comes later is noticed by the same run" {
	stop_repository
	on_board run --phase network --retry >said 2>&1 3>&- &
	local pid=$!
	until grep -q 'not installed' said; do sleep 0.2; done
	serve_repository "${REPOSITORY##*:}"
	wait "$pid"
	[ "$(message)" = 'installed mpich 1:4.0-1' ]
}

@test "a name that no source has, and one that only another package provides" {
	sed -i 's/mpich/mpcih/' board/etc/cardstock/firstboot.conf
	assert_fails 8 download on_board run --phase network
	[[ $(message) == *'mpcih is not-installed: '*'E: Unable to locate package mpcih' ]]
	sed -i 's/mpcih/mpi/' board/etc/cardstock/firstboot.conf
	assert_fails 8 download on_board run --phase network
	[ "$(message)" = '1 of 1 packages not installed: mpi is not-installed: no package has the name' ]
}

@test "a source that is not signed by a key of the board is not used" {
	rm board/etc/apt/trusted.gpg.d/*
	assert_fails 8 download on_board run --phase network
	[[ $(message) == *'is not signed.'* ]]
	[ -z "$(installed)" ]
}

@test "a dry run says which, and writes nothing" {
	local before after
	before=$(find board -path board/proc -prune -o -printf '%p %T@\n' | sort)
	[[ $(on_board run --phase network --dry-run) == *'download: would change: mpich'* ]]
	after=$(find board -path board/proc -prune -o -printf '%p %T@\n' | sort)
	[ "$after" = "$before" ]
	[ ! -s requests ]
}
