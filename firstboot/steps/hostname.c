/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The node's name: by hostnamed, or in files; and what /etc/hosts says of it. */
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "bus.h"
#include "edit.h"
#include "mem.h"
#include "rootfs.h"
#include "settings.h"

#define HOSTNAME "/etc/hostname"
#define HOSTS "/etc/hosts"
#define FILE_MAX (1u << 20)

/* How the name is set. */
struct naming {
	struct ctx *ctx;
	const char *name;
	char *old; /* the name before; "" when there was none */
	struct str *message;
};

/* 1: changed, 0: it was so, -1: not by hostnamed; *e says why, nothing when there is none. */
static int set_by_bus(struct naming *n, struct err *e)
{
	struct bus *b = n->ctx->bus;
	if (!b || bus_get_hostname(b, &n->old, e) <= 0)
		return -1;
	if (strcmp(n->old, n->name) == 0)
		return 0;
	if (n->ctx->dry_run)
		return 1;
	return bus_set_hostname(b, n->name, e) > 0 ? 1 : -1;
}

static bool is_running(const char *name)
{
	struct utsname u;
	return uname(&u) == 0 && strcmp(u.nodename, name) == 0;
}

/* The name that the kernel tells until the next boot. */
static int set_running(const char *name, struct err *e)
{
	if (is_running(name))
		return 0;
	if (sethostname(name, strlen(name)) < 0)
		return err_errno(e, ERR_FAILED,
				 "'%s' is the hostname from the next boot on, but not now", name);
	return 1;
}

static int read_old(struct naming *n, struct err *e)
{
	auto_str text = STR_INIT;
	if (root_read(n->ctx, HOSTNAME, FILE_MAX, &text, e) < 0)
		return -1;
	free(n->old);
	n->old = xstrndup(str_text(&text), strcspn(str_text(&text), " \t\r\n"));
	return 0;
}

static int set_in_files(struct naming *n, struct err *e)
{
	autofree char *line = xasprintf("%s\n", n->name);
	if (read_old(n, e) < 0)
		return -1;
	bool same = strcmp(n->old, n->name) == 0;
	int changed = same ? 0 : root_replace(n->ctx, HOSTNAME, line, strlen(line), 0644, e);
	bool running = !*n->ctx->root && !n->ctx->dry_run;
	int now = changed >= 0 && running ? set_running(n->name, e) : 0;
	return changed < 0 || now < 0 ? -1 : changed || now;
}

/* mkimage gave it already, as is usual: hostnamed need not be started to hear that. */
static int is_named(struct naming *n, struct err *e)
{
	if (*n->ctx->root || !is_running(n->name))
		return 0;
	if (read_old(n, e) < 0)
		return -1;
	if (strcmp(n->old, n->name) == 0)
		return 1;
	free(n->old);
	n->old = NULL;
	return 0;
}

static int set_name(struct naming *n, struct err *e)
{
	auto_err why = ERR_INIT;
	int named = is_named(n, e);
	if (named)
		return named < 0 ? -1 : 0;
	int changed = set_by_bus(n, &why);
	if (changed >= 0)
		return changed;
	changed = set_in_files(n, e);
	if (changed < 0)
		return why.msg ? err_wrap(e, "neither by hostnamed (%s)", why.msg) : -1;
	if (why.msg)
		str_printf(n->message, "set in files, because hostnamed did not: %s; ", why.msg);
	return changed;
}

static int set_hosts(const struct naming *n, struct err *e)
{
	auto_str text = STR_INIT, out = STR_INIT;
	int there = root_read(n->ctx, HOSTS, FILE_MAX, &text, e);
	if (there <= 0)
		return there;
	if (strlen(str_text(&text)) != text.len)
		return err_set(e, ERR_FAILED, HOSTS ": has NUL bytes; repair it");
	hosts_rename_self(&out, str_text(&text), n->old, n->name, !n->ctx->settings->address);
	return root_replace(n->ctx, HOSTS, str_text(&out), out.len, ROOT_MODE_KEEP, e);
}

static int set_all(struct naming *n, struct err *e)
{
	int name = set_name(n, e);
	int hosts = name < 0 ? -1 : set_hosts(n, e);
	if (hosts < 0)
		return err_wrap(e, "hostname '%s'", n->name);
	if (name && n->ctx->bus && !n->ctx->dry_run && bus_settle(n->ctx->bus, e) < 0)
		return -1;
	str_printf(n->message, "%s", n->name);
	if (name && *n->old)
		str_printf(n->message, " in place of %s", n->old);
	return name || hosts;
}

static int run_step(struct ctx *ctx, struct str *message, struct err *e)
{
	struct naming n = {ctx, ctx->settings->hostname, NULL, message};
	if (!n.name) {
		str_puts(message, "the settings have none");
		return 0;
	}
	int done = set_all(&n, e);
	free(n.old);
	return done;
}

const struct step step_hostname = {
	.name = "hostname",
	.help = "the node's name",
	.phase = PHASE_LOCAL,
	.needs_settings = true,
	.run = run_step,
};
