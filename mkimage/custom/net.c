/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "edit.h"
#include "mem.h"
#include "net.h"
#include "systemd.h"
#include "text.h"

/*
 * In the order in which they decide.  Netplan configures others.  NetworkManager and dhcpcd take
 * every interface that they are not told to leave alone; networkd and ifupdown take only what they
 * are told of, and Raspberry Pi OS with dhcpcd has ifupdown switched on, with nothing to do.
 */
static const struct net_stack *const stacks[] = {&net_netplan, &net_nm, &net_dhcpcd, &net_networkd,
						 &net_ifupdown};
#define N_STACKS (sizeof(stacks) / sizeof(*stacks))

int net_detect(struct plan_ctx *ctx, const struct net_stack **ret, struct err *e)
{
	int found = 0;
	*ret = NULL;
	for (size_t i = 0; !found && i < N_STACKS; i++) {
		found = stacks[i]->detect(ctx, e);
		if (found > 0)
			*ret = stacks[i];
	}
	return found < 0 ? -1 : 0;
}

char *net_names(void)
{
	auto_str out = STR_INIT;
	for (size_t i = 0; i < N_STACKS; i++)
		str_printf(&out, "%s%s", i ? ", " : "", stacks[i]->name);
	return str_steal(&out);
}

static int is_masked(struct plan_ctx *ctx, const char *unit, struct err *e)
{
	autofree char *path = path_join("/etc/systemd/system", unit);
	autofree char *target = NULL;
	if (plan_readlink(ctx, path, &target, e) < 0)
		return -1;
	return target && strcmp(target, "/dev/null") == 0;
}

/* 1 when a runlevel's directory has a link that starts the script ("S12networking"). */
static int is_in_runlevel(struct plan_ctx *ctx, const char *dir, const char *script, struct err *e)
{
	auto_strv names = {0};
	if (plan_list(ctx, dir, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		if (**name == 'S' &&
		    strcmp(*name + 1 + strspn(*name + 1, "0123456789"), script) == 0)
			return 1;
	}
	return 0;
}

static int starts_script(struct plan_ctx *ctx, const char *script, struct err *e)
{
	static const char *const dirs[] = {"/etc/rcS.d", "/etc/rc2.d", "/etc/rc3.d", "/etc/rc5.d"};
	autofree char *job = xasprintf("/etc/init/%s.conf", script);
	int found = plan_exists(ctx, job, e);
	for (size_t i = 0; !found && i < sizeof(dirs) / sizeof(*dirs); i++)
		found = is_in_runlevel(ctx, dirs[i], script, e);
	return found;
}

int net_starts(struct plan_ctx *ctx, const char *unit, const char *script, struct err *e)
{
	int present = systemd_present(ctx, e);
	if (present <= 0)
		return present < 0 ? -1 : starts_script(ctx, script, e);
	int masked = is_masked(ctx, unit, e);
	if (masked)
		return masked < 0 ? -1 : 0;
	/* Newer versions of systemd-resolved start with sysinit.target. */
	int wanted = systemd_is_wanted(ctx, unit, "multi-user.target", e);
	return wanted ? wanted : systemd_is_wanted(ctx, unit, "sysinit.target", e);
}

int net_has_program(struct plan_ctx *ctx, const char *name, struct err *e)
{
	autofree char *sbin = path_join("/sbin", name);
	autofree char *usr = path_join("/usr/sbin", name);
	int found = plan_exists(ctx, sbin, e);
	return found ? found : plan_exists(ctx, usr, e);
}

bool net_is_name(const char *interface)
{
	return !interface[strcspn(interface, "*?")];
}

void net_join(struct str *out, const struct strv *items, const char *sep)
{
	for (size_t i = 0; i < items->n; i++)
		str_printf(out, "%s%s", i ? sep : "", items->v[i]);
}

int net_block(struct plan_ctx *ctx, const char *path, const char *name, const char *body,
	      const char *why, struct err *e)
{
	auto_str old = STR_INIT, text = STR_INIT;
	int there = text_read_optional(ctx, path, &old, e);
	if (there < 0)
		return -1;
	block_set(&text, str_text(&old), name, body);
	return plan_write(ctx, path, str_text(&text), text.len, there ? ATTR_KEEP : ATTR_ROOT(0644),
			  why, e);
}
