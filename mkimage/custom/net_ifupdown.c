/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ifupdown: interfaces(5).  Two stanzas of one interface are both applied, so the image's go. */
#include "edit_net.h"
#include "mem.h"
#include "net.h"
#include "place_files.h"
#include "systemd.h"
#include "text.h"

#define CONFIG "/etc/network/interfaces"
#define DIR "/etc/network/interfaces.d"
#define HOOK "/etc/dhcp/dhclient-enter-hooks.d/cardstock-wired"
#define WHY_OWN "only one file describes an interface"

static int detect(struct plan_ctx *ctx, struct err *e)
{
	int there = plan_exists(ctx, CONFIG, e);
	return there <= 0 ? there : net_starts(ctx, "networking.service", "networking", e);
}

static int drop_from(struct plan_ctx *ctx, const char *path, const struct strv *names,
		     struct err *e)
{
	auto_str old = STR_INIT, text = STR_INIT;
	if (text_read(ctx, path, &old, e) < 0)
		return -1;
	interfaces_drop(&text, str_text(&old), names);
	return plan_write(ctx, path, str_text(&text), text.len, ATTR_KEEP, WHY_OWN, e);
}

static int drop_stanzas(struct plan_ctx *ctx, const struct strv *names, struct err *e)
{
	auto_strv files = {0};
	if (drop_from(ctx, CONFIG, names, e) < 0 || plan_list(ctx, DIR, &files, e) < 0)
		return -1;
	strv_foreach (file, &files) {
		autofree char *path = path_join(DIR, *file);
		struct fs_stat st;
		if (plan_stat(ctx, path, &st, e) < 0)
			return -1;
		if (st.type == FILE_REGULAR && drop_from(ctx, path, names, e) < 0)
			return -1;
	}
	return 0;
}

/* dhclient-script(8) sources the hook before it sets routes. */
static int write_hook(struct plan_ctx *ctx, const struct net_wired *w, struct err *e)
{
	auto_str text = STR_INIT;
	str_puts(&text, NET_HEADER "case $interface in\n");
	net_join(&text, &w->names, " | ");
	str_puts(&text, ") unset new_routers new_rfc3442_classless_static_routes ;;\nesac\n");
	return plan_write_text(ctx, HOOK, str_text(&text), ATTR_ROOT(0644), NET_WHY_WIRED, e);
}

/* interfaces(5) cannot refuse a route from DHCP: whatever client ifup calls has to. */
static int refuse_routes(struct plan_ctx *ctx, const struct net_wired *w, struct err *e)
{
	int dhclient = net_has_program(ctx, "dhclient", e);
	if (dhclient)
		return dhclient < 0 ? -1 : write_hook(ctx, w, e);
	int dhcpcd = net_has_program(ctx, "dhcpcd", e);
	if (dhcpcd)
		return dhcpcd < 0 ? -1 : net_dhcpcd.write_wired(ctx, w, e);
	plan_note(ctx, "DHCP may make the wired network the default route: this image has neither "
		       "dhclient nor dhcpcd");
	return 0;
}

/* The wait is upstart's, for every interface that is `auto`. */
static int note_wait(struct plan_ctx *ctx, const char *how, struct err *e)
{
	int present = systemd_present(ctx, e);
	if (present == 0)
		plan_note(ctx, "this image has no systemd: its boot may wait for DHCP on the %s",
			  how);
	return present < 0 ? -1 : 0;
}

static int prepare(struct plan_ctx *ctx, const struct net_wired *w, struct err *e)
{
	if (drop_stanzas(ctx, &w->names, e) < 0)
		return -1;
	if (w->dns->n) {
		int resolvconf = net_has_program(ctx, "resolvconf", e);
		if (resolvconf < 0)
			return -1;
		if (!resolvconf)
			plan_note(ctx, "dns of the wired network has no effect: ifupdown needs "
				       "resolvconf for it, and this image has none");
	}
	return 0;
}

/*
 * allow-hotplug: udev starts it, and nothing waits.  Old systems without systemd have nobody who
 * does that for a card that is there from the start, so there it is auto.
 */
static void add_interface(const struct net_wired *w, const char *name, bool hotplug,
			  struct str *out)
{
	str_printf(out, "%s %s\niface %s inet %s\n", hotplug ? "allow-hotplug" : "auto", name, name,
		   w->address ? "static" : "dhcp");
	if (w->address)
		str_printf(out, "\taddress %s/%u\n", w->address, w->prefix);
	if (w->gateway)
		str_printf(out, "\tgateway %s\n", w->gateway);
	if (w->gateway || w->dhcp_routes)
		str_printf(out, "\tmetric %d\n", NET_WIRED_METRIC);
	if (w->dns->n) {
		str_puts(out, "\tdns-nameservers ");
		net_join(out, w->dns, " ");
		str_puts(out, "\n");
	}
	str_printf(out,
		   "\tpre-up f=/proc/sys/net/ipv6/conf/%s/accept_ra; [ ! -e $f ] || echo 0 >$f\n",
		   name);
}

static int write_wired(struct plan_ctx *ctx, const struct net_wired *w, struct err *e)
{
	auto_str text = STR_INIT;
	int hotplug = systemd_present(ctx, e);
	if (hotplug < 0)
		return -1;
	strv_foreach (name, &w->names)
		add_interface(w, *name, hotplug, &text);
	if (!w->address && !w->dhcp_routes && refuse_routes(ctx, w, e) < 0)
		return -1;
	if (!w->address && note_wait(ctx, "wired network", e) < 0)
		return -1;
	return net_block(ctx, CONFIG, "wired", str_text(&text), NET_WHY_WIRED, e);
}

static int write_stanza(struct plan_ctx *ctx, const struct net_wifi *w, bool hotplug, bool hook,
			struct err *e)
{
	auto_str text = STR_INIT;
	str_printf(&text, "%s %s\niface %s inet dhcp\n\tmetric %u\n",
		   hotplug ? "allow-hotplug" : "auto", w->interface, w->interface, w->metric);
	if (hook)
		str_printf(&text, "\twpa-conf " NET_WPA_DIR "/wpa_supplicant-%s.conf\n",
			   w->interface);
	return net_block(ctx, CONFIG, "wifi", str_text(&text), NET_WHY_WIFI, e);
}

/* Debian's wpasupplicant brings a hook for wpa-conf; elsewhere its unit starts it. */
static int write_wifi(struct plan_ctx *ctx, const struct net_wifi *w, struct err *e)
{
	auto_strv names = {0};
	int present = net_wpa_present(ctx, e);
	if (present <= 0)
		return present;
	strv_add(&names, w->interface);
	int hotplug = systemd_present(ctx, e);
	int hook = plan_exists(ctx, "/etc/network/if-pre-up.d/wpasupplicant", e);
	if (hotplug < 0 || hook < 0 || drop_stanzas(ctx, &names, e) < 0 ||
	    note_wait(ctx, "wifi", e) < 0 || net_wpa_write(ctx, w, e) < 0 ||
	    (!hook && net_wpa_enable(ctx, w, e) < 0))
		return -1;
	return write_stanza(ctx, w, hotplug, hook, e) < 0 ? -1 : 1;
}

const struct net_stack net_ifupdown = {
	.name = PLACE_IFUPDOWN,
	.names_only = true,
	.detect = detect,
	.prepare = prepare,
	.write_wired = write_wired,
	.write_wifi = write_wifi,
};
