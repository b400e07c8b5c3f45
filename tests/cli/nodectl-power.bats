#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Switching nodes off and on: the ssh is a script, the boards are listeners on loopback addresses.
load nodectl
load nodectl-boards

teardown() {
	stop_boards
	keep_work
}

# shellcheck disable=SC2154 # start_boards sets port
powered() {
	local command=$1
	shift
	ctl "$command" --port "$port" "$@" </dev/null
}

@test "shutdown waits until every node is off, and takes this machine last" {
	start_boards
	powered shutdown >said
	for node in worker001 worker002 worker003; do
		grep -qx "cardstock-ops $node poweroff" orders
		grep -q "^$node: off after [0-9]* s$" said
	done
	[ "$(tail -n 1 said)" = "master, this machine: poweroff" ]
	[ "$(cat systemctl.called)" = poweroff ]
}

@test "a node that refuses connections still runs: this machine stays on" {
	start_boards
	echo 'power() { echo refuse >boards/127.0.0.12; }; power; exit 0' >ssh.worker002
	run powered shutdown --timeout 9s
	[ "$status" = 1 ]
	[[ $output == *"worker002: NOT off: still runs, without sshd after 9 s"* ]]
	[[ $output == *"worker001: off after"* ]]
	[[ $output == *"not off: worker002; log in there and look, or cut its power. This machine stays as it is; --force takes it, too"* ]]
	[ ! -e systemctl.called ]
}

@test "a node that cannot be reached is named, and --force takes this machine all the same" {
	start_boards
	echo 'echo "ssh: connect to host worker003 port 22: No route to host" >&2; exit 255' >ssh.worker003
	run powered shutdown
	[ "$status" = 1 ]
	[[ $output == *"worker003: NOT off: not reached: ssh: connect to host worker003"* ]]
	[ ! -e systemctl.called ]
	for number in 11 12; do power $number on; done
	run powered shutdown --force
	[ "$status" = 1 ]
	[[ $output == *"not off: worker003; "*"This machine goes all the same"* ]]
	[ "$(cat systemctl.called)" = poweroff ]
}

@test "an order that took the connection with it was taken" {
	start_boards
	echo '(sleep 1; echo off >boards/127.0.0.11) >/dev/null 2>&1 & echo "Connection to worker001 closed by remote host." >&2; exit 255' >ssh.worker001
	powered shutdown worker001 --timeout 20s >said
	grep -q '^worker001: off after' said
}

@test "an order that may not have been heard is given again" {
	start_boards
	cat >ssh.worker001 <<-'END'
		if [ -e heard ]; then (sleep 1; echo off >boards/127.0.0.11) >/dev/null 2>&1 & exit 0; fi
		touch heard
		echo "Connection to worker001 closed by remote host." >&2
		exit 255
	END
	powered shutdown worker001 --timeout 60s >said
	[ "$(grep -c worker001 orders)" = 2 ]
	[ "$(grep -c '^worker001: poweroff ordered' said)" = 1 ]
	grep -q '^worker001: off after' said
}

@test "an order that is given again ends with the time that was given" {
	start_boards
	cat >ssh.worker001 <<-'END'
		[ ! -e heard ] || exec sleep 60
		touch heard
		echo "Connection to worker001 closed by remote host." >&2
		exit 255
	END
	SECONDS=0
	run -1 powered shutdown worker001 --timeout 20s
	[ "$(wc -l <orders)" = 2 ]
	[[ $output == *'worker001: NOT off: still answers after 20 s'* ]]
	[ "$SECONDS" -lt 35 ]
}

@test "a node that goes while it is told again is off" {
	start_boards
	cat >ssh.worker001 <<-'END'
		if [ -e heard ]; then echo off >boards/127.0.0.11; sleep 9; fi
		touch heard
		echo "Connection to worker001 closed by remote host." >&2
		[ "$(wc -l <orders)" = 1 ] || echo "ssh: connect to host worker001 port 22: Connection timed out" >&2
		exit 255
	END
	powered shutdown worker001 --timeout 60s >said
	[ "$(grep -c '^worker001: off after' said)" = 1 ]
	[ "$(wc -l <said)" = 2 ]
}

@test "nodes that are named are switched off, and this machine is not" {
	start_boards
	powered shutdown worker002 127.0.0.13 worker002 >said
	[ "$(cut -d' ' -f2 orders | sort | xargs)" = "worker002 worker003" ]
	[ ! -e systemctl.called ]
	powered shutdown master >said
	[ "$(cat said)" = "master, this machine: poweroff" ]
	ctl decommission worker001 >/dev/null
	assert_fails 1 "'worker001' is retired: it has no board" powered shutdown worker001
	assert_fails 1 "no node or board is called 'nobody'" powered shutdown nobody
	assert_fails 2 "--timeout: 'long' is not a time" powered shutdown worker002 --timeout long
	assert_fails 2 "--timeout: 'long' is not a time" powered shutdown --dry-run --timeout long
}

