/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cluster's wired network: an address by the node's number, and never the default route. */
#include <string.h>

#include "custom.h"
#include "mem.h"
#include "systemd.h"
#include "validate.h"

#define WHY "wired network of the cluster"

/* Names and patterns as systemd.network(5) Match takes them: "eth0", "e*", "eth0 end0". */
static int check_interface(const char *text, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-*? ";
	size_t len = strlen(text);
	if (len && len < 64 && !text[strspn(text, allowed)] && text[0] != ' ')
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is not an interface: use a name such as 'eth0', or patterns such as "
		       "'eth0 en*'",
		       text);
}

static int check_gateway(const char *text, struct err *e)
{
	uint32_t address;
	if (strcmp(text, "false") == 0 || validate_ipv4(text, &address, e) == 0)
		return 0;
	err_done(e);
	return err_set(e, ERR_PROFILE, "'%s' is not a gateway: use an IPv4 address, or false",
		       text);
}

static const struct key wired_keys[] = {
	{.name = "interface",
	 .type = KEY_STRING,
	 .fallback = "eth0",
	 .help = "network interface, or patterns of systemd.network's Name=",
	 .check = check_interface},
	{.name = "gateway",
	 .type = KEY_STRING,
	 .fallback = "false",
	 .help = "address of a gateway; false: this network is never the default route",
	 .check = check_gateway},
	{.name = "dhcp",
	 .type = KEY_BOOL,
	 .fallback = "false",
	 .help = "ask for an address instead of the planned one"},
	{.name = NULL},
};

static const struct key keys[] = {
	{.name = "wired",
	 .type = KEY_SECTION,
	 .help = "the wired network between the nodes",
	 .keys = wired_keys,
	 .untitled = true},
	{.name = NULL},
};

static int check(const struct profile *p, struct err *e)
{
	const struct section *s = profile_next(p, "wired", NULL);
	const struct value *address = profile_get(p, "address");
	if (!s || !section_bool(s, "dhcp") || !address->str)
		return 0;
	return err_at(e, section_get(s, "dhcp")->loc,
		      "dhcp = true, but %s:%d plans addresses; take one of them out",
		      address->loc.file, address->loc.line);
}

/* 1 when systemd-networkd is what brings the image's network up. */
static int uses_networkd(struct plan_ctx *ctx, struct err *e)
{
	return systemd_is_wanted(ctx, "systemd-networkd.service", "multi-user.target", e);
}

/*
 * RequiredForOnline=no: a pulled cable must not hold up the boot.  IPv6AcceptRA=no: a router's
 * advertisement would be a default route, too.
 */
static void networkd_file(const struct section *s, const struct node *n, struct str *out)
{
	const char *gateway = section_str(s, "gateway");
	bool dhcp = section_bool(s, "dhcp"), routed = strcmp(gateway, "false") != 0;
	str_printf(out,
		   "# Made by cardstock.\n"
		   "[Match]\nName=%s\n\n"
		   "[Link]\nRequiredForOnline=no\n\n"
		   "[Network]\nDHCP=%s\nIPv6AcceptRA=no\nLinkLocalAddressing=ipv6\n",
		   section_str(s, "interface"), dhcp ? "ipv4" : "no");
	if (!dhcp)
		str_printf(out, "Address=%s/%u\n", n->address, n->prefix);
	if (routed)
		str_printf(out, "Gateway=%s\n", gateway);
	if (dhcp)
		str_puts(out, "\n[DHCPv4]\nUseRoutes=no\n");
}

/* 10-: before the files of the image, the first that matches an interface is its own. */
static char *networkd_path(const struct section *s)
{
	const char *interface = section_str(s, "interface");
	bool plain = !interface[strcspn(interface, "*? ")];
	return xasprintf("/etc/systemd/network/10-cardstock-%s.network",
			 plain ? interface : "wired");
}

static int write_networkd(struct plan_ctx *ctx, const struct section *s, struct err *e)
{
	auto_str text = STR_INIT;
	autofree char *path = networkd_path(s);
	networkd_file(s, ctx->node, &text);
	return plan_write_text(ctx, path, str_text(&text), ATTR_ROOT(0644), WHY, e);
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	const struct section *s = profile_next(ctx->profile, "wired", NULL);
	if (!s)
		return 0;
	int networkd = uses_networkd(ctx, e);
	if (networkd < 0)
		return -1;
	if (!networkd) {
		plan_note(ctx, "the wired network is not set up: this image does not use "
			       "systemd-networkd");
		return 0;
	}
	if (section_bool(s, "dhcp"))
		return write_networkd(ctx, s, e);
	if (!profile_str(ctx->profile, "address"))
		plan_note(ctx, "the wired network is not set up: the profile plans no address; "
			       "set address, or dhcp = true");
	return 0;
}

static int plan_node(struct plan_ctx *ctx, struct err *e)
{
	const struct section *s = profile_next(ctx->profile, "wired", NULL);
	if (!s || section_bool(s, "dhcp") || !ctx->node->address)
		return 0;
	int networkd = uses_networkd(ctx, e);
	return networkd <= 0 ? networkd : write_networkd(ctx, s, e);
}

const struct custom custom_wired = {
	.name = "wired",
	.help = "the wired network between the nodes",
	.keys = keys,
	.check = check,
	.plan = plan,
	.plan_node = plan_node,
};
