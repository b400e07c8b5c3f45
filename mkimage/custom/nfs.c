/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Directories that one node serves to all others over NFS. */
#include <string.h>

#include "account.h"
#include "custom.h"
#include "mem.h"
#include "nfs.h"
#include "program.h"
#include "server.h"
#include "validate.h"

#define MODE_DIGITS 5 /* 01777 */

static int check_directory(const char *text, struct err *e)
{
	static const char *const reserved[] = {"/home", "/root", "/tmp", "/var", NULL};
	return validate_own_directory(text, reserved, "/srv/cluster", e);
}

static int check_mode(const char *text, struct err *e)
{
	uint32_t mode;
	if (parse_octal(text, MODE_DIGITS, 07777, &mode))
		return 0;
	return err_set(e, ERR_PROFILE, "'%s' is not an octal mode such as 0755", text);
}

static int check_option(const char *text, struct err *e)
{
	static const char *const switches[] = {"ro", "rw"};
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-=:/%+";
	for (size_t i = 0; i < sizeof(switches) / sizeof(*switches); i++) {
		if (strcmp(text, switches[i]) == 0)
			return err_set(e, ERR_PROFILE,
				       "'%s': use the key read-only, which the "
				       "server obeys too",
				       text);
	}
	if (*text && *text != '=' && !text[strspn(text, allowed)])
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is not a mount option: write each as an item, such as 'soft' or "
		       "'timeo=50'",
		       text);
}

static const struct key share_keys[] = {
	{.name = "from",
	 .type = KEY_STRING,
	 .help = "who serves the directory: a role, a node, or an address outside the cluster",
	 .check = server_check},
	{.name = "at",
	 .type = KEY_STRING,
	 .help = "where the other nodes mount it; not set: at the same path",
	 .check = check_directory},
	{.name = "read-only",
	 .type = KEY_BOOL,
	 .fallback = "false",
	 .help = "nobody but the server may write"},
	{.name = "owner",
	 .type = KEY_STRING,
	 .fallback = "root",
	 .help = "user who owns the directory and the mount points"},
	{.name = "group",
	 .type = KEY_STRING,
	 .help = "group of the directory and the mount points; not set: the owner's"},
	{.name = "mode",
	 .type = KEY_STRING,
	 .fallback = "0755",
	 .help = "mode of the directory and the mount points, octal",
	 .check = check_mode},
	{.name = "options",
	 .type = KEY_LIST,
	 .help = "more mount options for the clients, nfs(5); they win over the usual ones",
	 .check = check_option},
	{.name = NULL},
};

static const struct key keys[] = {
	{.name = "share",
	 .type = KEY_SECTION,
	 .help = "a directory that one node serves to all others over NFS",
	 .keys = share_keys},
	{.name = NULL},
};

static const char *mount_point(const struct section *s)
{
	const char *at = section_str(s, "at");
	return at ? at : s->title;
}

static int check_share(const struct profile *p, const struct section *s, struct err *e)
{
	auto_err judged = ERR_INIT;
	if (check_directory(s->title, &judged) < 0)
		return err_at(e, s->loc, "share: %s", judged.msg);
	if (!section_str(s, "from"))
		return err_at(e, s->loc,
			      "share '%s' lacks the key from: the role or node that serves it",
			      s->title);
	const struct section *other = NULL;
	while ((other = profile_next(p, "share", other)) && other != s) {
		if (strcmp(mount_point(other), mount_point(s)) == 0)
			return err_at(e, s->loc,
				      "share '%s' is mounted at '%s', but so is the share at "
				      "%s:%d; give one of them another path by the key at",
				      s->title, mount_point(s), other->loc.file, other->loc.line);
	}
	return 0;
}

static int check(const struct profile *p, struct err *e)
{
	const struct section *s = NULL;
	while ((s = profile_next(p, "share", s))) {
		if (check_share(p, s, e) < 0)
			return -1;
	}
	return 0;
}

/* The server's own profile must know the share, or nobody would serve it. */
static int check_served(const struct cluster *c, const struct share *s, struct err *e)
{
	const struct profile *p = cluster_member(c, s->server->role)->profile;
	const struct section *theirs = NULL;
	while ((theirs = profile_next(p, "share", theirs))) {
		if (strcmp(theirs->title, s->path) == 0)
			return 0;
	}
	return err_at(e, s->section->loc,
		      "share '%s' is not in the profile of its server, %s; put it into a file that "
		      "both profiles include",
		      s->path, p->path);
}

static int read_share(struct plan_ctx *ctx, const struct section *section, struct share *ret,
		      struct err *e)
{
	const struct value *from = section_get(section, "from");
	*ret = (struct share){.section = section,
			      .path = section->title,
			      .at = mount_point(section),
			      .host = from->str};
	if (nfs_check_homes(ctx, ret, e) < 0 ||
	    server_find(ctx->cluster, from, &ret->server, e) < 0)
		return -1;
	if (!ret->server)
		return 0;
	ret->host = ret->server->hostname;
	return check_served(ctx->cluster, ret, e);
}

