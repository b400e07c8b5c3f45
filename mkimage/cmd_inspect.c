/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "image_parts.h"
#include "inspect.h"
#include "inspect_board.h"
#include "json.h"
#include "mem.h"

/* One image, and as much of it as can be told. */
struct report {
	const char *name;
	struct disk *disk;
	struct image *image; /* NULL: see problem */
	struct err problem;  /* empty when all that is asked for could be read */
	struct inspect found;
	struct board_report board;
};

static void report_done(struct report *r)
{
	inspect_done(&r->found);
	board_report_done(&r->board);
	image_discard(&r->image);
	err_done(&r->problem);
	disk_free(r->disk);
}

/* A disk whose system is unknown still has a table that people want to see. */
static int make_report(const char *path, struct report *r, struct err *e)
{
	const struct image_open open = {.path = path};
	r->name = path;
	if (disk_probe(path, NULL, &r->disk, e) < 0)
		return -1;
	if (image_open(&open, &r->image, &r->problem) == 0)
		(void)!inspect_image(r->image, &r->found, &r->problem);
	auto_err why = ERR_INIT;
	if (board_report_find(path, r->disk, r->image, &r->board, &why) < 0 && !r->problem.msg)
		err_set(&r->problem, why.code, "%s", why.msg);
	return 0;
}

static const char *part_role(const struct report *r, const struct part *p)
{
	if (r->image && p->number == r->image->root)
		return "root";
	return r->image && p->number == r->image->boot ? "boot" : "";
}

static const char *table_name(const struct disk *d)
{
	static const char *const names[] = {
		[DISK_WHOLE] = "none", [DISK_MBR] = "MBR", [DISK_GPT] = "GPT"};
	return names[d->table];
}

/* "arm64" where there is something, else what is missing; harmless on a terminal. */
static void print_fact(const char *name, const char *value, const char *missing)
{
	auto_str text = STR_INIT;
	if (value)
		json_add_string(&text, value, strlen(value));
	printf("%-13s %s\n", name, value ? str_text(&text) : missing);
}

static int print_part(const struct report *r, const struct part *p, struct err *e)
{
	auto_str label = STR_INIT;
	auto_strv features = {0};
	autofree char *bytes = format_size(p->size);
	json_add_string(&label, p->label, strlen(p->label));
	if (image_part_features(r->disk, p, &features, e) < 0)
		return -1;
	printf("  %d  %-5s %-8s %9s at %-11llu %s", p->number, part_role(r, p),
	       p->extended  ? "extended"
	       : *p->fstype ? p->fstype
			    : "unknown",
	       bytes, (unsigned long long)p->start, str_text(&label));
	strv_foreach (feature, &features)
		printf(" %s", *feature);
	printf("\n");
	return 0;
}

/* What is missing may only be what could not be read. */
static const char *unless_problem(const struct report *r, const char *missing)
{
	return r->problem.msg ? "not known: see the error" : missing;
}

static void print_users(const struct report *r)
{
	const struct inspect *f = &r->found;
	if (!f->n_users)
		print_fact("user", NULL, unless_problem(r, "none with a UID from 1000 on"));
	for (size_t i = 0; i < f->n_users; i++) {
		const struct inspect_user *u = &f->users[i];
		auto_str name = STR_INIT;
		json_add_string(&name, u->name, strlen(u->name));
		printf("%-13s %s, UID %u, sudo %s\n", "user", str_text(&name), u->uid, u->sudo);
	}
}

static void print_system(const struct report *r)
{
	const struct inspect *f = &r->found;
	if (!r->image)
		return;
	print_fact("system", f->system, unless_problem(r, "not said: no name in an os-release"));
	print_fact("version", f->version,
		   unless_problem(r, "not said: no VERSION_ID in an os-release"));
	print_fact("architecture", f->architecture,
		   unless_problem(r, "not known: no program to tell it by"));
	print_fact("network", f->network,
		   unless_problem(r, "not known: nothing that brings it up at boot"));
	print_fact("hostname", f->hostname, unless_problem(r, "none: no /etc/hostname"));
	print_users(r);
	print_fact("cluster", f->cluster, unless_problem(r, "none: not made by mkimage"));
	if (f->cluster)
		printf("%-13s %zu\n", "nodes", f->nodes);
	if (r->image->boot_at)
		printf("%-13s partition %d at %s\n", "boot", r->image->boot, r->image->boot_at);
	else
		print_fact("boot", NULL, "no partition of its own");
}

