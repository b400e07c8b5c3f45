/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "image.h"
#include "json.h"
#include "mem.h"

#define TEXT_MAX 65536

/* What the image says of itself; "" where it says nothing. */
struct facts {
	char *system, *hostname;
};

static void facts_done(struct facts *f)
{
	free(f->system);
	free(f->hostname);
}

/* The value of NAME= in os-release(5), without its quotes; "" when it is not there. */
static char *os_release_value(const char *text, const char *name)
{
	auto_strv lines = {0};
	strv_split(&lines, text, "\n");
	strv_foreach (line, &lines) {
		size_t len = strlen(name);
		if (strncmp(*line, name, len) != 0 || (*line)[len] != '=')
			continue;
		const char *value = *line + len + 1;
		value += *value == '"';
		return xstrndup(value, strcspn(value, "\""));
	}
	return xstrdup("");
}

static int read_text(struct tree *t, const char *path, struct str *out, struct err *e)
{
	struct fs_stat st;
	if (tree_stat_follow(t, path, &st, e) < 0)
		return -1;
	return st.type == FILE_REGULAR ? tree_read(t, path, TEXT_MAX, out, e) : 0;
}

static int collect_facts(struct image *i, struct facts *f, struct err *e)
{
	auto_str release = STR_INIT, hostname = STR_INIT;
	if (read_text(i->tree, "/etc/os-release", &release, e) < 0 ||
	    read_text(i->tree, "/etc/hostname", &hostname, e) < 0)
		return -1;
	f->system = os_release_value(str_text(&release), "PRETTY_NAME");
	f->hostname = xstrndup(str_text(&hostname), strcspn(str_text(&hostname), "\n"));
	return 0;
}

static const char *part_role(const struct image *i, const struct part *p)
{
	if (p->number == i->root)
		return "root";
	return p->number == i->boot ? "boot" : "";
}

static const char *table_name(const struct disk *d)
{
	static const char *const names[] = {
		[DISK_WHOLE] = "none", [DISK_MBR] = "MBR", [DISK_GPT] = "GPT"};
	return names[d->table];
}

/* Labels and names come from the image: nothing of them may reach a terminal as control. */
static const char *shown(struct str *out, const char *text)
{
	str_done(out);
	json_string(out, text, strlen(text));
	return str_text(out);
}

static void print_text(const struct image *i, const struct facts *f)
{
	auto_str s = STR_INIT;
	autofree char *size = format_size(i->disk->size);
	printf("%s: %s, partition table %s, disk id %s\n", i->name, size, table_name(i->disk),
	       i->disk->id);
	for (size_t n = 0; n < i->disk->n_parts; n++) {
		const struct part *p = &i->disk->parts[n];
		autofree char *bytes = format_size(p->size);
		printf("  %d  %-5s %-8s %9s at %-11llu %s\n", p->number, part_role(i, p), p->fstype,
		       bytes, (unsigned long long)p->start, shown(&s, p->label));
	}
	printf("system    %s\n", shown(&s, f->system));
	printf("hostname  %s\n", shown(&s, f->hostname));
	if (i->boot_at)
		printf("boot      partition %d at %s\n", i->boot, i->boot_at);
}

static void add_text(struct str *out, const char *name, const char *value)
{
	str_printf(out, ",\"%s\":", name);
	json_string(out, value, strlen(value));
}

static void add_part(struct str *out, const struct image *i, const struct part *p)
{
	str_printf(out, "{\"number\":%d,\"start\":%llu,\"size\":%llu", p->number,
		   (unsigned long long)p->start, (unsigned long long)p->size);
	add_text(out, "role", part_role(i, p));
	add_text(out, "type", p->fstype);
	add_text(out, "label", p->label);
	add_text(out, "uuid", p->uuid);
	add_text(out, "partuuid", p->partuuid);
	str_puts(out, "}");
}

static void print_json(const struct image *i, const struct facts *f)
{
	auto_str out = STR_INIT;
	str_printf(&out, "{\"size\":%llu", (unsigned long long)i->disk->size);
	add_text(&out, "image", i->name);
	add_text(&out, "table", table_name(i->disk));
	add_text(&out, "id", i->disk->id);
	add_text(&out, "system", f->system);
	add_text(&out, "hostname", f->hostname);
	add_text(&out, "boot_at", i->boot_at ? i->boot_at : "");
	str_puts(&out, ",\"partitions\":[");
	for (size_t n = 0; n < i->disk->n_parts; n++) {
		str_puts(&out, n ? "," : "");
		add_part(&out, i, &i->disk->parts[n]);
	}
	printf("%s]}\n", str_text(&out));
}

int cmd_inspect(const struct options *o, struct err *e)
{
	const struct image_open open = {.path = o->operands.v[0]};
	auto_image *image = NULL;
	__attribute__((cleanup(facts_done))) struct facts f = {0};
	if (image_open(&open, &image, e) < 0 || collect_facts(image, &f, e) < 0)
		return -1;
	if (o->json)
		print_json(image, &f);
	else
		print_text(image, &f);
	return 0;
}
