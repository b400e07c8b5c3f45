#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Systems that people download (tests/fixtures/stock): each is planned, built and verified, other
# people's tools look at the result, and a second build gives the same bytes.
load helper

# The images, made once a file.
setup_file() {
	export STOCK=$BATS_FILE_TMPDIR/stock XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
	mkdir -p "$STOCK"
	chmod 755 "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	"$ROOT/tests/fixtures/make-stock" --list |
		xargs -P "$(nproc)" -I{} "$ROOT/tests/fixtures/make-stock" {} "$STOCK/{}.img"
}

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
	inside "$tree" sshd -t >&2
	ssh-keygen -L -f "$tree/etc/ssh/ssh_host_ed25519_key-cert.pub" | grep -q "$1"
	assert_fstab_good "$tree"
	touched_units "$tree" >units
	for unit in $(<units); do
		systemd-analyze verify --root="$PWD/$tree" "$unit" >&2
	done
	[ ! -e "$tree/usr/sbin/netplan" ] || netplan generate --root-dir "$PWD/$tree" >&2
	[ "$(cat "$tree/etc/stock/note")" = "of $1" ]
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
print(*sorted(units))' "$1"
}

whole_run() {
	build_and_verify "$1"
	assert_same_again
	look_at worker001
	look_at worker002
}

@test "Raspberry Pi OS bookworm, 64 bit with desktop" { whole_run raspios-bookworm-arm64; }

@test "Raspberry Pi OS bookworm, 32 bit" { whole_run raspios-bookworm-armhf; }

@test "Raspberry Pi OS trixie" { whole_run raspios-trixie-arm64; }

@test "Raspberry Pi OS legacy" { whole_run raspios-legacy-armhf; }

@test "Ubuntu 22.04 for the Raspberry Pi" { whole_run ubuntu-22.04-raspi; }

@test "Ubuntu 24.04 for the Raspberry Pi" { whole_run ubuntu-24.04-raspi; }

@test "Debian for the Raspberry Pi" { whole_run debian-raspi; }

@test "Armbian" { whole_run armbian; }

@test "Arch Linux ARM, a tarball" { whole_run archlinuxarm; }

@test "Parallella, without systemd" { whole_run parallella; }

@test "Armbian: the boot loader outside of the partition is kept byte for byte" {
	use armbian
	set_key image-size '"256M"'
	mk --profile ./worker.conf --quiet
	# The disk id and the table are at 440 to 512; the partition begins at 16 MiB.
	cmp -n 440 base.img out/worker001.img
	cmp -i 512 -n $(((16 << 20) - 512)) base.img out/worker001.img
	cmp <(head -c 440 base.img) <(seq -f 'boot loader %g' 1 99 | head -c 440)
}

# The kernel dates and places what it writes: two builds need not have the same bytes.
look_at_fedora() {
	build_and_verify "fedora-$1"
	look_at worker001
	look_at worker002
	[ -e worker001.tree/.autorelabel ]
}

@test "Fedora on btrfs, by root through the kernel" {
	[ "$(id -u)" = 0 ] || skip 'needs root to mount'
	look_at_fedora btrfs
}

@test "Fedora on xfs, by root through the kernel" {
	[ "$(id -u)" = 0 ] || skip 'needs root to mount'
	look_at_fedora xfs
}

@test "Fedora as an ordinary user: only root can, and nothing is left behind" {
	as_user=()
	if [ "$(id -u)" = 0 ]; then
		chown -R nobody "$WORK" && chmod 755 "$BATS_TEST_TMPDIR"
		as_user=(setpriv --reuid=nobody --regid=nogroup --clear-groups --inh-caps=-all --bounding-set=-all --no-new-privs
			env "HOME=$WORK" "XDG_CACHE_HOME=$WORK/cache")
	fi
	for kind in btrfs xfs; do
		use fedora-$kind
		for command in plan ''; do
			assert_fails 4 "base.img: partition 3: $kind can only be opened by the kernel, and so only as root; run mkimage as root" \
				"${as_user[@]}" "$MKIMAGE" $command --profile ./worker.conf
			assert_no_output
		done
	done
}

@test "Alpine: no bash, no sudo and no systemd are said before anything is written" {
	use unknown-alpine
	assert_fails 3 "shell '/bin/bash' of user 'ops' is not a program of the image" mk --profile ./worker.conf
	sed -i '/uid =/s,{,{ shell = "/bin/sh",' worker.conf
	build_and_verify unknown-alpine
	for what in 'boot target multi-user.target' sshd 'the wired network' 'user ops gets no sudo'; do
		grep -q "note: .*$what" plan.txt || { echo "no note: $what" >&2; return 1; }
	done
}

@test "OpenWrt: a group that it lacks is refused by name" {
	use unknown-openwrt
	sed -i '/uid =/s,{,{ shell = "/bin/ash",' worker.conf
	assert_fails 3 "video" mk --profile ./worker.conf
	assert_no_output
}

@test "an empty ext4 is no system" {
	truncate -s 64M base.img
	mke2fs -q -t ext4 base.img
	assert_fails 4 'no partition has a root file system' mk plan --profile ./worker.conf
	assert_no_output
}