@test "reboot waits until the nodes are back, and takes this machine last" {
	start_boards
	powered reboot >said
	for node in worker001 worker002 worker003; do grep -q "^$node: back after [0-9]* s$" said; done
	[ "$(tail -n 1 said)" = "master, this machine: reboot" ]
	[ "$(cat systemctl.called)" = reboot ]
}

@test "a stale node that reboot has seen back is ready at once, and shutdown takes it" {
	start_boards
	powered shutdown worker001 >/dev/null
	[ "$(state_of worker001)" = stale ]
	powered shutdown --dry-run | grep -qx 'worker001 (stale): left alone: .*does not reach it; it may be on, and is asked when it is named'
	power 11 on
	powered reboot worker001 | grep -q '^worker001: back after'
	[ "$(state_of worker001)" = ready ]
	ctl status worker001 | grep -q '^ready  .*  is back$'
	powered shutdown --dry-run | grep -qx 'worker001: ssh cardstock-ops@worker001 poweroff'
}

@test "a node that never went down, or does not come back, is named" {
	start_boards
	echo 'exit 0' >ssh.worker001
	echo 'echo off >boards/127.0.0.12; exit 0' >ssh.worker002
	run powered reboot worker001 worker002 --timeout 8s
	[ "$status" = 1 ]
	[[ $output == *"worker001: NOT back: still answers after 8 s"* ]]
	[[ $output == *"worker002: NOT back: does not answer after 8 s"* ]]
}

@test "a node that is back before the last one took the order is back" {
	start_boards
	echo 'sleep 9' >ssh.worker003
	powered reboot worker001 worker003 --timeout 15s >said
	grep -q '^worker001: back after' said
	grep -q '^worker003: back after' said
}

@test "a hostile node cannot write to the terminal of who gives orders" {
	start_boards
	printf '%s\n' 'printf "\033]0;x\007\rworker002: off after 3 s" >&2; exit 3' >ssh.worker001
	for order in shutdown reboot; do
		run powered $order worker001
		[ "$status" = 1 ]
		[[ $output != *[$'\033\007\r']* ]]
		[[ $output == *"exit code 3: ^[]0;x^G^Mworker002: off after"* ]]
	done
}

@test "reboot --no-wait ends when the order was taken" {
	start_boards
	echo 'exit 0' >ssh.worker001
	[ "$(powered reboot worker001 --no-wait)" = "worker001: reboot ordered" ]
	powered reboot worker001 --no-wait --json | grep -qF '"state":"ordered"'
	echo 'echo no >&2; exit 3' >ssh.worker001
	assert_fails 1 "NOT back: exit code 3: no" powered reboot worker001 --no-wait
}

@test "a dry run says what would be done and does nothing" {
	start_boards
	powered shutdown --dry-run >said
	printf '%s: ssh cardstock-ops@%s poweroff\n' worker001 worker001 worker002 worker002 worker003 worker003 >expected
	echo "master, this machine: systemctl poweroff, when all are off" >>expected
	diff expected said
	[ ! -e orders ]
	[ ! -e systemctl.called ]
}

@test "nodes that are not ready are left alone, and said to be" {
	make_card worker001 "node worker001" 1
	make_keys own
	visit worker001 1 1 "$(announce own)" | assert_result accepted
	ctl shutdown --dry-run >said
	[ "$(head -n 1 said)" = "worker001 (registered): left alone: accepted; has not come back with its own key yet; it may be on, and is asked when it is named" ]
	[ "$(tail -n 1 said)" = "master, this machine: systemctl poweroff" ]
	ctl shutdown --dry-run --json | grep -qxF '{"node":"worker001","state":"left alone","reason":"registered"}'
	ctl quarantine worker001
	ctl shutdown --dry-run >said
	[ "$(head -n 1 said)" = "worker001 (quarantined): left alone: shut out until approve; it may be on" ]
}

@test "a person at a terminal is asked, and may say no" {
	start_boards
	run -1 script -qec "'$NODECTL' shutdown --registry registry --port $port" /dev/null <<<n
	[[ $output == *"switch off 3 nodes and then this machine? [y/N]"*"nothing was done"* ]]
	[ ! -e orders ]
	run -0 script -qec "'$NODECTL' shutdown worker001 --registry registry --port $port" /dev/null <<<y
	[[ $output == *"switch off 'worker001'? [y/N]"*"worker001: off after"* ]]
	rm orders
	power 11 on
	run -0 script -qec "'$NODECTL' reboot worker001 --yes --registry registry --port $port" /dev/null </dev/null
	[[ $output != *"[y/N]"* ]]
}

@test "what happens is JSON for programs" {
	start_boards
	powered shutdown worker001 master --json | python3 -c '
import json, sys
said = [(o["node"], o["state"]) for o in map(json.loads, sys.stdin)]
assert said == [("worker001", "ordered"), ("worker001", "off"), ("master", "ordered")], said'
}
