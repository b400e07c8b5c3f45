/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cluster's wired network: an address by the node's number, and never the default route. */
#include <string.h>

#include "custom.h"
#include "mem.h"
#include "net.h"
#include "pattern.h"
#include "validate.h"

/* The kernel has no longer one, while a pattern may be longer than what it matches. */
static int check_names(const char *text, struct err *e)
{
	auto_strv names = {0};
	strv_split(&names, text, " ");
	strv_foreach (name, &names) {
		if (net_is_name(*name) && strlen(*name) > NET_NAME_MAX)
			return err_set(
				e, ERR_PROFILE,
				"'%s' is too long for an interface: a name has at most %d "
				"letters; use that of 'ip link', or a pattern such as 'enx*'",
				*name, NET_NAME_MAX);
	}
	return 0;
}

/* Names and patterns as systemd.network(5) Match takes them: "eth0", "e*", "eth0 end0". */
static int check_interface(const char *text, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-*? ";
	size_t len = strlen(text);
	if (len && len < 64 && !text[strspn(text, allowed)] && text[0] != ' ')
		return check_names(text, e);
	return err_set(e, ERR_PROFILE,
		       "'%s' is not an interface: use a name such as 'eth0', or patterns such as "
		       "'eth0 en*'",
		       text);
}

static int check_gateway(const char *text, struct err *e)
{
	uint32_t address;
	if (strcmp(text, "false") == 0 || strcmp(text, "dhcp") == 0 ||
	    validate_ipv4(text, &address, e) == 0)
		return 0;
	err_done(e);
	return err_set(e, ERR_PROFILE,
		       "'%s' is not a gateway: use an IPv4 address, or false, or dhcp", text);
}

static int check_dns(const char *text, struct err *e)
{
	uint32_t address;
	return validate_ipv4(text, &address, e);
}

