#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Debian 12, in check-long 13 (CARDSTOCK_BASE), with two network cards, the second of which stands for
# the wifi: routes, addresses, and a boot that waits for neither of them.  worker002's wired cable is
# pulled, worker003 finds no wifi.
load helper

# Three workers of a cluster of their own.
setup_file() {
	export CARDSTOCK_OUT=$BATS_FILE_TMPDIR/out CARDSTOCK_CLUSTER=$BATS_FILE_TMPDIR/cluster
	OUT=$CARDSTOCK_OUT CLUSTER=$CARDSTOCK_CLUSTER
	mkdir "$BATS_FILE_TMPDIR/try"
	make_overlay "$BATS_FILE_TMPDIR/overlays/job"
	cat >"$BATS_FILE_TMPDIR/worker.conf" <<-END
		include("$ROOT/profiles/worker.conf")
		members = {"$ROOT/profiles/master.conf", "./worker.conf"}
		base = "${CARDSTOCK_BASE:-debian-bookworm-amd64}"
		planned = 3
		overlays = {"common", "job"}
		enable-units = {"job.service"}
		wifi {
			interface = "eth1"
			ssid = "stand-in"
			psk = "correct horse"
			country = "DE"
		}
	END
	"$ROOT/$BUILD/mkimage" --profile "$BATS_FILE_TMPDIR/worker.conf" -n 3 --check -c "$CLUSTER" -o "$OUT"
	boot "$BATS_FILE_TMPDIR/try" worker001 worker002 worker003 -- \
		--unplug worker002:wired --unplug worker003:laptop
}

# make_overlay DIR: something that multi-user.target comes after, and that wants to be online first.
make_overlay() {
	mkdir -p "$1/root/etc/systemd/system"
	cat >"$1/root/etc/systemd/system/job.service" <<-END
		[Unit]
		Wants=network-online.target
		After=network-online.target

		[Service]
		Type=oneshot
		RemainAfterExit=yes
		ExecStart=true

		[Install]
		WantedBy=multi-user.target
	END
}

teardown_file() {
	halt
}

# over_wire NODE COMMAND…: through worker001, as a node without wifi is reached.
over_wire() {
	local node=$1
	shift
	ssh_to -o ControlPath="$TRY/%n.wire" -o ProxyJump=worker001 \
		-o "HostName=10.0.0.$((10 + 10#${node#worker}))" -o Port=22 "$node" "$@"
}

# until_target RUNNER NODE: seconds of user space until multi-user.target was reached.
until_target() {
	local usec since
	usec=$("$@" systemctl show -P ActiveEnterTimestampMonotonic multi-user.target)
	since=$("$@" systemctl show -P UserspaceTimestampMonotonic)
	echo $(((usec - since) / 1000000))
}

@test "the network that stands for the wifi owns the default route" {
	run on worker001 ip -4 route show default
	[[ $output == *'dev eth1'* ]]
	[[ $output != *'dev eth0'* ]]
}

@test "the wired network has the planned address and no gateway" {
	run on worker001 ip -4 -brief address show eth0
	[[ $output == *' 10.0.0.11/24'* ]]
	run on worker001 ip -4 route show dev eth0
	[[ $output != *' via '* ]]
	over_wire worker003 true
}

@test "no boot waits for a pulled wired cable or a missing wifi" {
	local normal unwired wifiless
	on worker001 systemctl is-system-running --wait || true
	on worker002 systemctl is-system-running --wait || true
	over_wire worker003 systemctl is-system-running --wait || true
	[ "$(on worker002 systemctl show -P After multi-user.target | tr ' ' '\n' | grep -cx job.service)" = 1 ]
	normal=$(until_target on worker001)
	unwired=$(until_target on worker002)
	wifiless=$(until_target over_wire worker003)
	echo "multi-user.target after $normal s, without the cable $unwired s, without the wifi $wifiless s" >&3
	# Two boots of the same image differ by up to a tenth where processors are emulated and shared.
	[ "$((unwired - normal))" -le $((10 + normal / 10)) ]
	[ "$((wifiless - normal))" -le $((10 + normal / 10)) ]
}

# Ten seconds for the wire, thirty for the server.
@test "who opens a share without the cable gets an error, not a shell that hangs" {
	run on worker002 timeout 100 ls /srv/cluster
	[ "$status" != 0 ]
	[ "$status" != 124 ]
	[[ $output == *'/srv/cluster'* ]]
	[ -n "$(on worker002 systemctl show -P ExecMainExitTimestamp cardstock-wired.service)" ]
}
