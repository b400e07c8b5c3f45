# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: programs of Debian packages that are not to be installed, because they would take over
# this computer's network.
# shellcheck shell=bash

# need_packages PACKAGE…: their programs are in PATH, their libraries are found; skips when they
# cannot be had.
need_packages() {
	local package
	mkdir -p "$BATS_FILE_TMPDIR/deb" "$BATS_FILE_TMPDIR/unpacked"
	for package; do
		[ ! -e "$BATS_FILE_TMPDIR/deb/$package" ] || continue
		(cd "$BATS_FILE_TMPDIR/deb" && apt-get download -qq "$package" 2>/dev/null) ||
			skip "the package $package cannot be downloaded"
		dpkg -x "$BATS_FILE_TMPDIR/deb/${package}"_*.deb "$BATS_FILE_TMPDIR/unpacked"
		touch "$BATS_FILE_TMPDIR/deb/$package"
	done
	LD_LIBRARY_PATH=$(echo "$BATS_FILE_TMPDIR"/unpacked/usr/lib/*-linux-gnu*)
	export LD_LIBRARY_PATH
	PATH=$BATS_FILE_TMPDIR/unpacked/usr/bin:$BATS_FILE_TMPDIR/unpacked/usr/sbin:$BATS_FILE_TMPDIR/unpacked/sbin:$PATH
}