static const struct key wired_keys[] = {
	{.name = "interface",
	 .type = KEY_STRING,
	 .fallback = "eth0",
	 .help = "network interface, or several names and patterns such as 'eth0 en*'",
	 .check = check_interface},
	{.name = "gateway",
	 .type = KEY_STRING,
	 .fallback = "false",
	 .help = "address of a gateway, or dhcp; false: this network is never the default route",
	 .check = check_gateway},
	{.name = "dhcp",
	 .type = KEY_BOOL,
	 .fallback = "false",
	 .help = "ask for an address instead of the planned one"},
	{.name = "dns", .type = KEY_LIST, .help = "addresses of name servers", .check = check_dns},
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

static bool is_address(const char *gateway)
{
	return strcmp(gateway, "false") != 0 && strcmp(gateway, "dhcp") != 0;
}

/* The gateway is a host of the network of a node's address; it may be that node. */
static int check_gateway_of(const struct value *gateway, uint32_t ip, struct address a,
			    struct err *e)
{
	uint32_t network = address_network(a), hosts = UINT32_MAX >> a.prefix;
	struct address other = {.ip = ip, .prefix = a.prefix};
	if (address_network(other) == network && ip != network && ip != (network | hosts))
		return 0;
	return err_at(e, gateway->loc,
		      "gateway: %s is no host of the network of %u.%u.%u.%u/%u, where this profile "
		      "puts a node; a gateway must be reachable directly",
		      gateway->str, a.ip >> 24, a.ip >> 16 & 255, a.ip >> 8 & 255, a.ip & 255,
		      a.prefix);
}

/* Addresses that run out are the cluster's to judge. */
static int check_gateways(const struct profile *p, const struct value *gateway, struct err *e)
{
	const char *pattern = profile_str(p, "address");
	long first = profile_int(p, "first-address"), planned = profile_int(p, "planned");
	uint32_t ip;
	struct address a;
	if (!pattern || !is_address(gateway->str))
		return 0;
	if (validate_ipv4(gateway->str, &ip, e) < 0)
		return -1;
	for (long i = 0; i < planned && pattern_expand_address(pattern, (unsigned)(first + i), &a);
	     i++) {
		if (check_gateway_of(gateway, ip, a, e) < 0)
			return -1;
	}
	return 0;
}

static int check_dhcp(const struct profile *p, const struct section *s, struct err *e)
{
	const struct value *address = profile_get(p, "address");
	const struct value *gateway = section_get(s, "gateway");
	bool dhcp = section_bool(s, "dhcp");
	if (dhcp && address->str)
		return err_at(e, section_get(s, "dhcp")->loc,
			      "dhcp = true, but %s:%d plans addresses; take one of them out",
			      address->loc.file, address->loc.line);
	if (dhcp && is_address(gateway->str))
		return err_at(e, gateway->loc,
			      "gateway: with dhcp = true it is dhcp or false, not an address");
	if (!dhcp && strcmp(gateway->str, "dhcp") == 0)
		return err_at(e, gateway->loc, "gateway = dhcp needs dhcp = true");
	return 0;
}

static int check(const struct profile *p, struct err *e)
{
	const struct section *s = profile_next(p, "wired", NULL);
	if (!s)
		return 0;
	if (check_dhcp(p, s, e) < 0)
		return -1;
	return check_gateways(p, section_get(s, "gateway"), e);
}

static void wired_done(struct net_wired *w)
{
	strv_done(&w->names);
}

#define auto_wired __attribute__((cleanup(wired_done))) struct net_wired

/* The gateway itself has another way out, and asks the name servers that it finds there. */
static bool is_the_gateway(const char *gateway, const struct node *n)
{
	return n && n->address && strcmp(gateway, n->address) == 0;
}

static void wired_init(struct net_wired *w, const struct section *s, const struct node *n)
{
	static const struct strv no_servers;
	const char *gateway = section_str(s, "gateway");
	*w = (struct net_wired){.gateway = is_address(gateway) ? gateway : NULL,
				.dhcp_routes = strcmp(gateway, "dhcp") == 0,
				.dns = section_list(s, "dns")};
	if (n) {
		w->address = n->address;
		w->prefix = n->prefix;
	}
	if (is_the_gateway(gateway, n)) {
		w->gateway = NULL;
		w->dns = &no_servers;
	}
	strv_split(&w->names, section_str(s, "interface"), " ");
}

/* Why the stack (NULL: there is none) cannot do it; owned, NULL: it can. */
static char *cannot(const struct net_stack *stack, const struct net_wired *w)
{
	if (!stack) {
		autofree char *names = net_names();
		return xasprintf("none of %s starts in this image", names);
	}
	strv_foreach (name, &w->names) {
		if (stack->names_only && !net_is_name(*name))
			return xasprintf("%s knows names of interfaces only, not '%s'", stack->name,
					 *name);
	}
	return NULL;
}

/* The stack that can do what is wanted; *ret NULL: there is none, and *why (owned) says so. */
static int find_stack(struct plan_ctx *ctx, const struct net_wired *w, const struct net_stack **ret,
		      char **why, struct err *e)
{
	const struct net_stack *stack;
	if (net_detect(ctx, &stack, e) < 0)
		return -1;
	*why = cannot(stack, w);
	*ret = *why ? NULL : stack;
	return 0;
}

static bool has_address(const struct plan_ctx *ctx, const struct section *s)
{
	return section_bool(s, "dhcp") || profile_str(ctx->profile, "address");
}

int net_wired_comes_up(struct plan_ctx *ctx, struct err *e)
{
	const struct section *s = profile_next(ctx->profile, "wired", NULL);
	const struct net_stack *stack;
	autofree char *why = NULL;
	if (!s || !has_address(ctx, s))
		return 0;
	auto_wired w;
	wired_init(&w, s, NULL);
	return find_stack(ctx, &w, &stack, &why, e) < 0 ? -1 : stack != NULL;
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	const struct section *s = profile_next(ctx->profile, "wired", NULL);
	const struct net_stack *stack;
	autofree char *why = NULL;
	if (!s) {
		if (profile_str(ctx->profile, "address"))
			plan_note(ctx, "address is planned but no section wired sets it; add "
				       "wired { }");
		return 0;
	}
	auto_wired w;
	wired_init(&w, s, NULL);
	if (!has_address(ctx, s)) {
		plan_note(ctx, "the wired network is not set up: the profile plans no address; "
			       "set address, or dhcp = true");
		return 0;
	}
	if (find_stack(ctx, &w, &stack, &why, e) < 0)
		return -1;
	if (why)
		plan_note(ctx, "the wired network is not set up: %s", why);
	if (!stack)
		return 0;
	if (net_plan_online(ctx, stack, e) < 0 ||
	    (stack->prepare && stack->prepare(ctx, &w, e) < 0))
		return -1;
	return section_bool(s, "dhcp") ? stack->write_wired(ctx, &w, e) : 0;
}

/* DHCP, until the master told the board its address; which is its own then, where one is planned.
 */
static int plan_newcomer(struct plan_ctx *ctx, const struct section *s, struct err *e)
{
	static const struct net_wired nothing = {0};
	const struct net_stack *stack = NULL;
	autofree char *why = NULL; /* which the role's plan notes */
	if (!s || section_bool(s, "dhcp") || !profile_str(ctx->profile, "address"))
		return net_plan_place(ctx, NULL, &nothing, e);
	auto_wired w;
	wired_init(&w, s, NULL);
	plan_note(ctx, "the board asks for an address by DHCP until the master accepts it: the "
		       "network of the master needs a DHCP server");
	if (find_stack(ctx, &w, &stack, &why, e) < 0 || net_plan_place(ctx, stack, &w, e) < 0)
		return -1;
	if (!stack)
		return 0;
	/* A gateway of its own is of the planned address. */
	w.gateway = NULL;
	return stack->write_wired(ctx, &w, e);
}

static int plan_node(struct plan_ctx *ctx, struct err *e)
{
	const struct section *s = profile_next(ctx->profile, "wired", NULL);
	const struct net_stack *stack;
	autofree char *why = NULL; /* which the role's plan notes */
	if (ctx->node->unplanned)
		return plan_newcomer(ctx, s, e);
	if (!s || section_bool(s, "dhcp") || !ctx->node->address)
		return 0;
	auto_wired w;
	wired_init(&w, s, ctx->node);
	if (find_stack(ctx, &w, &stack, &why, e) < 0)
		return -1;
	return stack ? stack->write_wired(ctx, &w, e) : 0;
}

const struct custom custom_wired = {
	.name = "wired",
	.help = "the wired network between the nodes",
	.keys = keys,
	.check = check,
	.plan = plan,
	.plan_node = plan_node,
};
