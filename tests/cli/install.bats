#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# What `make install` puts under any PREFIX works from there.
load helper

# The directories of this host that a search would else find something in.
installed() {
	env -u CARDSTOCK_PROFILES HOME="$WORK" XDG_CONFIG_HOME="$WORK" "$WORK/dest/opt/x/bin/mkimage" "$@"
}

setup() {
	WORK=$BATS_TEST_TMPDIR/work
	mkdir -p "$WORK"
	make -s -C "$ROOT" BUILD="${BUILD:-build}" DESTDIR="$WORK/dest" PREFIX=/opt/x install >/dev/null
	cd "$WORK" || return 1
}

@test "an installed mkimage finds its profiles and overlays" {
	installed keys | grep -q '^hostname'
	"$ROOT/tests/fixtures/make-stock" debian-raspi stock.img
	printf 'include("worker.conf")\nbase = "./stock.img"\n' >here.conf
	sed -n 's/^members.*/members = {"master", ".\/here.conf"}/p' dest/opt/x/share/cardstock/profiles/*.conf >>here.conf
	installed plan --profile ./here.conf >plan.txt
	grep -q '^~ /etc/motd\|^+ /etc/motd' plan.txt
	grep -q '^+ /usr/lib/cardstock/firstboot ' plan.txt
	grep -q '^+ /usr/share/man/man8/firstboot.8.gz ' plan.txt
	grep -q '^+ /usr/lib/systemd/system/cardstock-local.service ' plan.txt
	[ ! -e cluster ]
}

@test "completion is installed where bash and zsh look for it" {
	for program in mkimage nodectl; do
		bash -n "dest/opt/x/share/bash-completion/completions/$program"
		grep -qx "complete -F _$program $program" "dest/opt/x/share/bash-completion/completions/$program"
		grep -qx "#compdef $program" "dest/opt/x/share/zsh/site-functions/_$program"
	done
}

@test "each manual is installed where man looks for it" {
	cd dest/opt/x/share/man
	diff <(printf '%s\n' */* | sort) - <<-'END'
		man1/mkimage.1.gz
		man5/mkimage-profile.5.gz
		man8/firstboot.8.gz
		man8/nodectl.8.gz
	END
	for page in */*; do lexgrog "$page" | grep -qF ": \"$(basename "${page%.[0-9].gz}") - "; done
	zcat man1/mkimage.1.gz | grep -qxF ".TH MKIMAGE 1 \"\" \"Cardstock $(installed --version | cut -d' ' -f2)\""
}

@test "an installed mkimage finds the program that makes a base" {
	cat >dest/opt/x/lib/cardstock/mkbase <<-END
		#!/bin/sh
		for last; do :; done
		case \$last in
		--key) printf '%064d\n' 7 ;;
		*) zstd -q <"$CARDSTOCK_TEST_BASE/mini.tar" >"\$last" ;;
		esac
	END
	[ -s "$(installed base --quiet debian-arm64)" ]
}

@test "an installed try-cluster runs" {
	[[ $("$WORK/dest/opt/x/lib/cardstock/try-cluster" --help) == 'usage: try-cluster '* ]]
}
