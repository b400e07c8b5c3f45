# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: one system ($STOCK/NAME.img) is planned, built and verified, and other people's tools look
# at the result.  The profile is tests/fixtures/stock/worker.conf.
# shellcheck shell=bash

load ../cli/packages

setup() {
	WORK=$BATS_TEST_TMPDIR/work
	mkdir -p "$WORK/overlay/root/etc/stock"
	cd "$WORK" || return 1
	cp "$ROOT/tests/fixtures/stock/worker.conf" .
	echo 'of ${hostname}' >overlay/root/etc/stock/note
	echo '/etc/stock/note 0640 root root template' >overlay/attrs
}

# This system is the base of the profile.
use() {
	ln -sf "$STOCK/$1.img" base.img
}

# use_master SYSTEM LINE: profiles of a master that has this line, and of workers, both from this system.
use_master() {
	[ -e "$STOCK/$1.img" ] || "$ROOT/tests/fixtures/make-stock" "$1" "$STOCK/$1.img"
	use "$1"
	sed -i -e 's|^members = .*|members = {"./master.conf", "./worker.conf"}|' -e '/^share/d' worker.conf
	cat >master.conf <<-END
		role = master
		cluster = "stock"
		base = "./base.img"
		members = {"./master.conf", "./worker.conf"}
		hostname = "master"
		address = "10.0.0.1/24"
		$2
		firstboot = true
		user "pi" { rename-to = "ops" }
		user "ops" { uid = 2000 operator = true }
	END
}

# Change the profile: a key's line is replaced, or added.
set_key() {
	sed -i "/^$1[ =]/d" worker.conf
	echo "$1 = $2" >>worker.conf
}

without() {
	sed -i -E "/^$1[ =]/d" worker.conf
}

# Plan, build two nodes, verify both, plan on the result, build again.
build_and_verify() {
	use "$1"
	mk plan --profile ./worker.conf >plan.txt
	[ ! -e out ]
	mk --profile ./worker.conf -n 2 --quiet
	for n in 1 2; do
		mk verify --profile ./worker.conf out/worker00$n.img
		assert_clean out/worker00$n.img
	done
	assert_nothing_left_to_plan
}

assert_nothing_left_to_plan() {
	sed 's|^base = .*|base = "./out/worker001.img"|' worker.conf >again.conf
	mk plan --profile ./again.conf --json >again.json
	python3 -c 'import json; p=json.load(open("again.json")); assert not p["changes"] + p["nodes"][0]["changes"], p'
}

assert_same_again() {
	mk --profile ./worker.conf -n 2 --quiet -o again
	cmp out/worker001.img again/worker001.img
	cmp out/worker002.img again/worker002.img
}

# The files of image $1 in directory $2, by debugfs and mtools, or by the kernel where they cannot.
unpack() {
	local type at place
	mkdir "$2"
	while read -r type at place; do
		case $type in
		ext*) debugfs -R "rdump / $2$place" "$1?offset=$at" 2>/dev/null ;;
		vfat) mcopy -s -i "$1@@$at" :: "$2$place" ;;
		btrfs | xfs) unshare --mount sh -c 'mount -o "ro,loop,offset=$1" "$2" /mnt && cd /mnt && { [ -d etc ] || cd root; } && cp -a . "$3"' \
			sh "$at" "$PWD/$1" "$PWD/$2" ;;
		esac
	done < <(mounts_of "$1")
}

# "TYPE OFFSET PLACE" of the root file system, then of the boot partition.
mounts_of() {
	mk inspect --json "$1" | python3 -c 'import json, sys
o = json.load(sys.stdin)
for role, place in [("root", "/"), ("boot", o["boot_at"])]:
    for p in o["partitions"]:
        if p["role"] == role:
            print(p["type"], p["start"], place)'
}

# A program of this machine with the image's files around it: its /etc, our /usr.
inside() {
	local tree=$1 map=()
	shift
	[ "$(id -u)" = 0 ] || map=(--map-root-user)
	# shellcheck disable=SC2016 # for the inner shell
	unshare "${map[@]}" --mount sh -euc '
		tree=$1; shift
		mkdir -p "$tree/run/sshd" "$tree/proc" "$tree/dev"
		mount --rbind /proc "$tree/proc"
		mount --rbind /dev "$tree/dev"
		for dir in usr bin sbin lib lib64; do
			[ -e "/$dir" ] || continue
			mkdir -p "$tree/$dir"
			[ -L "$tree/$dir" ] || mount --bind "/$dir" "$tree/$dir"
		done
		exec chroot "$tree" env PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"' sh "$PWD/$tree" "$@"
}

