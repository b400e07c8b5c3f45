#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# What a person gets from `mkimage --profile worker -n 3`.
load helper

@test "three workers, each with its own name, all with the same users" {
	mk --profile ./worker.conf -n 3
	for n in 1 2 3; do
		[ "$(root_cat out/worker00$n.img /etc/hostname)" = "worker00$n" ]
		root_cat out/worker00$n.img /etc/passwd | grep -q '^ops:x:1000:1000:'
		root_cat out/worker00$n.img /etc/passwd | grep -q '^mpi:x:2000:2000:'
		assert_clean out/worker00$n.img
	done
}

@test "results are printed on standard output, one image a line" {
	run --separate-stderr mk --profile ./worker.conf -n 2
	[ "$output" = $'out/worker001.img\nout/worker002.img' ]
}

@test "--node makes one image only" {
	mk --profile ./worker.conf --node 2
	[ "$(ls out)" = $'worker002.img\nworker002.img.bmap' ]
	[ "$(root_cat out/worker002.img /etc/hostname)" = worker002 ]
}

@test "the second run gives byte-identical images" {
	mk --profile ./worker.conf -n 3 -o first
	sleep 1.1 # so that a timestamp of now would differ
	mk --profile ./worker.conf -n 3 -o second
	for n in 1 2 3; do cmp first/worker00$n.img second/worker00$n.img; done
}

@test "an image does not depend on how many others are made with it" {
	mk --profile ./worker.conf -n 3 -o many
	mk --profile ./worker.conf --node 2 -o one
	cmp many/worker002.img one/worker002.img
}

@test "an image holds nothing of another node" {
	mk --profile ./worker.conf -n 3
	for n in 1 2 3; do
		key=$(sed -n 4p cluster/nodes/worker00$n/ssh_host_ed25519_key)
		[ "$(grep -lF -- "$key" out/*.img)" = "out/worker00$n.img" ]
	done
}

@test "hosts lists the whole planned cluster" {
	mk --profile ./worker.conf
	root_cat out/worker001.img /etc/hosts | grep -qE '^10\.0\.0\.18[[:space:]]+worker008'
}

@test "the administrator's key logs in as the operator" {
	mk --profile ./worker.conf
	[ "$(root_cat out/worker001.img /home/ops/.ssh/authorized_keys)" = "$(cat cluster/keys/admin.pub)" ]
	[ "$(root_attr out/worker001.img /home/ops/.ssh/authorized_keys)" = "0600 1000 1000" ]
}

@test "the host key is signed by the cluster's authority" {
	mk --profile ./worker.conf
	root_cat out/worker001.img /etc/ssh/ssh_host_ed25519_key-cert.pub >cert.pub
	ssh-keygen -L -f cert.pub | grep -q 'worker001'
	ssh-keygen -L -f cert.pub | grep -q "Signing CA: ED25519 $(ssh-keygen -lf cluster/keys/host-ca.pub | cut -d' ' -f2)"
	[ "$(root_attr out/worker001.img /etc/ssh/ssh_host_ed25519_key)" = "0600 0 0" ]
}

@test "ssh knows every node by name, with strict checking" {
	mk --profile ./worker.conf
	ssh -G -F cluster/ssh_config worker002 >config
	grep -qx 'hostname 10.0.0.12' config
	grep -qx 'user ops' config
	grep -qxE 'stricthostkeychecking (true|yes)' config
}

@test "PARTUUIDs in fstab and cmdline.txt are those of the image" {
	mk --profile ./worker.conf
	id=$(sfdisk --disk-id out/worker001.img)
	root_cat out/worker001.img /etc/fstab | grep -q "^PARTUUID=${id#0x}-02[[:space:]]"
	boot_cat out/worker001.img /cmdline.txt | grep -q "root=PARTUUID=${id#0x}-02 "
}

@test "machine-id is empty, the default target is set" {
	mk --profile ./worker.conf
	[ -z "$(root_cat out/worker001.img /etc/machine-id)" ]
	debugfs -R 'stat /etc/systemd/system/default.target' "out/worker001.img?offset=$(offset_of out/worker001.img 2)" 2>/dev/null |
		grep -q 'multi-user.target'
}

@test "--check runs the file systems' own checkers" {
	mk --profile ./worker.conf --check -n 2
	[ "$(ls out/*.img)" = $'out/worker001.img\nout/worker002.img' ]
}

