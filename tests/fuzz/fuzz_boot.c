/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cmdline.txt, config.txt, extlinux.conf and armbianEnv.txt of a hostile image.  The input is two
 * texts separated by a NUL byte: items, one a line, and the file.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "edit_boot.h"
#include "mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static size_t count_newlines(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void fuzz_cmdline(const char *text, const struct strv *items)
{
	auto_str once = STR_INIT, twice = STR_INIT;
	cmdline_edit(&once, text, items);
	cmdline_edit(&twice, str_text(&once), items);
	expect(strcmp(str_text(&once), str_text(&twice)) == 0);
	expect(count_newlines(text) == count_newlines(str_text(&once)));
	if (items->n && *items->v[items->n - 1] != '-')
		expect(cmdline_has(str_text(&once), items->v[items->n - 1]));
}

static void fuzz_extlinux(const char *text, const struct strv *items)
{
	auto_str once = STR_INIT, twice = STR_INIT;
	bool found = cmdline_edit_lines(&once, text, "append", items);
	expect(cmdline_edit_lines(&twice, str_text(&once), "append", items) == found);
	expect(strcmp(str_text(&once), str_text(&twice)) == 0);
	expect(found || strcmp(str_text(&once), text) == 0);
}

static void fuzz_config(const char *text, const struct strv *items)
{
	auto_str once = STR_INIT, twice = STR_INIT;
	config_edit(&once, text, items);
	config_edit(&twice, str_text(&once), items);
	expect(strcmp(str_text(&once), str_text(&twice)) == 0);
	autofree char *value = config_get(str_text(&once), "os_prefix");
	expect(!value || !strchr(value, '\n'));
}

static void fuzz_env(const char *text, const char *value)
{
	auto_str once = STR_INIT, twice = STR_INIT, none = STR_INIT;
	env_set(&once, text, "extraargs", value);
	env_set(&twice, str_text(&once), "extraargs", value);
	expect(strcmp(str_text(&once), str_text(&twice)) == 0);
	autofree char *got = env_get(str_text(&once), "extraargs");
	expect(got && strcmp(got, value) == 0);
	env_set(&none, text, "extraargs", NULL);
	autofree char *gone = env_get(str_text(&none), "extraargs");
	expect(!gone && none.len <= strlen(text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *all = xmemdup(data, size);
	const char *text = all + strlen(all);
	text += text < all + size;
	auto_strv lines = {0}, items = {0}, settings = {0};
	strv_split(&lines, all, "\n");
	strv_foreach (line, &lines) {
		auto_err e = ERR_INIT;
		if (cmdline_check_item(*line, &e) == 0)
			strv_add(&items, *line);
		err_done(&e);
		if (config_check_item(*line, &e) == 0)
			strv_add(&settings, *line);
	}
	fuzz_cmdline(text, &items);
	fuzz_extlinux(text, &items);
	fuzz_config(text, &settings);
	if (items.n)
		fuzz_env(text, items.v[0]);
	return 0;
}
