#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The manuals, as man shows them: scripts/man-page makes them of what docs/ has.
bats_require_minimum_version 1.5.0
ROOT=$(cd "$(dirname "$BATS_TEST_FILENAME")/../.." && pwd)

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

# Each manual, made as `make` makes it: "mkimage.1".
make_pages() {
	local page keys
	for page in "$ROOT"/docs/*.[1-9].md; do
		keys=()
		[[ $page != */mkimage-profile.5.md ]] || keys=("$ROOT"/docs/man/keys/*.md)
		page=${page##*/}
		"$ROOT/scripts/man-page" -v version=1.2.3 "$ROOT/docs/$page" "${keys[@]}" >"${page%.md}"
	done
	ls -- *.[1-9] >pages
	[ "$(wc -l <pages)" -ge 4 ]
}

# What stdin, Markdown, is on a screen.
shown() {
	"$ROOT/scripts/man-page" -v version=1.2.3 - | on_screen
}

on_screen() {
	groff -man -Kutf8 -Tutf8 -ww -P-c -P-b -P-o -P-u 2>&1 | sed 's/[[:space:]]*$//'
}

@test "no manual has anything that groff or mandoc warns of" {
	make_pages
	while read -r page; do
		groff -man -Kutf8 -Tutf8 -ww -z "$page" 2>warnings
		[ ! -s warnings ] || { cat warnings >&2; return 1; }
		# It has no date, so that the same source gives the same bytes.
		mandoc -Tlint -Wwarning "$page" | grep -v 'WARNING: missing date' >warnings || [ ! -s warnings ]
		[ ! -s warnings ] || { cat warnings >&2; return 1; }
	done <pages
}

@test "apropos finds each manual by its name and what it is about" {
	make_pages
	while read -r page; do
		lexgrog "$page" | grep -q "^$page: \"${page%.*} - [a-z]" || { lexgrog "$page" >&2; return 1; }
	done <pages
}

@test "nothing of Markdown is left on the screen, and no word is broken" {
	make_pages
	while read -r page; do
		on_screen <"$page" >screen
		[ "$(wc -l <screen)" -ge 60 ]
		run ! grep -nE '\*\*|`|\]\(|^ *\||^ *#|‐$' screen
	done <pages
}

@test "each option and each command of the document has an entry" {
	make_pages
	while read -r page; do
		on_screen <"$page" >screen
		sed -n 's/^\* \*\*\([^*]*\)\*\*.*/\1/p' "$ROOT/docs/$page.md" >entries
		while read -r entry; do
			grep -qF -- "$entry" screen || { echo "$page: $entry" >&2; return 1; }
		done <entries
	done <pages
	on_screen <nodectl.8 | grep -qx '       --as NODE'
	on_screen <mkimage.1 | grep -qx '       -p, --profile PROFILE'
}

@test "the manual of profiles has the pages of all keys" {
	make_pages
	on_screen <mkimage-profile.5 >screen
	for keys in "$ROOT"/docs/man/keys/*.md; do grep -qx "   $(basename "$keys" .md)" screen; done
	grep -q 'authorized-keys = {"gh:octocat"' screen
}

@test "headings, lists, tables and code are what man has for them" {
	shown >screen <<-'END'
		# thing(8)

		## Name

		thing: does it

		## Synopsis

		```
		thing --all [--but NAME]
		```

		## Description

		One paragraph that has `it's --code`, **bold** words
		and [a link](there.md#here). See <https://example.org/a>.

		* **-n, --but NAME**: not this one: `x`,
		  nor any other.
		* no entry, a dot

		| what | how | why |
		|---|---|---|
		| `one` | two | three |

		```sh
		cd \tmp	# 'so'
		```
	END
	diff - <(sed '1d;$d' screen | cat -s) <<-'END'

		NAME
		       thing - does it

		SYNOPSIS
		       thing --all [--but NAME]

		DESCRIPTION
		       One paragraph that has it's --code, bold words and a link. See
		       https://example.org/a.

		       -n, --but NAME
		              not this one: x, nor any other.

		       • no entry, a dot

		       what   how
		              why

		       one    two
		              three

		           cd \tmp        # 'so'

	END
}

@test "what the page could not show is refused, with its place" {
	printf '# thing(8)\n\n## Name\n\n1. one\n' >thing.8.md
	run "$ROOT/scripts/man-page" thing.8.md
	[ "$status" = 1 ]
	[[ $output == *"thing.8.md:5: no manual has used this before"*": 1. one"* ]]
}
