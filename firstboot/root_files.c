/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "root_files.h"

#define FILE_MAX (1u << 20)

static const struct ctx *ctx_of(const struct files *f)
{
	return ((const struct root_files *)f->ctx)->ctx;
}

static int kind_of(const struct files *f, const char *path, enum files_kind *ret, struct err *e)
{
	struct stat st;
	int there = root_stat(ctx_of(f), path, &st, e);
	if (there < 0)
		return -1;
	*ret = !there		     ? FILES_NONE
	       : S_ISREG(st.st_mode) ? FILES_REGULAR
	       : S_ISDIR(st.st_mode) ? FILES_DIR
				     : FILES_OTHER;
	return 0;
}

static int exists(const struct files *f, const char *path, struct err *e)
{
	return root_exists(ctx_of(f), path, e);
}

static int read_link(const struct files *f, const char *path, char **ret, struct err *e)
{
	auto_str target = STR_INIT;
	int there = root_readlink(ctx_of(f), path, &target, e);
	if (there < 0)
		return -1;
	*ret = there ? str_steal(&target) : NULL;
	return 0;
}

static int read_text(const struct files *f, const char *path, struct str *out, struct err *e)
{
	int there = root_read(ctx_of(f), path, FILE_MAX, out, e);
	if (there > 0 && strlen(str_text(out)) != out->len)
		return err_set(e, ERR_FAILED,
			       "%s: has NUL bytes and cannot be edited; repair or replace it",
			       path);
	return there;
}

static int list(const struct files *f, const char *path, struct strv *ret, struct err *e)
{
	return root_list(ctx_of(f), path, ret, e) < 0 ? -1 : 0;
}

/* What the root_ functions return, counted. */
static int count(const struct files *f, int changed)
{
	if (changed > 0)
		((struct root_files *)f->ctx)->changes++;
	return changed < 0 ? -1 : 0;
}

static int write_text(const struct files *f, const char *path, const struct str *text,
		      struct err *e)
{
	return count(f,
		     root_replace(ctx_of(f), path, str_text(text), text->len, ROOT_MODE_KEEP, e));
}

static int make_link(const struct files *f, const char *path, const char *target, struct err *e)
{
	return count(f, root_symlink(ctx_of(f), path, target, e));
}

static int remove_path(const struct files *f, const char *path, struct err *e)
{
	return count(f, root_remove(ctx_of(f), path, e));
}

static void note(const struct files *f, const char *text)
{
	struct str *notes = &((struct root_files *)f->ctx)->notes;
	str_printf(notes, "%s%s", notes->len ? "; " : "", text);
}

void root_files_init(struct root_files *f, const struct ctx *ctx)
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
	*f = (struct root_files){.ctx = ctx};
	f->files = (struct files){&ops, f, NULL, "on this board"};
}

void root_files_done(struct root_files *f)
{
	str_done(&f->notes);
}
