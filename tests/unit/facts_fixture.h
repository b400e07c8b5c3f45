/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_FACTS_FIXTURE_H
#define TESTS_UNIT_FACTS_FIXTURE_H

/* Facts of nodes as overlays/ops prints them, and a survey of nodes that said so. */

#include "registry/survey.h"
#include "registry_fixture.h"

#define HEARD 1795800000LL /* when all of them were heard, on the master */

/* A node with which all is well, but for what a test puts in the place of a line. */
static const char *const good_facts[] = {
	"hostname NAME",
	"address 10.0.0.NUMBER",
	"os Debian GNU/Linux 13",
	"kernel 6.12.1",
	"cpus 4",
	"uptime 93784.5 1.0",
	"load 0.50 0.25 0.10 1/80 999",
	"memory MemTotal 1000000",
	"memory MemAvailable 750000",
	"temperature 48312",
	"temperature 31000",
	"user ops 1000 1000",
	"user mpi 2000 2000",
	"sudoer ops",
	"sudo yes",
	"mount /dev/mmcblk0p2 / ext4 rw,noatime 0 0",
	"mount systemd-1 /srv/cluster autofs rw 0 0",
	"fstab PARTUUID=1-02 / ext4 defaults 0 1",
	"fstab master:/srv/cluster /srv/cluster nfs nofail,_netdev 0 0",
	"disk 30000000 20000000 /",
	"synced yes",
	"clock 1795800000.000000000",
};

static inline bool has_word(const char *line, const char *word)
{
	size_t len = strlen(word);
	return strncmp(line, word, len) == 0 && line[len] == ' ';
}

/* Facts of NAME; the lines of each word of change are replaced by change (NULL: none is). */
static inline char *facts_of(const char *name, int number, const char *change)
{
	auto_str out = STR_INIT;
	autofree char *word = change ? xstrndup(change, strcspn(change, " ")) : xstrdup("");
	str_puts(&out, "facts 1\n");
	for (size_t i = 0; i < sizeof(good_facts) / sizeof(*good_facts); i++) {
		if (*word && has_word(good_facts[i], word))
			continue;
		if (has_word(good_facts[i], "hostname"))
			str_printf(&out, "hostname %s\n", name);
		else if (has_word(good_facts[i], "address"))
			str_printf(&out, "address 10.0.0.%d\n", number);
		else
			str_printf(&out, "%s\n", good_facts[i]);
	}
	if (change && strchr(change, ' '))
		str_printf(&out, "%s\n", change);
	str_puts(&out, "end\n");
	return str_steal(&out);
}

static inline struct vitals parse_facts(const char *text)
{
	auto_err e = ERR_INIT;
	struct vitals v = {0};
	assert_ok(vitals_parse(text, strlen(text), &v, &e), &e);
	return v;
}

static inline const struct record *node(const struct view *v, const char *name)
{
	view_foreach(r, v, NULL)
	{
		if (strcmp(r->name, name) == 0)
			return r;
	}
	fail_msg("no node '%s'", name);
	return NULL;
}

/* The master, with which all is well, worker001 with that change, and worker002. */
static inline struct survey survey_with(const struct view *v, const char *change)
{
	static const struct {
		const char *name;
		int number;
	} nodes[] = {{"master", 1}, {"worker001", 11}, {"worker002", 12}};
	struct survey s = {xcalloc(3, sizeof(*s.v)), 3};
	for (size_t i = 0; i < 3; i++) {
		autofree char *text = facts_of(nodes[i].name, nodes[i].number,
					       i == 1 ? change : NULL);
		s.v[i] = (struct answer){.record = node(v, nodes[i].name),
					 .vitals = parse_facts(text),
					 .heard_ns = HEARD * 1000000000};
	}
	return s;
}

#endif
