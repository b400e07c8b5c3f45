/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The files of packages on the card, where firstboot looks for them, and SHA256SUMS, which tells
 * them from those that an overlay brings.  `sha256sum -c` reads it.
 */
#include <string.h>

#include "firstboot.h"
#include "hash.h"
#include "mem.h"
#include "packages.h"
#include "text.h"

#define DIR "/var/lib/cardstock/packages"
#define LIST DIR "/SHA256SUMS"
#define LIST_WHY "what mkimage put here"
#define OLD_WHY "a package that is not wanted any more"
#define DEB_MAX (UINT64_C(4) << 30)
#define MIB (UINT64_C(1) << 20)

/* Which request the list is for: its first line. */
static char *header(const struct strv *names, bool downloads)
{
	autofree char *all = strv_join(names, " ");
	return xasprintf("# Written by Cardstock, %s: %s\n",
			 downloads ? "downloaded by the board" : "on the card", all);
}

/* ---- what a list says ---- */

struct entry {
	char *sha256, *file;
};

static void entry_done(struct entry *entry)
{
	free(entry->sha256);
	free(entry->file);
	*entry = (struct entry){0};
}

#define auto_entry __attribute__((cleanup(entry_done))) struct entry

/* "SUM  FILE"; false: it is no such line. */
static bool read_entry(const char *line, struct entry *ret)
{
	auto_err ignored = ERR_INIT;
	auto_strv words = {0};
	strv_split(&words, line, " ");
	if (words.n != 2 || strchr(words.v[1], '/') || !str_ends(words.v[1], ".deb") ||
	    hash_parse(words.v[0], LIST, &ret->sha256, &ignored) < 0)
		return false;
	ret->file = xstrdup(words.v[1]);
	return true;
}

/* ---- room ---- */

/* A file that a former plan put there takes no more room. */
static int bytes_to_write(struct plan_ctx *ctx, const struct apt_set *set, uint64_t *ret,
			  struct err *e)
{
	for (size_t i = 0; i < set->n; i++) {
		autofree char *path = path_join(DIR, set->v[i].file);
		struct fs_stat st;
		if (plan_stat(ctx, path, &st, e) < 0)
			return -1;
		*ret += st.size == set->v[i].bytes && st.type == FILE_REGULAR ? 0 : set->v[i].bytes;
	}
	return 0;
}

static uint64_t sum_installed(const struct apt_set *set)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < set->n; i++)
		sum += set->v[i].installed;
	return sum;
}

/* The size that would do, in steps of 64 MiB; the file system's own tables take 1/32 of it. */
static char *advice(const struct plan_ctx *ctx, uint64_t missing)
{
	if (!ctx->image_size)
		return xstrdup("enlarge it by image-size");
	uint64_t size = ctx->image_size + missing + missing / 16 + 4 * MIB;
	size = (size + 64 * MIB - 1) / (64 * MIB) * 64;
	return xasprintf("set image-size = \"%lluM\" or more", (unsigned long long)size);
}

/* Where the root grows on the board, the card decides whether there is room for what is installed.
 */
int packages_check_room(struct plan_ctx *ctx, const struct apt_set *set, struct err *e)
{
	const char *inner;
	struct fs *root = tree_fs(ctx->tree, DIR, &inner);
	uint64_t room = 0, files = 0, installed = sum_installed(set);
	int grows = firstboot_grows(ctx, e);
	if (grows < 0 || bytes_to_write(ctx, set, &files, e) < 0)
		return -1;
	if (!root->ops->room)
		return 0;
	if (root->ops->room(root, &room, e) < 0)
		return -1;
	uint64_t needed = files + (grows ? 0 : installed);
	needed += needed / 32;
	room += ctx->image_grows - ctx->image_grows / 32;
	if (needed <= room)
		return 0;
	autofree char *what = format_size(needed), *has = format_size(room);
	autofree char *deb = format_size(files), *on_disk = format_size(installed);
	autofree char *do_it = advice(ctx, needed - room);
	return err_set(e, ERR_SPACE,
		       "no room on the root file system: %s are needed (%s of packages%s%s%s), %s "
		       "are free; %s",
		       what, deb, grows ? "" : ", ", grows ? "" : on_disk,
		       grows ? "" : " of what they install", has, do_it);
}

/* ---- the plan ---- */

