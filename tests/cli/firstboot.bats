#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The engine of firstboot: order, state, report, and what it does when something is wrong.
load firstboot

@test "the steps of a phase run in order, and the report has them" {
	run -0 demo local
	[ "$output" = "$(printf '%s\n' 'name: changed: the name is worker003' 'serial: changed: the board is serial:1000000012345678' \
		'flaky: unchanged: nothing^Jis in the ^[[1mway' 'slow: unchanged: took its time' 'link: changed: /var/demo/old is a link now')" ]
	[ "$(cat root/etc/demo/name)" = worker003 ]
	[ "$(stat -c %a root/etc/demo/name)" = 640 ]
	[ "$(readlink root/etc/demo/link)" = name ]
	[ ! -e root/var/demo/old ]
	[ ! -e root/var/demo/up ]
	python3 -m json.tool root/var/lib/cardstock/report.json >report
	[ "$(report hostname)" = worker003 ]
	[ "$(report cluster)" = testbed ]
	[ "$(report role)" = worker ]
	[ "$(report board)" = "{'model': 'Mini Board Model 1', 'serial': '1000000012345678'}" ]
	[ "$(report phase)" = local ]
	[ "$(report result)" = 'done' ]
	[ "$(report name)" = 'changed: the name is worker003' ]
	cmp root/var/lib/cardstock/report.json root/boot/firmware/cardstock-report.json
	run -0 demo network
	[ "$output" = "$(printf '%s\n' 'up: changed: /var/demo/up is there' 'peer: unchanged: the master is on')" ]
	[ "$(report phase)" = network ]
	[ "$(report result)" = 'done' ]
	[ "$(report link)" = 'changed: /var/demo/old is a link now' ]
}

@test "a second boot does nothing and writes nothing" {
	demo local && demo network
	find root -printf '%p %i %T@ %C@\n' | sort >before
	began=$(date +%s%N)
	run -0 demo local
	local_ns=$(($(date +%s%N) - began))
	[ -z "$output" ]
	run -0 demo network
	[ -z "$output" ]
	find root -printf '%p %i %T@ %C@\n' | sort | diff before -
	echo "# second boot, local phase: $((local_ns / 1000)) us from start to end" >&3
}

@test "a step that fails does not keep the others from running, and is tried again" {
	touch root/var/demo/fail
	assert_fails 8 "local steps failed: flaky; 'firstboot status' says what to do" demo local
	[[ $output == *'flaky: failed: root/var/demo/fail is there; remove it'*'link: changed'* ]]
	[ "$(report flaky root/boot/firmware/cardstock-report.json)" = 'failed: root/var/demo/fail is there; remove it' ]
	[ "$(report result)" = failed ]
	run -8 demo local
	[[ $output == *'flaky: failed'* ]]
	[[ $output != *link:* ]]
	rm root/var/demo/fail
	run -0 demo local
	[ "$output" = 'flaky: unchanged: nothing^Jis in the ^[[1mway' ]
	[ "$(report result)" = 'done' ]
}

@test "a step that is told to, runs again" {
	demo local
	echo other >root/etc/demo/name
	demo local
	[ "$(cat root/etc/demo/name)" = other ]
	run -0 demo local --again name --again serial
	[ "$output" = "$(printf '%s\n' 'name: changed: the name is worker003' 'serial: unchanged: the board is serial:1000000012345678')" ]
	[ "$(cat root/etc/demo/name)" = worker003 ]
}

@test "a step of each boot looks each time, and is told when it changed something" {
	demo network
	rm root/var/demo/up
	run -0 demo network
	[ "$output" = 'up: changed: /var/demo/up is there' ]
}

@test "--retry tries what waits for other machines until it is done, and is not told twice what is known" {
	demo local
	touch root/var/demo/alone
	run -8 demo network
	[[ $output == *'peer: failed: no answer; is the master on?'* ]]
	"$DEMO" run --root root --phase network --retry >said 2>&1 3>&- &
	timeout 20 sh -c 'until grep -q peer said; do sleep 0.1; done'
	sleep 6
	rm root/var/demo/alone
	wait $!
	[ "$(grep -c 'peer: failed' said)" = 1 ]
	grep -qx 'peer: unchanged: the master is on' said
	[ "$(report result)" = 'done' ]
}

