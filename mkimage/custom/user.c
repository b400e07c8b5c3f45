/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Users: the same name, UID and GID on every node. */
#include <string.h>

#include "account.h"
#include "custom.h"
#include "io.h"
#include "key_site.h"
#include "mem.h"
#include "user.h"
#include "user_db.h"
#include "validate.h"

int user_read_file(struct loc loc, const char *name, size_t max, char **ret_path, struct str *out,
		   struct err *e)
{
	autofree char *path = profile_path(loc, name);
	if (io_read_file(path, max, out, e) < 0) {
		e->code = ERR_PROFILE;
		return err_wrap(e, "%s:%d", loc.file, loc.line);
	}
	if (strlen(str_text(out)) != out->len)
		return err_at(e, loc, "'%s' is not a text file", path);
	*ret_path = steal(&path);
	return 0;
}

static int check_home(const char *text, struct err *e)
{
	static const char *const reserved[] = {"/home", "/media", "/mnt", "/opt", "/root",
					       "/srv",	"/tmp",	  "/var", NULL};
	return validate_own_directory(text, reserved, "/home/me", e);
}

/* passwd(5) has no way to quote a colon. */
static int check_comment(const char *text, struct err *e)
{
	for (const char *c = text; *c; c++) {
		if (*c == ':' || (unsigned char)*c < ' ' || *c == 0x7f)
			return err_set(e, ERR_PROFILE,
				       "a comment in passwd has no ':' and no control characters");
	}
	return 0;
}

static const struct key user_keys[] = {
	{.name = "rename-to",
	 .type = KEY_STRING,
	 .help = "name that this user of the image gets; the section is about him under that name",
	 .check = validate_username},
	{.name = "uid",
	 .type = KEY_INT,
	 .help = "number of the user, the same on all nodes; required, but for root"},
	{.name = "gid",
	 .type = KEY_INT,
	 .help = "number of the primary group; not set: the UID",
	 .min = 1,
	 .max = 59999},
	{.name = "groups",
	 .type = KEY_LIST,
	 .help = "further groups, which the image must have",
	 .check = validate_username},
	{.name = "shell",
	 .type = KEY_STRING,
	 .help = "login shell; not set: the image's, or /bin/bash for a new user",
	 .check = validate_abspath},
	{.name = "home",
	 .type = KEY_STRING,
	 .help = "home directory; not set: the image's, or /home/NAME for a new user",
	 .check = check_home},
	{.name = "comment",
	 .type = KEY_STRING,
	 .help = "full name; not set: the image's",
	 .check = check_comment},
	{.name = "password",
	 .type = KEY_STRING,
	 .help = "ask: the build asks for the password on the terminal, twice",
	 .check = user_check_password},
	{.name = "password-file",
	 .type = KEY_STRING,
	 .help = "file with the password on one line; it is hashed with yescrypt"},
	{.name = "password-hash",
	 .type = KEY_STRING,
	 .help = "crypt(5) hash of the password; not set: the image's, or locked for a new user",
	 .check = validate_crypt_hash},
	{.name = "password-hash-file",
	 .type = KEY_STRING,
	 .help = "file with the crypt(5) hash on one line"},
	{.name = "sudo",
	 .type = KEY_STRING,
	 .help = "may the user become root by sudo; not set: nopasswd for the operator, else as in "
		 "the image",
	 .allowed = "none|nopasswd|password"},
	{.name = "skeleton",
	 .type = KEY_LIST,
	 .help = "directories of this machine whose content goes into the home"},
	{.name = "bin",
	 .type = KEY_BOOL,
	 .help = "~/bin with the programs of the overlays' bin/, in PATH; not set: for UIDs from "
		 "1000 on"},
	{.name = "operator",
	 .type = KEY_BOOL,
	 .fallback = "false",
	 .help = "the user whom cluster/ssh_config logs in as; one at most"},
	{.name = "authorized-keys",
	 .type = KEY_LIST,
	 .help = "public ssh keys that may log in: files, gh:NAME (GitHub), lp:NAME (Launchpad)",
	 .check = key_site_check},
	{.name = "admin-key",
	 .type = KEY_BOOL,
	 .help = "let the administrator's key of the cluster directory log in; not set: as "
		 "operator"},
	{.name = "cluster-ssh",
	 .type = KEY_STRING,
	 .fallback = "false",
	 .help = "ssh to every node by a key of the cluster: from the master, or from all nodes",
	 .allowed = "false|true|all-to-all"},
	{.name = NULL},
};

static const struct key keys[] = {
	{.name = "user",
	 .type = KEY_SECTION,
	 .help = "a user of every node, made or completed",
	 .keys = user_keys},
	{.name = "lock-root",
	 .type = KEY_BOOL,
	 .fallback = "true",
	 .help = "nobody can log in as root by a password"},
	{.name = "cluster-ssh-from",
	 .type = KEY_LIST,
	 .help = "roles whose nodes have the private keys of cluster-ssh; not set: master"},
	{.name = NULL},
};

/* The section that describes the user whom this one only renames; NULL: it describes him itself. */
static const struct section *described_by(const struct profile *p, const struct section *s)
{
	const char *to = section_str(s, "rename-to");
	const struct section *other = NULL;
	if (!to || strcmp(to, s->title) == 0)
		return NULL;
	while ((other = profile_next(p, "user", other)) &&
	       (strcmp(other->title, to) != 0 || section_str(other, "rename-to")))
		;
	return other;
}

