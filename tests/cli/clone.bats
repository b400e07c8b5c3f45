#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# `mkimage clone`: further nodes of a card that was in use.  The card is the image of worker003, with what a
# running system leaves behind.
# shellcheck disable=SC2030,SC2031 # each test is a subshell on purpose
load helper
load cards
load clones

gone() {
	[[ $(debugfs -R "stat $2" "$1?offset=$(offset_of "$1" 2)" 2>&1) == *'File not found'* ]] || {
		echo "$1: $2 is still there" >&2
		return 1
	}
}

@test "clones get the next free numbers, and share no identity" {
	make_card
	run -0 clone card.img -n 2 --quiet
	[ "$output" = $'out/worker004.img\nout/worker005.img' ]
	[ "$(cut -f2,3 cluster/ledger | tail -n 2)" = $'4\tworker004\n5\tworker005' ]
	for image in card.img out/*.img; do identity_of "$image"; done >values
	[ "$(wc -l <values)" = 18 ]
	[ "$(sort -u values | wc -l)" = 18 ]
	for n in 4 5; do
		mk verify --profile ./worker.conf --node $n out/worker00$n.img
		id=$(sfdisk --disk-id out/worker00$n.img)
		root_cat out/worker00$n.img /etc/fstab | grep -q "^PARTUUID=${id#0x}-02[[:space:]]"
		boot_cat out/worker00$n.img /cmdline.txt | grep -q "root=PARTUUID=${id#0x}-02 "
		root_cat out/worker00$n.img /etc/ssh/ssh_host_ed25519_key-cert.pub >cert.pub
		[[ $(ssh-keygen -Lf cert.pub) == *"worker00$n"*'Principals:'* ]]
	done
}

# What a card has in places that no file leads to: a name behind another one in a directory, the target of a
# symlink in an inode, the content of a file, the log of the journal; of the boot partition a file, a piece of its
# long name, and what is behind the end of another one.  Sets traces.
leave_traces() {
	local at block
	at=$(offset_of card.img 2)
	put card.img /etc/worker003.name 'content of worker003'
	debugfs -w -f - "card.img?offset=$at" <<<$'symlink /etc/lab worker003.link\nrm /etc/lab\nrm /etc/worker003.name' >/dev/null 2>&1
	block=$(debugfs -R 'blocks <8>' "card.img?offset=$at" 2>/dev/null | cut -d' ' -f100)
	echo 'log of worker003' | dd of=card.img bs=4096 seek=$((at / 4096 + block)) conv=notrunc status=none
	echo 'boot of worker003' >trace
	mcopy -i "card.img@@$(offset_of card.img 1)" trace ::worker003-long.trace
	mdel -i "card.img@@$(offset_of card.img 1)" ::worker003-long.trace
	echo short-file-of-the-boot-partition >trace
	mcopy -i "card.img@@$(offset_of card.img 1)" trace ::short
	block=$(python3 -c 'print(open("card.img", "rb").read().find(b"short-file-of-the-boot"))')
	echo 'tail of worker003' | dd of=card.img bs=1 seek=$((block + 200)) conv=notrunc status=none
	traces=(worker003.name worker003.link 'content of worker003' 'log of worker003' 'boot of worker003' r003-l 'tail of worker003')
	[ "$(lacking card.img "${traces[@]}")" = '' ]
	e2fsck -fn "card.img?offset=$at" >/dev/null 2>&1
}

@test "nothing in a clone says who it was, byte by byte, in what was deleted neither" {
	make_card
	put card.img /etc/machine-id "$OLD_MACHINE_ID"
	mapfile -t old < <(identity_of card.img | sed 's/^Address=//; s/^0x//; s|/24$||')
	[ ${#old[@]} = 6 ]
	old+=("$OLD_MACHINE_ID" "$(root_cat card.img /etc/ssh/ssh_host_ed25519_key | sed -n 3p)")
	root_cat card.img /etc/ssh/ssh_host_ed25519_key.pub >old.pub
	put card.img /root/fingerprint "$(ssh-keygen -lf old.pub | cut -d' ' -f2)"
	old+=("$(cat put.txt)")
	debugfs -w -R 'rm /root/fingerprint' "card.img?offset=$(offset_of card.img 2)" >/dev/null 2>&1
	[ "$(lacking card.img "${old[@]}")" = '' ]
	leave_traces
	clone card.img -n 2 --quiet
	for n in 4 5; do
		[ "$(boot_cat out/worker00$n.img short)" = short-file-of-the-boot-partition ]
		[ "$(search out/worker00$n.img "${traces[@]}")" = '' ]
		# Only the lists of all nodes have it.
		search out/worker00$n.img "${old[@]}" | sort -u >found
		! grep -vE "^b'(10\.0\.0\.13\\\\tworker003 worker003\.testbed|@cert-authority worker003,worker003\.testbed,10\.0\.0\.13 .*)'$" found || return 1
		[ "$(wc -l <found)" = 2 ]
	done
}

@test "what a running system made for itself is gone; the user's is there, byte for byte" {
	make_card used
	clone card.img --quiet
	clone=out/worker004.img
	for path in /var/lib/dbus/machine-id /var/lib/systemd/random-seed /var/lib/dhcp/dhclient.eth0.leases \
		/etc/dhcpcd.duid /var/lib/dhcpcd/eth0.lease /var/lib/NetworkManager/secret_key \
		/var/lib/cardstock/firstboot.state /etc/ssh/ssh_host_rsa_key; do
		[ -n "$(root_cat card.img $path)" ]
		gone $clone $path
	done
	[ "$(root_cat $clone /var/lib/cardstock/packages/tool.deb)" = 'a package of the card' ]
	[ "$(root_cat $clone /etc/machine-id)" = '' ]
	! mdir -b -i "$clone@@$(offset_of $clone 1)" | grep -q cardstock-report || return 1
	# Logs stay unless --sysprep is given, and so does all that is not listed by plan.
	[ "$(changed card.img $clone)" = "$(planned card.img)" ]
	[ "$(root_cat $clone /home/ops/data)" = 'data of a user, who may write worker003' ]
	[ "$(root_cat $clone /var/log/syslog)" = 'worker003 kernel: hello' ]
	cmp card.img before.img
}

@test "what mkimage does not know how to change is listed" {
	make_card used
	clone card.img 2>notes
	grep -qF 'note: /etc/app.conf still has the name of the card that is cloned: worker003' notes
	grep -qF 'note: /etc/app.key still has a private key of the card that is cloned' notes
	grep -qF 'note: /root/.bash_history still has the name' notes
	[ "$(grep -c '^note: .* still has' notes)" = 3 ]
}

@test "addresses in unexpected files, names in hosts and dropbear's keys are listed" {
	make_card
	put card.img /etc/app.conf 'bind = 10.0.0.13:80' # as the cluster planned it
	put card.img /etc/network/interfaces.d/eth1 $'iface eth1 inet static\naddress 192.168.7.5\ngateway 192.168.7.1'
	put card.img /opt/peers $'192.168.7.50\n192.168.7.1\n110.0.0.13' # others
	put card.img /opt/self 192.168.7.5
	put card.img /opt/nodes $'10.0.0.13\n10.0.0.14' # a list of all nodes
	put card.img /etc/dropbear/dropbear_ed25519_host_key binary
	root_cat card.img /etc/hosts >hosts
	put card.img /etc/hosts "$(cat hosts)"$'\n192.168.7.5 worker003.lab w3\n192.168.7.6 worker0030'
	clone card.img 2>notes
	grep '^note: .* still has' notes | sed 's/^note: //; s/ still has / /; s/ of the card that is cloned//' | sort >found
	diff found - <<-END
		/etc/app.conf an address: 10.0.0.13
		/etc/dropbear/dropbear_ed25519_host_key a private key
		/etc/hosts a name: worker003.lab
		/etc/network/interfaces.d/eth1 an address: 192.168.7.5
		/opt/self an address: 192.168.7.5
	END
}

@test "a short name of a card is found in hosts" {
	mk --profile ./worker.conf -n 3 --quiet >/dev/null
	cp --sparse=always "$CARDSTOCK_TEST_BASE/mini.img" card.img
	put card.img /etc/hostname pi
	put card.img /etc/hosts $'127.0.0.1 localhost\n127.0.1.1 pi\n192.168.7.5 pi.example.com pi # pi'
	clone card.img 2>notes
	[ "$(grep -c 'note: /etc/hosts still has a name of the card that is cloned: pi.example.com' notes)" = 1 ]
}

@test "--sysprep drops logs and history" {
	make_card used
	clone card.img --quiet --sysprep
	for path in /var/log/syslog /var/log/app/today.log /root/.bash_history; do gone out/worker004.img $path; done
	[[ $(debugfs -R 'stat /var/log/app' "out/worker004.img?offset=$(offset_of out/worker004.img 2)" 2>&1) == *'Type: directory'* ]]
}

@test "the plan comes first, and writes nothing" {
	make_card used
	find cluster -type f -exec sha256sum {} + >files
	run -0 mk plan --clone card.img --profile ./worker.conf -n 2 --sysprep
	for part in '== hostname worker004 ==' '+worker005' '- /etc/dhcpcd.duid' '- /var/log/syslog' 'partition 2 UUID: ' 'disk id: '; do
		[[ $output == *"$part"* ]] || { echo "no '$part'" >&2; return 1; }
	done
	sha256sum -c --quiet files
	cmp card.img before.img
	[ ! -e out ]
}

@test "a device is read exclusively and never written to" {
	make_card used
	loop card.img
	traced -f -qq -o trace -e trace=openat "$MKIMAGE" clone "$LOOP" --profile ./worker.conf --quiet
	grep -q "\"$LOOP\", O_RDONLY|O_EXCL" trace
	! grep "\"$LOOP\"" trace | grep -qE 'O_WRONLY|O_RDWR' || return 1
	cmp card.img before.img
	[ "$(root_cat out/worker004.img /etc/hostname)" = worker004 ]
}

# pull BEGIN COMMAND…: card.img becomes pulled.img, whose root file system, at byte BEGIN, is mounted and gets
# what COMMAND does there; the log has the names and the bitmaps, the disk has the data alone.
pull() {
	LOOP=$(losetup --find --show -o "$1" card.img 2>/dev/null) || skip "no loop devices here"
	LOOPS+=("$LOOP")
	mkdir mnt
	mount "$LOOP" mnt || skip "ext4 cannot be mounted here"
	"${@:2}"
	sync -f mnt
	cp --sparse=always card.img pulled.img
	umount mnt
	[[ $(superblock "pulled.img?offset=$1") == *needs_recovery* ]]
	cp --sparse=always pulled.img before.img
}

# Copy the file late to a new directory of the root.
write_late() {
	mkdir -p mnt/home/ops/new
	cp late mnt/home/ops/new/late
}

# What write_late wrote is in a clone.
assert_late() {
	debugfs -R 'dump /home/ops/new/late found' "$1?offset=$(offset_of "$1" 2)" 2>/dev/null
	cmp late found
}

@test "a card that was pulled without shutdown is replayed on the copy" {
	make_card
	head -c 3M /dev/urandom >late
	pull "$(offset_of card.img 2)" write_late
	clone pulled.img -n 2 --check --quiet
	cmp pulled.img before.img
	for n in 4 5; do
		assert_late out/worker00$n.img
		[ "$(root_cat out/worker00$n.img /etc/hostname)" = worker00$n ]
	done
}

# The root file system of card.img gets blocks of 1 KiB.
make_small_blocks() {
	local at size
	at=$(offset_of card.img 2)
	size=$(($(superblock "card.img?offset=$at" | sed -n 's/^Block count: *//p') * 4))
	mkdir root
	debugfs -R 'rdump / root' "card.img?offset=$at" >/dev/null 2>&1
	mke2fs -q -F -t ext4 -b 1024 -d root -E "offset=$at" card.img $size
}

