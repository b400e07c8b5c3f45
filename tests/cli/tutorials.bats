#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Tutorials do what they say: their commands for the laptop, on small images and with files in place of cards.
# What they say of boards is seen in guests (tests/qemu, tests/long).
load helper
load clones
load ../tutorial

@test "Add two nodes by cloning a card: the new cards are worker004's and worker005's, the old one is as it was" {
	make_card used
	mkdir profiles cards
	cp worker.conf profiles/
	mv card.img cards/sdb
	truncate -s 800M cards/sdc cards/sdd
	type_on_laptop tutorial-clone.md
	cmp cards/sdb before.img
	[ "$(root_cat cards/sdc /etc/hostname)" = worker004 ]
	[ "$(root_cat cards/sdd /etc/hostname)" = worker005 ]
	[ "$(root_cat cards/sdd /home/ops/data)" = 'data of a user, who may write worker003' ]
	for card in cards/sdc cards/sdd; do assert_clean $card; done
}
