/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Mounts come after the wired network.  _netdev puts them after network-online.target, which with a
 * wifi waits for the wifi alone, and no stack has a unit for one link that all others have, too. So
 * the mounts require a unit that waits until the kernel has a route over the interface.  It never
 * fails: a server that can be reached another way is mounted all the same, ten seconds later.
 */
#include <string.h>

#include "mem.h"
#include "nfs.h"
#include "server.h"
#include "systemd.h"

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

bool nfs_is_over_wire(const struct plan_ctx *ctx, const struct share *s)
{
	return profile_next(ctx->profile, "wired", NULL) &&
	       (s->server || server_is_near(ctx, s->host));
}

static bool any_is_over_wire(const struct plan_ctx *ctx, const struct share *shares, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (nfs_is_over_wire(ctx, &shares[i]))
			return true;
	}
	return false;
}

int nfs_plan_wire(struct plan_ctx *ctx, const struct share *shares, size_t n, struct err *e)
{
	const struct section *wired = profile_next(ctx->profile, "wired", NULL);
	auto_str text = STR_INIT;
	int systemd = systemd_present(ctx, e);
	if (systemd <= 0 || !any_is_over_wire(ctx, shares, n))
		return systemd < 0 ? -1 : 0;
	str_puts(&text, "# Made by cardstock.\n[Unit]\nDescription=Wait for the wired network\n\n"
			"[Service]\nType=oneshot\n"
			"ExecStart=/bin/sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do "
			"grep -Eq \"^(");
	add_expression(&text, section_str(wired, "interface"));
	str_puts(&text, ")[[:space:]]\" /proc/net/route && break; sleep 1; done'\n");
	return plan_write_text(ctx, "/etc/systemd/system/" NFS_WIRE_UNIT, str_text(&text),
			       ATTR_ROOT(0644), "shares are mounted after the wired network", e);
}
