/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Network configuration of a hostile image.  The input is a name, a NUL byte and the file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "edit_net.h"
#include "mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_ini(const char *text, const char *key)
{
	auto_str once = STR_INIT, twice = STR_INIT;
	if (!*key || strpbrk(key, "=\n[") || key[strcspn(key, " \t")])
		return;
	ini_set(&once, text, "main", key, "value");
	ini_set(&twice, str_text(&once), "main", key, "value");
	if (strcmp(str_text(&once), str_text(&twice)) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *name = xmemdup(data, size);
	const char *text = name + strlen(name);
	text += text < name + size;
	auto_strv names = {0};
	auto_str once = STR_INIT, twice = STR_INIT;
	strv_add(&names, name);
	interfaces_drop(&once, text, &names);
	interfaces_drop(&twice, str_text(&once), &names);
	if (once.len > strlen(text) + 1 || strcmp(str_text(&once), str_text(&twice)) != 0)
		abort();
	autofree char *renderer = netplan_renderer(text);
	if (renderer && strlen(renderer) > strlen(text))
		abort();
	fuzz_ini(text, name);
	return 0;
}
