#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Boards register: the client of firstboot on a directory that is a board (tests/fixtures/join), a real sshd on
# loopback with the shipped configuration, and nodectl behind it.
load nodectl
load nodectl-sshd

JOIN=$(dirname "$NODECTL")/tests/fixtures/join
SHIMS=$(dirname "$NODECTL")/tests/shims

teardown() {
	[ -z "${sshd:-}" ] || kill "$sshd" 2>/dev/null || true
	keep_work
}

# What the boards announce is known to sshd before they hear the reply.
write_command() {
	cat >command <<-END
		#!/bin/bash
		cd '$PWD' || exit 1
		reply=\$('$NODECTL' register --registry registry)
		code=\$?
		sqlite3 registry/registry.db 'SELECT key FROM key' | while read -r type key; do
			'$NODECTL' keys "\$type" "\$key" --registry registry
		done >authorized.\$\$
		mv authorized.\$\$ authorized
		printf '%s\n' "\$reply"
		exit \$code
	END
	chmod 755 command
}

# The master's sshd, whose host key the CA \$1 signed for the name master.
start_master() {
	make_keys host
	ssh-keygen -q -s "${1:-host-ca}" -h -I master -n master -V always:forever host.pub
	port=${port:-$(free_port)}
	: >>authorized
	write_command
	{
		shipped_config | sed "s|^ForceCommand.*|ForceCommand $PWD/command|"
		printf 'HostCertificate %s\nLogLevel VERBOSE\n' "$PWD/host-cert.pub"
	} >config
	run_master
}

run_master() {
	: >log
	"$(command -v sshd || echo /usr/sbin/sshd)" -D -f "$PWD/config" -E "$PWD/log" 3>&- &
	sshd=$!
	for _ in {1..100}; do grep -q 'Server listening' log && break; sleep 0.1; done
}

# A board as a card of mkimage makes it: make_board DIRECTORY NODE SERIAL CARD-SERIAL
make_board() {
	local net=$1/sys/class/net/eth0
	mkdir -p "$1/etc/cardstock" "$1/etc/ssh" "$1/var/lib/cardstock" "$1/proc/device-tree" "$net/device"
	mkdir -m 700 "$1/var/lib/cardstock/join"
	echo 1 >"$net/type"
	echo 0 >"$net/addr_assign_type"
	echo "dc:a6:32:00:00:0$3" >"$net/address"
	printf '1000000000abcd0%s\0' "$3" >"$1/proc/device-tree/serial-number"
	printf 'Raspberry Pi 4 Model B Rev 1.4\0' >"$1/proc/device-tree/model"
	ssh-keygen -q -t ed25519 -N '' -C '' -f "$1/etc/ssh/ssh_host_ed25519_key"
	make_card "card-$1" "node $2" "${4:-1}"
	mv "card-$1" "$1/var/lib/cardstock/join/card"
	mv "card-$1-cert.pub" "$1/var/lib/cardstock/join/card-cert.pub"
	cat >"$1/etc/cardstock/firstboot.conf" <<-END
		version = 1
		hostname = $2
		register = $(id -un)@127.0.0.1:$port
		register-name = master
		host-ca = $(public host-ca)
	END
}

join_files() {
	find "$1/var/lib/cardstock/join" -type f -printf '%f\n' | sort | paste -sd' '
}

@test "a board registers with its card, goes on with its own key, and knows it at the next boot" {
	start_master
	make_board board worker002 2
	[ "$("$JOIN" board)" = "new worker002 10.0.0.12/24, 0 bytes for munge" ]
	[ "$(state_of worker002)" = ready ]
	[ "$(join_files board)" = "known_hosts own own.pub reply" ]
	[ "$("$JOIN" board)" = "known worker002 10.0.0.12/24, 0 bytes for munge" ]
	absent 'Failed publickey' log # each shows the one key that it is for
	ctl status --json worker002 | python3 -c 'import json, sys
r = json.load(sys.stdin)
assert r["model"] == "Raspberry Pi 4 Model B Rev 1.4" and r["serial"] == "1000000000abcd02", r
assert r["cpus"] >= 1 and r["memory"] >= 1, r'
}

@test "a board whose only network device has no address of its own registers with its serial" {
	start_master
	make_board board worker002 2
	echo 1 >board/sys/class/net/eth0/addr_assign_type
	[ "$("$JOIN" board)" = "new worker002 10.0.0.12/24, 0 bytes for munge" ]
	make_board other worker003 3
	echo 1 >other/sys/class/net/eth0/addr_assign_type
	rm other/proc/device-tree/serial-number
	assert_fails 1 "neither a serial nor a network device" "$JOIN" other
}

