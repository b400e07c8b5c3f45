/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "store_private.h"

#define DATABASE "registry.db"

/*
 * A file of the registry, open for writing.  What root makes belongs to whom the directory does:
 * register has to write it, too.  (One link: it is no file of elsewhere that was put here.)
 */
static int open_file(const struct store *s, const char *path, struct err *e)
{
	struct stat dir, st;
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot create", path);
	if (geteuid() != 0)
		return steal_fd(&fd);
	if (stat(s->dir, &dir) < 0 || fstat(fd, &st) < 0)
		return err_errno(e, ERR_FAILED, "%s", path);
	if (st.st_uid == 0 && st.st_nlink == 1 && fchown(fd, dir.st_uid, dir.st_gid) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot give it to the owner of '%s'", path,
				 s->dir);
	return steal_fd(&fd);
}

/* Nothing in it is an empty database. */
static int make_file(const struct store *s, const char *path, struct err *e)
{
	autoclose int fd = open_file(s, path, e);
	return fd < 0 ? -1 : 0;
}

/* 0700, and when root makes it that of the user that boards log in as, where there is one. */
static int make_dir(const char *dir, struct err *e)
{
	autofree char *parent = path_dir(dir);
	if (io_mkdirs(parent, 0755, e) < 0)
		return -1;
	if (mkdir(dir, 0700) < 0)
		return errno == EEXIST ? 0 : err_errno(e, ERR_FAILED, "%s: cannot create", dir);
	const struct passwd *p = geteuid() == 0 ? getpwnam(STORE_USER) : NULL;
	if (p && chown(dir, p->pw_uid, p->pw_gid) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot give it to '%s'", dir, STORE_USER);
	return 0;
}

static int open_database(struct store *s, enum store_mode mode, struct err *e)
{
	static const enum sql_mode modes[] = {
		[STORE_READ] = SQL_READ, [STORE_WRITE] = SQL_WRITE, [STORE_CREATE] = SQL_CREATE};
	autofree char *path = path_join(s->dir, DATABASE);
	if (mode == STORE_CREATE && make_file(s, path, e) < 0)
		return -1;
	if (mode != STORE_CREATE && access(path, F_OK) < 0)
		return err_errno(e, ERR_FAILED, "registry '%s'%s", path,
				 errno == ENOENT   ? "; 'nodectl import' makes it"
				 : errno == EACCES ? "; become root, or the user that owns it"
						   : "");
	if (sql_open(path, modes[mode], &s->sql, e) < 0)
		return -1;
	return mode == STORE_CREATE ? schema_migrate(s->sql, e) : schema_check(s->sql, e);
}

int store_open(const char *dir, enum store_mode mode, struct store **ret, struct err *e)
{
	auto_store *s = xcalloc(1, sizeof(*s));
	if (mode == STORE_CREATE && make_dir(dir, e) < 0)
		return -1;
	s->dir = realpath(dir, NULL);
	if (!s->dir)
		return err_errno(e, ERR_FAILED, "registry '%s'; 'nodectl import' makes it", dir);
	mode_t before = umask(0077);
	int r = open_database(s, mode, e);
	umask(before);
	if (r < 0)
		return -1;
	*ret = steal(&s);
	return 0;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	sql_close(s->sql); /* a transaction that was not committed never was */
	free(s->dir);
	free(s);
}

int store_begin(struct store *s, struct err *e)
{
	return sql_exec(s->sql, "BEGIN IMMEDIATE", e);
}

int store_begin_read(struct store *s, struct err *e)
{
	return sql_exec(s->sql, "BEGIN", e);
}

int store_commit(struct store *s, struct err *e)
{
	return sql_commit(s->sql, e);
}

int store_rollback(struct store *s, struct err *e)
{
	return sql_exec(s->sql, "ROLLBACK", e);
}

int store_announce(struct store *s, struct err *e)
{
	autofree char *path = path_join(s->dir, STORE_CHANGED);
	autoclose int fd = open_file(s, path, e);
	if (fd < 0)
		return -1;
	return futimens(fd, NULL) < 0 ? err_errno(e, ERR_FAILED, "%s: cannot touch", path) : 0;
}
