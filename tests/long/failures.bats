#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# What can be wrong with a board when it first boots: whatever it is, the board boots, can be logged in to,
# and firstboot's report says what failed and what to do.  Each test breaks a card of its own.
load ../qemu/helper
load ../qemu/firstboot

# Two images: a worker alone, and one that expects the share and the time of a server that is not there.
setup_file() {
	local settings=('firstboot = true' 'target = "multi-user.target"' 'mask-units = {"e2scrub_all.timer"}')
	mkdir "$BATS_FILE_TMPDIR/alone" "$BATS_FILE_TMPDIR/client"
	make_small_worker "$BATS_FILE_TMPDIR/alone" "${settings[@]}"
	make_small_worker "$BATS_FILE_TMPDIR/client" "${settings[@]}" \
		'share "/srv/cluster" { from = "10.0.0.1" }' 'ntp { from = "10.0.0.1" }'
}

teardown() {
	TRY=$BATS_TEST_TMPDIR/try
	halt
}

# ---- cards

# take_card WORKER: sets card and its root, for debugfs.
take_card() {
	local at
	fresh_card "$1" "$BATS_TEST_TMPDIR"
	card=$OUT/worker001.img
	read -r _ at _ < <(partitions_of "$card" | tail -n 1)
	root=$card?offset=$at
}

# on_card COMMAND…: of debugfs, each an argument; what it complains of fails.
on_card() {
	local said
	said=$(printf '%s\n' "$@" | debugfs -w -f - "$root" 2>&1 >/dev/null | grep -v '^debugfs 1' || true)
	[ -z "$said" ] || { echo "$said" >&2; return 1; }
}

# edit_card PATH SED-SCRIPT: a file of the root file system.
edit_card() {
	local new=$BATS_TEST_TMPDIR/edited
	debugfs -R "cat $1" "$root" 2>/dev/null | sed -E "$2" >"$new"
	[ -s "$new" ] || return 1
	on_card "rm $1" "write $new $1"
}

# edit_words SED-SCRIPT: those for the kernel.
edit_words() {
	local new=$BATS_TEST_TMPDIR/cmdline.txt at
	at=$(offset_of "$card" 1)
	mtype -i "$card@@$at" ::cmdline.txt | sed "$1" >"$new"
	mcopy -o -i "$card@@$at" "$new" ::cmdline.txt
}

mask() {
	on_card "symlink /etc/systemd/system/$1 /dev/null"
}

# So that the step hostname has something to do.
rename_card() {
	edit_card /etc/hostname 's/.*/debian/'
}

# start_card [OPTION…]: until both phases have run; one that waits for others goes on trying.
start_card() {
	boot "$BATS_TEST_TMPDIR/try" worker001 -- --persist "$@"
	wait_until_over worker001 cardstock-local.service
	wait_until_tried worker001
}

# ---- what is said

# step NAME COMMAND…: "RESULT: MESSAGE" of a step in the report that the command prints.
step() {
	local name=$1
	shift
	"$@" | python3 -c 'import json,sys
for s in json.load(sys.stdin)["steps"]:
    if s["name"] == sys.argv[1]: print(s["result"] + ": " + s["message"])' "$name"
}

on_board() {
	on worker001 firstboot status --json
}

# A card whose board did not get to its end has a root that nobody but inspect reads; its FAT is as any reader sees it.
on_fat() {
	local at
	read -r _ at _ < <(partitions_of "$card" | head -n 1)
	mtype -i "$card@@$at" ::cardstock-report.json
}

# says NAME PATTERN: of a step, on the board while it runs, and on the card's FAT when it is off.
says() {
	local said
	said=$(step "$1" "$where")
	[[ $said == $2 ]] || {
		echo "$where: the step $1 says '$said', not '$2'" >&2
		return 1
	}
}

# failed_units_match REGEX: of the names of all units that have failed once the boot is over, a blank between.
failed_units_match() {
	local units
	on worker001 sudo systemctl is-system-running --wait >/dev/null || true
	units=$(on worker001 sudo systemctl list-units --failed --plain --no-legend) || return 1
	units=$(cut -d' ' -f1 <<<"$units" | sort | xargs)
	[[ $units =~ ^($1)$ ]] || {
		echo "'$units' have failed, not '$1'" >&2
		return 1
	}
}

