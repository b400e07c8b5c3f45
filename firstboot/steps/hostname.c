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
#include "steps/hostname.h"

#define HOSTNAME "/etc/hostname"
#define HOSTS "/etc/hosts"
#define FILE_MAX (1u << 20)

/* How the name is set. */
struct naming {
	const struct ctx *ctx;
	const char *name;
	bool alone;	/* without a planned address */
	char *old;	/* the name before; "" when there was none */
	bool by_bus;	/* hostnamed told it */
	struct err why; /* what hostnamed refused */
	struct str *message;
};

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

static int read_file(const struct naming *n, char **ret, struct err *e)
{
	auto_str text = STR_INIT;
	if (root_read(n->ctx, HOSTNAME, FILE_MAX, &text, e) < 0)
		return -1;
	*ret = xstrndup(str_text(&text), strcspn(str_text(&text), " \t\r\n"));
	return 0;
}

/* mkimage gave it already, as is usual: hostnamed need not be started to hear that. */
static int is_named(const struct naming *n, struct err *e)
{
	autofree char *now = NULL;
	if (*n->ctx->root || !is_running(n->name))
		return 0;
	return read_file(n, &now, e) < 0 ? -1 : strcmp(now, n->name) == 0;
}

static int find_old(struct naming *n, struct err *e)
{
	struct bus *b = n->ctx->bus;
	int named = is_named(n, e);
	if (named) {
		n->old = xstrdup(n->name);
		return named < 0 ? -1 : 0;
	}
	n->by_bus = b && bus_get_hostname(b, &n->old, &n->why) > 0;
	return n->by_bus ? 0 : read_file(n, &n->old, e);
}

/* 1: changed, 0: it was so, -1: not by hostnamed. */
static int set_by_bus(struct naming *n)
{
	if (!n->by_bus)
		return -1;
	if (strcmp(n->old, n->name) == 0)
		return 0;
	if (n->ctx->dry_run)
		return 1;
	return bus_set_hostname(n->ctx->bus, n->name, &n->why) > 0 ? 1 : -1;
}

static int set_in_files(const struct naming *n, struct err *e)
{
	autofree char *line = xasprintf("%s\n", n->name), *before = NULL;
	if (read_file(n, &before, e) < 0)
		return -1;
	bool same = strcmp(before, n->name) == 0;
	int changed = same ? 0 : root_replace(n->ctx, HOSTNAME, line, strlen(line), 0644, e);
	bool running = !*n->ctx->root && !n->ctx->dry_run;
	int now = changed >= 0 && running ? set_running(n->name, e) : 0;
	return changed < 0 || now < 0 ? -1 : changed || now;
}

static int set_name(struct naming *n, struct err *e)
{
	int changed = set_by_bus(n);
	if (changed >= 0)
		return changed;
	changed = set_in_files(n, e);
	if (changed < 0)
		return n->why.msg ? err_wrap(e, "neither by hostnamed (%s)", n->why.msg) : -1;
	if (n->why.msg)
		str_printf(n->message, "set in files, because hostnamed did not: %s; ", n->why.msg);
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
	hosts_rename_self(&out, str_text(&text), n->old, n->name, n->alone);
	return root_replace(n->ctx, HOSTS, str_text(&out), out.len, ROOT_MODE_KEEP, e);
}

/* The name comes last: once it is set, a run after a power cut does not know the former one. */
static int set_all(struct naming *n, struct err *e)
{
	int hosts = find_old(n, e) < 0 ? -1 : set_hosts(n, e);
	int name = hosts < 0 ? -1 : set_name(n, e);
	if (name < 0)
		return err_wrap(e, "hostname '%s'", n->name);
	if (name && n->ctx->bus && !n->ctx->dry_run && bus_settle(n->ctx->bus, e) < 0)
		return -1;
	str_printf(n->message, "%s", n->name);
	if (name && *n->old)
		str_printf(n->message, " in place of %s", n->old);
	return name || hosts;
}

int hostname_set(const struct ctx *ctx, const char *name, bool alone, struct str *message,
		 struct err *e)
{
	struct naming n = {.ctx = ctx, .name = name, .alone = alone, .message = message};
	int done = set_all(&n, e);
	free(n.old);
	err_done(&n.why);
	return done;
}

static int run_step(struct ctx *ctx, struct str *message, struct err *e)
{
	const struct settings *s = ctx->settings;
	if (s->hostname)
		return hostname_set(ctx, s->hostname, !s->address, message, e);
	str_puts(message, "the settings have none");
	return 0;
}

const struct step step_hostname = {
	.name = "hostname",
	.help = "the node's name",
	.phase = PHASE_LOCAL,
	.needs_settings = true,
	.run = run_step,
};
