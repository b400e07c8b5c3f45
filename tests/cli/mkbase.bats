#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/mkbase without building anything: mmdebstrap is a stand-in, so this takes no network.
bats_require_minimum_version 1.5.0
ROOT=$(cd "$(dirname "$BATS_TEST_FILENAME")/../.." && pwd)

setup() {
	BIN=$BATS_TEST_TMPDIR/bin
	mkdir "$BIN"
	cd "$BATS_TEST_TMPDIR" || return 1
	# shellcheck disable=SC2016 # for the stand-in
	stand_in mmdebstrap 'for last; do :; done; cp "$last" sources; printf "%s\n" "$@" >args; echo "I: extracting archives..." >&2; tar -c args'
	PATH=$BIN:$PATH
	native=$(dpkg --print-architecture)
}

# stand_in NAME SCRIPT
stand_in() {
	printf '#!/bin/sh\n%s\n' "$2" >"$BIN/$1"
	chmod +x "$BIN/$1"
}

mkbase() {
	"$ROOT/scripts/mkbase" "$@"
}

# fails CODE FRAGMENT COMMAND…
fails() {
	local code=$1 fragment=$2
	shift 2
	run "$@"
	[ "$status" = "$code" ] || { echo "exit code $status, not $code: $output" >&2; return 1; }
	[[ $output == *"$fragment"* ]] || { echo "no '$fragment' in: $output" >&2; return 1; }
}

# The host of the tests need not be able to build: skip, with what it lacks.
need_host() {
	run mkbase --arch "$native" --check-host
	[ "$status" = 0 ] || skip "$output"
}

@test "wrong arguments say what is right" {
	fails 2 "architecture 'mips' is not known; one of: arm64 armhf amd64" mkbase --arch mips --key
	fails 2 "suite 'sid' is not known" mkbase --suite sid --key
	fails 2 "unknown argument '--frob'" mkbase --frob
	fails 2 "--suite needs a value" mkbase --suite
	fails 2 "--output is missing" mkbase
}

@test "the key is one line, and the same each time" {
	run mkbase --key
	[ "$status" = 0 ]
	[[ $output =~ ^[0-9a-f]{64}$ ]]
	[ "$(mkbase --key)" = "$output" ]
	[ "$(mkbase --key --suite trixie --arch arm64)" = "$output" ]
	[ "$(cd / && mkbase --key)" = "$output" ]
}

@test "the key changes with all that makes the result" {
	key=$(mkbase --key)
	[ "$(mkbase --key --suite bookworm)" != "$key" ]
	[ "$(mkbase --key --arch armhf)" != "$key" ]
	[ "$(mkbase --key --mirror http://snapshot.debian.org/archive/debian/20260101T000000Z)" != "$key" ]
	[ "$(SOURCE_DATE_EPOCH=1 mkbase --key)" != "$key" ]
	cp -a "$ROOT/scripts" .
	[ "$(scripts/mkbase --key)" = "$key" ]
	echo tree >>scripts/mkbase.d/packages
	[ "$(scripts/mkbase --key)" != "$key" ]
	cp -a "$ROOT/scripts/mkbase.d/packages" scripts/mkbase.d/
	echo '# more' >>scripts/mkbase.d/root/etc/fstab
	[ "$(scripts/mkbase --key)" != "$key" ]
}

@test "more packages are part of the key, in any order, and only where there are some" {
	key=$(mkbase --key --packages mpich,gcc)
	[ "$key" != "$(mkbase --key)" ]
	[ "$key" = "$(mkbase --key --packages gcc,mpich,gcc)" ]
	[ "$key" = "$(mkbase --key --packages gcc --packages mpich)" ]
	fails 2 "--packages 'mpich;reboot' is not a list" mkbase --packages 'mpich;reboot' --key
	fails 2 "--packages 'mpich,' is not a list" mkbase --packages mpich, --key
}

@test "--check-host names the packages to install" {
	mkdir few
	for tool in echo sh bash id dirname dpkg cat sort xargs sed uname; do ln -s "$(type -P $tool)" few/; done
	sed "s|^export .*|PATH=$PWD/few|" "$ROOT/scripts/mkbase" >mkbase.few
	cp -a "$ROOT/scripts/mkbase.d" .
	fails 1 'apt install' bash mkbase.few --arch "$native" --check-host
	[[ $output == *mmdebstrap*zstd* ]]
}

