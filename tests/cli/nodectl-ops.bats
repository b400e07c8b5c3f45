#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# How the master looks at its nodes: what images have for it, what the key gets from a real sshd, and what the
# program on the node says.
load helper
load stock
load nodectl-sshd

OPS=$ROOT/overlays/ops/root/usr/lib/cardstock/ops

# Images of a master with a registry and one worker, unpacked.
setup_file() {
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd # what Debian's unit does
	export STOCK=$BATS_FILE_TMPDIR XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache CARDSTOCK_PROFILES=$ROOT/profiles
	"$ROOT/tests/fixtures/make-stock" debian-raspi "$STOCK/debian-raspi.img"
	mkdir "$STOCK/cluster" && cd "$STOCK/cluster" || return 1
	cat >common.conf <<-END
		cluster = "beowulf"
		base = "../debian-raspi.img"
		members = {"./master.conf", "./worker.conf"}
		firstboot = true
	END
	printf 'include("common.conf")\nrole = master\nhostname = "master"\naddress = "10.0.0.1/24"\nplanned = 1\nnodectl { }\n' >master.conf
	printf 'include("common.conf")\nrole = worker\nhostname = "worker%%03d"\naddress = "10.0.0.%%d/24"\nfirst-address = 11\nplanned = 2\n' >worker.conf
	for role in master worker; do
		mk --profile ./$role.conf --quiet || return 1
	done
	unpack out/master.img master
	unpack out/worker001.img worker
}

setup() {
	WORK=$BATS_TEST_TMPDIR/work
	mkdir -p "$WORK"
	cd "$WORK" || return 1
	IMAGES=$STOCK/cluster
}

teardown() {
	[ -z "${sshd:-}" ] || kill "$sshd"
	keep_work
}

# A tree that the program on the node takes for its own.
make_node() {
	mkdir -p node/{etc/ssh,proc/sys/kernel,run/cardstock/ops,sys/class/thermal/thermal_zone0,sys/block/{sda,loop0},usr/bin}
	printf 'root:x:0:0::/root:/bin/sh\nops:x:1000:1000::/home/ops:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\nmpi:x:2000:2001::/:/bin/sh\n' >node/etc/passwd
	printf 'root:x:0:\nsudo:x:27:ops,pi\n' >node/etc/group
	printf '/dev/mmcblk0p2 / ext4 rw 0 0\nproc /proc proc rw 0 0\nmaster:/srv /srv nfs4 rw 0 0\n' >node/proc/mounts
	printf '# comment\n\nPARTUUID=1-02 / ext4 defaults 0 1\nmaster:/srv\t/srv nfs nofail 0 0\n' >node/etc/fstab
	printf 'MemTotal:        948304 kB\nMemFree: 1 kB\nMemAvailable:    700000 kB\n' >node/proc/meminfo
	echo '12.5 40.0' >node/proc/uptime
	echo '0.50 0.25 0.10 1/80 999' >node/proc/loadavg
	echo worker001 >node/proc/sys/kernel/hostname
	echo 6.12.1 >node/proc/sys/kernel/osrelease
	echo 48312 >node/sys/class/thermal/thermal_zone0/temp
	echo 'PRETTY_NAME="Debian GNU/Linux 13"' >node/etc/os-release
	echo 1 | tee node/sys/block/{sda,loop0}/ro >/dev/null
	echo 'ssh-ed25519 AAAA root@worker001' >node/etc/ssh/ssh_host_ed25519_key.pub
	sed "s|^root=\$|root=$PWD/node|" "$OPS" >ops
	chmod 755 ops
}

facts() {
	SSH_ORIGINAL_COMMAND=facts ./ops
}

@test "the program on the node says what it reads, a word before each line" {
	make_node
	facts >said
	grep -qx 'facts 1' said
	for line in 'hostname worker001' 'kernel 6.12.1' 'os Debian GNU/Linux 13' 'uptime 12.5 40.0' 'load 0.50 0.25 0.10 1/80 999' \
		'memory MemTotal 948304' 'memory MemAvailable 700000' 'temperature 48312' 'user ops 1000 1000' 'user mpi 2000 2001' \
		'sudoer ops' 'sudoer pi' 'mount /dev/mmcblk0p2 / ext4 rw 0 0' 'mount master:/srv /srv nfs4 rw 0 0' \
		'fstab PARTUUID=1-02 / ext4 defaults 0 1' $'fstab master:/srv\t/srv nfs nofail 0 0' 'read-only sda' \
		'host-key ssh-ed25519 AAAA'; do
		grep -qxF "$line" said || { echo "not said: $line" >&2; return 1; }
	done
	absent 'nobody\|comment\|/proc\|loop0\|readable' said
	grep -qE '^clock [0-9]{10}\.[0-9]{9}$' said
	[ "$(tail -n 1 said)" = end ]
}

