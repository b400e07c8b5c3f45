/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "record.h"

const struct state_row states[STATES] = {
	[STATE_PLANNED] = {"planned", false, false, "in the plan; no board has come"},
	[STATE_PENDING] = {"pending", false, false, "a board that waits for approve"},
	[STATE_REGISTERED] = {"registered", true, false,
			      "accepted; has not come back with its own key yet"},
	[STATE_READY] = {"ready", true, true, "came back with its own key"},
	[STATE_STALE] = {"stale", true, false, "was ready; the master does not reach it"},
	[STATE_QUARANTINED] = {"quarantined", false, false, "shut out until approve"},
	[STATE_RETIRED] = {"retired", false, false,
			   "decommissioned; its keys and certificate are worth nothing"},
};

enum state state_find(const char *name)
{
	size_t i = 0;
	while (i < STATES && strcmp(states[i].name, name) != 0)
		i++;
	return (enum state)i;
}

void record_done(struct record *r)
{
	free(r->role);
	free(r->plan_name);
	free(r->name);
	free(r->address);
	free(r->key);
	facts_done(&r->facts);
	*r = (struct record){0};
}

void records_add(struct records *l, struct record *r)
{
	l->v = array_reserve(l->v, l->n, &l->cap, sizeof(*l->v));
	l->v[l->n++] = *r;
	*r = (struct record){0};
}

void records_done(struct records *l)
{
	for (size_t i = 0; i < l->n; i++)
		record_done(&l->v[i]);
	free(l->v);
	*l = (struct records){0};
}

char *record_ip(const struct record *r)
{
	return r->address ? xstrndup(r->address, strcspn(r->address, "/")) : NULL;
}

char *record_label(const struct record *r)
{
	return r->name ? xstrdup(r->name) : xasprintf("#%lld", r->id);
}
