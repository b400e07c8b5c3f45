#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The registry is of the user that boards log in as, and root decides: what root makes there, that user writes.
# shellcheck disable=SC2016 # the inner shell expands them
load nodectl
load nodectl-sshd

@test "what root decides is announced in a file that register may write" {
	boot worker001 1
	rm -f registry/changed
	fakeroot -- sh -euc '
		chown -R 1234:1234 registry
		"$1" quarantine worker001 --registry registry
		stat -c %u:%g registry/changed >owner' sh "$NODECTL"
	[ "$(cat owner)" = 1234:1234 ]
}

@test "a registry that root makes anew is the user's, and all of it" {
	fakeroot -- sh -euc '
		mkdir new
		chown 1234:1234 new
		"$1" import plan --registry new
		stat -c "%n %u:%g" new/* >owners' sh "$NODECTL"
	grep -qx 'new/registry.db 1234:1234' owners
	[ "$(grep -vc ' 1234:1234$' owners)" = 0 ]
}

# The shipped configuration with other paths and another port, and its own users: sshd trusts no command below /tmp.
config_of_two_users() {
	sed -e "s|^Port.*|Port $port\nListenAddress 127.0.0.1|" -e "s|^HostKey .*|HostKey $PWD/host|" -e '/^HostCertificate/d' \
		-e "s|^TrustedUserCAKeys.*|TrustedUserCAKeys $PWD/enrol-ca.pub|" -e 's/^LoginGraceTime.*/LoginGraceTime 120/' \
		-e 's|/usr/bin/\(nodectl.*\)|/mnt/\1 --registry /mnt/registry|' \
		"$ROOT/overlays/nodectl/root/etc/cardstock/sshd_config"
}

@test "the shipped configuration with its two users: sshd asks for keys, root decides, boards register" {
	[ "$(id -u)" = 0 ] || skip 'needs root: sshd has a user of its own for the keys'
	port=$(free_port)
	make_keys host own
	make_card card "node worker001" 1
	config_of_two_users >config
	[ "$(grep -c ' /mnt/nodectl .*--registry /mnt/registry$' config)" = 3 ]
	request 1 1 "$(announce own)" >first
	request 2 1 >second
	request 3 1 >third
	request 4 1 "$(announce own)" >fourth
	echo "[127.0.0.1]:$port $(public host)" >known_hosts
	{ cat /etc/passwd; echo 'cardstock:x:987:987::/:/bin/sh'; } >passwd
	{ cat /etc/group; echo 'cardstock:x:987:'; } >group
	{ cat /etc/shadow; echo 'cardstock:*:1::::::'; } >shadow
	chmod 644 passwd group
	export port
	unshare --mount --propagation private bash -euc '
		for file in passwd group shadow; do mount --bind $file /etc/$file; done
		mount -t tmpfs -o mode=755 tmpfs /mnt
		cp "$1" /mnt/nodectl
		as_root() { /mnt/nodectl "$@" --registry /mnt/registry; }
		visit() {
			timeout 300 ssh -F none -p "$port" -o BatchMode=yes -o IdentitiesOnly=yes -o UserKnownHostsFile=known_hosts \
				-o StrictHostKeyChecking=yes -i "$1" cardstock@127.0.0.1 <"$2" >>told
		}
		as_root import plan
		"$(command -v sshd || echo /usr/sbin/sshd)" -D -f "$PWD/config" -E "$PWD/log" 3>&- &
		sshd=$!
		trap "kill $sshd" EXIT
		for _ in {1..100}; do grep -q "Server listening" log 2>/dev/null && break; sleep 0.1; done
		visit card first
		visit own second
		rm -f /mnt/registry/changed
		as_root quarantine worker001
		as_root approve worker001
		visit own third
		rm -rf /mnt/registry
		as_root import plan
		visit card fourth
		stat -c %U /mnt/registry /mnt/registry/* | sort -u >owners
	' bash "$NODECTL" || { cat log >&2; return 1; }
	[ "$(grep -c '"result":"accepted","name":"worker001"' told)" = 4 ] || { cat told log >&2; return 1; }
	[ "$(cat owners)" = cardstock ]
}
