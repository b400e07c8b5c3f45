/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <strings.h>

#include "protocol/field.h"
#include "find.h"
#include "mac.h"
#include "mem.h"

static bool is_name(const struct view *v, const struct record *r, const char *query)
{
	autofree char *label = record_label(r);
	if (strcmp(query, label) == 0 || (r->plan_name && strcmp(query, r->plan_name) == 0))
		return true;
	autofree char *whole = r->name ? xasprintf("%s.%s", r->name, v->cluster) : NULL;
	return whole && strcmp(query, whole) == 0;
}

/* "#17", which a shell takes for a comment, may be "17"; unless a serial ends so, too. */
static bool is_number(const struct record *r, const char *query)
{
	autofree char *label = record_label(r);
	return !r->name && strcmp(query, label + 1) == 0;
}

static bool is_address(const struct record *r, const char *query)
{
	autofree char *ip = record_ip(r);
	return ip && (strcmp(query, ip) == 0 || strcmp(query, r->address) == 0);
}

static bool is_serial(const struct record *r, const char *query)
{
	const char *serial = r->facts.serial;
	size_t have = serial ? strlen(serial) : 0, given = strlen(query);
	if (given > have || (given < SERIAL_END && given != have))
		return false;
	return given && strcasecmp(serial + have - given, query) == 0;
}

bool find_matches(const struct view *v, const struct record *r, const char *query)
{
	char mac[18];
	return is_name(v, r, query) || is_number(r, query) || is_address(r, query) ||
	       is_serial(r, query) || (mac_parse(query, mac) && facts_has_mac(&r->facts, mac));
}

/* A node's name means the node, though a serial may end like it. */
static const struct record *find_name(const struct view *v, const char *query)
{
	for (size_t i = 0; i < v->all.n; i++) {
		if (is_name(v, &v->all.v[i], query))
			return &v->all.v[i];
	}
	return NULL;
}

static int not_one(const char *query, const struct strv *labels, struct err *e)
{
	autofree char *list = strv_join(labels, ", ");
	if (labels->n)
		return err_set(e, ERR_FAILED, "'%s' may be %s; say which", query, list);
	return err_set(e, ERR_FAILED,
		       "no node or board is called '%s'; 'nodectl status' has all of them", query);
}

int find_one(const struct view *v, const char *query, const struct record **ret, struct err *e)
{
	const struct record *found = find_name(v, query);
	auto_strv labels = {0};
	if (found) {
		*ret = found;
		return 0;
	}
	for (const struct record *r = v->all.v, *end = r + v->all.n; r < end; r++) {
		if (!find_matches(v, r, query))
			continue;
		strv_add_owned(&labels, record_label(r));
		found = r;
	}
	if (labels.n != 1)
		return not_one(query, &labels, e);
	*ret = found;
	return 0;
}
