/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The new address without a reboot, where that takes no more than a word to the service: ifupdown
 * would have to end a DHCP client whose settings are gone.
 */
#include <string.h>

#include "bus.h"
#include "mem.h"
#include "place.h"
#include "place_files.h"
#include "rootfs.h"
#include "run.h"

#define FIB "/proc/net/fib_trie"
#define FIB_MAX (4u << 20)

static int restart(struct bus *b, const char *unit, struct err *e)
{
	enum unit_state state;
	if (bus_unit_state(b, unit, &state, e) < 0)
		return -1;
	if (state == UNIT_FAILED && bus_reset_failed_unit(b, unit, e) < 0)
		return -1;
	return bus_restart_unit(b, unit, e) < 0 ? -1 : 1;
}

static int use_networkd(struct bus *b, struct err *e)
{
	return restart(b, "systemd-networkd.service", e);
}

/* Its generator runs with the reload. */
static int use_netplan(struct bus *b, struct err *e)
{
	return bus_reload(b, e) < 0 ? -1 : use_networkd(b, e);
}

static int use_dhcpcd(struct bus *b, struct err *e)
{
	return restart(b, "dhcpcd.service", e);
}

/* A restart would leave what is up as it is. */
static int use_nm(struct bus *b, struct err *e)
{
	(void)b;
	if (run_argv(e, "nmcli", "connection", "reload", NULL) < 0)
		return -1;
	return run_argv(e, "nmcli", "--wait", "30", "connection", "up", "cardstock-wired", NULL) < 0
		       ? -1
		       : 1;
}

static int use_next_boot(struct bus *b, struct err *e)
{
	(void)b, (void)e;
	return 0;
}

static const struct {
	const char *name;
	int (*use)(struct bus *b, struct err *e);
} networks[] = {
	{PLACE_NETPLAN, use_netplan},	 {PLACE_NM, use_nm},
	{PLACE_DHCPCD, use_dhcpcd},	 {PLACE_NETWORKD, use_networkd},
	{PLACE_IFUPDOWN, use_next_boot},
};
#define N_NETWORKS (sizeof(networks) / sizeof(*networks))

int place_net_check(const char *value, struct err *e)
{
	for (size_t i = 0; i < N_NETWORKS; i++) {
		if (strcmp(networks[i].name, value) == 0)
			return 0;
	}
	return err_set(e, ERR_PROFILE, "'%s' is nothing that firstboot knows", value);
}

/* "|-- 10.0.0.13" with "/32 host LOCAL" in the line behind it; sandboxes have no netlink. */
static int is_ours(const struct ctx *ctx, const char *ip, struct err *e)
{
	auto_str text = STR_INIT;
	autofree char *leaf = xasprintf("|-- %s\n", ip);
	if (root_read(ctx, FIB, FIB_MAX, &text, e) < 0)
		return -1;
	for (const char *at = str_text(&text); (at = strstr(at, leaf));) {
		at += strlen(leaf);
		at += strspn(at, " ");
		if (str_starts(at, "/32 host LOCAL"))
			return 1;
	}
	return 0;
}

int place_net_use(const struct ctx *ctx, const char *network, const char *address, struct err *e)
{
	autofree char *ip = xstrndup(address, strcspn(address, "/"));
	int ours = is_ours(ctx, ip, e);
	if (ours)
		return ours;
	for (size_t i = 0; ctx->bus && !*ctx->root && i < N_NETWORKS; i++) {
		if (strcmp(networks[i].name, network) == 0)
			return networks[i].use(ctx->bus, e);
	}
	return 0;
}
