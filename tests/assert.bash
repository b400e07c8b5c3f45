# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: what every suite asserts, and what is left of a test that failed.
# shellcheck shell=bash disable=SC2154 # status and output are set by run

# run, then assert exit code $1 and that the output has $2.
assert_fails() {
	local code=$1 fragment=$2
	shift 2
	run "$@"
	[ "$status" = "$code" ] || { echo "exit code $status, not $code: $output" >&2; return 1; }
	[[ $output == *"$fragment"* ]] || { echo "no '$fragment' in: $output" >&2; return 1; }
}

# absent PATTERN FILE: it is not there, but the file is.
absent() {
	[ -e "$2" ] && ! grep -q -- "$1" "$2"
}

# The work directory of a failed test stays; in teardown.
keep_work() {
	[ -z "${BATS_TEST_COMPLETED:-}" ] || return 0
	local kept
	kept=$(mktemp -d "${TMPDIR:-/tmp}/cardstock-failed-XXXXXX")
	cp -a --sparse=always "$WORK" "$kept/"
	echo "work directory kept: $kept" >&2
}
