# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: the commands of a tutorial, run as they stand in it, with files in place of cards.
# shellcheck shell=bash

# commands_of PAGE HOST: what is typed there, after the prompt "HOST$ ".
commands_of() {
	sed -n "s/^$2\\$ //p" "$ROOT/docs/$1"
}

# type_on_laptop PAGE: in the current directory, where cards/sdb is the card that the page calls /dev/sdb.
type_on_laptop() {
	local line n=0
	while read -r line; do
		echo "laptop\$ $line"
		eval "${line//\/dev\//cards/}" </dev/null || return 1
		n=$((n + 1))
	done < <(commands_of "$1" laptop)
	[ "$n" -gt 0 ] && [ "$n" = "$(commands_of "$1" laptop | wc -l)" ]
}

sudo() {
	"$@"
}

# A file is no card, and mkimage wants to hear that it is meant.
mkimage() {
	local force=() word
	for word in "${@:2}"; do
		[[ $1 != write || $word != cards/* ]] || force+=(--force "$word")
	done
	"$MKIMAGE" "$@" "${force[@]}"
}
