#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The overlays that ship: what they bring does what their names say, by the programs that read it.
load helper

export CARDSTOCK_PROFILES=$ROOT/profiles

# file_of OVERLAY PATH: as a node of the test's cluster with the address 10.0.0.11 gets it.
file_of() {
	sed -e 's/${address}/10.0.0.11/g' -e 's/${prefix}/24/g' -e 's/${cluster}/testbed/g' "$ROOT/overlays/$1/root$2"
}

@test "mkimage fills in what a node is" {
	sed -i '/^members/a overlays = {"gateway", "clustershell", "status"}' worker.conf
	echo 'firstboot = true' >>worker.conf
	mk plan --profile ./worker.conf --node 1 >plan.txt 2>said || { cat said >&2; return 1; }
	for file in gateway/etc/cardstock/gateway.nft clustershell/etc/clustershell/groups.conf; do
		file_of "${file%%/*}" "/${file#*/}" | sed 's/^/+/' >wanted
		[ -s wanted ]
		absent '${' wanted
		while read -r line; do grep -qF -- "$line" plan.txt; done <wanted
	done
}

@test "the gateway gives what comes from the nodes its own address, and lets nothing in that none asked for" {
	file_of gateway /etc/cardstock/gateway.nft >gateway.nft
	local map=()
	[ "$(id -u)" = 0 ] || map=(--map-root-user)
	unshare "${map[@]}" -nm "$ROOT/tests/cli/gateway-in-a-box" "$PWD/gateway.nft" >said
	cat said >&2
	grep -qx 'without rules, outside sees 10.0.0.12' said
	grep -qx 'without rules, the node sees 192.0.2.9' said
	grep -qx 'outside sees 192.0.2.1' said
	grep -qx 'the node sees nobody' said
	grep -qx 'loaded twice: one table' said
}

@test "nodeset and clush know the cluster by its groups" {
	mkdir groups.d
	file_of clustershell /etc/clustershell/groups.conf >groups.conf
	printf '"testbed":\n  "all": "master,worker[001-002]"\n  "ready": "worker002"\n' >groups.d/cardstock.yaml
	export CLUSTERSHELL_CFGDIR=$PWD XDG_CONFIG_HOME=$PWD/none HOME=$PWD
	[ "$(nodeset -f @all)" = 'master,worker[001-002]' ]
	[ "$(nodeset -e @ready)" = worker002 ]
	[ "$(nodeset -f -a)" = 'master,worker[001-002]' ]
}

# frame LOAD CELSIUS, in words of four bytes
frame() {
	python3 "$ROOT/overlays/status/root/usr/lib/cardstock/load-bar" --frame "$1" "$2" | fold -w 8 | xargs
}

@test "the load bar: begin, one word of brightness, blue, green and red for each LED, and enough clocks behind" {
	# idle and cool
	[ "$(frame 0 40)" = '00000000 e0000000 e0000000 e0000000 e0000000 e0000000 e0000000 e0000000 e0000000 00000000 00' ]
	# half, in green
	[ "$(frame 0.5 60)" = '00000000 e300ff00 e300ff00 e300ff00 e300ff00 e0000000 e0000000 e0000000 e0000000 00000000 00' ]
	# more than it can do, and too hot: all, in red
	[ "$(frame 3 85)" = '00000000 e30000ff e30000ff e30000ff e30000ff e30000ff e30000ff e30000ff e30000ff 00000000 00' ]
	# between: yellow, and the last LED is half as bright
	[ "$(frame 0.1875 70)" = '00000000 e300ffff e3008080 e0000000 e0000000 e0000000 e0000000 e0000000 e0000000 00000000 00' ]
}

# show ROOT: as load-bar does, with the chips in there
show() {
	timeout 10 python3 - "$ROOT/overlays/status/root/usr/lib/cardstock/load-bar" "$1" <<-'END'
		import runpy, sys
		runpy.run_path(sys.argv[1])["show"](sys.argv[2])
	END
}

