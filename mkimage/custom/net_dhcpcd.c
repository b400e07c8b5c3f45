/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dhcpcd: dhcpcd.conf(5), as Raspberry Pi OS had it before bookworm. */
#include "mem.h"
#include "net.h"
#include "place_files.h"

#define CONFIG "/etc/dhcpcd.conf"

static int detect(struct plan_ctx *ctx, struct err *e)
{
	return net_starts(ctx, "dhcpcd.service", "dhcpcd", e);
}

/*
 * nogateway is for routes of IPv6, too.  Not noipv6rs: dhcpcd would leave advertisements to the
 * kernel, which does take default routes from them.
 */
static void add_interface(const struct net_wired *w, const char *name, struct str *out)
{
	str_printf(out, "interface %s\n", name);
	if (w->address)
		str_printf(out, "static ip_address=%s/%u\n", w->address, w->prefix);
	if (w->gateway)
		str_printf(out, "static routers=%s\n", w->gateway);
	if (w->dns->n) {
		str_puts(out, "static domain_name_servers=");
		net_join(out, w->dns, " ");
		str_puts(out, "\n");
	}
	if (w->gateway || w->dhcp_routes)
		str_printf(out, "metric %d\n", NET_WIRED_METRIC);
	else
		str_puts(out, "nogateway\n");
}

static int write_wired(struct plan_ctx *ctx, const struct net_wired *w, struct err *e)
{
	auto_str text = STR_INIT;
	strv_foreach (name, &w->names)
		add_interface(w, *name, &text);
	return net_block(ctx, CONFIG, "wired", str_text(&text), NET_WHY_WIRED, e);
}

/* dhcpcd starts wpa_supplicant by a hook, where the distribution left that in. */
static int has_hook(struct plan_ctx *ctx, struct err *e)
{
	static const char *const dirs[] = {"/usr/lib/dhcpcd", "/lib/dhcpcd", "/usr/libexec"};
	int found = 0;
	for (size_t i = 0; !found && i < sizeof(dirs) / sizeof(*dirs); i++) {
		autofree char *hook = path_join(dirs[i], "dhcpcd-hooks/10-wpa_supplicant");
		found = plan_exists(ctx, hook, e);
	}
	return found;
}

static int write_wifi(struct plan_ctx *ctx, const struct net_wifi *w, struct err *e)
{
	autofree char *text = xasprintf("interface %s\nmetric %u\n", w->interface, w->metric);
	int present = net_wpa_present(ctx, e);
	if (present <= 0)
		return present;
	int hook = has_hook(ctx, e);
	if (hook < 0 || net_wpa_write(ctx, w, e) < 0 || (!hook && net_wpa_enable(ctx, w, e) < 0))
		return -1;
	return net_block(ctx, CONFIG, "wifi", text, NET_WHY_WIFI, e) < 0 ? -1 : 1;
}

const struct net_stack net_dhcpcd = {
	.name = PLACE_DHCPCD,
	.names_only = true,
	.detect = detect,
	.write_wired = write_wired,
	.write_wifi = write_wifi,
};
