/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "edit.h"
#include "mem.h"
#include "nfs.h"
#include "nodectl.h"
#include "overlay.h"
#include "program.h"
#include "server.h"
#include "systemd.h"
#include "text.h"

#define EXPORTS "/etc/exports"
#define CONFIG_DIR "/etc/nfs.conf.d"

void nfs_add_escaped(struct str *out, const char *path)
{
	for (; *path; path++) {
		if (strchr(" \"\\#", *path))
			str_printf(out, "\\%03o", (unsigned)(unsigned char)*path);
		else
			str_add(out, path, 1);
	}
}

static void add_export(struct str *out, const struct share *s, const struct strv *networks)
{
	const char *access = section_bool(s->section, "read-only") ? "ro" : "rw";
	nfs_add_escaped(out, s->path);
	strv_foreach (network, networks)
		str_printf(out, " %s(%s,sync,no_subtree_check,root_squash)", *network, access);
	str_puts(out, "\n");
}

/* Clients ask for version 4 alone, so the older ones and their daemons have no reason to listen. */
static int plan_version(struct plan_ctx *ctx, struct err *e)
{
	struct fs_stat st;
	if (plan_stat(ctx, CONFIG_DIR, &st, e) < 0)
		return -1;
	if (st.type != FILE_DIR)
		return 0;
	return plan_write_text(ctx, CONFIG_DIR "/10-cardstock.conf", "[nfsd]\nvers3=n\n",
			       ATTR_ROOT(0644), "NFS version 4 only", e);
}

static int plan_service(struct plan_ctx *ctx, struct err *e)
{
	static const char *const units[] = {"nfs-server.service", "nfs-kernel-server.service"};
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		autofree char *unit = NULL;
		if (systemd_unit_path(ctx, units[i], &unit, e) < 0)
			return -1;
		if (unit)
			return systemd_enable(ctx, units[i], "multi-user.target",
					      "NFS server on at boot", e);
	}
	plan_note(ctx, "the NFS server is not switched on: this image has no systemd unit for it");
	return 0;
}

/* The server's programs; without them the exports wait for the package. */
static int plan_programs(struct plan_ctx *ctx, struct err *e)
{
	int exportfs = program_present(ctx, "exportfs", e);
	int nfsd = exportfs < 0 ? -1 : program_present(ctx, "rpc.nfsd", e);
	if (nfsd < 0)
		return -1;
	if (exportfs && nfsd)
		return plan_service(ctx, e);
	plan_note(ctx, "nfs-kernel-server is not in this image: nothing is served over NFS until "
		       "that package, or nfs-utils, is installed");
	return 0;
}

/* The first role whose nodes have no card to register with; NULL: they all have. */
static const char *find_stranger(const struct cluster *c)
{
	for (size_t i = 0; i < c->n_members; i++) {
		const struct node *n = &c->members[i].nodes[0];
		if (n != cluster_registry(c) && !cluster_has_card(c, n))
			return n->role;
	}
	return NULL;
}

/*
 * Whom this node serves: the networks of all nodes, or nobody in this file, when the registry has a
 * line for each node that it accepted (render/exports.c).
 */
static int plan_networks(struct plan_ctx *ctx, struct strv *ret, struct err *e)
{
	const char *stranger = find_stranger(ctx->cluster);
	int registry = nodectl_is_here(ctx, e);
	if (registry < 0)
		return -1;
	if (registry && stranger)
		plan_note(
			ctx,
			"the shares are served to whole networks, decommissioned nodes included: "
			"the nodes of role '%s' do not register, for that takes 'firstboot = true' "
			"in their profile",
			stranger);
	if (registry && !stranger)
		return plan_mkdir(ctx, "/etc/exports.d", ATTR_ROOT(0755),
				  "what the registry's nodes may mount", e);
	server_networks(ctx->cluster, ret);
	return 0;
}

/* The files that an overlay has for the share. */
static int plan_overlay(struct plan_ctx *ctx, const struct share *s, const char *name,
			struct loc loc, struct err *e)
{
	auto_overlay o = {0};
	struct fs_stat st;
	if (overlay_open(ctx->profile, name, loc, &o, e) < 0 || plan_stat(ctx, s->path, &st, e) < 0)
		return -1;
	autofree char *from = path_join(o.dir, "share");
	autofree char *why = xasprintf("overlay '%s', for the share", name);
	const struct overlay_copy copy = {.from = from,
					  .below = s->path,
					  .to = s->path,
					  .uid = st.uid,
					  .gid = st.gid,
					  .why = why};
	return overlay_plan_copy(ctx, &copy, e);
}

static int plan_content(struct plan_ctx *ctx, const struct share *s, struct err *e)
{
	const struct value *v = profile_get(ctx->profile, "overlays");
	for (size_t i = 0; i < v->list.n; i++) {
		struct loc loc = v->list_loc ? v->list_loc[i] : v->loc;
		if (plan_overlay(ctx, s, v->list.v[i], loc, e) < 0)
			return -1;
	}
	return 0;
}

int nfs_plan_server(struct plan_ctx *ctx, const struct share *shares, size_t n, struct err *e)
{
	auto_str old = STR_INIT, body = STR_INIT, text = STR_INIT;
	auto_strv networks = {0};
	if (plan_networks(ctx, &networks, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (networks.n)
			add_export(&body, &shares[i], &networks);
		if (nfs_plan_directory(ctx, &shares[i], shares[i].path, "served over NFS", e) < 0 ||
		    plan_content(ctx, &shares[i], e) < 0)
			return -1;
	}
	if (text_read_optional(ctx, EXPORTS, &old, e) < 0)
		return -1;
	block_set(&text, str_text(&old), SHARES_BLOCK, str_text(&body));
	if (plan_write(ctx, EXPORTS, str_text(&text), text.len, ATTR_KEEP,
		       "directories for the other nodes", e) < 0 ||
	    plan_version(ctx, e) < 0)
		return -1;
	return plan_programs(ctx, e);
}
