#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Each key of the profile with a value that is wrong: file, line, and what is allowed.
load helper

# KEY | a wrong value of it | what the message says.  "user.uid" is the key uid of a section user.
wrong_values() {
	cat <<-'END'
		role                | "Worker!"                | use 1 to 32 of a-z, 0-9 and '-'
		base                | ""                       | give a name, a path or a URL
		base                | "no-such-base"           | known names: debian-
		base-sha256         | "cafe"                   | 64 hex digits
		cluster             | "my_lab"                 | a-z, 0-9 and '-'
		members             | {""}                     | give the name of a profile
		members             | {"./nobody.conf"}        | nobody.conf
		planned             | 0                        | from 1 to 9999
		planned             | 245                      | lower 'planned' or 'first-address'
		hostname            | "Worker_%03d"            | a-z, 0-9 and '-'
		hostname            | "%s"                     | %d
		hostname            | "worker"                 | put %d in it
		hostname            | "localhost"              | such as 'master'
		address             | "10.0.0.%d"              | 10.0.0.%d/24
		address             | "10.0.0.300/24"          | 10.0.0.%d/24
		address             | "10.0.0.9/24"            | put %d in it
		address             | "127.0.0.%d/24"          | none has an address in
		first-address       | 256                      | from 0 to 255
		image-size          | "8000T"                  | at most 2T
		root-partition      | 0                        | from 1 to 128
		root-partition      | 7                        | has no partition 7; it has 2
		overlays            | {".."}                   | a name such as 'common', or a path
		overlays            | {"nowhere"}              | looked for the directory
		cloud-init          | maybe                    | off|keep
		firstboot           | maybe                    | neither true nor false
		user.rename-to      | "Ops"                    | a-z
		user.rename-to      | "mpi"                    | leave rename-to out
		user.uid            | 70000                    | from 1 to 59999
		user.uid            | 1                        | use another uid
		user.gid            | x                        | from 1 to 59999
		user.groups         | {"no-such-group"}        | it has adm, daemon
		user.groups         | {"Video"}                | a-z
		user.shell          | "bash"                   | absolute
		user.shell          | "/bin/fish"              | is not a program of the image
		user.home           | "/etc"                   | /home/me
		user.home           | "mpi"                    | begin with '/'
		user.comment        | "a:b"                    | no ':'
		user.password       | "sesame"                 | write ask
		user.password-file  | "nowhere"                | nowhere: cannot open
		user.password-hash  | "sesame"                 | mkpasswd
		user.password-hash-file | "nowhere"            | nowhere
		user.sudo           | sometimes                | none|nopasswd|password
		user.skeleton       | {"nowhere"}              | make that directory
		user.bin            | maybe                    | neither true nor false
		user.operator       | maybe                    | neither true nor false
		user.operator       | true                     | is the operator already
		user.authorized-keys | {"nowhere.pub"}         | nowhere.pub
		user.authorized-keys | {"gl:me"}               | use 'gh:NAME', 'lp:NAME' or a file
		user.authorized-keys | {"gh:-me"}              | write 'gh:NAME'
		user.admin-key      | maybe                    | neither true nor false
		user.cluster-ssh    | maybe                    | false|true|all-to-all
		lock-root           | maybe                    | neither true nor false
		cluster-ssh-from    | {"boss"}                 | there is: worker
		ssh-passwords       | maybe                    | neither true nor false
		ssh-root            | password                 | key|no
		target              | "ssh.service"            | such as 'multi-user.target'
		target              | "no-such.target"         | /usr/lib/systemd/system in it offers
		target              | "poweroff.target"        | the board would go off at boot
		enable-units        | {"ssh"}                  | .service
		enable-units        | {"shh.service"}          | did you mean 'ssh.service'
		disable-units       | {"no-such.timer"}        | bring the unit by an overlay
		mask-units          | {"a b.service"}          | .service
		timezone            | "../etc"                 | such as 'Europe/Berlin'
		locale              | "de DE"                  | such as 'C.UTF-8'
		keymap              | "De"                     | such as 'de'
		ntp.from            | "a_b"                    | a role, the hostname of a node
		ntp.from            | "boss"                   | given by its address
		ntp.from            | "worker"                 | such as 'worker001'
		ntp.servers         | {"a b"}                  | use a name or an address
		cmdline             | {"two words"}            | word
		cmdline             | {"root=/dev/sda2"}       | say by root-partition
		config              | {"arm_boost"}            | arm_boost=1
		armbian-env         | {"verbosity"}            | such as 'verbosity=1'
		wifi.ssid           | ""                       | 1 to 32 bytes
		wifi.ssid           | "123456789012345678901234567890123" | 1 to 32 bytes
		wifi.ssid           | "hex:0"                  | 2 to 64 hex digits
		wifi.psk            | "7 bytes"                | a passphrase has 8 to 63
		wifi.psk            | "grüße aus kiel"         | 64 hex digits
		wifi.psk-file       | "nowhere"                | take one of them out
		wifi.security       | wep                      | wpa2|wpa3|wpa2+wpa3|open
		wifi.security       | open                     | set security to wpa2
		wifi.hidden         | maybe                    | neither true nor false
		wifi.country        | "germany"                | two capital letters
		wifi.country        | "XX"                     | as 'DE' or 'GB'
		wifi.interface      | "wlan*"                  | such as 'wlan0'
		wifi.interface      | "eth0"                   | is the wired network's
		wifi.metric         | 1000                     | from 1 to 999
		wifi.off            | maybe                    | neither true nor false
		wired.interface     | "eth0;reboot"            | such as 'eth0'
		wired.interface     | "enx0011223344556"       | at most 15 letters
		wired.gateway       | "10.0.0.256"             | use an IPv4 address, or false, or dhcp
		wired.gateway       | "10.0.1.1"               | must be reachable directly
		wired.gateway       | "10.0.0.12"              | set gateway = false
		wired.gateway       | dhcp                     | needs dhcp = true
		wired.dhcp          | maybe                    | neither true nor false
		wired.dhcp          | true                     | take one of them out
		wired.dns           | {"dns.lab"}              | IPv4
		share.from          | "a_b"                    | a role, the hostname of a node
		share.from          | "worker"                 | such as 'worker001'
		share.at            | "/usr"                   | /srv/cluster
		share.read-only     | maybe                    | neither true nor false
		share.owner         | "nobody-here"            | use one that is, or a number
		share.group         | "nobody-here"            | use one that is, or a number
		share.mode          | "rwx"                    | such as 0755
		share.options       | {"rw"}                   | use the key read-only
		share.options       | {"a b"}                  | such as 'soft'
		fresh-ids           | maybe                    | auto|true|false
		packages            | {"Open MPI"}             | no version
		nodectl.join        | "Worker!"                | is no role: use 1 to 32 of a-z, 0-9 and '-'
		nodectl.munge       | maybe                    | neither true nor false
		nodectl.slurm       | maybe                    | neither true nor false
		nodectl.hardware    | {"worker 4"}             | 'ROLE CPUS MIB'
		nodectl.pin         | {"worker001"}            | 'MAC NAME'
	END
}

