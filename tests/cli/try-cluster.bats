#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/try-cluster by itself: mkimage and QEMU are stand-ins, so each test takes a second.
bats_require_minimum_version 1.5.0
ROOT=$(cd "$(dirname "$BATS_TEST_FILENAME")/../.." && pwd)

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir bin boot tmp cluster
	export TMPDIR=$PWD/tmp MKIMAGE=$PWD/bin/mkimage GUEST=$PWD PATH=$PWD/bin:$PATH
	echo '@cert-authority * ssh-ed25519 AAAA' >cluster/known_hosts
	mkdir later
	truncate -s 3M worker001.img worker002.img later/worker003.img
	stand_in_mkimage
	stand_in_qemu
}

# An image has what the directory boot has.
stand_in_mkimage() {
	cat >bin/mkimage <<-'END'
		#!/bin/sh
		echo "$2" >>"$GUEST/read"
		case $3 in /boot/firmware/*) cat "$GUEST/boot/${3##*/}" ;; *) echo "no such file" >&2; exit 1 ;; esac
	END
	chmod +x bin/mkimage
	{ head -c 56 /dev/zero; printf 'ARMd'; } >boot/vmlinuz-6
	echo initrd >boot/initrd.img-6
	echo dtb >boot/bcm2837-rpi-3-b.dtb
	printf 'kernel=vmlinuz-6\r\ninitramfs initrd.img-6 followkernel\n' >boot/config.txt
	echo 'console=tty0 console=ttyS1,115200 root=PARTUUID=1234-02 rw quiet net.ifnames=0' >boot/cmdline.txt
}

# Records its arguments in NAME.args, is what $GUEST/behave says, and greets as an ssh server.
stand_in_qemu() {
	cat >bin/qemu-system-aarch64 <<-'END'
		#!/usr/bin/env python3
		import os, re, socket, sys, threading
		words = " ".join(sys.argv)
		if words.endswith("-netdev help"):
		    print("user" if os.path.exists("no-vde") else "user\nvde")
		    sys.exit()
		name = re.search(r"-name (\S+)", words).group(1)
		console = re.search(r"file:(\S+\.console)", words).group(1)
		disk = re.search(r"file=(\S+)/disk", words).group(1) + "/disk"
		open(name + ".args", "w").write(words)
		open(name + ".pid", "w").write(str(os.getpid()))
		os.system("qemu-img info --output=json " + disk + " >" + name + ".disk")
		def monitor(path):
		    for line in open(path):
		        open(name + ".monitor", "a").write(line)
		        if line == "system_powerdown\n":
		            os._exit(0)
		pipe = re.search(r"path=(\S+)", words).group(1) + ".in"
		threading.Thread(target=monitor, args=[pipe], daemon=True).start()
		behave = open("behave").read().strip() if os.path.exists("behave") else ""
		if behave == "die": sys.exit("qemu: no such device")
		open(console, "w").write("Kernel panic - not syncing\n" if behave == "panic" else "login:\n")
		port = int(re.search(r"127.0.0.1:(\d+)-:22", words).group(1))
		server = socket.create_server(("127.0.0.1", port))
		while True:
		    peer = server.accept()[0]
		    if behave == "": peer.sendall(b"SSH-2.0-stand-in\r\n")
		    peer.close()
	END
	chmod +x bin/qemu-system-aarch64
}

try() {
	"$ROOT/scripts/try-cluster" "$@"
}

# fails CODE FRAGMENT COMMAND…
fails() {
	local code=$1 fragment=$2
	shift 2
	run "$@"
	[ "$status" = "$code" ] || { echo "exit code $status, not $code: $output" >&2; return 1; }
	[[ $output == *"$fragment"* ]] || { echo "no '$fragment' in: $output" >&2; return 1; }
}

# No process and no file of a run is left, whatever ended it.
nothing_left() {
	local file since=$SECONDS
	for file in *.pid; do
		while kill -0 "$(cat "$file")" 2>/dev/null; do
			[ $((SECONDS - since)) -lt 10 ] || { echo "$file is still running" >&2; return 1; }
			sleep 0.1
		done
	done
	[ -n "${1:-}" ] || [ -z "$(ls -A tmp)" ]
}

# start ARGUMENT…: in the background; returns when both guests run.
start() {
	"$ROOT/scripts/try-cluster" "$@" >log 2>&1 3>&- &
	script=$!
	until [ -s worker001.disk ] && [ -s worker002.disk ]; do
		kill -0 "$script" || { cat log >&2; return 1; }
		sleep 0.1
	done
}

