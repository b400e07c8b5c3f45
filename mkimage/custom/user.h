/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_USER_H
#define MKIMAGE_CUSTOM_USER_H

/* The parts of the customisation `user`: account, groups, home, keys, sudo. */

#include "plan.h"

/* One section `user` and what the image has of it. */
struct user {
	const struct section *section;
	const char *name; /* as it will be */
	uint32_t uid, gid;
	char *home;
	bool is_new; /* the image has no such user */
};

/* A user of the image on the way to another name. */
struct user_rename {
	const struct section *section; /* that says rename-to */
	const char *from, *to;
	char *home, *new_home; /* equal when the home stays */
};

/* A directory (or file) of the image and where it goes. */
struct user_tree {
	const char *from, *to;
	uint32_t uid, gid;  /* of all that is copied; KEEP: as it was */
	const char *why;    /* for the plan */
	const char *advice; /* behind the message that it is too large: "; do so and so" */
};

struct user_ids {
	uint32_t uid, gid;
};

/* Copy it with modes and links; what is at the other place already stays. */
int user_copy_tree(struct plan_ctx *ctx, const struct user_tree *tree, struct err *e) must_check;
/* What belongs to the old numbers at or below tree->from gets the new ones. */
int user_own_tree(struct plan_ctx *ctx, const struct user_tree *tree, const struct user_ids *from,
		  const struct user_ids *to, struct err *e) must_check;

/* The profiles of the other members of the cluster give nobody else his UID, nor him another. */
int user_check_members(struct plan_ctx *ctx, const struct user *u, struct err *e) must_check;
/* The image has the files that every user needs a line in. */
int user_check_databases(struct plan_ctx *ctx, const struct user *u, struct err *e) must_check;
/* Users of the image who get this user's name (rename-to), in every file that names them. */
int user_plan_rename(struct plan_ctx *ctx, const struct user *u, struct err *e) must_check;
/* What a renamed user has outside of the user databases: sudoers, autologin, mail, crontab. */
int user_plan_traces(struct plan_ctx *ctx, const struct user_rename *r, struct err *e) must_check;
/* A user of the image gets the numbers of the profile, and so does his home. */
int user_plan_numbers(struct plan_ctx *ctx, const struct user *u, struct err *e) must_check;
/* The UID is that of `owner` in the image: says what to write; returns -1. */
int user_clash(const struct user *u, const char *owner, struct err *e) must_check;
/* passwd, shadow, the primary group, subuid and subgid; fills the rest of *u. */
int user_plan_account(struct plan_ctx *ctx, struct user *u, struct err *e) must_check;
/* Supplementary groups; every group of every planned user is there by now. */
int user_plan_groups(struct plan_ctx *ctx, const struct user *u, struct err *e) must_check;
/* No home is, holds or is inside that of another user, of the profile or of the image's people. */
int user_check_homes(struct plan_ctx *ctx, const struct user *users, size_t n,
		     struct err *e) must_check;
/* The home directory, filled from the image's /etc/skel. */
int user_plan_home(struct plan_ctx *ctx, const struct user *u, struct err *e) must_check;
/* What the profile adds to the home: directories of the host; ~/bin, filled and in PATH. */
int user_plan_skeleton(struct plan_ctx *ctx, const struct user *u, struct err *e) must_check;
int user_plan_bin(struct plan_ctx *ctx, const struct user *u, struct err *e) must_check;
/* Is it whom the administrator logs in as, with the cluster's key? */
bool user_has_admin_key(const struct section *user);
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
/*
 * The hash of the user's password that the profile gives; *ret NULL: none, or one that only a build
 * asks for.
 */
int user_password(struct plan_ctx *ctx, const struct user *u, char **ret, struct err *e) must_check;
/* The values of the keys about passwords, and that there is one of them at most. */
int user_check_password(const char *text, struct err *e) must_check;
int user_check_passwords(const struct section *s, struct err *e) must_check;
/* The build's day as shadow(5) counts them, owned; never 0, which asks for a new password. */
char *user_password_day(const struct plan_ctx *ctx);
/* What a line of shadow says: no password will do; a new one is due at the next login. */
bool user_is_locked(const char *shadow);
bool user_is_expired(const char *shadow);
/* lock-root: nobody is root by a password. */
int user_plan_root(struct plan_ctx *ctx, struct err *e) must_check;
/* Fetch and make the users' keys, so that they are in the cluster directory. */
int user_prepare_keys(const struct profile *p, const struct cluster *c, struct err *e) must_check;
/* Has the user a key of the cluster (cluster-ssh)? */
bool user_has_cluster_key(const struct section *user);
/* Make it in the cluster directory, if the user has one and it is not there. */
int user_make_cluster_key(const struct section *user, const struct cluster *c,
			  struct err *e) must_check;
/* Its public half. */
int user_read_cluster_key(const struct section *user, const struct cluster *c, struct str *out,
			  struct err *e) must_check;
/* The roles that cluster-ssh-from names are roles of this cluster. */
int user_check_origins(struct plan_ctx *ctx, struct err *e) must_check;
/* Its private half, on nodes that may use it; ssh_dir is the user's ~/.ssh. */
int user_plan_cluster_key(struct plan_ctx *ctx, const struct user *u, const char *ssh_dir,
			  struct err *e) must_check;
/* A line of an authorized_keys file does not begin with its key's type. */
bool user_key_has_options(const char *line);
/* One line of an authorized_keys file; says what is wrong with it. */
int user_check_key_line(const char *line, struct err *e) must_check;

/* Where the profile sets the user's key; where it has a default, the section. */
struct loc user_loc(const struct user *u, const char *key);
/* Fill *e with that location and a message; returns -1. */
#define user_err(u, key, e, ...) err_at((e), user_loc((u), (key)), __VA_ARGS__)

#endif
