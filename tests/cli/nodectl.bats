#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The master's registry, with keys and certificates of ssh-keygen.
load nodectl

@test "a card of mkimage makes a board the node that it names, and its own key takes over" {
	make_card card "node worker002" 1
	make_keys own
	visit card 1 2 "$(announce own)" >reply
	assert_result accepted <reply
	python3 -c 'import json; r = json.load(open("reply")); assert r["name"] == "worker002" and r["address"] == "10.0.0.12/24" and r["slurm"] == "master:6817"'
	[ "$(state_of worker002)" = registered ]
	visit own 2 2 | assert_result accepted
	[ "$(state_of worker002)" = ready ]
}

@test "the same request gets the same bytes" {
	make_card card "node worker002" 1
	make_keys own
	visit card 1 2 "$(announce own)" >first
	boot worker001 1
	visit card 1 2 "$(announce own)" >again
	cmp first again
}

@test "sshd is told of the keys that nodes have, and of no others" {
	make_keys stranger
	boot worker001 1
	# shellcheck disable=SC2046 # two words
	[ "$(ctl keys $(public worker001-own))" = "restrict $(public worker001-own)" ]
	# shellcheck disable=SC2046
	[ -z "$(ctl keys $(public stranger))" ]
	[ -z "$(ctl keys ssh-rsa AAAA)" ]
}

@test "sshd is told whom a card may log in as, until it is decommissioned" {
	boot worker001 1
	for id in "node worker001" "node worker099" "join worker"; do
		[ "$(ctl principals "$id" 1)" = cardstock ]
	done
	for id in "" admin "node a b"; do
		[ -z "$(ctl principals "$id" 1)" ]
	done
	[ -z "$(ctl principals "node worker001" x)" ]
	ctl decommission worker001 >/dev/null
	[ -z "$(ctl principals "node worker001" 1)" ]
	[ "$(ctl principals "node worker001" 2)" = cardstock ]
}

@test "without sshd a board gets no answer to work with" {
	unset SSH_USER_AUTH
	request 1 1 | ctl register | assert_result busy
	echo "publickey ssh-rsa AAAA" >auth
	SSH_USER_AUTH=auth ctl register </dev/null | assert_result busy
}

@test "a certificate that is not for registration is worth nothing" {
	make_card card "admin" 1
	visit card 1 1 | assert_result busy
	make_card other "node worker001'; x" 1
	visit other 1 1 | assert_result busy
	[ "$(state_of worker001)" = planned ]
}

@test "lines that are no request are refused with a reason, and nothing else changes" {
	boot worker001 1
	ctl render --root root >/dev/null
	cp -a root before
	sshd_says worker001-own
	{ printf '{"a":"'; head -c 70000 /dev/zero | tr '\0' x; } | ctl register | assert_result refused
	printf '{"version":1,\0}\n' | ctl register | assert_result refused
	printf 'hello\n' | ctl register | assert_result refused
	ctl register </dev/null | assert_result refused
	request 3 1 ',"os":"x\n@cert-authority * ssh-ed25519 AAAA"' | ctl register | grep -q 'os: should be'
	request 3 1 ',"kernel":"/ *(rw)"' | ctl register | grep -q 'kernel: should be'
	request 3 1 | sed 's/"host_key":"/&@cert-authority * /' | ctl register | grep -q 'host_key: should be'
	ctl render --root root >changed
	[ ! -s changed ]
	diff -r before root
}

@test "a line that trickles in is not waited for" {
	boot worker001 1
	sshd_says worker001-own
	began=$SECONDS
	{ for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do printf '{'; sleep 1; done || true; } | ctl register | grep -q 'no line came in time'
	[ $((SECONDS - began)) -le 16 ]
}

@test "a gigabyte on one line is refused after its first 16 KiB" {
	boot worker001 1
	sshd_says worker001-own
	head -c 1G /dev/zero 2>/dev/null | tr '\0' x 2>/dev/null | /usr/bin/env time -f %M -o peak "$NODECTL" register --registry registry | assert_result refused
	[ "$(tail -n 1 peak)" -lt 65536 ] # KiB; with the sanitizers, too
}

@test "a copied card: the original untouched, the copy quarantined, an alarm" {
	boot worker001 1
	visit worker001-own 3 7 | assert_result quarantined
	[ "$(state_of worker001)" = ready ]
	ctl status | grep -q 'worker001 .*ALARM: a copy of its card is at #'
	visit worker001-own 4 1 | assert_result accepted
}

