#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# verify misses nothing that build did: each change of the plan is undone in a copy of the image.
load helper
load stock

setup_file() {
	export STOCK=$BATS_FILE_TMPDIR XDG_CACHE_HOME=$BATS_FILE_TMPDIR/cache CARDSTOCK_PROFILES=$ROOT/profiles
	"$ROOT/tests/fixtures/make-stock" raspios-bookworm-arm64 "$STOCK/bookworm.img"
}

# How to undo each change of the plan, a line each: where, the path, commands for debugfs or a name
# for mtools.
undo() {
	mk plan --profile ./worker.conf --json | python3 -c 'import json, os, sys
plan, seen = json.load(sys.stdin), set()
for c in [c for part in [plan] + plan["nodes"] for c in part["changes"]]:
    path, (parent, name) = c["path"], os.path.split(c["path"])
    if (path, c["kind"]) in seen:
        continue
    seen.add((path, c["kind"]))
    put = f"rm {path};cd {parent};write junk {name}"
    if path.startswith("/boot/firmware/"):
        print("boot", path, name)
    elif c["kind"] in ("mkdir", "symlink"):
        print("root", path, f"sif {path} mode 0040777" if c["kind"] == "mkdir" else f"rm {path};symlink {path} junk")
    elif c["kind"] == "remove" or c["change"] == "changed":
        print("root", path, put)
    else:
        print("root", path, f"rm {path}")
        print("root", path, f"sif {path} mode 0100777")
        print("root", path, f"sif {path} gid 77")'
}

# In a copy of worker001's image.
undo_in_copy() {
	cp --sparse=always out/worker001.img copy.img
	case $1 in
	boot) mdel -i "copy.img@@$boot" "::/$2" ;;
	root) debugfs -w -f <(tr ';' '\n' <<<"$2") "copy.img?offset=$root" >/dev/null 2>&1 ;;
	esac
}

@test "each change of the plan that is undone is found, by its path" {
	local where path how n=0
	use bookworm
	mk --profile ./worker.conf --quiet
	boot=$(offset_of out/worker001.img 1) root=$(offset_of out/worker001.img 2)
	echo junk >junk
	while read -r where path how; do
		undo_in_copy "$where" "$how"
		run mk verify --profile ./worker.conf copy.img --node 1
		[[ $status = 6 && $output == *"  $path: "* ]] || { echo "$path, $how: $status $output" >&2; return 1; }
		n=$((n + 1))
	done < <(undo)
	rm copy.img
	[ "$n" -gt 70 ]
}

@test "without the base verify says so, and plans on the image itself" {
	cp --sparse=always "$STOCK/bookworm.img" own.img
	ln -sf own.img base.img
	mk --profile ./worker.conf --quiet
	rm own.img
	# As a board leaves its file system: written to later than build did.
	debugfs -w -R 'set_super_value wtime 20270101' "out/worker001.img?offset=$(offset_of out/worker001.img 2)" 2>/dev/null
	run mk verify --profile ./worker.conf out/worker001.img
	[ "$status" = 0 ]
	[[ $output == *'the base is not at hand'* ]]
	debugfs -w -R 'rm /etc/hosts' "out/worker001.img?offset=$(offset_of out/worker001.img 2)" 2>/dev/null
	assert_fails 6 '/etc/hosts: it is not there' mk verify --profile ./worker.conf out/worker001.img
}

@test "verify downloads nothing and makes no base" {
	use bookworm
	mk --profile ./worker.conf --quiet
	sed 's|^base = .*|base = "http://127.0.0.1:1/never.img"|' worker.conf >url.conf
	sed -i 's|"./worker.conf"|"./url.conf"|' url.conf
	mk verify --profile ./url.conf out/worker001.img
}
