# SPDX-License-Identifier: GPL-3.0-or-later
# For bats, after nodectl.bash: three ready workers on loopback addresses that can be switched on and off
# (boards.py), and an ssh that gives them orders.
# shellcheck shell=bash

# The nodes have addresses 127.0.0.11 and on, and are ready; `power ADDRESS on` switches one.
start_boards() {
	rm -r registry
	sed -i 's/10\.0\.0\./127.0.0./' plan
	ctl import plan
	mkdir boards bin
	for number in 1 2 3; do
		boot "worker00$number" "$number"
		power 1$number on
	done
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
	python3 "$BATS_TEST_DIRNAME/boards.py" boards "$port" 3>&- &
	boards=$!
	make_ssh
	PATH=$PWD/bin:$PATH
	boards_follow
}

stop_boards() {
	[ -z "${boards-}" ] || kill "$boards"
}

# power 11 off: the board at 127.0.0.11
power() {
	echo "$2" >"boards/127.0.0.$1.new"
	mv "boards/127.0.0.$1.new" "boards/127.0.0.$1"
}

# Until the boards are what they were told to be.
boards_follow() {
	for _ in 1 2; do
		rm -f boards/seen
		for _ in {1..100}; do
			[ ! -e boards/seen ] || break
			sleep 0.05
		done
	done
}

# It obeys at once, unless a file says what this node does instead; `orders` has who was told what.
make_ssh() {
	cat >bin/ssh <<-'END'
		#!/bin/bash
		while [ "$1" != -- ]; do shift; done
		user=${2%@*} node=${2#*@}
		echo "$user $node ${*:3}" >>orders
		if [ -e "ssh.$node" ]; then . "./ssh.$node"; fi
		board=boards/127.0.0.1${node#worker00}
		set_to() { echo "$1" >"$board.new"; mv "$board.new" "$board"; }
		case $3 in
		poweroff) set_to refuse; (sleep 1; set_to off) >/dev/null 2>&1 & ;;
		reboot) set_to refuse; (sleep 1; set_to off; sleep 1; set_to on) >/dev/null 2>&1 & ;;
		esac
	END
	printf '#!/bin/sh\necho "$*" >>systemctl.called\n' >bin/systemctl
	chmod +x bin/ssh bin/systemctl
}
