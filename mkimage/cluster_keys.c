/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Keys and certificates, by ssh-keygen.  Each is made under a temporary name in its directory and
 * renamed, the private key last: where that is, all of it is.  What an interrupted run left under
 * a temporary name is removed by the next.  The names hold our process number, because ssh-keygen
 * outlives a run that is killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster_private.h"
#include "io.h"
#include "mem.h"
#include "run.h"

#define KEY_MAX_BYTES (64u << 10)

static bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static int flush_file(const char *path, mode_t mode, struct err *e)
{
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, mode) < 0 || fsync(fd) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot flush", path);
	return 0;
}

static int rename_file(const char *from, const char *to, struct err *e)
{
	if (rename(from, to) == 0)
		return 0;
	return err_errno(e, ERR_FAILED, "%s: cannot rename to '%s'", from, to);
}

static char *temp_name(const char *path)
{
	return xasprintf("%s.new-%ld", path, (long)getpid());
}

static int make_key(const char *path, const char *comment, struct err *e)
{
	autofree char *public = xasprintf("%s.pub", path);
	autofree char *temp = temp_name(path);
	autofree char *temp_public = xasprintf("%s.pub", temp);
	if (run_argv(e, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", temp,
		     NULL) < 0)
		return err_wrap(e, "%s", path);
	if (flush_file(temp, 0600, e) < 0 || flush_file(temp_public, 0644, e) < 0)
		return -1;
	return rename_file(temp_public, public, e) < 0 ? -1 : rename_file(temp, path, e);
}

/* The public half of a key whose .pub was lost. */
static int make_public(const char *path, const char *public, struct err *e)
{
	auto_str text = STR_INIT;
	const char *const argv[] = {"ssh-keygen", "-y", "-P", "", "-f", path, NULL};
	if (run(&(struct run){.argv = argv, .output = &text}, e) < 0)
		return err_wrap(e, "%s: not a private key that ssh-keygen can read", path);
	return io_replace_file(public, str_text(&text), text.len, 0644, e);
}

/* A file that was cut off, or restored without the other, would be found out on the board. */
static int check_key(const char *path, const char *public, struct err *e)
{
	auto_str key = STR_SECRET, half = STR_INIT;
	if (io_read_file(path, KEY_MAX_BYTES, &key, e) < 0 ||
	    io_read_file(public, KEY_MAX_BYTES, &half, e) < 0)
		return -1;
	if (key_is_of(str_text(&key), str_text(&half)))
		return 0;
	return err_set(e, ERR_FAILED,
		       "%s: is not the whole private key of '%s'; restore both from a backup, or "
		       "remove both: then a new key is made, which is not on the images of before",
		       path, public);
}

static int ensure_key(const char *path, const char *comment, struct err *e)
{
	autofree char *public = xasprintf("%s.pub", path);
	if (exists(path))
		return exists(public) ? check_key(path, public, e) : make_public(path, public, e);
	if (errno != ENOENT)
		return err_errno(e, ERR_FAILED, "%s", path);
	return make_key(path, comment, e);
}

/* Make a directory of the cluster directory, for ever. */
static int make_dir(const struct cluster *c, const char *path, struct err *e)
{
	if (exists(path)) {
		cluster_sweep(path);
		return 0;
	}
	autofree char *parent = path_dir(path);
	bool is_new = !exists(parent);
	if (io_mkdirs(path, 0700, e) < 0 || io_flush_dir(parent, e) < 0)
		return -1;
	return is_new ? io_flush_dir(c->dir, e) : 0;
}

int keys_make(const struct cluster *c, struct err *e)
{
	autofree char *dir = path_join(c->dir, "keys");
	autofree char *admin = path_join(dir, "admin"), *ca = path_join(dir, "host-ca");
	autofree char *admin_comment = xasprintf("admin@%s", c->name);
	autofree char *ca_comment = xasprintf("host-ca@%s", c->name);
	cluster_sweep(c->dir);
	if (make_dir(c, dir, e) < 0 || ensure_key(admin, admin_comment, e) < 0)
		return -1;
	return ensure_key(ca, ca_comment, e) < 0 ? -1 : io_flush_dir(dir, e);
}