@test "wrong arguments say what is right" {
	fails 2 'no image given' try
	fails 2 "machine 'pdp11' is not known" try --machine pdp11 worker001.img
	fails 2 "memory 'much'" try --memory much worker001.img
	fails 2 '--timeout needs a value' try worker001.img --timeout
	fails 2 "--rtc 'yesterday' is not a date" try --rtc yesterday worker001.img
	fails 2 "unknown option '--frob'" try --frob
	fails 2 "--unplug 'worker001' is not NAME:wired or NAME:laptop" try --unplug worker001 worker001.img
	fails 2 "there is no image of that name; there are: worker001" try --unplug worker009:wired worker001.img
	fails 2 "--late 'worker001' is not NAME:SECONDS" try --late worker001 worker001.img
	fails 2 "--late 'worker009:5': there is no image of that name" try --late worker009:5 worker001.img
	fails 2 "--rtc 'worker009=1970-01-01': there is no image of that name" try --rtc worker009=1970-01-01 worker001.img
	fails 1 'nowhere.img: cannot be read' try nowhere.img
	fails 1 'tmp: has no known_hosts' try --cluster tmp worker001.img
	cp worker001.img tmp/
	fails 1 "there is a node 'worker001' already" try worker001.img tmp/worker001.img
	fails 1 'tmp: no cluster runs there' try --join tmp worker001.img
	fails 2 '--dir and --cluster are those of the cluster' try --join . --dir tmp worker001.img
}

@test "the guest gets the image's kernel and command line, the console replaced" {
	try worker001.img --run true
	[[ $(cat worker001.args) == *'-append root=PARTUUID=1234-02 rw net.ifnames=0 console=ttyAMA0,115200 '* ]]
	[[ $(cat worker001.args) == *'/worker001/kernel -initrd '*'/worker001/initrd'* ]]
}

@test "the wired card comes first, with an address of its own per node" {
	try worker001.img worker002.img --run true
	[[ $(cat worker001.args) == *netdev=wired*netdev=laptop* ]]
	[ "$(grep -o 'wired,mac=[^ ]*' worker001.args)" != "$(grep -o 'wired,mac=[^ ]*' worker002.args)" ]
}

@test "the wire is a vde switch, or a multicast group where QEMU has no vde" {
	try worker001.img --run true
	grep -q -- '-netdev vde,id=wired' worker001.args
	touch no-vde
	try worker001.img --run true
	grep -q -- '-netdev socket,id=wired,mcast=239.*localaddr=127.0.0.1' worker001.args
}

@test "the disk is an overlay; on raspi3b it is as large as a power of two" {
	try worker001.img --run true
	grep -q '"virtual-size": 3145728' worker001.disk
	grep -q '"backing-filename": ".*worker001.img"' worker001.disk
	try --machine raspi3b worker001.img --run true
	grep -q '"virtual-size": 4194304' worker001.disk
}

@test "--card is the size of the card; with --persist the image grows to it" {
	try --card 8M worker001.img --run true
	grep -q '"virtual-size": 8388608' worker001.disk
	[ "$(stat -c %s worker001.img)" = 3145728 ]
	try --card 8M --persist worker001.img --run true
	grep -q '"virtual-size": 8388608' worker001.disk
	fails 1 'does not fit on a card of 4194304 bytes' try --card 4M worker001.img --run true
	fails 2 "card 'large' is not a size" try --card large worker001.img --run true
}

@test "--persist gives the guest the image itself, shuts it down, and refuses a card of an odd size" {
	try --persist worker001.img --run true
	grep -q system_powerdown worker001.monitor
	grep -q '"format": "raw"' worker001.disk
	fails 1 'add --card 4194304' try --persist --machine raspi3b worker001.img --run true
}

@test "--unplug pulls a cable from the start; who cannot answer then is not waited for" {
	try --unplug worker001:wired --unplug worker002:laptop worker001.img worker002.img --run \
		sh -c 'until [ -s worker001.monitor ] && [ -s worker002.monitor ]; do sleep 0.1; done'
	[ "$(cat worker001.monitor)" = 'set_link wired off' ]
	[ "$(cat worker002.monitor)" = 'set_link laptop off' ]
}

@test "--rtc is what the guest's clock says at first" {
	try --rtc 1970-01-01T00:00:01 worker001.img --run true
	[[ $(cat worker001.args) == *' -rtc base=1970-01-01T00:00:01 '* ]]
	try worker001.img --run true
	[[ $(cat worker001.args) != *' -rtc '* ]]
}

