#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# A disk that is full, broken or takes less than it is given, and power that fails: nothing
# half-made stays behind, and the next run gives what a run without the fault gives.
# shellcheck disable=SC2030,SC2031 # each test is a subshell on purpose
load helper

# killed_at STEP TEXT COMMAND…: SIGKILL for it and all that it started, instead of that step of the
# work on files whose path contains TEXT.  Sets ended when the command had come to its end before.
killed_at() {
	local status=0
	ended=
	faulty "kill:at=$1" "$2" setsid --wait "${@:3}" >messages 2>&1 || status=$?
	case $status in
	0) ended=yes ;;
	137) ;;
	*) echo "step $1: exit code $status: $(cat messages)" >&2 && return 1 ;;
	esac
}

# Two images without a fault, in ref/, of the cluster directory that later runs use too.
reference() {
	mk --profile ./worker.conf -n 2 -o ref --quiet
}

assert_like_reference() {
	mk --profile ./worker.conf -n 2 --quiet
	cmp out/worker001.img ref/worker001.img
	cmp out/worker002.img ref/worker002.img
	[ "$(ls -A out)" = $'worker001.img\nworker001.img.bmap\nworker002.img\nworker002.img.bmap' ]
}

# The bytes that one copy of the base takes.
copy_bytes() {
	faulty enospc:after=1 /out/ "$MKIMAGE" --profile ./worker.conf 2>&1 | sed -n 's/.*no room: .*(\([0-9]*\) bytes).*/\1/p'
}

@test "the disk fills up while the base is copied" {
	reference
	for after in 1 1000000 30000000; do
		assert_fails 5 'out: worker image: no room' faulty enospc:after=$after /out/ mk --profile ./worker.conf -n 2
		[[ $output == *'choose another disk'* ]]
		assert_no_output
	done
	assert_like_reference
}

@test "the disk fills up while the image is changed" {
	reference
	copied=$(copy_bytes)
	for more in 0 5000 60000; do
		assert_fails 5 'out: worker image: partition' faulty enospc:after=$((copied + more)) /out/ mk --profile ./worker.conf -n 2
		[[ $output == *'No space left on device; make room'* ]]
		assert_no_output
	done
	assert_like_reference
}

@test "the disk fills up while a node's image is copied" {
	reference
	assert_fails 5 'out/worker001.img: no room' faulty enospc:after=$(($(copy_bytes) * 3 / 2)) /out/ mk --profile ./worker.conf -n 2
	[[ $output == *'choose another disk'* ]]
	assert_no_output
	assert_like_reference
}

@test "the images of the run before survive a full disk" {
	reference
	mk --profile ./worker.conf -n 2 --quiet
	sed -i 's/multi-user.target/graphical.target/' worker.conf
	assert_fails 5 'no room' faulty enospc:after=1000000 /out/ mk --profile ./worker.conf -n 2
	cmp out/worker001.img ref/worker001.img
	cmp out/worker002.img ref/worker002.img
}

@test "a write fails, whichever it is" {
	reference
	failures=0
	for at in 1 2 4 8 11 14 18 23 30 40 55 75 100 140 200; do
		run faulty eio:at=$at /out/ mk --profile ./worker.conf -n 2
		[ "$status" != 0 ] || break
		[ "$status" = 1 ]
		[[ $output == *'mkimage: out'*'Input/output error'* ]]
		# The last node's image is finished after the others, which are whole.
		left=$(ls -A out)
		[ -z "$left" ] || [ "$left" = $'worker001.img\nworker001.img.bmap' ]
		[ -z "$left" ] || cmp out/worker001.img ref/worker001.img
		rm -rf out
		failures=$((failures + 1))
	done
	[ "$failures" -ge 8 ]
	[ "$failures" -lt 15 ]
	assert_like_reference
}

@test "short writes change nothing" {
	reference
	faulty short /out/ "$MKIMAGE" --profile ./worker.conf -n 2 --quiet
	cmp out/worker001.img ref/worker001.img
	cmp out/worker002.img ref/worker002.img
	# That the shim was there: the same run with its other fault.
	assert_fails 1 'Input/output error' faulty eio:at=1 /out/ mk --profile ./worker.conf
}

