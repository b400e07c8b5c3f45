#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# What `make cluster` and `make check` begin and end with, as a fresh laptop sees it: dpkg-query,
# apt-get and sudo are stand-ins, so nothing is installed.
bats_require_minimum_version 1.5.0
ROOT=$(cd "$(dirname "$BATS_TEST_FILENAME")/../.." && pwd)

setup() {
	BIN=$BATS_TEST_TMPDIR/bin
	mkdir "$BIN"
	cd "$BATS_TEST_TMPDIR" || return 1
	for tool in sh env grep sed head dirname sort; do ln -s "$(type -P $tool)" "$BIN/"; done
	: >calls
	stand_in id 'echo 0'
	stand_in dpkg 'echo amd64'
	stand_in apt-get 'echo "apt-get $*" >>calls'
	stand_in apt-cache 'echo "  Depends: clang-14"'
	stand_in bats 'echo Bats 1.8.2'
	lacking mtools vde2
}

# stand_in NAME SCRIPT
stand_in() {
	printf '#!/bin/sh\ncd %s\n%s\n' "$BATS_TEST_TMPDIR" "$2" >"$BIN/$1"
	chmod +x "$BIN/$1"
}

# lacking PACKAGE…: all others are installed.
lacking() {
	# shellcheck disable=SC2016 # for the stand-in
	stand_in dpkg-query "for last; do :; done
		case ' $* ' in *\" \$last \"*) exit 1 ;; *) echo 'install ok installed' ;; esac"
}

set_up() {
	PATH=$BIN "$ROOT/scripts/setup" "$@"
}

# fails FRAGMENT COMMAND…
fails() {
	run "${@:2}"
	[ "$status" = 1 ] || { echo "exit code $status: $output" >&2; return 1; }
	[[ $output == *"$1"* ]] || { echo "no '$1' in: $output" >&2; return 1; }
}

@test "what is missing is named and installed" {
	run set_up build
	[ "$status" = 0 ]
	[[ $output == *'setup: installing mtools vde2'* ]]
	diff calls - <<-'END'
		apt-get update -qq
		apt-get install -y -qq --no-install-recommends mtools vde2
	END
}

@test "an ordinary user installs through sudo" {
	stand_in id 'echo 1000'
	# shellcheck disable=SC2016 # for the stand-in
	stand_in sudo 'echo "sudo $1" >>calls; exec "$@"'
	set_up build
	[ "$(grep -c '^sudo' calls)" = 2 ]
	grep -qx 'apt-get install .* mtools vde2' calls
}

@test "neither root nor sudo: the command for the administrator" {
	stand_in id 'echo 1000'
	fails "ask your administrator for:  apt-get" set_up build
	[ ! -s calls ]
}

@test "where nothing is missing, nothing runs and nobody needs to be root" {
	lacking none
	stand_in id 'echo 1000'
	run set_up build
	[ "$status" = 0 ]
	[ -z "$output" ]
	[ ! -s calls ]
}

@test "the tests need more, the sanitizers of this clang among it" {
	lacking libcmocka-dev libclang-rt-14-dev
	set_up build
	[ ! -s calls ]
	set_up check
	grep -qx 'apt-get install .* libcmocka-dev libclang-rt-14-dev' calls
}

@test "an apt-get that fails: what to do" {
	# shellcheck disable=SC2016 # for the stand-in
	stand_in apt-get '[ "$1" = update ]'
	fails 'see its message above, then run this again' set_up build
}

@test "another system: where the list is" {
	rm "$BIN/dpkg-query"
	fails 'install what docs/build.md lists' set_up build
}

@test "the last words: a dd line a card, how to try them, how to log in" {
	run "$ROOT/scripts/next-steps" cluster out/master.img out/worker001.img
	[ "$status" = 0 ]
	for image in out/master.img out/worker001.img; do
		[[ $output == *"sudo dd if=$image of=/dev/sdX bs=4M conv=fsync status=progress"* ]]
	done
	[[ $output == *'sudo build/mkimage write out/master.img /dev/sdX'* ]]
	[[ $output == *'scripts/try-cluster --cluster cluster --wait out/master.img out/worker001.img'* ]]
	[[ $output == *'ssh -F cluster/ssh_config master'* ]]
	run "$ROOT/scripts/next-steps" cluster
	[ "$status" = 2 ]
}
