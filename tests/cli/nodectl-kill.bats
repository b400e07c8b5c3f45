#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# nodectl dies at each of its writes, fsyncs, renames and so on; the next run makes it good.
load nodectl

# killed N COMMAND…: it dies instead of its Nth change (tests/shims/kill.c); false when it lived to its end.
killed() {
	local shim status=0
	shim=$(dirname "$NODECTL")/tests/shims/kill.so
	[ -e "$shim" ] || { echo "no $shim: make shims" >&2; exit 99; }
	head -c 8 /dev/zero >count
	CARDSTOCK_KILL_AT=$1 CARDSTOCK_KILL_COUNT=$PWD/count LD_PRELOAD=$shim setsid --fork --wait "${@:2}" >out 2>err || status=$?
	[ "$status" != 0 ] || return 1
	grep -q 'did not exit normally' err || { cat err >&2; exit 98; }
}

# Somebody else's opinion of the registry: sound, and no name or key twice.
assert_sound() {
	[ "$(sqlite3 registry/registry.db "PRAGMA integrity_check; PRAGMA foreign_key_check;
		SELECT name FROM record WHERE name IS NOT NULL GROUP BY name HAVING count(*) > 1;
		SELECT serial FROM record WHERE serial IS NOT NULL GROUP BY serial HAVING count(*) > 1")" = ok ]
}

# What a first render of this registry would write.
assert_as_fresh() {
	rm -rf fresh
	mkdir -p fresh/etc/clustershell/groups.d fresh/etc/exports.d fresh/etc/slurm
	"$NODECTL" render --registry registry --root fresh >/dev/null
	diff -r fresh "$1"
}

@test "register dies anywhere: one board, one name, and the reply when it asks again" {
	make_card card "node worker001" 1
	make_keys own
	sshd_says card
	request 1 1 "$(announce own)" >line
	cp -a registry clean
	for ((n = 1; n < 200; n++)); do
		rm -rf registry
		cp -a clean registry
		killed $n "$NODECTL" register --registry registry <line || break
		assert_sound
		told=$(cat out)
		"$NODECTL" register --registry registry <line >again
		assert_result accepted <again
		grep -q '"name":"worker001"' again
		# What was told before, half of it or whole, is what is told now.
		[[ $(cat again) == "$told"* ]]
		assert_sound
		[ -e registry/changed ]
	done
	[ "$n" -gt 5 ]
	[ "$n" -lt 200 ]
}

@test "the second key is used for the first time and register dies anywhere: the board gets in" {
	make_card card "node worker001" 1
	make_keys own
	visit card 1 1 "$(announce own)" | assert_result accepted
	sshd_says own
	request 2 1 >line
	cp -a registry clean
	for ((n = 1; n < 200; n++)); do
		rm -rf registry
		cp -a clean registry
		killed $n "$NODECTL" register --registry registry <line || break
		"$NODECTL" register --registry registry <line | assert_result accepted
		assert_sound
		[ "$(sqlite3 registry/registry.db "SELECT state FROM record WHERE name = 'worker001'")" = ready ]
	done
	[ "$n" -gt 5 ]
	[ "$n" -lt 200 ]
}

@test "a window gives one name a board, wherever register dies" {
	make_card generic "join worker" 1
	make_keys own
	ctl accept --max 1 --for 1h
	sshd_says generic
	request 1 9 "$(announce own)" >line
	cp -a registry clean
	for ((n = 1; n < 200; n++)); do
		rm -rf registry
		cp -a clean registry
		killed $n "$NODECTL" register --registry registry <line || break
		"$NODECTL" register --registry registry <line | grep -q '"result":"confirm","name":"worker001"'
		assert_sound
	done
	[ "$n" -gt 5 ]
	[ "$n" -lt 200 ]
}

@test "render dies anywhere: each file is the old or the new, and the next run completes" {
	boot worker001 1
	ctl render --root root >/dev/null
	cp -a root old
	boot worker002 2
	cp -a registry registry.before
	ctl render --root root >/dev/null
	cp -a root new
	for ((n = 1; n < 400; n++)); do
		rm -rf root registry
		cp -a old root
		cp -a registry.before registry
		killed $n "$NODECTL" render --registry registry --root root || break
		while read -r file; do
			cmp -s "root/$file" "old/$file" || cmp "root/$file" "new/$file"
		done < <(cd new && find . -type f)
		if ! diff -r new root >/dev/null; then [ -e registry/changed ]; fi
		"$NODECTL" render --registry registry --root root >/dev/null
		assert_as_fresh root
		[ ! -e registry/changed ]
	done
	[ "$n" -gt 30 ]
	[ "$n" -lt 400 ]
}

@test "import dies anywhere: the next one completes" {
	for ((n = 1; n < 400; n++)); do
		rm -rf registry
		killed $n "$NODECTL" import plan --registry registry || break
		"$NODECTL" import plan --registry registry
		assert_sound
		[ "$(ctl status --json | wc -l)" = 4 ]
	done
	[ "$n" -gt 10 ]
	[ "$n" -lt 400 ]
}

@test "probe dies anywhere: the node is stale after the next one, and render has been told" {
	sed -i 's/10\.0\.0\./127.0.0./' plan
	rm -r registry
	ctl import plan
	sqlite3 registry/registry.db "UPDATE record SET state = 'ready' WHERE name = 'worker001';
		INSERT INTO setting SELECT 'probe-misses', 0, id || ' 2' FROM record WHERE name = 'worker001'"
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
	rm -f registry/changed
	cp -a registry clean
	for ((n = 1; n < 200; n++)); do
		rm -rf registry
		cp -a clean registry
		killed $n "$NODECTL" probe --registry registry --port "$port" || break
		assert_sound
		ctl probe --port "$port"
		[ "$(state_of worker001)" = stale ]
		[ -e registry/changed ]
	done
	[ "$n" -gt 5 ]
	[ "$n" -lt 200 ]
}
