#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The stock user of a system that people download becomes the operator.
load helper

setup_file() {
	export STOCK=$BATS_FILE_TMPDIR/stock.img XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache CARDSTOCK_PROFILES=$ROOT/profiles
	"$ROOT/tests/fixtures/make-stock" raspios-legacy-armhf "$STOCK"
}

setup() {
	WORK=$BATS_TEST_TMPDIR/work
	mkdir -p "$WORK"
	cd "$WORK" || return 1
	sed -e "s|^base = .*|base = \"$STOCK\"|" -e '/^overlays/d' -e '/^user/d' \
		"$ROOT/tests/fixtures/stock/worker.conf" >worker.conf
}

with_users() {
	printf '%s\n' "$@" >>worker.conf
}

# The root file system's files in ./tree.
unpack() {
	mkdir tree
	debugfs -R "rdump / tree" "$1?offset=$(offset_of "$1" 2)" 2>/dev/null
}

@test "a clash with the stock user says what to write, and that works" {
	with_users 'user "ops" { uid = 1000 operator = true }'
	assert_fails 3 'write user "pi" { rename-to = "ops" }' mk --profile ./worker.conf
	assert_no_output
	with_users 'user "pi" { rename-to = "ops" }'
	mk --profile ./worker.conf
	mk verify --profile ./worker.conf out/worker001.img
}

@test "the stock user is gone without a trace" {
	with_users 'user "pi" { rename-to = "ops" uid = 1000 operator = true }'
	mk --profile ./worker.conf
	unpack out/worker001.img
	run grep -rnE '(^|[^-a-z])pi([^-a-z]|$)' tree/etc/{passwd,shadow,group,gshadow,subuid,subgid,sudoers,sudoers.d,systemd/system,lightdm}
	run ! grep -v 'No such file' <<<"$output"
	[ -z "$(find tree -name '*pi-nopasswd' -o -path tree/home/pi)" ]
	visudo -c -f tree/etc/sudoers.d/010_cardstock_ops
	[ "$(root_attr out/worker001.img /home/ops)" = "$(root_attr "$STOCK" /home/pi)" ]
	mk verify --profile ./worker.conf out/worker001.img
}

@test "a plan on a renamed image is empty, a second build has the same bytes" {
	with_users 'user "pi" { rename-to = "ops" uid = 1234 operator = true }'
	mk --profile ./worker.conf
	mk --profile ./worker.conf -o again
	cmp out/worker001.img again/worker001.img
	[[ $(root_attr out/worker001.img /home/ops/.bashrc) == *'1234 1234' ]]
	sed "s|^base = .*|base = \"$PWD/out/worker001.img\"|" worker.conf >again.conf
	mk plan --profile ./again.conf --json >plan.json
	python3 -c 'import json; p=json.load(open("plan.json")); assert not p["changes"] + p["nodes"][0]["changes"], p'
}
