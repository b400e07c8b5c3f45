# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: finished images under the eyes of somebody else's tools.
# shellcheck shell=bash

# "NUMBER OFFSET SIZE TYPE" of each partition in the table, whose number is its place there.
partitions_in() {
	sfdisk --dump "$1" | sed -n 's/^[^ ]* : start= *\([0-9]*\), size= *\([0-9]*\), type=\([^,]*\).*/\1 \2 \3/p' |
		awk '{ printf "%d %.0f %.0f %s\n", NR, $1 * 512, $2 * 512, $3 }'
}

# The byte offset of partition $2 of image $1, by somebody else's tool.
offset_of() {
	partitions_in "$1" | awk -v wanted="$2" 'NR == wanted { print $2; found = 1 } END { exit !found }'
}

# What the superblock of IMAGE?offset=BYTES says, a line a field.  dumpe2fs 1.47.2 takes no offset.
superblock() {
	debugfs -c -R 'show_super_stats -h' "$1" 2>/dev/null # -c: a bitmap may be between two states
}

# "NUMBER OFFSET SIZE TYPE" of each partition but an extended one, by other people's tools.
partitions_of() {
	local number start size type
	partitions_in "$1" | while read -r number start size type; do
		case $type in 5 | f | 85) continue ;; esac
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

# search IMAGE VALUE…: the lines of the image that have one of the values, as text or as the bytes of an id.
search() {
	python3 "$(dirname "${BASH_SOURCE[0]}")/search.py" "$@"
}

# lacking IMAGE VALUE…: those of which the image has nothing.
lacking() {
	python3 "$(dirname "${BASH_SOURCE[0]}")/search.py" --lacking "$@"
}
