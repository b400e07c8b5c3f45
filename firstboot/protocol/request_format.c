/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "json.h"
#include "mem.h"
#include "request.h"

static const void *value_of(const struct request *r, const struct field *f)
{
	return (const char *)r + f->offset;
}

static void add_name(struct str *out, const char *name)
{
	str_printf(out, "%s\"%s\":", str_ends(str_text(out), "{") ? "" : ",", name);
}

static void add_field(struct str *out, const struct request *r, const struct field *f)
{
	const char *text;
	long long number;
	switch (f->type) {
	case FIELD_NUMBER:
		number = *(const long long *)value_of(r, f);
		if (!number && f->min > 0) /* not said */
			return;
		add_name(out, f->name);
		str_printf(out, "%lld", number);
		return;
	case FIELD_TEXT:
	case FIELD_KEY:
		text = *(char *const *)value_of(r, f);
		if (text)
			json_field(out, f->name, text);
		return;
	}
}

/* The fields of one object, or with NULL those of the request itself. */
static void add_fields(struct str *out, const struct request *r, const char *object)
{
	for (const struct field *f = request_fields; f->name; f++) {
		if (f->object ? object && strcmp(f->object, object) == 0 : !object)
			add_field(out, r, f);
	}
}

static void add_nics(struct str *out, const struct facts *f)
{
	add_name(out, "nics");
	for (size_t i = 0; i < f->n_nics; i++) {
		str_puts(out, i ? ",{" : "[{");
		json_field(out, "name", f->nics[i].name);
		json_field(out, "mac", f->nics[i].mac);
		str_puts(out, "}");
	}
	str_puts(out, f->n_nics ? "]" : "[]");
}

void request_format(const struct request *r, struct str *out)
{
	str_puts(out, "{");
	add_fields(out, r, NULL);
	add_name(out, "board");
	str_puts(out, "{");
	add_fields(out, r, "board");
	str_puts(out, "}");
	add_nics(out, &r->facts);
	str_puts(out, "}\n");
}
