/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "edit.h"
#include "mem.h"
#include "nfs.h"
#include "program.h"
#include "systemd.h"
#include "text.h"
#include "validate.h"

#define EXPORTS "/etc/exports"
#define CONFIG_DIR "/etc/nfs.conf.d"

/* "10.0.0.0/24"; owned. */
static char *network_of(const struct node *n)
{
	uint32_t address = 0;
	auto_err e = ERR_INIT;
	/* The profile's address was judged when the cluster was planned. */
	if (validate_ipv4(n->address, &address, &e) < 0)
		return NULL;
	address &= n->prefix ? UINT32_MAX << (32 - n->prefix) : 0;
	return xasprintf("%u.%u.%u.%u/%u", address >> 24, (address >> 16) & 255,
			 (address >> 8) & 255, address & 255, n->prefix);
}

/* The networks of all planned nodes, each once. */
static void list_networks(const struct cluster *c, struct strv *ret)
{
	for (size_t i = 0; i < c->n_members; i++) {
		const struct member *m = &c->members[i];
		for (size_t j = 0; j < m->n_nodes; j++) {
			autofree char *network = m->nodes[j].address ? network_of(&m->nodes[j])
								     : NULL;
			if (network && !strv_has(ret, network))
				strv_add(ret, network);
		}
	}
}

/* exports(5): blanks, quotes and '#' are octal escapes. */
static void add_escaped(struct str *out, const char *path)
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
	add_escaped(out, s->path);
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

int nfs_plan_server(struct plan_ctx *ctx, const struct share *shares, size_t n, struct err *e)
{
	auto_str old = STR_INIT, body = STR_INIT, text = STR_INIT;
	auto_strv networks = {0};
	list_networks(ctx->cluster, &networks);
	for (size_t i = 0; i < n; i++) {
		add_export(&body, &shares[i], &networks);
		if (nfs_plan_directory(ctx, &shares[i], shares[i].path, "served over NFS", e) < 0)
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
