/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <libmount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fstab.h"
#include "fstab_rules.h"
#include "mem.h"

#define BLANK " \t\r"

static char *trim_slashes(const char *path)
{
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	return xstrndup(path, len);
}

/* libmount calls this for a line that it cannot read; 1: go on without it. */
static int skip_line(struct libmnt_table *table, const char *name, int line)
{
	(void)table;
	(void)name;
	(void)line;
	return 1;
}

/* The one line as a table of libmount; empty when it cannot be read. */
static struct libmnt_table *parse_line(const char *line)
{
	struct libmnt_table *table = mnt_new_table();
	FILE *stream = fmemopen((void *)line, strlen(line), "r");
	if (!table || !stream)
		abort();
	mnt_table_set_parser_errcb(table, skip_line);
	/* A failure leaves the table empty, which says the same. */
	(void)mnt_table_parse_stream(table, stream, "fstab");
	fclose(stream);
	return table;
}

static void parse_entry(const char *line, struct fstab_entry *ret)
{
	struct libmnt_table *table = parse_line(line);
	struct libmnt_fs *fs = NULL;
	if (mnt_table_first_fs(table, &fs) == 0) {
		const char *source = mnt_fs_get_source(fs), *target = mnt_fs_get_target(fs);
		const char *type = mnt_fs_get_fstype(fs);
		ret->target = trim_slashes(target ? target : "");
		if (type && strcmp(type, "swap") == 0 && source && *source == '/' &&
		    !str_starts(source, "/dev/"))
			ret->swap = xstrdup(source);
		ret->wrong = fstab_judge(line, source ? source : "", ret->target, type ? type : "");
	} else {
		ret->wrong = xstrdup("it is not a line of fstab(5): source, mount point, type, "
				     "options and two numbers");
	}
	mnt_unref_table(table);
}

static bool is_empty(const char *line)
{
	line += strspn(line, BLANK);
	return !*line || *line == '#';
}

void fstab_parse(const char *text, struct fstab *ret)
{
	*ret = (struct fstab){0};
	for (int number = 1; *text; number++) {
		size_t len = strcspn(text, "\n");
		autofree char *line = xstrndup(text, len);
		text += len + (text[len] == '\n');
		if (is_empty(line))
			continue;
		ret->entries = array_reserve(ret->entries, ret->n, &ret->cap,
					     sizeof(*ret->entries));
		struct fstab_entry *entry = &ret->entries[ret->n++];
		*entry = (struct fstab_entry){.line = number};
		parse_entry(line, entry);
	}
}

void fstab_done(struct fstab *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->entries[i].target);
		free(f->entries[i].swap);
		free(f->entries[i].wrong);
	}
	free(f->entries);
	*f = (struct fstab){0};
}

const struct fstab_entry *fstab_find(const struct fstab *f, const char *target)
{
	autofree char *wanted = trim_slashes(target);
	for (size_t i = 0; i < f->n; i++) {
		if (f->entries[i].target && strcmp(f->entries[i].target, wanted) == 0)
			return &f->entries[i];
	}
	return NULL;
}

void fstab_add(struct str *out, const char *source, const char *target, const char *type,
	       const char *options)
{
	autofree char *text = NULL;
	size_t len = 0;
	struct libmnt_table *table = mnt_new_table();
	struct libmnt_fs *fs = mnt_new_fs();
	FILE *stream = open_memstream(&text, &len);
	/* Nothing of this reads or writes a file: it fails when memory runs out. */
	if (!table || !fs || !stream || mnt_fs_set_source(fs, source) ||
	    mnt_fs_set_target(fs, target) || mnt_fs_set_fstype(fs, type) ||
	    mnt_fs_set_options(fs, options) || mnt_table_add_fs(table, fs) ||
	    mnt_table_write_file(table, stream) || fclose(stream))
		abort();
	str_add(out, text, len);
	mnt_unref_fs(fs);
	mnt_unref_table(table);
}

void fstab_set_option(char **options, const char *option)
{
	const char *value = strchr(option, '=');
	autofree char *name = xstrndup(option, strcspn(option, "="));
	if (mnt_optstr_set_option(options, name, value ? value + 1 : NULL))
		abort();
}
