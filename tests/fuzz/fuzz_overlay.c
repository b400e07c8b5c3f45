/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The texts that a stranger's overlay and key files bring: templates and lines of public keys.
 * Whatever they are, expansion ends, and what needs no node is the same with and without one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"
#include "custom/template.h"
#include "custom/user.h"
#include "mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static int expand(const struct cluster *c, const struct node *n, const char *text, size_t len,
		  struct str *out)
{
	const struct value role = {.str = "worker", .key = &profile_core_keys[0]};
	const struct key keys[] = {profile_core_keys[0], {.name = NULL}};
	struct value values[] = {role, {0}};
	const struct profile p = {.top = {.keys = keys, .values = values}};
	const struct plan_ctx ctx = {.profile = &p, .cluster = c, .node = n};
	auto_err e = ERR_INIT;
	return template_expand(&ctx, text, len, "fuzz", out, &e);
}

static void fuzz_template(const char *text, size_t len)
{
	struct node n = {.role = "worker", .number = 7, .hostname = "worker007"};
	const struct member m = {.nodes = &n, .n_nodes = 1};
	const struct cluster c = {.name = "fuzz", .members = (struct member *)&m};
	auto_str role = STR_INIT, node = STR_INIT;
	int r = expand(&c, NULL, text, len, &role);
	int s = expand(&c, &n, text, len, &node);
	expect(s < 0 || r == 0);
	if (r < 0 || template_needs_node(text, len))
		return;
	expect(s == 0 && role.len == node.len);
	expect(memcmp(str_text(&role), str_text(&node), role.len) == 0);
}

static void fuzz_key(const char *text)
{
	auto_err e = ERR_INIT;
	if (user_check_key_line(text, &e) == 0)
		expect(strlen(text) > 70 && !strstr(text, "PRIVATE KEY"));
	else
		expect(e.msg != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xmemdup(data, size);
	fuzz_template(text, size);
	fuzz_key(text);
	return 0;
}
