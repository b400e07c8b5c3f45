#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Nodes that answer and nodes that do not: the boards are listeners on loopback addresses.
# shellcheck disable=SC2034,SC2154 # start_boards sets port, stop_boards reads boards
load nodectl
load nodectl-boards

teardown() {
	stop_boards
	keep_work
}

probe() {
	ctl probe --port "$port"
}

# The timer does this.
probes() {
	for ((i = 0; i < $1; i++)); do probe; done
}

@test "a node that three probes miss gets no work, and gets it again when it answers" {
	start_boards
	probe >said
	[ ! -s said ]
	ctl render --root root >/dev/null
	power 12 off
	boards_follow
	probes 3 >said
	[ "$(cat said)" = "worker002: stale" ]
	[ "$(state_of worker002)" = stale ]
	ctl render --root root >changed
	grep -q '^machine_file: ' changed
	absent worker002 root/etc/cardstock/machine_file
	grep -q worker002 root/etc/hosts
	ctl status worker002 | grep -q 'is not reached$'
	power 12 on
	boards_follow
	probe >said
	[ "$(cat said)" = "worker002: ready" ]
	[ -e registry/changed ]
}

@test "a master without a network says so, and its nodes stay what they are" {
	start_boards
	for _ in 1 2 3 4; do
		# The loopback of a network namespace of its own is down.
		unshare -rn "$NODECTL" probe --registry registry --port "$port" >said 2>err
		[ ! -s said ]
	done
	grep -q "no node answers: look at this machine's network" err
	[ "$(state_of worker001)" = ready ]
	ctl status | grep -q 'ALARM: no node answered the last 4 probe(s)'
	probe
	absent ALARM <(ctl status)
}

# One after the other they would take 20 minutes.
@test "400 nodes are probed at once, with little work and a few MiB" {
	rm -r registry
	python3 - >plan.400 <<-'END'
		print("version = 1\ncluster = big\nmaster = master\nnode = master 1 master 10.0.0.1/24")
		for i in range(1, 401):
		    print(f"node = worker {i} w{i} 127.1.{i // 200}.{i % 200 + 1}/8")
	END
	ctl import plan.400
	sqlite3 registry/registry.db "UPDATE record SET state = 'ready'"
	cat >full.py <<-'END'
		import socket, sys, time
		s = socket.socket()
		s.bind(("0.0.0.0", 0)) # every loopback address: nobody accepts, so all but the first is silence
		s.listen(0)
		port = s.getsockname()[1]
		for i in range(2):
		    c = socket.socket(); c.setblocking(False); c.connect_ex(("127.0.0.9", port)); globals()[f"c{i}"] = c
		print(port, flush=True)
		time.sleep(120)
	END
	python3 full.py >full.port 3>&- &
	boards=$!
	for _ in {1..100}; do [ ! -s full.port ] || break; sleep 0.1; done
	port=$(cat full.port)
	/usr/bin/env time -f '%e %U %S %M' -o cost "$NODECTL" probe --registry registry --port "$port"
	cat cost >&2
	read -r wall user system memory <cost
	python3 -c 'import sys; w, u, s, m = map(float, sys.argv[1:]); sys.exit(not (3 <= w < 60 and u + s < 2 and m < 65536))' \
		"$wall" "$user" "$system" "$memory" # KiB; with the sanitizers, too
	ctl status | grep -q 'ALARM: no node answered the last 1 probe(s)'
}
