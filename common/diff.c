/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <unistd.h>

#include "diff.h"
#include "io.h"
#include "mem.h"
#include "run.h"
#include "utf8.h"

/* A file that diff can open by name while we hold it. */
struct held {
	int fd;
	char *name;
};

static void held_done(struct held *h)
{
	cleanup_close(&h->fd);
	free(h->name);
}

#define auto_held __attribute__((cleanup(held_done))) struct held

static int hold(struct held *h, const struct str *text, struct err *e)
{
	h->fd = io_memfd("diff", str_text(text), text->len, e);
	if (h->fd < 0)
		return -1;
	h->name = xasprintf("/proc/%ld/fd/%d", (long)getpid(), h->fd);
	return 0;
}

int diff_texts(const char *path, const struct str *from, const struct str *to, struct str *out,
	       struct err *e)
{
	auto_held a = {.fd = -1}, b = {.fd = -1};
	auto_str name = STR_INIT;
	utf8_visible(&name, path + 1, strlen(path + 1), false);
	autofree char *label_a = xasprintf("a/%s", str_text(&name));
	autofree char *label_b = xasprintf("b/%s", str_text(&name));
	if (hold(&a, from, e) < 0 || hold(&b, to, e) < 0)
		return -1;
	const char *argv[] = {"diff",	 "--text", "-u",   "--label", label_a,
			      "--label", label_b,  a.name, b.name,    NULL};
	return run(&(struct run){.argv = argv, .output = out, .ok_status = 1 << 1}, e) < 0 ? -1 : 0;
}

void diff_new(const char *path, const struct str *to, struct str *out)
{
	size_t lines = 0;
	for (size_t i = 0; i < to->len; i++)
		lines += to->data[i] == '\n' || i + 1 == to->len;
	if (!lines)
		return;
	str_puts(out, "--- /dev/null\n+++ b/");
	utf8_visible(out, path + 1, strlen(path + 1), false);
	str_puts(out, "\n@@ -0,0 +1");
	if (lines > 1)
		str_printf(out, ",%zu", lines);
	str_puts(out, " @@\n");
	for (const char *line = to->data, *end = line + to->len; line < end;) {
		const char *newline = memchr(line, '\n', (size_t)(end - line));
		const char *next = newline ? newline + 1 : end;
		str_puts(out, "+");
		str_add(out, line, (size_t)(next - line));
		if (!newline)
			str_puts(out, "\n\\ No newline at end of file\n");
		line = next;
	}
}
