#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/board-root without a network: mmdebstrap is a stand-in that gives a small root.
bats_require_minimum_version 1.5.0
ROOT=$(cd "$(dirname "$BATS_TEST_FILENAME")/../.." && pwd)

setup() {
	BIN=$BATS_TEST_TMPDIR/bin
	export XDG_CACHE_HOME=$BATS_TEST_TMPDIR/cache
	mkdir -p "$BIN" "$BATS_TEST_TMPDIR/small"/{usr/include/aarch64-linux-musl,usr/lib,lib,usr/share/doc}
	cd "$BATS_TEST_TMPDIR" || return 1
	# shellcheck disable=SC2016 # for the stand-in
	stand_in 'echo run >>runs; for last; do :; done; cp "$last" sources; tar -c -C small .'
	PATH=$BIN:$PATH
}

stand_in() {
	printf '#!/bin/sh\n%s\n' "$1" >"$BIN/mmdebstrap"
	chmod +x "$BIN/mmdebstrap"
}

board_root() {
	"$ROOT/scripts/board-root" --arch arm64 --link root "$@"
}

# fails CODE FRAGMENT COMMAND…
fails() {
	local code=$1 fragment=$2
	shift 2
	run "$@"
	[ "$status" = "$code" ] || { echo "exit code $status, not $code: $output" >&2; return 1; }
	[[ $output == *"$fragment"* ]] || { echo "no '$fragment' in: $output" >&2; return 1; }
}

@test "a root is made once, and has nothing but headers and libraries" {
	board_root
	board_root
	[ "$(wc -l <runs)" = 1 ]
	[ "$(cd root && find . -mindepth 1 | sort | paste -sd' ')" = "./lib ./usr ./usr/include ./usr/include/aarch64-linux-musl \
./usr/include/aarch64-linux-musl/asm ./usr/include/aarch64-linux-musl/asm-generic ./usr/include/aarch64-linux-musl/linux ./usr/lib" ]
	[ "$(readlink root)" = "$(cat root.key)" ]
	[ "$(find "$XDG_CACHE_HOME/cardstock/board-roots" -mindepth 1 -maxdepth 1)" = "$(readlink root)" ]
}

@test "the file that the build depends on is touched only when the root is another" {
	board_root
	touch -d 2001-01-01 root.key
	board_root
	[ -n "$(find root.key ! -newermt 2001-01-02)" ]
	board_root --mirror http://mirror.example/debian
	[ -n "$(find root.key -newermt 2001-01-02)" ]
	grep -q '^deb .*debian-archive-keyring.asc\] http://mirror.example/debian bookworm main$' sources
	[ "$(wc -l <sources)" = 1 ]
}

@test "links lead to files of the root, not of this machine" {
	ln -s /usr/lib/libm.so.6 small/usr/lib/libm.so
	echo of the root >small/usr/lib/libm.so.6
	board_root
	[ "$(cat root/usr/lib/libm.so)" = 'of the root' ]
}

@test "a link to the same root in another cache is left as it is" {
	board_root
	XDG_CACHE_HOME=$PWD/other board_root
	[ ! -e other ]
	[ "$(wc -l <runs)" = 1 ]
}

@test "a root that went with the cache is made again" {
	board_root
	rm -r "$XDG_CACHE_HOME"
	board_root
	[ -d root/usr/include ]
}

@test "a failure shows why, and leaves nothing" {
	stand_in 'echo "E: no such mirror" >&2; exit 1'
	fails 1 'E: no such mirror' board_root
	[[ $output == *'bookworm arm64: mmdebstrap failed'* ]]
	[ -z "$(ls -A "$XDG_CACHE_HOME/cardstock/board-roots")" ]
	[ ! -e root ]
	[ ! -e root.key ]
}

@test "wrong arguments say what is right" {
	fails 2 "architecture 'mips' is not known; one of: arm64 armhf amd64" "$ROOT/scripts/board-root" --arch mips --link root
	fails 2 "--link is missing" "$ROOT/scripts/board-root" --arch arm64
	fails 2 "unknown argument '--frob'" board_root --frob
	fails 1 'neither XDG_CACHE_HOME nor HOME is set' env -u XDG_CACHE_HOME -u HOME "$ROOT/scripts/board-root" --arch arm64 --link root
}