@test "a legal reflash keeps name and host key lines" {
	boot worker001 1
	ctl render --root root >/dev/null
	cp root/etc/ssh/ssh_known_hosts before
	make_card again "node worker001" 2
	make_keys again-own
	visit again 3 1 "$(announce again-own)" | grep -q '"name":"worker001"'
	visit again-own 4 1 | assert_result accepted
	ctl render --root root >/dev/null
	cmp before root/etc/ssh/ssh_known_hosts
}

@test "the old image flashed again is a copy until a person approves it" {
	boot worker001 1
	make_keys fresh
	visit worker001 5 1 "$(announce fresh)" | assert_result quarantined
	ctl approve worker001 | grep -q 'worker001 is registered'
	visit worker001 6 1 "$(announce fresh)" | assert_result accepted
	visit fresh 7 1 | assert_result accepted
	[ "$(state_of worker001)" = ready ]
	visit worker001-own 8 1 | assert_result quarantined
}

@test "a board that nobody planned waits, is approved, and learns its secrets with its own key" {
	sed 's/^slurm.*/munge = yes/' plan >plan.munge
	ctl import plan.munge
	make_card generic "join worker" 1
	make_keys own
	visit generic 1 9 "$(announce own)" | assert_result pending
	ctl status | grep -q '^#.* pending'
	ctl approve DC-A6-32-00-00-09 | grep -q 'worker001 is registered'
	visit generic 1 9 "$(announce own)" >reply
	assert_result confirm <reply
	absent secrets reply
	visit own 2 9 | grep -q '"secrets":{"munge":"'
}

@test "a card of any board that was written anew gets its former place by decommission and approve --as" {
	make_card generic "join worker" 1
	make_keys own again
	ctl accept --max 1 --for 30m
	visit generic 1 9 "$(announce own)" | assert_result confirm
	visit own 2 9 | assert_result accepted
	visit generic 3 9 "$(announce again)" | assert_result pending
	assert_fails 1 "'worker001' is ready; a board gets the place of a node that is planned or retired" \
		ctl approve 5 --as worker001
	ctl decommission worker001
	ctl approve 5 --as worker001
	visit generic 3 9 "$(announce again)" | assert_result confirm
	# The host key that the card had before it was written is worth nothing; the new one is made at the first boot.
	visit again 4 9 | grep -q '"refused".*host_key: was decommissioned.*has only to be written again'
	mv board9 former && mv board9.pub former.pub
	visit again 4 9 >reply
	assert_result accepted <reply
	grep -q '"name":"worker001"' reply
	visit own 5 9 | assert_result refused
	ctl render --root root >/dev/null
	grep -q "^worker001,.* $(public board9)" root/etc/ssh/ssh_known_hosts
}

@test "planned nodes that nobody has seen share a line on a terminal, and have one each with --all and in a pipe" {
	for number in {4..64}; do echo "node = worker $number $(printf 'worker%03d' "$number") 10.0.0.$((10 + number))/24"; done >>plan
	ctl import plan
	boot worker002 2
	boot worker040 3
	script -qec "'$NODECTL' status --registry registry" /dev/null </dev/null | tr -d '\r' >said
	[ "$(wc -l <said)" = 8 ]
	grep -q '^NAME ' said
	grep -q '^worker001  *planned ' said # alone it has a line as others have
	grep -q '^worker002  *ready ' said
	grep -qx 'worker003 … worker039: 37 planned, not seen yet' said
	grep -qx 'worker041 … worker064: 24 planned, not seen yet' said
	grep -q '^65 nodes: ' said
	script -qec "'$NODECTL' status --all --registry registry" /dev/null </dev/null | tr -d '\r' >all
	[ "$(grep -c '^worker0..  planned ' all)" = 62 ]
	[ "$(ctl status | awk '$2 == "planned"' | wc -l)" = 62 ]
	[ "$(ctl status --json | grep -c '"state":"planned"')" = 62 ]
}

@test "a copy of a join card gets no place of its own by mistake" {
	make_card generic "join worker" 1
	make_keys own
	visit generic 1 8 "$(announce own)" | assert_result pending
	visit generic 1 9 "$(announce own)" | assert_result quarantined
	ctl status | grep -q '^#.* pending .*ALARM: a copy of its card is at #'
	assert_fails 1 "its card is a copy of that of #" ctl approve dc:a6:32:00:00:09
	ctl approve dc:a6:32:00:00:09 --as worker003 | grep -q 'worker003 is registered'
	visit generic 2 9 "$(announce own)" | assert_result confirm
	visit generic 2 8 "$(announce own)" | assert_result quarantined
}