@test "short writes while a base is unpacked change nothing" {
	xz -0 -k -c "$CARDSTOCK_TEST_BASE/mini.img" >mini.img.xz
	export XDG_CACHE_HOME=$WORK/cache
	faulty short "$WORK" "$MKIMAGE" base --quiet mini.img.xz -o unpacked.img
	cmp unpacked.img "$CARDSTOCK_TEST_BASE/mini.img"
}

@test "the cache's disk fills up while a base is unpacked" {
	xz -0 -k -c "$CARDSTOCK_TEST_BASE/mini.img" >mini.img.xz
	export XDG_CACHE_HOME=$WORK/cache
	for after in 0 100000 250000; do
		assert_fails 5 'XDG_CACHE_HOME' faulty enospc:after=$after /cache/ mk base mini.img.xz -o unpacked.img
		[ -z "$(find cache -type f)" ]
		[ ! -e unpacked.img ]
	done
	mk base --quiet mini.img.xz -o unpacked.img
	cmp unpacked.img "$CARDSTOCK_TEST_BASE/mini.img"
}

@test "the cache's disk fills up while a base is assembled" {
	export XDG_CACHE_HOME=$WORK/cache
	assert_fails 5 'make room' faulty enospc:after=0 /cache/ mk base "$CARDSTOCK_TEST_BASE/mini.tar" -o assembled.img
	# mkfs.fat does not say why it could not write.
	assert_fails 1 'mkfs.fat' faulty enospc:after=600000 /cache/ mk base "$CARDSTOCK_TEST_BASE/mini.tar" -o assembled.img
	[ -z "$(find cache -type f)" ]
	[ ! -e assembled.img ]
	mk base --quiet "$CARDSTOCK_TEST_BASE/mini.tar" -o assembled.img
	cmp assembled.img "$CARDSTOCK_TEST_BASE/mini.img"
}

# What the cluster directory has to hold when two nodes were made.
assert_cluster_right() {
	diff cluster/ledger - <<-'END'
		# role	number	hostname	address
		worker	1	worker001	10.0.0.11
		worker	2	worker002	10.0.0.12
	END
	for key in cluster/keys/admin cluster/keys/host-ca cluster/nodes/worker00{1,2}/ssh_host_ed25519_key; do
		[ "$(ssh-keygen -yf "$key" | cut -d' ' -f1,2)" = "$(cut -d' ' -f1,2 "$key.pub")" ]
	done
	[ -z "$(find cluster -name '*.tmp')" ]
}

@test "the disk fills up while a cluster is founded" {
	for after in 0 50 70 300 500 700 1100 2000 2600 3300; do
		rm -rf cluster out
		assert_fails 5 'cluster/' faulty enospc:after=$after /cluster/ mk --profile ./worker.conf -n 2
		[[ $output == *'make room'* ]]
		assert_no_output
		mk --profile ./worker.conf -n 2 --quiet
		assert_cluster_right
	done
}

@test "the disk fills up while a node is added: the others keep what they have" {
	mk --profile ./worker.conf --node 1 --quiet
	cp -a cluster before
	for after in 0 50 100 300; do
		rm -rf cluster out
		cp -a before cluster
		assert_fails 5 'cluster/' faulty enospc:after=$after /cluster/ mk --profile ./worker.conf -n 2
		diff -r before/nodes/worker001 cluster/nodes/worker001
		diff -r before/keys cluster/keys
		mk --profile ./worker.conf -n 2 --quiet
		diff -r before/nodes/worker001 cluster/nodes/worker001
		diff -r before/keys cluster/keys
		assert_cluster_right
	done
}

