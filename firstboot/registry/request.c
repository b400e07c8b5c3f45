/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Requests by libjansson, the only place that knows it.  It was taken instead of SQLite's own JSON
 * because it refuses what that lets pass: a name twice, bytes that are not UTF-8, \u0000.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "request.h"

#define NICS_MAX 16

#define ROW(type, object, name, field, optional, keep, set, min, max, help)                    \
	{                                                                                      \
		object, name, type, optional, keep, offsetof(struct request, field), set, min, \
			max, help                                                              \
	}
#define TEXT(object, name, field, optional, keep, set, min, max, help) \
	ROW(FIELD_TEXT, object, name, field, optional, keep, &charset_##set, min, max, help)
#define NUMBER(name, field, optional, keep, min, max, help) \
	ROW(FIELD_NUMBER, NULL, name, field, optional, keep, NULL, min, max, help)
#define KEY(name, field, optional, keep, help) \
	ROW(FIELD_KEY, NULL, name, field, optional, keep, NULL, 0, 0, help)

enum { REQUIRED = false, OPTIONAL = true };

const struct field request_fields[] = {
	NUMBER("version", version, REQUIRED, FIELD_PASSING, REQUEST_VERSION, REQUEST_VERSION,
	       "of this protocol"),
	TEXT(NULL, "request_id", request_id, REQUIRED, FIELD_PASSING, hex, 32, 32,
	     "random; the same until the reply is safe on the card"),
	TEXT(NULL, "card_id", facts.card_id, OPTIONAL, FIELD_KEPT, id, 1, 64,
	     "what mkimage calls this card"),
	TEXT(NULL, "build_id", facts.build_id, OPTIONAL, FIELD_KEPT, id, 1, 64,
	     "what mkimage calls the image"),
	TEXT("board", "model", facts.model, OPTIONAL, FIELD_KEPT, words, 1, 100,
	     "of the device tree"),
	TEXT("board", "serial", facts.serial, OPTIONAL, FIELD_KEPT, id, 1, 64,
	     "of the device tree or the firmware"),
	TEXT(NULL, "cid", facts.cid, OPTIONAL, FIELD_KEPT, hex, 32, 32,
	     "of the SD card or eMMC that holds the root file system"),
	KEY("host_key", facts.host_key, REQUIRED, FIELD_KEPT, "the board's public ssh host key"),
	KEY("second_key", second_key, OPTIONAL, FIELD_PASSING,
	    "the public key that it will use from now on"),
	NUMBER("cpus", facts.cpus, OPTIONAL, FIELD_KEPT, 1, 4096, "processors"),
	NUMBER("memory", facts.memory, OPTIONAL, FIELD_KEPT, 1, 1 << 24, "MiB"),
	TEXT(NULL, "kernel", facts.kernel, OPTIONAL, FIELD_KEPT, id, 1, 64, "as uname -r says it"),
	TEXT(NULL, "os", facts.os, OPTIONAL, FIELD_KEPT, words, 1, 100,
	     "PRETTY_NAME of os-release"),
	TEXT(NULL, "firstboot", facts.firstboot, OPTIONAL, FIELD_KEPT, id, 1, 32,
	     "version of firstboot"),
	NUMBER("clock", facts.clock, OPTIONAL, FIELD_MOMENT, 0, 1LL << 53,
	       "seconds since 1970 on the board; not relied on"),
	{0},
};

const struct field nic_fields[] = {
	{"nics[]", "name", FIELD_TEXT, false, FIELD_KEPT, offsetof(struct nic, name), &charset_id,
	 1, 15, "of the interface"},
	{"nics[]", "mac", FIELD_TEXT, false, FIELD_KEPT, offsetof(struct nic, mac), &charset_id, 17,
	 17, "its permanent address"},
	{0},
};

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
	if (!n || n > NICS_MAX)
		return err_set(e, ERR_USAGE, "nics: should be a list of 1 to %d objects", NICS_MAX);
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