# failed_units NAME…: these, and no others, have failed.
failed_units() {
	failed_units_match "$*"
}

# reported RESULT CHECK: the function finds true what the board says of itself, and what is on the FAT of
# the card that was taken out; so does mkimage inspect.
reported() {
	local where
	on worker001 firstboot status | sed 's/^/# /' >&3
	for where in on_board on_fat; do
		[ "$where" = on_board ] || halt
		is "$1" report_says '["result"]' "$where"
		"$2"
	done
	"$MKIMAGE" inspect "$card" | grep -E "^first boot +\"$1\", phase \"network\""
}

# ---- the failures

@test "hostnamed absent: the name is set in files" {
	take_card alone
	rename_card
	mask systemd-hostnamed.service
	start_card --card 4G
	is worker001 on worker001 hostname
	is worker001 on worker001 cat /etc/hostname
	failed_units
	# Not masked, but unknown to the bus as well.
	on worker001 "sudo rm /etc/systemd/system/systemd-hostnamed.service /usr/lib/systemd/systemd-hostnamed \
		/usr/lib/systemd/system/*hostname*.service /usr/share/dbus-1/system-services/org.freedesktop.hostname1.service &&
		sudo systemctl daemon-reload && sudo systemctl reload dbus && echo debian | sudo tee /etc/hostname &&
		sudo hostname debian && sudo firstboot run --phase local --again hostname" |
		grep -x 'hostname: changed: worker001 in place of debian'
	named() {
		says hostname 'changed: worker001 in place of debian'
		says grow 'changed: ext4 of /dev/vda2: *'
	}
	reported "done" named
}

@test "bus absent: files are written, and what needs the bus says so" {
	take_card client
	rename_card
	mask dbus.service
	mask dbus.socket
	on_card 'rm /etc/systemd/system/default.target' 'rm /etc/systemd/system/e2scrub_all.timer'
	start_card --card 4G
	is worker001 on worker001 hostname
	is /dev/null on worker001 readlink /etc/systemd/system/e2scrub_all.timer
	is multi-user.target on worker001 'basename "$(readlink /etc/systemd/system/default.target)"'
	failed_units systemd-logind.service
	in_files() {
		says hostname 'changed: worker001 in place of debian'
		says target 'changed: multi-user.target from the next boot on'
		says units 'changed: masked e2scrub_all.timer'
		says mounts "failed: /srv/cluster: there is no system bus to have them mounted; try 'mount -a'"
	}
	reported failed in_files
}

@test "read-only root: the report of both phases is on the FAT" {
	take_card alone
	rename_card
	edit_card /etc/fstab 's,^([^#[:space:]]+[[:space:]]+/[[:space:]]+ext4[[:space:]]+)[^[:space:]]+,\1ro,'
	edit_words 's/ rw / ro /'
	start_card --card 4G
	is ro, on worker001 "findmnt -no OPTIONS / | cut -c1-3"
	# Those that want a /tmp of their own, or to make devices there.
	failed_units cardstock-{local,network}.service chrony.service systemd-{hostnamed,logind,resolved}.service
	not_kept() {
		says state "failed: /var/lib/cardstock/firstboot.state: *Read-only file system; *"
		says hostname "failed: hostname 'worker001': *Read-only file system; *"
		says grow 'failed: /dev/vda2: its file system has not grown: *Read-only file system*'
		says clock 'unchanged: *'
		says packages 'unchanged: *'
	}
	reported failed not_kept
}

