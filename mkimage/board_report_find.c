/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "board_report.h"
#include "image_parts.h"
#include "log.h"
#include "mem.h"

/* Where firstboot leaves it (firstboot/report.h). */
#define ON_FAT "/cardstock-report.json"
#define ON_ROOT "/var/lib/cardstock/report.json"

/* image names it in messages, number is that of the partition. */
static int parse(const struct str *text, const char *image, int number, const char *file,
		 struct board_report *ret, struct err *e)
{
	autofree char *where = xasprintf("partition %d: %s", number, file);
	autofree char *what = xasprintf("%s: %s", image, where);
	if (board_report_parse(str_text(text), text->len, what, ret, e) < 0)
		return -1;
	ret->where = steal(&where);
	return 1;
}

static int read_part(const struct image_open *o, const struct part *p, struct board_report *ret,
		     struct err *e)
{
	auto_fs *fs = NULL;
	auto_str text = STR_INIT;
	struct fs_stat st;
	if (image_open_part(o, p, false, &fs, e) < 0 || fs->ops->stat(fs, ON_FAT, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR)
		return 0;
	if (fs->ops->read(fs, ON_FAT, BOARD_REPORT_MAX, &text, e) < 0)
		return -1;
	return parse(&text, o->path, p->number, ON_FAT, ret, e);
}

static int read_root(struct image *i, struct board_report *ret, struct err *e)
{
	auto_str text = STR_INIT;
	struct fs_stat st;
	if (tree_stat_follow(i->tree, ON_ROOT, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR)
		return 0;
	if (tree_read(i->tree, ON_ROOT, BOARD_REPORT_MAX, &text, e) < 0)
		return -1;
	return parse(&text, i->name, i->root, ON_ROOT, ret, e);
}

/* The reason that came first is the one that counts. */
static void keep_first(struct err *first, struct err *another)
{
	log_debug("%s", another->msg);
	if (first->msg)
		return;
	*first = *another;
	*another = (struct err)ERR_INIT;
}

int board_report_find(const char *path, const struct disk *d, struct image *image,
		      struct board_report *ret, struct err *e)
{
	const struct image_open o = {.path = path};
	auto_err first = ERR_INIT;
	int found = 0;
	for (size_t i = 0; found <= 0 && i < d->n_parts; i++) {
		auto_err why = ERR_INIT;
		found = part_is_fat(&d->parts[i]) ? read_part(&o, &d->parts[i], ret, &why) : 0;
		if (found < 0)
			keep_first(&first, &why);
	}
	if (found <= 0 && image) {
		auto_err why = ERR_INIT;
		found = read_root(image, ret, &why);
		if (found < 0)
			keep_first(&first, &why);
	}
	if (found <= 0 && first.msg)
		return err_set(e, first.code, "%s", first.msg);
	return found > 0;
}