@test "what the kernel has for itself is in neither list, as Raspberry Pi OS has it in fstab" {
	make_node
	cp "$ROOT/tests/fixtures/stock/common/raspios-firmware/root/etc/fstab" node/etc/fstab
	grep -q '^proc' node/etc/fstab
	facts >said
	absent ' /proc ' said
	grep -qE '^fstab .* / ' said
}

@test "of what containers and people mount, only what fstab names is said" {
	make_node
	printf 'tmpfs /scratch/ tmpfs size=1g\nlower\t/up\toverlay defaults 0 0\n' >>node/etc/fstab
	for i in $(seq 40); do printf 'x /m/%s/scratch fuse.sshfs rw 0 0\noverlay /c/%s overlay rw 0 0\n' "$i" "$i"; done >>node/proc/mounts
	printf 'tmpfs /scratch tmpfs rw 0 0\noverlay /up overlay rw 0 0\n/dev/sdb1 /last ext4 rw 0 0\n' >>node/proc/mounts
	facts >said
	grep '^mount ' said | cut -d' ' -f3 | sort | xargs >targets
	[ "$(cat targets)" = "/ /last /scratch /srv /up" ]
}

@test "a list that is cut is said to be, and one that is not is not" {
	make_node
	for i in $(seq 150); do echo "user$i:x:$((2000 + i)):100::/:/bin/sh"; done >>node/etc/passwd
	facts >said
	[ "$(grep -c '^user ' said)" = 152 ]
	absent '^cut ' said
	for i in $(seq 600); do echo "more$i:x:$((3000 + i)):100::/:/bin/sh"; done >>node/etc/passwd
	facts >said
	grep -qx 'cut user' said
}

@test "cores are counted, whatever OpenMP is told" {
	make_node
	OMP_NUM_THREADS=7777 OMP_THREAD_LIMIT=1 facts >said
	grep -qx "cpus $(getconf _NPROCESSORS_ONLN)" said
}

@test "a line that is odd on an honest node is left out" {
	make_node
	printf 'plus:x:1500::/:/bin/sh\nnogid:x:1501::x:/:/bin/sh\n+::::::\n' >>node/etc/passwd
	mkdir node/sys/class/thermal/thermal_zone{1,2,3}
	echo 2147483647 >node/sys/class/thermal/thermal_zone1/temp
	echo -274000 >node/sys/class/thermal/thermal_zone2/temp
	: >node/sys/class/thermal/thermal_zone3/temp
	facts >said
	[ "$(grep '^temperature ' said | xargs)" = 'temperature 48312 temperature -274000' ]
	absent 'plus\|nogid' said
}

@test "secrets that the user can read are named, and not shown" {
	make_node
	echo secret >node/etc/ssh/ssh_host_ed25519_key
	facts >said
	grep -qx 'readable /etc/ssh/ssh_host_ed25519_key' said
	absent secret said
}

@test "however much there is to say, it stays below 64 KiB and comes to its end" {
	make_node
	for i in $(seq 5000); do echo "user$i:x:$((1000 + i)):100::/:/bin/sh"; done >>node/etc/passwd
	for i in $(seq 5000); do echo "/dev/sda$i /mnt/$i ext4 rw 0 0"; done | tee node/etc/fstab >>node/proc/mounts
	head -c 200000 /dev/zero | tr '\0' x | tee node/etc/os-release node/proc/uptime node/etc/ssh/ssh_host_rsa_key.pub >node/proc/loadavg
	head -c 3000 /dev/zero | tr '\0' k | tee node/etc/ssh/ssh_host_{a,b,c,d,e,f,g,h,i}_key.pub >node/etc/ssh/ssh_host_ed25519_key-cert.pub
	for i in $(seq 5000); do echo "member$i"; done | paste -sd, | sed 's/^/sudo:x:27:/' >node/etc/group
	facts >said
	[ "$(wc -c <said)" -lt 65536 ]
	[ "$(tail -n 1 said)" = end ]
}

@test "a node that cannot read anything says what is left" {
	make_node
	rm -r node/etc node/proc node/sys
	facts >said 2>/dev/null
	grep -qx 'facts 1' said
	[ "$(tail -n 1 said)" = end ]
}

