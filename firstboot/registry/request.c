/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests by libjansson, the only place that knows it.  It was taken instead of SQLite's own JSON
 * because it refuses what that lets pass: a name twice, bytes that are not UTF-8, \u0000.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "mac.h"
#include "mem.h"
#include "protocol/request.h"

#define NICS_MAX 16

static void cleanup_json(json_t **j)
{
	json_decref(*j);
}
#define auto_json __attribute__((cleanup(cleanup_json))) json_t

static int refuse_type(const struct field *f, const char *wanted, struct err *e)
{
	autofree char *path = field_path(f);
	return err_set(e, ERR_USAGE, "%s: should be %s", path, wanted);
}

static int read_text(const json_t *value, const struct field *f, char **ret, struct err *e)
{
	if (!json_is_string(value))
		return refuse_type(f, "a text", e);
	const char *text = json_string_value(value);
	if (field_check_text(f, text, json_string_length(value), e) < 0)
		return -1;
	*ret = xstrdup(text);
	return 0;
}

static int read_number(const json_t *value, const struct field *f, long long *ret, struct err *e)
{
	if (!json_is_integer(value))
		return refuse_type(f, "a number without a point", e);
	if (field_check_number(f, json_integer_value(value), e) < 0)
		return -1;
	*ret = json_integer_value(value);
	return 0;
}

/* The field's value, from the object that holds it into the struct that f's offset is of. */
static int read_field(const json_t *holder, const struct field *f, void *filled, struct err *e)
{
	const json_t *value = json_object_get(holder, f->name);
	void *into = (char *)filled + f->offset;
	if (value && !json_is_null(value))
		return f->type == FIELD_NUMBER ? read_number(value, f, into, e)
					       : read_text(value, f, into, e);
	if (f->optional)
		return 0;
	autofree char *path = field_path(f);
	return err_set(e, ERR_USAGE, "%s: is missing", path);
}

static int read_fields(const json_t *root, struct request *r, struct err *e)
{
	for (const struct field *f = request_fields; f->name; f++) {
		const json_t *holder = f->object ? json_object_get(root, f->object) : root;
		if (holder && !json_is_null(holder) && !json_is_object(holder))
			return err_set(e, ERR_USAGE, "%s: should be an object", f->object);
		if (read_field(holder, f, r, e) < 0)
			return -1;
	}
	return 0;
}

static int read_nic(const json_t *nic, struct facts *f, struct err *e)
{
	__attribute__((cleanup(nic_done))) struct nic n = {0};
	if (!json_is_object(nic))
		return err_set(e, ERR_USAGE, "nics: should be a list of objects");
	for (const struct field *row = nic_fields; row->name; row++) {
		if (read_field(nic, row, &n, e) < 0)
			return -1;
	}
	if (!mac_is_valid(n.mac))
		return err_set(e, ERR_USAGE,
			       "nics[].mac: should be the address of one station, as "
			       "dc:a6:32:01:02:03");
	if (!facts_has_mac(f, n.mac)) /* a bridge has the one of its port */
		facts_add_nic(f, n.name, n.mac);
	return 0;
}

static int read_nics(const json_t *root, struct facts *f, struct err *e)
{
	const json_t *nics = json_object_get(root, "nics");
	size_t n = json_array_size(nics); /* 0 for what is no list */
	bool list = !nics || json_is_array(nics) || json_is_null(nics);
	if (!list || n > NICS_MAX || (!n && !f->serial))
		return err_set(e, ERR_USAGE,
			       "nics: should be a list of 1 to %d objects, or of none where "
			       "board.serial is there",
			       NICS_MAX);
	for (size_t i = 0; i < n; i++) {
		if (read_nic(json_array_get(nics, i), f, e) < 0)
			return -1;
	}
	return 0;
}

/* jansson's own message quotes what it read, which is not for a log. */
static int refuse_json(const json_error_t *error, struct err *e)
{
	return err_set(e, ERR_USAGE,
		       "not one line of JSON that is UTF-8 and names nothing twice "
		       "(seen at byte %d)",
		       error->position);
}

int request_parse(const char *line, size_t len, struct request *ret, struct err *e)
{
	json_error_t error;
	auto_request r = {0};
	if (len > REQUEST_MAX)
		return err_set(e, ERR_USAGE, "longer than %u bytes", REQUEST_MAX);
	auto_json *root = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		return refuse_json(&error, e);
	if (!json_is_object(root))
		return err_set(e, ERR_USAGE, "should be one JSON object");
	if (read_fields(root, &r, e) < 0 || read_nics(root, &r.facts, e) < 0)
		return -1;
	*ret = r;
	r = (struct request){0};
	return 0;
}
