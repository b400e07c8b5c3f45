/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user's home: skeleton and ssh keys. */
#include <string.h>

#include "mem.h"
#include "text.h"
#include "user.h"

#define SKEL "/etc/skel"
#define SKEL_DEPTH 16
#define SKEL_ENTRIES 4096
#define SKEL_BYTES (8u << 20)
#define KEYS_MAX (1u << 20) /* bytes of a file of public keys */

/* A copy of the skeleton under way; the image may be hostile, so there is an end to it. */
struct copy {
	struct plan_ctx *ctx;
	const struct user *user;
	size_t entries, bytes;
};

static int copy_dir(struct copy *c, const char *from, const char *to, unsigned depth,
		    struct err *e);

static int too_much(struct err *e)
{
	return err_set(e, ERR_IMAGE,
		       SKEL " in the image is not a skeleton for homes: more than %d files, %u MiB "
			    "or %d directories deep",
		       SKEL_ENTRIES, SKEL_BYTES >> 20, SKEL_DEPTH);
}

static int copy_file(struct copy *c, const char *from, const char *to, const struct fs_stat *st,
		     struct err *e)
{
	auto_str text = STR_INIT;
	if (st->size > SKEL_BYTES - c->bytes)
		return too_much(e);
	if (plan_read(c->ctx, from, &text, e) < 0)
		return -1;
	c->bytes += text.len < SKEL_BYTES - c->bytes ? text.len : SKEL_BYTES - c->bytes;
	struct attr attr = {st->mode, c->user->uid, c->user->gid};
	return plan_write(c->ctx, to, str_text(&text), text.len, attr, "from " SKEL, e);
}

/* What the home has already stays. */
static int copy_item(struct copy *c, const char *from, const char *to, unsigned depth,
		     struct err *e)
{
	struct fs_stat st;
	autofree char *target = NULL;
	int there = plan_exists(c->ctx, to, e);
	if (there < 0 || plan_readlink(c->ctx, from, &target, e) < 0)
		return -1;
	if (target)
		return there ? 0 : plan_symlink(c->ctx, to, target, "from " SKEL, e);
	if (plan_stat(c->ctx, from, &st, e) < 0)
		return -1;
	if (st.type == FILE_DIR)
		return copy_dir(c, from, to, depth + 1, e);
	if (there || st.type != FILE_REGULAR)
		return 0;
	return copy_file(c, from, to, &st, e);
}

static int copy_dir(struct copy *c, const char *from, const char *to, unsigned depth, struct err *e)
{
	auto_strv names = {0};
	struct fs_stat st, there;
	if (depth > SKEL_DEPTH)
		return too_much(e);
	if (plan_list(c->ctx, from, &names, e) < 0 || plan_stat(c->ctx, from, &st, e) < 0 ||
	    plan_stat(c->ctx, to, &there, e) < 0)
		return -1;
	struct attr attr = {st.mode, c->user->uid, c->user->gid};
	if (there.type == FILE_NONE && plan_mkdir(c->ctx, to, attr, "from " SKEL, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *inner_from = path_join(from, *name);
		autofree char *inner_to = path_join(to, *name);
		if (++c->entries > SKEL_ENTRIES)
			return too_much(e);
		if (copy_item(c, inner_from, inner_to, depth, e) < 0)
			return -1;
	}
	return 0;
}

int user_plan_home(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	struct fs_stat home, skel;
	if (!u->home || u->home[0] != '/')
		return 0;
	if (plan_stat(ctx, u->home, &home, e) < 0 || plan_stat(ctx, SKEL, &skel, e) < 0)
		return -1;
	if (home.type != FILE_NONE && home.type != FILE_DIR)
		return user_err(u, "home", e,
				"home '%s' of user '%s' is not a directory in the image", u->home,
				u->name);
	if (home.type == FILE_DIR && !u->is_new)
		return 0;
	struct attr attr = {home.type == FILE_DIR ? KEEP : 0700, u->uid, u->gid};
	struct copy c = {.ctx = ctx, .user = u};
	if (plan_mkdir(ctx, u->home, attr, "home", e) < 0)
		return -1;
	return skel.type == FILE_DIR ? copy_dir(&c, SKEL, u->home, 0, e) : 0;
}

static bool is_key_type(const char *word, size_t len)
{
	static const char *const types[] = {
		"ssh-ed25519",
		"ssh-rsa",
		"ecdsa-sha2-nistp256",
		"ecdsa-sha2-nistp384",
		"ecdsa-sha2-nistp521",
		"sk-ssh-ed25519@openssh.com",
		"sk-ecdsa-sha2-nistp256@openssh.com",
	};
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++) {
		if (strlen(types[i]) == len && strncmp(types[i], word, len) == 0)
			return true;
	}
	return false;
}

