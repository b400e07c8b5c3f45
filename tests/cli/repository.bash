# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: a signed repository of packages in repo/, made by dpkg-deb and gpg, served on a port of its own.
# shellcheck shell=bash

# The key that signs it, made once a file: $REPOSITORY_KEY is what an image trusts.
make_repository_key() {
	export GNUPGHOME=$BATS_FILE_TMPDIR/gpg REPOSITORY_KEY=$BATS_FILE_TMPDIR/test.gpg
	mkdir -m 700 "$GNUPGHOME"
	gpg --batch --quiet --passphrase '' --quick-gen-key 'Test <test@example.org>' ed25519 sign never
	gpg --batch --export >"$REPOSITORY_KEY"
}

# put_package NAME VERSION ARCHITECTURE KIB [FIELD…]: a package whose one file is /opt/NAME, and what the
# list of the repository says of it; KIB is its Installed-Size.
put_package() {
	local file=pool/$1_${2#*:}_$3.deb control
	mkdir -p repo/pool package/DEBIAN package/opt
	printf -v control '%s\n' "Package: $1" "Version: $2" "Architecture: $3" 'Maintainer: Test <test@example.org>' \
		"Installed-Size: $4" "${@:5}"
	printf '%sDescription: test\n' "$control" >package/DEBIAN/control
	echo "$1 $2" >"package/opt/$1"
	dpkg-deb --root-owner-group --build package "repo/$file" >/dev/null
	rm -r package
	printf '%sFilename: %s\nSize: %s\nSHA256: %s\nDescription: test\n\n' "$control" "$file" \
		"$(stat -c %s "repo/$file")" "$(sha256sum "repo/$file" | cut -d' ' -f1)" >>repo/Packages
}

# What a mirror does after a change; $1 is the key of another than the test's, if it is given.
sign_repository() {
	(
		cd repo || exit 1
		printf '%s\n' 'Suite: stable' "Date: $(date -Ru | sed s/+0000/UTC/)" 'SHA256:' \
			" $(sha256sum Packages | cut -d' ' -f1) $(stat -c %s Packages) Packages" >Release
		gpg ${1:+--homedir "$1"} --batch --yes --quiet --clearsign -o InRelease Release
	)
}

# serve_repository [PORT]: sets $REPOSITORY, its URL.
serve_repository() {
	rm -f port
	python3 -u -c 'import functools, http.server
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory="repo")
server = http.server.ThreadingHTTPServer(("127.0.0.1", '"${1:-0}"'), handler)
print(server.server_port, flush=True)
server.serve_forever()' >port 2>requests 3>&- &
	SERVER=$!
	until [ -s port ]; do
		kill -0 "$SERVER" || return 1
		sleep 0.1
	done
	REPOSITORY=http://127.0.0.1:$(cat port)
}

stop_repository() {
	[ -z "${SERVER:-}" ] || { kill "$SERVER" && wait "$SERVER"; } 2>/dev/null || :
	SERVER=
}

# put_installed DIR ARCHITECTURE: dpkg's database of a system with dpkg itself and a library.
put_installed() {
	mkdir -p "$1/var/lib/dpkg"
	printf 'Package: %s\nStatus: install ok installed\nVersion: 1.0\nArchitecture: %s\nMaintainer: Test <test@example.org>\nDescription: test\n\n' \
		dpkg "$2" oldlib "$2" >"$1/var/lib/dpkg/status"
}

# put_sources DIR: the system in it gets packages from the repository, and trusts its key.
put_sources() {
	mkdir -p "$1/etc/apt/sources.list.d" "$1/usr/share/keyrings"
	printf 'Types: deb\nURIs: %s\nSuites: ./\nSigned-By: /usr/share/keyrings/test.gpg\n' "$REPOSITORY" \
		>"$1/etc/apt/sources.list.d/test.sources"
	cp "$REPOSITORY_KEY" "$1/usr/share/keyrings/test.gpg"
}
