#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# A user without any privilege boots a copy of a worker's image that the guest may write to, and
# shuts it down: what is on the card then is whole.
load helper

# Everything that the user needs, as files of the user's own.
# shellcheck disable=SC2034 # as_user is for boot
setup_file() {
	need_images worker001
	local mine=$BATS_FILE_TMPDIR/mine
	mkdir "$mine"
	cp --reflink=auto --sparse=always "$OUT/worker001.img" "$mine/"
	cp -R "$CLUSTER" "$mine/cluster"
	if [ "$(id -u)" = 0 ]; then
		chown -R nobody:nogroup "$mine"
		chmod 755 "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
		as_user=(setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all --bounding-set=-all
			--no-new-privs env "HOME=$mine" "TMPDIR=$mine")
	fi
	OUT=$mine CLUSTER=$mine/cluster boot "$mine" worker001 -- --persist
	export MINE=$mine
}

teardown_file() {
	halt
}

@test "the image boots for a user without privileges" {
	is worker001 on worker001 hostname
	is running on worker001 systemctl is-system-running --wait
}

@test "after power-off all file systems of the card are clean" {
	on worker001 'sudo touch /was-here'
	halt
	run ! grep 'did not power off' "$TRY/log"
	superblock "$MINE/worker001.img?offset=$(offset_of "$MINE/worker001.img" 2)" >"$MINE/superblock"
	grep -q '^Filesystem state: *clean$' "$MINE/superblock"
	run ! grep needs_recovery "$MINE/superblock"
	assert_clean "$MINE/worker001.img"
	"$ROOT/$BUILD/mkimage" cat "$MINE/worker001.img" /was-here
}
