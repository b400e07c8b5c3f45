/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "cluster_private.h"
#include "mem.h"
#include "pattern.h"
#include "validate.h"

char *loc_text(struct loc loc)
{
	return loc.line ? xasprintf("%s:%d", loc.file, loc.line) : xstrdup(loc.file);
}

static struct loc key_loc(const struct profile *p, const char *key)
{
	return profile_get(p, key)->loc;
}

/* A profile that is named by a member is looked for beside the file that names it first. */
static int load_member(const char *name, struct loc loc, const struct strv *search,
		       struct profile **ret, struct err *e)
{
	auto_strv places = {0};
	strv_add_owned(&places, path_dir(loc.file));
	strv_foreach (dir, search)
		strv_add(&places, *dir);
	autofree char *given = strchr(name, '/') ? profile_path(loc, name) : xstrdup(name);
	autofree char *path = profile_find(given, &places, e);
	if (!path) {
		autofree char *where = loc_text(loc);
		return err_wrap(e, "%s", where);
	}
	return profile_load(path, search, ret, e);
}

static int load_members(struct cluster *c, const struct profile *p, const struct strv *search,
			struct err *e)
{
	const struct value *v = profile_get(p, "members");
	c->members = xcalloc(v->list.n + 1, sizeof(*c->members));
	if (v->list.n == 0) {
		if (profile_load(p->path, search, &c->members[0].profile, e) < 0)
			return -1;
		c->n_members = 1;
	}
	for (size_t i = 0; i < v->list.n; i++) {
		if (load_member(v->list.v[i], v->list_loc[i], search, &c->members[i].profile, e) <
		    0)
			return -1;
		c->n_members++;
	}
	return 0;
}

static int check_pair(const struct profile *a, const struct profile *b, struct err *e)
{
	autofree char *other = loc_text(key_loc(a, "role"));
	if (strcmp(profile_str(a, "role"), profile_str(b, "role")) == 0)
		return err_at(e, key_loc(b, "role"), "role '%s' is that of another member, %s",
			      profile_str(b, "role"), other);
	if (strcmp(profile_str(a, "cluster"), profile_str(b, "cluster")) == 0)
		return 0;
	autofree char *cluster = loc_text(key_loc(a, "cluster"));
	return err_at(e, key_loc(b, "cluster"),
		      "cluster '%s', but the member '%s' is of cluster '%s' (%s); set it once, in "
		      "a file that both include",
		      profile_str(b, "cluster"), profile_str(a, "role"), profile_str(a, "cluster"),
		      cluster);
}

static int check_members(const struct cluster *c, struct err *e)
{
	for (size_t b = 1; b < c->n_members; b++) {
		for (size_t a = 0; a < b; a++) {
			if (check_pair(c->members[a].profile, c->members[b].profile, e) < 0)
				return -1;
		}
	}
	return 0;
}

static char *name_pattern(const struct profile *p)
{
	const char *pattern = profile_str(p, "hostname"), *role = profile_str(p, "role");
	if (pattern)
		return xstrdup(pattern);
	return profile_int(p, "planned") > 1 ? xasprintf("%s%%03d", role) : xstrdup(role);
}

static int plan_name(const struct profile *p, const char *pattern, struct node *n, struct err *e)
{
	n->hostname = pattern_expand(pattern, n->number);
	auto_err judged = ERR_INIT;
	if (validate_node_name(n->hostname, &judged) < 0)
		return err_at(e, key_loc(p, profile_str(p, "hostname") ? "hostname" : "role"),
			      "hostname of node %u: %s", n->number, judged.msg);
	return 0;
}

static int out_of_addresses(const struct profile *p, unsigned number, struct err *e)
{
	const char *pattern = profile_str(p, "address");
	autofree char *first = loc_text(key_loc(p, "address"));
	return err_at(e, key_loc(p, number > 1 ? "planned" : "address"),
		      "%ld nodes are planned, but '%s' from %%d = %ld on (%s) has host addresses "
		      "for %u only; lower 'planned' or 'first-address', or use another network",
		      profile_int(p, "planned"), pattern, profile_int(p, "first-address"), first,
		      number - 1);
}

static int plan_address(const struct profile *p, struct node *n, struct err *e)
{
	const char *pattern = profile_str(p, "address");
	struct address a;
	if (!pattern)
		return 0;
	unsigned value = (unsigned)profile_int(p, "first-address") + n->number - 1;
	if (!pattern_expand_address(pattern, value, &a))
		return out_of_addresses(p, n->number, e);
	n->prefix = a.prefix;
	n->address = xasprintf("%u.%u.%u.%u", a.ip >> 24, a.ip >> 16 & 255, a.ip >> 8 & 255,
			       a.ip & 255);
	return 0;
}

static int check_pattern(const struct profile *p, const char *key, const char *pattern,
			 struct err *e)
{
	if (!pattern || pattern_has_number(pattern) || profile_int(p, "planned") == 1)
		return 0;
	autofree char *planned = loc_text(key_loc(p, "planned"));
	return err_at(e, key_loc(p, key),
		      "%s: '%s' is the same for all of the %ld nodes that are planned (%s); put "
		      "%%d in it",
		      key, pattern, profile_int(p, "planned"), planned);
}