@test "a board without the pins shows no load, and that is no failure" {
	mkdir -p none some/dev/gpiochip0
	touch some/dev/gpiochip1
	run -0 show none
	[[ $output == 'no pin header of a Raspberry Pi '*': no load is shown' ]]
	# one that cannot be opened, and one that is no such chip
	run -0 show some
	[[ $output == *'some/dev/gpiochip0: '*'some/dev/gpiochip1: '*'no load is shown' ]]
	run -0 python3 "$ROOT/overlays/status/root/usr/lib/cardstock/load-bar" --once
	[[ $output =~ ^load\ [0-9]+%,\  ]]
}

@test "what is skipped for want of a program is started when that is installed" {
	grep -r '^ConditionFileIsExecutable=' "$ROOT"/overlays/*/root/usr/lib/systemd/system >conditions
	[ -s conditions ]
	while IFS=: read -r unit condition; do
		grep -qx "PathChanged=${condition#*=}" "${unit%.service}.path" || { echo "$unit: nothing starts it later" >&2; return 1; }
		name=$(basename "$unit" .service).path
		[ "$(readlink "${unit%/usr/lib/*}/etc/systemd/system/multi-user.target.wants/$name")" = "/usr/lib/systemd/system/$name" ]
	done <conditions
}

@test "what of Slurm waits for another machine, or a database, is started for as long as that takes" {
	grep -rl '^Restart=' "$ROOT"/overlays/slurm*/root/usr/lib/systemd/system >restarted
	[ "$(wc -l <restarted)" = 4 ]
	while read -r unit; do grep -qx StartLimitIntervalSec=0 "$unit" || { echo "$unit gives up" >&2; return 1; }; done <restarted
}

# sacctmgr, as it is when slurmdbd CODE (does not) answer(s), and knows CLUSTER
put_sacctmgr() {
	mkdir -p bin
	printf '#!/bin/sh\n[ "$2" != add ] || { echo "$*" >>added; exit; }\necho "%s"; exit %s\n' "$2" "$1" >bin/sacctmgr
	chmod 755 bin/sacctmgr
}

@test "accounting: the cluster is entered once, and not while slurmdbd does not answer" {
	local accounting=$ROOT/overlays/slurm-accounting/root/usr/lib/cardstock/slurm-accounting
	export PATH=$PWD/bin:$PATH
	put_sacctmgr 1 ''
	run -1 sh "$accounting" cluster testbed
	[ ! -e added ]
	put_sacctmgr 0 ''
	sh "$accounting" cluster testbed
	[ "$(cat added)" = '--immediate add cluster testbed' ]
	put_sacctmgr 0 testbed
	sh "$accounting" cluster testbed
	[ "$(wc -l <added)" = 1 ]
}

@test "systemd finds no fault with the units of the overlays" {
	mkdir -p root/usr/bin root/usr/sbin root/bin root/usr/lib/systemd/system
	cp /usr/lib/systemd/system/*.target root/usr/lib/systemd/system/
	for overlay in slurm slurm-accounting gateway status; do cp -R "$ROOT/overlays/$overlay/root/." root; done
	for unit in munge slurmctld slurmd slurmdbd mariadb; do
		printf '[Service]\nExecStart=/bin/systemctl\n' >"root/usr/lib/systemd/system/$unit.service"
	done
	for program in usr/sbin/nft usr/bin/python3 bin/systemctl; do
		printf '#!/bin/sh\n' >"root/$program"
		chmod 755 "root/$program"
	done
	run systemd-analyze verify --man=no --root="$PWD/root" cardstock-{slurm.path,slurm.service,slurm-cluster.service,gateway.path,gateway.service,load-bar.path,load-bar.service} \
		slurmd.service slurmctld.service slurmdbd.service munge.service
	[ "$status" = 0 ] && [ -z "$output" ] || { echo "$output" >&2; return 1; }
}
