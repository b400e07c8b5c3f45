#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mkimage --generic: one image for any number of boards that nobody planned.
load helper
load stock

FIRSTBOOT=$ROOT/${BUILD:-build}/firstboot

setup_file() {
	export STOCK=$BATS_FILE_TMPDIR XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache CARDSTOCK_PROFILES=$ROOT/profiles
}

generic() {
	mk "$@" --profile ./worker.conf --generic
}

# What the master tells the board whose root is the directory $1 when it accepted it.
accept() {
	printf '{"version":1,"result":"accepted","name":"%s","address":"%s"}\n' "$2" "$3" >"$1/var/lib/cardstock/join/reply"
	"$FIRSTBOOT" place --root "$1"
}

@test "the image is nobody's in particular, and the same in every run" {
	use_master debian-raspi 'nodectl { join = worker }'
	[ "$(generic --quiet)" = out/worker-join.img ]
	generic --quiet -o again
	cmp out/worker-join.img again/worker-join.img
	assert_clean out/worker-join.img
	[ ! -e cluster/ledger ]
	unpack out/worker-join.img tree
	[ -z "$(find tree/etc/ssh -name 'ssh_host_*')" ]
	[ ! -s tree/etc/machine-id ]
	absent hostname tree/etc/cardstock/firstboot.conf
	absent address tree/etc/cardstock/firstboot.conf
	grep -qx 'register = cardstock@10.0.0.1:2222' tree/etc/cardstock/firstboot.conf
	ssh-keygen -L -f tree/var/lib/cardstock/join/card-cert.pub >listed
	grep -q 'Key ID: "join worker"' listed
	grep -q 'Serial: 1$' listed
	[ "$(stat -c %a tree/var/lib/cardstock/join/card)" = 400 ]
}

@test "plan shows it and writes nothing; verify and inspect know it by its host name" {
	use_master debian-raspi 'nodectl { join = worker }'
	generic plan >plan.txt
	grep -q '== hostname worker-join ==' plan.txt
	grep -q 'note: .*the network of the master needs a DHCP server' plan.txt
	grep -q '‹secret›' plan.txt
	[ ! -e cluster ]
	generic --quiet
	generic plan --json | python3 -c 'import json, sys
card = [c for c in json.load(sys.stdin)["nodes"][0]["changes"] if c["path"].endswith("/join/card")]
assert len(card) == 1 and card[0]["secret"] and "diff" not in card[0], card'
	mk verify --profile ./worker.conf out/worker-join.img | grep -q 'wants worker-join'
	generic verify out/worker-join.img
	[[ $(mk inspect out/worker-join.img) == *'hostname      "worker-join"'* ]]
	sed 's|^base = .*|base = "./out/worker-join.img"|' worker.conf >again.conf
	mk plan --profile ./again.conf --generic --json | python3 -c 'import json, sys
p = json.load(sys.stdin); assert not p["changes"] + p["nodes"][0]["changes"], p'
}

@test "a changed card is what verify finds" {
	use_master debian-raspi 'nodectl { join = worker }'
	generic --quiet
	generic --quiet --new-card -o other
	assert_fails 6 /var/lib/cardstock/join/card mk verify --profile ./worker.conf out/worker-join.img
	unpack other/worker-join.img tree
	ssh-keygen -L -f tree/var/lib/cardstock/join/card-cert.pub | grep -q 'Serial: 2$'
	mk verify --profile ./worker.conf other/worker-join.img
}

@test "without join = worker at the master there is no such image" {
	use_master debian-raspi 'nodectl { join = worker }'
	sed -i 's/^nodectl.*/nodectl { }/' master.conf
	assert_fails 3 "master.conf:7: --generic: the master turns away boards that nobody planned as 'worker'; write nodectl { join = worker } here" \
		generic
	sed -i '/^nodectl/d' master.conf
	assert_fails 3 "write nodectl { join = worker } in the profile of the master" generic
	[ ! -e out ]
}

@test "it is one image: no node's number goes with it" {
	use_master debian-raspi 'nodectl { join = worker }'
	assert_fails 2 "--generic and -n contradict each other" generic -n 2
	assert_fails 2 "--generic and --node contradict each other" generic --node 2
	assert_fails 2 "--generic and --clone contradict each other" generic plan --clone base.img
	assert_fails 2 "--node contradict" generic verify --node 2 base.img
	assert_fails 2 "--generic is for images that are made on the way" mk write --generic base.img card
}

@test "write makes it on its way to as many cards as are given" {
	use_master debian-raspi 'nodectl { join = worker }'
	truncate -s 300M one two
	generic write --force one --force two --no-eject --quiet one two
	generic --quiet
	for card in one two; do
		cmp -n "$(stat -c %s out/worker-join.img)" "$card" out/worker-join.img
	done
}

# What a board becomes is what a card of that node has.
in_place_of_planned() {
	local file
	use_master "$1" 'nodectl { join = worker }'
	generic --quiet
	mk --profile ./worker.conf --node 3 --quiet
	unpack out/worker-join.img tree
	unpack out/worker003.img planned
	absent 10.0.0.13 "tree$2"
	accept tree worker003 10.0.0.13/24
	for file in /etc/hostname /etc/hosts "$2"; do
		diff "planned$file" "tree$file"
		[ "$(stat -c %a "planned$file")" = "$(stat -c %a "tree$file")" ]
	done
}

@test "a board that was told its place has the files of that node: ifupdown" {
	in_place_of_planned debian-raspi /etc/network/interfaces
}

@test "a board that was told its place has the files of that node: NetworkManager" {
	in_place_of_planned raspios-bookworm-arm64 /etc/NetworkManager/system-connections/cardstock-wired.nmconnection
}

@test "a board that was told its place has the files of that node: netplan" {
	in_place_of_planned ubuntu-24.04-raspi /etc/netplan/90-cardstock-wired.yaml
}

@test "a board that was told its place has the files of that node: dhcpcd" {
	in_place_of_planned raspios-legacy-armhf /etc/dhcpcd.conf
}
