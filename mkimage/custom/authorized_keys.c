/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ~/.ssh/authorized_keys: the public keys that may log in as a user. */
#include <string.h>

#include "key_site.h"
#include "mem.h"
#include "text.h"
#include "user.h"

#define KEYS_MAX (1u << 20) /* bytes of a file of public keys */

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

bool user_key_has_options(const char *line)
{
	const char *type = line + strspn(line, " \t");
	return !is_key_type(type, strcspn(type, " \t"));
}

int user_check_key_line(const char *line, struct err *e)
{
	const char *type = line + strspn(line, " \t");
	if (strstr(line, "PRIVATE KEY"))
		return err_set(e, ERR_PROFILE,
			       "this is a private key; name the public one, which ends in .pub");
	if (user_key_has_options(line)) {
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

static int add_lines(struct strv *keys, const char *text, const char *where, struct err *e)
{
	auto_strv fresh = {0};
	merge_keys(&fresh, text);
	strv_foreach (line, &fresh) {
		if (user_check_key_line(*line, e) < 0)
			return err_wrap(e, "%s", where);
		if (!strv_has(keys, *line))
			strv_add(keys, *line);
	}
	return fresh.n ? 0 : err_set(e, ERR_PROFILE, "'%s' has no public ssh key in it", where);
}

static int add_file(struct strv *keys, struct loc loc, const char *name, struct err *e)
{
	autofree char *path = NULL;
	auto_str text = STR_INIT;
	if (user_read_file(loc, name, KEYS_MAX, &path, &text, e) < 0)
		return -1;
	if (add_lines(keys, str_text(&text), path, e) < 0)
		return err_wrap(e, "%s:%d", loc.file, loc.line);
	return 0;
}

/* "gh:NAME (SHA256:…, SHA256:…)": who decides about these keys, and which they are. */
static void tell_keys(struct str *why, const struct strv *keys, size_t first)
{
	for (size_t i = first; i < keys->n; i++) {
		autofree char *print = cluster_fingerprint(keys->v[i]);
		str_printf(why, "%s%s%s", i == first ? " (" : ", ", print ? print : "?",
			   i + 1 == keys->n ? ")" : "");
	}
}

/* 1: they are in the cluster directory; 0: the build will fetch them. */
static int add_site(struct plan_ctx *ctx, const struct key_site *site, const char *user,
		    struct strv *keys, struct err *e)
{
	autofree char *file = key_site_file(site, user);
	if (!cluster_has(ctx->cluster, file)) {
		autofree char *url = key_site_url(site, user);
		strv_printf(keys, "‹fetched at build from %s›", url);
		return 0;
	}
	autofree char *where = path_join(ctx->cluster->dir, file);
	auto_str text = STR_INIT;
	if (cluster_read(ctx->cluster, file, &text, e) < 0)
		return -1;
	return add_lines(keys, str_text(&text), where, e) < 0 ? -1 : 1;
}

static int add_source(struct plan_ctx *ctx, struct loc loc, const char *source, struct strv *keys,
		      struct str *why, struct err *e)
{
	const char *user;
	const struct key_site *site = key_site_find(source, &user);
	size_t before = keys->n;
	if (!site)
		return add_file(keys, loc, source, e);
	int known = add_site(ctx, site, user, keys, e);
	if (known < 0)
		return err_wrap(e, "%s:%d", loc.file, loc.line);
	str_printf(why, "; %s", source);
	if (known)
		tell_keys(why, keys, before);
	return 0;
}

static struct loc item_loc(const struct value *list, size_t i)
{
	return list->list_loc ? list->list_loc[i] : list->loc;
}

bool user_has_admin_key(const struct section *user)
{
	const struct value *admin = section_get(user, "admin-key");
	return admin->set ? admin->on : section_bool(user, "operator");
}

static int collect_keys(struct plan_ctx *ctx, const struct user *u, struct strv *keys,
			struct str *why, struct err *e)
{
	const struct value *sources = section_get(u->section, "authorized-keys");
	for (size_t i = 0; i < sources->list.n; i++) {
		if (add_source(ctx, item_loc(sources, i), sources->list.v[i], keys, why, e) < 0)
			return -1;
	}
	auto_str text = STR_INIT;
	if (user_has_admin_key(u->section) &&
	    cluster_read(ctx->cluster, "keys/admin.pub", &text, e) < 0)
		return -1;
	if (user_has_cluster_key(u->section) &&
	    user_read_cluster_key(u->section, ctx->cluster, &text, e) < 0)
		return -1;
	merge_keys(keys, str_text(&text));
	return 0;
}

static int fetch_keys(const struct section *user, const struct cluster *c, struct err *e)
{
	const struct value *sources = section_get(user, "authorized-keys");
	for (size_t i = 0; i < sources->list.n; i++) {
		const char *name;
		const struct key_site *site = key_site_find(sources->list.v[i], &name);
		struct loc loc = item_loc(sources, i);
		if (site && key_site_fetch(site, name, c, e) < 0)
			return err_wrap(e, "%s:%d", loc.file, loc.line);
	}
	return 0;
}

int user_prepare_keys(const struct profile *p, const struct cluster *c, struct err *e)
{
	for (const struct section *s = NULL; (s = profile_next(p, "user", s));) {
		if (fetch_keys(s, c, e) < 0 || user_make_cluster_key(s, c, e) < 0)
			return -1;
	}
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
	auto_str text = STR_INIT, why = STR_INIT;
	str_puts(&why, "keys that may log in");
	if (collect_keys(ctx, u, &wanted, &why, e) < 0)
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
	if (plan_write(ctx, path, str_text(&text), text.len, (struct attr){0600, u->uid, u->gid},
		       str_text(&why), e) < 0)
		return -1;
	return user_plan_cluster_key(ctx, u, dir, e);
}
