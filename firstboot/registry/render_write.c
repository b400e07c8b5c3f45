/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "block.h"
#include "diff.h"
#include "io.h"
#include "log.h"
#include "mem.h"
#include "render.h"
#include "run.h"
#include "utf8.h"

#define FILE_MAX_BYTES (16u << 20)
#define TEMP_SUFFIX ".cardstock-new"

/* A file as it is and as it should be. */
struct target {
	char *path;
	bool there, wanted;
	struct str is, should;
	struct io_attr attr; /* what it should have */
	bool attr_is_right;
};

static void target_done(struct target *t)
{
	free(t->path);
	str_done(&t->is);
	str_done(&t->should);
}
#define auto_target __attribute__((cleanup(target_done))) struct target

/*
 * A link to a file of others is followed, for it is the file behind it that is read.  One in the
 * place of a file of ours is replaced: it may be its directory's owner who made it.
 */
static char *find_path(const struct render *r, const struct output *o)
{
	autofree char *path = xasprintf("%s%s", r->root, o->path);
	char *real = o->block ? realpath(path, NULL) : NULL;
	return real ? real : steal(&path);
}

/* Whose file it should be; the user of a program that is not installed is not there either. */
static void find_owner(const struct render *r, const struct output *o, struct io_attr *ret)
{
	const struct passwd *p = o->owner && r->reload ? getpwnam(o->owner) : NULL;
	*ret = (struct io_attr){o->mode, p ? p->pw_uid : (uid_t)-1, p ? p->pw_gid : (gid_t)-1};
}

/* For a file that is to be written now. */
static int need_owner(const struct render *r, const struct output *o, const struct target *t,
		      struct err *e)
{
	if (!o->owner || !r->reload || t->attr.uid != (uid_t)-1)
		return 0;
	return err_set(e, ERR_FAILED,
		       "%s: there is no user '%s' to own it; install the package that makes it",
		       o->path, o->owner);
}

