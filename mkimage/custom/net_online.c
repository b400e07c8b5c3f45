/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The services that hold network-online.target back.  As distributions ship them they wait a
 * minute, or two, when the cable is out or the access point is away.  Seven seconds are enough for
 * a network that is there, and one that is not is no failure of the unit: no boot is to come ten
 * seconds later for it.
 */
#include <string.h>

#include "mem.h"
#include "net.h"
#include "systemd.h"
#include "text.h"

#define WHY "no boot waits long for a network that is not there"
#define SECONDS 7
#define NETWORKD "systemd-networkd-wait-online.service"
#define NM "NetworkManager-wait-online.service"

/* 90-: behind the drop-in that netplan makes at boot. */
static int plan_drop_in(struct plan_ctx *ctx, const char *unit, const char *text, struct err *e)
{
	autofree char *path = xasprintf("/etc/systemd/system/%s.d/90-cardstock.conf", unit);
	return plan_write_text(ctx, path, text, ATTR_ROOT(0644), WHY, e);
}

/* The program that the unit runs, without arguments; owned, NULL: none found. */
static char *program_of(const char *unit)
{
	auto_strv lines = {0}, words = {0};
	strv_split(&lines, unit, "\n");
	strv_foreach (line, &lines) {
		if (str_starts(*line, "ExecStart=/"))
			strv_split(&words, strchr(*line, '=') + 1, " \t\r");
	}
	return words.n ? xstrdup(words.v[0]) : NULL;
}

/*
 * --interface: the link that is the way out.  Without it, links with RequiredForOnline=no are left
 * out, and a program that is left with none waits to the end.
 */
static void add_interfaces(struct plan_ctx *ctx, struct str *out)
{
	const struct section *wifi = net_wifi_section(ctx->profile);
	const struct section *way = wifi ? wifi : profile_next(ctx->profile, "wired", NULL);
	auto_strv names = {0};
	strv_split(&names, section_str(way, "interface"), " ");
	strv_foreach (name, &names) {
		if (net_is_name(*name))
			str_printf(out, " --interface=%s", *name);
	}
}

static int plan_networkd(struct plan_ctx *ctx, const char *path, struct err *e)
{
	auto_str unit = STR_INIT, text = STR_INIT;
	if (text_read(ctx, path, &unit, e) < 0)
		return -1;
	autofree char *program = program_of(str_text(&unit));
	if (!program)
		return 0;
	str_printf(&text,
		   NET_HEADER "[Service]\nExecStart=\n"
			      "ExecStart=%s --any --timeout=%d",
		   program, SECONDS);
	add_interfaces(ctx, &text);
	str_puts(&text, "\nSuccessExitStatus=1\n");
	return plan_drop_in(ctx, NETWORKD, str_text(&text), e);
}

static int plan_nm(struct plan_ctx *ctx, struct err *e)
{
	autofree char *text = xasprintf(NET_HEADER "[Service]\nEnvironment=NM_ONLINE_TIMEOUT=%d\n"
						   "SuccessExitStatus=1\n",
					SECONDS);
	return plan_drop_in(ctx, NM, text, e);
}

int net_plan_online(struct plan_ctx *ctx, const struct net_stack *stack, struct err *e)
{
	bool nm = stack == &net_nm, networkd = stack == &net_networkd || stack == &net_netplan;
	autofree char *unit = NULL;
	if (!nm && !networkd)
		return 0;
	if (systemd_unit_path(ctx, nm ? NM : NETWORKD, &unit, e) < 0)
		return -1;
	if (!unit)
		return 0;
	return nm ? plan_nm(ctx, e) : plan_networkd(ctx, unit, e);
}
