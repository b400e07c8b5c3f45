/* SPDX-License-Identifier: GPL-3.0-or-later */
/* systemd-networkd: systemd.network(5). */
#include "mem.h"
#include "net.h"
#include "place_files.h"
#include "systemd.h"

static int detect(struct plan_ctx *ctx, struct err *e)
{
	return net_starts(ctx, "systemd-networkd.service", "systemd-networkd", e);
}

static int prepare(struct plan_ctx *ctx, const struct net_wired *w, struct err *e)
{
	if (!w->dns->n)
		return 0;
	int resolved = net_starts(ctx, "systemd-resolved.service", "systemd-resolved", e);
	if (resolved == 0)
		plan_note(ctx, "dns of the wired network has no effect: systemd-resolved does not "
			       "start in this image");
	return resolved < 0 ? -1 : 0;
}

static void add_route(const struct net_wired *w, struct str *out)
{
	if (w->gateway)
		str_printf(out, "\n[Route]\nGateway=%s\nMetric=%d\n", w->gateway, NET_WIRED_METRIC);
	if (!w->address && w->dhcp_routes)
		str_printf(out, "\n[DHCPv4]\nRouteMetric=%d\n", NET_WIRED_METRIC);
	if (!w->address && !w->dhcp_routes)
		str_puts(out, "\n[DHCPv4]\nUseRoutes=no\n");
}

/*
 * RequiredForOnline=no: a pulled cable must not hold up the boot.  IPv6AcceptRA=no: a router's
 * advertisement would be a default route, too.
 */
static void wired_file(const struct net_wired *w, struct str *out)
{
	str_puts(out, NET_HEADER "[Match]\nName=");
	net_join(out, &w->names, " ");
	str_printf(out,
		   "\n\n[Link]\nRequiredForOnline=no\n\n"
		   "[Network]\nDHCP=%s\nIPv6AcceptRA=no\nLinkLocalAddressing=ipv6\n",
		   w->address ? "no" : "ipv4");
	if (w->address)
		str_printf(out, "Address=%s/%u\n", w->address, w->prefix);
	strv_foreach (dns, w->dns)
		str_printf(out, "DNS=%s\n", *dns);
	add_route(w, out);
}

/* 0-: the first file that matches an interface is its own, and "00-all" is behind "0-". */
static int write_wired(struct plan_ctx *ctx, const struct net_wired *w, struct err *e)
{
	bool plain = w->names.n == 1 && net_is_name(w->names.v[0]);
	autofree char *path = xasprintf("/etc/systemd/network/0-cardstock-%s.network",
					plain ? w->names.v[0] : "wired");
	auto_str text = STR_INIT;
	wired_file(w, &text);
	return plan_write_text(ctx, path, str_text(&text), ATTR_ROOT(0644), NET_WHY_WIRED, e);
}

static int write_wifi(struct plan_ctx *ctx, const struct net_wifi *w, struct err *e)
{
	autofree char *path = xasprintf("/etc/systemd/network/0-cardstock-%s.network",
					w->interface);
	autofree char *text = xasprintf(NET_HEADER "[Match]\nName=%s\n\n[Network]\nDHCP=ipv4\n\n"
						   "[DHCPv4]\nRouteMetric=%u\n\n"
						   "[IPv6AcceptRA]\nRouteMetric=%u\n",
					w->interface, w->metric, w->metric);
	int present = net_wpa_present(ctx, e);
	if (present <= 0)
		return present;
	if (net_wpa_write(ctx, w, e) < 0 || net_wpa_enable(ctx, w, e) < 0)
		return -1;
	return plan_write_text(ctx, path, text, ATTR_ROOT(0644), NET_WHY_WIFI, e) < 0 ? -1 : 1;
}

const struct net_stack net_networkd = {
	.name = PLACE_NETWORKD,
	.detect = detect,
	.prepare = prepare,
	.write_wired = write_wired,
	.write_wifi = write_wifi,
};
