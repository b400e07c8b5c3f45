#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# What is written for each network stack, judged by that stack's own tools.
load helper
load packages

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

nm_profile() {
	root_cat out/worker001.img "/etc/NetworkManager/system-connections/cardstock-$1.nmconnection"
}

# netplan's generator on the image's file: what networkd would read.
generate() {
	mkdir -p tree/etc/netplan
	root_cat out/worker001.img "/etc/netplan/90-cardstock-$1.yaml" >"tree/etc/netplan/90-cardstock-$1.yaml"
	chmod 600 tree/etc/netplan/*
	netplan generate --root-dir "$PWD/tree"
}

@test "nmcli accepts the wired profile, and it is never the default route" {
	need_packages libnm0 network-manager
	starts NetworkManager.service
	with_network 'wired { interface = "eth0" dns = {"10.0.0.1"} }'
	nm_profile wired | nmcli --offline connection modify connection.autoconnect yes >wired.txt
	grep -q '^address1=10.0.0.11/24$' wired.txt
	grep -q '^never-default=true$' wired.txt
	grep -q '^dns=10.0.0.1;$' wired.txt
}

@test "nmcli accepts patterns and a gateway" {
	need_packages libnm0 network-manager
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
	generate wired
	grep -qx 'Address=10.0.0.11/24' tree/run/systemd/network/10-netplan-0-cardstock-eth0.network
	grep -qx 'RequiredForOnline=no' tree/run/systemd/network/10-netplan-0-cardstock-eth0.network
	grep -qx 'IPv6AcceptRA=no' tree/run/systemd/network/10-netplan-0-cardstock-eth0.network
	grep -qx 'Name=en\*' tree/run/systemd/network/10-netplan-0-cardstock1.network
	run ! grep -r Gateway tree/run/systemd/network
}

@test "networkd takes ours before what the image's own netplan file says" {
	local file first=
	brings /usr/lib/systemd/system-generators/netplan <<<ELF
	brings /etc/netplan/10-dhcp-all-interfaces.yaml <<-'END'
		network:
		  version: 2
		  renderer: networkd
		  ethernets:
		    all-eth-interfaces:
		      match:
		        name: "e*"
		      dhcp4: yes
		    00-all:
		      match:
		        name: "et*"
		      dhcp4: yes
		    eth0:
		      dhcp4: yes
	END
	with_network 'wired { interface = "eth0" }'
	mkdir -p tree/etc/netplan
	cp overlays/stack/root/etc/netplan/* tree/etc/netplan
	generate wired
	[ "$(grep -lr '^DHCP=' tree/run/systemd/network | wc -l)" = 3 ]
	for file in $(cd tree/run/systemd/network && printf '%s\n' *.network | LC_ALL=C sort); do
		# shellcheck disable=SC2053 # the file has a pattern
		[[ eth0 == $(sed -n 's/^Name=//p' "tree/run/systemd/network/$file") ]] || continue
		first=tree/run/systemd/network/$file
		break
	done
	grep -qx 'Address=10.0.0.11/24' "$first"
	run ! grep -q '^DHCP=' "$first"
}

@test "ifquery reads our stanza, and only ours" {
	need_packages ifupdown
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

# The wifi with a key that another program derives, too.
wifi() {
	brings /usr/sbin/wpa_supplicant <<<ELF
	brings /usr/lib/systemd/system/wpa_supplicant@.service <<<'[Service]'
	key=$(wpa_passphrase 'work "shop" #1' 'correct horse' | sed -n 's/^\tpsk=//p')
	[ "${#key}" = 64 ]
}

# wpa_supplicant reads its settings first and then complains that there is no such interface.
assert_wpa_supplicant_reads() {
	local said
	said=$(wpa_supplicant -c "$1" -i none0 -D wired 2>&1) || true
	[[ $said != *'Line '* && $said != *'Failed to read'* && $said == *none0* ]] || { echo "$said" >&2; return 1; }
}

@test "wpa_supplicant reads our settings, with the key that wpa_passphrase derives" {
	wifi
	with_network 'wifi { ssid = "work \"shop\" #1" psk = "correct horse" country = "DE" hidden = true }'
	root_cat out/worker001.img /etc/wpa_supplicant/wpa_supplicant-wlan0.conf >wpa.conf
	grep -q "psk=$key" wpa.conf
	assert_wpa_supplicant_reads wpa.conf
}

@test "wpa_supplicant reads a passphrase of WPA3 with quotes and signs" {
	wifi
	with_network 'wifi { ssid = "x" psk = "a\"b \\ # \" #" security = "wpa2+wpa3" }'
	root_cat out/worker001.img /etc/wpa_supplicant/wpa_supplicant-wlan0.conf >wpa.conf
	assert_wpa_supplicant_reads wpa.conf
}

@test "nmcli accepts the wifi's profile, whatever is in SSID and passphrase" {
	need_packages libnm0 network-manager
	starts NetworkManager.service
	wifi
	with_network 'wifi { ssid = "work \"shop\" #1" psk = " a\\b;c d " security = wpa3 hidden = true }'
	nm_profile wifi | nmcli --offline connection modify connection.autoconnect yes >wifi.txt
	grep -qxF 'ssid=work "shop" #1' wifi.txt
	grep -qxF 'psk=\sa\\b;c d ' wifi.txt
	grep -qx 'key-mgmt=sae' wifi.txt
	grep -qx 'route-metric=100' wifi.txt
	sed -i 's/^wifi .*/wifi { ssid = "hex:00ff3b" security = open }/' worker.conf
	mk --profile ./worker.conf
	nm_profile wifi | nmcli --offline connection modify connection.autoconnect yes >wifi.txt
	grep -qxF 'ssid=0;255;59;' wifi.txt
}

@test "netplan makes settings for wpa_supplicant of ours" {
	wifi
	brings /usr/lib/systemd/system-generators/netplan <<<ELF
	with_network 'wifi { ssid = "work \"shop\" #1" psk = "correct horse" hidden = true }'
	generate wifi
	grep -q "psk=$key" tree/run/netplan/wpa-wlan0.conf
	assert_wpa_supplicant_reads tree/run/netplan/wpa-wlan0.conf
	grep -qx 'RouteMetric=100' tree/run/systemd/network/10-netplan-wlan0.network
	grep -qx 'RequiredForOnline=no' tree/run/systemd/network/10-netplan-wlan0.network
}

@test "the passphrase is in no output" {
	wifi
	with_network 'wifi { ssid = "x" psk = "correct horse" security = wpa3 }'
	mk plan --profile ./worker.conf >plan.txt
	grep -q '/etc/wpa_supplicant/wpa_supplicant-wlan0.conf' plan.txt
	run ! grep -q 'correct horse' plan.txt
}