# One line of a profile that says KEY = VALUE, in its section with what that needs.
line_of() {
	local name=${1#*.} value=$2
	case $1 in
	user.*) echo "user \"mpi\" { $name = $value }" ;;
	share.*) echo "share \"/srv/cluster\" { from = worker001 $name = $value }" ;;
	wifi.*) echo "wifi { ssid = \"lab\" psk = \"correct horse\" $name = $value }" ;;
	*.*) echo "${1%%.*} { $name = $value }" ;;
	*) echo "$name = $value" ;;
	esac
}

@test "every key has a wrong value here" {
	mk keys --json | python3 -c 'import json, sys
for key in map(json.loads, sys.stdin):
    if key["type"] != "section":
        print(".".join(filter(None, (key["section"], key["key"]))))' | sort >keys
	[ "$(wc -l <keys)" -ge 60 ]
	wrong_values | sed 's/ *|.*//' | sort -u | diff keys -
}

@test "each wrong value is refused with file, line and what is allowed" {
	local key value said line failed=0
	export CARDSTOCK_PROFILES=$ROOT/profiles # known bases, wherever the program lies
	line=$(($(wc -l <worker.conf) + 1))
	while IFS='|' read -r key value said; do
		key=${key%% *} value=$(xargs -0 <<<"$value") said=${said# }
		{ cat worker.conf && line_of "$key" "$value"; } >wrong.conf
		sed -i 's,"./worker.conf","./wrong.conf",' wrong.conf
		run mk plan --profile ./wrong.conf
		[[ $status = 3 && $output == *"wrong.conf:$line: "* && $output == *"$said"* ]] ||
			{ echo "$key = $value: exit code $status: $output" >&2; failed=1; }
	done < <(wrong_values | sed 's/ *| */|/; s/ *| \([^|]*\(|[^ ].*\)\?\)$/| \1/')
	[ "$failed" = 0 ]
	[ ! -e cluster ]
}
