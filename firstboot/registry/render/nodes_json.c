/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "json.h"
#include "mem.h"
#include "registry/render.h"
#include "protocol/request.h"

/* No number is 0 that was ever said. */
static void add_number(struct str *out, const char *name, long long value)
{
	if (value)
		str_printf(out, ",\"%s\":%lld", name, value);
	else
		json_field(out, name, NULL);
}

/* What the board said, by the table of its request. */
static void add_facts(const struct facts *facts, bool times, struct str *out)
{
	for (const struct field *f = request_fields; f->name; f++) {
		const void *value = (const char *)facts + f->offset -
				    offsetof(struct request, facts);
		if (f->keep == FIELD_PASSING || (f->keep == FIELD_MOMENT && !times))
			continue;
		if (f->type == FIELD_NUMBER)
			add_number(out, f->name, *(const long long *)value);
		else
			json_field(out, f->name, *(char *const *)value);
	}
}

static void add_nics(const struct facts *f, struct str *out)
{
	str_puts(out, ",\"nics\":[");
	for (size_t i = 0; i < f->n_nics; i++) {
		str_puts(out, i ? ",{" : "{");
		json_field(out, "name", f->nics[i].name);
		json_field(out, "mac", f->nics[i].mac);
		str_puts(out, "}");
	}
	str_puts(out, "]");
}

static void add_claim(const struct view *v, const struct record *r, struct str *out)
{
	for (size_t i = 0; i < v->all.n; i++) {
		if (v->all.v[i].id == r->claim)
			json_field(out, "claims", v->all.v[i].name);
	}
}

void record_json(const struct view *v, const struct record *r, bool times, struct str *out)
{
	autofree char *alarm = view_alarm(v, r);
	str_printf(out, "{\"id\":%lld", r->id);
	json_field(out, "name", r->name);
	json_field(out, "state", states[r->state].name);
	json_field(out, "role", r->role);
	add_number(out, "number", r->number);
	json_field(out, "planned_name", r->plan_name);
	json_field(out, "address", r->address);
	add_claim(v, r, out);
	add_facts(&r->facts, times, out);
	add_nics(&r->facts, out);
	if (times) {
		add_number(out, "first_seen", r->first_seen);
		add_number(out, "last_seen", r->last_seen);
	}
	json_field(out, "alarm", alarm);
	str_puts(out, "}");
}

/* Without times, so that a reboot changes no file. */
void render_json(const struct view *v, struct str *out)
{
	str_puts(out, "{");
	json_field(out, "cluster", v->cluster);
	json_field(out, "master", v->master);
	str_puts(out, ",\"records\":[");
	for (size_t i = 0; i < v->all.n; i++) {
		str_puts(out, i ? ",\n" : "\n");
		record_json(v, &v->all.v[i], false, out);
	}
	str_puts(out, "\n]}\n");
}