# pull_by_hand COMMANDS [DIR]: pulled.img is card.img after these commands to debugfs, but for its bitmaps, group
# descriptors, and the new directory DIR: in their place is what card.img has, and the log has what they should be.
pull_by_hand() {
	local at size first blocks block
	at=$(offset_of card.img 2)
	size=$(superblock "card.img?offset=$at" | sed -n 's/^Block size: *//p')
	first=$((size == 1024 ? 2 : 1))
	blocks=$(debugfs -R stats "card.img?offset=$at" 2>/dev/null | grep -o 'bitmap at [0-9]*' | cut -d' ' -f3)
	cp --sparse=always card.img pulled.img
	debugfs -w -f - "pulled.img?offset=$at" <<<"$1" >/dev/null 2>&1
	[ -z "${2:-}" ] || blocks+=$'\n'$(debugfs -R "blocks $2" "pulled.img?offset=$at" 2>/dev/null | tr -d ' ')
	for block in $first $blocks; do
		dd if=pulled.img bs=1024 skip=$(((at + block * size) / 1024)) count=$((size / 1024)) status=none
	done >log
	printf 'jo\njw -b %s log\njc\n' "$(paste -sd, <<<"$first"$'\n'"$blocks")" | debugfs -w -f - "pulled.img?offset=$at" >/dev/null 2>&1
	for block in $first $blocks; do
		block=$(((at + block * size) / 1024))
		dd if=card.img of=pulled.img bs=1024 skip=$block seek=$block count=$((size / 1024)) conv=notrunc status=none
	done
	[[ $(superblock "pulled.img?offset=$at") == *needs_recovery* ]]
}