/* Those of the list in the image that the set has not. */
static int remove_old(struct plan_ctx *ctx, const struct apt_set *set, struct err *e)
{
	auto_str text = STR_INIT;
	auto_strv lines = {0};
	if (text_read_optional(ctx, LIST, &text, e) < 0)
		return -1;
	strv_split(&lines, str_text(&text), "\n");
	strv_foreach (line, &lines) {
		auto_entry entry = {0};
		bool wanted = !read_entry(*line, &entry);
		for (size_t i = 0; !wanted && i < set->n; i++)
			wanted = strcmp(set->v[i].file, entry.file) == 0;
		if (wanted)
			continue;
		autofree char *path = path_join(DIR, entry.file);
		if (plan_remove(ctx, path, OLD_WHY, e) < 0)
			return -1;
	}
	return 0;
}

static int plan_package(struct plan_ctx *ctx, const struct strv *names, const struct apt_package *p,
			struct err *e)
{
	autofree char *path = path_join(DIR, p->file);
	autofree char *why =
		xasprintf("%s %s, %llu bytes%s", p->name, p->version, (unsigned long long)p->bytes,
			  strv_has(names, p->name) ? ", of the profile" : ", which others need");
	return plan_write_file(ctx, path, p->path, ATTR_ROOT(0644), why, e);
}

static void note_sum(struct plan_ctx *ctx, const struct apt_set *set)
{
	uint64_t bytes = 0;
	for (size_t i = 0; i < set->n; i++)
		bytes += set->v[i].bytes;
	autofree char *size = format_size(bytes), *installed = format_size(sum_installed(set));
	plan_note(ctx, "packages on the card: %zu, %llu bytes (%s); once installed they take %s",
		  set->n, (unsigned long long)bytes, size, installed);
}

int packages_plan_files(struct plan_ctx *ctx, const struct strv *names, const struct apt_set *set,
			struct err *e)
{
	auto_str list = STR_INIT;
	autofree char *first = header(names, false);
	if (remove_old(ctx, set, e) < 0)
		return -1;
	str_puts(&list, first);
	for (size_t i = 0; i < set->n; i++)
		str_printf(&list, "%s  %s\n", set->v[i].sha256, set->v[i].file);
	if (plan_write(ctx, LIST, str_text(&list), list.len, ATTR_ROOT(0644), LIST_WHY, e) < 0)
		return -1;
	for (size_t i = 0; i < set->n; i++) {
		if (plan_package(ctx, names, &set->v[i], e) < 0)
			return -1;
	}
	if (set->n)
		note_sum(ctx, set);
	return 0;
}

int packages_plan_download(struct plan_ctx *ctx, const struct strv *names, struct err *e)
{
	autofree char *list = header(names, true);
	if (remove_old(ctx, &(struct apt_set){0}, e) < 0)
		return -1;
	return plan_write_text(ctx, LIST, list, ATTR_ROOT(0644), LIST_WHY, e);
}

int packages_plan_none(struct plan_ctx *ctx, struct err *e)
{
	if (remove_old(ctx, &(struct apt_set){0}, e) < 0)
		return -1;
	return plan_remove(ctx, LIST, OLD_WHY, e);
}

/* ---- verify ---- */

static int check_file(struct plan_ctx *ctx, const struct entry *entry, struct err *e)
{
	auto_str data = STR_INIT;
	auto_hash *h = hash_new();
	autofree char *path = path_join(DIR, entry->file);
	if (tree_read(ctx->finished, path, DEB_MAX, &data, e) < 0)
		return -1;
	hash_add(h, str_text(&data), data.len);
	autofree char *is = hash_hex(h);
	if (strcmp(is, entry->sha256) == 0)
		return 0;
	return err_set(e, ERR_CHECK,
		       "%s: the content differs: its sum is not that of " LIST
		       "; build the image again",
		       path);
}

/*
 * Which versions a build took cannot be told later: the lists of packages may be others.  So the
 * image is held against its own list, and the list against the profile.
 */
int packages_check_finished(struct plan_ctx *ctx, const struct strv *names, struct err *e)
{
	struct fs_stat st;
	auto_str text = STR_INIT;
	auto_strv lines = {0};
	autofree char *carried = header(names, false), *downloaded = header(names, true);
	if (tree_stat_follow(ctx->finished, LIST, &st, e) < 0)
		return -1;
	if (st.type == FILE_REGULAR && tree_read(ctx->finished, LIST, PLAN_READ_MAX, &text, e) < 0)
		return -1;
	const char *list = str_text(&text);
	if (!str_starts(list, carried) && !str_starts(list, downloaded))
		list = carried;
	strv_split(&lines, list, "\n");
	strv_foreach (line, &lines) {
		auto_entry entry = {0};
		if (read_entry(*line, &entry) && check_file(ctx, &entry, e) < 0)
			return -1;
	}
	return plan_write_text(ctx, LIST, list, ATTR_ROOT(0644), LIST_WHY, e);
}
