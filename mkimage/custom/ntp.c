/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom the nodes ask for the time, and who of them answers. */
#include <string.h>

#include "custom.h"
#include "edit.h"
#include "mem.h"
#include "ntp.h"
#include "program.h"
#include "server.h"
#include "systemd.h"
#include "text.h"

#define BLOCK "ntp"
#define TIMESYNCD "systemd-timesyncd.service"
#define WHY "whom the node asks for the time"

static int check_server(const char *text, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789.-:";
	if (*text && *text != '-' && strlen(text) < 256 && !text[strspn(text, allowed)])
		return 0;
	return err_set(e, ERR_PROFILE, "'%s' is not a time server: use a name or an address", text);
}

static const struct key ntp_keys[] = {
	{.name = "from",
	 .type = KEY_STRING,
	 .help = "who gives the others the time: a role, a node, or an address",
	 .check = server_check},
	{.name = "servers",
	 .type = KEY_LIST,
	 .help = "servers of the world; the others ask them when the first does not answer",
	 .check = check_server},
	{.name = NULL},
};

static const struct key keys[] = {
	{.name = "ntp",
	 .type = KEY_SECTION,
	 .help = "where the nodes have the time from",
	 .keys = ntp_keys,
	 .untitled = true},
	{.name = NULL},
};

/* What is to be configured, whatever the program. */
struct sources {
	const char *first;	   /* address of the cluster's server; NULL: this is it, or none */
	const struct strv *others; /* servers of the world */
	bool serves;		   /* the cluster's nodes */
	struct strv networks;
};

static void chrony_lines(const struct sources *s, struct str *out)
{
	/*
	 * Whenever that one gets the right time, however late, the cluster goes with it.  Where it
	 * was not on yet, iburst has had its four tries: from then on, the usual 64 s between two
	 * would leave a board at the wrong time for minutes.
	 */
	if (s->first)
		str_printf(out, "server %s iburst minpoll 2 prefer\nmakestep 1 -1\n", s->first);
	strv_foreach (server, s->others)
		str_printf(out, "server %s iburst\n", *server);
	if (!s->serves)
		return;
	strv_foreach (network, &s->networks)
		str_printf(out, "allow %s\n", *network);
	str_puts(out, "local stratum 10\n");
}

/* Orphan mode: the time of a cluster without the world is at least one. */
static void ntpd_lines(const struct sources *s, struct str *out)
{
	if (s->first)
		str_printf(out, "server %s iburst prefer\n", s->first);
	strv_foreach (server, s->others)
		str_printf(out, "server %s iburst\n", *server);
	if (s->serves)
		str_puts(out, "tos orphan 10\n");
}

static void timesyncd_lines(const struct sources *s, struct str *out)
{
	str_printf(out, "[Time]\nNTP=%s", s->first ? s->first : "");
	strv_foreach (server, s->others)
		str_printf(out, "%s%s", s->first || server > s->others->v ? " " : "", *server);
	str_puts(out, "\n");
}

/* What an image may have; the first that it has is what keeps its time. */
static const struct daemon {
	const char *program, *unit;
	const char *config;    /* of the daemon */
	const char *drop_in;   /* read where config names its directory; NULL: never */
	const char *directory; /* as config names it */
	void (*lines)(const struct sources *s, struct str *out);
} daemons[] = {
	{"chronyd", "chrony.service", "/etc/chrony/chrony.conf",
	 "/etc/chrony/conf.d/10-cardstock.conf", "confdir /etc/chrony/conf.d", chrony_lines},
	{"chronyd", "chronyd.service", "/etc/chrony.conf", NULL, NULL, chrony_lines},
	{"ntpd", "ntpsec.service", "/etc/ntpsec/ntp.conf", NULL, NULL, ntpd_lines},
	{"ntpd", "ntp.service", "/etc/ntp.conf", NULL, NULL, ntpd_lines},
};

static int write_block(struct plan_ctx *ctx, const struct daemon *d, const char *config,
		       const char *lines, struct err *e)
{
	auto_str text = STR_INIT;
	block_set(&text, config, BLOCK, lines);
	return plan_write(ctx, d->config, str_text(&text), text.len, ATTR_KEEP, WHY, e);
}

static int has_daemon(struct plan_ctx *ctx, const struct daemon *d, struct err *e)
{
	struct fs_stat st;
	int present = program_present(ctx, d->program, e);
	if (present <= 0)
		return present;
	return plan_stat(ctx, d->config, &st, e) < 0 ? -1 : st.type != FILE_NONE;
}