@test "a file of a pulled card is whole where its blocks are smaller than those of the copy's file system" {
	make_card
	make_small_blocks
	seq 2000 >late
	# The directory's block, which the replay writes, is in the same 4 KiB as blocks of files.
	pull_by_hand $'write late /home/ops/late\nmkdir /home/ops/new\nwrite late /home/ops/new/late' /home/ops/new
	clone pulled.img --check --quiet
	assert_late out/worker004.img
	cmp late <(root_cat out/worker004.img /home/ops/late)
}

@test "a directory of a pulled card that only the log's bitmaps know is there" {
	make_card
	pull_by_hand 'mkdir /home/ops/new'
	clone pulled.img --check --quiet
	[[ $(debugfs -R 'stat /home/ops/new' "out/worker004.img?offset=$(offset_of out/worker004.img 2)" 2>&1) == *'Type: directory'* ]]
}

@test "an id that all clones share is told" {
	make_card_with_room
	truncate -s 24M other
	mkfs.btrfs -q -M other
	echo "start=${end}MiB, size=24MiB" | sfdisk -q -a card.img
	dd if=other of=card.img bs=1M seek="$end" conv=notrunc,sparse status=none
	clone card.img -n 2 2>notes
	[ "$(grep -c 'note: partition 3 has the same UUID on all nodes' notes)" = 1 ]
}