@test "the secrets come with the reply, for the board alone" {
	start_master
	sed -i '/^slurm/i munge = yes' plan
	ctl import plan
	make_board board worker001 1
	[ "$("$JOIN" board)" = "new worker001 10.0.0.11/24, 128 bytes for munge" ]
	[ "$(stat -c %a board/var/lib/cardstock/join/reply)" = 600 ]
}

@test "the master is off: the board goes on trying, and gets in when it is there" {
	port=$(free_port)
	make_board board worker001 1
	"$JOIN" board 60000 >said 2>&1 &
	board=$!
	sleep 2
	kill -0 $board
	start_master
	wait $board
	[ "$(cat said)" = "new worker001 10.0.0.11/24, 0 bytes for munge" ]
}

@test "the patience ends with what is wrong, and nothing is lost" {
	port=$(free_port)
	make_board board worker001 1
	assert_fails 1 "the master, 127.0.0.1 port $port, does not answer" "$JOIN" board 300
	before=$(cat board/var/lib/cardstock/join/request)
	assert_fails 1 "Connection refused" "$JOIN" board 300
	[ "$(cat board/var/lib/cardstock/join/request)" = "$before" ]
	start_master
	[ "$("$JOIN" board)" = "new worker001 10.0.0.11/24, 0 bytes for munge" ]
}

# 60 boards have just come, and 600 nodes are planned: ten seconds.
crowd() {
	for n in {101..699}; do printf 'node = worker %d worker%03d 10.0.%d.%d/24\n' "$n" "$n" $((n / 100)) $((n % 100 + 100)); done >>plan
	ctl import plan
	sqlite3 registry/registry.db "WITH RECURSIVE n (i) AS (SELECT 1 UNION SELECT i + 1 FROM n WHERE i < 60)
		INSERT INTO rate SELECT 'ssh-ed25519 ' || i, $(cut -d. -f1 /proc/uptime), 1 FROM n"
}

until_kept() {
	for _ in {1..200}; do
		[ ! -e "$1/var/lib/cardstock/join/reply" ] || return 0
		sleep 0.1
	done
	return 1
}

@test "in a crowd a board has its name at once, and comes again when it is told to" {
	start_master
	crowd
	make_board board worker001 1
	"$JOIN" board >said &
	board=$!
	until_kept board
	[ "$(state_of worker001)" = registered ]
	began=$SECONDS
	wait $board
	[ $((SECONDS - began)) -ge 4 ]
	[ "$(cat said)" = "new worker001 10.0.0.11/24, 0 bytes for munge" ]
	[ "$(state_of worker001)" = ready ]
	[ "$(grep -c 'Accepted publickey' log)" = 2 ]
}

@test "power fails while a board of a crowd waits: the next boot goes on at once with its own key" {
	start_master
	crowd
	make_board board worker001 1
	"$JOIN" board &
	board=$!
	until_kept board
	kill -9 $board
	[ "$(state_of worker001)" = registered ]
	began=$SECONDS
	[ "$("$JOIN" board)" = "known worker001 10.0.0.11/24, 0 bytes for munge" ]
	[ $((SECONDS - began)) -le 3 ]
	[ "$(state_of worker001)" = ready ]
}

# As sshd does with those for whom it has no place; it counts them.
drop_connections() {
	python3 - "$1" >dropped <<-'END' 3>&- &
		import socket, sys
		with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
		    while True:
		        connection = server.accept()[0]
		        connection.sendall(b"Exceeded MaxStartups\r\n")
		        connection.close()
		        print("dropped", flush=True)
	END
	sshd=$!
}

@test "a board that the master drops stays away longer than one whose master is not there" {
	port=$(free_port)
	make_board board worker001 1
	drop_connections "$port"
	hours=36000000
	"$JOIN" board 60000 50 50 $hours $hours &
	board=$!
	sleep 4
	kill $board
	[ "$(wc -l <dropped)" = 1 ]
	"$JOIN" board 60000 $hours $hours 50 50 &
	board=$!
	sleep 4
	kill $board
	[ "$(wc -l <dropped)" -gt 3 ]
}

@test "a rogue master with another key hears nothing, and the board goes on trying the right one" {
	make_keys rogue-ca
	start_master rogue-ca
	make_board board worker001 1
	assert_fails 1 "does not answer" "$JOIN" board 500
	[ "$(state_of worker001)" = planned ]
	absent Accepted log
	kill "$sshd"
	rm host host.pub host-cert.pub
	start_master host-ca
	[ "$("$JOIN" board)" = "new worker001 10.0.0.11/24, 0 bytes for munge" ]
}

