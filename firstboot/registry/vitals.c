/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "vitals.h"

#define MANY (1LL << 53)

/* ---- values ---- */

/* "12.5" or "12", times 10^digits; further digits are dropped. */
static bool parse_decimal(const char *text, unsigned digits, long long *ret)
{
	size_t whole = strspn(text, "0123456789");
	size_t more = text[whole] == '.' ? strspn(text + whole + 1, "0123456789") : 0;
	long long value;
	autofree char *first = xstrndup(text, whole);
	if (text[whole + (text[whole] == '.') + more] || !parse_number(first, 0, 1LL << 32, &value))
		return false;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (i < more ? text[whole + 1 + i] - '0' : 0);
	*ret = value;
	return true;
}

static bool take_clock(struct vitals *v, const struct strv *words)
{
	return words->n == 1 && parse_decimal(words->v[0], 9, &v->clock_ns);
}

static bool take_uptime(struct vitals *v, const struct strv *words)
{
	return words->n == 2 && parse_decimal(words->v[0], 0, &v->uptime);
}

static bool take_load(struct vitals *v, const struct strv *words)
{
	return words->n == 5 && parse_decimal(words->v[0], 2, &v->load_1) &&
	       parse_decimal(words->v[2], 2, &v->load_15);
}

static bool take_memory(struct vitals *v, const struct strv *words)
{
	bool total = words->n == 2 && strcmp(words->v[0], "MemTotal") == 0;
	if (!total && (words->n != 2 || strcmp(words->v[0], "MemAvailable") != 0))
		return false;
	return parse_number(words->v[1], 0, MANY, total ? &v->memory : &v->available);
}

static bool take_temperature(struct vitals *v, const struct strv *words)
{
	long long value;
	if (words->n != 1 || !parse_number(words->v[0], -300000, 1000000, &value))
		return false;
	if (value > v->temperature)
		v->temperature = value;
	return true;
}

static bool take_yes_no(const struct strv *words, bool *ret)
{
	*ret = words->n == 1 && strcmp(words->v[0], "yes") == 0;
	return *ret || (words->n == 1 && strcmp(words->v[0], "no") == 0);
}

static bool take_synced(struct vitals *v, const struct strv *words)
{
	bool yes;
	if (!take_yes_no(words, &yes))
		return false;
	v->synced = yes;
	return true;
}

static bool take_sudo(struct vitals *v, const struct strv *words)
{
	return take_yes_no(words, &v->sudo);
}

static bool take_cpus(struct vitals *v, const struct strv *words)
{
	return words->n == 1 && parse_number(words->v[0], 1, 4096, &v->cpus);
}

static bool take_user(struct vitals *v, const struct strv *words)
{
	struct person p = {0};
	if (words->n != 3 || !parse_number(words->v[1], 0, UINT32_MAX, &p.uid) ||
	    !parse_number(words->v[2], 0, UINT32_MAX, &p.gid))
		return false;
	p.name = xstrdup(words->v[0]);
	v->people = array_reserve(v->people, v->n_people, &v->cap_people, sizeof(p));
	v->people[v->n_people++] = p;
	return true;
}

static bool take_mount(struct vitals *v, const struct strv *words)
{
	if (words->n != 6)
		return false;
	v->mounts = array_reserve(v->mounts, v->n_mounts, &v->cap_mounts, sizeof(*v->mounts));
	v->mounts[v->n_mounts++] = (struct mount){xstrdup(words->v[0]), xstrdup(words->v[1]),
						  xstrdup(words->v[2]), xstrdup(words->v[3])};
	return true;
}

/* A mount point may have blanks. */
static bool take_disk(struct vitals *v, const struct strv *words)
{
	struct disk d = {0};
	if (words->n < 3 || !parse_number(words->v[0], 0, MANY, &d.size) ||
	    !parse_number(words->v[1], 0, MANY, &d.available))
		return false;
	if (d.available > d.size) /* some servers say so */
		d.available = d.size;
	auto_strv path = {0};
	for (size_t i = 2; i < words->n; i++)
		strv_add(&path, words->v[i]);
	d.target = strv_join(&path, " ");
	v->disks = array_reserve(v->disks, v->n_disks, &v->cap_disks, sizeof(d));
	v->disks[v->n_disks++] = d;
	return true;
}

/* ---- lines ---- */

enum kind { FACT_TEXT, FACT_LIST, FACT_WORDS };

static const struct fact {
	const char *word;
	enum kind kind;
	size_t offset; /* of a text or a list */
	bool (*take)(struct vitals *v, const struct strv *words);
} facts[] = {
	{"hostname", FACT_TEXT, offsetof(struct vitals, hostname), NULL},
	{"os", FACT_TEXT, offsetof(struct vitals, os), NULL},
	{"kernel", FACT_TEXT, offsetof(struct vitals, kernel), NULL},
	{"host-cert", FACT_TEXT, offsetof(struct vitals, host_cert), NULL},
	{"address", FACT_LIST, offsetof(struct vitals, addresses), NULL},
	{"failed", FACT_LIST, offsetof(struct vitals, failed), NULL},
	{"sudoer", FACT_LIST, offsetof(struct vitals, sudoers), NULL},
	{"readable", FACT_LIST, offsetof(struct vitals, readable), NULL},
	{"read-only", FACT_LIST, offsetof(struct vitals, read_only), NULL},
	{"host-key", FACT_LIST, offsetof(struct vitals, host_keys), NULL},
	{"fstab", FACT_LIST, offsetof(struct vitals, fstab), NULL},
	{"cut", FACT_LIST, offsetof(struct vitals, cut), NULL},
	{"clock", FACT_WORDS, 0, take_clock},
	{"uptime", FACT_WORDS, 0, take_uptime},
	{"load", FACT_WORDS, 0, take_load},
	{"cpus", FACT_WORDS, 0, take_cpus},
	{"memory", FACT_WORDS, 0, take_memory},
	{"temperature", FACT_WORDS, 0, take_temperature},
	{"synced", FACT_WORDS, 0, take_synced},
	{"sudo", FACT_WORDS, 0, take_sudo},
	{"user", FACT_WORDS, 0, take_user},
	{"mount", FACT_WORDS, 0, take_mount},
	{"disk", FACT_WORDS, 0, take_disk},
};