@test "swap gets a UUID of its own, and what names it follows" {
	make_card_with_room
	was=9a2b3c4d-1111-4222-8333-444455556666
	truncate -s 8M swap
	mkswap -q -L pages -U $was swap
	echo swapped-out-by-worker003 | dd of=swap bs=1M seek=2 conv=notrunc status=none
	printf 'start=%dMiB, size=10MiB, type=5\nstart=%dMiB, size=8MiB, type=82\n' $end $((end + 1)) | sfdisk -q -a card.img
	dd if=swap of=card.img bs=1M seek=$((end + 1)) conv=notrunc status=none
	root_cat card.img /etc/fstab >fstab
	put card.img /etc/fstab "$(cat fstab)"$'\n'"UUID=$was none swap sw 0 0"
	put card.img /etc/initramfs-tools/conf.d/resume "RESUME=UUID=$was"
	put card.img /boot/initrd.img-6.1 'the old one'
	{ boot_cat card.img /cmdline.txt | tr -d '\n'; echo " resume=UUID=$was"; } >cmdline
	mcopy -o -i "card.img@@$(offset_of card.img 1)" cmdline ::cmdline.txt
	[ "$(search card.img $was | wc -l)" -ge 4 ]
	clone card.img -n 2 2>notes
	grep -q '^note: partition 5, swap, gets a UUID of its own; an initramfs .* update-initramfs -u' notes
	for n in 4 5; do
		image=out/worker00$n.img
		[ "$(search $image $was swapped-out-by-worker003)" = '' ]
		new=$(blkid -p -O "$(offset_of $image 4)" -s UUID -o value $image)
		echo "$new" >>uuids
		root_cat $image /etc/fstab | grep -qx "UUID=$new none swap sw 0 0"
		[ "$(root_cat $image /etc/initramfs-tools/conf.d/resume)" = "RESUME=UUID=$new" ]
		boot_cat $image /cmdline.txt | grep -q " resume=UUID=$new\$"
		[ "$(blkid -p -O "$(offset_of $image 4)" -s LABEL -o value $image)" = pages ]
	done
	[ "$(sort -u uuids | wc -l)" = 2 ]
}

@test "what is free is neither read nor there in the clone" {
	make_card
	# Deleted, and still on the card.
	put card.img /home/secret 'deleted by worker003, long ago'
	debugfs -w -R 'rm /home/secret' "card.img?offset=$(offset_of card.img 2)" >/dev/null 2>&1
	grep -qa 'deleted by worker003' card.img
	clone card.img --quiet
	! grep -qa 'deleted by worker003' out/worker004.img || return 1
	used=$(du --block-size=1 out/worker004.img | cut -f1)
	[ "$used" -lt $((32 << 20)) ]
}

