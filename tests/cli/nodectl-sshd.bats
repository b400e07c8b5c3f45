#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Boards register through a real sshd with the configuration that is shipped, but for its port, user, paths and
# patience: a machine that runs all tests at once is slow.
load nodectl
load nodectl-sshd

teardown() {
	[ -z "${sshd:-}" ] || kill "$sshd"
	keep_work
}

write_keys() {
	local key
	for key; do
		# shellcheck disable=SC2046 # two words
		ctl keys $(public "$key")
	done >authorized
}

# over_ssh KEY [SSH-ARGUMENT…]
over_ssh() {
	timeout 300 ssh -F none -p "$port" -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes \
		-o UserKnownHostsFile=known_hosts -i "$1" "${@:2}" "$(id -un)@127.0.0.1"
}

@test "sshd heeds all of the shipped configuration, and offers no key exchange that keeps it busy" {
	make_keys host
	sed -e "s|^HostKey .*|HostKey $PWD/host|" -e '/^HostCertificate/d' "$ROOT/overlays/nodectl/root/etc/cardstock/sshd_config" >config
	"$(command -v sshd || echo /usr/sbin/sshd)" -T -f config >settings
	grep -qx 'authorizedkeyscommand /usr/bin/nodectl keys %t %k' settings
	grep -qx 'authorizedprincipalscommand /usr/bin/nodectl principals %i %s' settings # 9.2 forgets it after the other
	grep -q '^kexalgorithms .*ecdh-sha2-nistp256' settings
	absent sntrup761 settings
	absent '^kexalgorithms .*[ ,]curve25519' settings
}

@test "the shipped configuration is one that sshd reads" {
	make_keys host
	port=22
	shipped_config >config
	"$(command -v sshd || echo /usr/sbin/sshd)" -t -f config
	# What we had to replace is all that differs.
	[ "$(diff config "$ROOT/overlays/nodectl/root/etc/cardstock/sshd_config" | grep -c '^>')" = 12 ]
}

@test "a board registers with its card, and from then on with its own key" {
	start_sshd
	make_card card "node worker001" 1
	make_keys own stranger
	request 1 1 "$(announce own)" | over_ssh card | assert_result accepted
	write_keys own stranger
	request 2 1 | over_ssh own | assert_result accepted
	[ "$(state_of worker001)" = ready ]
	assert_fails 255 "Permission denied" over_ssh stranger
}

@test "sshd lets no card in that was decommissioned" {
	start_sshd
	make_card card "node worker001" 1
	request 1 1 | over_ssh card | assert_result accepted
	ctl decommission worker001 >/dev/null
	request 2 1 >line
	assert_fails 255 "Permission denied" over_ssh card <line
	grep -q 'does not contain an authorized principal' log
	make_card new "node worker001" 2
	request 3 2 | over_ssh new | assert_result accepted
}

@test "whatever a board asks sshd for, it gets nodectl register" {
	start_sshd
	make_card card "node worker001" 1
	request 1 1 >line
	ssh -F none -p "$port" -o BatchMode=yes -o IdentitiesOnly=yes -o UserKnownHostsFile=known_hosts -i card "$(id -un)@127.0.0.1" \
		'touch owned; sh' <line | assert_result accepted
	[ ! -e owned ]
	over_ssh card -tt <line >said 2>&1 || true
	grep -q 'PTY allocation request failed' said
	echo 'put line' | timeout 300 sftp -q -F none -P "$port" -o BatchMode=yes -o UserKnownHostsFile=known_hosts -i card "$(id -un)@127.0.0.1" >said 2>&1 || true
	absent 'sftp>' said
	assert_fails 255 "administratively prohibited" over_ssh card -W 127.0.0.1:"$port"
	over_ssh card -R 0:127.0.0.1:1 -o ExitOnForwardFailure=yes -N >said 2>&1 || true
	grep -q 'forwarding failed' said
}

@test "a master with another key is not spoken to" {
	start_sshd
	make_keys other
	make_card card "node worker001" 1
	echo "[127.0.0.1]:$port $(public other)" >known_hosts
	request 1 1 >line
	assert_fails 255 "Host key verification failed" over_ssh card <line
	[ "$(state_of worker001)" = planned ]
}

@test "the units are sound" {
	mkdir -p unit-root/usr/bin unit-root/usr/sbin
	cp -R "$ROOT/overlays/nodectl/root/." unit-root
	cp /usr/lib/systemd/system/*.target unit-root/usr/lib/systemd/system/
	for program in bin/nodectl sbin/sshd; do
		printf '#!/bin/sh\n' >"unit-root/usr/$program"
		chmod 755 "unit-root/usr/$program"
	done
	run systemd-analyze verify --root="$PWD/unit-root" cardstock-{import,register,render,probe}.service \
		cardstock-{render.path,probe.timer}
	[ "$status" = 0 ] && [ -z "$output" ] || { echo "$output" >&2; return 1; }
}
