/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The walk over an overlay's tree: never through a symlink of the host, in sorted order. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account.h"
#include "io.h"
#include "mem.h"
#include "overlay.h"
#include "template.h"

#define DEPTH_MAX 64
#define ENTRIES_MAX 100000
#define INLINE_MAX 8192		/* bytes; larger files are read when the plan is applied */
#define TEMPLATE_MAX (1u << 20) /* bytes */
#define KEEP_NAME ".gitkeep"	/* keeps an empty directory in git, and is not copied */

struct walk {
	struct plan_ctx *ctx;
	const struct overlay *overlay;
	const struct overlay_copy *copy; /* who owns all of it; NULL: attrs tell */
	const char *root;		 /* on the host, where the walk begins */
	bool *used; /* for each entry of attrs: it is about something of the tree */
	unsigned entries;
	const char *why;
};

/* One thing of the tree. */
struct item {
	int dir;	  /* fd of the directory it is in */
	const char *name; /* in that directory */
	const char *path; /* in the image */
	char *host;	  /* for messages, and for files that are read late */
	struct stat st;
	const struct attrs_entry *entry; /* NULL: attrs says nothing */
};

static int attrs_error(const struct walk *w, const struct attrs_entry *entry, struct err *e)
{
	return err_wrap(e, "%s:%d", w->overlay->attrs_file, entry->line);
}

/* What a `/ * *` line says about a directory lets those in who may read it, as chmod's X does. */
static uint32_t entry_mode(const struct attrs_entry *entry, bool is_dir)
{
	if (!entry->below || !is_dir)
		return entry->mode;
	return entry->mode | ((entry->mode & 0444) >> 2);
}

static int entry_attr(const struct walk *w, const struct attrs_entry *entry, bool is_dir,
		      struct attr *ret, struct err *e)
{
	struct attr a = {.mode = entry_mode(entry, is_dir)};
	if (account_uid(w->ctx, entry->owner, &a.uid, e) < 0 ||
	    account_gid(w->ctx, entry->group, &a.gid, e) < 0)
		return attrs_error(w, entry, e);
	*ret = a;
	return 0;
}

/* As on the host, but nobody else may write, and the owner may all that he needs. */
static struct attr copy_attr(const struct overlay_copy *c, const struct stat *st)
{
	uint32_t mode = (st->st_mode & 0755) | (S_ISDIR(st->st_mode) ? 0700 : 0400);
	bool is_program = c->programs && S_ISREG(st->st_mode);
	return (struct attr){is_program ? 0755 : mode, c->uid, c->gid};
}

/* Without a line in attrs: root's, executable where it is so on the host. */
static int item_attr(const struct walk *w, const struct item *i, struct attr *ret, struct err *e)
{
	if (w->copy) {
		*ret = copy_attr(w->copy, &i->st);
		return 0;
	}
	if (i->entry)
		return entry_attr(w, i->entry, S_ISDIR(i->st.st_mode), ret, e);
	*ret = ATTR_ROOT(S_ISDIR(i->st.st_mode) || (i->st.st_mode & 0100) ? 0755 : 0644);
	return 0;
}

static int plan_directory(struct walk *w, const struct item *i, struct err *e)
{
	struct fs_stat there;
	struct attr attr = ATTR_KEEP;
	if (plan_stat(w->ctx, i->path, &there, e) < 0)
		return -1;
	if (there.type != FILE_NONE && there.type != FILE_DIR)
		return err_set(e, ERR_PROFILE,
			       "'%s' is a directory, but '%s' in the image is not; take it out of "
			       "the overlay, or rename it",
			       i->host, i->path);
	/* The image's /tmp stays 1777 when an overlay has a file in it. */
	if (there.type == FILE_DIR && !i->entry)
		return 0;
	if (item_attr(w, i, &attr, e) < 0)
		return -1;
	if (there.type == FILE_DIR)
		return plan_attr(w->ctx, i->path, attr, w->why, e);
	return plan_mkdir(w->ctx, i->path, attr, w->why, e);
}

/* What its attrs let nobody else read is not shown in the plan either. */
static int write_text(struct walk *w, const char *path, const struct str *text, struct attr attr,
		      struct err *e)
{
	bool secret = attr.mode != KEEP && !(attr.mode & 0007);
	return (secret ? plan_write_secret : plan_write)(w->ctx, path, str_text(text), text->len,
							 attr, w->why, e);
}

static int plan_template(struct walk *w, const struct item *i, int fd, struct err *e)
{
	auto_str text = STR_INIT, out = STR_INIT;
	struct attr attr = ATTR_KEEP;
	if (io_read_fd(fd, i->host, TEMPLATE_MAX, &text, e) < 0)
		return -1;
	bool of_node = template_needs_node(str_text(&text), text.len);
	if (w->ctx->node && !of_node)
		return 0;
	if (w->ctx->node && w->ctx->node->unplanned) {
		plan_note(w->ctx, "%s is not in this image: its template %s says which node it is",
			  i->path, i->host);
		return 0;
	}
	if (item_attr(w, i, &attr, e) < 0 ||
	    template_expand(w->ctx, str_text(&text), text.len, i->host, &out, e) < 0)
		return -1;
	if (!w->ctx->node && of_node)
		return 0;
	return write_text(w, i->path, &out, attr, e);
}

