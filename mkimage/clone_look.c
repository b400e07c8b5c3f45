/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "clone_look.h"

#include <ctype.h>
#include <string.h>

#include "identity.h"
#include "mem.h"
#include "plan_private.h"

#define FILE_SIZE_MAX (1u << 20) /* settings are smaller */
#define NOTES_MAX 20

/* Where settings and secrets are; caches, packages and logs are none. */
static const char *const places[] = {"/boot", "/etc",	    "/opt",	"/root",
				     "/srv",  "/usr/local", "/var/lib", "/var/spool"};
static const char *const skipped[] = {"/var/lib/apt", "/var/lib/dpkg", "/var/lib/docker",
				      "/var/lib/containerd"};
/* Users' keys are theirs, wherever they log in. */
static const char *const machine_places[] = {"/etc/", "/var/lib/"};

struct needle {
	char *text;
	const char *what;
};

struct look {
	struct plan_ctx *ctx;
	struct needle needles[64];
	size_t n_needles;
	size_t found;
};

static void look_done(struct look *l)
{
	for (size_t i = 0; i < l->n_needles; i++)
		free(l->needles[i].text);
}

static void add_needle(struct look *l, const char *text, size_t len, const char *what)
{
	if (len < 4 || l->n_needles == sizeof(l->needles) / sizeof(*l->needles))
		return;
	l->needles[l->n_needles++] = (struct needle){xstrndup(text, len), what};
}

/* The first word of a file as it is on the source. */
static int add_word_of(struct look *l, const char *path, const char *what, struct err *e)
{
	auto_str text = STR_INIT;
	struct fs_stat st;
	if (tree_stat_follow(l->ctx->tree, path, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR)
		return 0;
	if (tree_read(l->ctx->tree, path, PLAN_READ_MAX, &text, e) < 0)
		return -1;
	add_needle(l, str_text(&text), strcspn(str_text(&text), " \t\r\n"), what);
	return 0;
}

static void add_ids(struct look *l)
{
	const struct plan_ctx *ctx = l->ctx;
	auto_disk *want = identity_want(ctx->identity, ctx->cluster, ctx->node->hostname);
	autofree struct id_change *changes = NULL;
	size_t n = identity_compare(ctx->identity->disk, want, &changes);
	for (size_t i = 0; i < n; i++)
		add_needle(l, changes[i].from, strlen(changes[i].from), "an id");
}

static bool is_part_of_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool has_word(const struct str *text, const char *word)
{
	size_t len = strlen(word);
	const char *begin = str_text(text), *end = begin + text->len;
	for (const char *p = begin; (p = memmem(p, (size_t)(end - p), word, len)); p++) {
		if ((p == begin || !is_part_of_word(p[-1])) &&
		    (p + len == end || !is_part_of_word(p[len])))
			return true;
	}
	return false;
}

static bool is_in(const char *path, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (str_starts(path, list[i]))
			return true;
	}
	return false;
}

static bool holds_key(const char *path, const struct str *text)
{
	static const char mark[] = "PRIVATE KEY-----";
	return is_in(path, machine_places, sizeof(machine_places) / sizeof(*machine_places)) &&
	       memmem(str_text(text), text->len, mark, sizeof(mark) - 1);
}

static void note(struct look *l, const char *path, const char *what, const char *text)
{
	if (l->found++ < NOTES_MAX)
		plan_note(l->ctx, "%s still has %s of the card that is cloned%s%s", path, what,
			  *text ? ": " : "", text);
}

/* A list of all nodes has the name of the source, and that of the clone as well. */
static void judge(struct look *l, const char *path, const struct str *text)
{
	for (size_t i = 0; i < l->n_needles; i++) {
		const struct needle *n = &l->needles[i];
		if (has_word(text, n->text) && !has_word(text, l->ctx->node->hostname)) {
			note(l, path, n->what, n->text);
			return;
		}
	}
	const struct plan_entry *entry = plan_find(l->ctx->plan, path);
	if (holds_key(path, text) && !(entry && entry->change))
		note(l, path, "a private key", "");
}

static int look_into(struct look *l, const char *path, struct err *e);

static int look_at(struct look *l, const char *path, struct err *e)
{
	struct fs_stat st;
	auto_str text = STR_SECRET;
	autofree char *target = NULL;
	if (plan_readlink(l->ctx, path, &target, e) < 0)
		return -1;
	if (target)
		return 0;
	if (plan_stat(l->ctx, path, &st, e) < 0)
		return -1;
	if (st.type == FILE_DIR)
		return look_into(l, path, e);
	if (st.type != FILE_REGULAR || st.size > FILE_SIZE_MAX)
		return 0;
	if (plan_read(l->ctx, path, &text, e) < 0)
		return -1;
	judge(l, path, &text);
	return 0;
}

static int look_into(struct look *l, const char *dir, struct err *e)
{
	auto_strv names = {0};
	if (is_in(dir, skipped, sizeof(skipped) / sizeof(*skipped)))
		return 0;
	if (plan_list(l->ctx, dir, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(dir, *name);
		if (look_at(l, path, e) < 0)
			return -1;
	}
	return 0;
}

int clone_look(struct plan_ctx *ctx, struct err *e)
{
	__attribute__((cleanup(look_done))) struct look l = {.ctx = ctx};
	if (add_word_of(&l, "/etc/hostname", "the name", e) < 0 ||
	    add_word_of(&l, "/etc/machine-id", "the machine id", e) < 0)
		return -1;
	add_ids(&l);
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		if (look_at(&l, places[i], e) < 0)
			return -1;
	}
	if (l.found > NOTES_MAX)
		plan_note(ctx, "and %zu more files", l.found - NOTES_MAX);
	return 0;
}
