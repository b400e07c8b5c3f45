#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# nodectl asks nodes how they are; ssh is a script that says what the file facts/HOST has, and nodes that
# have none are off.
load nodectl

OPS=$ROOT/overlays/ops/root/usr/lib/cardstock/ops

# A registry of a master and two workers whose boards came, and a third that never did.
setup() {
	WORK=$BATS_TEST_TMPDIR/work
	mkdir -p "$WORK/bin" "$WORK/facts"
	cd "$WORK" || return 1
	make_keys host-ca enrol-ca
	cat >plan <<-END
		version = 1
		cluster = beowulf
		master = master
		mount = master:/srv/cluster /srv/cluster
		node = master 1 master 10.0.0.1/24
		node = worker 1 worker001 10.0.0.11/24
		node = worker 2 worker002 10.0.0.12/24
		node = worker 3 worker003 10.0.0.13/24
	END
	ctl import plan
	boot worker001 1
	boot worker002 2
	cat >bin/ssh <<-'END'
		#!/bin/bash
		printf '%s ' "$@" >>asked; echo >>asked
		while [ "$1" != -- ]; do shift; done
		host=${2#cardstock-ops@}
		[ "$3" = facts ] || exit 2
		if [ ! -e "facts/$host" ]; then
			printf 'ssh: connect to host %s port 22: No route to \033[31mhost\n' "$host" >&2
			exit 255
		fi
		sed "s/^clock now/clock $(date +%s.%N)/" "facts/$host"
	END
	chmod 755 bin/ssh
	PATH=$PWD/bin:$PATH
	well master 10.0.0.1
	well worker001 10.0.0.11 "$(public board1)"
	well worker002 10.0.0.12 "$(public board2)"
}

# well NAME ADDRESS [HOST-KEY]: a node with nothing to find.
well() {
	cat >"facts/$1" <<-END
		facts 1
		hostname $1
		address $2
		cpus 4
		uptime 93784.5 1.0
		load 0.50 0.25 0.10 1/80 999
		memory MemTotal 1000000
		memory MemAvailable 750000
		temperature 48312
		user mpi 2000 2000
		sudoer ops
		sudo yes
		mount /dev/mmcblk0p2 / ext4 rw 0 0
		mount systemd-1 /srv/cluster autofs rw 0 0
		fstab PARTUUID=1-02 / ext4 defaults 0 1
		disk 30000000 20000000 /
		host-key ${3-ssh-ed25519 AAAA}
		synced yes
		clock now
		end
	END
}

@test "health shows all nodes that have a board, and the master" {
	ctl health >said
	[ "$(cut -d' ' -f1 said | tr '\n' ' ')" = "NODE master worker001 worker002 " ]
	[ "$(grep -c '0.50.*25 %.*48 C.*synced.*0.*ok' said)" = 3 ]
	[ "$(wc -l <asked)" = 3 ]
	grep -qx -- '-xT -o ConnectTimeout=10 -F /etc/ssh/ssh_config -- cardstock-ops@worker001 facts ' asked
}

@test "health exits with 1 and says why a node needs a person, and why another was not reached" {
	sed -i -e 's/^synced yes/&\nfailed slurmd.service/' -e 's/ 48312/ 85000/' facts/worker001
	rm facts/worker002
	assert_fails 1 "2 of 3 nodes need a person: worker001, worker002" ctl health
	ctl health >said 2>/dev/null || true
	grep -q '^worker001 .*failed: slurmd.service; 85 degrees$' said
	grep -qF 'worker002  -       -     -       -     -       -       -       not reached: ssh: connect to host worker002 port 22: No route to ^[[31mhost' said
}

@test "health of one node asks that one" {
	ctl health 10.0.0.12 >said
	[ "$(wc -l <said)" = 2 ]
	[ "$(wc -l <asked)" = 1 ]
	assert_fails 1 "'worker003' is planned: there is no board" ctl health worker003
	assert_fails 1 "no node or board is called 'nobody'" ctl health nobody
}

@test "a slow node gets more time, and a quick end less" {
	ctl health worker001 --timeout 8s >/dev/null
	grep -q -- ' ConnectTimeout=4 ' asked
	ctl health worker001 --timeout 2m >/dev/null
	grep -q -- ' ConnectTimeout=10 ' asked
	printf '#!/bin/sh\nexec sleep 60\n' >"$(command -v ssh)"
	ctl health worker001 --timeout 1s >said || true
	grep -q '^worker001 .*no answer in time$' said
	assert_fails 2 "--timeout: 'soon'" ctl health --timeout soon
}

@test "health --json is an object a node, for programs" {
	sed -i 's/^temperature .*/failed a.service/' facts/worker001
	rm facts/worker002
	ctl health --json >said 2>/dev/null || true
	python3 - <<-'END'
		import json
		master, one, two = [json.loads(l) for l in open("said") if '"node"' in l]
		assert master["reached"] and master["uptime"] == 93784 and master["reasons"] == []
		assert one["failed"] == ["a.service"] and one["temperature_millicelsius"] is None
		assert one["reasons"] == ["failed: a.service"]
		assert not two["reached"] and two["reasons"][0].startswith("not reached: ssh:")
	END
}

@test "a hostile node cannot write to the terminal, nor into another's line" {
	printf 'facts 1\nhostname \033]0;owned\007\nfailed \033[2J\302\233x\nfailed ok\rworker002\nfstab x /\033[1m nfs\nend\n' >facts/worker001
	for command in health doctor; do
		ctl $command >said 2>&1 || true
		[ "$(LC_ALL=C tr -d '\n -~' <said | wc -c)" = 0 ]
		ctl $command --json >said 2>&1 || true
		[ "$(LC_ALL=C tr -d '\n -~' <said | wc -c)" = 0 ]
	done
	{ echo 'facts 1'; head -c 1000000 /dev/zero; echo end; } >facts/worker001
	assert_fails 1 "worker001" ctl health
	ctl health 2>/dev/null | grep -q '^worker001 .*its answer is cut off$'
}

@test "what the program of the overlay prints is what nodectl reads" {
	sed -e "s|^root=\$|root=$PWD/node|" "$OPS" >ops
	mkdir -p node/etc node/proc/sys/kernel
	cp /etc/passwd /etc/group node/etc
	cp /proc/mounts /proc/meminfo /proc/uptime /proc/loadavg node/proc
	echo worker001 >node/proc/sys/kernel/hostname
	printf 'master:/srv /nowhere nfs nofail 0 0\n' >node/etc/fstab
	SSH_ORIGINAL_COMMAND=facts bash ops >facts/worker001
	ctl health --json worker001 >said 2>/dev/null || true
	python3 - <<-'END'
		import json
		node = json.loads(open("said").readline())
		assert node["reached"], node
		assert node["uptime"] > 0 and node["memory_kib"] > 0 and node["cpus"] > 0
		assert "/nowhere" in node["not_mounted"]
	END
}

@test "doctor finds nothing where all is well, and says what it looked at" {
	ctl doctor >said
	[ "$(grep -c '^ok  ' said)" = 11 ]
	[ "$(wc -l <said)" = 11 ]
}

@test "doctor says what is wrong, why it matters and what to do" {
	sed -i 's/^user mpi 2000 2000/user mpi 2001 2001/' facts/worker001
	sed -i 's/^clock now/clock 86400.0/' facts/worker002
	assert_fails 1 "2 findings" ctl doctor
	ctl doctor >said 2>/dev/null || true
	grep -qxF "error   worker001: users: 'mpi' has the UID 2001, and 2000 on master" said
	grep -qxF "        do:  ssh -t worker001 sudo usermod -u 2000 mpi" said
	grep -qxF "        why: files on shares, and Slurm's jobs, belong to numbers and not to names" said
	grep -q "^error   worker002: clock: [0-9.]* s behind the master's" said
	grep -qx "ok      host-key: .* (3)" said
	ctl doctor --json 2>/dev/null | python3 -c 'import json, sys; r = [json.loads(l) for l in sys.stdin]; assert sum(o.get("level") == "ok" for o in r) == 9, r' || { ctl doctor --json >&2; return 1; }
}

@test "doctor sees a board whose host key is not the one that it registered with" {
	make_keys stranger
	well worker001 10.0.0.11 "$(public stranger)"
	ctl doctor >said 2>/dev/null || true
	grep -qxF "error   worker001: host-key: its host key is not the one that it registered with" said
}

@test "doctor of one node compares it with the master" {
	sed -i '/^user mpi/d' facts/worker002
	ctl doctor worker002 >said 2>/dev/null || true
	grep -qxF "warning worker002: users: 'mpi' of master is not here" said
	absent worker001 asked
}
