#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The section `nodectl`: images of a master and its workers, whose card the master's nodectl takes.
load helper
load stock

NODECTL=$ROOT/${BUILD:-build}/nodectl

setup_file() {
	export STOCK=$BATS_FILE_TMPDIR XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache CARDSTOCK_PROFILES=$ROOT/profiles
}

# What nodectl, that of this machine, tells a board with the card of the unpacked image in $1.
register() {
	printf 'publickey %s\n' "$(cut -d' ' -f1,2 "$1/var/lib/cardstock/join/card-cert.pub")" >auth
	printf '{"version":1,"request_id":"%032x","board":{"serial":"%s"},"nics":[{"name":"eth0","mac":"dc:a6:32:00:00:01"}],"host_key":"%s"}\n' \
		"$2" "$3" "$(cut -d' ' -f1,2 "$1/etc/ssh/ssh_host_ed25519_key.pub")" |
		SSH_USER_AUTH=$PWD/auth "$NODECTL" register --registry registry
}

@test "the master's image has a registry that takes the cards of the workers' images" {
	use_master debian-raspi 'nodectl { munge = true }'
	mk --profile ./master.conf --quiet
	mk --profile ./worker.conf -n 2 --quiet
	mk verify --profile ./master.conf out/master.img
	mk verify --profile ./worker.conf out/worker002.img
	unpack out/master.img master
	unpack out/worker002.img worker
	cmp master/usr/bin/nodectl "$ROOT/build/board/arm64/nodectl"
	lexgrog master/usr/share/man/man8/{nodectl,firstboot}.8.gz
	cmp {master/usr,"$ROOT/overlays/nodectl/root/usr"}/share/bash-completion/completions/nodectl
	"$NODECTL" import master/etc/cardstock/nodectl.conf --registry registry
	ssh-keygen -L -f worker/var/lib/cardstock/join/card-cert.pub |
		grep -qF "$(ssh-keygen -l -f master/etc/cardstock/enrol-ca.pub | cut -d' ' -f2)"
	[[ $(register worker 1 abcd) == *'"result":"accepted","name":"worker002","address":"10.0.0.12/24"'* ]]
	grep -qx "register = cardstock@10.0.0.1:2222" worker/etc/cardstock/firstboot.conf
	grep -qxF "host-ca = $(cut -d' ' -f1,2 cluster/keys/host-ca.pub)" worker/etc/cardstock/firstboot.conf
}

@test "no secret of a card is in the image of another node, in the plan, or in the role's image" {
	use_master debian-raspi 'nodectl { munge = true }'
	mk --profile ./worker.conf -n 2 --quiet
	mk plan --profile ./worker.conf -n 2 --json >plan.json
	unpack out/worker001.img one
	unpack out/worker002.img two
	secret=$(sed -n 3p two/var/lib/cardstock/join/card)
	[ "${#secret}" = 70 ]
	grep -qF "$secret" out/worker002.img
	absent "$secret" out/worker001.img
	absent "$secret" plan.json
	secret=$(sed -n 7p cluster/keys/enrol-ca) # of an ECDSA key; what is before is public
	[ "${#secret}" = 70 ]
	absent "$secret" out/worker002.img
}

@test "a second build gives the same bytes, and nothing is left to plan on it" {
	use_master debian-raspi 'nodectl { munge = true }'
	mk --profile ./master.conf --quiet
	mk --profile ./worker.conf --quiet
	mk --profile ./master.conf --quiet -o again
	mk --profile ./worker.conf --quiet -o again
	cmp out/master.img again/master.img
	cmp out/worker001.img again/worker001.img
	for profile in master worker001; do
		sed "s|^base = .*|base = \"./out/$profile.img\"|" "${profile%001}.conf" >again.conf
		mk plan --profile ./again.conf --json >again.json
		python3 -c 'import json; p=json.load(open("again.json")); assert not p["changes"] + p["nodes"][0]["changes"], p'
	done
}

@test "a new card for the same node is taken in place of the former one" {
	use_master debian-raspi 'nodectl { munge = true }'
	mk --profile ./master.conf --quiet
	mk --profile ./worker.conf --quiet
	unpack out/master.img master
	unpack out/worker001.img first
	"$NODECTL" import master/etc/cardstock/nodectl.conf --registry registry
	[[ $(register first 1 abcd) == *'"result":"accepted"'* ]]
	mk --profile ./worker.conf --quiet --new-card
	mk verify --profile ./worker.conf out/worker001.img
	unpack out/worker001.img second
	cmp first/etc/ssh/ssh_host_ed25519_key second/etc/ssh/ssh_host_ed25519_key && return 1
	ssh-keygen -L -f second/etc/ssh/ssh_host_ed25519_key-cert.pub |
		grep -qF "$(ssh-keygen -l -f second/etc/ssh/ssh_host_ed25519_key.pub | cut -d' ' -f2)"
	[[ $(register second 2 abcd) == *'"result":"accepted","name":"worker001"'* ]]
	[[ $(register first 3 abcd) == *'"result":"quarantined"'* ]]
}

@test "plan shows the registry and writes nothing, not even keys" {
	use_master debian-raspi 'nodectl { munge = true }'
	mk plan --profile ./master.conf >plan.txt
	grep -q '/etc/cardstock/nodectl.conf' plan.txt
	grep -qF 'node = worker 4 worker004 10.0.0.14/24' plan.txt
	[ ! -e cluster ]
}
