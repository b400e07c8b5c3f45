/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ids that a node's base had, kept in the cluster directory: a finished image no longer has
 * them, but a profile's own files, and a file that did not follow, still name them.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "identity.h"
#include "mem.h"

#define HEADER "# partition\tPARTUUID\tUUID\n"
#define HYBRID "MBR" /* in the place of a partition's number */

static char *record_name(const char *node)
{
	return xasprintf("nodes/%s/base-ids", node);
}

static const char *or_dash(const char *id)
{
	return *id ? id : "-";
}

int identity_keep_base(const struct identity *id, const struct cluster *c, const char *node,
		       struct err *e)
{
	autofree char *name = record_name(node);
	auto_str text = STR_INIT, old = STR_INIT;
	str_puts(&text, HEADER);
	if (*id->disk->mbr_id)
		str_printf(&text, HYBRID "\t%s\t-\n", id->disk->mbr_id);
	for (size_t i = 0; i < id->disk->n_parts; i++) {
		const struct part *p = &id->disk->parts[i];
		str_printf(&text, "%d\t%s\t%s\n", p->number, or_dash(p->partuuid),
			   or_dash(p->uuid));
	}
	if (cluster_has(c, name) && cluster_read(c, name, &old, e) < 0)
		return -1;
	if (strcmp(str_text(&old), str_text(&text)) == 0)
		return 0;
	return cluster_keep(c, name, str_text(&text), e);
}

static bool take_id(char to[64], const char *text)
{
	bool none = strcmp(text, "-") == 0;
	return snprintf(to, 64, "%s", none ? "" : text) < 64;
}

static bool take_hybrid(struct disk *base, const char *id)
{
	return snprintf(base->mbr_id, sizeof(base->mbr_id), "%s", id) == 8;
}

static int take_line(struct disk *base, const char *line, struct loc loc, struct err *e)
{
	auto_strv f = {0};
	struct part was = {0};
	long long number;
	strv_split(&f, line, "\t");
	if (*line == '#')
		return 0;
	if (f.n == 3 && strcmp(f.v[0], HYBRID) == 0 && take_hybrid(base, f.v[1]))
		return 0;
	if (f.n != 3 || !parse_number(f.v[0], 0, INT_MAX, &number) ||
	    !take_id(was.partuuid, f.v[1]) || !take_id(was.uuid, f.v[2]))
		return err_at(e, loc,
			      "expected partition, PARTUUID and UUID ('-' for none); remove the "
			      "file, and the next build makes it");
	for (size_t i = 0; i < base->n_parts; i++) {
		struct part *p = &base->parts[i];
		if (p->number != number)
			continue;
		memcpy(p->partuuid, was.partuuid, sizeof(was.partuuid));
		memcpy(p->uuid, was.uuid, sizeof(was.uuid));
	}
	return 0;
}

int identity_load_base(struct identity *id, const struct cluster *c, const char *node,
		       struct err *e)
{
	autofree char *name = record_name(node), *path = path_join(c->dir, name);
	auto_str text = STR_INIT;
	auto_strv lines = {0};
	if (!cluster_has(c, name))
		return 0;
	if (cluster_read(c, name, &text, e) < 0)
		return -1;
	auto_disk *base = disk_copy(id->disk);
	strv_split(&lines, str_text(&text), "\n");
	for (size_t i = 0; i < lines.n; i++) {
		if (take_line(base, lines.v[i], (struct loc){path, (int)i + 1}, e) < 0)
			return -1;
	}
	id->base = steal(&base);
	return 0;
}
