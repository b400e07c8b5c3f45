#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Passwords that are asked for, with a terminal and without one.
load helper

setup_worker() {
	sed -i 's/^user "ops".*/user "ops" { uid = 1000 operator = true password = ask }/' worker.conf
}

# Run mkimage on a terminal of its own, give each answer at its prompt; prints what the terminal showed.
on_terminal() {
	python3 - "$@" <<-'END'
		import os, pty, sys
		split = sys.argv.index("--")
		answers, argv = sys.argv[1:split], sys.argv[split + 1:]
		pid, fd = pty.fork()
		if pid == 0:
		    os.execvp(argv[0], argv)
		shown = b""
		while True:
		    try:
		        data = os.read(fd, 4096)
		    except OSError:
		        break
		    if not data:
		        break
		    shown += data
		    if data.endswith(b": ") and b"password of" in data and answers:
		        os.write(fd, answers.pop(0).encode() + b"\n")
		sys.stdout.buffer.write(shown)
		sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
	END
}

# The password field of ops; whether crypt(3) says it is the password $2.
assert_password() {
	root_cat "$1" /etc/shadow | sed -n 's/^ops:\([^:]*\):.*/\1/p' |
		PASSWORD=$2 perl -ne 'chomp; exit(crypt($ENV{PASSWORD}, $_) eq $_ && /^\$y\$/ ? 0 : 1)'
}

@test "a build asks twice, once for all nodes, and shows nothing of it" {
	setup_worker
	on_terminal 'open sesame' 'open sesame' -- "$MKIMAGE" --profile ./worker.conf -n 2 >shown
	[ "$(grep -c 'password of ops: ' shown)" = 1 ]
	[ "$(grep -c 'password of ops, again: ' shown)" = 1 ]
	run ! grep -q sesame shown
	assert_password out/worker001.img 'open sesame'
	assert_password out/worker002.img 'open sesame'
	run ! grep -rq sesame cluster out
}

@test "the same password gives the same bytes, and verify does not ask" {
	setup_worker
	on_terminal pw pw -- "$MKIMAGE" --profile ./worker.conf -o first
	on_terminal pw pw -- "$MKIMAGE" --profile ./worker.conf -o second
	cmp first/worker001.img second/worker001.img
	mk verify --profile ./worker.conf first/worker001.img
}

@test "two that differ are asked for again, three times" {
	setup_worker
	on_terminal one two pw pw -- "$MKIMAGE" --profile ./worker.conf >shown
	grep -q 'the two differ' shown
	assert_password out/worker001.img pw
	rm -r out
	assert_fails 3 "no password for user 'ops' in 3 tries" \
		on_terminal '' '' '' -- "$MKIMAGE" --profile ./worker.conf
	assert_no_output
}

@test "without a terminal a build says what to do" {
	setup_worker
	assert_fails 3 'use password-file' setsid -w "$MKIMAGE" --profile ./worker.conf
	assert_no_output
}

@test "plan does not ask" {
	setup_worker
	run setsid -w "$MKIMAGE" plan --profile ./worker.conf
	[ "$status" = 0 ]
	[[ $output == *'the password of user ops is asked for by the build'* ]]
}

@test "a password in a file is in the image as a hash only" {
	printf 'open sesame\n' >pw
	sed -i 's/^user "ops".*/user "ops" { uid = 1000 password-file = "pw" }/' worker.conf
	mk --profile ./worker.conf
	assert_password out/worker001.img 'open sesame'
	mk plan --profile ./worker.conf >plan.txt
	run ! grep -rqE 'sesame|\$y\$' plan.txt
	run ! grep -rq sesame cluster out
	mk verify --profile ./worker.conf out/worker001.img
}