@test "a copied card is told that it is one, and the original goes on" {
	start_master
	make_board board worker001 1
	cp -a board copy
	printf '1000000000abcd09\0' >copy/proc/device-tree/serial-number
	echo "dc:a6:32:00:00:09" >copy/sys/class/net/eth0/address
	"$JOIN" board
	assert_fails 1 "the master says quarantined" "$JOIN" copy
	ctl status | grep -q ALARM
	[ "$("$JOIN" board)" = "known worker001 10.0.0.11/24, 0 bytes for munge" ]
}

@test "a card made anew takes the name over, and a decommissioned one gets nothing" {
	start_master
	make_board first worker001 1
	"$JOIN" first
	make_board second worker001 1 2
	[ "$("$JOIN" second)" = "new worker001 10.0.0.11/24, 0 bytes for munge" ]
	ctl decommission worker001
	assert_fails 1 "the master says refused" "$JOIN" second
}

@test "a board that waits is told so, and gets in when a person approves it" {
	start_master
	make_board first worker001 1
	"$JOIN" first
	make_board other worker001 3 2
	assert_fails 1 "'nodectl approve' lets it in" "$JOIN" other
	ctl approve worker001
	"$JOIN" other
	[ "$(state_of worker001)" = ready ]
}

@test "a key that the master will not take is made anew" {
	start_master
	make_board first worker001 1
	"$JOIN" first
	make_board other worker002 2
	cp first/var/lib/cardstock/join/own{,.pub} other/var/lib/cardstock/join
	[ "$("$JOIN" other 60000)" = "new worker002 10.0.0.12/24, 0 bytes for munge" ]
	[ "$(state_of worker001)" = ready ]
}

# A board with a card of `mkimage --generic`, all of which are alike: make_any_board DIRECTORY SERIAL
make_any_board() {
	local config=etc/systemd/network/0-cardstock-eth0.network
	[ -e any ] || make_card any "join worker" 1
	make_board "$1" worker-join "$2"
	sed -i '/^hostname/d' "$1/etc/cardstock/firstboot.conf"
	cp any "$1/var/lib/cardstock/join/card"
	cp any-cert.pub "$1/var/lib/cardstock/join/card-cert.pub"
	printf 'version = 1\nnetwork = systemd-networkd\nfile = /%s\n' $config >"$1/etc/cardstock/place.conf"
	mkdir -p "$1/etc/systemd/network" "$1/usr/lib/cardstock/place/etc/systemd/network" "$1/proc/net"
	printf '[Network]\nDHCP=ipv4\n' >"$1/$config"
	printf '[Network]\nDHCP=no\nAddress=THE-PLANNED-ADDRESS/0\n' >"$1/usr/lib/cardstock/place/$config"
	echo worker-join >"$1/etc/hostname"
	printf '127.0.0.1\tlocalhost\n10.0.0.1%s\tworker00%s\n127.0.1.1\tworker-join\n' 1 1 2 2 >"$1/etc/hosts"
	# What the kernel has once the address is in use.
	printf '     |-- 10.0.0.1%s\n        /32 host LOCAL\n' 1 2 >"$1/proc/net/fib_trie"
}

# The board in directory $1 is worker00$2 in all of its files.
assert_in_place() {
	[ "$(cat "$1/etc/hostname")" = "worker00$2" ]
	grep -qx "Address=10.0.0.1$2/24" "$1/etc/systemd/network/0-cardstock-eth0.network"
	absent worker-join "$1/etc/hosts"
	grep -qx "10.0.0.1$2	worker00$2" "$1/etc/hosts"
	grep -qF "localhost,127.0.0.1,::1,worker00$2,10.0.0.1$2 $(cut -d' ' -f1,2 "$1/etc/ssh/ssh_host_ed25519_key.pub")" \
		"$1/etc/ssh/ssh_known_hosts"
	[ "$(cat "$1/var/lib/cardstock/join/place")" = "worker00$2 10.0.0.1$2/24" ]
	[ -z "$(find "$1" -name '.*.cardstock')" ]
}

@test "boards with one card between them come while a window is open, and each gets name and address" {
	start_master
	make_any_board one 1
	make_any_board two 2
	ctl accept --max 2 --for 30m
	[ "$("$JOIN" one)" = "new worker001 10.0.0.11/24, 0 bytes for munge" ]
	[ "$("$JOIN" two)" = "new worker002 10.0.0.12/24, 0 bytes for munge" ]
	assert_in_place one 1
	assert_in_place two 2
	[ "$(state_of worker001) $(state_of worker002)" = "ready ready" ]
	[ "$(join_files two)" = "known_hosts own own.pub place reply" ]
	[ "$("$JOIN" one)" = "known worker001 10.0.0.11/24, 0 bytes for munge" ]
	# The next one waits.
	make_any_board three 3
	assert_fails 1 "the master says pending" "$JOIN" three
}

