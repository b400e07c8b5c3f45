/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NetworkManager: its keyfiles, nm-settings-keyfile(5). */
#include <string.h>

#include "mem.h"
#include "net.h"
#include "text.h"

#define DIR "/etc/NetworkManager/system-connections"
#define INTERFACES "/etc/network/interfaces"

static int detect(struct plan_ctx *ctx, struct err *e)
{
	return net_starts(ctx, "NetworkManager.service", "network-manager", e);
}

/* Debian's NetworkManager leaves alone what ifupdown is told of. */
static int prepare(struct plan_ctx *ctx, const struct net_wired *w, struct err *e)
{
	auto_str text = STR_INIT;
	auto_strv words = {0};
	if (text_read_optional(ctx, INTERFACES, &text, e) < 0)
		return -1;
	strv_split(&words, str_text(&text), " \t\n");
	for (size_t i = 0; i + 1 < words.n; i++) {
		if (strcmp(words.v[i], "iface") == 0 && strv_has(&w->names, words.v[i + 1]))
			plan_note(ctx, "NetworkManager leaves %s alone: " INTERFACES " has it",
				  words.v[i + 1]);
	}
	return 0;
}

/* One name is the profile's interface; several, or patterns, are a match. */
static void add_match(const struct net_wired *w, struct str *out)
{
	if (w->names.n == 1 && net_is_name(w->names.v[0])) {
		str_printf(out, "interface-name=%s\n", w->names.v[0]);
		return;
	}
	str_puts(out, "\n[match]\ninterface-name=");
	net_join(out, &w->names, ";");
	str_puts(out, ";\n");
}

static void add_ipv4(const struct net_wired *w, struct str *out)
{
	str_printf(out, "\n[ipv4]\nmethod=%s\n", w->address ? "manual" : "auto");
	if (w->address)
		str_printf(out, "address1=%s/%u%s%s\n", w->address, w->prefix,
			   w->gateway ? "," : "", w->gateway ? w->gateway : "");
	if (w->gateway || w->dhcp_routes)
		str_printf(out, "route-metric=%d\n", NET_WIRED_METRIC);
	else
		str_puts(out, "never-default=true\n");
	if (!w->address && !w->dhcp_routes)
		str_puts(out, "ignore-auto-routes=true\n");
	if (w->dns->n) {
		str_puts(out, "dns=");
		net_join(out, w->dns, ";");
		str_puts(out, ";\n");
	}
}

/*
 * IPv6 link-local only: a router's advertisement would be a default route.  The priority is for
 * images that have a profile for the interface already.
 */
static int write_wired(struct plan_ctx *ctx, const struct net_wired *w, struct err *e)
{
	auto_str text = STR_INIT;
	str_puts(&text, NET_HEADER "[connection]\nid=cardstock-wired\ntype=ethernet\n"
				   "autoconnect-priority=100\n");
	add_match(w, &text);
	add_ipv4(w, &text);
	str_puts(&text, "\n[ipv6]\nmethod=link-local\nnever-default=true\n");
	return plan_write_text(ctx, DIR "/cardstock-wired.nmconnection", str_text(&text),
			       ATTR_ROOT(0600), NET_WHY_WIRED, e);
}

const struct net_stack net_nm = {
	.name = "NetworkManager",
	.detect = detect,
	.prepare = prepare,
	.write_wired = write_wired,
};
