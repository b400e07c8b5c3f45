/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <time.h>

#include "mem.h"
#include "probe.h"
#include "protocol/request.h"
#include "status.h"
#include "table.h"

/* ---- the table ---- */

static void add_age(struct str *out, long long at, long long now)
{
	if (!at || now < at)
		str_puts(out, at ? "?" : "-"); /* the master's clock was set back */
	else
		table_add_age(now - at, out);
}

static const char *or_dash(const char *text)
{
	return text && *text ? text : "-";
}

static const struct record *claimed(const struct view *v, const struct record *r)
{
	for (size_t i = 0; r->claim && i < v->all.n; i++) {
		if (v->all.v[i].id == r->claim)
			return &v->all.v[i];
	}
	return NULL;
}

static void add_note(const struct view *v, const struct record *r, struct str *out)
{
	autofree char *alarm = view_alarm(v, r);
	const struct record *node = claimed(v, r);
	if (node)
		str_printf(out, "%s %s",
			   r->state == STATE_QUARANTINED ? "copy of the card of" : "wants to be",
			   node->name);
	if (*alarm)
		str_printf(out, "ALARM: %s", alarm);
}

static void add_row(const struct view *v, const struct record *r, long long now, struct strv *out)
{
	auto_str age = STR_INIT, note = STR_INIT;
	autofree char *label = record_label(r), *ip = record_ip(r);
	add_age(&age, r->last_seen, now);
	add_note(v, r, &note);
	strv_add(out, label);
	strv_add(out, states[r->state].name);
	strv_add(out, or_dash(ip));
	strv_add(out, or_dash(r->facts.serial));
	strv_add(out, r->facts.n_nics ? r->facts.nics[0].mac : "-");
	strv_add(out, str_text(&age));
	strv_add(out, str_text(&note));
}

static const char *const headings[] = {"NAME", "STATE", "ADDRESS", "SERIAL", "MAC", "SEEN", "NOTE"};
#define UNSEEN_MIN 4 /* fewer are as easily read one by one */
#define COLUMNS (sizeof(headings) / sizeof(*headings))

/* Nothing is known of it but the plan. */
static bool is_unseen(const struct view *v, const struct record *r)
{
	auto_str note = STR_INIT;
	add_note(v, r, &note);
	return r->state == STATE_PLANNED && !r->last_seen && !note.len;
}

/* How many nodes of one role from here on nobody has seen. */
static size_t count_unseen(const struct view *v, const struct record *const *records, size_t n)
{
	size_t i = 0;
	while (i < n && is_unseen(v, records[i]) && strcmp(records[i]->role, records[0]->role) == 0)
		i++;
	return i;
}

void status_table(const struct view *v, const struct record *const *records, size_t n, bool each,
		  long long now, struct str *out)
{
	auto_strv cells = {0};
	auto_str unseen = STR_INIT;
	for (size_t i = 0; i < COLUMNS; i++)
		strv_add(&cells, headings[i]);
	for (size_t i = 0; i < n;) {
		size_t run = each ? 0 : count_unseen(v, records + i, n - i);
		if (run < UNSEEN_MIN) {
			add_row(v, records[i++], now, &cells);
			continue;
		}
		str_printf(&unseen, "%s … %s: %zu planned, not seen yet\n", records[i]->name,
			   records[i + run - 1]->name, run);
		i += run;
	}
	table_add(&cells, COLUMNS, out);
	str_puts(out, str_text(&unseen));
}

/* Then it is more likely this machine than all of them. */
static void add_silence(const struct view *v, struct str *out)
{
	if (v->silence >= PROBE_SILENCES)
		str_printf(
			out,
			"ALARM: no node has answered %d probes or more, so all are stale; look at "
			"this machine's network\n",
			PROBE_SILENCES);
	else if (v->silence)
		str_printf(out,
			   "ALARM: no node answered the last %lld probe(s); look at this machine's "
			   "network; after %d all are stale\n",
			   v->silence, PROBE_SILENCES);
}

void status_summary(const struct view *v, struct str *out)
{
	size_t nodes[STATES] = {0}, all = 0;
	for (size_t i = 0; i < v->all.n; i++) {
		all += record_is_node(&v->all.v[i]);
		nodes[v->all.v[i].state] += record_is_node(&v->all.v[i]);
	}
	str_printf(out, "%zu nodes", all);
	const char *separator = ":";
	for (size_t i = 0; i < STATES; i++) {
		if (!nodes[i])
			continue;
		str_printf(out, "%s %zu %s", separator, nodes[i], states[i].name);
		separator = ",";
	}
	if (v->all.n > all)
		str_printf(out, "; boards without a place: %zu", v->all.n - all);
	str_puts(out, "\n");
	add_silence(v, out);
}

/* ---- one record ---- */

static void add_field(struct str *out, const char *name, const char *value)
{
	if (value && *value)
		str_printf(out, "%-13s %s\n", name, value);
}

static void add_time(struct str *out, const char *name, long long at, const char *more)
{
	char text[32];
	time_t t = (time_t)at;
	struct tm tm;
	if (at && localtime_r(&t, &tm) && strftime(text, sizeof(text), "%F %T", &tm))
		str_printf(out, "%-13s %s%s\n", name, text, more);
}

static void add_fact(struct str *out, const struct facts *facts, const struct field *f)
{
	const void *value = (const char *)facts + f->offset - offsetof(struct request, facts);
	autofree char *name = field_path(f), *number = NULL;
	if (f->keep == FIELD_PASSING)
		return;
	if (f->type == FIELD_NUMBER) {
		if (*(const long long *)value)
			number = xasprintf("%lld", *(const long long *)value);
		add_field(out, name, number);
	} else {
		add_field(out, name, *(char *const *)value);
	}
}

void status_whole(const struct view *v, const struct record *r, const struct events *events,
		  struct str *out)
{
	auto_str note = STR_INIT;
	autofree char *label = record_label(r);
	add_note(v, r, &note);
	add_field(out, "name", label);
	add_field(out, "state", states[r->state].name);
	add_field(out, "note", str_text(&note));
	add_field(out, "role", r->role);
	add_field(out, "address", r->address);
	for (const struct field *f = request_fields; f->name; f++)
		add_fact(out, &r->facts, f);
	for (size_t i = 0; i < r->facts.n_nics; i++)
		add_field(out, r->facts.nics[i].name, r->facts.nics[i].mac);
	add_time(out, "first seen", r->first_seen, "");
	add_time(out, "last seen", r->last_seen, "");
	for (size_t i = 0; i < events->n; i++) {
		autofree char *text = xasprintf("  %s", events->v[i].text);
		add_time(out, events->v[i].word, events->v[i].at, text);
	}
}
