#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The programs for boards (make boards): what they need is what the oldest system has that they are for.
bats_require_minimum_version 1.5.0
ROOT=$(cd "$(dirname "$BATS_TEST_FILENAME")/../.." && pwd)
BOARD=$ROOT/build/board

# What mkimage looks for in an image; Ubuntu 22.04 has 2.35 and 249, Debian 12 has 2.36 and 252.
promised() {
	sed -n "s/^#define FIRSTBOOT_.*_VERSION \"$1_\(.*\)\"/\1/p" "$ROOT/mkimage/custom/firstboot.h"
}

# Each program of each architecture: "ARCH PROGRAM".
programs() {
	local arch program
	for arch in arm64 armhf amd64; do
		for program in firstboot firstboot-static firstboot-grow nodectl; do echo "$arch $program"; done
	done
}

# each COMMAND: run with the architecture and the path of each program; fails where one fails.
# (The shell's -e is off in such a COMMAND: its lines are joined by &&.)
each() {
	local arch program
	while read -r arch program; do
		"$@" "$arch" "$BOARD/$arch/$program" || { echo "$arch $program" >&2; return 1; }
	done < <(programs)
}

header() {
	readelf -h "$1" | sed -n "s/^ *$2: *//p"
}

is_for() {
	local machine
	case $1 in
	arm64) machine=AArch64 ;;
	armhf) machine=ARM ;;
	amd64) machine='Advanced Micro Devices X86-64' ;;
	esac
	[ "$(header "$2" Machine)" = "$machine" ] &&
		{ [ "$1" != armhf ] || header "$2" Flags | grep -q 'hard-float'; }
}

@test "each program is for its architecture" { each is_for; }

# Version names that a program wants, such as GLIBC_2.34, newest last.
wanted() {
	readelf --version-info --wide "$1" | grep -oE "Name: $2_[0-9.]+" | sed 's/.*_//' | sort -Vu
}

not_newer() {
	local found
	found=$(wanted "$1" "$2" | tail -n 1)
	[ "$(printf '%s\n' "$found" "$3" | sort -V | tail -n 1)" = "$3" ] || { echo "wants $2_$found" >&2; return 1; }
}

is_old_enough() {
	not_newer "$2" GLIBC "$(promised GLIBC)" && not_newer "$2" LIBSYSTEMD "$(promised LIBSYSTEMD)" &&
		! readelf --version-info --wide "$2" | grep GLIBC_ABI
}

@test "no program wants a newer C library or libsystemd than Ubuntu 22.04 has" {
	[ "$(promised GLIBC)" = 2.34 ]
	[ "$(promised LIBSYSTEMD)" = 249 ]
	[ -n "$(wanted "$BOARD/arm64/firstboot" GLIBC)" ]
	[ -n "$(wanted "$BOARD/arm64/firstboot" LIBSYSTEMD)" ]
	each is_old_enough
}

# The loader (ld-linux-…) comes with the C library.
needs() {
	local expected
	case $2 in
	*/firstboot) expected='libc.so.6 libsystemd.so.0' ;;
	*/firstboot-static) expected= ;;
	*/firstboot-grow) expected='libc.so.6 libparted.so.2' ;;
	*/nodectl) expected='libc.so.6 libm.so.6' ;;
	esac
	[ "$(readelf -d "$2" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v '^ld-linux' | sort | paste -sd' ')" = "$expected" ]
}

@test "only firstboot links libsystemd, only firstboot-grow libparted, nodectl has its libraries inside, and the static one links nothing" { each needs; }

is_small() {
	local size most=200
	case $2 in */nodectl) most=1600 ;; esac
	size=$(stat -c %s "$2")
	echo "# ${2#"$BOARD"/}: $size bytes" >&3
	[ "$size" -lt $((most << 10)) ] || return 1
	run -1 grep -F .symtab <(readelf -S "$2")
}

@test "each program is stripped and smaller than 200 KiB, nodectl with SQLite in it than 1600" { each is_small; }

runs() {
	local emulator=()
	if [ "$1" != "$(dpkg --print-architecture)" ]; then
		case $1 in
		arm64) emulator=(qemu-aarch64-static) ;;
		armhf) emulator=(qemu-arm-static) ;;
		amd64) emulator=(qemu-x86_64-static) ;;
		esac
		emulator+=(-L "$BOARD/$1/root")
	fi
	case $2 in
	*-grow) "${emulator[@]}" "$2" --help | grep -q '^usage: firstboot-grow' ;;
	*/nodectl) [[ $("${emulator[@]}" "$2" --version) =~ ^nodectl\ [0-9.]+$ ]] ;;
	*) [[ $("${emulator[@]}" "$2" --version) =~ ^firstboot\ [0-9.]+$ ]] ;;
	esac
}

@test "each program starts, under an emulator where it is a foreign one" { each runs; }

@test "a run has less than 8 MiB in memory" {
	cd "$BATS_TEST_TMPDIR"
	mkdir -p root/etc/cardstock
	printf 'version = 1\nhostname = worker003\n' >root/etc/cardstock/firstboot.conf
	for program in firstboot firstboot-static; do
		command time -f %M -o kib "$BOARD/$(dpkg --print-architecture)/$program" run --phase local --root root
		echo "# $program: $(cat kib) KiB resident" >&3
		[ "$(cat kib)" -lt $((8 << 10)) ]
	done
}
