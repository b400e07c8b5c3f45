/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "device.h"
#include "json.h"
#include "mem.h"
#include "progress.h"
#include "session.h"
#include "utf8.h"

/* Why it would not be written to; owned, NULL: it would. */
static char *find_refusal(const struct device *d)
{
	auto_err e = ERR_INIT;
	const struct device_wish wish = {.what = d->path};
	return device_check(d, &wish, &e) < 0 ? steal(&e.msg) : NULL;
}

static void add_json_part(struct str *out, const struct device *d, const char *name, uint64_t size)
{
	str_puts(out, "{");
	json_field(out, "name", name);
	str_printf(out, ",\"size\":%llu,\"mounted\":[", (unsigned long long)size);
	bool first = true;
	for (size_t i = 0; i < d->n_uses; i++) {
		const struct device_use *u = &d->uses[i];
		if (u->kind != USE_MOUNT || strcmp(u->name, name) != 0)
			continue;
		str_puts(out, first ? "" : ",");
		json_add_string(out, u->where, strlen(u->where));
		first = false;
	}
	str_puts(out, "]}");
}

static void print_json(const struct device *d, const char *refusal)
{
	auto_str out = STR_INIT;
	str_puts(&out, "{");
	json_field(&out, "device", d->path);
	str_printf(&out, ",\"size\":%llu", (unsigned long long)d->size);
	json_field(&out, "bus", d->bus);
	json_field(&out, "model", d->model);
	json_field(&out, "serial", d->serial);
	json_field(&out, "refused", refusal);
	str_printf(&out, ",\"card\":%s,\"partitions\":[", d->external ? "true" : "false");
	for (size_t i = 0; i < d->n_parts; i++) {
		str_puts(&out, i ? "," : "");
		add_json_part(&out, d, d->parts[i].name, d->parts[i].size);
	}
	printf("%s]}\n", str_text(&out));
}

static void add_uses(struct str *out, const struct device *d, const char *name)
{
	for (size_t i = 0; i < d->n_uses; i++) {
		const struct device_use *u = &d->uses[i];
		if (strcmp(u->name, name) != 0)
			continue;
		if (u->kind == USE_SWAP)
			str_puts(out, ", swap");
		else
			str_printf(out, ", %s %s", u->kind == USE_MOUNT ? "mounted at" : "part of",
				   u->where);
	}
	str_puts(out, "\n");
}

/* Models and mount points are text of strangers. */
static void print_text(const struct device *d, const char *refusal)
{
	auto_str out = STR_INIT, visible = STR_INIT;
	autofree char *size = d->size ? format_size(d->size) : xstrdup("no card");
	str_printf(&out, "%-14s %9s  %-5s %s", d->path, size, d->bus, d->model ? d->model : "");
	if (d->serial)
		str_printf(&out, ", serial number %s", d->serial);
	add_uses(&out, d, d->name);
	for (size_t i = 0; i < d->n_parts; i++) {
		autofree char *part = format_size(d->parts[i].size);
		str_printf(&out, "  %-12s %9s", d->parts[i].name, part);
		add_uses(&out, d, d->parts[i].name);
	}
	if (refusal)
		str_printf(&out, "  %s\n", refusal);
	utf8_visible(&visible, str_text(&out), out.len, true);
	fputs(str_text(&visible), stdout);
}

int cmd_devices(const struct options *o, struct err *e)
{
	const struct device_host here = {""};
	struct device *list = NULL;
	size_t n = 0, shown = 0;
	if (device_list(&here, &list, &n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!list[i].external && !o->all)
			continue;
		autofree char *refusal = find_refusal(&list[i]);
		if (o->cli.json)
			print_json(&list[i], refusal);
		else
			print_text(&list[i], refusal);
		shown++;
	}
	device_list_free(list, n);
	struct progress *p = progress_new(session_progress_mode(o));
	if (!shown)
		progress_say(p, "no card is in; --all lists the other disks");
	progress_free(p);
	return 0;
}