@test "a step that waits for others says how long it does between two tries, and knows the first" {
	demo local
	touch root/var/demo/alone
	"$DEMO" run --root root --phase network --retry >said 2>&1 3>&- &
	# With the engine's own pauses the sixth try is after 155 s.
	timeout 120 sh -c 'until grep -qx frrrrr root/var/demo/tries; do sleep 0.2; done'
	rm root/var/demo/alone
	wait $!
}

@test "--retry ends when what failed waits for nobody, and when it is told to" {
	touch root/var/demo/fail
	run -8 demo local --retry
	touch root/var/demo/alone
	"$DEMO" run --root root --phase network --retry >said 2>&1 3>&- &
	timeout 20 sh -c 'until grep -q peer said; do sleep 0.1; done'
	kill -TERM $!
	status=0 && wait $! || status=$?
	[ "$status" = 130 ]
}

@test "a dry run says what would be done and writes nothing" {
	tree_of root >before
	run -0 demo local --dry-run
	[[ $output == *'name: would change: the name is worker003'*'flaky: unchanged'*'link: would change'* ]]
	touch root/var/demo/fail
	run -0 demo local --dry-run
	[[ $output == *'flaky: would fail'* ]]
	rm root/var/demo/fail
	tree_of root | diff before -
}

@test "a card in another board runs again what depends on the board" {
	demo local
	put_in_board root 2000000087654321
	run -0 demo local
	[[ $output == 'state: unchanged: is of another board'*$'\nserial: changed: the board is serial:2000000087654321' ]]
	[ "$(cat root/etc/demo/board)" = serial:2000000087654321 ]
	run -0 demo local
	[ -z "$output" ]
}

@test "a board that says nothing of itself is not another board" {
	demo local
	rm root/proc/device-tree/serial-number
	run -0 demo local
	[ -z "$output" ]
}

@test "a card that was made anew runs everything again" {
	demo local
	sed -i 's/build-1/build-2/; s/worker003/worker004/' root/etc/cardstock/firstboot.conf
	run -0 demo local
	[[ $output == 'state: unchanged: is of another image'*'name: changed: the name is worker004'*'link: unchanged'* ]]
}

@test "a damaged state is no state" {
	demo local
	state=root/var/lib/cardstock/firstboot.state
	cp $state whole
	for damage in 's/step/stop/' 's/changed/chanced/' '$d' '1d' 's/worker/w\x00rker/' '$a more'; do
		sed "$damage" whole >$state
		run -0 demo local
		[[ $output == "state: unchanged: root/var/lib/cardstock/firstboot.state: "*'all steps run again'*'name: unchanged'*'link: unchanged'* ]] ||
			{ echo "$damage: $output" >&2; return 1; }
		run -0 demo local
		[ -z "$output" ]
	done
	: >$state
	run -0 demo local
	[[ $output == *'all steps run again'* ]]
}

@test "with settings that cannot be read, the steps that need none run, and the FAT says why" {
	touch root/boot/firmware/config.txt
	echo 'hostnam = worker' >>root/etc/cardstock/firstboot.conf
	assert_fails 8 'local steps failed: settings' demo local
	[[ $output == *"settings: failed: root/etc/cardstock/firstboot.conf:16: unknown key 'hostnam'; did you mean 'hostname'?"* ]]
	[[ $output == *'serial: changed'* ]]
	[[ $output != *name:* ]]
	[[ $(report settings root/boot/firmware/cardstock-report.json) == "failed: "*"unknown key 'hostnam'"* ]]
	[ "$(report result)" = failed ]
	sed -i '$d' root/etc/cardstock/firstboot.conf
	run -0 demo local
	[ "$output" = 'name: changed: the name is worker003' ]
	rm root/etc/cardstock/firstboot.conf
	assert_fails 8 'there is no such file; mkimage writes it' demo local
}

@test "the settings' grammar" {
	conf=root/etc/cardstock/firstboot.conf
	while IFS='|' read -r line message; do
		printf '%s\n' 'version = 1' "$line" >$conf
		assert_fails 8 "firstboot.conf:2: $message" demo local
	done <<-'END'
		hostname|no '=': a line is 'key = value'
		hostname = Worker|hostname: 'Worker' is not a hostname
		version = 1|'version' is there twice
		address = 10.0.0.13|address: '10.0.0.13' has no prefix length
		address = 10.0.0/24|address: '10.0.0' is not an IPv4 address
		boot = boot|boot: 'boot' is not an absolute path
		grow = maybe|grow: 'maybe' is neither yes nor no
		enable = ssh|enable: 'ssh' is not a unit name
		led = ../../etc|led: '../../etc' is not a name
	END
	echo 'version = 2' >$conf
	assert_fails 8 "version: '2' is not what this program knows, which is 1" demo local
	echo '# nothing' >$conf
	assert_fails 8 "no 'version'" demo local
	printf 'version = 1\nrole = a\0b\n' >$conf
	assert_fails 8 'NUL byte' demo local
	yes '# much' | head -c 70000 >$conf
	assert_fails 8 'larger than' demo local
}