# What pwck and grpck find fault with; stand-ins and directories that only installed packages make do not count.
account_faults() {
	{ inside "$1" pwck -r; inside "$1" grpck -r; } 2>&1 | grep -v -e 'does not exist$' -e 'no changes$' || :
}

# Other people's tools read what the image of node $1 now has.
look_at() {
	local image=out/$1.img tree=$1.tree unit
	unpack "$image" "$tree"
	[ -z "$(account_faults "$tree")" ] || { account_faults "$tree" >&2; return 1; }
	[ ! -e "$tree/etc/sudoers" ] || inside "$tree" visudo -c >&2
	assert_sshd_good "$tree"
	ssh-keygen -L -f "$tree/etc/ssh/ssh_host_ed25519_key-cert.pub" | grep -q "$1"
	assert_fstab_good "$tree"
	touched_units "$tree" >units
	for unit in $(<units); do
		systemd-analyze verify --man=no --root="$PWD/$tree" "$unit" >&2
	done
	[ ! -e "$tree/usr/sbin/netplan" ] || netplan generate --root-dir "$PWD/$tree" >&2
	[ "$(cat "$tree/etc/stock/note")" = "of $1" ]
	[ -z "$(find "$tree/var/lib/systemd/rfkill" -name '*:wlan' -exec grep -lx 1 {} + 2>/dev/null)" ]
	[ ! -e "$tree/usr/sbin/NetworkManager" ] || assert_nmcli_reads "$tree"
}

# sshd starts at boot, with the node's signed key and no other; no password lets anybody in.
assert_sshd_good() {
	local key=/etc/ssh/ssh_host_ed25519_key
	inside "$1" sshd -t >&2
	inside "$1" sshd -T >sshd.txt
	grep -qx "hostcertificate $key-cert.pub" sshd.txt
	grep -qx "hostkey $key" sshd.txt
	[ "$(ls "$1"/etc/ssh/ssh_host_*)" = "$(printf '%s\n' "$1$key" "$1$key-cert.pub" "$1$key.pub")" ]
	grep -qx 'passwordauthentication no' sshd.txt
	grep -qx 'kbdinteractiveauthentication no' sshd.txt
	[ ! -d "$1/usr/lib/systemd/system" ] || any_enabled "$1" ssh.service ssh.socket sshd.service
}

# any_enabled TREE UNIT…: one of them starts at boot.
any_enabled() {
	local tree=$1 unit
	shift
	for unit; do
		[ "$(systemctl --root="$PWD/$tree" is-enabled "$unit" 2>/dev/null)" != enabled ] || return 0
	done
	echo "none of $* is enabled" >&2
	return 1
}

# Keyfiles of NetworkManager, by a program that is not installed.
assert_nmcli_reads() {
	local file
	need_packages libnm0 network-manager
	for file in "$1"/etc/NetworkManager/system-connections/cardstock-*.nmconnection; do
		nmcli --offline connection modify connection.autoconnect yes <"$file" >nmcli.txt
		grep -q '^uuid=' nmcli.txt
	done
}

# findmnt finds no fault but that the partitions of the image are none of this machine.
assert_fstab_good() {
	inside "$1" findmnt --verify --tab-file /etc/fstab >findmnt.txt 2>&1 || :
	grep -q '0 parse errors' findmnt.txt
	! grep -F '[E]' findmnt.txt | grep -v 'unreachable on boot required source' >&2
}

# Units in directory $1 that the build added, enabled or gave a drop-in, those of both nodes.
touched_units() {
	mk plan --profile ./worker.conf -n 2 --json | python3 -c 'import json, os, sys
plan, tree, units = json.load(sys.stdin), sys.argv[1], set()
for path in (c["path"] for part in [plan] + plan["nodes"] for c in part["changes"]):
    parent, name = os.path.split(path)
    if not path.startswith("/etc/systemd/system/") or os.path.isdir(tree + path) or not os.path.lexists(tree + path):
        continue
    if not os.path.islink(tree + path) or os.readlink(tree + path) != "/dev/null":
        units.add(os.path.basename(parent)[:-2] if parent.endswith(".d") else name)
# What the board makes of fstab at boot is not there yet.
print(*sorted(u for u in units if not u.endswith(".mount")))' "$1"
}

whole_run() {
	build_and_verify "$1"
	assert_same_again
	look_at worker001
	look_at worker002
}