void cluster_node_names(const struct cluster *c, const struct node *n, struct strv *out)
{
	strv_add(out, n->hostname);
	strv_printf(out, "%s.%s", n->hostname, c->name);
	if (n->address)
		strv_add(out, n->address);
}

static char *make_serial(const struct cluster *c, const struct node *n)
{
	uint8_t bytes[16];
	autofree char *label = xasprintf("%s certificate serial", n->hostname);
	cluster_derive(c, label, bytes);
	return xasprintf("%u",
			 (unsigned)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3]);
}

static bool cert_is_good(const char *cert, const char *ca, const struct strv *principals,
			 const char *key, const struct node *n)
{
	auto_str cert_text = STR_INIT, ca_text = STR_INIT, key_text = STR_INIT;
	auto_err ignored = ERR_INIT; /* what cannot be read is made again */
	if (io_read_file(cert, KEY_MAX_BYTES, &cert_text, &ignored) < 0 ||
	    io_read_file(ca, KEY_MAX_BYTES, &ca_text, &ignored) < 0 ||
	    io_read_file(key, KEY_MAX_BYTES, &key_text, &ignored) < 0)
		return false;
	return cert_is(str_text(&cert_text), &(struct cert){.id = n->hostname,
							    .principals = principals,
							    .key = str_text(&key_text),
							    .ca = str_text(&ca_text)});
}

/* ssh-keygen names the certificate after the key, so the temporary key's is a temporary name. */
static int sign(const struct cluster *c, const struct node *n, const struct strv *principals,
		const char *key, const char *cert, struct err *e)
{
	autofree char *ca = path_join(c->dir, "keys/host-ca");
	autofree char *names = strv_join(principals, ","), *serial = make_serial(c, n);
	autofree char *dir = path_dir(key);
	autofree char *temp = temp_name(key);
	autofree char *temp_public = xasprintf("%s.pub", temp);
	autofree char *temp_cert = xasprintf("%s-cert.pub", temp);
	autofree char *public = xasprintf("%s.pub", path_base(key));
	if (symlink(public, temp_public) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot create", temp_public);
	if (run_argv(e, "ssh-keygen", "-q", "-s", ca, "-h", "-I", n->hostname, "-n", names, "-V",
		     "always:forever", "-z", serial, temp_public, NULL) < 0)
		return err_wrap(e, "%s", cert);
	if (flush_file(temp_cert, 0644, e) < 0 || rename_file(temp_cert, cert, e) < 0)
		return -1;
	unlink(temp_public);
	return io_flush_dir(dir, e);
}

static int ensure_cert(const struct cluster *c, const struct node *n, const char *key,
		       struct err *e)
{
	auto_strv principals = {0};
	cluster_node_names(c, n, &principals);
	autofree char *public = xasprintf("%s.pub", key), *cert = xasprintf("%s-cert.pub", key);
	autofree char *ca = path_join(c->dir, "keys/host-ca.pub");
	if (cert_is_good(cert, ca, &principals, public, n))
		return 0;
	return sign(c, n, &principals, key, cert, e);
}

int cluster_issue(struct cluster *c, const struct node *n, struct err *e)
{
	autofree char *dir = xasprintf("%s/nodes/%s", c->dir, n->hostname);
	autofree char *key = path_join(dir, "ssh_host_ed25519_key");
	autofree char *comment = xasprintf("root@%s", n->hostname);
	if (make_dir(c, dir, e) < 0 || ensure_key(key, comment, e) < 0)
		return -1;
	return ensure_cert(c, n, key, e);
}

int cluster_make_key(const struct cluster *c, const char *name, const char *comment, struct err *e)
{
	autofree char *path = path_join(c->dir, name);
	autofree char *dir = path_dir(path);
	return ensure_key(path, comment, e) < 0 ? -1 : io_flush_dir(dir, e);
}