@test "packages are chosen by architecture and suite" {
	need_host
	[ "$native" = amd64 ] || skip "written for amd64"
	mkbase --arch "$native" --output base.tar.zst
	grep -q "^--include=.*linux-image-$native" args
	grep -q "^--include=.*openssh-server" args
	run ! grep -E '^--include=.*(\[|raspi-firmware)' args
}

@test "more packages are installed with the others, and tried before all" {
	need_host
	mkbase --arch "$native" --packages mpich,gcc --output base.tar.zst
	grep -q '^--include=.*,openssh-server,.*,gcc,mpich$' args
	grep -q '^--extract-hook=.* apt-get --simulate -qq install gcc mpich >' args
}

@test "a package that Debian has not is named" {
	need_host
	stand_in mmdebstrap 'echo "E: Unable to locate package mpihc" >&2
		echo "E: Package '"'old'"' has no installation candidate" >&2; exit 1'
	fails 1 "Debian has no package 'mpihc' 'old' there" mkbase --arch "$native" --packages mpihc,old --output base.tar.zst
}

@test "the mirrors that are given are used" {
	need_host
	mkbase --arch "$native" --suite bookworm --mirror http://a.invalid/debian/ --security-mirror http://b.invalid/security --output base.tar.zst
	grep -q ' http://a.invalid/debian bookworm main non-free-firmware$' sources
	grep -q ' http://a.invalid/debian bookworm-updates main non-free-firmware$' sources
	grep -q ' http://b.invalid/security bookworm-security main non-free-firmware$' sources
}

@test "--release-only leaves all updates out" {
	need_host
	mkbase --arch "$native" --release-only --output base.tar.zst
	grep -q ' trixie main non-free-firmware$' sources
	[ "$(wc -l <sources)" = 1 ]
}

@test "packages are trusted by the keys of Debian 12 and 13 that come with the recipe" {
	need_host
	# shellcheck disable=SC2016 # for the stand-in
	stand_in mmdebstrap 'for last; do :; done; cp "$(sed -n "1s/.*signed-by=\([^]]*\).*/\1/p" "$last")" keys; tar -c keys'
	mkbase --arch "$native" --output base.tar.zst
	gpg --homedir "$BATS_TEST_TMPDIR" --batch --show-keys keys >shown
	grep -q 'Archive Automatic Signing Key (12/bookworm)' shown
	grep -q 'Archive Automatic Signing Key (13/trixie)' shown
}

@test "a mirror that is not consistent is told from other failures" {
	need_host
	stand_in mmdebstrap 'echo "E: File has unexpected size (1 != 2). Mirror sync in progress?" >&2; exit 1'
	fails 1 '--release-only' mkbase --arch "$native" --output base.tar.zst
}

@test "the tarball appears complete, with progress on the way" {
	need_host
	run --separate-stderr mkbase --arch "$native" --output base.tar.zst
	[ "$status" = 0 ]
	[ -z "$output" ]
	# shellcheck disable=SC2154 # stderr is set by run
	[[ $stderr == *'s] extracting archives...'* ]]
	[[ $stderr == *'base.tar.zst: '*', done'* ]]
	tar -tf base.tar.zst
}

@test "a failure shows why, and leaves nothing" {
	need_host
	stand_in mmdebstrap 'echo "E: apt-get update failed" >&2; head -c 10000 /dev/zero; exit 1'
	mkdir out tmp
	TMPDIR=$PWD/tmp fails 1 'E: apt-get update failed' mkbase --arch "$native" --output out/base.tar.zst
	[[ $output == *'Network and mirror'* ]]
	[ -z "$(find out tmp -mindepth 1)" ]
}

@test "a failure loses no earlier result" {
	need_host
	echo earlier >base.tar.zst
	stand_in mmdebstrap 'exit 1'
	run mkbase --arch "$native" --output base.tar.zst
	[ "$status" = 1 ]
	[ "$(cat base.tar.zst)" = earlier ]
}

@test "an interrupted build leaves nothing" {
	need_host
	stand_in mmdebstrap 'touch started; exec sleep 60'
	mkdir out tmp
	TMPDIR=$PWD/tmp "$ROOT/scripts/mkbase" --arch "$native" --output out/base.tar.zst 3>&- &
	until [ -e started ]; do sleep 0.05; done
	kill "$!"
	wait "$!" || true
	[ -z "$(find out tmp -mindepth 1)" ]
}

@test "output directory missing" {
	fails 1 "cannot write to the directory 'nowhere'" mkbase --arch "$native" --output nowhere/base.tar.zst
}
