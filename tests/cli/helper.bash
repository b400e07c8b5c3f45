# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: a work directory of its own with a small base and a small cluster; kept when a test fails.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
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
	local image
	for image in "$WORK"/*/*.img; do
		[ ! -e "$image" ] || [ -z "${BATS_TEST_COMPLETED:-}" ] || assert_clean "$image"
	done
	if [ -z "${BATS_TEST_COMPLETED:-}" ]; then
		local kept
		kept=$(mktemp -d "${TMPDIR:-/tmp}/cardstock-failed-XXXXXX")
		cp -a --sparse=always "$WORK" "$kept/"
		echo "work directory kept: $kept" >&2
	fi
}

# mkimage with the test's profile; quiet, so that output is the result alone.
mk() {
	"$MKIMAGE" "$@"
}

# The byte offset of partition $2 of image $1, by somebody else's tool.
offset_of() {
	sfdisk --json "$1" | python3 -c "import json,sys; print(json.load(sys.stdin)['partitiontable']['partitions'][$2 - 1]['start'] * 512)"
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

# "NUMBER OFFSET SIZE TYPE" of each partition, by other people's tools.
partitions_of() {
	local number start size
	sfdisk --json "$1" | python3 -c "import json,sys
for n, p in enumerate(json.load(sys.stdin)['partitiontable']['partitions'], 1): print(n, p['start'] * 512, p['size'] * 512)" |
		while read -r number start size; do
			echo "$number $start $size $(blkid -p -O "$start" -S "$size" -o value -s TYPE "$1")"
		done
}

# All file systems of a finished image are clean, by their own checkers.
assert_clean() {
	local number at size type copy=$BATS_TEST_TMPDIR/partition
	while read -r number at size type; do
		[[ $type == ext* ]] && { e2fsck -fn "$1?offset=$at" >&2 || return 1; } && continue
		dd if="$1" of="$copy" bs=1M iflag=skip_bytes,count_bytes skip="$at" count="$size" conv=sparse status=none
		case $type in
		vfat) fsck.fat -n "$copy" >&2 || return 1 ;;
		btrfs) btrfs check --readonly "$copy" >&2 || return 1 ;;
		xfs) xfs_repair -n -f "$copy" >&2 || return 1 ;;
		*) echo "$1: partition $number: what is '$type'?" >&2 && return 1 ;;
		esac
		rm "$copy"
	done < <(partitions_of "$1")
}

# run, then assert exit code $1 and that the output has $2.
assert_fails() {
	local code=$1 fragment=$2
	shift 2
	run "$@"
	[ "$status" = "$code" ] || { echo "exit code $status, not $code: $output" >&2; return 1; }
	[[ $output == *"$fragment"* ]] || { echo "no '$fragment' in: $output" >&2; return 1; }
}

# Nothing that a failed build could have left behind.
assert_no_output() {
	[ -z "$(ls -A out 2>/dev/null)" ] || { ls -lA out >&2; return 1; }
}
