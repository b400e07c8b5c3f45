/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "clone_session.h"
#include "image_parts.h"
#include "mem.h"

void clone_session_done(struct clone_session *c)
{
	session_done(&c->session);
	clone_done(&c->source);
	output_done(&c->copy);
}

struct reading {
	struct progress *progress;
	int step;
};

static void show_read(void *ctx, uint64_t done)
{
	const struct reading *r = ctx;
	progress_update(r->progress, r->step, done);
}

int clone_session_copy(struct clone_session *c, struct err *e)
{
	struct progress *p = c->session.progress;
	autofree char *what = xasprintf("read %s", c->source.disk->name);
	autofree char *where = path_join(c->copy.dir, c->copy.name);
	if (c->copied)
		return 0;
	struct reading r = {p, progress_start(p, what, c->source.used.used)};
	const struct clone_copy how = {.progress = show_read, .ctx = &r};
	int result = clone_copy(&c->source, &how, c->copy.fd, c->copy.path, where, e);
	progress_end(p, r.step, result < 0 ? "failed" : NULL);
	c->copied = result == 0;
	return result;
}

/* Only --node can ask for it: a number that is free in the ledger, or a name that is not planned.
 */
static int check_itself(const struct session *s, struct err *e)
{
	auto_str text = STR_INIT;
	if (tree_read(s->base->tree, "/etc/hostname", 4096, &text, e) < 0) {
		err_done(e);
		return 0; /* it has none */
	}
	const char *name = str_text(&text);
	size_t len = strcspn(name, " \t\r\n");
	for (size_t i = 0; i < s->n_nodes; i++) {
		const char *own = s->nodes[i].hostname;
		if (strlen(own) == len && strncmp(own, name, len) == 0)
			return err_set(e, ERR_USAGE,
				       "%s: is %s itself; a clone of that name would be the same "
				       "board twice: give --node another number",
				       s->base->name, own);
	}
	return 0;
}

static int check_writable(const struct disk *d, const struct part *p, struct err *e)
{
	autofree char *what = image_part_name(d->name, p);
	struct fs_open open = clone_part(d, p, what);
	bool dirty;
	open.writable = true;
	return part_is_ext(p) ? fs_ext_is_dirty(&open, &dirty, e) : 0;
}

/* NULL: only files tell. */
static const struct part *root_by_table(const struct session *s, const struct disk *d)
{
	int chosen = (int)profile_int(s->profile, "root-partition");
	const struct part *only = NULL;
	for (size_t i = 0; i < d->n_parts && !chosen; i++) {
		if (only && part_is_ext(&d->parts[i]))
			return NULL;
		only = part_is_ext(&d->parts[i]) ? &d->parts[i] : only;
	}
	return chosen ? disk_part(d, chosen) : only;
}

/* A journal is replayed by writing; with rescue what is damaged is repaired, or not, later. */
static int check_part(const struct clone_source *s, const struct part *p, bool is_root,
		      struct err *e)
{
	autofree char *what = image_part_name(s->disk->name, p);
	const struct fs_open open = clone_part(s->disk, p, what);
	bool dirty = false;
	if (!part_is_ext(p))
		return 0;
	if (fs_ext_is_dirty(&open, &dirty, e) == 0)
		return is_root || (dirty && !s->rescue) ? check_writable(s->disk, p, e) : 0;
	if (!s->rescue)
		return -1;
	err_done(e);
	return 0;
}

/* Before hours of reading a card, and not after them: as far as can be told without its files. */
static int check_card(const struct clone_session *c, struct err *e)
{
	const struct disk *d = c->source.disk;
	const struct part *root = root_by_table(&c->session, d);
	for (size_t i = 0; i < d->n_parts; i++) {
		if (check_part(&c->source, &d->parts[i], &d->parts[i] == root, e) < 0)
			return -1;
	}
	return 0;
}

int clone_session_open(const struct options *o, const char *source, const char *dir,
		       enum cluster_mode mode, struct clone_session *ret, struct err *e)
{
	struct session *s = &ret->session;
	if (session_open(o, mode, s, e) < 0 || session_pick_free(o, s, e) < 0 ||
	    clone_open(source, o->rescue, &ret->source, e) < 0)
		return -1;
	s->sysprep = o->sysprep;
	/* Its files cannot be trusted, or not be read, as they are on the card. */
	bool first = ret->source.dirty || o->rescue;
	autofree char *cache = dir ? xstrdup(dir) : cache_dir(e);
	if (first && check_card(ret, e) < 0)
		return -1;
	if (!cache || output_begin(cache, "card.copy", &ret->copy, e) < 0 ||
	    (first && clone_session_copy(ret, e) < 0))
		return -1;
	if (session_open_clone(s, first ? ret->copy.path : source, source, e) < 0)
		return -1;
	const struct disk *d = s->base->disk;
	if (check_writable(d, disk_part(d, s->base->root), e) < 0)
		return -1;
	return check_itself(s, e);
}