/* The base64 of a key blob, which begins with the length of its type's name: "AAAA…". */
static bool is_key_blob(const char *word)
{
	size_t len = strspn(word,
			    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=");
	return len >= 60 && str_starts(word, "AAAA") && (!word[len] || strchr(" \t", word[len]));
}

/* Past one option list ("command=\"a b\",restart"), quotes respected. */
static const char *skip_word(const char *s)
{
	for (bool quoted = false; *s && (quoted || !strchr(" \t", *s)); s++) {
		if (*s == '\\' && s[1] == '"')
			s++;
		else if (*s == '"')
			quoted = !quoted;
	}
	return s;
}

int user_check_key_line(const char *line, struct err *e)
{
	const char *type = line + strspn(line, " \t");
	if (strstr(line, "PRIVATE KEY"))
		return err_set(e, ERR_PROFILE,
			       "this is a private key; name the public one, which ends in .pub");
	if (!is_key_type(type, strcspn(type, " \t"))) {
		type = skip_word(type);
		type += strspn(type, " \t");
	}
	size_t len = strcspn(type, " \t");
	const char *blob = type + len + strspn(type + len, " \t");
	if (is_key_type(type, len) && is_key_blob(blob))
		return 0;
	return err_set(e, ERR_PROFILE,
		       "not a public ssh key; a line looks like 'ssh-ed25519 AAAA… comment'");
}

/* Add the lines of text that are not in keys yet. */
static void merge_keys(struct strv *keys, const char *text)
{
	auto_strv lines = {0};
	strv_split(&lines, text, "\r\n");
	strv_foreach (line, &lines) {
		const char *start = *line + strspn(*line, " \t");
		if (*start && *start != '#' && !strv_has(keys, start))
			strv_add(keys, start);
	}
}

static int add_file(struct strv *keys, struct loc loc, const char *name, struct err *e)
{
	autofree char *path = NULL;
	auto_str text = STR_INIT;
	auto_strv fresh = {0};
	if (user_read_file(loc, name, KEYS_MAX, &path, &text, e) < 0)
		return -1;
	merge_keys(&fresh, str_text(&text));
	strv_foreach (line, &fresh) {
		if (user_check_key_line(*line, e) < 0)
			return err_wrap(e, "%s:%d: %s", loc.file, loc.line, path);
		if (!strv_has(keys, *line))
			strv_add(keys, *line);
	}
	return fresh.n ? 0 : err_at(e, loc, "'%s' has no public ssh key in it", path);
}

static int collect_keys(struct plan_ctx *ctx, const struct user *u, struct strv *keys,
			struct err *e)
{
	const struct value *files = section_get(u->section, "authorized-keys");
	const struct value *admin = section_get(u->section, "admin-key");
	for (size_t i = 0; i < files->list.n; i++) {
		struct loc loc = files->list_loc ? files->list_loc[i] : files->loc;
		if (add_file(keys, loc, files->list.v[i], e) < 0)
			return -1;
	}
	if (!(admin->set ? admin->on : section_bool(u->section, "operator")))
		return 0;
	auto_str text = STR_INIT;
	if (cluster_read(ctx->cluster, "keys/admin.pub", &text, e) < 0)
		return -1;
	merge_keys(keys, str_text(&text));
	return 0;
}

/* What is in the file already stays as it is; keys that it lacks are added. */
static void append_keys(struct str *text, const struct strv *wanted)
{
	auto_strv has = {0};
	merge_keys(&has, str_text(text));
	strv_foreach (key, wanted) {
		if (strv_has(&has, *key))
			continue;
		if (text->len && text->data[text->len - 1] != '\n')
			str_puts(text, "\n");
		str_printf(text, "%s\n", *key);
	}
}

int user_plan_keys(struct plan_ctx *ctx, const struct user *u, struct err *e)
{
	auto_strv wanted = {0};
	auto_str text = STR_INIT;
	if (collect_keys(ctx, u, &wanted, e) < 0)
		return -1;
	if (!wanted.n)
		return 0;
	if (!u->home || u->home[0] != '/')
		return err_at(e, u->section->loc, "user '%s' has keys but no home to keep them in",
			      u->name);
	autofree char *dir = path_join(u->home, ".ssh");
	autofree char *path = path_join(dir, "authorized_keys");
	if (plan_mkdir(ctx, dir, (struct attr){0700, u->uid, u->gid}, "ssh keys", e) < 0 ||
	    text_read_optional(ctx, path, &text, e) < 0)
		return -1;
	append_keys(&text, &wanted);
	return plan_write(ctx, path, str_text(&text), text.len, (struct attr){0600, u->uid, u->gid},
			  "keys that may log in", e);
}
