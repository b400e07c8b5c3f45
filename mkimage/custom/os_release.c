/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "os_release.h"

#include <string.h>

#include "mem.h"
#include "text.h"

int os_release_read(struct plan_ctx *ctx, struct str *out, struct err *e)
{
	static const char *const paths[] = {"/etc/os-release", "/usr/lib/os-release"};
	int found = 0;
	for (size_t i = 0; !found && i < 2; i++)
		found = text_read_optional(ctx, paths[i], out, e);
	return found < 0 ? -1 : 0;
}

char *os_release_get(const char *text, const char *name)
{
	auto_strv lines = {0};
	size_t len = strlen(name);
	strv_split(&lines, text, "\n");
	strv_foreach (line, &lines) {
		if (strncmp(*line, name, len) != 0 || (*line)[len] != '=')
			continue;
		const char *value = *line + len + 1;
		char quote[] = {*value == '\'' ? '\'' : '"', '\0'};
		value += *value == *quote;
		return xstrndup(value, strcspn(value, quote));
	}
	return NULL;
}
