/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The planned cluster for nodectl, as common/roster.h has it. */
#include <string.h>

#include "mem.h"
#include "nfs.h"
#include "nodectl.h"
#include "ntp.h"
#include "roster.h"
#include "slurm.h"
#include "sshkey.h"

static void add(struct str *out, const char *key, const char *value)
{
	str_printf(out, "%s = %s\n", key, value);
}

static void add_list(struct str *out, const char *key, const struct strv *values)
{
	strv_foreach (value, values)
		add(out, key, *value);
}

static bool has_node(const struct cluster *c, const char *hostname)
{
	for (size_t i = 0; i < c->n_members; i++) {
		for (size_t j = 0; j < c->members[i].n_nodes; j++) {
			if (strcmp(c->members[i].nodes[j].hostname, hostname) == 0)
				return true;
		}
	}
	return false;
}

static int check_role(const struct plan_ctx *ctx, const char *role, struct loc loc, struct err *e)
{
	if (cluster_member(ctx->cluster, role))
		return 0;
	return err_at(e, loc, "role '%s' is not among the members", role);
}

/* What names roles and nodes names those of the cluster. */
static int check_names(const struct plan_ctx *ctx, const struct section *s, struct err *e)
{
	const struct value *join = section_get(s, "join"), *pins = section_get(s, "pin");
	const struct value *hardware = section_get(s, "hardware");
	if (join->str && check_role(ctx, join->str, join->loc, e) < 0)
		return -1;
	for (size_t i = 0; i < hardware->list.n; i++) {
		autofree char *role = xstrndup(hardware->list.v[i],
					       strcspn(hardware->list.v[i], " \t"));
		if (check_role(ctx, role, hardware->list_loc[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < pins->list.n; i++) {
		const char *name = strpbrk(pins->list.v[i], " \t");
		name += strspn(name, " \t"); /* the key's check has seen two words */
		if (!has_node(ctx->cluster, name))
			return err_at(e, pins->list_loc[i], "'%s' is no planned node", name);
	}
	return 0;
}

static void add_nodes(const struct cluster *c, struct str *out)
{
	for (size_t i = 0; i < c->n_members; i++) {
		for (size_t j = 0; j < c->members[i].n_nodes; j++) {
			const struct node *n = &c->members[i].nodes[j];
			str_printf(out, "node = %s %u %s ", n->role, n->number, n->hostname);
			if (n->address)
				str_printf(out, "%s/%u\n", n->address, n->prefix);
			else
				str_puts(out, "-\n");
		}
	}
}

static int add_services(struct plan_ctx *ctx, struct str *out, struct err *e)
{
	auto_strv servers = {0}, mounts = {0}, exports = {0};
	if (ntp_registry_lines(ctx, &servers, e) < 0 ||
	    nfs_registry_lines(ctx, &mounts, &exports, e) < 0)
		return -1;
	add_list(out, "ntp", &servers);
	add_list(out, "mount", &mounts);
	add_list(out, "export", &exports);
	return 0;
}

static int add_ca(struct plan_ctx *ctx, struct str *out, struct err *e)
{
	auto_str ca = STR_INIT;
	if (cluster_read(ctx->cluster, "keys/host-ca.pub", &ca, e) < 0)
		return -1;
	autofree char *key = sshkey_plain(str_text(&ca));
	add(out, "host-ca", key);
	return 0;
}

/* A key of the section, or the section slurm, which means both. */
static void add_choice(struct plan_ctx *ctx, struct str *out, const char *key,
		       const struct section *s)
{
	add(out, key, section_bool(s, key) || slurm_is_wanted(ctx->profile) ? "yes" : "no");
}

static int add_hardware(struct plan_ctx *ctx, struct str *out, const struct section *s,
			struct err *e)
{
	auto_strv hardware = {0};
	strv_foreach (line, section_list(s, "hardware"))
		strv_add(&hardware, *line);
	if (slurm_registry_lines(ctx, &hardware, e) < 0)
		return -1;
	add_list(out, "hardware", &hardware);
	return 0;
}

int nodectl_plan_roster(struct plan_ctx *ctx, const struct section *s, struct err *e)
{
	auto_str text = STR_INIT;
	if (check_names(ctx, s, e) < 0)
		return -1;
	str_printf(&text, "# Written by Cardstock for nodectl(8).\nversion = %d\n", ROSTER_VERSION);
	add(&text, "cluster", ctx->cluster->name);
	add(&text, "master", cluster_registry(ctx->cluster)->hostname);
	if (add_ca(ctx, &text, e) < 0)
		return -1;
	if (section_str(s, "join"))
		add(&text, "join", section_str(s, "join"));
	add_choice(ctx, &text, "slurm", s);
	add_choice(ctx, &text, "munge", s);
	if (add_services(ctx, &text, e) < 0 || add_hardware(ctx, &text, s, e) < 0)
		return -1;
	add_list(&text, "pin", section_list(s, "pin"));
	add_nodes(ctx->cluster, &text);
	return plan_write(ctx, ROSTER_PATH, str_text(&text), text.len, ATTR_ROOT(0644),
			  "the planned cluster", e);
}
