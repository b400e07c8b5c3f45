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

# without_privilege DIR: from now on as a user with none at all, who owns DIR, a directory of the file.
without_privilege() {
	[ "$(id -u)" = 0 ] || return 0
	chown -R nobody:nogroup "$1"
	chmod 755 "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	as_user=(setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all --bounding-set=-all
		--no-new-privs env "HOME=$1" "TMPDIR=$1")
}

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
	wait_until_up up "$!" log
}

# wait_until_up FILE PID LOG: this try-cluster made the file.
wait_until_up() {
	until [ -e "$TRY/$1" ]; do
		kill -0 "$2" 2>/dev/null || {
			cat "$TRY/$3" >&2
			return 1
		}
		sleep 0.5
	done
}

# begin_join IMAGE… [OPTION…]: switches on nodes more for what boot started.
begin_join() {
	rm -f "$TRY/joined"
	# shellcheck disable=SC2016 # for the shell that runs when the nodes are up
	"${as_user[@]}" "$ROOT/scripts/try-cluster" --join "$TRY" --timeout "$BOOT_TIMEOUT" "$@" \
		--run sh -c 'touch "$TRY_DIR/joined"; exec sleep infinity' >"$TRY/join.log" 2>&1 3>&- &
	echo "$!" >"$TRY/join.pid"
}

# Until all that begin_join switched on can be logged in to.
wait_joined() {
	wait_until_up joined "$(cat "$TRY/join.pid")" join.log
}

join() {
	begin_join "$@"
	wait_joined
}

# Ends what boot started, unless it has been ended; fails when it does not end.
halt() {
	[ -e "$TRY/up" ] || return 0
	rm "$TRY/up"
	: >"$TRY/halt"
	wait_gone "$(cat "$TRY/pid")" 240
}

# assert_shut_down IMAGE: its guest left all file systems of it whole, the root without a journal to replay.
assert_shut_down() {
	local state=$BATS_TEST_TMPDIR/superblock at
	read -r _ at _ < <(partitions_of "$1" | tail -n 1)
	superblock "$1?offset=$at" >"$state"
	grep -q '^Filesystem state: *clean$' "$state" || return 1
	! grep needs_recovery "$state" >&2 || return 1
	assert_clean "$1"
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
	ssh_to -o ControlPath="$TRY/%n.ssh" "$@"
}

# ssh_to OPTION… NODE COMMAND…: a login costs an emulated board some ten seconds, so that all commands
# to a node share one, which lasts until the node is off.
ssh_to() {
	timeout 600 ssh -F "$TRY/try.ssh_config" -o BatchMode=yes -o ControlMaster=auto -o ControlPersist=yes "$@" </dev/null
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

# note TEXT: shown beside the results, whatever its lines begin with.
note() {
	sed 's/^/# /' <<<"$1" >&3
}

# wait_ready NODE: until its board came back with its own key.
wait_ready() {
	local since=$SECONDS
	until [ "$(state_of "$1")" = ready ]; do
		[ $((SECONDS - since)) -lt 600 ] || {
			on master sudo nodectl status >&2
			on "$1" firstboot status >&2
			return 1
		}
		sleep 5
	done
}

state_of() {
	on master sudo nodectl status --json "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)["state"])'
}
