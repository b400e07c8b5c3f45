# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: finished images and the cluster directory that they belong to, booted by try-cluster.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
load ../image
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
OUT=${CARDSTOCK_OUT:-$ROOT/out}
CLUSTER=${CARDSTOCK_CLUSTER:-$ROOT/cluster}
BOOT_TIMEOUT=${CARDSTOCK_BOOT_TIMEOUT:-1800}

# need_images NAME…: sets images, or fails and says how to get them.
need_images() {
	local name
	images=()
	for name; do
		images+=("$OUT/$name.img")
		[ -r "$OUT/$name.img" ] || {
			echo "no $OUT/$name.img: 'make cluster' makes it; or set CARDSTOCK_OUT and CARDSTOCK_CLUSTER" >&2
			return 1
		}
	done
}

# As whom try-cluster runs; empty: as the tests do.
as_user=()

# boot DIR NAME… [-- OPTION…]: returns when all of them can be logged in to; they run until halt.
boot() {
	export TRY=$1
	local names=()
	shift
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		names+=("$1")
		shift
	done
	[ $# = 0 ] || shift
	need_images "${names[@]}" || return
	mkfifo "$TRY/halt"
	# shellcheck disable=SC2016 # for the shell that runs when the nodes are up
	"${as_user[@]}" "$ROOT/scripts/try-cluster" "$@" --cluster "$CLUSTER" --dir "$TRY" --timeout "$BOOT_TIMEOUT" \
		"${images[@]}" --run sh -c 'touch "$TRY_DIR/up"; cat "$TRY_DIR/halt"' >"$TRY/log" 2>&1 3>&- &
	echo "$!" >"$TRY/pid"
	until [ -e "$TRY/up" ]; do
		kill -0 "$(cat "$TRY/pid")" 2>/dev/null || {
			cat "$TRY/log" >&2
			return 1
		}
		sleep 0.5
	done
}

# Ends what boot started, unless it has been ended; fails when it does not end.
halt() {
	[ -e "$TRY/up" ] || return 0
	rm "$TRY/up"
	: >"$TRY/halt"
	wait_gone "$(cat "$TRY/pid")" 180
}

# wait_gone PID SECONDS
wait_gone() {
	local since=$SECONDS
	while kill -0 "$1" 2>/dev/null; do
		[ $((SECONDS - since)) -lt "$2" ] || return 1
		sleep 0.2
	done
}

# on NODE COMMAND…: over ssh, with strict host key checking; a hung guest is not waited for for ever.
on() {
	local node=$1
	shift
	timeout 300 ssh -F "$TRY/try.ssh_config" -o BatchMode=yes "$node" "$@" </dev/null
}

# is EXPECTED COMMAND…
is() {
	local expected=$1
	shift
	local said
	said=$("$@") || echo "'$*' failed with exit code $?" >&2
	[ "$said" = "$expected" ] || {
		echo "'$*' says '$said', not '$expected'" >&2
		return 1
	}
}