@test "a card that mkimage did not make gets a new identity, too" {
	mk --profile ./worker.conf -n 3 --quiet >/dev/null
	rm -r out
	cp --sparse=always "$CARDSTOCK_TEST_BASE/mini.img" foreign.img
	put foreign.img /etc/hostname raspberrypi
	put foreign.img /etc/hosts $'127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi'
	put foreign.img /etc/machine-id "$OLD_MACHINE_ID"
	clone foreign.img --quiet
	clone=out/worker004.img
	[ "$(root_cat $clone /etc/hostname)" = worker004 ]
	! root_cat $clone /etc/hosts | grep -q raspberrypi || return 1
	[ "$(root_cat $clone /etc/machine-id)" = '' ]
	for image in foreign.img $clone; do identity_of "$image" | tail -n 3; done >ids
	[ "$(sort -u ids | wc -l)" = 6 ]
}

@test "what cannot be cloned is refused, with the reason" {
	make_card
	assert_fails 2 'card.img: is worker003 itself; a clone of that name would be the same board twice' clone card.img --node 3
	assert_fails 3 "worker 9 would be next, but role 'worker' plans 8; raise 'planned'" clone card.img -n 6
	assert_fails 2 'none.img: cannot find it' clone none.img
	head -c 1M /dev/urandom >noise.img
	assert_fails 4 'noise.img: is not a disk image' clone noise.img
	xz -0 -k -c noise.img >noise.img.xz
	assert_fails 4 'noise.img.xz: is compressed or a tarball' clone noise.img.xz
	mkdir -p out
	mv card.img out/worker004.img
	assert_fails 2 'this is the base itself' clone out/worker004.img --node 4
	mv out/worker004.img card.img
	assert_no_output
	loop card.img
	LOOP=$(losetup --find --show -o "$(offset_of card.img 2)" card.img)
	LOOPS+=("$LOOP")
	mkdir mnt
	mount "$LOOP" mnt || skip "ext4 cannot be mounted here"
	assert_fails 7 "is mounted at '$WORK/mnt'; unmount it, so that nothing changes while it is read" clone "$LOOP"
}

@test "a card with sectors of 4096 bytes is refused, for its image could be read by nobody" {
	make_card
	loop card.img --sector-size 4096
	echo 'start=2048, size=100000' | sfdisk -q "$LOOP"
	dd if="$CARDSTOCK_TEST_BASE/mini.img" of="$LOOP" bs=1M skip=520 seek=8 status=none
	assert_fails 4 "$LOOP: its partition table counts sectors of 4096 bytes, and that of an image file counts 512" clone "$LOOP"
	assert_no_output
}

@test "a card that cannot be read, or changes meanwhile, leaves no clone" {
	make_card
	assert_fails 1 'card.img: cannot read at byte' faulty "bad:at=$(($(offset_of card.img 1) + 3000))" card.img "$MKIMAGE" clone card.img --profile ./worker.conf
	assert_no_output
	assert_fails 5 'No space left on device; make room on that disk' faulty enospc:after=2000000 out/ "$MKIMAGE" clone card.img --profile ./worker.conf
	assert_no_output
	CARDSTOCK_FAULT=slow:bytes=2000000,commands=1000 CARDSTOCK_FAULT_PATH=out/ LD_PRELOAD=$(dirname "$MKIMAGE")/tests/shims/fault.so \
		"$MKIMAGE" clone card.img --profile ./worker.conf >log 2>&1 &
	until grep -sq '^read card.img' log; do sleep 0.05; done
	touch card.img
	status=0
	wait $! || status=$?
	[ $status = 1 ]
	grep -qF 'card.img: was changed while it was read' log
	assert_no_output
	run -137 faulty kill:at=2 out/ setsid --wait "$MKIMAGE" clone card.img --profile ./worker.conf
	assert_no_output
}

@test "a card that is pulled out, and Ctrl-C, leave no clone, and the number is free" {
	make_card
	cp --sparse=always card.img before.img
	assert_fails 1 'card.img: cannot read at byte' faulty "gone:at=$(($(offset_of card.img 1) + 3000))" card.img "$MKIMAGE" clone card.img --profile ./worker.conf
	[[ $output == *'it was pulled out, or its reader gave up: put it in, and begin again' ]]
	assert_no_output
	run -130 faulty int:at=1 out/ env --default-signal=INT setsid --wait "$MKIMAGE" clone card.img --profile ./worker.conf
	[[ $output == *'interrupted by signal 2'* ]]
	assert_no_output
	absent worker004 cluster/ledger
	cmp card.img before.img
	# Writes that are done in parts are no fault.
	faulty short out/ "$MKIMAGE" clone card.img --profile ./worker.conf --quiet --check
	[ "$(changed card.img out/worker004.img)" = "$(planned card.img)" ]
}

