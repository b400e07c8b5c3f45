#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The first boot of a card: an image with a root of 2 GiB on a card of 4 GiB (Debian 12, amd64), booted
# by a user without any privilege and shut down.
load helper
load firstboot

# The card is booted once, and looked at while it runs and after it is off.
setup_file() {
	make_package "$BATS_FILE_TMPDIR/carried/root/var/lib/cardstock/packages/probe.deb"
	make_small_worker "$BATS_FILE_TMPDIR" 'firstboot = true' 'overlays = {"./carried"}'
	cp --sparse=always "$OUT/worker001.img" "$BATS_FILE_TMPDIR/before.img"
	mkdir "$BATS_FILE_TMPDIR/try"
	without_privilege "$BATS_FILE_TMPDIR"
	boot "$BATS_FILE_TMPDIR/try" worker001 -- --persist --card 4G
	wait_done worker001
}

# make_package FILE: with a file below /usr, where the service itself cannot write.
make_package() {
	local tree=$BATS_FILE_TMPDIR/probe
	mkdir -p "$tree/DEBIAN" "$tree/usr/share/probe" "$(dirname "$1")"
	printf '%s\n' 'Package: probe' 'Version: 1.0' 'Architecture: all' 'Maintainer: nobody <nobody@example.org>' \
		'Description: a package that the card carries' >"$tree/DEBIAN/control"
	echo installed >"$tree/usr/share/probe/state"
	dpkg-deb --root-owner-group --build "$tree" "$1"
}

teardown_file() {
	for TRY in "$BATS_FILE_TMPDIR"/{try,again}; do halt; done
}

@test "all steps of the first boot are done, and no unit has failed" {
	on worker001 firstboot status >&3
	is "done" report_says '["result"]' on worker001 firstboot status --json
	is running on worker001 systemctl is-system-running --wait
}

@test "the package that the card carries is installed" {
	is 'install ok installed' on worker001 "dpkg-query -W -f '\${Status}' probe"
	is installed on worker001 cat /usr/share/probe/state
	on worker001 firstboot status | grep -q '^packages.*changed.*probe 1.0'
}

@test "the root was checked before it was mounted" {
	grep -a '^rootfs: clean' "$TRY/worker001.console"
}

@test "nothing in the boot waits for the first boot" {
	local since now
	run on worker001 systemd-analyze critical-chain multi-user.target graphical.target sysinit.target
	[[ $output == *multi-user.target* && $output != *cardstock* ]]
	since=$(on worker001 systemctl show -P ExecMainStartTimestampMonotonic cardstock-local.service)
	now=$(on worker001 systemctl show -P ExecMainExitTimestampMonotonic cardstock-local.service)
	echo "from unit start to 'local steps done': $(((now - since) / 1000)) ms, emulated" >&3
}

@test "nothing secret is in the journal or in the report" {
	run on worker001 "sudo journalctl --no-pager -b; cat /var/lib/cardstock/*"
	[[ $output == *'local steps done'* ]]
	while read -r line; do
		[[ $output != *"$line"* ]] || { echo "a line of the host key is told" >&2; return 1; }
	done < <("$MKIMAGE" cat "$BATS_FILE_TMPDIR/before.img" /etc/ssh/ssh_host_ed25519_key)
}

@test "the root fills the card, and after power-off all file systems of it are clean" {
	# 4 GiB, less what is before the partition
	[ "$(on worker001 df --output=size -B1M / | tail -n 1)" -gt 3200 ]
	on worker001 'sudo touch /was-here'
	halt
	run ! grep 'did not power off' "$TRY/log"
	[ "$(stat -c %s "$OUT/worker001.img")" = $((4 << 30)) ]
	assert_root_fills_card "$OUT/worker001.img"
	assert_shut_down "$OUT/worker001.img"
	"$MKIMAGE" cat "$OUT/worker001.img" /was-here
}

@test "the host key of the card is the one that mkimage signed" {
	for file in ssh_host_ed25519_key ssh_host_ed25519_key.pub ssh_host_ed25519_key-cert.pub; do
		cmp <("$MKIMAGE" cat "$BATS_FILE_TMPDIR/before.img" "/etc/ssh/$file") \
			<("$MKIMAGE" cat "$OUT/worker001.img" "/etc/ssh/$file")
	done
	"$MKIMAGE" cat "$OUT/worker001.img" /etc/ssh/ssh_host_ed25519_key-cert.pub >"$BATS_TEST_TMPDIR/cert.pub"
	ssh-keygen -L -f "$BATS_TEST_TMPDIR/cert.pub" | grep -A 9 -q 'host certificate'
}

@test "the report on the FAT partition says what was done" {
	"$MKIMAGE" cat "$OUT/worker001.img" /boot/firmware/cardstock-report.json >"$BATS_TEST_TMPDIR/report.json"
	is "done" report_says '["result"]' cat "$BATS_TEST_TMPDIR/report.json"
	is worker001 report_says '["hostname"]' cat "$BATS_TEST_TMPDIR/report.json"
	run "$MKIMAGE" inspect "$OUT/worker001.img"
	[[ $output == *grow*changed* ]]
}

@test "a second boot does nothing" {
	mkdir "$BATS_FILE_TMPDIR/again"
	"$MKIMAGE" cat "$OUT/worker001.img" /var/lib/cardstock/report.json >"$BATS_TEST_TMPDIR/first.json"
	boot "$BATS_FILE_TMPDIR/again" worker001 -- --persist
	on worker001 systemctl is-system-running --wait || true
	on worker001 sudo journalctl --no-pager -b -u "'cardstock-*'" >&2
	cmp <(on worker001 cat /var/lib/cardstock/report.json) "$BATS_TEST_TMPDIR/first.json"
	# Whoever starts it by hand sees the same, and how long it takes to find nothing to do.
	on worker001 "time -p sudo firstboot run --phase local" 2>&1 | sed -n 's/^real */a run with nothing to do, emulated: /p' >&3
}

@test "a board without host keys gets its own, from the service" {
	TRY=$BATS_FILE_TMPDIR/again
	on worker001 'sudo rm /etc/ssh/ssh_host_* /var/lib/cardstock/firstboot.state; sudo systemctl restart cardstock-local'
	wait_until_over worker001 cardstock-local.service
	on worker001 firstboot status | grep '^host-keys.*changed.*a new host key (ed25519)'
	on worker001 'sudo ssh-keygen -yf /etc/ssh/ssh_host_ed25519_key' | cut -d' ' -f2 >"$BATS_TEST_TMPDIR/made"
	is "$(cat "$BATS_TEST_TMPDIR/made")" on worker001 "cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub"
}
