#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# `mkimage write --profile`: a node's image goes to its card straight from the base.
# shellcheck disable=SC2030,SC2031 # each test is a subshell on purpose
load helper
load cards

# A card as large as the base: nothing, where the others are full of old data.
blank() {
	truncate -s "${2:-800}M" "$1"
}

write_node() {
	mk write --profile ./worker.conf "$@"
}

@test "a card gets the image that build makes" {
	mk --profile ./worker.conf --node 2 --quiet
	blank built
	write out/worker002.img built --quiet
	blank card
	run -0 write_node --node 2 card --force card --quiet
	[[ $output == 'card: worker002, '*' written in '*', verified' ]]
	cmp built card
	assert_clean card
	mk verify --profile ./worker.conf card
}

@test "no copy of the base is made on the way" {
	blank card
	traced -f -qq -y -o trace -e trace=write,pwrite64,pwritev,copy_file_range,ioctl "$MKIMAGE" write --profile ./worker.conf card --force card --quiet
	# To files without a name: FAT, tables and what changes of the root.
	awk '/changed-blocks|cache\/#|\(deleted\)/ && /pwrite|write\(/ && match($0, /= [0-9]+$/) { n += substr($0, RSTART + 2) } END { print n }' trace >bytes
	used=$(du --block-size=1 "$CARDSTOCK_TEST_BASE/mini.img" | cut -f1)
	[ "$(<bytes)" -gt 0 ]
	[ "$(<bytes)" -lt $((used / 2)) ]
	! grep -q FICLONE trace || return 1
	[ ! -e out ]
}

@test "each card gets its own node" {
	blank card1
	blank card2
	write_node -n 2 card1 card2 --force card1 --force card2 --quiet
	[ "$(root_cat card1 /etc/hostname)" = worker001 ]
	[ "$(root_cat card2 /etc/hostname)" = worker002 ]
	[ "$(blkid -p -o value -s PTUUID card1)" != "$(blkid -p -o value -s PTUUID card2)" ]
	[ "$(wc -l <cluster/ledger)" -ge 2 ]
}

@test "image-size grows a card's root, too" {
	echo 'image-size = "900M"' >>worker.conf
	mk --profile ./worker.conf --quiet
	blank built 1000
	write out/worker001.img built --quiet
	blank card 1000
	write_node card --force card --quiet
	cmp built card
}

@test "what does not fit together is refused, and the card stays as it was" {
	card card 20
	cp card before
	assert_fails 2 "3 nodes of role 'worker' and 1 devices were given" write_node -n 3 card --force card
	assert_fails 2 "--node is for images that are made on the way; name their profile" mk write --node 2 a.img card --force card
	assert_fails 2 "--bmap x.bmap: is for an image, and none was given" write_node card --force card --bmap x.bmap
	assert_fails 2 'card: refused: it is a file and no card' write_node card
	[ ! -e cluster/ledger ]
	assert_fails 5 'card: too small: worker001 needs' write_node card --force card
	cmp card before
}

@test "a base that changes meanwhile is a failure" {
	cp --sparse=always "$CARDSTOCK_TEST_BASE/mini.img" my.img
	sed -i "s|^\(\s*base = \).*|\1\"$WORK/my.img\"|" worker.conf
	blank card
	env CARDSTOCK_FAULT=slow:bytes=10000000,commands=1000 CARDSTOCK_FAULT_PATH=/card \
		LD_PRELOAD="$(dirname "$MKIMAGE")/tests/shims/fault.so" "$MKIMAGE" write --profile ./worker.conf card --force card >log 2>&1 3>&- &
	until grep -q '^write card' log; do kill -0 $!; sleep 0.05; done
	touch my.img
	status=0
	wait $! || status=$?
	[ $status = 1 ]
	grep -q "my.img.*: was changed while it was read; card now holds a part" log
	assert_no_table card
}
