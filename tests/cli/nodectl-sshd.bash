# SPDX-License-Identifier: GPL-3.0-or-later
# For bats, after nodectl.bash: the registry behind a real sshd on a port of its own.
# shellcheck shell=bash

setup_file() {
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd # what Debian's unit does
}

# The shipped configuration for this user and directory; sshd trusts no command below /tmp, so the keys
# that `nodectl keys` knows are in a file (write_keys).
shipped_config() {
	sed -e "s|^Port.*|Port $port\nListenAddress 127.0.0.1|" -e "s|^HostKey .*|HostKey $PWD/host|" -e '/^HostCertificate/d' \
		-e "s|^AllowUsers.*|AllowUsers $(id -un)|" -e "s|^TrustedUserCAKeys.*|TrustedUserCAKeys $PWD/enrol-ca.pub|" \
		-e "s|^AuthorizedKeysFile.*|AuthorizedKeysFile $PWD/authorized|" -e '/^AuthorizedKeysCommand/d' \
		-e "s|^AuthorizedPrincipalsCommand /usr/bin/nodectl principals|AuthorizedPrincipalsCommand /usr/bin/env $NODECTL principals --registry $PWD/registry|" \
		-e "s|^AuthorizedPrincipalsCommandUser.*|AuthorizedPrincipalsCommandUser $(id -un)|" \
		-e 's/^LoginGraceTime.*/LoginGraceTime 120/' \
		-e "s|^ForceCommand.*|ForceCommand $NODECTL register --registry $PWD/registry|" \
		"$ROOT/overlays/nodectl/root/etc/cardstock/sshd_config"
	# HOME: what a person's .bashrc does is not for a test.
	printf 'StrictModes no\nPermitRootLogin prohibit-password\nSetEnv HOME=%s\n' "$PWD"
}

# A port that nobody listens on.
free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

start_sshd() {
	make_keys host
	port=$(free_port)
	: >authorized
	shipped_config >config
	"$(command -v sshd || echo /usr/sbin/sshd)" -D -f "$PWD/config" -E "$PWD/log" & # it goes to / soon
	sshd=$!
	for _ in {1..100}; do grep -q 'Server listening' log 2>/dev/null && break; sleep 0.1; done
	echo "[127.0.0.1]:$port $(public host)" >known_hosts
}
