# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: a work directory of its own with a small base and a small cluster; kept when a test fails.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
load ../image
load ../assert
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
MKIMAGE=${MKIMAGE:-$ROOT/${BUILD:-build}/mkimage}

# The base that every file of this suite patches, made once a file: a mini root as a raw image.
setup_file() {
	export CARDSTOCK_TEST_BASE=$BATS_FILE_TMPDIR/base
	export XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
	mkdir -p "$CARDSTOCK_TEST_BASE"
	"$ROOT/tests/fixtures/mini-root" "$CARDSTOCK_TEST_BASE/mini.tar"
	"$MKIMAGE" base --quiet "$CARDSTOCK_TEST_BASE/mini.tar" -o "$CARDSTOCK_TEST_BASE/mini.img" >/dev/null
}

setup() {
	WORK=$BATS_TEST_TMPDIR/work
	mkdir -p "$WORK"
	cd "$WORK" || return 1
	cat >worker.conf <<-END
		role = worker
		cluster = "testbed"
		base = "$CARDSTOCK_TEST_BASE/mini.img"
		members = {"./worker.conf"}
		planned = 8
		hostname = "worker%03d"
		address = "10.0.0.%d/24"
		first-address = 11
		target = "multi-user.target"
		user "ops" { uid = 1000 groups = {"sudo"} sudo = nopasswd operator = true }
		user "mpi" { uid = 2000 groups = {"video"} }
		wired { interface = "eth0" }
	END
}

# Whatever a test built must be clean, by the file systems' own checkers.
teardown() {
	finish_work
}

# Of a teardown it is only the last status that bats looks at.
finish_work() {
	local image status=0
	for image in "$WORK"/*/*.img; do
		[ ! -e "$image" ] || [ -z "${BATS_TEST_COMPLETED:-}" ] || assert_clean "$image" || status=1
	done
	keep_work
	return $status
}

# mkimage with the test's profile; quiet, so that output is the result alone.
mk() {
	"$MKIMAGE" "$@"
}

# faulty FAULT TEXT COMMAND…: the fault for files whose path contains TEXT (tests/shims/fault.c).
faulty() {
	local shim
	shim=$(dirname "$MKIMAGE")/tests/shims/fault.so
	[ -e "$shim" ] || { echo "no $shim: make shims" >&2; return 99; }
	CARDSTOCK_FAULT=$1 CARDSTOCK_FAULT_PATH=$2 LD_PRELOAD=$shim "${@:3}"
}

# Sets as_user: what runs a command as an ordinary user without a single capability, who owns $WORK.
be_ordinary() {
	as_user=()
	[ "$(id -u)" = 0 ] || return 0
	chown -R nobody "$WORK"
	chmod 755 "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR" "${CARDSTOCK_TEST_BASE:-$WORK}"
	as_user=(setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs
		env "HOME=$WORK" "XDG_CACHE_HOME=$WORK/cache")
}

# A file of the root file system (partition 2), read by debugfs.
root_cat() {
	debugfs -R "cat $2" "$1?offset=$(offset_of "$1" 2)" 2>/dev/null
}

# Mode and owner as debugfs shows them: "0600 1000 1000".
root_attr() {
	debugfs -R "stat $2" "$1?offset=$(offset_of "$1" 2)" 2>/dev/null |
		sed -n 's/.*Mode: *\([0-7]*\).*/\1/p; s/^User: *\([0-9]*\) *Group: *\([0-9]*\).*/\1 \2/p' | paste -sd' '
}

boot_cat() {
	mtype -i "$1@@$(offset_of "$1" 1)" "::$2"
}

# Nothing that a failed build could have left behind.
assert_no_output() {
	[ -z "$(ls -A out 2>/dev/null)" ] || { ls -lA out >&2; return 1; }
}
