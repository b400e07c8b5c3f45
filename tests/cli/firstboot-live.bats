#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# firstboot on the running system, as on a board: in a mount namespace whose /etc, /var, /boot, LEDs and
# console are the test's, and whose /run has a journal that writes down what it gets, and no bus.
load firstboot

setup() {
	WORK=$BATS_TEST_TMPDIR/work
	mkdir -p "$WORK"/{root,class/leds/{PWR,ACT,default-on},run/systemd/journal}
	cd "$WORK" || return 1
	make_board root
	touch class/leds/{PWR,ACT}/{trigger,delay_on,delay_off} console
	listen run/systemd/journal/socket journal
	listen run/notify notified
}

# listen SOCKET FILE: what is sent goes to FILE, one datagram after the other.
listen() {
	python3 - "$1" "$2" 3>&- <<-'END' &
		import socket, sys
		listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		listener.bind(sys.argv[1])
		with open(sys.argv[2], "wb", buffering=0) as out:
		    while True:
		        out.write(listener.recv(1 << 16) + b"\n")
	END
	listeners+=($!)
	timeout 20 sh -c 'until [ -S "$1" ] && [ -e "$2" ]; do sleep 0.05; done' listen "$1" "$2"
}

teardown() {
	kill "${listeners[@]}"
	keep_work
}

# on_board COMMAND…: with the demonstration's files as those of the system.
on_board() {
	unshare -Urm sh -euc '
		for dir in etc var boot; do mount --bind "root/$dir" "/$dir"; done
		mount -t tmpfs none /sys
		mkdir /sys/class
		mount --bind class /sys/class
		mount --bind run /run
		mount --bind console /dev/console
		NOTIFY_SOCKET=/run/notify exec "$@"' on_board "$@"
}

# What the LED shows: trigger, milliseconds on and off.
led() {
	paste -d' ' class/leds/ACT/{trigger,delay_on,delay_off}
}

@test "LED, console, journal and service manager say that all is done" {
	run -0 on_board "$DEMO" run --phase local
	[ "$(led)" = 'timer 50 1950' ]
	[ ! -s class/leds/PWR/trigger ]
	grep -xE 'cardstock: worker003 10\.0\.0\.13 local steps done in [0-9]+\.[0-9] s' console
	head -n 1 notified | grep -x READY=1
	grep -x 'STATUS=name: writes the name' notified
	grep -xE 'STATUS=local steps done in .*' notified
	grep -x 'MESSAGE=the name is worker003' journal
	grep -x 'STEP=link' journal
	grep -x 'SYSLOG_IDENTIFIER=firstboot' journal
	cmp root/var/lib/cardstock/report.json root/boot/firmware/cardstock-report.json
}

@test "LED, console, journal and exit code say that a step failed" {
	touch root/var/demo/fail
	assert_fails 8 'local steps failed: flaky' on_board "$DEMO" run --phase local
	[ "$(led)" = 'timer 500 500' ]
	[ "$(cat console)" = 'cardstock: worker003 10.0.0.13 local steps failed: flaky' ]
	grep -A 6 -x 'MESSAGE=/var/demo/fail is there; remove it' journal >entry
	grep -x 'PRIORITY=3' entry
	grep -x 'RESULT=failed' entry
	grep -x 'STEP=flaky' entry
}

@test "while steps run, the LED flickers" {
	touch root/var/demo/slow
	on_board sh -c 'echo $$ >pid && exec "$0" run --phase local' "$DEMO" 3>&- &
	timeout 20 sh -c 'until [ -e root/var/demo/started ]; do sleep 0.05; done'
	[ "$(led)" = 'timer 100 100' ]
	kill -TERM "$(cat pid)"
	status=0 && wait $! || status=$?
	[ "$status" = 130 ]
}

@test "the LED that the settings name is used" {
	echo 'led = PWR' >>root/etc/cardstock/firstboot.conf
	on_board "$DEMO" run --phase local
	[ "$(cat class/leds/PWR/trigger)" = timer ]
	[ ! -s class/leds/ACT/trigger ]
}

@test "what goes to the journal as entries is not there as lines again" {
	: >out
	JOURNAL_STREAM=$(stat -c %d:%i out) on_board "$DEMO" run --phase local >out
	[ ! -s out ]
	grep -x 'MESSAGE=the name is worker003' journal
}

@test "without LED, console, journal and service manager all goes on" {
	run -0 unshare -Urm sh -euc '
		for dir in etc var boot; do mount --bind "root/$dir" "/$dir"; done
		for dir in sys run dev; do mount -t tmpfs none "/$dir"; done
		exec "$@"' on_board "$DEMO" run --phase local
	[[ $output == *'link: changed'* ]]
}

@test "status of the running system" {
	on_board "$DEMO" run --phase local
	run -0 on_board "$DEMO" status --json
	cmp <(echo "$output") root/var/lib/cardstock/report.json
}
