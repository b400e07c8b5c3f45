/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netplan: YAML files that a generator turns into those of networkd or NetworkManager at boot. */
#include <fnmatch.h>
#include <string.h>

#include "edit_net.h"
#include "mem.h"
#include "net.h"
#include "place_files.h"
#include "text.h"
#include "utf8.h"

#define DIR "/etc/netplan"

static int has_generator(struct plan_ctx *ctx, struct err *e)
{
	int found = plan_exists(ctx, "/usr/lib/systemd/system-generators/netplan", e);
	return found ? found : plan_exists(ctx, "/lib/systemd/system-generators/netplan", e);
}

/* The image's own files in the order in which they count; not those of this program. */
static int list_files(struct plan_ctx *ctx, struct strv *ret, struct err *e)
{
	static const char *const dirs[] = {"/usr/lib/netplan", DIR};
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		auto_strv names = {0};
		if (plan_list(ctx, dirs[i], &names, e) < 0)
			return -1;
		strv_foreach (name, &names) {
			if (str_ends(*name, ".yaml") && !strstr(*name, "cardstock"))
				strv_add_owned(ret, path_join(dirs[i], *name));
		}
	}
	return 0;
}

/* What netplan hands the interfaces to: as the last file says it, or NULL; owned. */
static int find_renderer(struct plan_ctx *ctx, const struct strv *files, char **ret, struct err *e)
{
	autofree char *last = NULL;
	strv_foreach (file, files) {
		auto_str text = STR_INIT;
		if (text_read(ctx, *file, &text, e) < 0)
			return -1;
		autofree char *renderer = netplan_renderer(str_text(&text));
		if (renderer) {
			free(last);
			last = steal(&renderer);
		}
	}
	*ret = steal(&last);
	return 0;
}

/*
 * Where netplan hands all to NetworkManager (desktops, Raspberry Pi OS trixie), a profile of
 * NetworkManager's own says more than netplan can: that image counts as one with NetworkManager.
 */
static int detect(struct plan_ctx *ctx, struct err *e)
{
	auto_strv files = {0};
	autofree char *renderer = NULL;
	int found = has_generator(ctx, e);
	if (found <= 0 || list_files(ctx, &files, e) < 0 ||
	    find_renderer(ctx, &files, &renderer, e) < 0)
		return found <= 0 ? found : -1;
	if (files.n && (!renderer || strcmp(renderer, "NetworkManager") != 0))
		return 1;
	int nm = net_nm.detect(ctx, e);
	return nm < 0 ? -1 : !nm;
}

/* Does the file speak of an interface, by its name or by a pattern? Comments do not count. */
static bool speaks_of(const char *text, const char *name)
{
	auto_strv lines = {0};
	strv_split(&lines, text, "\n");
	strv_foreach (line, &lines) {
		auto_strv words = {0};
		(*line)[strcspn(*line, "#")] = '\0';
		strv_split(&words, *line, " \t\r{}[],:\"'");
		strv_foreach (word, &words) {
			if (fnmatch(*word, name, 0) == 0)
				return true;
		}
	}
	return false;
}

int net_netplan_note(struct plan_ctx *ctx, const struct strv *names, const char *what,
		     struct err *e)
{
	auto_strv files = {0};
	int found = has_generator(ctx, e);
	if (found <= 0 || list_files(ctx, &files, e) < 0)
		return found ? -1 : 0;
	strv_foreach (file, &files) {
		auto_str text = STR_INIT;
		if (text_read(ctx, *file, &text, e) < 0)
			return -1;
		strv_foreach (name, names) {
			if (speaks_of(str_text(&text), *name))
				plan_note(ctx, "%s describes %s, too: %s", *file, *name, what);
		}
	}
	return 0;
}

static int prepare(struct plan_ctx *ctx, const struct net_wired *w, struct err *e)
{
	return net_netplan_note(ctx, &w->names, "networkd takes what this profile says of it", e);
}

static void add_routes(const struct net_wired *w, struct str *out)
{
	if (!w->address)
		str_printf(out, "      dhcp4-overrides:\n        %s: %s\n",
			   w->dhcp_routes ? "route-metric" : "use-routes",
			   w->dhcp_routes ? "1000" : "false");
	if (w->gateway)
		str_printf(out,
			   "      routes:\n      - to: \"0.0.0.0/0\"\n        via: \"%s\"\n"
			   "        metric: %d\n",
			   w->gateway, NET_WIRED_METRIC);
}

/*
 * netplan makes 10-netplan-ID.network, and networkd takes the first in the order of names that
 * matches an interface.  No ID of the image's own is before "0-", and none is the same: those
 * netplan would merge.
 */
static void add_ethernet(const struct net_wired *w, size_t i, struct str *out)
{
	const char *name = w->names.v[i];
	if (net_is_name(name))
		str_printf(out, "    \"0-cardstock-%s\":\n", name);
	else
		str_printf(out, "    \"0-cardstock%zu\":\n", i);
	str_printf(out, "      match:\n        name: \"%s\"\n", name);
	str_printf(out,
		   "      optional: true\n      dhcp4: %s\n      dhcp6: false\n"
		   "      accept-ra: false\n",
		   w->address ? "false" : "true");
	if (w->address)
		str_printf(out, "      addresses: [\"%s/%u\"]\n", w->address, w->prefix);
	if (w->dns->n) {
		str_puts(out, "      nameservers:\n        addresses: [\"");
		net_join(out, w->dns, "\", \"");
		str_puts(out, "\"]\n");
	}
	add_routes(w, out);
}

