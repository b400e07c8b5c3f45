#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Campaigns on the first boot: power fails at random moments of it, and what it costs a boot.
load ../qemu/helper
load ../qemu/firstboot

CUTS=${CARDSTOCK_CUTS:-30}
# A repeat of a run that failed: the number that it printed.
SEED=${CARDSTOCK_SEED:-$RANDOM}

setup_file() {
	mkdir "$BATS_FILE_TMPDIR/with" "$BATS_FILE_TMPDIR/without"
	make_small_worker "$BATS_FILE_TMPDIR/with" 'firstboot = true'
	make_small_worker "$BATS_FILE_TMPDIR/without"
}

# boot_to_end DIR: the card is done, and its guest off again.
boot_to_end() {
	boot "$1/try" worker001 -- --persist --card 4G --boot-files "$BATS_FILE_TMPDIR/with/out/worker001.img" &&
		wait_done worker001 && halt
}

# What the console shows when the local steps begin.  Getty takes it at about that time, and what systemd
# says then may be lost; so what they wait for last will do, and getty's own words.
BEGUN='Starting.*cardstock-local|Mounted.*boot-firmware| login:'

# cut_power DIR MILLISECONDS: the guest is killed so long after its local steps began.
cut_power() {
	local script since=$SECONDS
	"$ROOT/scripts/try-cluster" --persist --card 4G --cluster "$CLUSTER" --dir "$1/out" \
		"$1/out/worker001.img" >"$1/cut.log" 2>&1 3>&- &
	script=$!
	until grep -aqE "$BEGUN" "$1/out/worker001.console" 2>/dev/null; do
		if [ $((SECONDS - since)) -gt "$BOOT_TIMEOUT" ] || ! kill -0 "$script"; then
			kill -KILL "$script"
			return 1
		fi
		sleep 0.05
	done
	sleep "$(printf '%d.%03d' $(($2 / 1000)) $(($2 % 1000)))"
	kill -KILL "$script"
	wait_no_writer "$1/out/worker001.img"
}

# Who was killed by KILL leaves its guests to the kernel, which ends them a moment later.
wait_no_writer() {
	local since=$SECONDS
	while fuser -s "$1"; do
		[ $((SECONDS - since)) -lt 30 ] || return 1
		sleep 0.1
	done
}

# settled CARD DIR: DIR gets what has to be equal on all cards that came to the end, however they did.
settled() {
	mkdir -p "$2"
	local at
	read -r _ at _ < <(partitions_of "$1" | tail -n 1)
	debugfs -R "rdump /etc /var/lib/cardstock /usr/lib/cardstock $2" "$1?offset=$at" 2>"$2.log"
	[ "$(wc -c <"$2/etc/machine-id")" = 33 ] || return 1
	# Of a board, of a moment, or made by the system itself.
	rm -f "$2/etc/machine-id" "$2/etc/.updated" "$2/etc/adjtime" "$2/etc/.pwd.lock"
	report_says '["result"]' cat "$2/cardstock/report.json" >"$2/result"
	rm -f "$2"/cardstock/report.json "$2"/cardstock/firstboot.state
	find "$2" -printf '%P %y %m %U:%G %l\n' | sort >"$2.list"
}

# trial DIR MILLISECONDS: says what differs from the card that nobody disturbed.
trial() {
	fresh_card with "$1"
	cut_power "$1" "$2" || { echo "the cut failed: $(tail -n 1 "$1/cut.log")"; return 1; }
	boot_to_end "$1" || { echo "does not come to the end: $(tail -n 3 "$1/try/log")"; return 1; }
	assert_root_fills_card "$OUT/worker001.img" || { echo "the root does not fill the card"; return 1; }
	BATS_TEST_TMPDIR=$1 assert_clean "$OUT/worker001.img" 2>"$1/fsck" || { cat "$1/fsck"; return 1; }
	settled "$OUT/worker001.img" "$1/settled" || { echo "has no machine-id or report"; return 1; }
	diff -r --no-dereference "$REFERENCE" "$1/settled" && diff "$REFERENCE.list" "$1/settled.list" || return 1
	rm -rf "$1"
}

# lane FIRST: every second trial; each writes its line to the log.
lane() {
	local i after
	for ((i = $1; i <= CUTS; i += 2)); do
		RANDOM=$((SEED + i))
		after=$(((RANDOM << 15 | RANDOM) % SPAN))
		if trial "$BATS_TEST_TMPDIR/cut$i" "$after" >"$BATS_TEST_TMPDIR/cut$i.log" 2>&1; then
			echo "cut $i, $after ms after the start: same end"
		else
			echo "cut $i, $after ms after the start: FAILED: $(tail -n 5 "$BATS_TEST_TMPDIR/cut$i.log")"
		fi
	done
}

@test "power cut at random moments of the first boot: the next boot comes to the same end" {
	local since until
	fresh_card with "$BATS_TEST_TMPDIR/whole"
	boot "$BATS_TEST_TMPDIR/whole/try" worker001 -- --persist --card 4G
	wait_done worker001
	# Until the last step was done, and two seconds more.
	since=$(on worker001 systemctl show -P ExecMainStartTimestampMonotonic cardstock-local.service)
	until=$(on worker001 systemctl show -P ExecMainExitTimestampMonotonic cardstock-network.service)
	SPAN=$(((until - since) / 1000 + 2000))
	halt
	export REFERENCE=$BATS_TEST_TMPDIR/reference
	settled "$OUT/worker001.img" "$REFERENCE"
	is "done" cat "$REFERENCE/result"
	echo "# $CUTS cuts within $SPAN ms, seed $SEED" >&3
	lane 1 >"$BATS_TEST_TMPDIR/lane1" 2>&1 &
	lane 2 >"$BATS_TEST_TMPDIR/lane2" 2>&1
	wait
	sort -V "$BATS_TEST_TMPDIR"/lane? | sed 's/^/# /' >&3
	[ "$(cat "$BATS_TEST_TMPDIR"/lane? | grep -c 'same end$')" = "$CUTS" ]
}

# target_after WORKER: milliseconds of user space until multi-user.target, on a fresh card, of a board
# that does 10^9 instructions a second; what else this machine does changes nothing then.
target_after() {
	local dir=$BATS_TEST_TMPDIR/$1 since until
	fresh_card "$1" "$dir"
	boot "$dir/try" worker001 -- --persist --card 4G --icount || return
	on worker001 systemctl is-system-running --wait >/dev/null || true
	until=$(on worker001 systemctl show -P ActiveEnterTimestampMonotonic multi-user.target)
	since=$(on worker001 systemctl show -P UserspaceTimestampMonotonic)
	halt
	rm -rf "$dir"
	echo $(((until - since) / 1000))
}

median() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

@test "multi-user.target comes not more than 2 s later than without firstboot" {
	local i with without
	for i in 1 2 3; do
		with+=$(target_after with)$'\n'
		without+=$(target_after without)$'\n'
	done
	echo "# multi-user.target, ms of user space: with $(xargs <<<"$with"), without $(xargs <<<"$without")" >&3
	[ $(($(printf %s "$with" | median) - $(printf %s "$without" | median))) -le 2000 ]
}