/* A default has no line: then the section's is named. */
static int wrap_at(const struct share *s, const struct value *v, struct err *e)
{
	struct loc loc = v->loc.line ? v->loc : s->section->loc;
	return err_wrap(e, "%s:%d", loc.file, loc.line);
}

int nfs_plan_directory(struct plan_ctx *ctx, const struct share *s, const char *path,
		       const char *why, struct err *e)
{
	const struct value *owner = section_get(s->section, "owner");
	const struct value *group = section_get(s->section, "group");
	const struct value *mode = section_get(s->section, "mode");
	const struct value *named = group->str ? group : owner;
	struct attr attr = ATTR_KEEP;
	if (account_uid(ctx, owner->str, &attr.uid, e) < 0)
		return wrap_at(s, owner, e);
	if (account_gid(ctx, named->str, &attr.gid, e) < 0)
		return wrap_at(s, named, e);
	/* check_mode judged it. */
	(void)parse_octal(mode->str, MODE_DIGITS, 07777, &attr.mode);
	if (plan_mkdir(ctx, path, attr, why, e) < 0)
		return err_wrap(e, "%s:%d", s->section->loc.file, s->section->loc.line);
	return 0;
}

/* The shares of the profile, those that this node serves first. */
struct shares {
	struct share *served, *mounted;
	size_t n_served, n_mounted;
	bool by_node; /* one of several nodes of this role serves */
};

static void shares_done(struct shares *s)
{
	free(s->served);
	free(s->mounted);
}

static void add_share(struct shares *all, const struct share *s, bool here)
{
	struct share **list = here ? &all->served : &all->mounted;
	size_t *n = here ? &all->n_served : &all->n_mounted;
	*list = xrealloc(*list, *n + 1, sizeof(**list));
	(*list)[(*n)++] = *s;
}

static int read_shares(struct plan_ctx *ctx, struct shares *ret, struct err *e)
{
	const struct section *section = NULL;
	while ((section = profile_next(ctx->profile, "share", section))) {
		struct share s;
		if (read_share(ctx, section, &s, e) < 0)
			return -1;
		add_share(ret, &s, server_is_here(ctx, s.server));
		ret->by_node = ret->by_node || server_is_peer(ctx, s.server);
	}
	return 0;
}

static int plan_all(struct plan_ctx *ctx, const struct shares *s, struct err *e)
{
	if (s->n_served && nfs_plan_server(ctx, s->served, s->n_served, e) < 0)
		return -1;
	return s->n_mounted ? nfs_plan_client(ctx, s->mounted, s->n_mounted, e) : 0;
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	__attribute__((cleanup(shares_done))) struct shares s = {0};
	if (read_shares(ctx, &s, e) < 0)
		return -1;
	return s.by_node ? 0 : plan_all(ctx, &s, e);
}

/* fstab again: a template of an overlay may have replaced the file for this node. */
static int plan_node(struct plan_ctx *ctx, struct err *e)
{
	__attribute__((cleanup(shares_done))) struct shares s = {0};
	if (read_shares(ctx, &s, e) < 0)
		return -1;
	if (s.by_node)
		return plan_all(ctx, &s, e);
	return s.n_mounted ? nfs_plan_fstab(ctx, s.mounted, s.n_mounted, e) : 0;
}

int nfs_mount_points(struct plan_ctx *ctx, struct strv *ret, struct err *e)
{
	__attribute__((cleanup(shares_done))) struct shares s = {0};
	int helper = program_present(ctx, "mount.nfs", e);
	if (helper <= 0)
		return helper;
	if (read_shares(ctx, &s, e) < 0)
		return -1;
	for (size_t i = 0; i < s.n_mounted; i++)
		strv_add(ret, s.mounted[i].at);
	return 0;
}

/* As fstab(5) and exports(5) have a path; owned. */
static char *escape(const char *path)
{
	auto_str out = STR_INIT;
	nfs_add_escaped(&out, path);
	return str_steal(&out);
}

int nfs_registry_lines(struct plan_ctx *ctx, struct strv *mounts, struct strv *exports,
		       struct err *e)
{
	const struct section *section = NULL;
	while ((section = profile_next(ctx->profile, "share", section))) {
		struct share s;
		if (read_share(ctx, section, &s, e) < 0)
			return -1;
		autofree char *path = escape(s.path), *at = escape(s.at);
		strv_printf(mounts, "%s:%s %s", s.host, path, at);
		if (server_is_here(ctx, s.server))
			strv_printf(exports, "%s %s", path,
				    section_bool(section, "read-only") ? "ro" : "rw");
	}
	return 0;
}

const struct custom custom_nfs = {
	.name = "nfs",
	.help = "directories that one node serves to all others over NFS",
	.keys = keys,
	.check = check,
	.plan = plan,
	.plan_node = plan_node,
};
