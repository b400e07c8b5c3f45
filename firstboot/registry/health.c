/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "health.h"

#include <string.h>

#include "json.h"
#include "mem.h"
#include "table.h"

/* ---- what needs a person ---- */

static void judge_load(const struct vitals *v, struct strv *ret)
{
	if (v->load_15 != VITALS_UNKNOWN && v->cpus != VITALS_UNKNOWN &&
	    v->load_15 > v->cpus * 100 * HEALTH_LOAD)
		strv_printf(ret, "load %lld for 15 minutes", v->load_15 / 100);
	if (v->memory > 0 && v->available != VITALS_UNKNOWN &&
	    v->available < v->memory / HEALTH_MEMORY)
		strv_printf(ret, "%lld MiB of memory left", v->available / 1024);
}

void health_reasons(const struct answer *answer, struct strv *ret)
{
	const struct vitals *v = &answer->vitals;
	auto_strv missing = {0}, unsaid = {0};
	if (answer->reason) {
		strv_add(ret, answer->reason);
		return;
	}
	vitals_missing(v, &missing);
	vitals_unsaid(v, &unsaid);
	autofree char *failed = strv_join(&v->failed, ", "), *paths = strv_join(&missing, ", ");
	autofree char *rest = strv_join(&unsaid, ", ");
	if (v->failed.n)
		strv_printf(ret, "failed: %s", failed);
	if (missing.n)
		strv_printf(ret, "not mounted: %s", paths);
	if (v->synced == 0)
		strv_add(ret, "no time server sets its clock");
	if (v->temperature >= HEALTH_HOT)
		strv_printf(ret, "%lld degrees", v->temperature / 1000);
	judge_load(v, ret);
	if (unsaid.n)
		strv_printf(ret, "did not say: %s", rest);
}

/* ---- the table ---- */

static const char *const headings[] = {"NODE", "UPTIME", "LOAD",   "MEMORY", "TEMP",
				       "TIME", "FAILED", "MOUNTS", "NOTE"};
#define COLUMNS (sizeof(headings) / sizeof(*headings))

static void add_unknown(struct strv *out, size_t n)
{
	while (n--)
		strv_add(out, "-");
}

static void add_uptime(const struct vitals *v, struct strv *out)
{
	auto_str age = STR_INIT;
	if (v->uptime == VITALS_UNKNOWN) {
		add_unknown(out, 1);
		return;
	}
	table_add_age(v->uptime, &age);
	strv_add(out, str_text(&age));
}

static void add_load(const struct vitals *v, struct strv *out)
{
	if (v->load_1 == VITALS_UNKNOWN)
		add_unknown(out, 1);
	else
		strv_printf(out, "%lld.%02lld", v->load_1 / 100, v->load_1 % 100);
	if (v->memory <= 0 || v->available < 0 || v->available > v->memory)
		add_unknown(out, 1);
	else
		strv_printf(out, "%lld %%", 100 * (v->memory - v->available) / v->memory);
	if (v->temperature == VITALS_COLD)
		add_unknown(out, 1);
	else
		strv_printf(out, "%lld C", v->temperature / 1000);
}

static void add_services(const struct vitals *v, struct strv *out)
{
	auto_strv missing = {0};
	vitals_missing(v, &missing);
	strv_add(out, v->synced > 0 ? "synced" : v->synced == 0 ? "free" : "-");
	strv_printf(out, "%zu", v->failed.n);
	if (missing.n)
		strv_printf(out, "%zu missing", missing.n);
	else
		strv_add(out, vitals_has_mounts(v) ? "ok" : "-");
}

static void add_row(const struct answer *v, struct strv *out)
{
	auto_strv reasons = {0};
	health_reasons(v, &reasons);
	strv_add(out, v->record->name);
	if (v->reason) {
		add_unknown(out, COLUMNS - 2);
	} else {
		add_uptime(&v->vitals, out);
		add_load(&v->vitals, out);
		add_services(&v->vitals, out);
	}
	strv_add_owned(out, strv_join(&reasons, "; "));
}

void health_table(const struct survey *s, struct str *out)
{
	auto_strv cells = {0};
	for (size_t i = 0; i < COLUMNS; i++)
		strv_add(&cells, headings[i]);
	for (size_t i = 0; i < s->n; i++)
		add_row(&s->v[i], &cells);
	table_add(&cells, COLUMNS, out);
}

/* ---- JSON ---- */

static void add_name(struct str *out, const char *name)
{
	str_printf(out, ",\"%s\":", name);
}

static void add_number(struct str *out, const char *name, long long value, long long unknown)
{
	add_name(out, name);
	if (value == unknown)
		str_puts(out, "null");
	else
		str_printf(out, "%lld", value);
}

static void add_list(struct str *out, const char *name, const struct strv *values)
{
	add_name(out, name);
	str_puts(out, "[");
	for (size_t i = 0; i < values->n; i++) {
		str_puts(out, i ? "," : "");
		json_add_string(out, values->v[i], strlen(values->v[i]));
	}
	str_puts(out, "]");
}

static void add_vitals(struct str *out, const struct vitals *v)
{
	auto_strv missing = {0};
	vitals_missing(v, &missing);
	add_number(out, "uptime", v->uptime, VITALS_UNKNOWN);
	add_number(out, "load_percent", v->load_1, VITALS_UNKNOWN);
	add_number(out, "load_15_percent", v->load_15, VITALS_UNKNOWN);
	add_number(out, "cpus", v->cpus, VITALS_UNKNOWN);
	add_number(out, "memory_kib", v->memory, VITALS_UNKNOWN);
	add_number(out, "available_kib", v->available, VITALS_UNKNOWN);
	add_number(out, "temperature_millicelsius", v->temperature, VITALS_COLD);
	add_name(out, "synced");
	str_puts(out, v->synced > 0 ? "true" : v->synced == 0 ? "false" : "null");
	json_field(out, "os", v->os);
	json_field(out, "kernel", v->kernel);
	add_list(out, "failed", &v->failed);
	add_list(out, "not_mounted", &missing);
}

void health_json(const struct answer *v, struct str *out)
{
	auto_strv reasons = {0};
	health_reasons(v, &reasons);
	str_puts(out, "{");
	json_field(out, "node", v->record->name);
	add_name(out, "reached");
	str_puts(out, v->reason ? "false" : "true");
	if (!v->reason)
		add_vitals(out, &v->vitals);
	add_list(out, "reasons", &reasons);
	str_puts(out, "}\n");
}
