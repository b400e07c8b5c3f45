/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The settings file of firstboot, as firstboot/settings.h has it. */
#include <string.h>

#include "edit.h"
#include "firstboot.h"
#include "mem.h"
#include "nfs.h"
#include "ntp.h"
#include "packages.h"
#include "text.h"
#include "uuid.h"

#define SETTINGS "/etc/cardstock/firstboot.conf"
#define NODE "node"
#define BEGIN_NODE "# BEGIN cardstock " NODE "\n"
#define GROW "grow = yes\n"
#define WHY "what firstboot makes of the board"

static void add_text(struct str *out, const char *name, const char *value)
{
	if (value)
		str_printf(out, "%s = %s\n", name, value);
}

static void add_list(struct str *out, const char *name, const struct strv *values)
{
	strv_foreach (value, values)
		add_text(out, name, *value);
}

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

/* Where the boot partition is mounted; NULL: there is none. */
static const char *boot_place(const struct plan_ctx *ctx)
{
	static const char *const places[] = {"/boot/firmware", "/boot"};
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (tree_is_mount(ctx->tree, places[i]))
			return places[i];
	}
	return NULL;
}

static int add_packages(struct plan_ctx *ctx, struct str *out, struct err *e)
{
	auto_wanted w = {0};
	auto_strv names = {0};
	int fit = packages_fit(ctx, e);
	if (fit <= 0)
		return fit;
	if (wanted_collect(ctx->profile, ctx->cluster, &w, e) < 0)
		return -1;
	wanted_names(&w, &names);
	add_list(out, "package", &names);
	return 0;
}

static int add_role(struct plan_ctx *ctx, bool grows, struct str *out, struct err *e)
{
	const struct profile *p = ctx->profile;
	str_puts(out, "# Written by Cardstock for firstboot(8).\nversion = 1\n");
	add_text(out, "cluster", ctx->cluster->name);
	add_text(out, "role", profile_str(p, "role"));
	add_text(out, "boot", boot_place(ctx));
	str_puts(out, grows ? GROW : "grow = no\n");
	add_text(out, "target", profile_str(p, "target"));
	add_list(out, "disable", section_list(&p->top, "disable-units"));
	add_list(out, "mask", section_list(&p->top, "mask-units"));
	add_list(out, "enable", section_list(&p->top, "enable-units"));
	return add_packages(ctx, out, e);
}

int firstboot_grows(struct plan_ctx *ctx, struct err *e)
{
	auto_str text = STR_INIT;
	if (text_read_optional(ctx, SETTINGS, &text, e) < 0)
		return -1;
	return strstr(str_text(&text), "\n" GROW) != NULL;
}

static int write_settings(struct plan_ctx *ctx, const struct str *text, struct err *e)
{
	return plan_write(ctx, SETTINGS, str_text(text), text->len, ATTR_ROOT(0644), WHY, e);
}

/* What an image that was patched before says of its node stays, or it would be planned again. */
int firstboot_plan_settings(struct plan_ctx *ctx, bool grows, struct err *e)
{
	auto_str before = STR_INIT, text = STR_INIT;
	if (text_read_optional(ctx, SETTINGS, &before, e) < 0 || add_role(ctx, grows, &text, e) < 0)
		return -1;
	const char *node = strstr(str_text(&before), BEGIN_NODE);
	if (firstboot_add_join(ctx, &text, e) < 0)
		return -1;
	str_puts(&text, node ? node : "");
	return write_settings(ctx, &text, e);
}

/*
 * Another one when cluster, settings or name are: equal input gives equal ids.  Not the time of the
 * build: verify plans on a finished image too, which does not know it.
 */
static void add_build(const struct plan_ctx *ctx, const char *role, struct str *out)
{
	autofree char *label = xasprintf("firstboot build\n%s%s", role, str_text(out));
	uint8_t id[UUID_LEN];
	char text[UUID_TEXT];
	cluster_derive(ctx->cluster, label, id);
	uuid_format(id, text);
	add_text(out, "build", text);
}

/* firstboot-static cannot ask systemd for them; then fstab alone has to do. */
static int find_mounts(struct plan_ctx *ctx, struct strv *ret, struct err *e)
{
	auto_str text = STR_INIT;
	int is_static = text_read_optional(ctx, FIRSTBOOT_STATIC_NETWORK, &text, e);
	if (is_static)
		return is_static < 0 ? -1 : 0;
	return nfs_mount_points(ctx, ret, e);
}

static int add_node(struct plan_ctx *ctx, const char *role, struct str *out, struct err *e)
{
	const struct node *n = ctx->node;
	auto_strv mounts = {0};
	int ntp = ntp_is_expected(ctx, e);
	if (ntp < 0 || find_mounts(ctx, &mounts, e) < 0)
		return -1;
	if (!n->unplanned)
		add_text(out, "hostname", n->hostname);
	if (n->address)
		str_printf(out, "address = %s/%u\n", n->address, n->prefix);
	add_text(out, "ntp", yes_no(ntp));
	add_list(out, "mount", &mounts);
	add_build(ctx, role, out);
	return 0;
}

int firstboot_plan_node_settings(struct plan_ctx *ctx, struct err *e)
{
	auto_str role = STR_INIT, before = STR_INIT, lines = STR_INIT, text = STR_INIT;
	int found = text_read_optional(ctx, SETTINGS, &before, e);
	if (found <= 0) /* nothing starts firstboot in this image */
		return found;
	block_set(&role, str_text(&before), NODE, "");
	if (add_node(ctx, str_text(&role), &lines, e) < 0)
		return -1;
	block_set(&text, str_text(&role), NODE, str_text(&lines));
	return write_settings(ctx, &text, e);
}