static const struct fact *find_fact(const char *word)
{
	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		if (strcmp(facts[i].word, word) == 0)
			return &facts[i];
	}
	return NULL;
}

static bool take_value(struct vitals *v, const struct fact *f, const char *value)
{
	void *field = (char *)v + f->offset;
	auto_strv words = {0};
	switch (f->kind) {
	case FACT_TEXT:
		free(*(char **)field);
		*(char **)field = xstrdup(value);
		return true;
	case FACT_LIST:
		strv_add(field, value);
		return true;
	case FACT_WORDS:
		strv_split(&words, value, " ");
		return f->take(v, &words);
	}
	return false;
}

/* Words that a newer program says are none of ours. */
static int take_line(struct vitals *v, const char *line, size_t number, struct err *e)
{
	autofree char *word = xstrndup(line, strcspn(line, " "));
	const struct fact *f = find_fact(word);
	const char *value = line + strlen(word) + (line[strlen(word)] == ' ');
	if (!f || take_value(v, f, value))
		return 0;
	return err_set(e, ERR_FAILED, "line %zu of its facts: '%s' has no such value", number,
		       f->word);
}

/* Printable ASCII alone; a tab is a blank. */
static char *clean(const char *text, size_t len)
{
	char *out = xmemdup(text, len);
	for (size_t i = 0; i < len; i++) {
		if (out[i] == '\t')
			out[i] = ' ';
		else if (out[i] != '\n' && (out[i] < ' ' || out[i] > '~'))
			out[i] = '?';
	}
	return out;
}

static int check_ends(const struct strv *lines, struct err *e)
{
	if (!lines->n || strcmp(lines->v[0], "facts 1") != 0)
		return err_set(e, ERR_FAILED,
			       "its answer does not begin with 'facts %d'; is the overlay `ops` of "
			       "its image as old as this nodectl?",
			       VITALS_VERSION);
	if (strcmp(lines->v[lines->n - 1], "end") != 0)
		return err_set(e, ERR_FAILED, "its answer is cut off");
	return 0;
}

int vitals_parse(const char *text, size_t len, struct vitals *ret, struct err *e)
{
	autofree char *cleaned = clean(text, len);
	auto_strv lines = {0};
	auto_vitals v = {
		.clock_ns = VITALS_UNKNOWN,
		.uptime = VITALS_UNKNOWN,
		.load_1 = VITALS_UNKNOWN,
		.load_15 = VITALS_UNKNOWN,
		.cpus = VITALS_UNKNOWN,
		.memory = VITALS_UNKNOWN,
		.available = VITALS_UNKNOWN,
		.temperature = VITALS_COLD,
		.synced = VITALS_UNKNOWN,
	};
	strv_split(&lines, cleaned, "\n");
	if (check_ends(&lines, e) < 0)
		return -1;
	for (size_t i = 1; i + 1 < lines.n; i++) {
		if (take_line(&v, lines.v[i], i + 1, e) < 0)
			return -1;
	}
	*ret = v;
	v = (struct vitals){0};
	return 0;
}

void vitals_unsaid(const struct vitals *v, struct strv *ret)
{
	const struct {
		const char *name;
		bool said;
	} parts[] = {
		{"uptime", v->uptime != VITALS_UNKNOWN},
		{"load", v->load_15 != VITALS_UNKNOWN && v->cpus != VITALS_UNKNOWN},
		{"memory", v->memory != VITALS_UNKNOWN && v->available != VITALS_UNKNOWN},
		{"users", !strv_has(&v->cut, "user")},
		{"sudo", !strv_has(&v->cut, "sudoer")},
		{"clock", v->clock_ns != VITALS_UNKNOWN},
		{"time", v->synced != VITALS_UNKNOWN},
		{"fstab", !strv_has(&v->cut, "fstab")},
		{"mounts", vitals_has_mounts(v)},
		{"disk", v->n_disks && !strv_has(&v->cut, "disk")},
		{"name", v->hostname != NULL},
	};
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (!parts[i].said)
			strv_add(ret, parts[i].name);
	}
}

void vitals_done(struct vitals *v)
{
	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		void *field = (char *)v + facts[i].offset;
		if (facts[i].kind == FACT_TEXT)
			free(*(char **)field);
		else if (facts[i].kind == FACT_LIST)
			strv_done(field);
	}
	for (size_t i = 0; i < v->n_mounts; i++) {
		free(v->mounts[i].source);
		free(v->mounts[i].target);
		free(v->mounts[i].type);
		free(v->mounts[i].options);
	}
	for (size_t i = 0; i < v->n_disks; i++)
		free(v->disks[i].target);
	for (size_t i = 0; i < v->n_people; i++)
		free(v->people[i].name);
	free(v->mounts);
	free(v->disks);
	free(v->people);
	*v = (struct vitals){0};
}
