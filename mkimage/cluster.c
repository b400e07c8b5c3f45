/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <nettle/hmac.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cluster_private.h"
#include "io.h"
#include "mem.h"

#define READ_MAX_BYTES (1u << 20)

/* What plan shows for a key that the first build will make. */
#define PLACEHOLDER "‹generated at build›\n"

/* The directory holds private keys. */
static int check_dir(const char *dir, struct err *e)
{
	struct stat st;
	if (stat(dir, &st) < 0)
		return err_errno(e, ERR_PROFILE, "cluster directory '%s'", dir);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ERR_PROFILE, "cluster directory '%s' is not a directory", dir);
	if (st.st_mode & 077)
		return err_set(e, ERR_PROFILE,
			       "cluster directory '%s' holds private keys, but others may enter it "
			       "(mode %04o); run: chmod 700 '%s'",
			       dir, st.st_mode & 07777, dir);
	return 0;
}

/* ssh_config, which holds the whole path, has no way to write these. */
static int check_path(const char *dir, struct err *e)
{
	autofree char *path = realpath(dir, NULL);
	if (!path)
		return err_errno(e, ERR_PROFILE, "cluster directory '%s'", dir);
	bool ok = !strstr(path, "${");
	for (const char *c = path; *c; c++)
		ok = ok && (unsigned char)*c >= ' ' && *c != '"' && *c != '\\' && *c != 0x7f;
	if (ok)
		return 0;
	return err_set(e, ERR_PROFILE,
		       "cluster directory '%s': ssh cannot read a path with '\"', '\\', '${' or "
		       "control characters; use another",
		       path);
}

static int busy(const struct cluster *c, int fd, struct err *e)
{
	char pid[24];
	ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);
	pid[n > 0 ? n : 0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
	return err_set(e, ERR_BUSY,
		       "cluster directory '%s' is in use by another run%s%s; wait until it ends",
		       c->dir, *pid ? ", process " : "", pid);
}

/* The lock of a killed run lasts until the program that it was about to start has begun. */
static int lock_file(int fd)
{
	int r = flock(fd, LOCK_EX | LOCK_NB);
	for (int tries = 0; r < 0 && errno == EWOULDBLOCK && tries < 20; tries++) {
		nanosleep(&(struct timespec){0, 10000000}, NULL);
		r = flock(fd, LOCK_EX | LOCK_NB);
	}
	return r;
}

static int take_lock(struct cluster *c, struct err *e)
{
	autofree char *path = path_join(c->dir, "lock");
	autofree char *pid = xasprintf("%ld\n", (long)getpid());
	autoclose int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", path);
	if (lock_file(fd) < 0)
		return errno == EWOULDBLOCK ? busy(c, fd, e)
					    : err_errno(e, ERR_FAILED, "%s: cannot lock", path);
	if (ftruncate(fd, 0) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot write", path);
	if (io_pwrite_fd(fd, path, pid, strlen(pid), 0, e) < 0)
		return -1;
	c->lock = steal_fd(&fd);
	return 0;
}

static bool parse_hex(const char *text, uint8_t *out, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < 2 * n; i++) {
		const char *d = text[i] ? strchr(digits, text[i]) : NULL;
		if (!d)
			return false;
		out[i / 2] = (uint8_t)(out[i / 2] << 4 | (d - digits));
	}
	return text[2 * n] == '\n' || !text[2 * n];
}

static int make_seed(struct cluster *c, const char *path, struct err *e)
{
	if (getrandom(c->seed, sizeof(c->seed), 0) != sizeof(c->seed))
		return err_errno(e, ERR_FAILED, "%s: no random numbers", path);
	auto_str text = STR_SECRET;
	for (size_t i = 0; i < sizeof(c->seed); i++)
		str_printf(&text, "%02x", c->seed[i]);
	str_puts(&text, "\n");
	return io_replace_file(path, text.data, text.len, 0600, e);
}

/* In CLUSTER_READ mode a seed that is not there yet is all zeros. */
static int load_seed(struct cluster *c, enum cluster_mode mode, struct err *e)
{
	autofree char *path = path_join(c->dir, "seed");
	auto_str text = STR_SECRET;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return mode == CLUSTER_WRITE ? make_seed(c, path, e) : 0;
	if (io_read_file(path, 128, &text, e) < 0)
		return -1;
	if (parse_hex(str_text(&text), c->seed, sizeof(c->seed)))
		return 0;
	return err_set(e, ERR_PROFILE,
		       "%s: not 64 hex digits; restore it from a backup, or remove it, and all "
		       "images get new UUIDs",
		       path);
}

