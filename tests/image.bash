# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: finished images under the eyes of somebody else's tools.
# shellcheck shell=bash

# The byte offset of partition $2 of image $1, by somebody else's tool.
offset_of() {
	sfdisk --json "$1" | python3 -c "import json,sys; print(json.load(sys.stdin)['partitiontable']['partitions'][$2 - 1]['start'] * 512)"
}

# What the superblock of IMAGE?offset=BYTES says, a line a field.  dumpe2fs 1.47.2 takes no offset.
superblock() {
	debugfs -R 'show_super_stats -h' "$1" 2>/dev/null
}

# "NUMBER OFFSET SIZE TYPE" of each partition but an extended one, by other people's tools.
partitions_of() {
	local number start size
	sfdisk --json "$1" | python3 -c "import json,sys
for n, p in enumerate(json.load(sys.stdin)['partitiontable']['partitions'], 1):
    if p['type'] not in ('5', 'f', '85'): print(n, p['start'] * 512, p['size'] * 512)" |
		while read -r number start size; do
			echo "$number $start $size $(blkid -p -O "$start" -S "$size" -o value -s TYPE "$1")"
		done
}

# All file systems of a finished image are clean, by their own checkers.
assert_clean() {
	local number at size type copy=$BATS_TEST_TMPDIR/partition partitions
	partitions=$(partitions_of "$1")
	[ -n "$partitions" ] || { echo "$1: has no partitions to check" >&2; return 1; }
	while read -r number at size type; do
		[[ $type == ext* ]] && { e2fsck -fn "$1?offset=$at" >&2 || return 1; } && continue
		dd if="$1" of="$copy" bs=1M iflag=skip_bytes,count_bytes skip="$at" count="$size" conv=sparse status=none
		case $type in
		vfat) fsck.fat -n "$copy" >&2 || return 1 ;;
		btrfs) btrfs check --readonly "$copy" >&2 || return 1 ;;
		swap) swaplabel "$copy" >&2 || return 1 ;;
		xfs) xfs_repair -n -f "$copy" >&2 || return 1 ;;
		*) echo "$1: partition $number: what is '$type'?" >&2 && return 1 ;;
		esac
		rm "$copy"
	done <<<"$partitions"
}
