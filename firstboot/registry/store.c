/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "store_private.h"

#define DATABASE "registry.db"

static int open_database(struct store *s, enum store_mode mode, struct err *e)
{
	static const enum sql_mode modes[] = {
		[STORE_READ] = SQL_READ, [STORE_WRITE] = SQL_WRITE, [STORE_CREATE] = SQL_CREATE};
	autofree char *path = path_join(s->dir, DATABASE);
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
	if (mode == STORE_CREATE && io_mkdirs(dir, 0700, e) < 0)
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
	return sql_exec(s->sql, "COMMIT", e);
}

int store_rollback(struct store *s, struct err *e)
{
	return sql_exec(s->sql, "ROLLBACK", e);
}

int store_announce(struct store *s, struct err *e)
{
	autofree char *path = path_join(s->dir, STORE_CHANGED);
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || futimens(fd, NULL) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot create", path);
	return 0;
}