@test "image-size grows the root partition and its file system" {
	echo 'image-size = "2G"' >>worker.conf
	mk --profile ./worker.conf
	[ "$(stat -c %s out/worker001.img)" = $((2 << 30)) ]
	assert_clean out/worker001.img
	blocks=$(superblock "out/worker001.img?offset=$(offset_of out/worker001.img 2)" | sed -n 's/^Block count: *//p')
	[ $((blocks * 4096)) -gt $((1400 << 20)) ]
}

@test "only their owner may read the images: they hold keys" {
	mk --profile ./worker.conf -n 2
	[ "$(stat -c %a out/worker001.img out/worker002.img)" = $'600\n600' ]
}

@test "an image-size that cannot be is refused by plan and build, and no node is entered" {
	echo 'image-size = "1M"' >>worker.conf
	assert_fails 3 'shrinking is not supported' mk plan --profile ./worker.conf
	assert_fails 3 'shrinking is not supported' mk --profile ./worker.conf
	run ! grep worker001 cluster/ledger
	assert_no_output
}

@test "a base in the place of an image is refused, not replaced" {
	mkdir out
	cp --sparse=always "$CARDSTOCK_TEST_BASE/mini.img" out/worker001.img
	sed -i 's|^base = .*|base = "./out/worker001.img"|' worker.conf
	assert_fails 2 'this is the base itself' mk --profile ./worker.conf -n 2
	cmp out/worker001.img "$CARDSTOCK_TEST_BASE/mini.img"
}

@test "a device or a directory as output is refused, not replaced" {
	ln -s /dev/null null
	assert_fails 2 "/null: is a device, and would be replaced by a file" mk base -q "$CARDSTOCK_TEST_BASE/mini.img" -o null
	[ -c /dev/null ]
	[ -L null ]
	mkdir -p out/worker001.img
	assert_fails 2 'worker001.img: is no file' mk --profile ./worker.conf
	rmdir out/worker001.img
}

@test "host keys that a base brings do not reach the nodes" {
	mkdir root
	tar -C root -xf "$CARDSTOCK_TEST_BASE/mini.tar" --no-same-owner
	echo shared >root/etc/ssh/ssh_host_rsa_key
	tar -C root -cf used.tar --owner=0 --group=0 .
	sed -i 's|^base = .*|base = "./used.tar"|' worker.conf
	mk --profile ./worker.conf
	[ -z "$(root_cat out/worker001.img /etc/ssh/ssh_host_rsa_key)" ]
}

@test "the base is not changed by a build" {
	before=$(sha256sum <"$CARDSTOCK_TEST_BASE/mini.img")
	mk --profile ./worker.conf -n 2
	[ "$(sha256sum <"$CARDSTOCK_TEST_BASE/mini.img")" = "$before" ]
}

@test "a second run replaces the images of the first" {
	mk --profile ./worker.conf
	sed -i 's/"testbed"/"other"/' worker.conf
	mk --profile ./worker.conf
	root_cat out/worker001.img /etc/hosts | grep -q 'worker001.other'
	[ "$(ls -A out)" = $'worker001.img\nworker001.img.bmap' ]
}

@test "--json gives one object an image" {
	run --separate-stderr mk --profile ./worker.conf --json
	echo "$output" | python3 -c 'import json,sys; o=json.load(sys.stdin); assert o["hostname"]=="worker001" and o["address"]=="10.0.0.11", o'
}

@test "the progress names a base as the user did" {
	cp "$CARDSTOCK_TEST_BASE/mini.tar" own.tar
	mk base own.tar 2>&1 >/dev/null | grep -qxF 'assemble own.tar ...'
}

@test "SIGTERM ends a recipe that runs" {
	mkdir profiles scripts
	printf '#!/bin/sh\ncase $1 in --key) printf %%064d 0 ;; *) touch started; exec sleep 30 ;; esac\n' >scripts/slow
	chmod +x scripts/slow
	echo 'base "slow" { recipe = {"slow"} }' >profiles/bases.conf
	"$MKIMAGE" base slow 2>messages &
	pid=$!
	for _ in $(seq 50); do [ -e started ] || sleep 0.1; done
	SECONDS=0
	kill -TERM "$pid"
	status=0
	wait "$pid" || status=$?
	[ "$status" = 130 ]
	[ "$SECONDS" -le 3 ]
	grep -q 'slow: interrupted' messages
}
