#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Power fails: firstboot and all that it runs are killed at each of the calls that change a file system
# (tests/shims/kill.c counts them), then the board boots again.  It ends as one that was left alone.
# What steps do is not known here: a new step is covered by being in the list.
load firstboot

# power N COMMAND…: killed at the Nth change, 0: never; the count goes on in ./count.
power() {
	local at=$1
	shift
	CARDSTOCK_KILL_AT=$at CARDSTOCK_KILL_COUNT=$PWD/count LD_PRELOAD=$SHIMS/kill.so${more_shims:+:$more_shims} setsid --wait "$@" >>log 2>&1
}

# Both phases on board/, by the program $1; fails when it was killed, not when a step failed.
boot() {
	local program=$1 at=${2:-0} phase status
	for phase in local network; do
		status=0
		power "$at" "$program" run --root board --phase $phase || status=$?
		[ "$status" -lt 128 ] || return "$status"
	done
}

fresh_board() {
	rm -rf board
	cp -a root board
	head -c 8 /dev/zero >count
}

changes() {
	od -A n -t u8 count | tr -d ' '
}

# What two boards left alone differ in (keys, ids) is random: only that it is there can be compared.
reference() {
	local one
	for one in first second; do
		fresh_board
		boot "$1"
		tree_of board >$one
	done
	diff first second | sed -n 's/^[<>] [^ ]* \([^ ]*\) .*/\1/p' | sort -u >random
	tree_of board random >reference
}

# Each private key on the board has its public key, and nothing random is empty.
assert_whole() {
	local file
	while read -r file; do
		[ -s "board/$file" ] || return 1
	done <random
	for file in board/etc/ssh/ssh_host_*_key; do
		[ ! -e "$file" ] || [ "$(ssh-keygen -yf "$file" | cut -d' ' -f1,2)" = "$(cut -d' ' -f1,2 "$file.pub")" ] || return 1
	done
}

# assert_like_reference WHEN: for the message.
assert_like_reference() {
	if ! tree_of board random | diff reference - >&2 || ! assert_whole; then
		echo "$1; see board/, log" >&2
		return 1
	fi
}

# Each change of a first boot by program $1, beginning with root/; under the sanitizers, which take their
# time, only each of CARDSTOCK_POWER_STRIDE.
assert_survives() {
	local at all
	reference "$1"
	all=$(changes)
	[ "$all" -ge 20 ]
	[ "$(grep -c ': failed: ' log || true)" = 0 ]
	for at in $(seq 1 "${CARDSTOCK_POWER_STRIDE:-1}" "$all"); do
		fresh_board
		: >log
		! boot "$1" "$at" || { echo "not killed at $at of $all" >&2; return 1; }
		head -c 8 /dev/zero >count
		# Every third time power fails in the second boot as well.
		[ $((at % 3)) != 0 ] || boot "$1" $((at % 17 + 1)) || true
		boot "$1"
		assert_like_reference "killed at change $at of $all"
		: >log
		boot "$1"
		[ ! -s log ] || { echo "the boot after did something: $(cat log)" >&2; return 1; }
	done
	echo "# ${1##*/}: killed at each ${CARDSTOCK_POWER_STRIDE:+${CARDSTOCK_POWER_STRIDE}th }of $all changes" >&3
}

@test "power fails at any change of the engine" {
	assert_survives "$DEMO"
}

@test "power fails at any change of a step" {
	assert_survives "$FIRSTBOOT"
}

@test "a board that was killed is seen to be other than one that was left alone" {
	reference "$DEMO"
	fresh_board
	run boot "$DEMO" 20
	[ "$status" = 137 ]
	run assert_like_reference killed
	[ "$status" != 0 ]
}

@test "a board whose clock says 1970 becomes as any other" {
	reference "$FIRSTBOOT"
	fresh_board
	LD_PRELOAD=$SHIMS/clock.so date +%F | grep -x 1970-01-01
	more_shims=$SHIMS/clock.so
	boot "$FIRSTBOOT"
	assert_like_reference 'in 1970'
}
