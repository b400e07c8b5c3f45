/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "edit_sudoers.h"
#include "mem.h"
#include "sudoers.h"
#include "text.h"

/* What is read, and what of the files was. */
struct reading {
	struct plan_ctx *ctx;
	struct strv seen;
	struct str *out;
};

static int read_file(struct reading *r, const char *path, struct err *e);

static int read_dir(struct reading *r, const char *dir, struct err *e)
{
	auto_strv names = {0};
	if (plan_list(r->ctx, dir, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(dir, *name);
		if (!strchr(*name, '.') && !str_ends(*name, "~") && read_file(r, path, e) < 0)
			return -1;
	}
	return 0;
}

static int read_file(struct reading *r, const char *path, struct err *e)
{
	auto_str text = STR_INIT;
	struct fs_stat st;
	size_t len;
	if (strv_has(&r->seen, path))
		return 0;
	strv_add(&r->seen, path);
	if (plan_stat(r->ctx, path, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR)
		return 0;
	if (text_read(r->ctx, path, &text, e) < 0)
		return -1;
	for (const char *at = str_text(&text); *at; at += len) {
		bool is_dir;
		autofree char *included = sudoers_included(at, &len, &is_dir);
		if (!included)
			str_add(r->out, at, len);
		else if ((is_dir ? read_dir : read_file)(r, included, e) < 0)
			return -1;
	}
	if (r->out->len && r->out->data[r->out->len - 1] != '\n')
		str_puts(r->out, "\n");
	return 0;
}

int sudoers_read(struct plan_ctx *ctx, struct str *out, struct err *e)
{
	struct reading r = {.ctx = ctx, .out = out};
	int done = read_file(&r, SUDOERS, e);
	strv_done(&r.seen);
	return done;
}