static int plan_member(struct member *m, struct err *e)
{
	const struct profile *p = m->profile;
	autofree char *pattern = name_pattern(p);
	if (check_pattern(p, "hostname", pattern, e) < 0 ||
	    check_pattern(p, "address", profile_str(p, "address"), e) < 0)
		return -1;
	size_t planned = (size_t)profile_int(p, "planned");
	m->nodes = xcalloc(planned, sizeof(*m->nodes));
	while (m->n_nodes < planned) {
		struct node *n = &m->nodes[m->n_nodes++];
		n->number = (unsigned)m->n_nodes;
		n->role = xstrdup(profile_str(p, "role"));
		if (plan_name(p, pattern, n, e) < 0 || plan_address(p, n, e) < 0)
			return -1;
	}
	return 0;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct planned *)a)->node->hostname,
		      ((const struct planned *)b)->node->hostname);
}

static int compare_addresses(const void *a, const void *b)
{
	return strcmp(((const struct planned *)a)->node->address,
		      ((const struct planned *)b)->node->address);
}

static struct planned_list list_planned(const struct cluster *c, bool with_address,
					int (*compare)(const void *, const void *))
{
	struct planned_list l = {0};
	size_t cap = 0;
	for (size_t i = 0; i < c->n_members; i++) {
		const struct member *m = &c->members[i];
		for (size_t j = 0; j < m->n_nodes; j++) {
			if (with_address && !m->nodes[j].address)
				continue;
			l.v = array_reserve(l.v, l.n, &cap, sizeof(*l.v));
			l.v[l.n++] = (struct planned){&m->nodes[j], m->profile};
		}
	}
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), compare);
	return l;
}

void planned_done(struct planned_list *l)
{
	free(l->v);
}

struct planned_list planned_by_name(const struct cluster *c)
{
	return list_planned(c, false, compare_names);
}

struct planned_list planned_by_address(const struct cluster *c)
{
	return list_planned(c, true, compare_addresses);
}

static const struct planned *find(const struct planned_list *l, const struct node *n,
				  int (*compare)(const void *, const void *))
{
	const struct planned wanted = {.node = n};
	return l->n ? bsearch(&wanted, l->v, l->n, sizeof(*l->v), compare) : NULL;
}

const struct planned *planned_find_name(const struct planned_list *l, const char *name)
{
	return find(l, &(const struct node){.hostname = (char *)name}, compare_names);
}

const struct planned *planned_find_address(const struct planned_list *l, const char *address)
{
	return find(l, &(const struct node){.address = (char *)address}, compare_addresses);
}

static int clash(const struct planned *a, const struct planned *b, const char *key,
		 const char *value, struct err *e)
{
	autofree char *other = loc_text(key_loc(a->profile, key));
	return err_at(e, key_loc(b->profile, key), "%s: %s %u and %s %u (%s) would both have '%s'",
		      key, b->node->role, b->node->number, a->node->role, a->node->number, other,
		      value);
}

static int check_names(const struct cluster *c, struct err *e)
{
	auto_planned l = planned_by_name(c);
	for (size_t i = 1; i < l.n; i++) {
		if (compare_names(&l.v[i - 1], &l.v[i]) == 0)
			return clash(&l.v[i - 1], &l.v[i], "hostname", l.v[i].node->hostname, e);
	}
	return 0;
}

static int check_addresses(const struct cluster *c, struct err *e)
{
	auto_planned l = planned_by_address(c);
	for (size_t i = 1; i < l.n; i++) {
		if (compare_addresses(&l.v[i - 1], &l.v[i]) == 0)
			return clash(&l.v[i - 1], &l.v[i], "address", l.v[i].node->address, e);
	}
	return 0;
}

static struct address address_of(const struct node *n)
{
	struct address a = {.prefix = n->prefix};
	auto_err e = ERR_INIT;
	if (validate_ipv4(n->address, &a.ip, &e) < 0)
		abort(); /* we have printed it ourselves */
	return a;
}

/* Boards on one wire have to be in one network to hear each other. */
static int check_network(const struct planned *p, const struct planned *first, struct err *e)
{
	struct address a = address_of(p->node), b = address_of(first->node);
	uint32_t net = address_network(b);
	if (a.prefix == b.prefix && address_network(a) == net)
		return 0;
	autofree char *where = loc_text(key_loc(first->profile, "address"));
	return err_at(e, key_loc(p->profile, "address"),
		      "address %s/%u of %s is outside %u.%u.%u.%u/%u, the network of %s (%s)",
		      p->node->address, p->node->prefix, p->node->hostname, net >> 24,
		      net >> 16 & 255, net >> 8 & 255, net & 255, b.prefix, first->node->hostname,
		      where);
}

static int check_networks(const struct cluster *c, struct err *e)
{
	struct planned first = {0};
	for (size_t i = 0; i < c->n_members; i++) {
		const struct member *m = &c->members[i];
		for (size_t j = 0; j < m->n_nodes; j++) {
			struct planned p = {&m->nodes[j], m->profile};
			if (!p.node->address)
				continue;
			if (!first.node)
				first = p;
			if (check_network(&p, &first, e) < 0)
				return -1;
		}
	}
	return 0;
}

int cluster_plan_nodes(struct cluster *c, const struct profile *p, const struct strv *search,
		       struct err *e)
{
	if (load_members(c, p, search, e) < 0 || check_members(c, e) < 0)
		return -1;
	for (size_t i = 0; i < c->n_members; i++) {
		if (plan_member(&c->members[i], e) < 0)
			return -1;
	}
	if (check_names(c, e) < 0 || check_addresses(c, e) < 0)
		return -1;
	return check_networks(c, e) < 0 ? -1 : card_check_registry(c, e);
}
