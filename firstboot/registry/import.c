/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Taking a plan into the registry. */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "import.h"

static bool is_equal(const struct strv *a, const struct strv *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++) {
		if (strcmp(a->v[i], b->v[i]) != 0)
			return false;
	}
	return true;
}

/* Returns 1 when the setting was another. */
static int put(struct store *s, const char *name, const struct strv *values, struct err *e)
{
	auto_strv before = {0};
	if (store_setting(s, name, &before, e) < 0)
		return -1;
	if (is_equal(&before, values))
		return 0;
	return store_setting_put(s, name, values, e) < 0 ? -1 : 1;
}

/* The key's values in p as a list; nodes are records. */
static void values_of(const struct conf_key *k, const struct roster *p, struct strv *ret)
{
	const void *field = (const char *)p + k->offset;
	if (k->type == CONF_TEXT && *(char *const *)field)
		strv_add(ret, *(char *const *)field);
	if (k->type == CONF_BOOL && *(const bool *)field)
		strv_add(ret, "yes");
	if (k->type != CONF_LIST)
		return;
	strv_foreach (value, (const struct strv *)field) {
		auto_strv words = {0};
		strv_split(&words, *value, " \t");
		strv_add_owned(ret, strv_join(&words, " "));
	}
}

static int import_settings(struct store *s, const struct roster *p, struct err *e)
{
	int changed = 0;
	for (const struct conf_key *k = roster_keys; k->name; k++) {
		auto_strv values = {0};
		values_of(k, p, &values);
		int r = k->type == CONF_VERSION || strcmp(k->name, "node") == 0
				? 0
				: put(s, k->name, &values, e);
		if (r < 0)
			return -1;
		changed |= r;
	}
	return changed;
}

static bool is_same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/* A line of `node`; the texts are of words. */
struct place {
	struct strv words;
	const char *role, *name, *address;
	long long number;
};

struct places {
	struct place *v;
	size_t n;
};

static void places_done(struct places *l)
{
	for (size_t i = 0; i < l->n; i++)
		strv_done(&l->v[i].words);
	free(l->v);
}
#define auto_places __attribute__((cleanup(places_done))) struct places

static int compare(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int r = strcmp(x->role, y->role);
	return r ? r : (x->number > y->number) - (x->number < y->number);
}

/* The lines are checked, so they have these four words and the number is one. */
static void read_place(const char *line, struct place *p)
{
	strv_split(&p->words, line, " \t");
	p->role = p->words.v[0];
	p->name = p->words.v[2];
	p->address = strcmp(p->words.v[3], "-") == 0 ? NULL : p->words.v[3];
	p->number = strtoll(p->words.v[1], NULL, 10);
}

static int read_places(const struct roster *plan, struct places *l, struct err *e)
{
	l->v = xcalloc(plan->nodes.n, sizeof(*l->v));
	strv_foreach (line, &plan->nodes)
		read_place(*line, &l->v[l->n++]);
	qsort(l->v, l->n, sizeof(*l->v), compare);
	for (size_t i = 1; i < l->n; i++) {
		if (compare(&l->v[i - 1], &l->v[i]) == 0)
			return err_set(e, ERR_PROFILE, "%s %lld is planned twice; leave one line",
				       l->v[i].role, l->v[i].number);
	}
	return 0;
}

static int refuse_change(const struct record *r, const struct place *p, struct err *e)
{
	return err_set(e, ERR_PROFILE,
		       "%s %lld would be '%s' at %s, but it was used as '%s' at %s, and cards keep "
		       "that; plan it so again",
		       p->role, p->number, p->name, p->address ? p->address : "no address",
		       r->plan_name, r->address ? r->address : "no address");
}

/* A node that is in the registry: it stays, or goes because the plan has another or none. */
static int follow(struct store *s, const struct record *r, const struct places *l, struct err *e)
{
	const struct place wanted = {.role = r->role, .number = r->number};
	const struct place *p = bsearch(&wanted, l->v, l->n, sizeof(*l->v), compare);
	if (p && is_same(p->name, r->plan_name) && is_same(p->address, r->address))
		return 0;
	if (r->state == STATE_PLANNED)
		return store_delete(s, r->id, e) < 0 ? -1 : 1;
	return p ? refuse_change(r, p, e) : 0;
}

static int follow_all(struct store *s, const struct places *l, struct err *e)
{
	auto_records all = {0};
	int changed = 0;
	if (store_list(s, &all, e) < 0)
		return -1;
	for (size_t i = 0; i < all.n; i++) {
		int r = record_is_node(&all.v[i]) ? follow(s, &all.v[i], l, e) : 0;
		if (r < 0)
			return -1;
		changed |= r;
	}
	return changed;
}

static int check_free(struct store *s, const struct place *p, enum store_column column,
		      const char *value, struct err *e)
{
	auto_record other = {0};
	int there = value ? store_by_text(s, column, value, &other, e) : 0;
	if (there <= 0)
		return there;
	return err_set(e, ERR_PROFILE, "%s %lld and %s %lld would both have '%s'", p->role,
		       p->number, other.role, other.number, value);
}

static int add(struct store *s, const struct place *p, struct err *e)
{
	auto_record there = {0};
	int found = store_by_role(s, p->role, p->number, &there, e);
	if (found)
		return found < 0 ? -1 : 0;
	if (check_free(s, p, BY_PLAN_NAME, p->name, e) < 0 ||
	    check_free(s, p, BY_NAME, p->name, e) < 0 ||
	    check_free(s, p, BY_ADDRESS, p->address, e) < 0)
		return -1;
	auto_record r = {.state = STATE_PLANNED,
			 .role = xstrdup(p->role),
			 .number = p->number,
			 .plan_name = xstrdup(p->name),
			 .name = xstrdup(p->name),
			 .address = xstrdup(p->address)};
	return store_save(s, &r, e) < 0 ? -1 : 1;
}

static int import_nodes(struct store *s, const struct roster *plan, struct err *e)
{
	auto_places l = {0};
	if (read_places(plan, &l, e) < 0)
		return -1;
	int changed = follow_all(s, &l, e);
	for (size_t i = 0; changed >= 0 && i < l.n; i++) {
		int r = add(s, &l.v[i], e);
		changed = r < 0 ? -1 : changed | r;
	}
	return changed;
}

/* The master is there, for it is where this runs. */
static int settle_master(struct store *s, const struct roster *p, struct err *e)
{
	auto_record r = {0};
	int there = store_by_text(s, BY_PLAN_NAME, p->master, &r, e);
	if (there < 0)
		return -1;
	if (!there)
		return err_set(e, ERR_PROFILE, "master '%s' is not one of the nodes", p->master);
	if (r.state == STATE_READY)
		return 0;
	r.state = STATE_READY;
	return store_save(s, &r, e) < 0 ? -1 : 1;
}

int plan_import(struct store *s, const struct roster *p, struct err *e)
{
	int settings = import_settings(s, p, e);
	int nodes = settings < 0 ? -1 : import_nodes(s, p, e);
	int master = nodes < 0 ? -1 : settle_master(s, p, e);
	if (master < 0)
		return -1;
	if (!settings && !nodes && !master)
		return 0;
	return store_generation_next(s, e) < 0 ? -1 : 1;
}