static int print_text(const struct report *r, struct err *e)
{
	autofree char *size = format_size(r->disk->size);
	printf("%s: %s, partition table %s, disk id %s\n", r->name, size, table_name(r->disk),
	       *r->disk->id ? r->disk->id : "none");
	for (size_t n = 0; n < r->disk->n_parts; n++) {
		if (print_part(r, &r->disk->parts[n], e) < 0)
			return -1;
	}
	print_system(r);
	auto_str board = STR_INIT;
	inspect_board_text(&board, &r->board);
	fputs(str_text(&board), stdout);
	return 0;
}

static int add_part(struct str *out, const struct report *r, const struct part *p, struct err *e)
{
	auto_strv features = {0};
	if (image_part_features(r->disk, p, &features, e) < 0)
		return -1;
	str_printf(out, "{\"number\":%d,\"start\":%llu,\"size\":%llu", p->number,
		   (unsigned long long)p->start, (unsigned long long)p->size);
	json_field(out, "role", part_role(r, p));
	json_field(out, "type", p->fstype);
	json_field(out, "label", p->label);
	json_field(out, "uuid", p->uuid);
	json_field(out, "partuuid", p->partuuid);
	str_puts(out, ",\"features\":[");
	strv_foreach (feature, &features) {
		str_puts(out, feature == features.v ? "" : ",");
		json_add_string(out, *feature, strlen(*feature));
	}
	str_puts(out, "]}");
	return 0;
}

static void add_system(struct str *out, const struct report *r)
{
	const struct inspect *f = &r->found;
	json_field(out, "problem", r->problem.msg);
	json_field(out, "system", f->system);
	json_field(out, "id", f->id);
	json_field(out, "version", f->version);
	json_field(out, "architecture", f->architecture);
	json_field(out, "network", f->network);
	json_field(out, "hostname", f->hostname);
	json_field(out, "cluster", f->cluster);
	str_printf(out, ",\"nodes\":%zu", f->nodes);
	json_field(out, "boot_at", r->image ? r->image->boot_at : NULL);
	str_puts(out, ",\"users\":[");
	for (size_t i = 0; i < f->n_users; i++) {
		str_printf(out, "%s{\"uid\":%u", i ? "," : "", f->users[i].uid);
		json_field(out, "name", f->users[i].name);
		json_field(out, "sudo", f->users[i].sudo);
		str_puts(out, "}");
	}
	str_puts(out, "]");
}

static int print_json(const struct report *r, struct err *e)
{
	auto_str out = STR_INIT;
	str_puts(&out, "{");
	json_field(&out, "image", r->name);
	str_printf(&out, ",\"size\":%llu", (unsigned long long)r->disk->size);
	json_field(&out, "table", table_name(r->disk));
	json_field(&out, "disk_id", *r->disk->id ? r->disk->id : NULL);
	add_system(&out, r);
	str_puts(&out, ",\"first_boot\":");
	inspect_board_json(&out, &r->board);
	str_puts(&out, ",\"partitions\":[");
	for (size_t n = 0; n < r->disk->n_parts; n++) {
		str_puts(&out, n ? "," : "");
		if (add_part(&out, r, &r->disk->parts[n], e) < 0)
			return -1;
	}
	printf("%s]}\n", str_text(&out));
	return 0;
}

int cmd_inspect(const struct options *o, struct err *e)
{
	__attribute__((cleanup(report_done))) struct report r = {0};
	if (make_report(o->cli.operands.v[0], &r, e) < 0)
		return -1;
	if ((o->cli.json ? print_json(&r, e) : print_text(&r, e)) < 0)
		return -1;
	return r.problem.msg ? err_set(e, r.problem.code, "%s", r.problem.msg) : 0;
}
