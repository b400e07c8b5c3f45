# SPDX-License-Identifier: GPL-3.0-or-later
# For bats, beside helper.bash: a worker whose image is smaller than its card, and its report.
# shellcheck shell=bash

# What make_small_worker patches; Debian 12 for PCs boots quickest here.
small_base=debian-bookworm-amd64

# make_small_worker DIR [LINE…]: OUT/worker001.img with a root of 2 GiB, of a cluster without a master:
# it waits for nobody.  The lines are added to its profile.
make_small_worker() {
	export CARDSTOCK_OUT=$1/out CARDSTOCK_CLUSTER=$1/cluster
	OUT=$CARDSTOCK_OUT CLUSTER=$CARDSTOCK_CLUSTER
	{
		echo "base = \"$small_base\""
		cat <<-'END'
			cluster = "lab"
			role = "worker"
			hostname = "worker%03d"
			address = "10.0.0.%d/24"
			first-address = 11
			image-size = "2568M"
			user "ops" { uid = 1000 sudo = nopasswd operator = true }
			wired { interface = "eth0" }
		END
		printf '%s\n' "${@:2}"
	} >"$1/worker.conf"
	"$MKIMAGE" --profile "$1/worker.conf" --check -c "$CLUSTER" -o "$OUT"
}

# fresh_card WORKER DIR: the one of make_small_worker that setup_file made in WORKER, as DIR's own.
fresh_card() {
	mkdir -p "$2/out" "$2/try"
	OUT=$2/out CLUSTER=$BATS_FILE_TMPDIR/$1/cluster
	cp --reflink=auto --sparse=always "$BATS_FILE_TMPDIR/$1/out/worker001.img" "$OUT/worker001.img"
}

# wait_until_over NODE UNIT…: the program of each has run and ended, well or not.
wait_until_over() {
	local node=$1 since=$SECONDS
	shift
	# Without a system bus, PID 1 listens to root alone.
	until on "$node" sudo systemctl show -P ExecMainExitTimestampMonotonic "$@" |
		awk 'NF { n++ } $1 == 0 && NF { waits = 1 } END { exit !n || waits }'; do
		[ $((SECONDS - since)) -lt 600 ] || {
			on "$node" firstboot status >&2
			return 1
		}
		sleep 2
	done
}

# wait_done NODE: until both phases of the first boot ended.
wait_done() {
	wait_until_over "$1" cardstock-local.service cardstock-network.service
}

# wait_until_tried NODE: the network phase has ended, or pauses before it tries again what failed.
wait_until_tried() {
	local since=$SECONDS
	until on "$1" sudo systemctl show -P ExecMainExitTimestampMonotonic -P StatusText cardstock-network.service |
		grep -qE '^[1-9][0-9]*$|; next try in [0-9]+ s$'; do
		[ $((SECONDS - since)) -lt 600 ] || {
			on "$1" firstboot status >&2
			return 1
		}
		sleep 1
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

# Who was killed by KILL leaves its guests to the kernel, which ends them a moment later.
wait_no_writer() {
	local since=$SECONDS
	while fuser -s "$1"; do
		[ $((SECONDS - since)) -lt 30 ] || return 1
		sleep 0.1
	done
}
