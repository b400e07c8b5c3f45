/* SPDX-License-Identifier: GPL-3.0-or-later */
/* wpa_supplicant: wpa_supplicant.conf(5). */
#include <ctype.h>
#include <nettle/pbkdf2.h>
#include <string.h>

#include "mem.h"
#include "net.h"
#include "systemd.h"

#define ROUNDS 4096
#define KEY_BYTES 32

char *net_wpa_key(const char *passphrase, const unsigned char *ssid, size_t ssid_len)
{
	uint8_t key[KEY_BYTES];
	auto_str out = STR_INIT;
	pbkdf2_hmac_sha1(strlen(passphrase), (const uint8_t *)passphrase, ROUNDS, ssid_len, ssid,
			 sizeof(key), key);
	for (size_t i = 0; i < sizeof(key); i++)
		str_printf(&out, "%02x", key[i]);
	return str_steal(&out);
}

int net_wpa_present(struct plan_ctx *ctx, struct err *e)
{
	int found = net_has_program(ctx, "wpa_supplicant", e);
	if (found == 0)
		plan_note(ctx, "the wifi is not set up: wpa_supplicant is not in this image");
	return found;
}

/*
 * In quotes nothing can be escaped, and a # behind a second quote begins a comment; hex digits
 * without quotes can say all.
 */
static void add_bytes(struct str *out, const char *name, const void *bytes, size_t len)
{
	const unsigned char *c = bytes;
	bool plain = true;
	for (size_t i = 0; i < len; i++)
		plain = plain && isprint(c[i]) && !strchr("\"\\#", c[i]);
	str_printf(out, plain ? "\t%s=\"" : "\t%s=", name);
	for (size_t i = 0; i < len; i++)
		str_printf(out, plain ? "%c" : "%02x", c[i]);
	str_puts(out, plain ? "\"\n" : "\n");
}

/* ieee80211w: protected management frames; WPA3 has them always. */
static void add_security(const struct net_wifi *w, struct str *out)
{
	static const char *const lines[] = {
		[WIFI_OPEN] = "\tkey_mgmt=NONE\n",
		[WIFI_WPA2] = "\tkey_mgmt=WPA-PSK\n\tproto=RSN\n",
		[WIFI_WPA3] = "\tkey_mgmt=SAE\n\tieee80211w=2\n",
		[WIFI_WPA2_WPA3] = "\tkey_mgmt=WPA-PSK SAE\n\tproto=RSN\n\tieee80211w=1\n",
	};
	str_puts(out, lines[w->security]);
	if (w->key)
		str_printf(out, "\tpsk=%s\n", w->key);
	if (w->passphrase)
		add_bytes(out, "sae_password", w->passphrase, strlen(w->passphrase));
}

int net_wpa_write(struct plan_ctx *ctx, const struct net_wifi *w, struct err *e)
{
	autofree char *path = xasprintf(NET_WPA_DIR "/wpa_supplicant-%s.conf", w->interface);
	auto_str text = STR_INIT;
	str_puts(&text, NET_HEADER "ctrl_interface=/run/wpa_supplicant\n");
	if (w->country)
		str_printf(&text, "country=%s\n", w->country);
	str_puts(&text, "network={\n");
	add_bytes(&text, "ssid", w->ssid, w->ssid_len);
	if (w->hidden)
		str_puts(&text, "\tscan_ssid=1\n");
	add_security(w, &text);
	str_puts(&text, "}\n");
	return plan_write_secret(ctx, path, str_text(&text), text.len, ATTR_ROOT(0600),
				 NET_WHY_WIFI, e);
}

/*
 * Wanted by the interface, not by multi-user.target as its [Install] says: it requires the
 * interface, and a board without one would wait a minute and a half for it at each boot.
 */
int net_wpa_enable(struct plan_ctx *ctx, const struct net_wifi *w, struct err *e)
{
	autofree char *unit = xasprintf("wpa_supplicant@%s.service", w->interface);
	autofree char *device = xasprintf("sys-subsystem-net-devices-%s.device", w->interface);
	autofree char *path = NULL;
	if (systemd_unit_path(ctx, unit, &path, e) < 0)
		return -1;
	if (!path) {
		plan_note(ctx,
			  "nothing starts wpa_supplicant for %s: this image has no unit for it",
			  w->interface);
		return 0;
	}
	return systemd_enable(ctx, unit, device, NET_WHY_WIFI, e);
}
