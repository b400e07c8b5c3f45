# SPDX-License-Identifier: GPL-3.0-or-later
# For bats: a registry, cards with real keys and certificates, and boards that ask.
# shellcheck shell=bash

bats_require_minimum_version 1.5.0
load ../assert
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
NODECTL=$ROOT/${BUILD:-build}/nodectl

setup() {
	WORK=$BATS_TEST_TMPDIR/work
	mkdir -p "$WORK/root/etc/clustershell/groups.d" "$WORK/root/etc/exports.d" "$WORK/root/etc/slurm"
	cd "$WORK" || return 1
	make_keys host-ca enrol-ca
	cat >plan <<-END
		version = 1
		cluster = beowulf
		master = master
		host-ca = $(public host-ca)
		join = worker
		export = /srv/cluster rw
		slurm = yes
		hardware = worker 4 900
		node = master 1 master 10.0.0.1/24
		node = worker 1 worker001 10.0.0.11/24
		node = worker 2 worker002 10.0.0.12/24
		node = worker 3 worker003 10.0.0.13/24
	END
	ctl import plan
}

teardown() {
	keep_work
}

ctl() {
	"$NODECTL" "$@" --registry registry
}

# A key pair for each name.
make_keys() {
	local name
	for name; do ssh-keygen -q -t ed25519 -N '' -C '' -f "$name"; done
}

# "ssh-ed25519 BASE64" of a key.
public() {
	cut -d' ' -f1,2 "$1.pub"
}

# A card as mkimage makes it: make_card FILE "node NAME" SERIAL
make_card() {
	make_keys "$1"
	ssh-keygen -q -s enrol-ca -I "$2" -n "cardstock,$(id -un)" -z "$3" -V always:forever -O clear "$1.pub"
}

# What sshd says of who is there: by the certificate of a card, or by a plain key.
sshd_says() {
	local file=$1.pub
	[ ! -e "$1-cert.pub" ] || file=$1-cert.pub
	printf 'publickey %s\n' "$(cut -d' ' -f1,2 "$file")" >"$1.auth"
	export SSH_USER_AUTH=$PWD/$1.auth
}

# One request line: request ID SERIAL [JSON-MEMBERS]
request() {
	[ -e "board$2.pub" ] || make_keys "board$2"
	printf '{"version":1,"request_id":"%032x","board":{"model":"Raspberry Pi 4 Model B","serial":"100000000000000%x"},' "$1" "$2"
	printf '"cid":"%032x","nics":[{"name":"eth0","mac":"dc:a6:32:00:00:%02x"}],' "$2" "$2"
	printf '"host_key":"%s","cpus":4,"memory":900%s}\n' "$(public "board$2")" "${3-}"
}

# visit KEY ID SERIAL [JSON-MEMBERS]: what the board is told.
visit() {
	sshd_says "$1"
	request "$2" "$3" "${4-}" | ctl register
}

announce() {
	printf ',"second_key":"%s"' "$(public "$1")"
}

# A whole first boot: boot NAME SERIAL; its own key is NAME-own.
boot() {
	make_card "$1" "node $1" 1
	make_keys "$1-own"
	visit "$1" 1 "$2" "$(announce "$1-own")" | assert_result accepted
	visit "$1-own" 2 "$2" | assert_result accepted
}

# The reply on stdin has this result.
assert_result() {
	local reply
	reply=$(cat)
	[[ $reply == '{"version":1,"result":"'"$1"'"'* ]] || { echo "not $1: $reply" >&2; return 1; }
}

state_of() {
	ctl status --json "$1" | python3 -c 'import json,sys; print(json.load(sys.stdin)["state"])'
}
