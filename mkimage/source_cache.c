/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "interrupt.h"
#include "log.h"
#include "mem.h"
#include "source_parts.h"

#define LOCK_SUFFIX ".lock"
#define WAIT_NS 200000000

static char *cache_home(void)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	/* The base directory specification: a relative value is to be ignored. */
	if (xdg && *xdg == '/')
		return xstrdup(xdg);
	const struct passwd *user = home && *home ? NULL : getpwuid(getuid());
	if (user)
		home = user->pw_dir;
	return home && *home ? path_join(home, ".cache") : NULL;
}

char *cache_dir(struct err *e)
{
	autofree char *home = cache_home();
	if (!home) {
		err_set(e, ERR_FAILED, "no place for the cache: set XDG_CACHE_HOME or HOME");
		return NULL;
	}
	autofree char *dir = path_join(home, "cardstock");
	if (io_mkdirs(dir, 0700, e) < 0) {
		err_wrap(e, "cache");
		return NULL;
	}
	return steal(&dir);
}

int cache_advise(struct err *e)
{
	if (e->code == ERR_SPACE)
		return err_set(e, ERR_SPACE, "%s, or point XDG_CACHE_HOME to a larger one", e->msg);
	return -1;
}

int cache_check_space(const char *path, uint64_t bytes, const char *what, struct err *e)
{
	autofree char *dir = path_dir(path);
	autofree char *where = xasprintf("%s: '%s'", what, dir);
	return io_check_space(dir, where, bytes, "make room on that disk", e) < 0 ? cache_advise(e)
										  : 0;
}

/*
 * Lock a lock file; the name may have been removed between open and flock by the run that held it,
 * then it is done again.  1: another run holds it.
 */
static int try_lock(const char *path, int flags, int *ret, struct err *e)
{
	for (;;) {
		struct stat of_fd, of_name;
		autoclose int fd = open(path, O_RDWR | O_CLOEXEC | flags, 0600);
		if (fd < 0)
			return err_errno(e, ERR_FAILED, "%s: cannot open the lock", path);
		if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
			if (errno == EWOULDBLOCK)
				return 1;
			return err_errno(e, ERR_FAILED, "%s: cannot lock", path);
		}
		if (fstat(fd, &of_fd) == 0 && stat(path, &of_name) == 0 &&
		    of_fd.st_ino == of_name.st_ino && of_fd.st_dev == of_name.st_dev) {
			*ret = steal_fd(&fd);
			return 0;
		}
	}
}

static int wait_for_lock(struct cache_entry *c, const char *what, struct progress *p, struct err *e)
{
	bool said = false;
	int r;
	while ((r = try_lock(c->lock, O_CREAT, &c->lock_fd, e)) == 1) {
		if (!said)
			progress_say(p, "%s: waiting for another run that prepares it", what);
		said = true;
		nanosleep(&(struct timespec){.tv_nsec = WAIT_NS}, NULL);
		if (interrupt_check(e) < 0)
			return -1;
	}
	return r;
}

/* A name that belongs to the lock's entry and is only there while somebody works on it. */
static bool is_temporary_of(const char *name, const char *lock)
{
	autofree char *prefix = xasprintf("%.*s.tmp", (int)(strlen(lock) - strlen(LOCK_SUFFIX)),
					  lock);
	return str_starts(name, prefix);
}

static void remove_temporaries(const char *dir, const struct strv *names, const char *lock)
{
	strv_foreach (name, names) {
		if (!is_temporary_of(*name, lock))
			continue;
		autofree char *path = path_join(dir, *name);
		log_debug("removing %s, which a dead run left", path);
		unlink(path);
	}
}

/* A lock file that nobody locks: its run died. */
static void sweep_entry(const char *dir, const struct strv *names, const char *lock)
{
	auto_err ignored = ERR_INIT;
	autoclose int fd = -1;
	autofree char *path = path_join(dir, lock);
	if (try_lock(path, 0, &fd, &ignored) != 0)
		return;
	remove_temporaries(dir, names, lock);
	unlink(path);
}

/* Best effort: what cannot be removed now is removed by a later run. */
static void sweep(const char *dir, const char *own_lock)
{
	auto_strv names = {0};
	DIR *d = opendir(dir);
	for (struct dirent *entry; d && (entry = readdir(d));)
		strv_add(&names, entry->d_name);
	if (d)
		closedir(d);
	remove_temporaries(dir, &names, own_lock);
	strv_foreach (name, &names) {
		if (str_ends(*name, LOCK_SUFFIX) && strcmp(*name, own_lock) != 0)
			sweep_entry(dir, &names, *name);
	}
}

int cache_begin(const char *kind, const char *key, const char *suffix, bool resumable,
		const char *what, struct progress *p, struct cache_entry *ret, struct err *e)
{
	autofree char *cache = cache_dir(e);
	if (!cache)
		return -1;
	autofree char *dir = path_join(cache, kind);
	autofree char *lock = xasprintf("%s%s", key, LOCK_SUFFIX);
	if (io_mkdirs(dir, 0700, e) < 0)
		return err_wrap(e, "cache");
	auto_cache_entry c = CACHE_ENTRY_INIT;
	c.resumable = resumable;
	c.path = xasprintf("%s/%s%s", dir, key, suffix);
	c.work = resumable ? xasprintf("%s/%s.part", dir, key)
			   : xasprintf("%s/%s.tmp%s", dir, key, suffix);
	c.found = access(c.path, F_OK) == 0;
	if (!c.found) {
		c.lock = path_join(dir, lock);
		if (wait_for_lock(&c, what, p, e) < 0)
			return -1;
		c.found = access(c.path, F_OK) == 0;
		sweep(dir, lock);
	}
	*ret = c;
	c = (struct cache_entry)CACHE_ENTRY_INIT;
	return 0;
}

bool cache_has(const char *kind, const char *key, const char *suffix)
{
	autofree char *home = cache_home();
	autofree char *path = xasprintf("%s/cardstock/%s/%s%s", home ? home : "", kind, key,
					suffix);
	return access(path, F_OK) == 0;
}

int cache_commit(struct cache_entry *c, struct err *e)
{
	autofree char *dir = path_dir(c->path);
	if (rename(c->work, c->path) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot rename to '%s'", c->work, c->path);
	return io_flush_dir(dir, e);
}

void cache_entry_done(struct cache_entry *c)
{
	if (c->lock_fd >= 0) {
		if (!c->resumable)
			unlink(c->work);
		unlink(c->lock);
		close(c->lock_fd);
	}
	free(c->path);
	free(c->work);
	free(c->lock);
	*c = (struct cache_entry)CACHE_ENTRY_INIT;
}
