#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# What nodectl does not believe: boards that name what is another's, copies of cards, and a registry that somebody else
# wrote to.  What was changed is said and announced, whatever fails afterwards.
load nodectl

sql() {
	sqlite3 registry/registry.db "$1"
}

# doubted SQL FRAGMENT: root makes no file of it.
doubted() {
	cp -a registry sound
	sql "PRAGMA ignore_check_constraints = ON; $1"
	assert_fails 4 "$2" ctl render --root root || return 1
	assert_fails 4 "restore a backup" ctl status || return 1
	rm -r registry
	mv sound registry
}

@test "root makes no file of what import and register would not have written" {
	boot worker001 1
	ctl render --root root >/dev/null
	cp -a root before
	doubted "UPDATE record SET name = 'a' || char(10) || 'b' WHERE number = 2" "record 3"
	doubted "UPDATE record SET address = '10.0.0.12/24 mallory' WHERE number = 2" "record 3"
	doubted "UPDATE record SET host_key = 'ssh-ed25519 AAAA' WHERE number = 1 AND role = 'worker'" "host_key"
	doubted "UPDATE record SET os = '\"' WHERE number = 2" "os: should be"
	doubted "UPDATE record SET cpus = 5000 WHERE number = 2" "cpus: should be"
	doubted "UPDATE nic SET mac = 'ff:ff:ff:ff:ff:ff'" "address of a network device"
	doubted "UPDATE setting SET value = '/srv *(rw)' WHERE name = 'export'" "export: "
	doubted "UPDATE setting SET value = '/srv' || char(9) || 'rw' WHERE name = 'export'" "export: "
	doubted "UPDATE setting SET value = 'worker 4' WHERE name = 'hardware'" "hardware: "
	doubted "UPDATE setting SET value = 'x y' WHERE name = 'cluster'" "cluster: "
	doubted "INSERT INTO revoked_host SELECT id, host_key || char(10) || '@cert-authority * ' || host_key FROM record
		WHERE name = 'worker001'" "revoked host key of record"
	doubted "UPDATE record SET state = 'gone' WHERE number = 2" "a state that there is not"
	diff -r before root
	ctl render --root root
	diff -r before root
}

@test "status shows what the log of a board has, and does nothing of it" {
	boot worker001 1
	sql "UPDATE event SET text = char(27) || ']0;owned' || char(7)"
	ctl status worker001 >said
	grep -qF '^[]0;owned^G' said
	absent "$(printf '\033')" said
}

@test "a card that was moved to another board while it waited is no copy" {
	make_card generic "join worker" 1
	make_keys own
	visit generic 1 8 "$(announce own)" | assert_result pending
	sshd_says generic
	request 1 9 "$(announce own)" | sed "s/$(printf '%032x' 9)/$(printf '%032x' 8)/" | ctl register | assert_result pending
	[ "$(ctl status | grep -c '^#')" = 1 ]
}

@test "a munge key that the plan took away is told to nobody, not even again" {
	echo 'munge = yes' >>plan
	ctl import plan
	boot worker001 1
	visit worker001-own 3 1 | grep -q '"munge":"'
	sed '/^munge/d' plan >without
	ctl import without
	visit worker001-own 3 1 | grep -q '"secrets":{}'
}

@test "what was not changed is not announced, and what may not have been announced is again" {
	boot worker001 1
	ctl render --root root >/dev/null
	visit worker001-own 9 1 | assert_result accepted
	[ ! -e registry/changed ]
	visit worker001-own 9 1 | assert_result accepted # it got no reply: register was killed somewhere
	[ -e registry/changed ]
}

@test "what was decided is said, though it could not be announced" {
	boot worker001 1
	rm -f registry/changed
	mkdir registry/changed
	assert_fails 1 "passphrase of the WiFi" ctl decommission worker001
	[[ $output == *"registry/changed: cannot create"* ]]
	[ "$(state_of worker001)" = retired ]
}

@test "a stream of changes is rendered now and then, not once for each" {
	boot worker001 1
	local end=$((SECONDS + 9)) n=0
	while [ $SECONDS -lt $end ]; do ctl rename worker001 "fast$((n++ % 2))"; done >renames 3>&- &
	sleep 1
	ctl render --root root --settle 1 --debug >/dev/null 2>log
	wait
	[ "$(wc -l <renames)" -ge 10 ]
	[ "$(grep -c 'become those of generation' log)" -ge 1 ]
	[ "$(grep -c 'become those of generation' log)" -le 4 ]
}
