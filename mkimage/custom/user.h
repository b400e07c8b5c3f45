/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_USER_H
#define MKIMAGE_CUSTOM_USER_H

/* The parts of the customisation `user`: account, groups, home, keys, sudo. */

#include "plan.h"

/* One section `user` and what the image has of it. */
struct user {
	const struct section *section;
	const char *name;
	uint32_t uid, gid;
	char *home;
	bool is_new; /* the image has no such user */
};

/* passwd, shadow, the primary group, subuid and subgid; fills the rest of *u. */
int user_plan_account(struct plan_ctx *ctx, struct user *u, struct err *e) must_check;
/* Supplementary groups; every group of every planned user is there by now. */
int user_plan_groups(struct plan_ctx *ctx, const struct user *u, struct err *e) must_check;
/* The home directory, filled from the image's /etc/skel. */
int user_plan_home(struct plan_ctx *ctx, const struct user *u, struct err *e) must_check;
/* ~/.ssh/authorized_keys. */
int user_plan_keys(struct plan_ctx *ctx, const struct user *u, struct err *e) must_check;
/* /etc/sudoers.d/010_cardstock_NAME. */
int user_plan_sudo(struct plan_ctx *ctx, const struct user *u, struct err *e) must_check;

/*
 * Read a file that the profile names, at most max bytes.  *ret_path is it on the host, owned; all
 * failures are the profile's, with file and line.
 */
int user_read_file(struct loc loc, const char *name, size_t max, char **ret_path, struct str *out,
		   struct err *e) must_check;
/* The user's own password hash from the profile (hash or hash file); *ret NULL: none. */
int user_password_hash(const struct section *s, char **ret, struct err *e) must_check;
/* Fetch the keys of sites that the profile names into the cluster directory. */
int user_prepare_keys(const struct profile *p, const struct cluster *c, struct err *e) must_check;
/* A line of an authorized_keys file does not begin with its key's type. */
bool user_key_has_options(const char *line);
/* One line of an authorized_keys file; says what is wrong with it. */
int user_check_key_line(const char *line, struct err *e) must_check;

/* Fill *e with the location of the user's key and a message; returns -1. */
#define user_err(u, key, e, ...) err_at((e), section_get((u)->section, (key))->loc, __VA_ARGS__)

#endif
