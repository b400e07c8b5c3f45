/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mem.h"
#include "str.h"
#include "tell.h"
#include "utf8.h"

/* systemd.exec(5): what a stream of the service is connected to has this device and inode. */
static bool stdout_is_journal(void)
{
	struct stat st;
	const char *stream = getenv("JOURNAL_STREAM");
	if (!stream || fstat(STDOUT_FILENO, &st) < 0)
		return false;
	autofree char *mine = xasprintf("%llu:%llu", (unsigned long long)st.st_dev,
					(unsigned long long)st.st_ino);
	return strcmp(mine, stream) == 0;
}

void tell(const struct ctx *ctx, const char *name, const struct notify_entry *entry)
{
	if (!*ctx->root && !ctx->dry_run)
		notify_journal(entry);
	if (stdout_is_journal())
		return;
	auto_str line = STR_INIT;
	utf8_visible(&line, entry->message, strlen(entry->message), false);
	printf("%s: %s: %s\n", name, entry->result, str_text(&line));
	fflush(stdout);
}