@test "--rtc and --late can be for one guest" {
	try --rtc worker002=1970-01-01 --late worker001:6 worker001.img worker002.img --run true
	[[ $(cat worker001.args) != *' -rtc '* ]]
	[[ $(cat worker002.args) == *' -rtc base=1970-01-01 '* ]]
	[ $(($(stat -c %Y worker001.args) - $(stat -c %Y worker002.args))) -ge 3 ]
}

@test "--icount makes the guests' time that of their instructions" {
	try --icount worker001.img --run true
	[[ $(cat worker001.args) == *' -icount shift=0 '* ]]
	try worker001.img --run true
	[[ $(cat worker001.args) != *' -icount '* ]]
}

@test "--boot-files takes the kernel from another image" {
	try --boot-files worker002.img worker001.img --run true
	[ "$(sort -u read)" = worker002.img ]
	grep -q '"backing-filename": ".*worker001.img"' worker001.disk
}

@test "what an image lacks is named" {
	rm boot/initrd.img-6
	fails 1 "no initramfs '/boot/firmware/initrd.img-6'" try worker001.img --run true
	rm boot/vmlinuz-6
	fails 1 "no kernel '/boot/firmware/vmlinuz-6'" try worker001.img --run true
	rm boot/cmdline.txt
	fails 1 'worker001.img: no cmdline.txt' try worker001.img --run true
	nothing_left
}

@test "a kernel for another machine is refused" {
	echo 'not a kernel' >boot/vmlinuz-6
	fails 1 'no architecture known here' try worker001.img --run true
}

@test "--run: its exit status is the script's, and everything ends" {
	# shellcheck disable=SC2016 # for the shell that runs when the nodes are up
	run try worker001.img worker002.img --run sh -c 'test -e "$TRY_DIR/worker002.console" && exit 7'
	[ "$status" = 7 ]
	[[ $output == *'worker001 is up'*'worker002 is up'* ]]
	nothing_left
	[ -e worker001.console ]
}

@test "a guest that dies is reported with QEMU's words" {
	echo die >behave
	fails 1 'qemu: no such device' try worker001.img --run true
	nothing_left
}

@test "a guest that cannot boot is not waited for" {
	echo panic >behave
	fails 1 'worker001: does not boot' try worker001.img --run true
	[[ $output == *'Kernel panic'*'worker001.console'* ]]
	nothing_left
}

@test "--timeout bounds the wait, and the console's last words are shown" {
	echo mute >behave
	fails 1 'no answer in 8 s' try --timeout 8 worker001.img --wait
	[[ $output == *'login:'* ]]
	nothing_left
}

@test "ssh_config: strict, by the node's name, with the cluster's keys" {
	start --cluster cluster --user root worker001.img worker002.img
	patiently test -e try.ssh_config
	run ssh -G -F try.ssh_config worker002
	[[ $output == *'user root'* && $output == *'hostkeyalias worker002'* ]]
	[[ $output == *'hostname 127.0.0.1'* && $output == *'stricthostkeychecking true'* ]]
	[[ $output == *"userknownhostsfile $PWD/cluster/known_hosts"* ]]
	[[ $output == *"identityfile $PWD/cluster/keys/admin"* ]]
	kill "$script"
	wait "$script" || true
	nothing_left
}

@test "TERM ends all guests" {
	start worker001.img worker002.img
	kill "$script"
	wait "$script" || true
	nothing_left
}

@test "even KILL leaves no guest behind" {
	start worker001.img worker002.img
	kill -KILL "$script"
	wait "$script" || true
	nothing_left but-files
}

@test "two runs do not disturb each other" {
	start worker001.img worker002.img
	mkdir other
	cp worker001.img other/third.img
	try other/third.img --run true
	kill -0 "$(cat worker001.pid)"
	kill "$script"
	wait "$script" || true
	nothing_left
}

# patiently COMMAND…: until it succeeds, for a minute, and as long as the cluster runs.
patiently() {
	local end=$((SECONDS + 60))
	until "$@"; do
		if [ $SECONDS -ge $end ] || ! kill -0 "$script"; then
			cat log >&2
			return 1
		fi
		sleep 0.1
	done
}