@test "on a full root the steps that write fail, the FAT says so, and nothing half-made stays" {
	run -8 faulty enospc:after=0 /root/etc demo local
	[[ $output == *'name: failed: root/etc/demo/name: cannot write: No space left on device; make room'* ]]
	[[ $output == *'link: changed'* ]]
	[[ $(report name root/boot/firmware/cardstock-report.json) == 'failed: '*'make room'* ]]
	run -8 faulty enospc:after=0 /root/var demo local
	[[ $output == *'name: changed'*'state: failed: root/var/lib/cardstock/firstboot.state: '*'make room'*'all steps run again at the next boot'* ]]
	[ "$(report result root/boot/firmware/cardstock-report.json)" = failed ]
	[ -z "$(find root -name '*.cardstock')" ]
	rm -r root/run/cardstock # as a boot does
	run -0 demo local
	[ "$output" = "$(printf '%s\n' 'name: unchanged: the name is worker003' 'serial: unchanged: the board is serial:1000000012345678')" ]
}

@test "a full FAT fails no step" {
	run -0 faulty enospc:after=0 /boot/firmware demo local
	[[ $output == *'link: changed'*'report: failed: root/boot/firmware/cardstock-report.json: '*'make room'* ]]
	[ "$(ls -A root/boot/firmware)" = $'cmdline.txt\nconfig.txt' ]
	run -0 demo local
	[ "$(report result root/boot/firmware/cardstock-report.json)" = 'done' ]
}

@test "short writes are finished" {
	faulty short /root/ demo local
	cp -a root short
	rm -r root && mkdir root && make_board root
	demo local
	[ "$(tree_of short)" = "$(tree_of root)" ]
}

# in_namespace SCRIPT: as root of a user namespace with mounts of its own.
in_namespace() {
	unshare -Urm sh -euc "$1"
}

