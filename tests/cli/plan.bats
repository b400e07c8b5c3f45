#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# plan, verify, inspect, cat, keys: the commands that only read.
load helper

@test "plan shows each file with its reason and a diff, and writes nothing" {
	mk plan --profile ./worker.conf >plan.txt
	grep -q '/etc/hostname' plan.txt
	grep -q '^+worker001' plan.txt
	grep -q '^+ops:x:1000:1000:' plan.txt
	[ "$(ls)" = $'plan.txt\nworker.conf' ]
}

@test "plan hides secrets" {
	mk --profile ./worker.conf
	mk plan --profile ./worker.conf >plan.txt
	grep -q '‹secret›' plan.txt
	run ! grep -qF -- "$(sed -n 4p cluster/nodes/worker001/ssh_host_ed25519_key)" plan.txt
}

@test "plan hides what an overlay lets nobody else read" {
	mkdir -p overlays/wifi/root/etc
	echo psk=topsecret >overlays/wifi/root/etc/wifi.conf
	echo '/etc/wifi.conf 0600 root root' >overlays/wifi/attrs
	echo 'overlays = {"wifi"}' >>worker.conf
	mk plan --profile ./worker.conf >plan.txt
	grep -q /etc/wifi.conf plan.txt
	run ! grep -q topsecret plan.txt
}

@test "plan refuses a name that FAT lacks, with the line that names the overlay" {
	mkdir -p overlays/boot/root/boot/firmware
	echo x >'overlays/boot/root/boot/firmware/a:b?c'
	echo 'overlays = {"boot"}' >>worker.conf
	assert_fails 3 "worker.conf:$(wc -l <worker.conf): " mk plan --profile ./worker.conf
	assert_fails 3 'a name on FAT cannot have' mk plan --profile ./worker.conf
}

@test "verify accepts a file that role and node both decide" {
	mkdir -p overlays/one/root/etc overlays/two/root/etc
	echo role >overlays/one/root/etc/both
	echo '${hostname}' >overlays/two/root/etc/both
	echo '/etc/both 0644 root root template' >overlays/two/attrs
	echo 'overlays = {"one", "two"}' >>worker.conf
	mk --profile ./worker.conf
	[ "$(root_cat out/worker001.img /etc/both)" = worker001 ]
	mk verify --profile ./worker.conf out/worker001.img
}

@test "plan --json is JSON" {
	mk plan --profile ./worker.conf --json >plan.json
	python3 - <<-'END'
		import json
		plan = json.load(open("plan.json"))
		assert plan["role"] == "worker" and "/etc/passwd" in [c["path"] for c in plan["changes"]], plan
		assert all(c["kind"] and c["change"] and c["why"] and c["custom"] for c in plan["changes"]), plan
		assert "+ops:x:1000:1000:" in next(c["diff"] for c in plan["changes"] if c["path"] == "/etc/passwd"), plan
		assert not any("secret" in c for c in plan["changes"] if c["path"] == "/etc/passwd"), plan
		node = plan["nodes"][0]
		key = next(c for c in node["changes"] if c["path"] == "/etc/ssh/ssh_host_ed25519_key")
		assert key["secret"] is True and key["summary"] == "‹secret›" and "diff" not in key, key
		assert node["hostname"] == "worker001" and "/etc/hostname" in [c["path"] for c in node["changes"]], node
	END
}

@test "verify accepts what build made" {
	mk --profile ./worker.conf -n 2
	mk verify --profile ./worker.conf out/worker002.img
}

@test "verify --json says what was checked" {
	mk --profile ./worker.conf
	mk verify --json --profile ./worker.conf out/worker001.img | python3 -c 'import json,sys; o=json.load(sys.stdin); assert o["verified"] and o["hostname"] == "worker001", o'
}

@test "verify names the file that was changed afterwards" {
	mk --profile ./worker.conf
	printf 'ops:x:1001:1001::/home/ops:/bin/sh\n' >passwd
	debugfs -w -R 'rm /etc/passwd' "out/worker001.img?offset=$(offset_of out/worker001.img 2)" 2>/dev/null
	debugfs -w -R 'write passwd /etc/passwd' "out/worker001.img?offset=$(offset_of out/worker001.img 2)" 2>/dev/null
	run mk verify --profile ./worker.conf --node 1 out/worker001.img
	[ "$status" != 0 ]
	[[ $output == *ops* || $output == */etc/passwd* ]]
}

@test "a plan on a patched image is empty" {
	mk --profile ./worker.conf
	sed "s|^base = .*|base = \"$PWD/out/worker001.img\"|" worker.conf >again.conf
	mk plan --profile ./again.conf --json >plan.json
	python3 -c 'import json; p=json.load(open("plan.json")); assert not p["changes"] + p["nodes"][0]["changes"], p'
}

@test "inspect shows partitions, system and host name" {
	mk --profile ./worker.conf
	run mk inspect out/worker001.img
	[[ $output == *'Mini Debian for tests'* && $output == *'worker001'* && $output == *'rootfs'* ]]
	mk inspect --json out/worker001.img | python3 -c 'import json,sys; o=json.load(sys.stdin); assert [p["role"] for p in o["partitions"]] == ["boot", "root"], o'
}

@test "cat reads from both file systems" {
	mk --profile ./worker.conf
	[ "$(mk cat out/worker001.img /etc/hostname)" = worker001 ]
	[ "$(mk cat out/worker001.img /boot/firmware/config.txt)" = arm_64bit=1 ]
}

@test "keys lists every key once" {
	mk keys --json >keys.json
	python3 - <<-'END'
		import json
		keys = [(k["section"], k["key"]) for k in map(json.loads, open("keys.json"))]
		assert len(keys) == len(set(keys)), keys
		assert (None, "hostname") in keys and ("user", "uid") in keys, keys
	END
}

@test "help names every option of a command" {
	run mk --help
	[[ $output == *--profile* && $output == *--check* && $output == *'exit codes'* ]]
	run mk plan --help
	[[ $output == *'usage: mkimage plan'* ]]
}
