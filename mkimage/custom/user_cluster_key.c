/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The cluster's key of a user: from the master, or from everywhere, to all nodes without a word. */
#include <string.h>

#include "account.h"
#include "mem.h"
#include "user.h"

#define DEFAULT_FROM "master"

/* Roles may have the user by one name or get him by rename-to: it is one key. */
static char *key_name(const struct section *user)
{
	return xasprintf("keys/user-%s", account_section_name(user));
}

bool user_has_cluster_key(const struct section *user)
{
	return strcmp(section_str(user, "cluster-ssh"), "false") != 0;
}

int user_make_cluster_key(const struct section *user, const struct cluster *c, struct err *e)
{
	autofree char *name = key_name(user);
	autofree char *comment = xasprintf("%s@%s", account_section_name(user), c->name);
	return user_has_cluster_key(user) ? cluster_make_key(c, name, comment, e) : 0;
}

int user_read_cluster_key(const struct section *user, const struct cluster *c, struct str *out,
			  struct err *e)
{
	autofree char *name = key_name(user);
	autofree char *public = xasprintf("%s.pub", name);
	return cluster_read(c, public, out, e);
}

static char *list_roles(const struct cluster *c)
{
	auto_strv roles = {0};
	for (size_t i = 0; i < c->n_members; i++)
		strv_add(&roles, profile_str(c->members[i].profile, "role"));
	return strv_join(&roles, ", ");
}

int user_check_origins(struct plan_ctx *ctx, struct err *e)
{
	const struct value *from = profile_get(ctx->profile, "cluster-ssh-from");
	autofree char *roles = list_roles(ctx->cluster);
	for (size_t i = 0; i < from->list.n; i++) {
		if (!cluster_member(ctx->cluster, from->list.v[i]))
			return err_at(e, from->list_loc[i],
				      "'%s' is no role of this cluster; there is: %s",
				      from->list.v[i], roles);
	}
	return 0;
}

/* Have nodes of the role that is planned the private key? */
static bool is_origin(struct plan_ctx *ctx, const struct user *u)
{
	const struct value *from = profile_get(ctx->profile, "cluster-ssh-from");
	const char *role = profile_str(ctx->profile, "role");
	autofree char *roles = list_roles(ctx->cluster);
	if (strcmp(section_str(u->section, "cluster-ssh"), "all-to-all") == 0)
		return true;
	if (from->set)
		return strv_has(&from->list, role);
	if (!cluster_member(ctx->cluster, DEFAULT_FROM))
		plan_note(
			ctx,
			"no node has the cluster's key of user %s: there is no role '" DEFAULT_FROM
			"'; name one of %s in cluster-ssh-from",
			u->name, roles);
	return strcmp(role, DEFAULT_FROM) == 0;
}

int user_plan_cluster_key(struct plan_ctx *ctx, const struct user *u, const char *ssh_dir,
			  struct err *e)
{
	auto_str private = STR_INIT, public = STR_INIT;
	const char *why = "the cluster's key of the user: it opens every node";
	autofree char *name = key_name(u->section), *path = path_join(ssh_dir, "id_ed25519");
	autofree char *public_path = xasprintf("%s.pub", path);
	if (!user_has_cluster_key(u->section) || !is_origin(ctx, u))
		return 0;
	if (cluster_read(ctx->cluster, name, &private, e) < 0)
		return -1;
	int r = plan_write_secret(ctx, path, str_text(&private), private.len,
				  (struct attr){0600, u->uid, u->gid}, why, e);
	explicit_bzero(private.data, private.len);
	if (r < 0 || user_read_cluster_key(u->section, ctx->cluster, &public, e) < 0)
		return -1;
	return plan_write(ctx, public_path, str_text(&public), public.len,
			  (struct attr){0644, u->uid, u->gid}, why, e);
}
