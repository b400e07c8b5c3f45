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

int keys_renew(const char *path, const char *kind, const char *comment, struct err *e)
{
	autofree char *public = xasprintf("%s.pub", path);
	autofree char *temp = temp_name(path);
	autofree char *temp_public = xasprintf("%s.pub", temp);
	if (run_argv(e, "ssh-keygen", "-q", "-t", kind, "-N", "", "-C", comment, "-f", temp, NULL) <
	    0)
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

int keys_ensure(const char *path, const char *kind, const char *comment, struct err *e)
{
	autofree char *public = xasprintf("%s.pub", path);
	if (exists(path))
		return exists(public) ? check_key(path, public, e) : make_public(path, public, e);
	if (errno != ENOENT)
		return err_errno(e, ERR_FAILED, "%s", path);
	return keys_renew(path, kind, comment, e);
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
	if (make_dir(c, dir, e) < 0 || keys_ensure(admin, KEYS_KIND, admin_comment, e) < 0)
		return -1;
	if (keys_ensure(ca, KEYS_KIND, ca_comment, e) < 0 || card_make_ca(c, e) < 0)
		return -1;
	return io_flush_dir(dir, e);
}

void cluster_node_names(const struct cluster *c, const struct node *n, struct strv *out)
{
	strv_add(out, n->hostname);
	strv_printf(out, "%s.%s", n->hostname, c->name);
	if (n->address)
		strv_add(out, n->address);
}

static uint64_t make_serial(const struct cluster *c, const struct node *n)
{
	uint8_t bytes[16];
	autofree char *label = xasprintf("%s certificate serial", n->hostname);
	cluster_derive(c, label, bytes);
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

bool keys_is_signed(const struct cluster *c, const struct signing *s)
{
	autofree char *ca = xasprintf("%s/keys/%s.pub", c->dir, s->ca);
	autofree char *key = xasprintf("%s.pub", s->key), *cert = xasprintf("%s-cert.pub", s->key);
	auto_str cert_text = STR_INIT, ca_text = STR_INIT, key_text = STR_INIT;
	auto_err ignored = ERR_INIT; /* what cannot be read is made again */
	if (io_read_file(cert, KEY_MAX_BYTES, &cert_text, &ignored) < 0 ||
	    io_read_file(ca, KEY_MAX_BYTES, &ca_text, &ignored) < 0 ||
	    io_read_file(key, KEY_MAX_BYTES, &key_text, &ignored) < 0)
		return false;
	return cert_is(str_text(&cert_text), &(struct cert){.id = s->id,
							    .is_host = s->is_host,
							    .principals = s->principals,
							    .key = str_text(&key_text),
							    .ca = str_text(&ca_text)});
}

/* ssh-keygen names the certificate after the key, so the temporary key's is a temporary name. */
int keys_sign(const struct cluster *c, const struct signing *s, struct err *e)
{
	autofree char *ca = xasprintf("%s/keys/%s", c->dir, s->ca);
	autofree char *dir = path_dir(s->key), *names = strv_join(s->principals, ",");
	autofree char *serial = xasprintf("%llu", (unsigned long long)s->serial);
	autofree char *temp = temp_name(s->key);
	autofree char *temp_public = xasprintf("%s.pub", temp);
	autofree char *temp_cert = xasprintf("%s-cert.pub", temp);
	autofree char *public = xasprintf("%s.pub", path_base(s->key));
	autofree char *cert = xasprintf("%s-cert.pub", s->key);
	if (symlink(public, temp_public) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot create", temp_public);
	/* A host has no options to clear, and -h is one word more. */
	if (run_argv(e, "ssh-keygen", "-q", "-s", ca, "-I", s->id, "-n", names, "-V",
		     "always:forever", "-z", serial, s->is_host ? "-h" : "-Oclear", temp_public,
		     NULL) < 0)
		return err_wrap(e, "%s", cert);
	if (flush_file(temp_cert, 0644, e) < 0 || rename_file(temp_cert, cert, e) < 0)
		return -1;
	unlink(temp_public);
	return io_flush_dir(dir, e);
}

static int ensure_host_cert(const struct cluster *c, const struct node *n, const char *key,
			    struct err *e)
{
	auto_strv principals = {0};
	cluster_node_names(c, n, &principals);
	const struct signing s = {.ca = "host-ca",
				  .id = n->hostname,
				  .is_host = true,
				  .principals = &principals,
				  .key = key,
				  .serial = make_serial(c, n)};
	return keys_is_signed(c, &s) ? 0 : keys_sign(c, &s, e);
}

static char *host_key_path(const struct cluster *c, const struct node *n)
{
	return xasprintf("%s/nodes/%s/ssh_host_ed25519_key", c->dir, n->hostname);
}

int keys_renew_host(const struct cluster *c, const struct node *n, struct err *e)
{
	autofree char *key = host_key_path(c, n), *comment = xasprintf("root@%s", n->hostname);
	return keys_renew(key, KEYS_KIND, comment, e) < 0 ? -1 : ensure_host_cert(c, n, key, e);
}

int cluster_issue(struct cluster *c, const struct node *n, struct err *e)
{
	autofree char *key = host_key_path(c, n), *dir = path_dir(key);
	autofree char *comment = xasprintf("root@%s", n->hostname);
	if (make_dir(c, dir, e) < 0)
		return -1;
	if (!n->unplanned &&
	    (keys_ensure(key, KEYS_KIND, comment, e) < 0 || ensure_host_cert(c, n, key, e) < 0))
		return -1;
	return cluster_has_card(c, n) ? card_issue(c, n, e) : 0;
}

int cluster_make_key(const struct cluster *c, const char *name, const char *comment, struct err *e)
{
	autofree char *path = path_join(c->dir, name);
	autofree char *dir = path_dir(path);
	return keys_ensure(path, KEYS_KIND, comment, e) < 0 ? -1 : io_flush_dir(dir, e);
}
