/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attrs file of a stranger's overlay: an error with a message, or lines that print as read. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "attrs.h"
#include "mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static bool is_same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void expect_same(const struct attrs_entry *a, const struct attrs_entry *b)
{
	expect(strcmp(a->path, b->path) == 0 && a->below == b->below && a->mode == b->mode);
	expect(strcmp(a->owner, b->owner) == 0 && strcmp(a->group, b->group) == 0);
	expect(a->is_template == b->is_template && is_same_text(a->node, b->node));
}

static void expect_printed(const struct attrs *a)
{
	auto_str text = STR_INIT;
	auto_attrs again = {0};
	auto_err e = ERR_INIT;
	for (size_t i = 0; i < a->n; i++)
		attrs_print(&text, &a->entries[i]);
	expect(attrs_parse(str_text(&text), text.len, "again", &again, &e) == 0);
	expect(again.n == a->n);
	for (size_t i = 0; i < a->n; i++)
		expect_same(&a->entries[i], &again.entries[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_attrs a = {0};
	auto_err e = ERR_INIT;
	autofree char *text = xmemdup(data, size);
	if (attrs_parse(text, size, "fuzz", &a, &e) < 0) {
		expect(e.msg != NULL);
		return 0;
	}
	expect_printed(&a);
	for (size_t i = 0; i < a.n; i++) {
		const struct attrs_entry *found = attrs_find(&a, a.entries[i].path);
		expect(a.entries[i].below || (found && found >= &a.entries[i]));
	}
	return 0;
}
