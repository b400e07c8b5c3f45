#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# A command on many nodes, by what is installed for it: all of those are scripts here.
load nodectl

# Two ready workers, one planned; nothing is installed but ssh, which says what it was told.
prepare() {
	boot worker001 1
	boot worker002 2
	ctl render --root root >/dev/null
	mkdir bin
	script ssh <<-'END'
		echo "$*" >>"orders"
		while [ "$1" != -- ]; do shift; done
		case "$2 $3" in
		"worker002 fail") echo broken >&2; exit 7 ;;
		esac
		echo "one of $2"
		printf 'the rest: %s' "${*:3}"
	END
}

# script NAME: the program that stdin has goes to bin.
script() {
	{ printf '#!/bin/bash\n'; cat; } >"bin/$1"
	chmod +x "bin/$1"
}

# nodectl, where nothing else is installed than what is in bin; it cannot read the registry.
on_nodes() {
	env PATH="$PWD/bin" "$NODECTL" run --root root --registry /nonexistent "$@"
}

@test "run asks all ready nodes by ssh, and each line says whose it is" {
	prepare
	on_nodes -- uptime -p >out 2>err
	sort out | diff - <(printf '%s: one of %s\n%s: the rest: uptime -p\n' worker001 worker001 worker001 worker002 worker002 worker002)
	[ "$(cat err)" = "nodectl: 2 nodes, none failed" ]
	grep -qx -- '-xT -o ConnectTimeout=10 -o BatchMode=yes -- worker002 uptime -p' orders
}

@test "nodes that failed are named and counted" {
	prepare
	run on_nodes -- fail
	[ "$status" = 1 ]
	[[ $output == *"worker002: broken"* ]]
	[[ $output == *"worker002: exit code 7"* ]]
	[ "${lines[-1]}" = "nodectl: 1 of 2 nodes failed: worker002" ]
	[[ $output == *"worker001: one of worker001"* ]]
}

@test "nodes, roles and states are named" {
	prepare
	for on in worker002 worker worker002,worker planned master; do
		: >orders
		on_nodes --on "$on" -- true >/dev/null 2>&1
		grep -o -- '-- [a-z0-9]*' orders | cut -c4- | sort | xargs
	done >asked
	diff asked <(printf '%s\n' worker002 'worker001 worker002' 'worker001 worker002' worker003 master)
	assert_fails 1 "'nobody' is no node, role or state" on_nodes --on nobody -- true
	assert_fails 1 "no node is stale" on_nodes --on stale -- true
	assert_fails 2 "run: needs" on_nodes
}

@test "ClusterShell is asked where it is installed, else parallel-ssh" {
	prepare
	script pssh <<<'printf "%s|" pssh "$@"'
	[ "$(on_nodes -- a 'b c')" = 'pssh|-t|0|-P|-H|worker001 worker002|--|a|b c|' ]
	script parallel-ssh <<<'printf "%s|" parallel-ssh "$@"'
	[ "$(on_nodes -- a)" = 'parallel-ssh|-t|0|-P|-H|worker001 worker002|--|a|' ]
	script clush <<<'printf "%s|" clush "$@"; exit 5'
	run on_nodes --on worker002 -- a --b
	[ "$status" = 5 ]
	[ "$output" = 'clush|-S|-n|-w|worker002|--|a|--b|' ]
}

@test "the real ClusterShell understands it" {
	command -v clush >/dev/null || skip "clush is not installed"
	prepare
	mkdir all
	# Its argv is its own: the node comes before the command.
	cat >all/ssh <<-'END'
		#!/bin/bash
		echo "did ${*: -1}"
		[[ " $* " != *worker002* ]] || exit 3
	END
	chmod +x all/ssh
	run env PATH="$PWD/all:$PATH" "$NODECTL" run --root root -- hello
	[ "$status" = 3 ]
	[[ $output == *"worker001: did hello"* ]]
}

@test "without a list of nodes it says who writes it" {
	mkdir bin
	assert_fails 1 "the list of nodes, which 'nodectl render' writes on the master" on_nodes -- true
	mkdir -p root/etc/cardstock
	echo '{"master":' >root/etc/cardstock/nodes.json
	assert_fails 1 "run 'nodectl render' to write it anew" on_nodes -- true
}