# join ARGUMENT…: in the background, to the cluster that start started; returns when worker003 runs.
join() {
	"$ROOT/scripts/try-cluster" --join . "$@" later/worker003.img >join.log 2>&1 3>&- &
	joiner=$!
	until [ -s worker003.disk ]; do
		kill -0 "$joiner" || { cat join.log >&2; return 1; }
		sleep 0.1
	done
}

# end PID…: these scripts, and wait for them.
end() {
	kill "$@"
	wait "$@" || true
}

@test "--join: on the same wire, of the same cluster, and in its ssh_config as long as it runs" {
	start --cluster cluster --user root worker001.img worker002.img
	join
	[ "$(grep -o 'vde,[^ ]*' worker003.args)" = "$(grep -o 'vde,[^ ]*' worker001.args)" ]
	patiently grep -q worker003 try.ssh_config
	run ssh -G -F try.ssh_config worker003
	[[ $output == *'user root'* && $output == *"userknownhostsfile $PWD/cluster/known_hosts"* ]]
	[ -e worker003.console ]
	end "$joiner"
	[ "$(grep '^Host ' try.ssh_config | sort | xargs)" = 'Host worker001 Host worker002' ]
	kill -0 "$(cat worker001.pid)"
	end "$script"
	nothing_left
}

@test "--join where QEMU has no vde: the same multicast group" {
	touch no-vde
	start worker001.img worker002.img
	try --join . later/worker003.img --run true
	[ "$(grep -o 'mcast=[^ ]*' worker003.args)" = "$(grep -o 'mcast=[^ ]*' worker001.args)" ]
	end "$script"
	nothing_left
}

@test "what joined ends with the cluster, and is shut down before" {
	start worker001.img worker002.img
	join --persist
	end "$script"
	wait "$joiner"
	grep -q 'the cluster has ended' join.log
	grep -q system_powerdown worker003.monitor
	nothing_left
}

@test "what joined ends when the cluster is killed, too, and its command fails then" {
	start worker001.img worker002.img
	"$ROOT/scripts/try-cluster" --join . later/worker003.img --run sh -c 'touch runs; exec sleep 60' >join.log 2>&1 3>&- &
	patiently test -e runs
	kill -KILL "$script"
	status=0
	wait "$!" || status=$?
	[ "$status" = 1 ]
	nothing_left but-files
}

@test "a node that is on cannot join; one that is off can, with another card" {
	start worker001.img worker002.img
	cp worker001.img later/
	fails 1 "there is a node 'worker001' in that cluster already, and it is on" try --join . later/worker001.img
	kill "$(cat worker001.pid)"
	patiently try --join . later/worker001.img --run true
	grep -q 'later/worker001.img"' worker001.disk
	kill -0 "$script"
	end "$script"
	nothing_left
}

@test "of two that join at the same time with one name, one does" {
	local held joiners=() failed=0
	start worker001.img worker002.img
	exec {held}>try.work/claims
	flock "$held"
	for i in 1 2; do
		"$ROOT/scripts/try-cluster" --join . later/worker003.img >"join$i.log" 2>&1 3>&- {held}>&- &
		joiners+=($!)
	done
	sleep 2 # both have looked, if they look before it is their turn
	exec {held}>&-
	patiently grep -q "there is a node 'worker003' in that cluster already" join1.log join2.log
	patiently grep -q 'started worker003' join1.log join2.log
	kill -0 "$(cat worker003.pid)"
	end "$script"
	for joiner in "${joiners[@]}"; do wait "$joiner" || failed=$((failed + 1)); done
	[ "$failed" = 1 ]
	nothing_left
}

@test "the cluster stays until what joined is off" {
	start worker001.img worker002.img
	join
	kill "$(cat worker001.pid)" "$(cat worker002.pid)"
	sleep 1
	kill -0 "$script"
	kill "$(cat worker003.pid)"
	wait "$joiner" "$script"
	nothing_left
}

@test "a node that is switched on later is in the cluster already" {
	start --late worker003:10 worker001.img worker002.img later/worker003.img
	fails 1 "there is a node 'worker003' in that cluster already, and it is switched on later" try --join . later/worker003.img
	patiently test -s worker003.disk
	end "$script"
	nothing_left
}

@test "a node may be called as files of the cluster are" {
	for name in running joined host; do cp worker001.img "$name.img"; done
	start --cluster cluster running.img joined.img host.img worker001.img worker002.img
	patiently test -e try.ssh_config
	[ "$(grep '^Host ' try.ssh_config | sort | xargs)" = 'Host host Host joined Host running Host worker001 Host worker002' ]
	end "$script"
	nothing_left
}
