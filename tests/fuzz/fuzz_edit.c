/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * passwd, group, hosts and blocks from a hostile image.  The input is three texts separated by NUL
 * bytes: a name, a line or body, and the file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "custom/ssh.h"
#include "edit.h"
#include "edit_init.h"
#include "edit_rename.h"
#include "mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void fuzz_db(const char *text, const char *entry)
{
	auto_str once = STR_INIT, twice = STR_INIT;
	autofree char *line = xstrndup(entry, strcspn(entry, "\n"));
	autofree char *name = db_field(line, 0);
	db_set(&once, text, line);
	db_set(&twice, str_text(&once), line);
	if (*name) {
		autofree char *got = db_get(str_text(&once), name);
		expect(got && strcmp(got, line) == 0);
		expect(strcmp(str_text(&once), str_text(&twice)) == 0);
	}
	for (size_t i = 0; i < 8; i++) {
		autofree char *field = db_field(line, i);
		autofree char *owner = db_find_id(text, i, 1000);
		expect(!field || strlen(field) <= strlen(line));
		expect(!owner || strlen(owner) <= strlen(text));
	}
}

/* A rule for everybody in front is found, whatever follows. */
static void fuzz_wrapper(const char *text)
{
	autofree char *denying = xasprintf("sshd: ALL\n%s", text);
	autofree char *commented = xasprintf("#%.*s\n", (int)strcspn(text, "\n"), text);
	expect(ssh_wrapper_denies(denying, "sshd"));
	expect(!ssh_wrapper_denies(commented, "sshd"));
	(void)ssh_wrapper_denies(text, "sshd");
}

static void fuzz_group(const char *line, const char *name)
{
	if (!*name || strpbrk(name, ",:\n") || strchr(line, '\n'))
		return;
	autofree char *with = group_line_with(line, name);
	autofree char *again = group_line_with(with, name);
	expect(strcmp(with, again) == 0);
}

static void fuzz_block(const char *text, const char *name, const char *body)
{
	if (strchr(name, '\n'))
		return;
	auto_str once = STR_INIT, twice = STR_INIT, none = STR_INIT;
	block_set(&once, text, name, body);
	block_set(&twice, str_text(&once), name, body);
	expect(strcmp(str_text(&once), str_text(&twice)) == 0);
	block_set(&none, str_text(&once), name, "");
	expect(none.len <= strlen(text) + 1);
	auto_str first = STR_INIT, again = STR_INIT;
	block_set_first(&first, text, name, body);
	block_set_first(&again, str_text(&first), name, body);
	expect(strcmp(str_text(&first), str_text(&again)) == 0);
}

static void fuzz_hosts(const char *text, const char *name)
{
	auto_str once = STR_INIT, twice = STR_INIT;
	hosts_set_self(&once, text, name);
	hosts_set_self(&twice, str_text(&once), name);
	expect(strcmp(str_text(&once), str_text(&twice)) == 0);
}

typedef void rename_fn(struct str *out, const char *text, const char *from, const char *to);

static void fuzz_rename(const char *text, const char *from)
{
	static rename_fn *const fns[] = {db_rename, group_rename, path_rename, name_rename};
	if (!*from || strpbrk(from, ",:\n"))
		return;
	for (size_t i = 0; i < sizeof(fns) / sizeof(*fns); i++) {
		auto_str once = STR_INIT, same = STR_INIT;
		fns[i](&once, text, from, "=");
		fns[i](&same, str_text(&once), "=", "=");
		expect(once.len <= strlen(text));
		expect(same.len <= once.len);
	}
	auto_str renamed = STR_INIT, words = STR_INIT;
	db_rename(&renamed, text, from, strcmp(from, "a") == 0 ? "b" : "a");
	words_rename(&words, text, from, from, "a");
	autofree char *left = db_get(str_text(&renamed), from);
	expect(!left || !strchr(left, ':'));
	expect(words.len <= strlen(text));
}

static void fuzz_var(const char *text, const char *name, const char *value)
{
	if (!*name || strpbrk(name, "= \t\n") || strchr(value, '\n'))
		return;
	auto_str once = STR_INIT, twice = STR_INIT, none = STR_INIT, without = STR_INIT;
	var_set(&once, text, name, value);
	var_set(&twice, str_text(&once), name, value);
	expect(strcmp(str_text(&once), str_text(&twice)) == 0);
	var_set(&none, text, name, NULL);
	var_set(&without, str_text(&none), name, NULL);
	expect(strcmp(str_text(&none), str_text(&without)) == 0 && none.len <= strlen(text));
}

static void fuzz_level(const char *text, bool (*set)(struct str *, const char *, char))
{
	auto_str once = STR_INIT, twice = STR_INIT;
	bool found = set(&once, text, '2');
	expect(set(&twice, str_text(&once), '2') == found);
	expect(strcmp(str_text(&once), str_text(&twice)) == 0);
	expect(found || strcmp(str_text(&once), text) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *all = xmemdup(data, size);
	const char *end = all + size;
	const char *name = all;
	const char *line = name + strlen(name);
	line += line < end;
	const char *text = line + strlen(line);
	text += text < end;
	fuzz_db(text, line);
	fuzz_group(line, name);
	fuzz_block(text, name, line);
	fuzz_wrapper(text);
	fuzz_hosts(text, name);
	fuzz_level(text, inittab_set_level);
	fuzz_level(text, upstart_set_level);
	fuzz_rename(text, name);
	fuzz_var(text, name, line);
	return 0;
}
