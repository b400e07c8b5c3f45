#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The tutorial of Slurm, as far as boards go, on a master and two workers; compute.bats has those of MPI, and
# tests/cli/tutorial.bats the laptop's parts.
load helper
load tutorial

setup_file() {
	export CARDSTOCK_OUT=$BATS_FILE_TMPDIR/out CARDSTOCK_CLUSTER=$BATS_FILE_TMPDIR/cluster
	OUT=$CARDSTOCK_OUT CLUSTER=$CARDSTOCK_CLUSTER
	local profiles=$BATS_FILE_TMPDIR/profiles
	mkdir "$BATS_FILE_TMPDIR/try" "$profiles"
	cp "$ROOT"/profiles/*.conf "$profiles/"
	ln -s "$ROOT/overlays" "$BATS_FILE_TMPDIR/overlays"
	as_the_pages_say "$profiles/cluster.conf"
	cd "$BATS_FILE_TMPDIR" || return 1
	"$ROOT/$BUILD/mkimage" --profile master --check -c "$CLUSTER" -o "$OUT"
	"$ROOT/$BUILD/mkimage" --profile worker -n 2 --check -c "$CLUSTER" -o "$OUT"
	boot "$BATS_FILE_TMPDIR/try" master worker001 worker002 -- --card 8G
	wait_until 900 are_ready 2
	wait_until 300 are_idle 2
}

# What the pages put into the profile, on a base that is quick here.
as_the_pages_say() {
	sed -i "s/^base .*/base = \"${CARDSTOCK_BASE:-debian-amd64}\"/" "$1"
	echo 'slurm { }' >>"$1"
}

teardown_file() {
	halt
}

@test "From one master to a Slurm cluster: commands, arrays, the queue" {
	type_tutorial slurm
}