static int plan_content(struct walk *w, const struct item *i, int fd, struct err *e)
{
	auto_str text = STR_INIT;
	struct attr attr = ATTR_KEEP;
	if (item_attr(w, i, &attr, e) < 0)
		return -1;
	if (i->st.st_size > INLINE_MAX)
		return plan_write_file(w->ctx, i->path, i->host, attr, w->why, e);
	if (io_read_fd(fd, i->host, INLINE_MAX, &text, e) < 0)
		return -1;
	return write_text(w, i->path, &text, attr, e);
}

/* A link of the image that leads to nothing would take the file with it: the file replaces it. */
static int clear_dangling(struct walk *w, const struct item *i, struct err *e)
{
	struct fs_stat there;
	if (plan_stat(w->ctx, i->path, &there, e) < 0)
		return -1;
	if (there.type == FILE_DIR)
		return err_set(e, ERR_PROFILE,
			       "'%s' is a file, but '%s' in the image is a directory; take it out "
			       "of the overlay, or rename it",
			       i->host, i->path);
	if (there.type != FILE_NONE)
		return 0;
	int dangling = plan_exists(w->ctx, i->path, e);
	if (dangling <= 0)
		return dangling;
	return plan_remove(w->ctx, i->path, w->why, e);
}

static int plan_regular(struct walk *w, struct item *i, struct err *e)
{
	bool is_template = i->entry && i->entry->is_template;
	if (w->ctx->node && !is_template)
		return 0;
	/* O_NONBLOCK: what lstat called a file may be a fifo by now. */
	autoclose int fd = openat(i->dir, i->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &i->st) < 0)
		return err_errno(e, ERR_PROFILE, "%s: cannot read", i->host);
	if (!S_ISREG(i->st.st_mode))
		return err_set(e, ERR_PROFILE, "%s: was replaced while it was read", i->host);
	if (clear_dangling(w, i, e) < 0)
		return -1;
	return is_template ? plan_template(w, i, fd, e) : plan_content(w, i, fd, e);
}

static int plan_link(struct walk *w, const struct item *i, struct err *e)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(i->dir, i->name, target, sizeof(target) - 1);
	if (n < 0)
		return err_errno(e, ERR_PROFILE, "%s: cannot read this symlink", i->host);
	target[n] = '\0';
	return plan_symlink(w->ctx, i->path, target, w->why, e);
}

static int check_name(const struct item *i, struct err *e)
{
	for (const char *c = i->name; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return err_set(e, ERR_PROFILE,
				       "%s: a name with control characters; rename it", i->host);
	}
	return 0;
}

static int walk_dir(struct walk *w, int fd, const char *path, const char *host, unsigned depth,
		    struct err *e);

static int enter(struct walk *w, const struct item *i, unsigned depth, struct err *e)
{
	if (!w->ctx->node && plan_directory(w, i, e) < 0)
		return -1;
	if (depth >= DEPTH_MAX)
		return err_set(e, ERR_PROFILE, "%s: more than %d directories deep", i->host,
			       DEPTH_MAX);
	autoclose int fd = openat(i->dir, i->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_PROFILE, "%s: cannot open", i->host);
	return walk_dir(w, fd, i->path, i->host, depth + 1, e);
}

static bool entry_covers(const struct attrs_entry *entry, const char *path)
{
	size_t len = strlen(entry->path);
	if (!entry->below)
		return strcmp(entry->path, path) == 0;
	len -= len && entry->path[len - 1] == '/';
	return strncmp(entry->path, path, len) == 0 && path[len] == '/';
}

static void mark_used(struct walk *w, const char *path)
{
	const struct attrs *a = &w->overlay->attrs;
	for (size_t i = 0; i < a->n; i++)
		w->used[i] = w->used[i] || entry_covers(&a->entries[i], path);
}

static int plan_item(struct walk *w, struct item *i, unsigned depth, struct err *e)
{
	if (check_name(i, e) < 0)
		return -1;
	if (fstatat(i->dir, i->name, &i->st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_errno(e, ERR_PROFILE, "%s", i->host);
	mark_used(w, i->path);
	i->entry = attrs_find(&w->overlay->attrs, i->path);
	if (i->entry && i->entry->node)
		return err_set(e, ERR_PROFILE,
			       "%s:%d: an overlay cannot make a %s; leave that to udev or tmpfiles",
			       w->overlay->attrs_file, i->entry->line, i->entry->node);
	if (S_ISDIR(i->st.st_mode))
		return enter(w, i, depth, e);
	if (S_ISREG(i->st.st_mode))
		return plan_regular(w, i, e);
	if (S_ISLNK(i->st.st_mode))
		return w->ctx->node ? 0 : plan_link(w, i, e);
	return err_set(e, ERR_PROFILE,
		       "%s: neither file, directory nor symlink; an overlay has nothing else",
		       i->host);
}

static int list_dir(int fd, const char *host, struct strv *ret, struct err *e)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir) {
		int failed = err_errno(e, ERR_PROFILE, "%s: cannot list", host);
		if (copy >= 0)
			close(copy);
		return failed;
	}
	struct dirent *d;
	while ((errno = 0, d = readdir(dir))) {
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0 &&
		    strcmp(d->d_name, KEEP_NAME) != 0)
			strv_add(ret, d->d_name);
	}
	int r = errno ? err_errno(e, ERR_PROFILE, "%s: cannot list", host) : 0;
	closedir(dir);
	strv_sort(ret);
	return r;
}

