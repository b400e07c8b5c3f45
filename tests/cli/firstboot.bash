# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: root/ is a board's root file system with settings, $FIRSTBOOT and $DEMO work on it.  $DEMO
# is firstboot with the steps of tests/fixtures/steps.c.
# shellcheck shell=bash

load helper
FIRSTBOOT=$(dirname "$MKIMAGE")/firstboot
DEMO=$(dirname "$MKIMAGE")/tests/fixtures/firstboot-demo
SHIMS=$(dirname "$MKIMAGE")/tests/shims

setup_file() {
	"$ROOT/tests/fixtures/mini-root" "$BATS_FILE_TMPDIR/mini.tar"
}

setup() {
	WORK=$BATS_TEST_TMPDIR/work
	mkdir -p "$WORK/root"
	cd "$WORK" || return 1
	[ -x "$DEMO" ] || { echo "no $DEMO: make units" >&2; return 1; }
	make_board root
}

# A root with the settings that mkimage writes, the FAT partition's files in place, in board 1: each step
# has something to do.
make_board() {
	tar -xf "$BATS_FILE_TMPDIR/mini.tar" -C "$1"
	mkdir -p "$1/etc/cardstock" "$1/proc/device-tree" "$1/var/demo" "$1/var/lib/systemd/timesync" "$1/srv/cluster"
	printf 'Mini Board Model 1\0' >"$1/proc/device-tree/model"
	put_in_board "$1" 1000000012345678
	echo old >"$1/var/demo/old"
	: >"$1/etc/machine-id"
	ln -sf /usr/lib/systemd/system/graphical.target "$1/etc/systemd/system/default.target"
	put_unit "$1" wanted
	put_unit "$1" unwanted
	put_unit "$1" never
	ln -s /usr/lib/systemd/system/unwanted.service "$1/etc/systemd/system/multi-user.target.wants/"
	cat >"$1/etc/cardstock/firstboot.conf" <<-'END'
		# written by mkimage
		version = 1
		hostname = worker003
		cluster = testbed
		role = worker
		address = 10.0.0.13/24
		boot = /boot/firmware
		build = build-1
		grow = yes
		ntp = yes
		target = multi-user.target
		enable = wanted.service
		disable = unwanted.service
		mask = never.service
		mount = /srv/cluster
	END
}

put_unit() {
	printf '[Unit]\nDescription=%s\n[Service]\nExecStart=/usr/bin/true\n[Install]\nWantedBy=multi-user.target\n' "$2" \
		>"$1/usr/lib/systemd/system/$2.service"
}

put_in_board() {
	printf '%s\0' "$2" >"$1/proc/device-tree/serial-number"
}

# demo PHASE [OPTION…]: the demonstration's steps on root/.
demo() {
	"$DEMO" run --root root --phase "$@"
}

# report FIELD: of the report on the root file system; "name result" of a step with the step's name.
report() {
	python3 - "$1" "${2:-root/var/lib/cardstock/report.json}" <<-'END'
		import json, sys
		report = json.load(open(sys.argv[2]))
		steps = {s["name"]: s for s in report["steps"]}
		print(steps[sys.argv[1]]["result"] + ": " + steps[sys.argv[1]]["message"] if sys.argv[1] in steps else report.get(sys.argv[1]))
	END
}

# Every file, directory and link of the tree $1, see tree.py.
tree_of() {
	command -p python3 -IS "$ROOT/tests/cli/tree.py" "$@"
}
