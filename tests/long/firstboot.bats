#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Campaigns on the first boot: power fails at random moments of it, and what it costs a boot.
load ../qemu/helper
load ../qemu/firstboot

CUTS=${CARDSTOCK_CUTS:-30} # ten of each first boot
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

# copy_held PID CARD COPY: the card as SIGKILL would leave it now, of a guest that goes on.
copy_held() {
	kill -STOP "$1" || return 1
	until ! cut -d ' ' -f 3 "/proc/$1"/task/*/stat | grep -qvx T; do sleep 0.01; done
	cp --reflink=auto --sparse=always "$2" "$3" && kill -CONT "$1"
}

# cut_power DIR MILLISECONDS…: one first boot; DIR/cut1.img and so on are the card as it was so long after the
# local steps began, when power failed.  At the last moment the guest is killed, too.
cut_power() {
	local dir=$1 script guest moment at=0 i=0 since=$SECONDS card
	shift
	fresh_card with "$dir"
	card=$OUT/worker001.img
	"$ROOT/scripts/try-cluster" --persist --card 4G --cluster "$CLUSTER" --dir "$dir/out" \
		"$card" >"$dir/cut.log" 2>&1 3>&- &
	script=$!
	until grep -aqE "$BEGUN" "$dir/out/worker001.console" 2>/dev/null; do
		if [ $((SECONDS - since)) -gt "$BOOT_TIMEOUT" ] || ! kill -0 "$script"; then
			kill -KILL "$script"
			return 1
		fi
		sleep 0.05
	done
	guest=$(fuser "$card" 2>/dev/null | xargs)
	for moment; do
		sleep "$(printf '%d.%03d' $(((moment - at) / 1000)) $(((moment - at) % 1000)))"
		at=$moment
		copy_held "$guest" "$card" "$dir/cut$((++i)).img" || {
			kill -KILL "$script" "$guest"
			return 1
		}
	done
	kill -KILL "$script"
	wait_no_writer "$card"
	rm "$card"
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

# trial CARD: boots it to the end, in a directory of its own; says what differs from the card that nobody
# disturbed.
trial() {
	local dir=${1%.img}
	mkdir -p "$dir/out" "$dir/try"
	OUT=$dir/out
	mv "$1" "$OUT/worker001.img"
	boot_to_end "$dir" || { echo "does not come to the end: $(tail -n 3 "$dir/try/log")"; return 1; }
	assert_root_fills_card "$OUT/worker001.img" || { echo "the root does not fill the card"; return 1; }
	BATS_TEST_TMPDIR=$dir assert_clean "$OUT/worker001.img" 2>"$dir/fsck" || { cat "$dir/fsck"; return 1; }
	settled "$OUT/worker001.img" "$dir/settled" || { echo "has no machine-id or report"; return 1; }
	diff -r --no-dereference "$REFERENCE" "$dir/settled" && diff "$REFERENCE.list" "$dir/settled.list" || return 1
	rm -rf "$dir"
}

# lane DIR FIRST MILLISECONDS…: boots every second card of cut_power.
lane() {
	local dir=$1 i
	local -a moments=(- "${@:3}")
	for ((i = $2; i < ${#moments[@]}; i += 2)); do
		echo -n "power cut ${moments[i]} ms after the start: "
		if trial "$dir/cut$i.img" >"$dir/cut$i.log" 2>&1; then
			echo "same end"
		else
			echo "FAILED: $(tail -n 5 "$dir/cut$i.log")"
		fi
	done
}

# round NUMBER CUTS: a first boot with so many cuts, and what became of them.
round() {
	local dir=$BATS_TEST_TMPDIR/round$1 moments=() i
	RANDOM=$((SEED + $1))
	for ((i = 0; i < $2; i++)); do moments+=($(((RANDOM << 15 | RANDOM) % SPAN))); done
	mapfile -t moments < <(printf '%s\n' "${moments[@]}" | sort -n)
	cut_power "$dir" "${moments[@]}" || {
		echo "the cuts failed: the guest could not be stopped, or its card not copied: $(tail -n 1 "$dir/cut.log")"
		return 1
	}
	lane "$dir" 1 "${moments[@]}" >"$dir/lane1" &
	lane "$dir" 2 "${moments[@]}" >"$dir/lane2"
	wait
	cat "$dir/lane1" "$dir/lane2"
}

@test "power cut at random moments of the first boot: the next boot comes to the same end" {
	local since until i
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
	for ((i = 1; i * 10 - 9 <= CUTS; i++)); do
		round "$i" "$((CUTS < i * 10 ? CUTS % 10 : 10))" >"$BATS_TEST_TMPDIR/round$i.log"
		sed 's/^/# /' "$BATS_TEST_TMPDIR/round$i.log" >&3
	done
	[ "$(cat "$BATS_TEST_TMPDIR"/round*.log | grep -c 'same end$')" = "$CUTS" ]
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