@test "a board that nobody planned stays as it is until a person approves it, and is told no secret before" {
	start_master
	sed -i '/^slurm/i munge = yes' plan
	ctl import plan
	make_any_board board 1
	cp -a board before
	assert_fails 1 "'nodectl approve' lets it in" "$JOIN" board
	diff -r --exclude=join before board
	ctl status | grep -q '^#.* pending'
	[ "$(join_files board)" = "card card-cert.pub known_hosts own own.pub request" ]
	ctl approve dca632000001 --as worker002
	[ "$("$JOIN" board)" = "new worker002 10.0.0.12/24, 128 bytes for munge" ]
	assert_in_place board 2
}

@test "nodectl rename reaches a board that nobody planned, and its address stays" {
	start_master
	ctl accept --max 1 --for 30m
	make_any_board board 1
	"$JOIN" board
	ctl rename worker001 bigmem
	"$JOIN" board
	[ "$(cat board/etc/hostname)" = bigmem ]
	grep -qx "10.0.0.11	bigmem" board/etc/hosts
	grep -qx "Address=10.0.0.11/24" board/etc/systemd/network/0-cardstock-eth0.network
}

workers_with_a_board() {
	sqlite3 -separator ' ' registry/registry.db "SELECT name, state FROM record WHERE role = 'worker' AND state != 'planned'"
}

# power N COMMAND…: killed at the Nth change of a file system, with all that it runs; 0: never.
power() {
	local at=$1
	shift
	CARDSTOCK_KILL_AT=$at CARDSTOCK_KILL_COUNT=$PWD/count LD_PRELOAD=$SHIMS/kill.so setsid --wait "$@" >>killed 2>&1
}

@test "power fails anywhere: the next boot ends registered, as one node, without an alarm" {
	start_master
	make_board fresh worker001 1
	cp -a registry registry.fresh
	n=1
	while :; do
		# The master's side of a visit whose board was killed.
		while pgrep -P "$sshd" >/dev/null; do sleep 0.05; done
		rm -rf board registry
		: >authorized
		cp -a fresh board
		cp -a registry.fresh registry
		head -c 8 /dev/zero >count
		status=0
		power "$n" "$JOIN" board || status=$?
		[ "$status" -ge 128 ] || break
		[ "$("$JOIN" board | cut -d' ' -f2,3)" = "worker001 10.0.0.11/24," ] || { echo "at $n" >&2; return 1; }
		[ "$(state_of worker001)" = ready ] || { echo "at $n: $(state_of worker001)" >&2; return 1; }
		[ "$(join_files board)" = "known_hosts own own.pub reply" ] || { echo "at $n: $(join_files board)" >&2; return 1; }
		run ctl status
		[ "$status" = 0 ] || { echo "at $n: $output" >&2; return 1; }
		[[ $output == *worker001* && $output != *ALARM* ]] || { echo "at $n: $output" >&2; return 1; }
		n=$((n + ${CARDSTOCK_POWER_STRIDE:-1}))
	done
	[ "$status" = 0 ]
	echo "# $(od -A n -t u8 count | tr -d ' ') changes of file systems" >&3
	[ "$n" -gt 20 ]
}

@test "power fails anywhere: a board that nobody planned ends in one place, with all of its files" {
	start_master
	make_any_board fresh 1
	ctl accept --max 1 --for 2h
	cp -a registry registry.fresh
	n=1
	while :; do
		while pgrep -P "$sshd" >/dev/null; do sleep 0.05; done
		rm -rf board registry
		: >authorized
		cp -a fresh board
		cp -a registry.fresh registry
		head -c 8 /dev/zero >count
		status=0
		power "$n" "$JOIN" board || status=$?
		[ "$status" -ge 128 ] || break
		[ "$("$JOIN" board | cut -d' ' -f2,3)" = "worker001 10.0.0.11/24," ] || { echo "at $n" >&2; return 1; }
		assert_in_place board 1 || { echo "at $n" >&2; return 1; }
		[ "$(workers_with_a_board)" = "worker001 ready" ] || { echo "at $n: $(workers_with_a_board)" >&2; return 1; }
		run ctl status
		[[ $output != *ALARM* && $output != *pending* ]] || { echo "at $n: $output" >&2; return 1; }
		n=$((n + ${CARDSTOCK_POWER_STRIDE:-1}))
	done
	[ "$status" = 0 ]
	echo "# $(od -A n -t u8 count | tr -d ' ') changes of file systems" >&3
	[ "$n" -gt 40 ]
}
