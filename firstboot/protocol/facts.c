/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "mem.h"
#include "request.h"

void nic_done(struct nic *n)
{
	free(n->name);
	free(n->mac);
	*n = (struct nic){0};
}

void facts_add_nic(struct facts *f, const char *name, const char *mac)
{
	size_t cap = f->n_nics; /* a handful, so there is no slack */
	f->nics = array_reserve(f->nics, f->n_nics, &cap, sizeof(*f->nics));
	f->nics[f->n_nics++] = (struct nic){xstrdup(name), xstrdup(mac)};
}

bool facts_has_mac(const struct facts *f, const char *mac)
{
	for (size_t i = 0; i < f->n_nics; i++) {
		if (strcmp(f->nics[i].mac, mac) == 0)
			return true;
	}
	return false;
}

bool facts_same_board(const struct facts *a, const struct facts *b)
{
	if (a->serial && b->serial)
		return strcmp(a->serial, b->serial) == 0;
	for (size_t i = 0; i < a->n_nics; i++) {
		if (facts_has_mac(b, a->nics[i].mac))
			return true;
	}
	return false;
}

bool facts_same_card(const struct facts *a, const struct facts *b)
{
	return a->cid && b->cid ? strcmp(a->cid, b->cid) == 0 : a->cid == b->cid;
}

static bool same_nics(const struct facts *a, const struct facts *b)
{
	bool same = a->n_nics == b->n_nics;
	for (size_t i = 0; same && i < a->n_nics; i++)
		same = strcmp(a->nics[i].name, b->nics[i].name) == 0 &&
		       strcmp(a->nics[i].mac, b->nics[i].mac) == 0;
	return same;
}

static const void *value_of(const struct facts *f, const struct field *field)
{
	return (const char *)f + field->offset - offsetof(struct request, facts);
}

static bool same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

bool facts_are_equal(const struct facts *a, const struct facts *b)
{
	bool same = same_nics(a, b);
	for (const struct field *f = request_fields; same && f->name; f++) {
		const void *x = value_of(a, f), *y = value_of(b, f);
		if (f->keep != FIELD_KEPT)
			continue;
		same = f->type == FIELD_NUMBER ? *(const long long *)x == *(const long long *)y
					       : same_text(*(char *const *)x, *(char *const *)y);
	}
	return same;
}

/* Every text of a request that the table names. */
static void free_texts(struct request *r)
{
	for (const struct field *f = request_fields; f->name; f++) {
		if (f->type != FIELD_NUMBER)
			free(*(char **)((char *)r + f->offset));
	}
}

void request_done(struct request *r)
{
	struct facts *f = &r->facts;
	for (size_t i = 0; i < f->n_nics; i++)
		nic_done(&f->nics[i]);
	free(f->nics);
	free_texts(r);
	*r = (struct request){0};
}

void facts_done(struct facts *f)
{
	struct request r = {.facts = *f};
	request_done(&r);
	*f = (struct facts){0};
}