static int walk_dir(struct walk *w, int fd, const char *path, const char *host, unsigned depth,
		    struct err *e)
{
	auto_strv names = {0};
	if (list_dir(fd, host, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		if (++w->entries > ENTRIES_MAX)
			return err_set(e, ERR_PROFILE, "%s: more than %d files and directories",
				       w->root, ENTRIES_MAX);
		autofree char *inner = path_join(path, *name);
		autofree char *host_path = path_join(host, *name);
		struct item i = {.dir = fd, .name = *name, .path = inner, .host = host_path};
		if (plan_item(w, &i, depth, e) < 0)
			return -1;
	}
	return 0;
}

/* A line of attrs about something that only the image has; about nothing at all, it is a typo. */
static int plan_foreign(struct walk *w, const struct attrs_entry *entry, struct err *e)
{
	struct fs_stat there;
	struct attr attr = ATTR_KEEP;
	if (plan_stat(w->ctx, entry->path, &there, e) < 0)
		return -1;
	if (there.type == FILE_NONE)
		return err_set(e, ERR_PROFILE,
			       "%s:%d: '%s' is neither in the overlay nor in the image; an empty "
			       "directory of an overlay holds a file " KEEP_NAME,
			       w->overlay->attrs_file, entry->line, entry->path);
	if (entry->below || entry->is_template || entry->node)
		return err_set(e, ERR_PROFILE,
			       "%s:%d: '%s' covers nothing of the overlay; for a path of the "
			       "image give mode, owner and group only",
			       w->overlay->attrs_file, entry->line, entry->path);
	if (entry_attr(w, entry, there.type == FILE_DIR, &attr, e) < 0)
		return -1;
	return plan_attr(w->ctx, entry->path, attr, w->why, e);
}

static int plan_unused(struct walk *w, struct err *e)
{
	const struct attrs *a = &w->overlay->attrs;
	for (size_t i = 0; i < a->n; i++) {
		if (!w->used[i] && plan_foreign(w, &a->entries[i], e) < 0)
			return -1;
	}
	return 0;
}

static int walk_root(struct walk *w, const char *to, struct err *e)
{
	/* A skeleton may be a symlink, for the user names it; root/ and bin/ of an overlay not. */
	int follow = w->copy && !w->copy->programs ? 0 : O_NOFOLLOW;
	autoclose int fd = open(w->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC | follow);
	if (fd < 0)
		return err_errno(e, ERR_PROFILE, "%s: cannot open", w->root);
	return walk_dir(w, fd, to, w->root, 0, e);
}

/* Name by name, so that no symlink is followed on the way; -1 with errno. */
static int open_below(const char *dir, const char *path)
{
	auto_strv names = {0};
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	strv_split(&names, path, "/");
	for (size_t i = 0; i < names.n && fd >= 0; i++) {
		int dir_fd = fd;
		fd = openat(dir_fd, names.v[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		int why = errno;
		close(dir_fd);
		errno = why;
	}
	return fd;
}

static int walk_below(struct walk *w, struct err *e)
{
	autofree char *host = xasprintf("%s%s", w->copy->from, w->copy->below);
	autoclose int fd = open_below(w->copy->from, w->copy->below);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return err_errno(e, ERR_PROFILE, "%s: cannot open; symlinks are not followed here",
				 host);
	w->root = host;
	return walk_dir(w, fd, w->copy->to, host, 0, e);
}

int overlay_plan_tree(struct plan_ctx *ctx, const struct overlay *o, struct err *e)
{
	autofree bool *used = xcalloc(o->attrs.n + 1, sizeof(*used));
	autofree char *why = xasprintf("overlay '%s'", path_base(o->dir));
	autofree char *root = path_join(o->dir, "root");
	struct walk w = {.ctx = ctx, .overlay = o, .root = root, .used = used, .why = why};
	struct stat st;
	bool only_bin = lstat(root, &st) < 0 && errno == ENOENT;
	if (!only_bin && walk_root(&w, "/", e) < 0)
		return -1;
	return ctx->node ? 0 : plan_unused(&w, e);
}

int overlay_plan_copy(struct plan_ctx *ctx, const struct overlay_copy *copy, struct err *e)
{
	const struct overlay plain = {.dir = NULL}; /* no attrs */
	bool none = false;
	struct walk w = {.ctx = ctx,
			 .overlay = &plain,
			 .copy = copy,
			 .root = copy->from,
			 .used = &none,
			 .why = copy->why};
	return copy->below ? walk_below(&w, e) : walk_root(&w, copy->to, e);
}
