#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# What is written for each network stack, judged by that stack's own tools.
load helper

# A service that starts at boot; an overlay is seen by what plans behind it.
starts() {
	local system=overlays/stack/root/usr/lib/systemd/system wants=overlays/stack/root/etc/systemd/system/multi-user.target.wants
	mkdir -p "$system" "$wants"
	echo '[Service]' >"$system/$1"
	ln -s "/usr/lib/systemd/system/$1" "$wants/$1"
}

brings() {
	mkdir -p "$(dirname "overlays/stack/root$1")"
	cat >"overlays/stack/root$1"
}

# The test's profile with other lines for the network.
with_network() {
	sed -i '/^[[:space:]]*wired/d' worker.conf
	printf '%s\n' 'overlays = {"stack"}' "$@" >>worker.conf
	mk --profile ./worker.conf
}

# Programs of a Debian package without installing it: it would take over this computer's network.
unpack() {
	local package
	mkdir -p "$BATS_FILE_TMPDIR/deb" "$BATS_FILE_TMPDIR/unpacked"
	for package; do
		(cd "$BATS_FILE_TMPDIR/deb" && apt-get download -qq "$package" 2>/dev/null) ||
			skip "the package $package cannot be downloaded"
		dpkg -x "$BATS_FILE_TMPDIR/deb/${package}"_*.deb "$BATS_FILE_TMPDIR/unpacked"
	done
	LD_LIBRARY_PATH=$(echo "$BATS_FILE_TMPDIR"/unpacked/usr/lib/*-linux-gnu*)
	export LD_LIBRARY_PATH
	PATH=$BATS_FILE_TMPDIR/unpacked/usr/bin:$BATS_FILE_TMPDIR/unpacked/usr/sbin:$BATS_FILE_TMPDIR/unpacked/sbin:$PATH
}

nm_profile() {
	root_cat out/worker001.img "/etc/NetworkManager/system-connections/cardstock-$1.nmconnection"
}

# netplan's generator on the image's file: what networkd or NetworkManager ($2) would read.
generate() {
	mkdir -p tree/etc/netplan
	root_cat out/worker001.img "/etc/netplan/90-cardstock-$1.yaml" >"tree/etc/netplan/90-cardstock-$1.yaml"
	chmod 600 tree/etc/netplan/*
	printf 'network:\n  renderer: %s\n' "$2" >tree/etc/netplan/01-stock.yaml
	netplan generate --root-dir "$PWD/tree"
}

@test "nmcli accepts the wired profile, and it is never the default route" {
	unpack libnm0 network-manager
	starts NetworkManager.service
	with_network 'wired { interface = "eth0" dns = {"10.0.0.1"} }'
	nm_profile wired | nmcli --offline connection modify connection.autoconnect yes >wired.txt
	grep -q '^address1=10.0.0.11/24$' wired.txt
	grep -q '^never-default=true$' wired.txt
	grep -q '^dns=10.0.0.1;$' wired.txt
}

@test "nmcli accepts patterns and a gateway" {
	unpack libnm0 network-manager
	starts NetworkManager.service
	with_network 'wired { interface = "eth0 en*" gateway = "10.0.0.254" }'
	nm_profile wired | nmcli --offline connection modify connection.autoconnect yes >wired.txt
	grep -q '^address1=10.0.0.11/24,10.0.0.254$' wired.txt
	grep -q '^interface-name=eth0;en\*;$' wired.txt
	grep -q '^route-metric=1000$' wired.txt
}

@test "netplan makes networkd's files of ours, without a route" {
	brings /usr/lib/systemd/system-generators/netplan <<<ELF
	with_network 'wired { interface = "eth0 en*" }'
	generate wired networkd
	grep -qx 'Address=10.0.0.11/24' tree/run/systemd/network/10-netplan-eth0.network
	grep -qx 'RequiredForOnline=no' tree/run/systemd/network/10-netplan-eth0.network
	grep -qx 'IPv6AcceptRA=no' tree/run/systemd/network/10-netplan-eth0.network
	grep -qx 'Name=en\*' tree/run/systemd/network/10-netplan-cardstock1.network
	run ! grep -r Gateway tree/run/systemd/network
}

@test "netplan makes a NetworkManager profile of ours, with the gateway" {
	brings /usr/lib/systemd/system-generators/netplan <<<ELF
	with_network 'wired { interface = "eth0" gateway = "10.0.0.254" }'
	generate wired NetworkManager
	grep -q '^address1=10.0.0.11/24' tree/run/NetworkManager/system-connections/netplan-eth0.nmconnection
	grep -q '^route1=0.0.0.0/0,10.0.0.254,1000' tree/run/NetworkManager/system-connections/netplan-eth0.nmconnection
}

@test "ifquery reads our stanza, and only ours" {
	unpack ifupdown
	starts networking.service
	ln -s /dev/null overlays/stack/root/etc/systemd/system/systemd-networkd.service
	brings /etc/network/interfaces <<-'END'
		auto lo eth0
		iface lo inet loopback
		iface eth0 inet dhcp
			metric 5
	END
	with_network 'wired { interface = "eth0" gateway = "10.0.0.254" }'
	root_cat out/worker001.img /etc/network/interfaces >interfaces
	ifquery -i interfaces eth0 >eth0.txt
	grep -qx 'address: 10.0.0.11' eth0.txt || grep -qx 'address: 10.0.0.11/24' eth0.txt
	grep -qx 'gateway: 10.0.0.254' eth0.txt
	grep -qx 'metric: 1000' eth0.txt
	[ "$(ifquery -i interfaces --list)" = lo ]
	[ "$(ifquery -i interfaces --list --allow hotplug)" = eth0 ]
	ifup --no-act -i interfaces eth0
}