/* 90-: behind the files of the image and of cloud-init.  0600 or netplan complains. */
static int write_wired(struct plan_ctx *ctx, const struct net_wired *w, struct err *e)
{
	auto_str text = STR_INIT;
	str_puts(&text, NET_HEADER "network:\n  version: 2\n  ethernets:\n");
	for (size_t i = 0; i < w->names.n; i++)
		add_ethernet(w, i, &text);
	return plan_write_text(ctx, DIR "/90-cardstock-wired.yaml", str_text(&text),
			       ATTR_ROOT(0600), NET_WHY_WIRED, e);
}

/* libnetplan writes this line for WPA3; one that does not would refuse the file, and the rest. */
static int knows_wpa3(struct plan_ctx *ctx, const char *dir, struct err *e)
{
	static const char line[] = "key_mgmt=SAE";
	auto_strv names = {0};
	if (plan_list(ctx, dir, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(dir, *name);
		auto_str library = STR_INIT;
		if (!str_starts(*name, "libnetplan.so"))
			continue;
		if (plan_read_optional(ctx, path, &library, e) < 0)
			return -1;
		if (memmem(str_text(&library), library.len, line, strlen(line)))
			return 1;
	}
	return 0;
}

static int can_wpa3(struct plan_ctx *ctx, struct err *e)
{
	auto_strv dirs = {0};
	if (plan_list(ctx, "/usr/lib", &dirs, e) < 0)
		return -1;
	int known = knows_wpa3(ctx, "/usr/lib", e);
	strv_foreach (name, &dirs) {
		autofree char *dir = path_join("/usr/lib", *name);
		if (known)
			break;
		if (strstr(*name, "-linux-"))
			known = knows_wpa3(ctx, dir, e);
	}
	return known;
}

static bool is_utf8(const struct net_wifi *w)
{
	size_t n = 0;
	uint32_t c;
	for (size_t i = 0; i < w->ssid_len; i += n) {
		n = utf8_decode((const char *)w->ssid + i, w->ssid_len - i, &c);
		if (!n || c < ' ' || c == 0x7f)
			return false;
	}
	return true;
}

/* Why the image's netplan cannot; *ret NULL: it can. */
static int cannot(struct plan_ctx *ctx, const struct net_wifi *w, const char **ret, struct err *e)
{
	*ret = is_utf8(w) ? NULL : "takes no SSID that is not UTF-8";
	if (w->passphrase && strchr(w->passphrase, '"'))
		*ret = "takes no passphrase with a double quote in it";
	if (*ret || w->security != WIFI_WPA3)
		return 0;
	int can = can_wpa3(ctx, e);
	if (can == 0)
		*ret = "is too old for WPA3";
	return can < 0 ? -1 : 0;
}

/* A string in double quotes. */
static void add_quoted(struct str *out, const char *text, size_t len)
{
	str_puts(out, "\"");
	for (size_t i = 0; i < len; i++)
		str_printf(out, "%s%c", strchr("\"\\", text[i]) ? "\\" : "", text[i]);
	str_puts(out, "\"");
}

static void wifi_file(const struct net_wifi *w, struct str *out)
{
	str_printf(out,
		   NET_HEADER "network:\n  version: 2\n  wifis:\n    \"%s\":\n"
			      "      optional: true\n      dhcp4: true\n"
			      "      dhcp4-overrides:\n        route-metric: %u\n"
			      "      access-points:\n        ",
		   w->interface, w->metric);
	add_quoted(out, (const char *)w->ssid, w->ssid_len);
	str_printf(out,
		   ":\n          hidden: %s\n          auth:\n            key-management: %s\n",
		   w->hidden ? "true" : "false",
		   w->security == WIFI_OPEN   ? "none"
		   : w->security == WIFI_WPA3 ? "sae"
					      : "psk");
	const char *password = net_wifi_password(w);
	if (password) {
		str_puts(out, "            password: ");
		add_quoted(out, password, strlen(password));
		str_puts(out, "\n");
	}
}

static int write_wifi(struct plan_ctx *ctx, const struct net_wifi *w, struct err *e)
{
	auto_str text = STR_INIT;
	const char *why;
	int present = net_wpa_present(ctx, e);
	if (present <= 0)
		return present;
	if (cannot(ctx, w, &why, e) < 0)
		return -1;
	if (why) {
		plan_note(ctx, "the wifi is not set up: netplan of this image %s", why);
		return 0;
	}
	wifi_file(w, &text);
	return plan_write_secret(ctx, DIR "/90-cardstock-wifi.yaml", str_text(&text), text.len,
				 ATTR_ROOT(0600), NET_WHY_WIFI, e) < 0
		       ? -1
		       : 1;
}

const struct net_stack net_netplan = {
	.name = PLACE_NETPLAN,
	.detect = detect,
	.prepare = prepare,
	.write_wired = write_wired,
	.write_wifi = write_wifi,
};
