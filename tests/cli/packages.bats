#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The key `packages`: what the host's apt finds in a repository of the test's own is on the card, and
# firstboot installs it without a network.
load helper
load repository

eval "$(declare -f setup_file | sed '1s/setup_file/helper_setup_file/')"
eval "$(declare -f setup | sed '1s/setup/helper_setup/')"
eval "$(declare -f teardown | sed '1s/teardown/helper_teardown/')"

setup_file() {
	helper_setup_file
	make_repository_key
	# The programs for boards are others' tests.
	export CARDSTOCK_BOARDS=$BATS_FILE_TMPDIR/boards CARDSTOCK_PROFILES=$ROOT/profiles
	mkdir -p "$CARDSTOCK_BOARDS/arm64"
	touch "$CARDSTOCK_BOARDS"/arm64/firstboot{,-static,-grow}
}

setup() {
	helper_setup
	ARCH=$(dpkg --print-architecture)
	# What is in the cache is another test's.
	export XDG_CACHE_HOME=$WORK/cache
	put_package mpich 1:4.0-1 "$ARCH" 500 'Depends: libmpich (>= 4), oldlib'
	put_package libmpich 4.0-1 "$ARCH" 100 'Provides: mpi' 'Recommends: docs'
	put_package docs 1.0 all 10
	sign_repository
	serve_repository
	put_installed image/root "$ARCH"
	put_sources image/root
	printf '%s\n' 'firstboot = true' 'overlays = {"./image"}' >>worker.conf
}

teardown() {
	stop_repository
	helper_teardown
}

# The profile's packages are these; the line of the key is the last one.
want() {
	sed -i '/^packages/d' worker.conf
	printf 'packages = {"%s"}\n' "${1// /\", \"}" >>worker.conf
}

line_of_key() {
	grep -n '^packages' worker.conf | cut -d: -f1
}

# What a build put on the card, in tree/.
unpack() {
	rm -rf tree
	mkdir tree
	debugfs -R "rdump / tree" "${1:-out/worker001.img}?offset=$(offset_of "${1:-out/worker001.img}" 2)" 2>/dev/null
	CARD=tree/var/lib/cardstock/packages
}

@test "packages and what they need are on the card, and firstboot installs them without a network" {
	want 'mpich'
	mk --profile ./worker.conf --quiet
	stop_repository
	unpack
	[ "$(cd $CARD && echo *)" = "SHA256SUMS libmpich_4.0-1_$ARCH.deb mpich_1%3a4.0-1_$ARCH.deb" ]
	(cd $CARD && sha256sum --check --quiet SHA256SUMS)
	[ "$(root_attr out/worker001.img "/var/lib/cardstock/packages/libmpich_4.0-1_$ARCH.deb")" = '0644 0 0' ]
	grep -qx 'package = mpich' tree/etc/cardstock/firstboot.conf
	mkdir -p tree/var/lib/dpkg/{info,updates,triggers}
	"$ROOT/${BUILD:-build}/firstboot" run --phase network --root tree
	[ "$(cat tree/opt/mpich tree/opt/libmpich)" = "$(printf 'mpich 1:4.0-1\nlibmpich 4.0-1')" ]
	[ "$(dpkg-query --admindir tree/var/lib/dpkg -W -f '${db:Status-Abbrev}' mpich)" = 'ii ' ]
	"$ROOT/${BUILD:-build}/firstboot" status --root tree | grep -q 'download.*all are installed'
}

