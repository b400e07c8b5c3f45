# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: finished images under the eyes of somebody else's tools.
# shellcheck shell=bash

# The byte offset of partition $2 of image $1, by somebody else's tool.
offset_of() {
	sfdisk --json "$1" | python3 -c "import json,sys; print(json.load(sys.stdin)['partitiontable']['partitions'][$2 - 1]['start'] * 512)"
}

# What the superblock of IMAGE?offset=BYTES says, a line a field.  dumpe2fs 1.47.2 takes no offset.
superblock() {
	debugfs -c -R 'show_super_stats -h' "$1" 2>/dev/null # -c: a bitmap may be between two states
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

# search IMAGE VALUE…: the lines of the image that have one of the values, as text or as the bytes of an id.
search() {
	python3 - "$@" <<-'END'
		import itertools, mmap, os, re, sys, uuid
		with open(sys.argv[1], "rb") as f:
		    image = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
		    data, end = [], 0
		    while end < len(image): # holes have nothing
		        try: begin = os.lseek(f.fileno(), end, os.SEEK_DATA)
		        except OSError: break
		        end = os.lseek(f.fileno(), begin, os.SEEK_HOLE)
		        data.append((begin, end))
		for value in sys.argv[2:]:
		    forms = [value.encode(), value.encode("utf-16-le")] # the latter: long names of a FAT
		    digits = value.replace("-", "")
		    if re.fullmatch("[0-9a-fA-F]{8}|[0-9a-fA-F]{32}", digits):
		        forms += [bytes.fromhex(digits), bytes.fromhex(digits)[::-1]]
		    if len(digits) == 32 and len(forms) > 2:
		        forms.append(uuid.UUID(digits).bytes_le) # in a GPT
		    for form, (begin, end) in itertools.product(forms, data):
		        at = begin - 1
		        while (at := image.find(form, at + 1, end)) >= 0:
		            line, to = image.rfind(b"\n", begin, at) + 1, image.find(b"\n", at)
		            print(image[max(line, at - 200):min(to, at + 200)])
	END
}
