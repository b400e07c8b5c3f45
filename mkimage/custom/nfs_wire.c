/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Mounts come after the wired network.  _netdev puts them after network-online.target, which with a
 * wifi waits for the wifi alone, and no stack has a unit for one link that all others have, too. So
 * the mounts want a unit that waits until the kernel has a route over the interface.  It does not
 * fail: a server that can be reached another way is mounted all the same, ten seconds later.
 * A drop-in of the mount says so, not fstab: up to systemd 245, options there were the automount's.
 */
#include <string.h>

#include "mem.h"
#include "net.h"
#include "nfs.h"
#include "server.h"
#include "systemd.h"
#include "unit_text.h"

#define WHY "shares are mounted after the wired network"

/* Names and patterns of the key `interface` as an extended regular expression. */
static void add_expression(struct str *out, const char *interfaces)
{
	for (const char *p = interfaces; *p; p++) {
		switch (*p) {
		case ' ':
			str_puts(out, "|");
			break;
		case '.':
			str_puts(out, "[.]");
			break;
		case '?':
			str_puts(out, "[^[:space:]]");
			break;
		case '*':
			str_puts(out, "[^[:space:]]*");
			break;
		default:
			str_add(out, p, 1);
		}
	}
}

/* Is it served in the cluster's network, and this node's way there the wired one? */
static bool is_over_wire(const struct plan_ctx *ctx, const struct share *s)
{
	return s->server || server_is_near(ctx, s->host);
}

/* Without a limit of starts: each mount starts it anew. */
static int plan_unit(struct plan_ctx *ctx, const struct section *wired, struct err *e)
{
	auto_str text = STR_INIT;
	str_puts(&text, NET_HEADER "[Unit]\nDescription=Wait for the wired network\n"
				   "StartLimitIntervalSec=0\n\n[Service]\nType=oneshot\n"
				   "ExecStart=/bin/sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do "
				   "grep -Eq \"^(");
	add_expression(&text, section_str(wired, "interface"));
	str_puts(&text, ")[[:space:]]+[0-9A-F]{8}[[:space:]]\" /proc/net/route && break; "
			"sleep 1; done'\n");
	return plan_write_text(ctx, UNIT_ADMIN_DIR "/" NFS_WIRE_UNIT, str_text(&text),
			       ATTR_ROOT(0644), WHY, e);
}

static int plan_order(struct plan_ctx *ctx, const struct share *s, struct err *e)
{
	autofree char *unit = unit_of_path(s->at, ".mount");
	autofree char *path = xasprintf(UNIT_ADMIN_DIR "/%s.d/10-cardstock.conf", unit);
	return plan_write_text(
		ctx, path, NET_HEADER "[Unit]\nWants=" NFS_WIRE_UNIT "\nAfter=" NFS_WIRE_UNIT "\n",
		ATTR_ROOT(0644), WHY, e);
}

int nfs_plan_wire(struct plan_ctx *ctx, const struct share *shares, size_t n, struct err *e)
{
	const struct section *wired = profile_next(ctx->profile, "wired", NULL);
	bool any = false;
	int systemd = systemd_present(ctx, e);
	int comes = systemd > 0 ? net_wired_comes_up(ctx, e) : systemd;
	if (comes <= 0)
		return comes;
	for (size_t i = 0; i < n; i++) {
		if (!is_over_wire(ctx, &shares[i]))
			continue;
		if (plan_order(ctx, &shares[i], e) < 0)
			return -1;
		any = true;
	}
	return any ? plan_unit(ctx, wired, e) : 0;
}
