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

# search IMAGE VALUE…: the lines of the image that have one of the values, as text or as the bytes of an id.
search() {
	python3 - "$@" <<-'END'
		import mmap, re, sys
		with open(sys.argv[1], "rb") as f:
		    image = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
		for value in sys.argv[2:]:
		    forms = [value.encode()]
		    digits = value.replace("-", "")
		    if re.fullmatch("[0-9a-fA-F]{8}|[0-9a-f]{32}", digits):
		        forms += [bytes.fromhex(digits), bytes.fromhex(digits)[::-1]]
		    for form in forms:
		        at = -1
		        while (at := image.find(form, at + 1)) >= 0:
		            begin, end = image.rfind(b"\n", 0, at) + 1, image.find(b"\n", at)
		            print(image[max(begin, at - 200):min(end, at + 200)])
	END
}

# find_bad PATH N: sets bad, a byte of block N of this file of card.img.
find_bad() {
	local blocks
	read -ra blocks < <(debugfs -R "blocks $1" "card.img?offset=$(offset_of card.img 2)" 2>/dev/null)
	bad=$(($(offset_of card.img 2) + blocks[$2] * 4096 + 10))
}
