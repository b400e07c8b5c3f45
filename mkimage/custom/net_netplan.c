/* SPDX-License-Identifier: GPL-3.0-or-later */
/* netplan: YAML files that a generator turns into those of networkd or NetworkManager at boot. */
#include <string.h>

#include "mem.h"
#include "net.h"
#include "text.h"

#define DIR "/etc/netplan"

static int has_generator(struct plan_ctx *ctx, struct err *e)
{
	int found = plan_exists(ctx, "/usr/lib/systemd/system-generators/netplan", e);
	return found ? found : plan_exists(ctx, "/lib/systemd/system-generators/netplan", e);
}

/* The image's own files, those of earlier runs of this program excepted; sorted. */
static int list_files(struct plan_ctx *ctx, struct strv *ret, struct err *e)
{
	static const char *const dirs[] = {DIR, "/usr/lib/netplan"};
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

/* Raspberry Pi OS trixie has netplan without any file, for NetworkManager to use: not netplan. */
static int detect(struct plan_ctx *ctx, struct err *e)
{
	auto_strv files = {0};
	int found = has_generator(ctx, e);
	if (found <= 0 || list_files(ctx, &files, e) < 0)
		return found <= 0 ? found : -1;
	if (files.n)
		return 1;
	int nm = net_nm.detect(ctx, e);
	return nm < 0 ? -1 : !nm;
}

static bool has_line_of(const char *text, const char *name)
{
	autofree char *key = xasprintf("%s:", name);
	auto_strv words = {0};
	strv_split(&words, text, " \t\n\r");
	return strv_has(&words, key);
}

/* netplan merges files: what another says of the interface stays where ours is silent. */
static int prepare(struct plan_ctx *ctx, const struct net_wired *w, struct err *e)
{
	auto_strv files = {0};
	if (list_files(ctx, &files, e) < 0)
		return -1;
	strv_foreach (file, &files) {
		auto_str text = STR_INIT;
		if (text_read(ctx, *file, &text, e) < 0)
			return -1;
		strv_foreach (name, &w->names) {
			if (has_line_of(str_text(&text), *name))
				plan_note(ctx,
					  "%s describes %s, too: netplan adds up what both say",
					  *file, *name);
		}
	}
	return 0;
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

/* A plain name is the definition's name; a pattern is matched by a definition with a number. */
static void add_ethernet(const struct net_wired *w, size_t i, struct str *out)
{
	const char *name = w->names.v[i];
	if (net_is_name(name))
		str_printf(out, "    \"%s\":\n", name);
	else
		str_printf(out, "    cardstock%zu:\n      match:\n        name: \"%s\"\n", i, name);
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

const struct net_stack net_netplan = {
	.name = "netplan",
	.detect = detect,
	.prepare = prepare,
	.write_wired = write_wired,
};