@test "approve --as gives a board the place of the planned node that was named, and of no other" {
	boot worker001 1
	make_card generic "join worker" 1
	make_keys own
	visit generic 1 9 "$(announce own)" | assert_result pending
	assert_fails 1 "no node is called 'worker099'" ctl approve 0009 --as worker099
	assert_fails 1 "'worker001' is ready" ctl approve 0009 --as worker001
	ctl approve 0009 --as worker003 | grep -q 'worker003 is registered'
	visit generic 1 9 "$(announce own)" | grep -q '"confirm","name":"worker003"'
	visit own 2 9 | grep -q '"address":"10.0.0.13/24"'
	[ "$(state_of worker002)" = planned ]
}

@test "accept lets so many in and no more" {
	make_card generic "join worker" 1
	make_keys own8 own9
	ctl accept --max 1 --for 30m | grep -q 'the next 1 boards'
	ctl status | grep -q '^open for 1 of 1 boards as worker'
	visit generic 1 8 "$(announce own8)" | assert_result confirm
	visit generic 2 9 "$(announce own9)" | assert_result pending
	ctl accept --close
	assert_fails 2 "'soon' is not a time" ctl accept --max 1 --for soon
	assert_fails 2 "needs --max and --for" ctl accept --max 1
}

@test "quarantine shuts a node out of everything until it is approved" {
	boot worker001 1
	ctl quarantine worker001
	visit worker001-own 5 1 | assert_result quarantined
	ctl render --root root >/dev/null
	absent worker001 root/etc/cardstock/machine_file
	absent 10.0.0.11 root/etc/exports.d/cardstock.exports
	ctl approve worker001
	visit worker001-own 6 1 | assert_result accepted
}

@test "decommission: the card gets nothing, the host key is revoked, a new card may come" {
	boot worker001 1
	ctl decommission worker001 >said
	grep -q 'up to serial 1 are worth nothing' said
	grep -q 'passphrase of the WiFi' said
	visit worker001-own 5 1 | assert_result refused
	visit worker001 6 1 | assert_result refused
	# shellcheck disable=SC2046 # two words
	[ -z "$(ctl keys $(public worker001-own))" ]
	ctl render --root root >/dev/null
	absent worker001 root/etc/hosts
	absent '@cert-authority .*worker001' root/etc/ssh/ssh_known_hosts
	grep -qxF "@revoked worker001,worker001.beowulf,10.0.0.11 $(public board1)" root/etc/ssh/ssh_known_hosts
	assert_fails 1 "decommissioned already" ctl decommission worker001
	make_card new "node worker001" 2
	visit new 7 4 | assert_result accepted
}

@test "the host key of a decommissioned card stays revoked when the node is back" {
	boot worker001 1
	ctl decommission worker001 | grep -q 'its host key, whose certificate is good for ever'
	make_card new "node worker001" 2
	visit new 7 1 | grep -q '"refused".*host_key: was decommissioned'
	visit new 8 4 | assert_result accepted
	ctl render --root root >/dev/null
	hosts=root/etc/ssh/ssh_known_hosts
	grep -qxF "@revoked worker001,worker001.beowulf,10.0.0.11 $(public board1)" $hosts
	grep -q '^@cert-authority worker001,' $hosts
	absent "$(public board4)" $hosts
}

@test "a board that called another's host key its own ends nothing but its own name" {
	boot worker001 1
	make_card liar "node worker002" 1
	make_keys board2 master
	sshd_says liar
	request 1 2 | sed "s|$(public board2)|$(public host-ca)|" | ctl register >reply
	assert_result refused <reply
	grep -q 'host_key: is the master' reply
	request 2 2 | sed "s|$(public board2)|$(public master)|" | ctl register | assert_result accepted
	ctl decommission worker002
	ctl render --root root >/dev/null
	absent '@revoked \*' root/etc/ssh/ssh_known_hosts
	ssh-keygen -F worker002 -f root/etc/ssh/ssh_known_hosts | grep -qF "@revoked worker002,worker002.beowulf,10.0.0.12 $(public master)"
	[ -z "$(ssh-keygen -F worker001 -f root/etc/ssh/ssh_known_hosts | grep revoked)" ]
}

@test "a stolen card that never came can be revoked" {
	make_card stolen "node worker003" 3
	assert_fails 1 "no card of 'worker003' ever came; say with --serial" ctl decommission worker003
	[ "$(state_of worker003)" = planned ]
	ctl decommission worker003 --serial 3
	visit stolen 1 3 | assert_result refused
	[ "$(state_of worker003)" = retired ]
	assert_fails 1 "decommissioned already" ctl decommission worker003 --serial 3
	ctl decommission worker003 --serial 4 | grep -q 'up to serial 4 are worth nothing'
}

