/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "probe.h"
#include "secret.h"
#include "view.h"

static int load_text(struct store *s, const char *name, char **ret, struct err *e)
{
	autofree char *value = NULL;
	if (store_setting_text(s, name, &value, e) < 0)
		return -1;
	*ret = value ? steal(&value) : xstrdup("");
	return 0;
}

static int load(struct store *s, struct view *v, struct err *e)
{
	autofree char *slurm = NULL;
	if (store_generation(s, &v->generation, e) < 0 ||
	    load_text(s, "cluster", &v->cluster, e) < 0 ||
	    load_text(s, "master", &v->master, e) < 0 ||
	    store_setting_text(s, "host-ca", &v->host_ca, e) < 0 ||
	    store_setting_text(s, "slurm", &slurm, e) < 0 ||
	    store_setting(s, "export", &v->exports, e) < 0 ||
	    store_setting(s, "hardware", &v->hardware, e) < 0 ||
	    store_setting(s, "mount", &v->mounts, e) < 0 ||
	    secret_get(s, SECRET_MUNGE, &v->munge, e) < 0 || probe_silence(s, &v->silence, e) < 0)
		return -1;
	v->slurm = slurm != NULL;
	return store_revoked_hosts(s, &v->revoked, e) < 0 ? -1 : store_list(s, &v->all, e);
}

int view_read(struct store *s, struct view *ret, struct err *e)
{
	auto_view v = {.munge = STR_SECRET};
	if (load(s, &v, e) < 0 || view_check(&v, e) < 0)
		return -1;
	*ret = v;
	v = (struct view){0};
	return 0;
}

int view_load(struct store *s, struct view *ret, struct err *e)
{
	if (store_begin_read(s, e) < 0 || view_read(s, ret, e) < 0)
		return -1;
	return store_commit(s, e);
}

int view_open(const char *dir, struct view *ret, struct err *e)
{
	auto_store *s = NULL;
	return store_open(dir, STORE_READ, &s, e) < 0 ? -1 : view_load(s, ret, e);
}

void view_done(struct view *v)
{
	free(v->cluster);
	free(v->master);
	free(v->host_ca);
	strv_done(&v->exports);
	strv_done(&v->hardware);
	strv_done(&v->mounts);
	str_done(&v->munge);
	records_done(&v->all);
	revoked_hosts_done(&v->revoked);
	*v = (struct view){0};
}

const struct record *view_next(const struct view *v, const struct record *before,
			       bool (*wanted)(const struct view *, const struct record *))
{
	for (size_t i = before ? (size_t)(before - v->all.v) + 1 : 0; i < v->all.n; i++) {
		const struct record *r = &v->all.v[i];
		if (record_is_node(r) && (!wanted || wanted(v, r)))
			return r;
	}
	return NULL;
}

bool node_is_master(const struct view *v, const struct record *r)
{
	return r->plan_name && strcmp(r->plan_name, v->master) == 0;
}

bool node_is_there(const struct view *v, const struct record *r)
{
	(void)v;
	return r->state != STATE_RETIRED;
}

bool node_is_live(const struct view *v, const struct record *r)
{
	return states[r->state].live && !node_is_master(v, r);
}

bool node_is_usable(const struct view *v, const struct record *r)
{
	return states[r->state].usable && !node_is_master(v, r);
}

static bool share_mac(const struct record *a, const struct record *b)
{
	for (size_t i = 0; i < a->facts.n_nics; i++) {
		if (facts_has_mac(&b->facts, a->facts.nics[i].mac))
			return true;
	}
	return false;
}

static bool share_host_key(const struct record *a, const struct record *b)
{
	return a->facts.host_key && b->facts.host_key &&
	       strcmp(a->facts.host_key, b->facts.host_key) == 0;
}

/* What another record says about this one; NULL: nothing. */
static const char *judge_pair(const struct record *r, const struct record *other)
{
	bool both = states[r->state].live && states[other->state].live;
	if (other->claim == r->id && other->claim)
		return other->state == STATE_QUARANTINED ? "a copy of its card is at"
							 : "its name is wanted by";
	if (both && share_mac(r, other))
		return "has a MAC in common with";
	return both && share_host_key(r, other) ? "has its host key in common with" : NULL;
}

char *view_alarm(const struct view *v, const struct record *r)
{
	auto_str out = STR_INIT;
	for (size_t i = 0; i < v->all.n; i++) {
		const struct record *other = &v->all.v[i];
		const char *what = other == r ? NULL : judge_pair(r, other);
		autofree char *label = record_label(other);
		if (what)
			str_printf(&out, "%s%s %s", out.len ? "; " : "", what, label);
	}
	return str_steal(&out);
}
