/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plan_files.h"
#include "text.h"

static int kind_of(const struct files *f, const char *path, enum files_kind *ret, struct err *e)
{
	struct fs_stat st;
	if (plan_stat(f->ctx, path, &st, e) < 0)
		return -1;
	*ret = st.type == FILE_NONE	 ? FILES_NONE
	       : st.type == FILE_REGULAR ? FILES_REGULAR
	       : st.type == FILE_DIR	 ? FILES_DIR
					 : FILES_OTHER;
	return 0;
}

static int exists(const struct files *f, const char *path, struct err *e)
{
	return plan_exists(f->ctx, path, e);
}

static int read_link(const struct files *f, const char *path, char **ret, struct err *e)
{
	return plan_readlink(f->ctx, path, ret, e);
}

static int read_text(const struct files *f, const char *path, struct str *out, struct err *e)
{
	return text_read_optional(f->ctx, path, out, e);
}

static int list(const struct files *f, const char *path, struct strv *ret, struct err *e)
{
	return plan_list(f->ctx, path, ret, e);
}

static int write_text(const struct files *f, const char *path, const struct str *text,
		      struct err *e)
{
	return plan_write(f->ctx, path, str_text(text), text->len, ATTR_KEEP, f->why, e);
}

static int make_link(const struct files *f, const char *path, const char *target, struct err *e)
{
	return plan_symlink(f->ctx, path, target, f->why, e);
}

static int remove_path(const struct files *f, const char *path, struct err *e)
{
	return plan_remove(f->ctx, path, f->why, e);
}

static void note(const struct files *f, const char *text)
{
	plan_note(f->ctx, "%s", text);
}

struct files plan_files(struct plan_ctx *ctx, const char *why)
{
	static const struct files_ops ops = {
		.kind = kind_of,
		.exists = exists,
		.readlink = read_link,
		.read = read_text,
		.list = list,
		.write = write_text,
		.symlink = make_link,
		.remove = remove_path,
		.note = note,
	};
	return (struct files){&ops, ctx, why, "in the image"};
}
