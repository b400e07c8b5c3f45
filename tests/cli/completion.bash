# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: completion as the shells themselves see the scripts completion.bash and _PROGRAM, both in the
# working directory.
# shellcheck shell=bash

# bash_offers NAME PROGRAM WORD…: what bash offers for the last of the words, of the command NAME that is typed
# as PROGRAM.
bash_offers() {
	# shellcheck disable=SC2016 # for the inner shell
	HOME=$PWD bash -c '. ./completion.bash; name=$1 program=$2; shift 2
		COMP_WORDS=("$name" "$@") COMP_CWORD=$#; "_$name" "$program"; printf "%s\n" "${COMPREPLY[@]}"' - "$@"
}

# zsh_asks NAME WORD…: what _arguments and _describe are asked for the last of the words; compinit finds the script.
zsh_asks() {
	command -v zsh >/dev/null || skip "no zsh"
	# shellcheck disable=SC2016 # for the inner shell
	HOME=$PWD zsh -f -c 'fpath=($PWD $fpath); autoload -U compinit; compinit -u -D
		name=$1
		[[ $_comps[$name] == _$name ]] || exit 1
		_arguments() { print -rl -- "$@" }
		_describe() { print -rl -- "${(@P)2}" }
		words=("$@"); CURRENT=$#words; autoload -U +X _$name; _$name' - "$@"
}

# The long options of the --help that stdin has.
options_of() {
	sed -n 's/^  [-a-z, ]*\(--[a-z-]*\) .*/\1/p' | sort
}