# replaced_and_killed STEP: over the images in old/, which are not copied: nothing may write to them.
replaced_and_killed() {
	rm -rf out
	cp -al old out
	killed_at "$1" /out/ "$MKIMAGE" --profile ./worker.conf -n 2 --quiet
	for image in worker001.img worker002.img; do
		[ out/$image -ef old/$image ] || cmp out/$image new/$image
	done
	[ -n "$(find out -name '.*')" ] || return 0
	hidden=$((hidden + 1))
	mk --profile ./worker.conf -n 2 --quiet
	[ "$(ls -A out)" = $'worker001.img\nworker001.img.bmap\nworker002.img\nworker002.img.bmap' ]
}

@test "killed at any step of the work on the images: each is the old one or the new one, whole" {
	mk --profile ./worker.conf -n 2 -o old --quiet
	before=$(sha256sum old/*.img)
	sed -i 's/"testbed"/"other"/' worker.conf
	mk --profile ./worker.conf -n 2 -o new --quiet
	run ! cmp -s old/worker001.img new/worker001.img
	hidden=0 ended=
	for ((at = 1; ; at += 7)); do
		replaced_and_killed $at
		[ -z "$ended" ] || break
	done
	[ "$at" -gt 50 ] # the shim was there
	# The last steps give the images their names.
	for ((last = at - 1; last > at - 14; last--)); do replaced_and_killed $last; done
	[ "$hidden" -ge 1 ]
	[ "$(sha256sum old/*.img)" = "$before" ]
}

@test "killed at any step while a cluster is founded: the next run finishes it" {
	for ((at = 1; ; at += 3)); do
		rm -rf cluster out
		killed_at $at /cluster/ "$MKIMAGE" --profile ./worker.conf -n 2 --quiet
		[ -z "$ended" ] || break
		assert_no_output
		mk --profile ./worker.conf -n 2 --quiet
		assert_cluster_right
	done
	[ "$at" -gt 30 ]
}

@test "killed at any step while a node is added: the others keep what they have" {
	mk --profile ./worker.conf --node 1 --quiet
	cp -a cluster before
	for ((at = 1; ; at++)); do
		rm -rf cluster out
		cp -a before cluster
		killed_at $at /cluster/ "$MKIMAGE" --profile ./worker.conf -n 2 --quiet
		[ -z "$ended" ] || break
		grep -qxF $'worker\t1\tworker001\t10.0.0.11' cluster/ledger
		mk --profile ./worker.conf -n 2 --quiet
		diff -r before/nodes/worker001 cluster/nodes/worker001
		diff -r before/keys cluster/keys
		assert_cluster_right
	done
	[ "$at" -gt 8 ]
}

@test "Ctrl-C at any step of the work on the images: exit code 130, and only whole images" {
	reference
	interrupted=0
	for ((at = 1; ; at += 9)); do
		rm -rf out
		run faulty int:at=$at /out/ env --default-signal=INT setsid --wait "$MKIMAGE" --profile ./worker.conf -n 2
		[ "$status" != 0 ] || break
		[ "$status" = 130 ]
		[[ $output == *'interrupted by signal 2'* ]]
		left=$(ls -A out)
		[ -z "$left" ] || [ "$left" = $'worker001.img\nworker001.img.bmap' ]
		[ ! -e out/worker001.img ] || cmp out/worker001.img ref/worker001.img
		interrupted=$((interrupted + 1))
	done
	[ "$interrupted" -ge 4 ]
	assert_like_reference
}

# cached_and_killed BASE
cached_and_killed() {
	for ((at = 1; ; at *= 3)); do
		rm -rf cache
		killed_at $at /cache/ "$MKIMAGE" base --quiet "$1"
		[ -z "$ended" ] || break
		mk base --quiet "$1" -o again.img >/dev/null
		cmp again.img "$CARDSTOCK_TEST_BASE/mini.img"
		[ "$(find cache -type f ! -name '*.lock' | wc -l)" = 1 ]
	done
	[ "$at" -gt 5 ]
}

@test "killed at any step while a base is unpacked or assembled: the next run finishes it" {
	xz -0 -k -c "$CARDSTOCK_TEST_BASE/mini.img" >mini.img.xz
	export XDG_CACHE_HOME=$WORK/cache
	cached_and_killed mini.img.xz
	cached_and_killed "$CARDSTOCK_TEST_BASE/mini.tar"
}