/* 1: the image has this daemon, and its files are planned. */
static int plan_daemon(struct plan_ctx *ctx, const struct daemon *d, const struct sources *s,
		       struct err *e)
{
	auto_str config = STR_INIT, lines = STR_INIT;
	autofree char *unit = NULL;
	int present = has_daemon(ctx, d, e);
	if (present <= 0)
		return present;
	if (text_read(ctx, d->config, &config, e) < 0)
		return -1;
	d->lines(s, &lines);
	bool drops = d->drop_in && strstr(str_text(&config), d->directory);
	int done = drops ? plan_write_text(ctx, d->drop_in, str_text(&lines), ATTR_ROOT(0644), WHY,
					   e)
			 : write_block(ctx, d, str_text(&config), str_text(&lines), e);
	if (done < 0 || systemd_unit_path(ctx, d->unit, &unit, e) < 0)
		return -1;
	if (unit && systemd_enable(ctx, d->unit, "multi-user.target", WHY, e) < 0)
		return -1;
	return 1;
}

static int plan_timesyncd(struct plan_ctx *ctx, const struct sources *s, struct err *e)
{
	auto_str lines = STR_INIT;
	autofree char *unit = NULL;
	if (systemd_unit_path(ctx, TIMESYNCD, &unit, e) < 0)
		return -1;
	if (!unit) {
		plan_note(ctx, "the node asks nobody for the time: this image has neither chrony, "
			       "ntpd nor systemd-timesyncd");
		return 0;
	}
	if (s->serves)
		plan_note(ctx, "the node gives nobody the time: systemd-timesyncd only asks; add "
			       "the package chrony to the base");
	if (!s->first && !s->others->n)
		return 0;
	timesyncd_lines(s, &lines);
	if (plan_write_text(ctx, "/etc/systemd/timesyncd.conf.d/10-cardstock.conf",
			    str_text(&lines), ATTR_ROOT(0644), WHY, e) < 0)
		return -1;
	return systemd_enable(ctx, TIMESYNCD, "sysinit.target", WHY, e);
}

static int plan_sources(struct plan_ctx *ctx, const struct sources *s, struct err *e)
{
	int done = 0;
	for (size_t i = 0; !done && i < sizeof(daemons) / sizeof(*daemons); i++)
		done = plan_daemon(ctx, &daemons[i], s, e);
	if (done)
		return done < 0 ? -1 : 0;
	return plan_timesyncd(ctx, s, e);
}

static int has_any_daemon(struct plan_ctx *ctx, struct err *e)
{
	autofree char *unit = NULL;
	int found = systemd_unit_path(ctx, TIMESYNCD, &unit, e) < 0 ? -1 : unit != NULL;
	for (size_t i = 0; !found && i < sizeof(daemons) / sizeof(*daemons); i++)
		found = has_daemon(ctx, &daemons[i], e);
	return found;
}

int ntp_is_expected(struct plan_ctx *ctx, struct err *e)
{
	const struct section *section = profile_next(ctx->profile, "ntp", NULL);
	const struct node *server = NULL;
	if (!section)
		return 0;
	const struct value *from = section_get(section, "from");
	if (from->str && server_find(ctx->cluster, from, &server, e) < 0)
		return -1;
	bool asks = (from->str && !server_is_here(ctx, server)) ||
		    section_list(section, "servers")->n;
	return asks ? has_any_daemon(ctx, e) : 0;
}

int ntp_registry_lines(struct plan_ctx *ctx, struct strv *ret, struct err *e)
{
	const struct section *section = profile_next(ctx->profile, "ntp", NULL);
	const struct node *server = NULL;
	if (!section)
		return 0;
	const struct value *from = section_get(section, "from");
	if (from->str && server_find(ctx->cluster, from, &server, e) < 0)
		return -1;
	if (from->str)
		strv_add(ret, server ? server->address : from->str);
	strv_foreach (other, section_list(section, "servers"))
		strv_add(ret, *other);
	return 0;
}

/* In the node's stage only when the role's could not tell who serves. */
static int plan(struct plan_ctx *ctx, struct err *e)
{
	const struct section *section = profile_next(ctx->profile, "ntp", NULL);
	const struct node *server = NULL;
	if (!section)
		return 0;
	const struct value *from = section_get(section, "from");
	if (from->str && server_find(ctx->cluster, from, &server, e) < 0)
		return -1;
	if (server_is_peer(ctx, server) != (ctx->node != NULL))
		return 0;
	struct sources s = {.others = section_list(section, "servers"),
			    .serves = server_is_here(ctx, server)};
	if (from->str && !s.serves)
		s.first = server ? server->address : from->str;
	if (s.serves)
		server_networks(ctx->cluster, &s.networks);
	int done = plan_sources(ctx, &s, e);
	strv_done(&s.networks);
	return done;
}

const struct custom custom_ntp = {
	.name = "ntp",
	.help = "whom the nodes ask for the time, and who of them answers",
	.keys = keys,
	.plan = plan,
	.plan_node = plan,
};