@test "the plan has names, versions, bytes and their sum, and writes nothing" {
	want 'mpich oldlib'
	mk plan --profile ./worker.conf >plan.txt
	local bytes
	bytes=$(($(stat -c %s repo/pool/*mpich_* | paste -sd+)))
	grep -qF "mpich 1:4.0-1, $(stat -c %s "repo/pool/mpich_4.0-1_$ARCH.deb") bytes, of the profile" plan.txt
	grep -qF "libmpich 4.0-1, $(stat -c %s "repo/pool/libmpich_4.0-1_$ARCH.deb") bytes, which others need" plan.txt
	grep -qF "note: packages on the card: 2, $bytes bytes" plan.txt
	grep -qF 'once installed they take 600 KiB' plan.txt
	grep -qF 'note: packages that are in the image already: oldlib 1.0' plan.txt
	absent '/docs_\|/oldlib_' plan.txt
	assert_no_output
}

@test "apt resolves for the image's architecture, not for this machine" {
	put_package mpich 1:4.0-1 s390x 500
	sign_repository
	put_installed image/root s390x
	want mpich
	mk --profile ./worker.conf --quiet
	unpack
	[ "$(cd $CARD && echo *.deb)" = 'mpich_1%3a4.0-1_s390x.deb' ]
	cmp $CARD/mpich* repo/pool/mpich_4.0-1_s390x.deb
}

@test "the same lists give the same bytes, and with a full cache nothing is asked of the network" {
	want mpich
	mk --profile ./worker.conf --quiet
	: >requests
	mk --profile ./worker.conf --quiet --output again
	[ ! -s requests ]
	cmp out/worker001.img again/worker001.img
	# An hour later, on a train.
	stop_repository
	touch -d '2 hours ago' cache/cardstock/apt/*/updated
	mk --profile ./worker.conf --output train 2>said
	cmp out/worker001.img train/worker001.img
	grep -q 'note: packages: the lists of packages are those of 20..-..-.. ..:.. UTC: .*Could not connect' said
}

@test "verify holds the image against its own list, whatever the sources have by then" {
	want mpich
	mk --profile ./worker.conf --quiet
	put_package libmpich 4.0-2 "$ARCH" 100
	sign_repository
	rm -r cache/cardstock/apt
	mk verify --profile ./worker.conf out/worker001.img
	debugfs -w -f <(printf 'cd /var/lib/cardstock/packages\nrm libmpich_4.0-1_%s.deb\nwrite worker.conf libmpich_4.0-1_%s.deb\n' "$ARCH" "$ARCH") \
		"out/worker001.img?offset=$(offset_of out/worker001.img 2)" >/dev/null 2>&1
	assert_fails 6 "/libmpich_4.0-1_$ARCH.deb: the content differs" mk verify --profile ./worker.conf out/worker001.img
	want 'mpich docs'
	assert_fails 6 SHA256SUMS mk verify --profile ./worker.conf out/worker001.img
}

@test "patching an image again replaces what came out newer, and keeps what an overlay brings" {
	mkdir -p image/root/var/lib/cardstock/packages
	cp repo/pool/docs* image/root/var/lib/cardstock/packages/own_1.0_all.deb
	want mpich
	mk --profile ./worker.conf --quiet
	sed 's|^base = .*|base = "./out/worker001.img"|' worker.conf >again.conf
	mk plan --profile ./again.conf --json | python3 -c 'import json, sys; p = json.load(sys.stdin); assert not p["changes"], p'
	put_package libmpich 4.0-2 "$ARCH" 100
	sign_repository
	touch -d '2 hours ago' cache/cardstock/apt/*/updated
	mk --profile ./again.conf --quiet --output again
	unpack again/worker001.img
	[ "$(cd $CARD && echo *.deb)" = "libmpich_4.0-2_$ARCH.deb mpich_1%3a4.0-1_$ARCH.deb own_1.0_all.deb" ]
	sed -i '/^packages/d' again.conf
	mk --profile ./again.conf --quiet --output none
	unpack none/worker001.img
	[ "$(cd $CARD && echo *)" = own_1.0_all.deb ]
}

@test "a mirror that dropped what the lists still name: they are got anew" {
	want mpich
	mk plan --profile ./worker.conf >/dev/null
	rm -r cache/cardstock/packages repo/pool/lib* repo/Packages
	put_package mpich 1:4.0-1 "$ARCH" 500 'Depends: libmpich (>= 4), oldlib'
	put_package libmpich 4.0-2 "$ARCH" 100
	sign_repository
	mk plan --profile ./worker.conf | grep -q "libmpich_4.0-2_$ARCH.deb"
}

@test "one-line sources and a keyring in trusted.gpg.d do as well" {
	rm -r image/root/etc/apt/sources.list.d image/root/usr
	mkdir -p image/root/etc/apt/trusted.gpg.d
	cp "$REPOSITORY_KEY" image/root/etc/apt/trusted.gpg.d/test.gpg
	echo "deb [arch=$ARCH] $REPOSITORY ./ # comment" >image/root/etc/apt/sources.list
	want mpich
	mk plan --profile ./worker.conf | grep -q "libmpich_4.0-1_$ARCH.deb"
}

@test "this machine's own apt, its settings and its packages, are neither asked nor touched" {
	local map=()
	[ "$(id -u)" = 0 ] || map=(--map-root-user)
	unshare "${map[@]}" --mount true 2>/dev/null || skip 'no mount namespace here'
	want mpich
	mkdir -p poison empty
	printf '%s\n' 'Acquire::http::Proxy "http://127.0.0.1:9";' "APT::Update::Pre-Invoke {\"touch $WORK/empty/ran\";};" \
		'APT::Architecture "s390x";' >poison/apt.conf
	# shellcheck disable=SC2016 # for the inner shell
	unshare "${map[@]}" --mount sh -euc '
		mount --bind poison /etc/apt
		for dir in /var/lib/apt /var/lib/dpkg /var/cache/apt /var/log/apt; do mount --bind empty $dir; done
		exec "$@"' sh "$MKIMAGE" --profile ./worker.conf --quiet
	[ "$(ls poison empty)" = "$(printf 'empty:\n\npoison:\napt.conf')" ]
	unpack
	[ "$(cd $CARD && echo *.deb)" = "libmpich_4.0-1_$ARCH.deb mpich_1%3a4.0-1_$ARCH.deb" ]
}

@test "an ordinary user can do it" {
	want mpich
	be_ordinary
	"${as_user[@]}" "$MKIMAGE" --profile ./worker.conf --quiet
	unpack
	[ -s "$CARD/mpich_1%3a4.0-1_$ARCH.deb" ]
}

@test "a name that no source has: which, in which sources, and what is near" {
	want 'mpich libmpic'
	assert_fails 3 "worker.conf:$(line_of_key): package 'libmpic' is in none of the image's sources ($REPOSITORY, for $ARCH); did you mean 'libmpich'?" \
		mk --profile ./worker.conf
	want mpi # only another package provides it
	assert_fails 3 "package 'mpi' is in none" mk --profile ./worker.conf
	assert_no_output
}

@test "names that are none, and packages without firstboot, are wrong lines" {
	want 'mpich=4.0'
	assert_fails 3 "worker.conf:$(line_of_key): " mk plan --profile ./worker.conf
	[[ $output == *"'mpich=4.0' is not the name of a Debian package"* ]]
	want mpich
	sed -i '/^firstboot/d' worker.conf
	assert_fails 3 "worker.conf:$(line_of_key): packages are installed by firstboot, which this profile does without" mk plan --profile ./worker.conf
}

@test "unmet dependencies, and packages that would push others out" {
	put_package lonely 1.0 all 10 'Depends: absent (>= 2)'
	put_package rival 1.0 all 10 'Conflicts: oldlib'
	sign_repository
	want lonely
	assert_fails 3 "worker.conf:$(line_of_key): packages: they cannot be installed: lonely : Depends: absent (>= 2) but it is not installable; take them out" \
		mk --profile ./worker.conf
	want rival
	assert_fails 3 'they cannot be installed beside what is in the image; this would have to go: oldlib' mk --profile ./worker.conf
	assert_no_output
}

@test "a repository that another key signed, or nobody, is refused" {
	want mpich
	mkdir -m 700 other
	gpg --homedir other --batch --quiet --passphrase '' --quick-gen-key 'Other <other@example.org>' ed25519 sign never
	sign_repository "$PWD/other"
	assert_fails 1 "worker.conf:$(line_of_key): packages: apt refuses a source of the image: $REPOSITORY ./ InRelease: The following signatures couldn't be verified" \
		mk --profile ./worker.conf
	rm repo/InRelease
	assert_fails 1 "apt refuses a source of the image: '$REPOSITORY ./ Release' is not signed; bring its key" mk --profile ./worker.conf
	assert_no_output
}

@test "a source that apt cannot read is refused, with what apt says of it" {
	want mpich
	sed -i '/^Suites:/d' image/root/etc/apt/sources.list.d/test.sources
	assert_fails 1 "worker.conf:$(line_of_key): packages: apt cannot read a source of the image: malformed entry 1 in sources file " \
		mk --profile ./worker.conf
	[[ $output == *'test.sources (Suite); put another file in its place by an overlay' ]]
	assert_no_output
}

@test "without room for the lists of packages: an error, and not a board that downloads" {
	want mpich
	mkdir bin
	printf '#!/bin/sh\necho "E: Write error - write (28: No space left on device)" >&2\nexit 100\n' >bin/apt-get
	chmod +x bin/apt-get
	PATH=$PWD/bin:$PATH assert_fails 5 'the lists of packages cannot be written: Write error - write (28: No space left on device); make room on that disk' \
		mk --profile ./worker.conf
	assert_no_output
}

@test "a file that is not what the list says is not taken" {
	want mpich
	echo more >>"repo/pool/mpich_4.0-1_$ARCH.deb"
	assert_fails 1 "worker.conf:$(line_of_key): packages: cannot be downloaded: $REPOSITORY/pool/mpich_4.0-1_$ARCH.deb  File has unexpected size" \
		mk --profile ./worker.conf
	[ -z "$(find cache/cardstock/packages -name 'mpich_*')" ]
	assert_no_output
}

@test "what failed downloads got is not forgotten by the one that succeeds" {
	want 'mpich'
	cp "repo/pool/mpich_4.0-1_$ARCH.deb" sound.deb
	echo more >>"repo/pool/mpich_4.0-1_$ARCH.deb"
	assert_fails 1 'cannot be downloaded' mk --profile ./worker.conf
	assert_fails 1 'cannot be downloaded' mk --profile ./worker.conf
	cp sound.deb "repo/pool/mpich_4.0-1_$ARCH.deb"
	mk --profile ./worker.conf --quiet
	unpack
	[ "$(cd $CARD && echo *)" = "SHA256SUMS libmpich_4.0-1_$ARCH.deb mpich_1%3a4.0-1_$ARCH.deb" ]
}

@test "without room on the root: an error that names the size that does" {
	put_package large 1.0 all 3000000
	sign_repository
	want large
	assert_fails 5 "worker.conf:$(line_of_key): packages: no room on the root file system: 3.0 GiB are needed" mk --profile ./worker.conf
	[[ $output =~ 'set image-size = "'([0-9]+M)'" or more' ]]
	assert_no_output
	echo "image-size = \"${BASH_REMATCH[1]}\"" >>worker.conf
	mk --profile ./worker.conf --quiet
	local free
	free=$(superblock "out/worker001.img?offset=$(offset_of out/worker001.img 2)" | sed -n 's/^Free blocks: *//p')
	[ "$((free * 4))" -ge 3000000 ]
}

@test "without apt on this machine, or without a network, the board downloads them, and the plan says so" {
	want 'mpich docs'
	mkdir bin
	find /usr/bin -maxdepth 1 ! -name 'apt*' -exec ln -st bin {} +
	PATH=$PWD/bin mk plan --profile ./worker.conf >plan.txt
	grep -q 'note: packages are not on the card: the board downloads mpich, docs itself, once it has a network, because this machine has no apt' plan.txt
	stop_repository
	mk --profile ./worker.conf 2>said
	grep -q "note: packages are not on the card.*because the image's sources cannot be reached: $REPOSITORY" said
	unpack
	[ "$(cd $CARD && echo *)" = SHA256SUMS ]
	[ "$(grep '^package' tree/etc/cardstock/firstboot.conf | paste -sd' ')" = 'package = mpich package = docs' ]
	mk verify --profile ./worker.conf out/worker001.img
}

@test "sources that only the board can use, and images without packages of this kind, are noted" {
	want mpich
	sed -i 's|^URIs: .*|URIs: file:///opt/mirror|' image/root/etc/apt/sources.list.d/test.sources
	mk plan --profile ./worker.conf | grep -qF "because only the board can use its source 'file:///opt/mirror'"
	rm image/root/etc/apt/sources.list.d/test.sources
	assert_fails 3 'the image has no source of packages in /etc/apt' mk plan --profile ./worker.conf
	rm -r image/root/var
	mk plan --profile ./worker.conf >plan.txt
	grep -q "note: no package is installed in this image: its packages are not of Debian's kind" plan.txt
	! grep -q 'package = mpich' plan.txt
}
