# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: what tutorials say of boards, typed in the guests that boot started.
# shellcheck shell=bash

# type_tutorial NAME: docs/tutorials/NAME.md, on a laptop that has nothing but the way to the guests.
type_tutorial() {
	local desk=$BATS_TEST_TMPDIR/desk
	mkdir -p "$desk/cluster"
	cp "$TRY/try.ssh_config" "$desk/cluster/ssh_config"
	(cd "$desk" && TUTORIAL_TIMEOUT=900 "$ROOT/tests/tutorial" boards "$ROOT/docs/tutorials/$1.md") >"$desk/log" 2>&1 || {
		cat "$desk/log" >&2
		return 1
	}
}

# wait_until SECONDS COMMAND…: until it succeeds.
wait_until() {
	local since=$SECONDS seconds=$1
	shift
	until "$@"; do
		[ $((SECONDS - since)) -lt "$seconds" ] || return 1
		sleep 5
	done
}

# are_ready N: the lists have so many workers, where the tutorials begin.
are_ready() {
	[ "$(on master cat /etc/cardstock/nodes | wc -l)" -ge "$1" ]
}
