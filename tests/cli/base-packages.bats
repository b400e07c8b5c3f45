#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# A base that is made of packages is made with those that the profile wants: `site` stands for Cardstock's
# own directory, and its recipe for scripts/mkbase.
load helper

setup() {
	WORK=$BATS_TEST_TMPDIR/work
	export XDG_CACHE_HOME=$WORK/cache CARDSTOCK_PROFILES=$WORK/site/profiles
	mkdir -p "$WORK"/site/{profiles,scripts,overlays/lab}
	cd "$WORK/site/profiles" || return 1
	ln -s "$CARDSTOCK_TEST_BASE/mini.tar" ../mini.tar
	echo 'base "made" { recipe = {"mk"} }' >bases.conf
	printf '%s\n' mpich 'gcc # compiles' >../overlays/lab/packages
	cat >worker.conf <<-END
		role = worker
		cluster = "testbed"
		base = made
		hostname = worker
		address = "10.0.0.11/24"
		overlays = {"lab"}
		packages = {"slurmd", "mpich"}
	END
	cat >../scripts/mk <<-'END'
		#!/bin/bash
		# A root with the packages that are asked for: mk [--packages A,B] --key|--output FILE
		set -eu
		cd "$(dirname "$0")/.."
		packages=
		[ "$1" != --packages ] || { packages=$2; shift 2; }
		case $1,$packages in
		--key,*) echo "$packages" | sha256sum | cut -d' ' -f1 ;;
		*mpihc*) echo "mk: Debian has no package 'mpihc' there" >&2; exit 1 ;;
		*)
			echo "${packages:-none}" >>made
			mkdir -p root/var/lib/dpkg
			for name in dpkg ${packages//,/ }; do
				printf 'Package: %s\nStatus: install ok installed\nVersion: 1.0\nArchitecture: arm64\n\n' "$name"
			done >root/var/lib/dpkg/status
			cp mini.tar root.tar
			tar -rf root.tar -C root ./var/lib/dpkg/status
			mv root.tar "$2"
			;;
		esac
	END
	chmod +x ../scripts/mk
}

teardown() {
	keep_work
}

@test "what key and overlays want is in the base, which is made once, and nothing is left for the card" {
	mk plan --profile worker >plan.txt
	[ "$(cat ../made)" = gcc,mpich,slurmd ]
	grep -qF 'note: packages that are in the image already: mpich 1.0, gcc 1.0, slurmd 1.0' plan.txt
	absent /var/lib/cardstock plan.txt
	mk --profile worker --quiet
	mk verify --profile worker out/worker.img
	[ "$(wc -l <../made)" = 1 ]
}

@test "a profile that wants nothing shares the plain base" {
	sed -i '/^overlays/d; /^packages/d' worker.conf
	mk base made
	mk plan --profile worker >/dev/null
	[ "$(cat ../made)" = none ]
}

@test "base --profile makes the base that the profile will want" {
	run --separate-stderr mk base --profile worker
	[ -s "$output" ]
	[ "$(cat ../made)" = gcc,mpich,slurmd ]
	mk plan --profile worker >/dev/null
	[ "$(wc -l <../made)" = 1 ]
	assert_fails 2 'give either a base, or with --profile the profile' mk base
	assert_fails 2 '--cluster has no effect on a base' mk base made --cluster cluster
	assert_fails 2 'give either a base, or with --profile the profile' mk base made --profile worker
}

@test "a recipe that does not find a package: it says so, and all that it was asked for is named" {
	sed -i 's/mpich/mpihc/' ../overlays/lab/packages
	assert_fails 1 "worker.conf:3: base 'made' ($PWD/bases.conf:1) with the packages gcc, mpich, mpihc, slurmd: mk: exit code 1" \
		mk plan --profile worker
	[[ $output == *"no package 'mpihc' there"* ]]
}

@test "an overlay that brings sources of its own leaves the packages to firstboot" {
	mkdir -p ../overlays/lab/root/etc/apt
	echo 'deb http://example.invalid/theirs ./' >../overlays/lab/root/etc/apt/sources.list
	assert_fails 3 "packages are installed by firstboot, which this profile does without, and 'mpich' is not in the base" \
		mk plan --profile worker
	[ "$(cat ../made)" = none ]
}