@test "a FAT partition that is not mounted gets no report: what lies below its mount point is seen by nobody" {
	rm root/boot/firmware/*
	run -0 demo local
	[[ $output != *report* ]]
	[ -z "$(ls -A root/boot/firmware)" ]
	[ "$(report result root/var/lib/cardstock/report.json)" = 'done' ]
}

@test "a root that is read-only is told on the FAT" {
	run -8 in_namespace "mkdir fat && touch fat/cmdline.txt && mount --bind root root && mount --bind fat root/boot/firmware && mount -o remount,bind,ro root &&
		exec $DEMO run --root root --phase local"
	[[ $output == *'name: failed: root/etc: cannot make the directory: Read-only file system'* ]] ||
		[[ $output == *'name: failed: root/etc'*'Read-only file system'* ]]
	[[ $output == *'local steps failed: '*state*name* ]]
	[[ $(report name fat/cardstock-report.json) == *'Read-only file system; mount it writable'* ]]
	[[ $(report state fat/cardstock-report.json) == *'Read-only file system; mount it writable'*'what was done is not kept'* ]]
}

@test "what the local phase did is known until the next boot, though the root cannot be written" {
	run -8 faulty enospc:after=0 /root/var demo local
	run -8 faulty enospc:after=0 /root/var demo network
	[[ $(report name root/boot/firmware/cardstock-report.json) == 'changed: '* ]]
	[[ $(report up root/boot/firmware/cardstock-report.json) == 'changed: '* ]]
	[[ $(report state root/boot/firmware/cardstock-report.json) == *'make room'*'all steps run again at the next boot' ]]
	run -0 "$DEMO" status --root root
	[[ $output == *'result:   failed, phase network'*'state '*'make room'*'name '*'changed'* ]]
	run -0 demo network
	[ ! -e root/run/cardstock/firstboot.state ]
	[ "$(report result)" = 'done' ]
}

@test "SIGTERM ends between two steps, and the next run goes on" {
	touch root/var/demo/slow
	"$DEMO" run --root root --phase local >out 2>&1 &
	pid=$!
	timeout 20 sh -c 'until [ -e root/var/demo/started ]; do sleep 0.05; done'
	kill -TERM "$pid"
	status=0 && wait "$pid" || status=$?
	[ "$status" = 130 ]
	grep -q 'local steps; the next run goes on: slow: interrupted by signal 15' out
	[ "$(report result)" = working ]
	[ "$(report name)" = 'changed: the name is worker003' ]
	rm root/var/demo/slow
	run -0 demo local
	[[ $output == 'slow: unchanged'*$'\nlink: changed'* ]]
}

@test "a step that was told to run again does so after a power cut, too" {
	demo local
	touch root/var/demo/slow
	"$DEMO" run --root root --phase local --again slow >out 2>&1 &
	pid=$!
	timeout 20 sh -c 'until [ -e root/var/demo/started ]; do sleep 0.05; done'
	kill -KILL "$pid"
	wait "$pid" || true
	rm root/var/demo/slow
	run -0 demo local
	[ "$output" = 'slow: unchanged: took its time' ]
}

@test "a second run waits for the first" {
	touch root/var/demo/slow
	"$DEMO" run --root root --phase local >out 2>&1 &
	first=$!
	timeout 20 sh -c 'until [ -e root/var/demo/started ]; do sleep 0.05; done'
	"$DEMO" run --root root --phase network >out2 2>&1 &
	second=$!
	sleep 0.3
	[ ! -e root/var/demo/up ]
	kill -TERM "$second"
	status=0 && wait "$second" || status=$?
	[ "$status" = 130 ]
	kill -TERM "$first"
	wait "$first" || true
	rm root/var/demo/slow
	demo local
	demo network
}

@test "nothing outside of the root is touched, whatever its symlinks say" {
	mkdir outside && echo mine >outside/firstboot.state
	rm -r root/etc/demo 2>/dev/null || true
	ln -s "$WORK/outside" root/etc/demo
	ln -s ../../../../../../../../../../../../outside root/var/lib/cardstock
	run demo local
	[ "$(ls -A outside)" = firstboot.state ]
	[ "$(cat outside/firstboot.state)" = mine ]
}

@test "a symlink in place of a file is replaced, not followed" {
	mkdir -p root/etc/demo
	echo precious >root/etc/precious
	ln -s ../precious root/etc/demo/name
	demo local
	[ "$(cat root/etc/demo/name)" = worker003 ]
	[ "$(cat root/etc/precious)" = precious ]
}

@test "status for people and for programs" {
	assert_fails 1 'there is no state: firstboot did not run yet' "$DEMO" status --root root
	touch root/var/demo/fail
	demo local || true
	run -0 "$DEMO" status --root root
	[[ $output == *'worker003'*'worker of cluster testbed'*'Mini Board Model 1, serial 1000000012345678'*'failed, phase local'* ]]
	[[ $output =~ flaky\ +local\ +failed\ +[0-9.]+\ +root/var/demo/fail\ is\ there ]]
	"$DEMO" status --root root --json | cmp - root/var/lib/cardstock/report.json
	echo damage >>root/var/lib/cardstock/firstboot.state
	assert_fails 1 'the next run begins again' "$DEMO" status --root root
	assert_fails 1 '"error":"' "$DEMO" status --root root --json
}

@test "a wrong command line" {
	assert_fails 2 'a command is missing' "$FIRSTBOOT"
	assert_fails 2 "unknown command 'rum', did you mean 'run'" "$FIRSTBOOT" rum
	assert_fails 2 'needs --phase local or --phase network' "$FIRSTBOOT" run
	assert_fails 2 "'lcal' is neither local nor network" "$FIRSTBOOT" run --phase lcal
	assert_fails 2 "there is no step 'nmae'; the steps are: name, serial" demo local --again nmae
	assert_fails 2 "'up' is a step of --phase network" demo local --again up
	[ ! -e root/etc/demo ]
	[ "$("$FIRSTBOOT" --version)" = "$("$MKIMAGE" --version | sed s/mkimage/firstboot/)" ]
}

@test "a root that is not there" {
	for dir in nowhere '' root/etc/passwd; do
		assert_fails 2 "--root '$dir': N" "$DEMO" run --root "$dir" --phase local
		assert_fails 2 "--root '$dir': N" "$DEMO" status --root "$dir"
	done
	[ ! -e nowhere ]
}