# The worker's sshd as its image has it, but for the user, paths and port.
start_worker() {
	ssh-keygen -q -t ed25519 -N '' -f host
	ssh-keygen -q -t ed25519 -N '' -f stranger
	port=$(free_port)
	adapt=(-e "s|AllowGroups cardstock-ops|AllowGroups $(id -gn)|" -e "s|cardstock-ops|$(id -un)|" -e "s|/etc/cardstock/|$PWD/|" -e "s|/usr/lib/cardstock/|$PWD/|")
	sed "${adapt[@]}" "$IMAGES/worker/etc/cardstock/ops_authorized" >ops_authorized
	{
		printf 'Port %s\nListenAddress 127.0.0.1\nHostKey %s/host\nPidFile none\nUsePAM no\n' "$port" "$PWD"
		printf 'StrictModes no\nPermitRootLogin prohibit-password\nSubsystem sftp internal-sftp\nAllowUsers nobody-else\n'
		sed "${adapt[@]}" "$IMAGES/worker/etc/ssh/sshd_config.d/20-cardstock-ops.conf"
	} >config
	"$(command -v sshd || echo /usr/sbin/sshd)" -D -f "$PWD/config" -E "$PWD/log" &
	sshd=$!
	for _ in {1..100}; do grep -q 'Server listening' log 2>/dev/null && break; sleep 0.1; done
	install -m 600 "$IMAGES/master/etc/cardstock/ops_key" key
	echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 host.pub)" >known_hosts
	options=(-F none -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=known_hosts)
}

# as KEY [SSH-ARGUMENT…] -- [WORD…]
as() {
	local key=$1 more=()
	shift
	while [ "$1" != -- ]; do more+=("$1"); shift; done
	shift
	timeout 120 ssh "${options[@]}" -p "$port" -i "$key" "${more[@]}" "$(id -un)@127.0.0.1" "$@"
}

@test "with the master's key sshd gives facts and switches the node off, and nothing else" {
	make_node
	start_worker
	as key -- facts >said
	grep -qx 'hostname worker001' said
	as key -- poweroff
	[ "$(ls node/run/cardstock/ops)" = poweroff ]
	assert_fails 2 "for facts, poweroff and reboot alone" as key -- </dev/null
	for words in 'facts; touch owned' 'facts x' ' facts' sh internal-sftp "/bin/sh -c 'touch owned'"; do
		assert_fails 2 "for facts, poweroff and reboot alone" as key -- "$words"
	done
	[ ! -e owned ]
	as key -tt -- facts >said 2>&1 || true
	grep -q 'PTY allocation request failed' said
	assert_fails 255 "administratively prohibited" as key -W 127.0.0.1:"$port" --
	as key -R 0:127.0.0.1:1 -o ExitOnForwardFailure=yes -N -- >said 2>&1 || true
	grep -q 'forwarding failed' said
	echo 'get config stolen' | timeout 120 sftp "${options[@]}" -q -P "$port" -i key "$(id -un)@127.0.0.1" >said 2>&1 || true
	[ ! -e stolen ]
	assert_fails 255 "Permission denied" as stranger -- facts
}

@test "the private key is on the master's image and in no other, nor in a plan" {
	secret=$(sed -n 3p "$IMAGES/cluster/keys/ops")
	[ "${#secret}" = 70 ]
	grep -qF "$secret" "$IMAGES/out/master.img"
	absent "$secret" "$IMAGES/out/worker001.img"
	cd "$IMAGES"
	for role in master worker; do
		mk plan --profile ./$role.conf --json >"$WORK/plan.json"
		absent "$secret" "$WORK/plan.json"
	done
	[ "$(stat -c %a master/etc/cardstock/ops_key)" = 600 ]
}

@test "images with it are verified, and nothing is left to plan on them" {
	cd "$IMAGES"
	mk verify --profile ./master.conf out/master.img
	mk verify --profile ./worker.conf out/worker001.img
	for image in master worker001; do
		sed "s|^include.*|&\nbase = \"./out/$image.img\"|" "${image%001}.conf" >again.conf
		mk plan --profile ./again.conf --json >"$WORK/again.json"
		python3 -c 'import json, sys; p=json.load(open(sys.argv[1])); assert not p["changes"] + p["nodes"][0]["changes"], p' "$WORK/again.json"
	done
}

@test "the units that watch for the request are sound" {
	mkdir -p unit-root/bin unit-root/usr/lib/systemd/system
	cp -R "$ROOT/overlays/ops/root/." unit-root
	cp /usr/lib/systemd/system/*.target unit-root/usr/lib/systemd/system/
	printf '#!/bin/sh\n' | tee unit-root/bin/rm >unit-root/bin/systemctl
	chmod 755 unit-root/bin/*
	run systemd-analyze verify --man=no --root="$PWD/unit-root" cardstock-{poweroff,reboot}.{path,service}
	[ "$status" = 0 ] && [ -z "$output" ] || { echo "$output" >&2; return 1; }
}
