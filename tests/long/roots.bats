#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Roots of real packages, with the network stacks of the stock images: where tests/cli/stock.bats has
# stand-ins of a few files, these have everything that Debian installs.
load ../cli/helper
load ../cli/stock

setup_file() {
	export STOCK=$BATS_FILE_TMPDIR XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache
}

# real SUITE PACKAGE…: a Debian root with these packages goes through the whole run.
real() {
	local suite=$1 packages=sudo,openssh-server,nfs-common,nfs-kernel-server,systemd-sysv,dbus,wpasupplicant,systemd-timesyncd
	shift
	packages+=$(printf ',%s' "$@")
	# shellcheck disable=SC2016 # for mmdebstrap
	mmdebstrap --mode=root --variant=apt --aptopt='APT::Install-Recommends "false"' --include="$packages" \
		--customize-hook='chroot "$1" useradd --create-home --shell /bin/bash --uid 1000 pi' \
		"$suite" "$STOCK/root.tar" http://deb.debian.org/debian >&2
	mk base -q "$STOCK/root.tar" -o "$STOCK/real.img"
	whole_run real
}

@test "Debian 12 with NetworkManager, as on Raspberry Pi OS bookworm" {
	real bookworm network-manager
}

@test "Debian 13 with netplan, NetworkManager and cloud-init, as on Raspberry Pi OS trixie" {
	real trixie network-manager netplan.io cloud-init
}

@test "Debian 12 with dhcpcd, as on Raspberry Pi OS before bookworm" {
	real bookworm dhcpcd
}

@test "Debian 13 with netplan, networkd and cloud-init, as on Ubuntu" {
	real trixie netplan.io cloud-init
}

@test "Debian 12 with ifupdown, as on Debian for the Raspberry Pi" {
	real bookworm ifupdown isc-dhcp-client
}
