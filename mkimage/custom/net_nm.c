/* SPDX-License-Identifier: GPL-3.0-or-later */
/* NetworkManager: its keyfiles, nm-settings-keyfile(5). */
#include <ctype.h>
#include <string.h>

#include "mem.h"
#include "net.h"
#include "place_files.h"
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
	return net_netplan_note(ctx, &w->names,
				"NetworkManager has a profile of that file, and may take it", e);
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

/* Letters, digits and a few signs: what a keyfile takes as it is, and no list of numbers. */
static bool is_plain(const struct net_wifi *w)
{
	bool letter = false;
	for (size_t i = 0; i < w->ssid_len; i++) {
		if (!isalnum(w->ssid[i]) && !strchr("-_.", w->ssid[i]))
			return false;
		letter = letter || isalpha(w->ssid[i]);
	}
	return letter;
}

static void add_ssid(const struct net_wifi *w, struct str *out)
{
	str_puts(out, "ssid=");
	if (is_plain(w))
		str_add(out, w->ssid, w->ssid_len);
	for (size_t i = 0; !is_plain(w) && i < w->ssid_len; i++)
		str_printf(out, "%u;", w->ssid[i]);
	str_puts(out, "\n");
}

/* GKeyFile's escapes; a blank at either end would be lost. */
static void add_secret(const char *secret, struct str *out)
{
	str_puts(out, "psk=");
	for (const char *c = secret; *c; c++) {
		if (*c == ' ')
			str_puts(out, "\\s");
		else
			str_printf(out, "%s%c", *c == '\\' ? "\\" : "", *c);
	}
	str_puts(out, "\n");
}

/* wpa-psk with a passphrase is WPA3, too, where wpa_supplicant and the access point can. */
static void add_security(const struct net_wifi *w, struct str *out)
{
	if (w->security == WIFI_OPEN)
		return;
	str_printf(out, "\n[wifi-security]\nkey-mgmt=%s\n",
		   w->security == WIFI_WPA3 ? "sae" : "wpa-psk");
	add_secret(net_wifi_password(w), out);
}

static int write_wifi(struct plan_ctx *ctx, const struct net_wifi *w, struct err *e)
{
	auto_str text = STR_INIT;
	int present = net_wpa_present(ctx, e);
	if (present <= 0)
		return present;
	str_printf(&text,
		   NET_HEADER "[connection]\nid=cardstock-wifi\ntype=wifi\ninterface-name=%s\n"
			      "autoconnect-priority=100\n\n[wifi]\nmode=infrastructure\n",
		   w->interface);
	add_ssid(w, &text);
	if (w->hidden)
		str_puts(&text, "hidden=true\n");
	add_security(w, &text);
	str_printf(&text,
		   "\n[ipv4]\nmethod=auto\nroute-metric=%u\n"
		   "\n[ipv6]\nmethod=auto\nroute-metric=%u\n",
		   w->metric, w->metric);
	return plan_write_secret(ctx, DIR "/cardstock-wifi.nmconnection", str_text(&text), text.len,
				 ATTR_ROOT(0600), NET_WHY_WIFI, e) < 0
		       ? -1
		       : 1;
}

const struct net_stack net_nm = {
	.name = PLACE_NM,
	.detect = detect,
	.prepare = prepare,
	.write_wired = write_wired,
	.write_wifi = write_wifi,
};