@test "a node is renamed, and its known host key moves to that name" {
	boot worker001 1
	ctl rename worker001 fast | grep -q "'fast' from its next boot"
	visit worker001-own 5 1 | grep -q '"name":"fast"'
	ctl render --root root >/dev/null
	ssh-keygen -F fast -f root/etc/ssh/ssh_known_hosts | grep -q "$(public board1)"
	assert_fails 1 "is the name of worker 2" ctl rename fast worker002
	assert_fails 3 "is not a hostname" ctl rename fast 'A!'
	assert_fails 3 "localhost" ctl rename fast localhost
	assert_fails 1 "is the master" ctl rename master boss
	sed 's/worker003/localhost/' plan >wrong
	assert_fails 3 "localhost" ctl import wrong
}

@test "a board is found by whatever is known of it" {
	boot worker001 1
	for query in worker001 worker001.beowulf 10.0.0.11 10.0.0.11/24 dc:a6:32:00:00:01 DC-A6-32-00-00-01 dca6.3200.0001 dca632000001 \
		1000000000000001 0001; do
		ctl status "$query" | grep -q '^name *worker001$'
	done
	assert_fails 1 "no node or board is called 'worker9'" ctl status worker9
	assert_fails 1 "'nobody'" ctl approve nobody
	make_card worker002 "node worker002" 1
	sshd_says worker002
	request 1 2 | sed 's/"1000000000000002"/"2000000000000001"/' | ctl register | assert_result accepted
	assert_fails 1 "'0000001' may be worker001, worker002; say which" ctl quarantine 0000001
}

@test "status --watch shows it again" {
	run timeout 3 "$NODECTL" status --watch --registry registry
	[ "$status" = 124 ]
	[ "$(grep -c 'NAME  .*STATE' <<<"$output")" -ge 2 ]
}

@test "two live boards with one MAC are both marked" {
	boot worker001 1
	make_card worker002 "node worker002" 1
	sshd_says worker002
	request 1 2 | sed 's/00:02"/00:01"/' | ctl register | assert_result accepted
	[ "$(ctl status | grep -c 'ALARM: has a MAC in common')" = 2 ]
}

@test "a registry of format 1 is brought up to date by import, and what was decommissioned stays so" {
	boot worker001 1
	boot worker002 2
	ctl decommission worker001 >/dev/null
	sqlite3 registry/registry.db 'DROP TABLE revoked_host; ALTER TABLE key DROP COLUMN turned;
		ALTER TABLE record ADD COLUMN card_id TEXT; PRAGMA user_version = 1'
	assert_fails 1 "older format 1; run 'nodectl import' once" ctl status
	ctl import plan
	[ "$(state_of worker001)" = retired ]
	visit worker002-own 5 2 | assert_result accepted
	ctl render --root root >/dev/null
	grep -qxF "@revoked worker001,worker001.beowulf,10.0.0.11 $(public board1)" root/etc/ssh/ssh_known_hosts
}

@test "what is no registry is not made one by mistake" {
	assert_fails 1 "'nodectl import' makes it" "$NODECTL" status --registry nowhere
	[ ! -e nowhere ]
	assert_fails 1 "cannot open" ctl import nowhere
	head -c 5000 /dev/urandom >registry/registry.db
	rm registry/registry.db-*
	assert_fails 4 "restore the file from a backup" ctl status
}

# The manual and docs/registration.md say what the program does.
@test "every command, option and exit code is in the manual" {
	manual=$ROOT/docs/nodectl.8.md
	"$NODECTL" --help | sed -n '/^commands/,/^$/s/^  \([a-z]*\) .*/\1/p' >commands
	[ "$(wc -l <commands)" -ge 11 ]
	while read -r command; do
		grep -q "\*\*$command\*\*" "$manual" || { echo "$command" >&2; return 1; }
		"$NODECTL" "$command" --help | sed -n 's/^  [-a-z, ]*\(--[a-z-]*\) .*/\1/p' >options
		[ "$(wc -l <options)" -ge 5 ]
		while read -r option; do
			grep -q -- "^\* \*\*.*$option" "$manual" || { echo "$command $option" >&2; return 1; }
		done <options
	done <commands
	"$NODECTL" --help | sed -n '/^exit codes/,$s/^ *\([0-9]*\)  \(.*\)/| \1 | \2 |/p' >codes
	[ "$(wc -l <codes)" -ge 8 ]
	while read -r line; do grep -qxF "$line" "$manual"; done <codes
}

@test "the tables of docs/registration.md are those of the program" {
	"$NODECTL" fields --json | python3 -c '
import json, sys
for f in map(json.loads, sys.stdin):
    print("| `%s` | %s | %s| %s |" % (f["field"], f["grammar"], "yes " if f["optional"] else "", f["help"]))' >rows
	[ "$(wc -l <rows)" = 16 ]
	while read -r line; do grep -qxF "$line" "$ROOT/docs/registration.md" || { echo "$line" >&2; return 1; }; done <rows
}
