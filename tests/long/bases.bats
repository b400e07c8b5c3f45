#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Every shipped base is made, becomes a worker, and boots.  Ten to fifteen minutes each where the
# processor is emulated; what was made is cached.  Updates are left out, so that a mirror that is
# being updated does not matter; the shipped recipes with updates are those of the QEMU suite.
load ../qemu/helper

setup() {
	export CARDSTOCK_OUT=$BATS_TEST_TMPDIR/out CARDSTOCK_CLUSTER=$BATS_TEST_TMPDIR/cluster
	OUT=$CARDSTOCK_OUT CLUSTER=$CARDSTOCK_CLUSTER
	cd "$BATS_TEST_TMPDIR" || return 1
	cp -R "$ROOT/profiles" .
	ln -s "$ROOT/scripts" "$ROOT/overlays" .
	sed -i 's/^\(.*recipe = .*"\)}$/\1, "--release-only"}/' profiles/bases.conf
}

# boots BASE ARCHITECTURE RELEASE: a worker of that base comes up as the profile wants it.
boots() {
	sed -i "s/^base .*/base = \"$1\"/" profiles/cluster.conf
	"$MKIMAGE" --profile worker --check -c "$CLUSTER" -o "$OUT" >&2
	mkdir try
	boot "$PWD/try" worker001
	is worker001 on worker001 hostname
	is "$2" on worker001 dpkg --print-architecture
	# shellcheck disable=SC2016 # for the node
	is "$3" on worker001 '. /etc/os-release && echo $VERSION_CODENAME'
	is 2000 on worker001 id -u mpi
	is running on worker001 systemctl is-system-running --wait
	halt
}

@test "trixie amd64" {
	boots debian-amd64 amd64 trixie
}

@test "bookworm amd64" {
	boots debian-bookworm-amd64 amd64 bookworm
}

@test "trixie armhf" {
	boots debian-armhf armhf trixie
}

@test "bookworm armhf" {
	boots debian-bookworm-armhf armhf bookworm
}

@test "bookworm arm64" {
	boots debian-bookworm-arm64 arm64 bookworm
}

# The user has a range of IDs, as adduser gives one; here it is bound over /etc in a namespace.
@test "an ordinary user makes the same base, byte for byte" {
	[ "$(id -u)" = 0 ] || skip "run by root, to compare with root's"
	local arch
	arch=$(dpkg --print-architecture)
	mkdir mine
	chown nobody mine
	echo 'nobody:100000:65536' >ids
	chmod 755 . "$BATS_RUN_TMPDIR"
	scripts/mkbase --arch "$arch" --release-only --output root.tar.zst
	# shellcheck disable=SC2016 # for the inner shell
	unshare --mount sh -ec 'mount --bind ids /etc/subuid
		mount --bind ids /etc/subgid
		exec setpriv --reuid=nobody --regid=nogroup --clear-groups env HOME="$PWD/mine" TMPDIR="$PWD/mine" "$@"' user \
		scripts/mkbase --arch "$arch" --release-only --output mine/root.tar.zst
	cmp root.tar.zst mine/root.tar.zst
}
