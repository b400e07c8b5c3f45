/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a system makes for itself while it runs, and its clones must not share: leases, the ids it
 * shows to servers, and on request its logs and what its users typed.  The base of a build was not
 * in use, or is cleaned by machine-id.
 */
#include <string.h>

#include "custom.h"
#include "mem.h"

#define LEASE "an address that another machine was given"
#define DUID "the id by which another machine asks for addresses"
#define LOG "a log of another machine"
#define HISTORY "what was typed on another machine"

/* Files, or directories with all that is in them. */
static const struct {
	const char *path, *why;
} leftovers[] = {
	{"/etc/dhcpcd.duid", DUID},
	{"/etc/dhcpcd.secret", DUID},
	{"/var/lib/dhcpcd/duid", DUID},
	{"/var/lib/dhcpcd/secret", DUID},
	{"/var/lib/dhcpcd5/duid", DUID},
	{"/var/lib/NetworkManager/timestamps", LEASE},
	{"/var/lib/NetworkManager/seen-bssids", LEASE},
	{"/etc/iscsi/initiatorname.iscsi", "the name of another machine among iSCSI's"},
	{"/etc/nvme/hostid", "the id of another machine among NVMe's"},
	{"/etc/nvme/hostnqn", "the name of another machine among NVMe's"},
	{NULL, NULL},
};

/* Files in a directory whose names end so; "": all. */
static const struct pattern {
	const char *dir, *end, *why;
} patterns[] = {
	{"/var/lib/dhcp", ".leases", LEASE},
	{"/var/lib/dhcp3", ".leases", LEASE},
	{"/var/lib/dhclient", ".leases", LEASE},
	{"/var/lib/dhcpcd", ".lease", LEASE},
	{"/var/lib/dhcpcd", ".lease6", LEASE},
	{"/var/lib/dhcpcd5", ".lease", LEASE},
	{"/var/lib/dhcpcd5", ".lease6", LEASE},
	{"/var/lib/NetworkManager", ".lease", LEASE},
	{"/var/lib/systemd/network/leases", "", LEASE},
	{"/var/lib/avahi-autoipd", "", LEASE},
};

static const struct pattern logs[] = {
	{"/var/log/journal", "", LOG},
	{"/var/crash", "", LOG},
	{"/var/lib/systemd/coredump", "", LOG},
	{"/var/tmp", "", "a temporary file of another machine"},
	{"/tmp", "", "a temporary file of another machine"},
};

/* In each home. */
static const char *const histories[] = {
	".bash_history", ".zsh_history",   ".ash_history",  ".python_history", ".lesshst",
	".viminfo",	 ".mysql_history", ".psql_history", ".sqlite_history", ".wget-hsts",
};

static int remove_matching(struct plan_ctx *ctx, const struct pattern *p, struct err *e)
{
	auto_strv names = {0};
	if (plan_list(ctx, p->dir, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(p->dir, *name);
		if (str_ends(*name, p->end) && plan_remove(ctx, path, p->why, e) < 0)
			return -1;
	}
	return 0;
}

static int remove_all(struct plan_ctx *ctx, const struct pattern *list, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (remove_matching(ctx, &list[i], e) < 0)
			return -1;
	}
	return 0;
}

static int remove_logs(struct plan_ctx *ctx, const char *dir, struct err *e);

/* Programs want their directories to be there; a link may lead anywhere. */
static int remove_log(struct plan_ctx *ctx, const char *path, struct err *e)
{
	struct fs_stat st;
	if (plan_lstat(ctx, path, &st, e) < 0)
		return -1;
	if (st.type == FILE_SYMLINK)
		return 0;
	return st.type == FILE_DIR ? remove_logs(ctx, path, e) : plan_remove(ctx, path, LOG, e);
}

static int remove_logs(struct plan_ctx *ctx, const char *dir, struct err *e)
{
	auto_strv names = {0};
	if (plan_list(ctx, dir, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(dir, *name);
		if (remove_log(ctx, path, e) < 0)
			return -1;
	}
	return 0;
}

static int remove_histories(struct plan_ctx *ctx, const char *home, struct err *e)
{
	for (size_t i = 0; i < sizeof(histories) / sizeof(*histories); i++) {
		autofree char *path = path_join(home, histories[i]);
		if (plan_remove(ctx, path, HISTORY, e) < 0)
			return -1;
	}
	return 0;
}

static int sysprep(struct plan_ctx *ctx, struct err *e)
{
	auto_strv homes = {0};
	if (remove_all(ctx, logs, sizeof(logs) / sizeof(*logs), e) < 0 ||
	    remove_logs(ctx, "/var/log", e) < 0 || remove_histories(ctx, "/root", e) < 0 ||
	    plan_list(ctx, "/home", &homes, e) < 0)
		return -1;
	strv_foreach (name, &homes) {
		autofree char *home = path_join("/home", *name);
		if (remove_histories(ctx, home, e) < 0)
			return -1;
	}
	return 0;
}

static int plan_clone(struct plan_ctx *ctx, struct err *e)
{
	for (size_t i = 0; leftovers[i].path; i++) {
		if (plan_remove(ctx, leftovers[i].path, leftovers[i].why, e) < 0)
			return -1;
	}
	if (remove_all(ctx, patterns, sizeof(patterns) / sizeof(*patterns), e) < 0)
		return -1;
	return ctx->sysprep ? sysprep(ctx, e) : 0;
}

const struct custom custom_used = {
	.name = "used",
	.help = "of a card that was in use, nothing that two systems must not share",
	.plan_clone = plan_clone,
};
