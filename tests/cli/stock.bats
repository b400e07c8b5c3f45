#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Systems that people download (tests/fixtures/stock): each is planned, built and verified, other
# people's tools look at the result, and a second build gives the same bytes.
load helper
load stock

# The images, made once a file.
setup_file() {
	export STOCK=$BATS_FILE_TMPDIR/stock XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache CARDSTOCK_PROFILES=$ROOT/profiles
	mkdir -p "$STOCK"
	chmod 755 "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	"$ROOT/tests/fixtures/make-stock" --list |
		xargs -P "$(nproc)" -I{} "$ROOT/tests/fixtures/make-stock" {} "$STOCK/{}.img"
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
	be_ordinary
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