/* New ones would be strangers to the cards that the ledger tells of. */
static int check_complete(const struct cluster *c, struct err *e)
{
	static const char *const names[] = {"seed", "keys/admin", "keys/host-ca"};
	autofree char *ledger = path_join(c->dir, "ledger");
	if (access(ledger, F_OK) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		autofree char *path = path_join(c->dir, names[i]);
		if (access(path, F_OK) < 0 && errno == ENOENT)
			return err_set(e, ERR_PROFILE,
				       "'%s' is gone, but nodes were built with it ('%s'); restore "
				       "it from a backup, or remove '%s' to begin a new cluster",
				       path, ledger, ledger);
	}
	return 0;
}

static int open_write(struct cluster *c, struct err *e)
{
	if (io_mkdirs(c->dir, 0700, e) < 0 || check_dir(c->dir, e) < 0 ||
	    check_path(c->dir, e) < 0 || cluster_check_ours(c->dir, e) < 0 || take_lock(c, e) < 0)
		return -1;
	/* Before anything is made: a plan that does not fit leaves the directory as it was. */
	if (ledger_check(c, e) < 0 || check_complete(c, e) < 0 ||
	    load_seed(c, CLUSTER_WRITE, e) < 0)
		return -1;
	return keys_make(c, e);
}

static int open_read(struct cluster *c, struct err *e)
{
	if (access(c->dir, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (check_dir(c->dir, e) < 0 || cluster_check_ours(c->dir, e) < 0 || ledger_check(c, e) < 0)
		return -1;
	return load_seed(c, CLUSTER_READ, e);
}

int cluster_open(const char *dir, const struct profile *p, const struct strv *search,
		 enum cluster_mode mode, struct cluster **ret, struct err *e)
{
	auto_cluster *c = xcalloc(1, sizeof(*c));
	c->lock = -1;
	c->dir = xstrdup(dir);
	c->name = xstrdup(profile_str(p, "cluster"));
	if (cluster_plan_nodes(c, p, search, e) < 0)
		return -1;
	if ((mode == CLUSTER_WRITE ? open_write(c, e) : open_read(c, e)) < 0)
		return -1;
	*ret = steal(&c);
	return 0;
}

static void node_done(struct node *n)
{
	free(n->role);
	free(n->hostname);
	free(n->address);
}

static void member_done(struct member *m)
{
	for (size_t i = 0; i < m->n_nodes; i++)
		node_done(&m->nodes[i]);
	free(m->nodes);
	profile_free(m->profile);
}

void cluster_free(struct cluster *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_members; i++)
		member_done(&c->members[i]);
	free(c->members);
	node_done(&c->newcomer);
	free(c->dir);
	free(c->name);
	cleanup_close(&c->lock);
	explicit_bzero(c->seed, sizeof(c->seed));
	free(c);
}

bool cluster_is_writing(const struct cluster *c)
{
	return c->lock >= 0;
}

const struct member *cluster_member(const struct cluster *c, const char *role)
{
	for (size_t i = 0; i < c->n_members; i++) {
		if (strcmp(profile_str(c->members[i].profile, "role"), role) == 0)
			return &c->members[i];
	}
	return NULL;
}

int cluster_read(const struct cluster *c, const char *name, struct str *out, struct err *e)
{
	autofree char *path = path_join(c->dir, name);
	if (!cluster_is_writing(c) && access(path, F_OK) < 0 && errno == ENOENT) {
		str_puts(out, PLACEHOLDER);
		return 0;
	}
	return io_read_file(path, READ_MAX_BYTES, out, e);
}

bool cluster_has(const struct cluster *c, const char *name)
{
	autofree char *path = path_join(c->dir, name);
	return access(path, F_OK) == 0;
}

int cluster_keep(const struct cluster *c, const char *name, const char *text, struct err *e)
{
	autofree char *path = path_join(c->dir, name);
	return io_replace_file(path, text, strlen(text), 0600, e);
}

void cluster_derive(const struct cluster *c, const char *label, uint8_t out[16])
{
	struct hmac_sha256_ctx ctx;
	hmac_sha256_set_key(&ctx, sizeof(c->seed), c->seed);
	hmac_sha256_update(&ctx, strlen(label), (const uint8_t *)label);
	hmac_sha256_digest(&ctx, 16, out);
}