/* `user "pi" { rename-to = "ops" }` beside a section for ops: all else is said there. */
static int check_rename_only(const struct section *s, const struct section *other, struct err *e)
{
	for (size_t i = 0; s->keys[i].name; i++) {
		const struct value *v = &s->values[i];
		if (v->set && strcmp(v->key->name, "rename-to") != 0)
			return err_at(e, v->loc,
				      "user '%s' becomes '%s', who has a section at %s:%d; say "
				      "'%s' there",
				      s->title, other->title, other->loc.file, other->loc.line,
				      v->key->name);
	}
	return 0;
}

/* Things that only one section may say. */
struct seen {
	const char *name;
	struct loc loc;
	long uid;
	bool is_operator;
};

static int check_pair(const struct section *s, const struct seen *a, struct err *e)
{
	const struct value *uid = section_get(s, "uid"), *operator= section_get(s, "operator");
	const char *name = account_section_name(s);
	if (strcmp(name, a->name) == 0)
		return err_at(e, s->loc, "user '%s' has a section at %s:%d already; make them one",
			      name, a->loc.file, a->loc.line);
	if (uid->num == a->uid)
		return err_at(e, uid->loc, "UID %ld is that of user '%s' (%s:%d) already", uid->num,
			      a->name, a->loc.file, a->loc.line);
	if (operator->on && a->is_operator)
		return err_at(e, operator->loc,
			      "user '%s' (%s:%d) is the operator already; there is one at most",
			      a->name, a->loc.file, a->loc.line);
	return 0;
}

static int check_names(const struct section *s, struct err *e)
{
	const struct value *to = section_get(s, "rename-to");
	if (validate_username(s->title, e) < 0)
		return err_wrap(e, "%s:%d", s->loc.file, s->loc.line);
	if (to->str && strcmp(to->str, s->title) == 0)
		return err_at(e, to->loc, "user '%s' has that name already; leave rename-to out",
			      s->title);
	return 0;
}

/* Root is 0 everywhere. */
static int check_root(const struct section *s, struct err *e)
{
	static const char *const keys_of_number[] = {"uid", "gid"};
	for (size_t i = 0; i < sizeof(keys_of_number) / sizeof(*keys_of_number); i++) {
		const struct value *v = section_get(s, keys_of_number[i]);
		if (v->set)
			return err_at(e, v->loc,
				      "the %s of user 'root' is 0 and cannot be set; leave the key "
				      "out",
				      keys_of_number[i]);
	}
	return user_check_passwords(s, e);
}

static int check_section(const struct section *s, struct err *e)
{
	const struct value *uid = section_get(s, "uid");
	if (strcmp(account_section_name(s), "root") == 0)
		return check_root(s, e);
	if (uid->set && (uid->num < 1 || uid->num > UID_PEOPLE_MAX))
		return err_at(e, uid->loc, "uid: '%ld' is not a number from 1 to %u", uid->num,
			      UID_PEOPLE_MAX);
	if (!uid->set)
		return err_at(e, s->loc,
			      "user '%s' has no uid; give it one, so that it is the same on all "
			      "nodes",
			      s->title);
	return user_check_passwords(s, e);
}

static int check(const struct profile *p, struct err *e)
{
	autofree struct seen *seen = NULL;
	size_t n = 0, cap = 0;
	for (const struct section *s = NULL; (s = profile_next(p, "user", s));) {
		const struct section *other = described_by(p, s);
		if (check_names(s, e) < 0 || (other && check_rename_only(s, other, e) < 0))
			return -1;
		if (other)
			continue;
		if (check_section(s, e) < 0)
			return -1;
		for (size_t i = 0; i < n; i++) {
			if (check_pair(s, &seen[i], e) < 0)
				return -1;
		}
		seen = array_reserve(seen, n, &cap, sizeof(*seen));
		seen[n++] = (struct seen){account_section_name(s), s->loc, section_int(s, "uid"),
					  section_bool(s, "operator")};
	}
	return 0;
}

struct loc user_loc(const struct user *u, const char *key)
{
	const struct value *v = section_get(u->section, key);
	return v->set ? v->loc : u->section->loc;
}

static int plan_each(struct plan_ctx *ctx, struct user *users, size_t n, struct err *e)
{
	if (n && user_check_databases(ctx, users, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (user_check_members(ctx, &users[i], e) < 0 ||
		    user_plan_rename(ctx, &users[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (user_plan_numbers(ctx, &users[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < n; i++) {
		if (user_plan_account(ctx, &users[i], e) < 0)
			return -1;
	}
	if (user_check_homes(ctx, users, n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct user *u = &users[i];
		if (user_plan_groups(ctx, u, e) < 0 || user_plan_home(ctx, u, e) < 0 ||
		    user_plan_skeleton(ctx, u, e) < 0 || user_plan_bin(ctx, u, e) < 0 ||
		    user_plan_keys(ctx, u, e) < 0 || user_plan_sudo(ctx, u, e) < 0)
			return -1;
	}
	return 0;
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	autofree struct user *users = NULL;
	size_t n = 0, cap = 0;
	for (const struct section *s = NULL; (s = profile_next(ctx->profile, "user", s));) {
		if (described_by(ctx->profile, s))
			continue;
		users = array_reserve(users, n, &cap, sizeof(*users));
		users[n++] = (struct user){.section = s,
					   .name = account_section_name(s),
					   .uid = (uint32_t)section_int(s, "uid"),
					   .gid = account_section_gid(s)};
	}
	int r = user_check_origins(ctx, e);
	r = r < 0 ? r : plan_each(ctx, users, n, e);
	r = r < 0 ? r : user_plan_root(ctx, e);
	for (size_t i = 0; i < n; i++)
		free(users[i].home);
	return r;
}

const struct custom custom_user = {
	.name = "user",
	.help = "users with fixed numbers, homes, ssh keys and sudo",
	.keys = keys,
	.check = check,
	.prepare = user_prepare_keys,
	.plan = plan,
};