/* What is there: its text, and whether mode and owner are right; those of a file of others stay. */
static int look(const struct output *o, struct target *t, struct err *e)
{
	struct stat st;
	int there = o->block ? stat(t->path, &st) : lstat(t->path, &st);
	if (there < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? 0
			       : err_errno(e, ERR_FAILED, "%s", t->path);
	t->there = true;
	if (!o->block && !S_ISREG(st.st_mode))
		return 0; /* a link: nothing of it is right */
	if (o->block)
		t->attr = (struct io_attr){st.st_mode & 07777, st.st_uid, st.st_gid};
	t->attr_is_right = (st.st_mode & 07777) == t->attr.mode &&
			   (t->attr.uid == (uid_t)-1 || t->attr.uid == st.st_uid);
	if (io_read_file(t->path, FILE_MAX_BYTES, &t->is, e) < 0)
		return -1;
	if (o->block && strlen(str_text(&t->is)) != t->is.len)
		return err_set(e, ERR_FAILED, "%s: has a NUL byte, so it is no text; repair it",
			       t->path);
	return 0;
}

static int prepare(const struct render *r, const struct output *o, const struct view *v,
		   struct target *t, struct err *e)
{
	auto_str ours = {.secret = o->secret};
	t->path = find_path(r, o);
	t->wanted = !o->wanted || o->wanted(v);
	t->is.secret = t->should.secret = o->secret;
	find_owner(r, o, &t->attr);
	if (look(o, t, e) < 0)
		return -1;
	if (t->wanted)
		o->render(v, &ours);
	if (o->block)
		block_set(&t->should, str_text(&t->is), o->block, str_text(&ours));
	else
		str_add(&t->should, str_text(&ours), ours.len);
	return 0;
}

static bool is_same_text(const struct target *t)
{
	return t->is.len == t->should.len &&
	       memcmp(str_text(&t->is), str_text(&t->should), t->is.len) == 0;
}

static bool is_right(const struct output *o, const struct target *t)
{
	if (!t->wanted && !o->block)
		return !t->there;
	return t->there && t->attr_is_right && is_same_text(t);
}

/* ---- what would change ---- */

static int describe(const struct output *o, const struct target *t, struct str *out, struct err *e)
{
	if (t->there && !o->secret && !is_same_text(t))
		return diff_texts(o->path, &t->is, &t->should, out, e);
	if (o->secret)
		str_printf(out, "%s: ‹secret›\n", o->path);
	else if (t->there)
		str_printf(out, "%s: mode %04o\n", o->path, t->attr.mode);
	else
		diff_new(o->path, &t->should, out);
	return 0;
}

static int show(const struct output *o, const struct target *t, struct err *e)
{
	auto_str text = STR_INIT, visible = STR_INIT;
	if (describe(o, t, &text, e) < 0)
		return -1;
	utf8_visible(&visible, str_text(&text), text.len, true);
	fputs(str_text(&visible), stdout);
	return 0;
}

/* ---- making it so ---- */

static char *reload_mark(const struct render *r, const struct output *o)
{
	return xasprintf("%s/reload-%s", r->dir, o->name);
}

/* Before the file changes: a run that is killed after it is followed by one that still reloads. */
static int mark_reload(const struct render *r, const struct output *o, struct err *e)
{
	autofree char *mark = reload_mark(r, o);
	if (!o->reload || !r->reload)
		return 0;
	autoclose int fd = open(mark, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	return fd < 0 ? err_errno(e, ERR_FAILED, "%s: cannot create", mark) : 0;
}

static int write_target(const struct target *t, struct err *e)
{
	autofree char *temp = xasprintf("%s" TEMP_SUFFIX, t->path);
	if (unlink(temp) < 0 && errno != ENOENT) /* of a run that was killed */
		return err_errno(e, ERR_FAILED, "%s: cannot remove", temp);
	return io_replace_by(t->path, temp, str_text(&t->should), t->should.len, &t->attr, e);
}

static int remove_target(const struct target *t, struct err *e)
{
	autofree char *dir = path_dir(t->path);
	if (unlink(t->path) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot remove", t->path);
	return io_flush_dir(dir, e);
}

/* 1: the directory is there; 0: it is not, and that of a program that is not installed. */
static int ensure_dir(const struct output *o, const struct target *t, struct err *e)
{
	autofree char *dir = path_dir(t->path);
	if (access(dir, F_OK) == 0)
		return 1;
	if (!o->make_dir) {
		log_debug("%s: no '%s', so nobody reads it", o->name, dir);
		return 0;
	}
	return io_mkdirs(dir, 0755, e) < 0 ? -1 : 1;
}

int render_output(const struct render *r, const struct output *o, const struct view *v,
		  struct err *e)
{
	auto_target t = {0};
	if (prepare(r, o, v, &t, e) < 0)
		return -1;
	if (is_right(o, &t))
		return 0;
	if (r->dry_run)
		return show(o, &t, e) < 0 ? -1 : 1;
	int dir = ensure_dir(o, &t, e);
	if (dir <= 0)
		return dir;
	bool gone = !t.wanted && !o->block;
	if ((!gone && need_owner(r, o, &t, e) < 0) || mark_reload(r, o, e) < 0)
		return -1;
	return (gone ? remove_target(&t, e) : write_target(&t, e)) < 0 ? -1 : 1;
}

/* A program that is not installed, or a unit that there is not (5), is as good as told. */
static int reload(const struct render *r, const struct output *o, struct err *e)
{
	autofree char *mark = reload_mark(r, o);
	if (access(mark, F_OK) < 0)
		return 0;
	if (run_is_installed(o->reload[0]) &&
	    run(&(struct run){.argv = o->reload, .ok_status = 1 << 5}, e) < 0)
		return err_wrap(e, "%s", o->name);
	if (unlink(mark) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot remove", mark);
	return 0;
}

int render_failed(struct err *e, struct err *another)
{
	if (e->msg)
		return err_set(e, e->code, "%s\n%s", e->msg, another->msg);
	*e = *another;
	*another = (struct err)ERR_INIT;
	return -1;
}

int render_reload(const struct render *r, struct err *e)
{
	int result = 0;
	for (const struct output *o = outputs; o->name && r->reload; o++) {
		auto_err failure = ERR_INIT;
		if (o->reload && reload(r, o, &failure) < 0)
			result = render_failed(e, &failure);
	}
	return result;
}
