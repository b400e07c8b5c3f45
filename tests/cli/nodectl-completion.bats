#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Completion of nodectl, as the shells themselves see the scripts that it prints, on a master with a few boards.
load nodectl
load completion

# Two ready workers, one planned, a board that waits; nodectl as users have it, who may not read the registry.
prepare() {
	boot worker001 1
	boot worker002 2
	make_card generic "join worker" 1
	make_keys waiting
	visit generic 1 9 "$(announce waiting)" | assert_result pending
	ctl render --root root >/dev/null
	mkdir bin
	# Only a list takes --root.
	cat >bin/nodectl <<-END
		#!/bin/sh
		case \$2 in bash | zsh) exec "$NODECTL" "\$@" ;; esac
		exec "$NODECTL" "\$@" --root "$WORK/root" --registry /nonexistent
	END
	chmod +x bin/nodectl
	"$NODECTL" completion bash >completion.bash
	"$NODECTL" completion zsh >_nodectl
}

offers() {
	bash_offers nodectl "$WORK/bin/nodectl" "$@" | paste -sd" "
}

@test "bash offers all commands, and each option of each, as --help has them" {
	prepare
	"$NODECTL" --help | sed -n '/^commands/,/^$/s/^  \([a-z]*\) .*/\1/p' >commands
	[ "$(wc -l <commands)" -ge 19 ]
	[ "$(offers '')" = "$( (cat commands; echo help) | LC_ALL=C sort | xargs)" ]
	while read -r command; do
		"$NODECTL" "$command" --help | options_of | xargs >help
		[ "$(bash_offers nodectl none "$command" -- | sort | xargs)" = "$(cat help)" ] || { echo "$command" >&2; return 1; }
	done <commands
	[ "$(offers deco)" = decommission ]
	[ "$(offers help deco)" = decommission ]
	[ "$(offers --vers)" = --version ]
}

@test "bash offers nodes where a command takes nodes, again and again where it takes several" {
	prepare
	[ "$(offers shutdown '')" = "master worker001 worker002 worker003" ]
	[ "$(offers shutdown --yes worker001 worker002 worker00)" = "worker001 worker002 worker003" ]
	[ "$(offers rename worker001)" = worker001 ]
	[ -z "$(offers rename worker001 '')" ]
	[ "$(offers approve --as = worker003)" = worker003 ]
	[ "$(offers health --json wor)" = "worker001 worker002 worker003" ]
	[ -z "$(offers probe '')" ]
}

@test "a board without a name is offered by its MAC, in the notation without colons" {
	prepare
	[ "$(offers approve dc)" = dca632000009 ]
	[ "$(offers status '')" = "dca632000009 master worker001 worker002 worker003" ]
	[ -z "$(offers reboot dc)" ]
	ctl approve dca632000009 | grep -q 'worker003 is registered'
}

@test "bash offers groups and nodes between commas, and commands behind --" {
	prepare
	[ "$(offers run --on re)" = "ready registered retired" ]
	[ "$(offers run --on worker,worker00)" = "worker,worker001 worker,worker002 worker,worker003" ]
	[ "$(offers run --on = worker001,mas)" = worker001,master ]
	offers run --on ready -- unam | grep -qw uname
	[ -z "$(offers run -- uname --)" ]
	[ "$(offers render --only mach)" = machine_file ]
	[ "$(offers completion z)" = zsh ]
}

@test "without a list of nodes, or without the right to read it, nothing is offered and nothing said" {
	prepare
	rm root/etc/cardstock/nodes.json
	[ -z "$(offers shutdown '' 2>&1)" ]
	run --separate-stderr "$NODECTL" completion nodes --root root
	[ "$status" = 0 ]
	[ -z "$output$stderr" ]
	mkdir root/etc/cardstock/nodes.json
	run --separate-stderr "$NODECTL" completion groups --root root
	[ "$status" = 0 ]
	[ -z "$output$stderr" ]
}

@test "a name that a shell would act on is not offered" {
	prepare
	# shellcheck disable=SC2016 # meant as it is
	sed -i 's/"name":"worker003"/"name":"$(touch PWNED)"/' root/etc/cardstock/nodes.json
	grep -qF 'touch PWNED' root/etc/cardstock/nodes.json
	[ "$(offers shutdown '')" = "master worker001 worker002" ]
	[ ! -e PWNED ]
}

@test "the script for bash is clean" {
	"$NODECTL" completion bash >completion.bash
	bash -n completion.bash
	! command -v shellcheck >/dev/null || shellcheck -s bash completion.bash
}

@test "zsh describes commands and options, and knows the nodes" {
	prepare
	zsh_asks nodectl '' | grep -qxF 'approve:Give a board that waits, or is quarantined, its place.'
	zsh_asks nodectl rename '' | grep -qxF '1:NODE:_nodectl_nodes'
	zsh_asks nodectl reboot '' | grep -qxF '*:NODE...:_nodectl_nodes'
	zsh_asks nodectl run '' >spec
	grep -qF -- '--on=[nodes, roles and states' spec
	grep -qF ':GROUP|NODE,...:_nodectl_groups' spec
	grep -qxF '1:COMMAND:_command_names -e' spec
	# shellcheck disable=SC2016 # for the inner shell
	zsh -f -c 'compadd() { print -rl -- "${(@P)2}" }; compset() { }; _arguments() { }; _describe() { }
		words=(bin/nodectl ""); CURRENT=2; . ./_nodectl
		cardstock_program=bin/nodectl; _nodectl_boards' >boards
	[ "$(xargs <boards)" = "dca632000009 master worker001 worker002 worker003" ]
}

@test "what the master's image has loads the script of its own nodectl" {
	prepare
	overlay=$ROOT/overlays/nodectl/root/usr
	cp "$overlay/share/bash-completion/completions/nodectl" completion.bash
	[ "$(PATH=$WORK/bin:$PATH offers rename worker002)" = worker002 ]
	cp "$overlay/local/share/zsh/site-functions/_nodectl" _nodectl
	PATH=$WORK/bin:$PATH zsh_asks nodectl rename '' | grep -qxF '1:NODE:_nodectl_nodes'
}
