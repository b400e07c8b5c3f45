/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registration with the master (docs/registration.md): what firstboot on the node needs for it. */
#include <string.h>

#include "firstboot.h"
#include "mem.h"
#include "nodectl.h"
#include "program.h"
#include "sshkey.h"
#include "systemd.h"

#define SERVICE "cardstock-network.service"
#define CARD "/var/lib/cardstock/join"
#define SPREAD_MAX 120u /* seconds */
#define WHY "the node registers with the master"

/* The master, when nodes of this role register with it; NULL: they do not. */
static const struct node *find_registry(const struct plan_ctx *ctx)
{
	const struct member *m = cluster_member(ctx->cluster, profile_str(ctx->profile, "role"));
	return m && cluster_has_card(ctx->cluster, &m->nodes[0]) ? cluster_registry(ctx->cluster)
								 : NULL;
}

/* 1: the image has what starts the network phase, and ssh. */
static int can_join(struct plan_ctx *ctx, struct err *e)
{
	autofree char *unit = NULL;
	if (systemd_unit_path(ctx, SERVICE, &unit, e) < 0)
		return -1;
	return unit ? program_present(ctx, "ssh", e) : 0;
}

/* Boards that are switched on together come one after the other. */
static unsigned spread(const struct cluster *c)
{
	size_t boards = 0;
	for (size_t i = 0; i < c->n_members; i++)
		boards += c->members[i].n_nodes;
	return boards / 10 < SPREAD_MAX ? (unsigned)(boards / 10) : SPREAD_MAX;
}

int firstboot_add_join(struct plan_ctx *ctx, struct str *settings, struct err *e)
{
	const struct node *master = find_registry(ctx);
	auto_str ca = STR_INIT;
	int able = master ? can_join(ctx, e) : 0;
	if (able <= 0)
		return able;
	if (cluster_read(ctx->cluster, "keys/host-ca.pub", &ca, e) < 0)
		return -1;
	autofree char *key = sshkey_plain(str_text(&ca));
	str_printf(settings, "register = %s@%s:%d\nregister-name = %s\nhost-ca = %s\nspread = %u\n",
		   NODECTL_USER, master->address, NODECTL_PORT, master->hostname, key,
		   spread(ctx->cluster));
	return 0;
}

/* The service may speak to nobody else. */
int firstboot_plan_join(struct plan_ctx *ctx, struct err *e)
{
	const struct node *master = find_registry(ctx);
	int able = master ? can_join(ctx, e) : 0;
	if (able < 0)
		return -1;
	if (master && !able)
		plan_note(ctx,
			  "the nodes do not register with %s: openssh-client is not in this "
			  "image; what is served to registered nodes alone they may not mount",
			  master->hostname);
	if (!able)
		return 0;
	autofree char *text = xasprintf("# Written by Cardstock: whom the board registers with.\n"
					"[Service]\nIPAddressAllow=%s\n",
					master->address);
	return plan_write_text(ctx, UNIT_ADMIN_DIR "/" SERVICE ".d/20-register.conf", text,
			       ATTR_ROOT(0644), WHY, e);
}

static int plan_file(struct plan_ctx *ctx, const char *suffix, struct err *e)
{
	autofree char *from = cluster_card_file(ctx->node, suffix);
	autofree char *to = xasprintf(CARD "/card%s", suffix);
	auto_str text = STR_SECRET;
	if (cluster_read(ctx->cluster, from, &text, e) < 0)
		return -1;
	if (*suffix)
		return plan_write(ctx, to, str_text(&text), text.len, ATTR_ROOT(0644), WHY, e);
	return plan_write_secret(ctx, to, str_text(&text), text.len, ATTR_ROOT(0400), WHY, e);
}

/* A node of the plan is one without its master, too; a board without a name is nothing. */
static int no_use(const struct plan_ctx *ctx, struct err *e)
{
	return err_at(e, profile_get(ctx->profile, "base")->loc,
		      "--generic: boards with this image could not register, which takes systemd "
		      "and openssh-client in it; add them to the base, or choose another");
}

int firstboot_plan_card(struct plan_ctx *ctx, struct err *e)
{
	int able = find_registry(ctx) ? can_join(ctx, e) : 0;
	if (able == 0 && ctx->node->unplanned)
		return no_use(ctx, e);
	if (able <= 0)
		return able;
	if (plan_mkdir(ctx, CARD, ATTR_ROOT(0700), WHY, e) < 0 || plan_file(ctx, "", e) < 0)
		return -1;
	return plan_file(ctx, "-cert.pub", e);
}
