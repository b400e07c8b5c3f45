#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Completion, as the shells themselves see the scripts that mkimage prints.
bats_require_minimum_version 1.5.0
load completion
ROOT=$(cd "$(dirname "$BATS_TEST_FILENAME")/../.." && pwd)
MKIMAGE=${MKIMAGE:-$ROOT/${BUILD:-build}/mkimage}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	mkdir out profiles
	touch out/worker001.img lab.conf profiles/{worker,cluster}.conf profiles/bases.conf
	"$MKIMAGE" completion bash >completion.bash
	"$MKIMAGE" completion zsh >_mkimage
}

# What bash offers for the last of these words.
offers() {
	bash_offers mkimage "$MKIMAGE" "$@"
}

zsh_is_asked() {
	zsh_asks mkimage "$@"
}

@test "bash offers the commands, and those that begin so" {
	"$MKIMAGE" --help | sed -n '/^other commands/,/^$/s/^  \([a-z]*\) .*/\1/p' >commands
	[ "$(wc -l <commands)" -ge 7 ]
	while read -r command; do offers '' | grep -qx "$command"; done <commands
	[ "$(offers ver)" = verify ]
}

@test "bash offers each option of each command, as --help has them" {
	for command in build plan verify inspect cat devices write clone base keys completion; do
		"$MKIMAGE" $command --help | options_of >help
		[ "$(wc -l <help)" -ge 5 ]
		offers $command -- | sort | diff - help
	done
	[ "$(offers --out)" = --output ]
}

@test "bash offers the profiles that are found, and files" {
	offers plan --profile '' >found
	grep -qx worker found
	grep -qx lab.conf found
	run ! grep -q bases found
	[ "$(offers -p wor)" = worker ]
	[ "$(offers plan --profile = clu)" = cluster ]
}

@test "the name of a file is not executed, whatever it is" {
	# shellcheck disable=SC2016 # meant as it is
	evil='$(touch PWNED)'
	touch "profiles/$evil.conf"
	offers plan --profile '' >found
	grep -qx worker found
	run ! grep -qF touch found
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nprintf "%%s\\n" '\''%s'\'' worker\n' "$evil" >program
	chmod +x program
	MKIMAGE=./program offers plan --profile '' >found
	grep -qxF "$evil" found
	[ "$(MKIMAGE=./program offers plan --profile wor)" = worker ]
	[ ! -e PWNED ]
}

@test "bash offers files for images and directories for --cluster" {
	[ "$(offers inspect out/w)" = out/worker001.img ]
	[ "$(offers verify --profile worker out/w)" = out/worker001.img ]
	[ "$(offers build --cluster o)" = out ]
	[ -z "$(offers build --count '')" ]
	[ -z "$(offers keys '')" ]
	[ "$(offers completion z)" = zsh ]
}

@test "bash: the script is loaded by name and clean" {
	bash -n completion.bash
	[ "$(bash -c '. ./completion.bash; complete -p mkimage')" = 'complete -F _mkimage mkimage' ]
	! command -v shellcheck >/dev/null || shellcheck -s bash completion.bash
}

@test "zsh describes commands and options" {
	zsh_is_asked '' | grep -qF 'verify:Check in a finished image'
	zsh_is_asked plan - >spec
	grep -qF -- '--profile=[profile\: a name' spec
	grep -qF ':PROFILE:_mkimage_profiles' spec
	run ! grep -qF -- --output spec
	zsh_is_asked -o '' | grep -qF -- '--output=[directory for the images'
	zsh_is_asked inspect '' | grep -qE '^1:IMG.*:_files$'
	zsh_is_asked completion '' | grep -qxF '1:bash|zsh|profiles:(bash zsh profiles)'
}

@test "a shell that is not known is refused" {
	run "$MKIMAGE" completion fish
	[ "$status" = 2 ]
	[[ $output == *"'fish' is not known"* ]]
}
