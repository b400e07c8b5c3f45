/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_CUSTOM_STACKS_H
#define TESTS_CUSTOM_STACKS_H

/* Network stacks for the fixture's image, with the files that real images have. */

#include "fixture.h"

#define WANTS "/etc/systemd/system/multi-user.target.wants/"
#define UNITS "/usr/lib/systemd/system/"

/* The fixture's own systemd-networkd no longer starts. */
static inline void stack_none(struct fixture *f)
{
	autofree char *wants = fixture_host(f, WANTS "systemd-networkd.service");
	assert_int_equal(unlink(wants), 0);
}

static inline void stack_unit(struct fixture *f, const char *unit, const char *text)
{
	autofree char *file = xasprintf("root" UNITS "%s", unit);
	fixture_put(f, file, text);
}

static inline void stack_service(struct fixture *f, const char *unit)
{
	autofree char *link = xasprintf("root" WANTS "%s", unit);
	autofree char *target = xasprintf(UNITS "%s", unit);
	stack_unit(f, unit, "[Service]\n");
	fixture_symlink(f, link, target);
}

static inline void stack_nm(struct fixture *f)
{
	stack_none(f);
	stack_service(f, "NetworkManager.service");
	stack_unit(f, "NetworkManager-wait-online.service",
		   "[Service]\nExecStart=/usr/bin/nm-online -s -q\n");
}

static inline void stack_netplan(struct fixture *f)
{
	fixture_put(f, "root/usr/lib/systemd/system-generators/netplan", "ELF\n");
	fixture_put(f, "root/etc/netplan/01-stock.yaml", "network:\n  version: 2\n");
}

static inline void stack_dhcpcd(struct fixture *f)
{
	stack_none(f);
	stack_service(f, "dhcpcd.service");
	stack_service(f, "networking.service");
	fixture_put(f, "root/etc/network/interfaces", "source-directory interfaces.d\n");
	fixture_put(f, "root/etc/dhcpcd.conf", "hostname\n#interface eth0\nslaac private");
}

static inline void stack_ifupdown(struct fixture *f)
{
	stack_none(f);
	stack_service(f, "networking.service");
	fixture_put(f, "root/etc/network/interfaces",
		    "# stock\nsource /etc/network/interfaces.d/*\nauto lo eth0\n"
		    "iface lo inet loopback\niface eth0 inet dhcp\n\tmetric 5\n# end\n");
	fixture_put(f, "root/etc/network/interfaces.d/eth0",
		    "allow-hotplug eth0\niface eth0 inet6 auto\n");
}

/* What the wifi needs in any stack. */
static inline void stack_wpa(struct fixture *f)
{
	fixture_put(f, "root/usr/sbin/wpa_supplicant", "ELF\n");
	stack_unit(f, "wpa_supplicant@.service", "[Service]\n");
}

#endif
