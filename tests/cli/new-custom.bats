#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/new-custom, in a copy of the tree.

setup() {
	COPY=$BATS_TEST_TMPDIR/tree
	mkdir "$COPY"
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	cp -R --parents -t "$COPY" Makefile board.mk common docs/man/keys mkimage profiles scripts/new-custom \
		tests/assert_err.h tests/custom tests/unit
	cd "$COPY" || return 1
}

@test "what new-custom makes builds and passes as it is" {
	scripts/new-custom time-zone
	make -j"$(nproc)" CFLAGS=-O0 LDFLAGS= BUILD=build CI=1 \
		build/tests/unit/test_custom_time_zone build/tests/unit/test_custom_all
	build/tests/unit/test_custom_time_zone
	build/tests/unit/test_custom_all # its section of the manual is a valid example
}

@test "a name that is taken, or is no name, changes nothing" {
	cp mkimage/custom/list.def before
	run scripts/new-custom user
	[ "$status" = 1 ]
	[[ $output == *"'mkimage/custom/user.c' is there already"* ]]
	run scripts/new-custom 'Time Zone'
	[ "$status" = 2 ]
	[[ $output == *usage* ]]
	cmp mkimage/custom/list.def before
}
