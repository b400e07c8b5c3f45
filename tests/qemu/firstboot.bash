# SPDX-License-Identifier: GPL-3.0-or-later
# For bats, beside helper.bash: a worker whose image is smaller than its card, and its report.
# shellcheck shell=bash

# make_small_worker DIR [LINE…]: OUT/worker001.img with a root of 2 GiB, of a cluster of its own; the
# lines are added to its profile.  Debian 12 for PCs, which an emulator boots quickest.
make_small_worker() {
	export CARDSTOCK_OUT=$1/out CARDSTOCK_CLUSTER=$1/cluster
	OUT=$CARDSTOCK_OUT CLUSTER=$CARDSTOCK_CLUSTER
	{
		printf '%s\n' "include(\"$ROOT/profiles/worker.conf\")" \
			"members = {\"$ROOT/profiles/master.conf\", \"./worker.conf\"}" \
			'base = "debian-bookworm-amd64"' 'planned = 3' 'image-size = "2568M"' "${@:2}"
	} >"$1/worker.conf"
	"$MKIMAGE" --profile "$1/worker.conf" --check -c "$CLUSTER" -o "$OUT"
}

# wait_done NODE: until both phases of the first boot ended, well or not.
wait_done() {
	local since=$SECONDS
	until [ "$(on "$1" systemctl show -P SubState cardstock-local.service cardstock-network.service | sort -u)" = dead ] &&
		on "$1" test -e /var/lib/cardstock/report.json; do
		[ $((SECONDS - since)) -lt 600 ] || {
			on "$1" firstboot status >&2
			return 1
		}
		sleep 2
	done
}

# report_says INDEX COMMAND…: what Python's INDEX of the report that the command prints is.
report_says() {
	local index=$1
	shift
	"$@" | python3 -c "import json,sys; print(json.load(sys.stdin)$index)"
}

# The last partition ends within 1 MiB of the card's end, and its ext4 fills it.
assert_root_fills_card() {
	local at size blocks
	read -r _ at size _ < <(partitions_of "$1" | tail -n 1)
	[ $(($(stat -Lc %s "$1") - at - size)) -le 1048576 ] || return 1
	blocks=$(superblock "$1?offset=$at" | sed -n 's/^Block count: *//p')
	[ $((size - blocks * 4096)) -lt 4096 ]
}
