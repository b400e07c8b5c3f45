/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files that name a file system or partition by its id follow the ids that the node gets.  The
 * ids themselves are not a file's: identity.h puts them into the image.  Last of all, so that what
 * the others wrote follows too.
 */
#include "identity.h"

#include <string.h>

#include "custom.h"
#include "mem.h"

static const struct key keys[] = {
	{.name = "fresh-ids",
	 .type = KEY_STRING,
	 .fallback = "auto",
	 .help = "each node its own disk id, PARTUUIDs and UUIDs; auto: when several are planned",
	 .allowed = "auto|true|false"},
	{.name = NULL},
};

/* Boot loaders' and the system's own, where images have them. */
static const char *const files[] = {
	"/etc/crypttab",
	"/etc/default/flash-kernel",
	"/etc/default/grub",
	"/etc/default/raspi-extra-cmdline",
	"/etc/default/raspi-firmware",
	"/etc/default/u-boot",
	"/etc/fstab",
	"/etc/initramfs-tools/conf.d/resume",
	"/etc/kernel/cmdline",
	"/boot/armbianEnv.txt",
	"/boot/boot.cmd",
	"/boot/boot.ini",
	"/boot/cmdline.txt",
	"/boot/extlinux/extlinux.conf",
	"/boot/grub/grub.cfg",
	"/boot/grub2/grub.cfg",
	"/boot/grub2/grubenv",
	"/boot/uEnv.txt",
	"/boot/firmware/btcmd.txt",
	"/boot/firmware/cmdline.txt",
	"/boot/firmware/current/cmdline.txt",
	"/boot/firmware/extlinux/extlinux.conf",
	"/boot/firmware/nobtcmd.txt",
	"/boot/firmware/uEnv.txt",
};

/* U-Boot's scripts in a wrapper with checksums. */
static const char *const scripts[] = {
	"/boot/boot.scr",
	"/boot/boot.scr.uimg",
	"/boot/firmware/boot.scr",
};

#define ENTRIES "/boot/loader/entries" /* Boot Loader Specification, type 1 */
#define WHY "the node's own ids"

/* The ids of one node. */
struct follow {
	struct plan_ctx *ctx;
	struct id_change *changes;
	size_t n;
};

static int follow_file(const struct follow *f, const char *path, struct err *e)
{
	auto_str old = STR_INIT, text = STR_INIT;
	int found = plan_read_optional(f->ctx, path, &old, e);
	if (found <= 0 || !id_changes_replace(f->changes, f->n, str_text(&old), old.len, &text))
		return found < 0 ? -1 : 0;
	return plan_write(f->ctx, path, text.data, text.len, ATTR_KEEP, WHY, e);
}

static int follow_script(const struct follow *f, const char *path, struct err *e)
{
	auto_str old = STR_INIT, text = STR_INIT;
	int found = plan_read_optional(f->ctx, path, &old, e);
	if (found <= 0 || !id_changes_replace(f->changes, f->n, str_text(&old), old.len, &text))
		return found < 0 ? -1 : 0;
	if (!script_image_seal(text.data, text.len))
		return err_at(e, profile_get(f->ctx->profile, "fresh-ids")->loc,
			      "fresh-ids: %s names a file system by its id, and is in no form "
			      "that mkimage can change; set it to false",
			      path);
	return plan_write(f->ctx, path, text.data, text.len, ATTR_KEEP, WHY, e);
}

static int follow_entries(const struct follow *f, struct err *e)
{
	auto_strv names = {0};
	if (plan_list(f->ctx, ENTRIES, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(ENTRIES, *name);
		if (str_ends(*name, ".conf") && follow_file(f, path, e) < 0)
			return -1;
	}
	return 0;
}

static int follow_all(const struct follow *f, struct err *e)
{
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		if (follow_file(f, files[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		if (follow_script(f, scripts[i], e) < 0)
			return -1;
	}
	return follow_entries(f, e);
}

static int plan_node(struct plan_ctx *ctx, struct err *e)
{
	if (!ctx->identity)
		return 0;
	auto_disk *want = identity_want(ctx->identity, ctx->cluster, ctx->node->hostname);
	autofree struct id_change *changes = NULL;
	const struct disk *base = ctx->identity->base ? ctx->identity->base : ctx->identity->disk;
	struct follow f = {.ctx = ctx};
	f.n = identity_compare(base, want, &changes);
	f.changes = changes;
	return f.n ? follow_all(&f, e) : 0;
}

/* A cluster directory that is not made yet: the first build makes the seed. */
static bool has_seed(const struct cluster *c)
{
	static const uint8_t none[sizeof(c->seed)];
	return memcmp(c->seed, none, sizeof(none)) != 0;
}

static int has_initramfs(struct plan_ctx *ctx, bool *ret, struct err *e)
{
	static const char *const places[] = {"/boot", "/boot/firmware"};
	*ret = false;
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		auto_strv names = {0};
		if (plan_list(ctx, places[i], &names, e) < 0)
			return -1;
		strv_foreach (name, &names)
			*ret = *ret || str_starts(*name, "initr") || str_starts(*name, "uInitrd");
	}
	return 0;
}

/* initramfs-tools puts the id of swap into what it makes, where nothing can follow. */
static int note_swap(struct plan_ctx *ctx, const struct part *part, struct err *e)
{
	bool found;
	if (has_initramfs(ctx, &found, e) < 0)
		return -1;
	if (found)
		plan_note(ctx,
			  "partition %d, swap, gets a UUID of its own; an initramfs that looks for "
			  "a suspended system there waits half a minute for the old one: run "
			  "update-initramfs -u on the board",
			  part->number);
	return 0;
}

/* What stays equal on all nodes is said once. */
static int plan(struct plan_ctx *ctx, struct err *e)
{
	const struct identity *id = ctx->identity;
	if (!id)
		return 0;
	if (!has_seed(ctx->cluster))
		plan_note(ctx, "the ids shown are examples: the first build makes the cluster's "
			       "seed, from which they come");
	if (id->keep_table && id->disk->table != DISK_WHOLE)
		plan_note(ctx, "disk id and PARTUUIDs are the same on all nodes: %s",
			  id->keep_table);
	for (size_t i = 0; i < id->n_parts; i++) {
		const struct identity_part *p = &id->parts[i];
		/* A disk without a table has no partitions. */
		autofree char *name = p->part->number ? xasprintf("partition %d", p->part->number)
						      : xstrdup("the file system");
		if (p->keep)
			plan_note(ctx, "%s has the same UUID on all nodes: %s", name, p->keep);
		else if (p->needs_seed)
			plan_note(ctx, "%s gets metadata_csum_seed, so that its UUID can change",
				  name);
		else if (p->kind == IDENTITY_SWAP && *p->part->uuid &&
			 note_swap(ctx, p->part, e) < 0)
			return -1;
	}
	return 0;
}

const struct custom custom_identity = {
	.name = "identity",
	.help = "disk id, PARTUUIDs and UUIDs of each node's own, in the files that name them too",
	.keys = keys,
	.plan = plan,
	.plan_node = plan_node,
};
