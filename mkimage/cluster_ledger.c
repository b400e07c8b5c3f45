/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cluster_private.h"
#include "io.h"
#include "mem.h"
#include "validate.h"

#define LEDGER_MAX_BYTES (4u << 20)
#define HEADER "# role\tnumber\thostname\taddress\n"

struct entry {
	char *role;
	unsigned number;
	char *hostname;
	char *address; /* NULL: "-" in the file */
	int line;
};

struct ledger {
	char *path;
	struct entry *v;
	size_t n, cap;
};

static void ledger_done(struct ledger *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->v[i].role);
		free(l->v[i].hostname);
		free(l->v[i].address);
	}
	free(l->v);
	free(l->path);
}
#define auto_ledger __attribute__((cleanup(ledger_done))) struct ledger

static void add(struct ledger *l, const char *role, unsigned number, const char *hostname,
		const char *address, int line)
{
	l->v = array_reserve(l->v, l->n, &l->cap, sizeof(*l->v));
	l->v[l->n++] = (struct entry){xstrdup(role), number, xstrdup(hostname), xstrdup(address),
				      line};
}

static struct loc at_line(const struct ledger *l, int line)
{
	return (struct loc){l->path, line};
}

static int add_line(struct ledger *l, const char *text, int line, struct err *e)
{
	auto_strv f = {0};
	strv_split(&f, text, " \t\r");
	long long number;
	uint32_t ip;
	if (f.n == 0 || *f.v[0] == '#')
		return 0;
	if (f.n != 4 || !parse_number(f.v[1], 1, UINT_MAX, &number))
		return err_at(e, at_line(l, line),
			      "expected role, number, hostname and address ('-' for none)");
	bool addressed = strcmp(f.v[3], "-") != 0;
	auto_err judged = ERR_INIT;
	if (validate_hostname(f.v[2], &judged) < 0 ||
	    (addressed && validate_ipv4(f.v[3], &ip, &judged) < 0))
		return err_at(e, at_line(l, line), "%s", judged.msg);
	add(l, f.v[0], (unsigned)number, f.v[2], addressed ? f.v[3] : NULL, line);
	return 0;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int r = strcmp(x->role, y->role);
	return r ? r : (x->number > y->number) - (x->number < y->number);
}

static int sort_entries(struct ledger *l, struct err *e)
{
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), compare_entries);
	for (size_t i = 1; i < l->n; i++) {
		const struct entry *a = &l->v[i - 1], *b = &l->v[i];
		if (compare_entries(a, b) == 0)
			return err_at(e, at_line(l, a->line > b->line ? a->line : b->line),
				      "%s %u has line %d already; remove one of them", a->role,
				      a->number, a->line < b->line ? a->line : b->line);
	}
	return 0;
}

static int parse(struct ledger *l, const struct str *text, struct err *e)
{
	const char *at = str_text(text);
	if (strlen(at) != text->len)
		return err_at(e, at_line(l, 0), "holds a zero byte; restore it from a backup");
	for (int line = 1; *at; line++) {
		size_t len = strcspn(at, "\n");
		autofree char *one = xstrndup(at, len);
		if (add_line(l, one, line, e) < 0)
			return -1;
		at += len + (at[len] == '\n');
	}
	return sort_entries(l, e);
}

static int ledger_read(const struct cluster *c, struct ledger *l, struct err *e)
{
	l->path = path_join(c->dir, "ledger");
	auto_str text = STR_INIT;
	if (access(l->path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (io_read_file(l->path, LEDGER_MAX_BYTES, &text, e) < 0)
		return -1;
	return parse(l, &text, e);
}

static bool same_address(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool is_entry_of(const struct entry *en, const struct node *n)
{
	return n->number == en->number && strcmp(n->role, en->role) == 0;
}

/* The cards that were written keep what they got, so the plan has to keep it too. */
static int check_same(const struct ledger *l, const struct entry *en, const struct member *m,
		      struct err *e)
{
	const struct node *n = &m->nodes[en->number - 1];
	bool named = strcmp(n->hostname, en->hostname) == 0;
	if (named && same_address(n->address, en->address))
		return 0;
	const char *was = named ? en->address : en->hostname;
	const char *is = named ? n->address : n->hostname;
	return err_at(e, profile_get(m->profile, named ? "address" : "hostname")->loc,
		      "%s %u would be '%s' now, but it was built as '%s' (%s:%d), and cards keep "
		      "that; plan it so again, or remove that line and rebuild the node",
		      en->role, en->number, is ? is : "without address",
		      was ? was : "without address", l->path, en->line);
}

static int check_taken(const struct ledger *l, const struct entry *en, const struct planned *p,
		       const char *key, const char *value, struct err *e)
{
	if (!p || is_entry_of(en, p->node))
		return 0;
	return err_at(e, profile_get(p->profile, key)->loc,
		      "%s %u would be '%s', but that is %s %u (%s:%d); choose another %s, or "
		      "remove that line if the node is gone",
		      p->node->role, p->node->number, value, en->role, en->number, l->path,
		      en->line, key);
}

int ledger_check(const struct cluster *c, struct err *e)
{
	auto_ledger l = {0};
	if (ledger_read(c, &l, e) < 0)
		return -1;
	auto_planned names = planned_by_name(c), addresses = planned_by_address(c);
	for (size_t i = 0; i < l.n; i++) {
		const struct entry *en = &l.v[i];
		const struct member *m = cluster_member(c, en->role);
		if (m && en->number <= m->n_nodes && check_same(&l, en, m, e) < 0)
			return -1;
		if (check_taken(&l, en, planned_find_name(&names, en->hostname), "hostname",
				en->hostname, e) < 0)
			return -1;
		if (en->address &&
		    check_taken(&l, en, planned_find_address(&addresses, en->address), "address",
				en->address, e) < 0)
			return -1;
	}
	return 0;
}

static int ledger_write(const struct ledger *l, struct err *e)
{
	auto_str text = STR_INIT;
	str_puts(&text, HEADER);
	for (size_t i = 0; i < l->n; i++) {
		const struct entry *en = &l->v[i];
		str_printf(&text, "%s\t%u\t%s\t%s\n", en->role, en->number, en->hostname,
			   en->address ? en->address : "-");
	}
	return io_replace_file(l->path, text.data, text.len, 0600, e);
}

static bool is_entered(const struct ledger *l, size_t n_sorted, const struct node *n)
{
	const struct entry wanted = {.role = n->role, .number = n->number};
	return n_sorted && bsearch(&wanted, l->v, n_sorted, sizeof(*l->v), compare_entries);
}

int cluster_enter(struct cluster *c, const struct node *nodes, size_t n, struct err *e)
{
	auto_ledger l = {0};
	if (ledger_read(c, &l, e) < 0)
		return -1;
	size_t before = l.n;
	for (size_t i = 0; i < n; i++) {
		if (!nodes[i].unplanned && !is_entered(&l, before, &nodes[i]))
			add(&l, nodes[i].role, nodes[i].number, nodes[i].hostname, nodes[i].address,
			    0);
	}
	if (l.n == before)
		return 0;
	return sort_entries(&l, e) < 0 ? -1 : ledger_write(&l, e);
}

int cluster_last_built(const struct cluster *c, const char *role, unsigned *ret, struct err *e)
{
	auto_ledger l = {0};
	if (ledger_read(c, &l, e) < 0)
		return -1;
	*ret = 0;
	for (size_t i = 0; i < l.n; i++) {
		if (strcmp(l.v[i].role, role) == 0 && l.v[i].number > *ret)
			*ret = l.v[i].number;
	}
	return 0;
}