@test "full root: the report is on the FAT, and on a larger card the next boot does what is left" {
	take_card alone
	rename_card
	# As if filled later: without an id that it can write, Debian's network asks no DHCP server for an address.
	tr -d - </proc/sys/kernel/random/uuid >"$BATS_TEST_TMPDIR/machine-id"
	on_card 'rm /etc/machine-id' "write $BATS_TEST_TMPDIR/machine-id /etc/machine-id"
	fill_card
	start_card
	[ "$(on worker001 stat -f -c %f /)" -lt 4 ]
	failed_units cardstock-{catalog,local,network}.service chrony.service \
		systemd-{hostnamed,logind,random-seed,resolved,update-utmp}.service
	not_kept() {
		says state "failed: /var/lib/cardstock/firstboot.state: *No space left on device; make room *"
		says hostname "failed: hostname 'worker001': *No space left on device; make room *"
		says grow 'unchanged: ext4 of /dev/vda2: *; /dev/vda2 has all the room there is'
		says packages 'unchanged: *'
	}
	reported failed not_kept
	rm "$BATS_TEST_TMPDIR"/try/*
	start_card --card 4G
	# Debian's own that began before the root had grown may have failed.
	failed_units_match '((chrony|systemd-[a-z-]+)\.service ?)*'
	grown() {
		says state ''
		says hostname 'changed: worker001 in place of debian'
		says grow 'changed: ext4 of /dev/vda2: *'
	}
	reported "done" grown
}

# Files get all blocks, those that are kept for root too; one a block, where an extent more would take another.
fill_card() {
	local block=$BATS_TEST_TMPDIR/block writes=() i
	head -c 4096 /dev/urandom >"$block"
	on_card 'write /dev/null /filler' "fallocate /filler 0 $(($(free_blocks) - 64))"
	for ((i = $(free_blocks); i; i--)); do writes+=("write $block /filler$i"); done
	on_card "${writes[@]}"
	is 0 free_blocks
}

free_blocks() {
	superblock "$root" | sed -n 's/^Free blocks: *//p'
}

@test "clock 1970: the board takes the time of its build" {
	take_card alone
	# The build is later than what systemd takes for the earliest time.
	on_card 'sif /etc/cardstock/firstboot.conf mtime 20300102030405'
	start_card --card 4G --rtc 1970-01-01
	is 2030-01-02 on worker001 date +%F
	failed_units
	set_to_build() {
		says clock 'changed: * UTC, before the image; set to 2030-01-02 03:04:05 UTC'
		says grow 'changed: *'
	}
	reported "done" set_to_build
}

@test "no network: shares and time say whom they wait for" {
	take_card client
	start_card --card 4G --unplug worker001:wired
	# The share's mount has failed, or is being tried again.
	failed_units_match '(srv-cluster\.mount)?'
	# It goes on trying.
	is active on worker001 systemctl is-active cardstock-network.service
	alone() {
		says time 'failed: the clock is not synchronised after 60 s: is the time server on, *'
		says mounts "failed: '/srv/cluster': not mounted *is the server on, *"
		says grow 'changed: *'
	}
	reported failed alone
}

@test "wrong settings file: the report names the line" {
	take_card alone
	edit_card /etc/cardstock/firstboot.conf 's/^hostname/hostnam/'
	start_card --card 4G
	failed_units cardstock-local.service cardstock-network.service
	named() {
		says settings "failed: /etc/cardstock/firstboot.conf:*: unknown key 'hostnam'; did you mean 'hostname'?"
		says host-keys 'unchanged: ssh_host_ed25519_key'
		says grow ''
	}
	reported failed named
}

@test "another partition lies behind the root: it is named, and all else is done" {
	take_card alone
	truncate -s 4G "$card"
	echo ', 8M' | sfdisk -q --append "$card"
	start_card
	failed_units
	stays() {
		says grow 'unchanged: ext4 of /dev/vda2: *; /dev/vda3 lies behind /dev/vda2'
	}
	reported "done" stays
}

@test "a partition table that cannot grow: the report says why, and how it is told to stay" {
	take_card alone
	edit_card /etc/fstab 's/^PARTUUID=[^ ]*-02/LABEL=rootfs/; s/^PARTUUID=[^ ]*-01/LABEL=bootfs/'
	edit_words 's/root=PARTUUID=[^ ]*/root=LABEL=rootfs/'
	truncate -s 4G "$card"
	sgdisk --mbrtogpt --hybrid=1 "$card"
	start_card
	failed_units cardstock-local.service
	stays() {
		says grow "failed: /dev/vda2: its partition has not grown: *the GPT is a hybrid one, *'grow = no'*"
		says hostname 'unchanged: worker001'
	}
	reported failed stays
}
