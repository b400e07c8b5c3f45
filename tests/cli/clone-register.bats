#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Clones of a card whose node has registered: the master takes each for the node that it is, and the first for
# the one that it was.  Boards are directories here; tests/long/clones.bats boots them.
load helper
load stock

NODECTL=$ROOT/${BUILD:-build}/nodectl

setup_file() {
	export STOCK=$BATS_FILE_TMPDIR XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache CARDSTOCK_PROFILES=$ROOT/profiles
}

# The registry of a cluster of a master and six workers, and the image of the third.
make_cluster() {
	use_master debian-raspi 'nodectl { munge = true }'
	sed -i 's/^planned.*/planned = 6/' worker.conf
	mk --profile ./master.conf --quiet
	mk --profile ./worker.conf --node 3 --quiet
	root_cat out/master.img /etc/cardstock/nodectl.conf >plan
	"$NODECTL" import plan --registry registry
}

# visit BOARD KEY [SECOND]: what the master tells the board of that number, which comes with the key and announces
# a second one.
visit() {
	printf 'publickey %s\n' "$(cut -d' ' -f1,2 "$2")" >auth
	printf '{"version":1,"request_id":"%s","board":{"serial":"100000000000000%d"},"cid":"%032d","nics":[{"name":"eth0","mac":"dc:a6:32:00:00:0%d"}],"host_key":"%s"%s}\n' \
		"$(od -An -tx1 -N16 /dev/urandom | tr -d ' ')" "$1" "$1" "$1" \
		"$(cut -d' ' -f1,2 "board$1/etc/ssh/ssh_host_ed25519_key.pub")" \
		"${3:+,\"second_key\":\"$(cut -d' ' -f1,2 "$3")\"}" |
		SSH_USER_AUTH=$PWD/auth "$NODECTL" register --registry registry
}

# The board of that number has the image in and registers: with the key of its card, then with one of its own.
first_boot() {
	local node='"result":"accepted","name":"worker00'$1'","address":"10.0.0.1'$1'/24"'
	unpack "$2" "board$1"
	[ "$(cd "board$1/var/lib/cardstock/join" && echo -- *)" = '-- card card-cert.pub' ]
	ssh-keygen -q -t ed25519 -N '' -C '' -f "own$1"
	[[ $(visit "$1" "board$1/var/lib/cardstock/join/card-cert.pub" "own$1.pub") == *"$node"* ]]
	[[ $(visit "$1" "own$1.pub") == *"$node"* ]]
}

# What the first boot leaves of the keys, on the card.
keep_own_key() {
	debugfs -w -f - "$1?offset=$(offset_of "$1" 2)" >/dev/null 2>&1 <<-END
		cd /var/lib/cardstock/join
		rm card
		rm card-cert.pub
		write own3 own
		write own3.pub own.pub
		write plan reply
	END
	[ "$(root_cat "$1" /var/lib/cardstock/join/own)" = "$(cat own3)" ]
}

@test "clones register under their own names, and their source is known as before" {
	make_cluster
	mv out/worker003.img card.img
	first_boot 3 card.img
	keep_own_key card.img
	mk clone card.img -n 2 --profile ./worker.conf --quiet
	first_boot 4 out/worker004.img
	first_boot 5 out/worker005.img
	[[ $(visit 3 own3.pub) == *'"result":"accepted","name":"worker003"'* ]]
	run -0 "$NODECTL" status --registry registry
	[[ $output != *ALARM* ]]
	[ "$(grep -c '^worker00[345]  *ready ' <<<"$output")" = 3 ]
}

@test "a copy of the card by dd is none: its board is shut out, and the node is not touched" {
	make_cluster
	first_boot 3 out/worker003.img
	cp -R board3 board4
	[[ $(visit 4 own3.pub) == *'"result":"quarantined"'* ]]
	run "$NODECTL" status --registry registry
	[[ $output == *ALARM* ]]
	[ "$(grep -c '^worker003  *ready ' <<<"$output")" = 1 ]
}
