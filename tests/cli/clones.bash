# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: the card of worker003, and clones of it.
# shellcheck shell=bash
# shellcheck disable=SC2034,SC2119,SC2120 # set for, and called with arguments by, the tests that load it

OLD_MACHINE_ID=8f14e45fceea167a5a36dedd4bea2543

# Loop devices and mounts go, whatever a test ended with.
LOOPS=()
teardown() {
	! mountpoint -q "$WORK/mnt" || umount "$WORK/mnt"
	unloop
	finish_work
}

# put IMAGE PATH CONTENT: a file of the root that a running system wrote.
put() {
	local dir=${2%/*} at commands=''
	at=$(offset_of "$1" 2)
	printf '%s\n' "$3" >put.txt
	# Of a directory that is there already, debugfs says so, and has written an inode of another one.
	while [[ -n $dir && $(debugfs -R "stat $dir" "$1?offset=$at" 2>&1) == *'File not found'* ]]; do
		commands=$'mkdir '"$dir"$'\n'$commands
		dir=${dir%/*}
	done
	debugfs -w -f - "$1?offset=$at" <<<"${commands}rm $2"$'\n'"write put.txt $2" >/dev/null 2>&1
	[ "$(root_cat "$1" "$2")" = "$3" ]
}

# The image of worker003; with "used", as its card is after weeks.
make_card() {
	mk --profile ./worker.conf -n 3 --quiet >/dev/null
	mv out/worker003.img card.img
	rm -r out
	[ "${1:-}" = used ] || return 0
	put card.img /etc/machine-id $OLD_MACHINE_ID
	put card.img /var/lib/dbus/machine-id $OLD_MACHINE_ID
	put card.img /var/lib/systemd/random-seed seed-of-worker003
	put card.img /var/lib/dhcp/dhclient.eth0.leases 'lease { fixed-address 10.0.0.13; }'
	put card.img /etc/dhcpcd.duid 00:01:00:01:29:aa
	put card.img /var/lib/dhcpcd/eth0.lease lease-of-worker003
	put card.img /var/lib/NetworkManager/secret_key nm-secret
	put card.img /var/lib/cardstock/firstboot.state 'step of worker003'
	put card.img /var/lib/cardstock/packages/tool.deb 'a package of the card'
	put card.img /etc/ssh/ssh_host_rsa_key 'rsa of worker003'
	put card.img /var/log/syslog 'worker003 kernel: hello'
	put card.img /var/log/app/today.log 'worker003 app: hello'
	put card.img /root/.bash_history 'ssh worker003'
	put card.img /etc/app.conf 'server = worker003'
	put card.img /etc/app.key '-----BEGIN PRIVATE KEY-----'
	put card.img /home/ops/data 'data of a user, who may write worker003'
	echo '{"hostname":"worker003"}' >report
	mcopy -i "card.img@@$(offset_of card.img 1)" report ::cardstock-report.json
	cp --sparse=always card.img before.img
}

clone() {
	mk clone --profile ./worker.conf "$@"
}

# All values that tell boards apart, a line each.
identity_of() {
	root_cat "$1" /etc/hostname
	root_cat "$1" /etc/ssh/ssh_host_ed25519_key.pub | cut -d' ' -f2
	root_cat "$1" /etc/systemd/network/0-cardstock-eth0.network | sed -n '/^Address=/p'
	sfdisk --disk-id "$1"
	for n in 1 2; do blkid -p -O "$(offset_of "$1" $n)" -s UUID -o value "$1"; done
}

# A card that has room behind its root: sets end, in MiB.
make_card_with_room() {
	make_card
	end=$(($(stat -c %s card.img) >> 20))
	truncate -s +32M card.img
}

# find_bad PATH N: sets bad, a byte of block N of this file of card.img.
find_bad() {
	local blocks size at
	at=$(offset_of card.img 2)
	size=$(superblock "card.img?offset=$at" | sed -n 's/^Block size: *//p')
	read -ra blocks < <(debugfs -R "blocks $1" "card.img?offset=$at" 2>/dev/null)
	bad=$((at + blocks[$2] * size + 10))
}

# The paths of the root, partition number 3 of the table where that is given, that two images do not have alike.
changed() {
	local from=$1 to=$2 at
	rm -rf was is
	mkdir was is
	at=$(offset_of "$from" "${3:-2}")
	debugfs -R 'rdump / was' "$from?offset=$at" >/dev/null 2>&1
	at=$(offset_of "$to" "${3:-2}")
	debugfs -R 'rdump / is' "$to?offset=$at" >/dev/null 2>&1
	[ -e was/etc/fstab ] && [ -e is/etc/fstab ] || { echo "cannot read the root of $from or $to"; return 1; }
	diff -rq --no-dereference was is | sed 's/^Files was\(.*\) and is.* differ$/\1/; s/^Only in \(was\|is\)\(.*\): \(.*\)$/\2\/\3/' | sort
}

# planned SRC: and those that `plan` says are changed in the root of a clone.
planned() {
	mk plan --clone "$1" --profile ./worker.conf --node 4 --json |
		python3 -c 'import json, sys; [print(c["path"]) for c in json.load(sys.stdin)["nodes"][0]["changes"]]' |
		grep -v '^/boot/firmware/' | sort
}
