#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# What render writes, read by those for whom it is written.
load nodectl

render() {
	ctl render --root root "$@"
}

# worker001 and worker002 are ready, worker003 is planned.
two_workers() {
	boot worker001 1
	boot worker002 2
	render >/dev/null
}

@test "a second render touches nothing" {
	two_workers
	find root -type f -exec stat -c '%n %i %y' {} + >before
	render >changed
	[ ! -s changed ]
	find root -type f -exec stat -c '%n %i %y' {} + | cmp before -
}

@test "a dry run prints the differences and writes nothing" {
	two_workers
	boot worker003 3
	cp -a root before
	render --dry-run >diff
	diff -r before root
	grep -qxF '+worker003:4' diff
	(cd root && patch -s -p1 <../diff)
	cp -a root patched
	rm -r root && mv before root
	render >/dev/null
	diff -r patched root
}

@test "each output that fails is told, and the others are written" {
	boot worker001 1
	mkdir -p root/etc/ssh/ssh_known_hosts root/etc/cardstock/nodes.json
	run -1 render
	[[ $output == *"output '"*"ssh_known_hosts"* ]]
	[[ $output == *"output '"*"nodes.json"* ]]
	grep -q worker001 root/etc/hosts
}

@test "a fresh render gives the same bytes" {
	two_workers
	cp -a root first
	find root/etc -type f -delete
	render >/dev/null
	diff -r first root
}

@test "lines of others in hosts and ssh_known_hosts stay, with mode and place" {
	mkdir -p root/etc/ssh
	printf '127.0.0.1\tlocalhost\n# BEGIN cardstock hosts\n10.0.0.1\told\n# END cardstock hosts\n10.9.9.9\tprinter' >root/etc/hosts
	chmod 640 root/etc/hosts
	printf 'github.com ssh-ed25519 AAAA\n' >root/etc/ssh/ssh_known_hosts
	two_workers
	[ "$(sed -n '1p;$p' root/etc/hosts)" = "$(printf '127.0.0.1\tlocalhost\n10.9.9.9\tprinter')" ]
	grep -q '^10.0.0.12.worker002 worker002.beowulf$' root/etc/hosts
	absent old root/etc/hosts
	[ "$(stat -c %a root/etc/hosts)" = 640 ]
	grep -q '^github.com' root/etc/ssh/ssh_known_hosts
}

@test "ssh-keygen finds the CA for every node, and the key of a board with a join card" {
	boot worker001 1
	make_card generic "join worker" 1
	make_keys own
	ctl accept --max 1 --for 1h
	visit generic 1 9 "$(announce own)" | assert_result confirm
	render >/dev/null
	hosts=root/etc/ssh/ssh_known_hosts
	ssh-keygen -F worker001 -f $hosts | grep -q "^@cert-authority .* $(public host-ca)$"
	ssh-keygen -F 10.0.0.13 -f $hosts | grep -q "^@cert-authority"
	ssh-keygen -F master -f $hosts | grep -q "^@cert-authority .* $(public host-ca)$"
	ssh-keygen -F worker002.beowulf -f $hosts | grep -q "^worker002.* $(public board9)$"
}

@test "nodeset knows the groups" {
	two_workers
	cat >groups.conf <<-END
		[Main]
		default: beowulf
		autodir: $PWD/root/etc/clustershell/groups.d
	END
	mkdir conf && mv groups.conf conf
	export CLUSTERSHELL_CFGDIR=$PWD/conf
	[ "$(nodeset -f @beowulf:ready)" = 'worker[001-002]' ]
	[ "$(nodeset -f @beowulf:planned)" = 'worker003' ]
	[ "$(nodeset -f @beowulf:worker)" = 'worker[001-003]' ]
	[ -z "$(nodeset -f @beowulf:stale)" ]
}

@test "MPI's lists name the ready nodes, once a processor or with their number" {
	two_workers
	cd root/etc/cardstock
	[ "$(sort machine_file | uniq -c | xargs)" = "4 worker001 4 worker002" ]
	[ "$(paste -sd, hostfile.openmpi)" = "worker001 slots=4,worker002 slots=4" ]
	[ "$(paste -sd, hostfile.mpich)" = "worker001:4,worker002:4" ]
	[ "$(paste -sd, nodes)" = "worker001,worker002" ]
}

@test "each accepted node may mount, no network may" {
	two_workers
	ctl quarantine worker002
	render >/dev/null
	[ "$(cat root/etc/exports.d/cardstock.exports)" = "/srv/cluster 10.0.0.11(rw,sync,no_subtree_check,root_squash)" ]
	grep -v ^export plan >without
	ctl import without
	render >/dev/null
	[ ! -e root/etc/exports.d/cardstock.exports ]
}

@test "Slurm's list is the plan, whoever registered" {
	render >/dev/null
	cp root/etc/slurm/nodes.conf before
	two_workers
	cmp before root/etc/slurm/nodes.conf
	grep -qx 'NodeName=worker003 NodeAddr=10.0.0.13 CPUs=4 RealMemory=900 Feature=worker State=FUTURE' before
	absent master before
}

@test "what is read by a program that is not installed is not written" {
	rmdir root/etc/slurm root/etc/clustershell/groups.d
	two_workers
	[ ! -e root/etc/slurm ]
	[ ! -e root/etc/clustershell/groups.d ]
}

@test "the inventory and the JSON are read as what they are" {
	two_workers
	python3 - <<-'END'
		import configparser, json
		ini = configparser.ConfigParser(allow_no_value=True, delimiters=("=",))
		ini.read("root/etc/cardstock/ansible.ini")
		assert ini["worker"]["worker002 ansible_host"] == "10.0.0.12", dict(ini["worker"])
		nodes = {r["name"]: r for r in json.load(open("root/etc/cardstock/nodes.json"))["records"]}
		assert nodes["worker001"]["state"] == "ready" and nodes["worker001"]["nics"][0]["mac"] == "dc:a6:32:00:00:01"
		assert nodes["worker003"]["state"] == "planned" and nodes["worker003"]["cpus"] is None
	END
}

@test "the munge key is written for its user alone and shown to nobody" {
	mkdir root/etc/munge
	echo 'munge = yes' >>plan
	ctl import plan
	render --dry-run >diff
	grep -q '/etc/munge/munge.key: ‹secret›' diff
	render >/dev/null
	[ "$(stat -c '%a %s' root/etc/munge/munge.key)" = "400 128" ]
	render --dry-run >diff
	[ ! -s diff ]
}

@test "a reboot changes no file" {
	two_workers
	visit worker001-own 9 1 ',"clock":4711' | assert_result accepted
	render >changed
	[ ! -s changed ]
}

@test "render names the output that it cannot write, writes the others, and the mark for the next run stays" {
	boot worker001 1
	mkdir -p root/etc/hosts
	assert_fails 1 "output 'hosts'" render
	[ -e registry/changed ]
	grep -qx worker001 root/etc/cardstock/nodes
	rmdir root/etc/hosts
	printf 'a\0b' >root/etc/hosts
	assert_fails 1 "has a NUL byte" render
	rm root/etc/hosts
	render >/dev/null
	[ ! -e registry/changed ]
	assert_fails 2 "no output 'host'; there are hosts, known_hosts" render --only host
}
