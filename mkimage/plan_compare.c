/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether what a change wants is there already. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "mem.h"
#include "plan_private.h"

/* 1 when the file of the host has just these bytes. */
static int host_equals(const char *path, const struct str *have, struct err *e)
{
	char buffer[65536];
	size_t done = 0;
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", path);
	for (;;) {
		ssize_t n = read(fd, buffer, sizeof(buffer));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_FAILED, "%s: cannot read", path);
		if (n == 0)
			return done == have->len;
		if ((size_t)n > have->len - done || memcmp(have->data + done, buffer, (size_t)n))
			return 0;
		done += (size_t)n;
	}
}

static int wanted_size(const struct change *c, uint64_t *ret, struct err *e)
{
	struct stat st;
	*ret = c->len;
	if (!c->host_path)
		return 0;
	if (stat(c->host_path, &st) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot read its size", c->host_path);
	*ret = (uint64_t)st.st_size;
	return 0;
}

static int bytes_equal(const struct change *c, const struct view *v, uint64_t size, struct err *e)
{
	/* One byte more than is needed: str then never grows, which would double it. */
	auto_str have = {.data = xcalloc(1, size + 2), .cap = size + 2, .secret = c->secret};
	if (view_read(v, c->path, size, &have, e) < 0)
		return -1;
	if (c->host_path)
		return host_equals(c->host_path, &have, e);
	return have.len == c->len && (!c->len || memcmp(have.data, c->data, c->len) == 0);
}

static int content_holds(const struct change *c, const struct view *v, const struct fs_stat *st,
			 bool exact, struct err *e)
{
	uint64_t size;
	if (wanted_size(c, &size, e) < 0)
		return -1;
	if (st->size != size)
		return 0;
	if (size > PLAN_COMPARE_MAX)
		return !exact;
	return bytes_equal(c, v, size, e);
}

static int target_holds(const struct change *c, const struct view *v, const struct fs_stat *st,
			struct err *e)
{
	autofree char *target = NULL;
	if (st->size != strlen(c->target))
		return 0;
	if (view_readlink(v, c->path, &target, e) < 0)
		return -1;
	return strcmp(target, c->target) == 0;
}

static bool attr_holds(const struct change *c, const struct fs_stat *st, const char **ret_why)
{
	if (c->mode != KEEP && c->mode != st->mode)
		*ret_why = "the mode differs";
	else if ((c->uid != KEEP && c->uid != st->uid) || (c->gid != KEEP && c->gid != st->gid))
		*ret_why = "the owner differs";
	else
		return true;
	return false;
}

static int no(const char **ret_why, const char *why)
{
	*ret_why = why;
	return 0;
}

int change_holds(const struct change *c, const struct view *v, bool exact, const char **ret_why,
		 struct err *e)
{
	static const enum file_type types[] = {[CHANGE_WRITE] = FILE_REGULAR,
					       [CHANGE_MKDIR] = FILE_DIR,
					       [CHANGE_SYMLINK] = FILE_SYMLINK,
					       [CHANGE_REMOVE] = FILE_NONE};
	struct fs_stat st;
	int holds = 1;
	if (view_stat(v, c->path, &st, e) < 0)
		return -1;
	if (st.type == FILE_NONE && c->kind != CHANGE_REMOVE)
		return no(ret_why, "it is not there");
	if (c->kind != CHANGE_ATTR && st.type != types[c->kind])
		return no(ret_why,
			  c->kind == CHANGE_REMOVE ? "it is still there" : "its type differs");
	if (c->kind == CHANGE_WRITE)
		holds = content_holds(c, v, &st, exact, e);
	if (c->kind == CHANGE_SYMLINK)
		holds = target_holds(c, v, &st, e);
	if (holds <= 0)
		return holds < 0 ? -1 : no(ret_why, "the content differs");
	return c->kind == CHANGE_REMOVE || attr_holds(c, &st, ret_why);
}