@test "--shrink cuts file system, partition and image to what is used" {
	make_card
	clone card.img --shrink --check 2>notes
	grep -qF 'note: firstboot is not in this image' notes
	clone=out/worker004.img
	at=$(offset_of $clone 2)
	# The file system fills its partition, and the partition the image.
	blocks=$(superblock "$clone?offset=$at" | sed -n 's/^Block count: *//p')
	free=$(superblock "$clone?offset=$at" | sed -n 's/^Free blocks: *//p')
	[ $((at + blocks * 4096)) = "$(stat -c %s $clone)" ]
	[ "$(sfdisk --json $clone | python3 -c 'import json,sys; print(json.load(sys.stdin)["partitiontable"]["partitions"][1]["size"] * 512)')" = $((blocks * 4096)) ]
	# Some room for what the board writes before the root is grown again, and no more.
	[ "$free" -gt 100 ]
	[ "$free" -lt 1600 ]
	mk verify --profile ./worker.conf $clone
	# It grows, by the tools that a board has.
	truncate -s 800M $clone
	echo ', +' | sfdisk -q -N 2 $clone
	loop $clone -o "$at"
	e2fsck -fp "$LOOP"
	resize2fs "$LOOP"
	unloop
	[ "$(superblock "$clone?offset=$at" | sed -n 's/^Block count: *//p')" -gt $((2 * blocks)) ]
}

@test "--shrink of a GPT keeps both copies whole" {
	mk --profile ./worker.conf -n 3 --quiet >/dev/null
	rm -r out
	at=$(offset_of "$CARDSTOCK_TEST_BASE/mini.img" 2)
	cp --sparse=always "$CARDSTOCK_TEST_BASE/mini.img" gpt.img
	truncate -s +2M gpt.img
	printf 'label: gpt\nstart=%d, size=%d, type=U\nstart=%d, size=%d\n' $(($(offset_of gpt.img 1) / 512)) \
		$(((at - $(offset_of gpt.img 1)) / 512)) $((at / 512)) $((($(stat -c %s gpt.img) - at - (1 << 20)) / 512)) |
		sfdisk -q gpt.img
	clone gpt.img --shrink --check --quiet
	sfdisk --verify out/worker004.img
	[[ $(sgdisk -v out/worker004.img) == *'No problems found'* ]]
	[ "$(stat -c %s out/worker004.img)" -lt $((at + (60 << 20))) ]
}

@test "--shrink of a root that is not the last partition is refused" {
	make_card
	end=$(stat -c %s card.img)
	truncate -s +20M card.img
	echo "start=$((end / 512))" | sfdisk -q -a card.img
	assert_fails 4 'the root, partition 2, cannot shrink: another partition follows it; only the last one can grow; leave --shrink out' clone card.img --shrink
	assert_no_output
	clone card.img --quiet # a partition without a file system is copied as it is
	rm out/worker004.img   # no checker knows it
}

@test "of a swap file the header is there, and nothing of what was swapped out" {
	make_card
	head -c 2M /dev/zero | tr '\0' S >swap
	mkswap -q swap 2>/dev/null
	at=$(offset_of card.img 2)
	debugfs -w -f - "card.img?offset=$at" <<<$'mkdir /var/lib/swap\nwrite swap /var/lib/swap/file\nwrite swap /swapfile' >/dev/null 2>&1
	root_cat card.img /etc/fstab >fstab
	put card.img /etc/fstab "$(cat fstab)"$'\n/var/lib/swap/file none swap sw 0 0'
	# One that is no swap file, whatever its name.
	head -c 1M /dev/zero | tr '\0' T >no-swap
	debugfs -w -R 'write no-swap /swap.img' "card.img?offset=$at" >/dev/null 2>&1
	find_bad /var/lib/swap/file 100
	faulty "bad:at=$bad" card.img "$MKIMAGE" clone card.img --profile ./worker.conf --quiet --check # it is not even read
	for path in /var/lib/swap/file /swapfile /swap.img; do
		debugfs -R "dump $path found" "out/worker004.img?offset=$at" 2>/dev/null
		[ "$(stat -c %s found)" -gt 1000000 ]
		[ $path = /swap.img ] || cmp <(head -c 4096 swap; head -c $((2 * 1024 * 1024 - 4096)) /dev/zero) found
	done
	cmp found no-swap
	! grep -qa SSSSSSSS out/worker004.img || return 1
}
