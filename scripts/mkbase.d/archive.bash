# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck shell=bash
# What mkbase and board-root have in common: Debian's archive, whose packages are trusted, how the
# options about it are called, and how both complain.
# shellcheck disable=SC2034 # read by the scripts that source this
archive_parts=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# Of an older host, the keyring may lack new keys.
keyring=$archive_parts/debian-archive-keyring.asc
debian=http://deb.debian.org
mirror=$debian/debian
security=$debian/debian-security
release_only=
program=${0##*/}

archive_help() {
	cat <<-EOF
		  --mirror URL           Debian archive to install from ($debian/debian)
		  --security-mirror URL  its security archive ($debian/debian-security)
		  --release-only         neither security nor other updates; for a mirror that has them half
	EOF
}

archive_option() {
	case $1 in
	--mirror) mirror=${2%/} ;;
	--security-mirror) security=${2%/} ;;
	esac
}

die() {
	printf '%s: %s\n' "$program" "$*" >&2
	exit 1
}

bad_usage() {
	printf "%s: %s\nTry '%s --help'.\n" "$program" "$*" "$program" >&2
	exit 2
}

# one_of WHAT VALUE ALLOWED…
one_of() {
	local what=$1 value=$2 allowed
	shift 2
	for allowed; do
		[ "$value" != "$allowed" ] || return 0
	done
	bad_usage "$what '$value' is not known; one of: $*"
}

say() {
	printf '%s: [%3d s] %s\n' "$program" "$SECONDS" "$*" >&2
}

# sources SUITE KEYRING COMPONENT…: lines of sources.list
sources() {
	local suite=$1 signed="[signed-by=$2]"
	shift 2
	echo "deb $signed $mirror $suite $*"
	[ -z "$release_only" ] || return 0
	echo "deb $signed $mirror $suite-updates $*"
	echo "deb $signed $security $suite-security $*"
}

# What mmdebstrap said last, and what it means: archive_failed LOG WHAT ROOM
archive_failed() {
	local unknown
	tail -n 40 "$1" >&2
	unknown=$(sed -nE "s/.*E: (Unable to locate package ([^ ]+)|Package '(.+)' has no installation candidate)$/'\\2\\3'/p" "$1" | sort -u | xargs -d '\n')
	[ -z "$unknown" ] || die "$2: Debian has no package $unknown there (main, non-free-firmware); is the name right?"
	! grep -q 'Mirror sync in progress' "$1" ||
		die "$2: the mirror is not consistent at present, see above; try again later, another --mirror, or --release-only"
	die "$2: mmdebstrap failed, its last lines are above. Network and mirror ($mirror) fine? Enough room in ${TMPDIR:-/tmp} ($3)?"
}
