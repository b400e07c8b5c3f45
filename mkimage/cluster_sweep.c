/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which files are ours: a name given by mistake (-c ~/.ssh) must not cost anybody a file. */
#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "cluster_private.h"
#include "mem.h"

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}
#define auto_dir __attribute__((cleanup(close_dir))) DIR

/* What follows FILE, mark and a process number in name; NULL: it is no such name. */
static const char *after_number(const char *name, const char *file, const char *mark)
{
	size_t n = strlen(file), m = strlen(mark);
	if (strncmp(name, file, n) != 0 || strncmp(name + n, mark, m) != 0)
		return NULL;
	const char *number = name + n + m;
	size_t digits = strspn(number, "0123456789");
	return digits ? number + digits : NULL;
}

/* The temporary name of io_replace_file. */
static bool is_temp_file(const char *name, const char *file)
{
	const char *end = after_number(name, file, ".");
	return end && strcmp(end, ".tmp") == 0;
}

/* What ssh-keygen was told to make, and what it makes beside it. */
static bool is_temp_key(const char *name, const char *key)
{
	const char *end = after_number(name, key, ".new-");
	return end && (!*end || strcmp(end, ".pub") == 0 || strcmp(end, "-cert.pub") == 0);
}

/* Names below keys/ that hold a name of the profile: "user-mpi", "gh-torvalds.pub". */
static bool is_temp_named(const char *name)
{
	static const char *const prefixes[] = {"user-", "gh-", "lp-", "join-"};
	const char *key = strstr(name, ".new-"), *public = strstr(name, ".pub.");
	bool ours = false;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		ours = ours || str_starts(name, prefixes[i]);
	if (!ours || (!key && !public))
		return false;
	autofree char *stem = xstrndup(name, (size_t)(key ? key - name : public + 4 - name));
	return key ? is_temp_key(name, stem) : is_temp_file(name, stem);
}

static bool is_temp(const char *name)
{
	static const char *const files[] = {"seed", "ledger", "known_hosts", "ssh_config",
					    "base-ids"};
	static const char *const keys[] = {"admin", "host-ca", "enrol-ca", "ssh_host_ed25519_key",
					   "card",  "ops"};
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		if (is_temp_file(name, files[i]))
			return true;
	}
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		autofree char *public = xasprintf("%s.pub", keys[i]);
		if (is_temp_key(name, keys[i]) || is_temp_file(name, public))
			return true;
	}
	return is_temp_named(name);
}

void cluster_sweep(const char *path)
{
	auto_dir *dir = opendir(path);
	for (struct dirent *d; dir && (d = readdir(dir));) {
		if (is_temp(d->d_name))
			unlinkat(dirfd(dir), d->d_name, 0);
	}
}

/* One of these is enough: messages tell people to remove a bad seed or ledger. */
static bool is_cluster(const char *path)
{
	static const char *const names[] = {"seed", "ledger", "keys/host-ca"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		autofree char *one = path_join(path, names[i]);
		if (access(one, F_OK) == 0)
			return true;
	}
	return false;
}

/* What is there before the seed is: a run that was killed then has to be continued. */
static bool is_of_beginning(const char *name)
{
	static const char *const names[] = {".", "..", "lock", "keys"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(name, names[i]) == 0)
			return true;
	}
	return is_temp(name);
}

int cluster_check_ours(const char *path, struct err *e)
{
	auto_dir *dir = opendir(path);
	if (!dir)
		return err_errno(e, ERR_PROFILE, "cluster directory '%s'", path);
	struct dirent *d;
	while ((d = readdir(dir)) && is_of_beginning(d->d_name))
		;
	/* Looked at last, because another run may be founding the cluster just now. */
	if (!d || is_cluster(path))
		return 0;
	return err_set(e, ERR_PROFILE,
		       "cluster directory '%s' holds '%s', but no seed and no ledger: it is not a "
		       "cluster's; choose a new or an empty directory with --cluster",
		       path, d->d_name);
}
