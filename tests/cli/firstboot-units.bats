#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The units, the catalog and the init script that start firstboot on boards, by systemd's own tools.
bats_require_minimum_version 1.5.0
ROOT=$(cd "$(dirname "$BATS_TEST_FILENAME")/../.." && pwd)
UNITS='cardstock-local.service cardstock-network.service cardstock-catalog.service'

# A root with the units, the targets of this machine and stand-ins for the programs.
setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir -p root/usr/bin root/usr/lib/cardstock
	cp -R "$ROOT/overlays/firstboot/root/." root
	cp /usr/lib/systemd/system/*.target root/usr/lib/systemd/system/
	for program in bin/journalctl bin/touch lib/cardstock/firstboot; do
		printf '#!/bin/sh\n' >"root/usr/$program"
		chmod 755 "root/usr/$program"
	done
}

@test "systemd finds no fault with the units" {
	# shellcheck disable=SC2086 # a list
	run systemd-analyze verify --man=no --root="$PWD/root" $UNITS
	[ "$status" = 0 ] && [ -z "$output" ] || { echo "$output" >&2; return 1; }
	echo 'Frob=1' >>root/usr/lib/systemd/system/cardstock-local.service
	systemd-analyze verify --man=no --root="$PWD/root" cardstock-local.service 2>&1 | grep -q Frob
}

@test "nothing in the boot waits for the steps, and they run at each boot" {
	cd root/usr/lib/systemd/system
	grep -qx 'Type=notify' cardstock-local.service
	grep -qx 'Type=notify' cardstock-network.service
	for unit in cardstock-local.service cardstock-network.service; do
		# With default dependencies multi-user.target would come after what it wants.
		grep -qx 'DefaultDependencies=no' "$unit"
		[ "$(grep -E '^(Before|RequiredBy|Requires|Condition.*)=' "$unit" | xargs)" = 'Requires=sysinit.target Before=shutdown.target' ]
		run -1 grep network-online "$unit"
	done
}

# exposed UNIT: systemd's score, 0 is best and 10 worst
exposed() {
	systemd-analyze security --no-pager --offline=true --root="$PWD/root" "$1" | sed -n 's/^.*exposure level for .*: \([0-9.]*\) .*/\1/p'
}

@test "the units are as closed as the manual says" {
	[ "$(systemd-analyze --version | sed -n 's/^systemd \([0-9]*\).*/\1/p')" -ge 250 ] || skip 'systemd 250 is the first that scores offline'
	for unit in $UNITS; do
		score=$(exposed "$unit")
		echo "# $unit: $score" >&3
		grep -qF "| \`$unit\` | $score |" "$ROOT/docs/architecture.md"
	done
	grep -qx 'CapabilityBoundingSet=' root/usr/lib/systemd/system/cardstock-network.service
}

@test "each message that firstboot sends is in the catalog" {
	journalctl --root="$PWD/root" --update-catalog
	grep -ohE '"[0-9a-f]{32}"' "$ROOT/firstboot/notify.h" | tr -d '"' | sort -u >sent
	journalctl --root="$PWD/root" --list-catalog | cut -d' ' -f1 | sort | diff sent -
	[ "$(wc -l <sent)" -ge 3 ]
}

@test "the init script does not wait either" {
	sed "s|/usr/lib/cardstock|$PWD|" "$ROOT/overlays/firstboot-init/root/etc/init.d/cardstock" >cardstock
	# shellcheck disable=SC2016 # for the stand-in
	printf '#!/bin/sh\necho "$@" >>calls\n[ "$1" = status ] || { sleep 2; echo end >>calls; }\n' >firstboot
	chmod 755 cardstock firstboot
	SECONDS=0
	./cardstock start
	[ "$SECONDS" -lt 2 ]
	while ! grep -q end calls; do sleep 0.1; done
	./cardstock status
	[ "$(paste -sd' ' calls)" = 'run --phase local end status' ]
	run ./cardstock frob
	[ "$status" = 2 ]
	[[ $output == usage:* ]]
}
