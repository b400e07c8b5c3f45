/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "mem.h"
#include "template.h"

#define TOKEN_MAX 64 /* bytes from "$" to "}" */

/* The master: the first node of the role of that name; NULL when the cluster has none. */
static const struct node *find_master(const struct plan_ctx *ctx)
{
	const struct member *m = cluster_member(ctx->cluster, "master");
	return m && m->n_nodes ? &m->nodes[0] : NULL;
}

static char *get_hostname(const struct plan_ctx *ctx)
{
	return xstrdup(ctx->node->hostname);
}

static char *get_address(const struct plan_ctx *ctx)
{
	return xstrdup(ctx->node->address);
}

static char *get_prefix(const struct plan_ctx *ctx)
{
	return ctx->node->address ? xasprintf("%u", ctx->node->prefix) : NULL;
}

static char *get_number(const struct plan_ctx *ctx)
{
	return xasprintf("%u", ctx->node->number);
}

static char *get_role(const struct plan_ctx *ctx)
{
	return xstrdup(profile_str(ctx->profile, "role"));
}

static char *get_cluster(const struct plan_ctx *ctx)
{
	return xstrdup(ctx->cluster->name);
}

static char *get_master(const struct plan_ctx *ctx)
{
	const struct node *n = find_master(ctx);
	return n ? xstrdup(n->hostname) : NULL;
}

static char *get_master_address(const struct plan_ctx *ctx)
{
	const struct node *n = find_master(ctx);
	return n ? xstrdup(n->address) : NULL;
}

/* The first that is a name and no pattern. */
static char *get_wired(const struct plan_ctx *ctx)
{
	const struct section *s = profile_next(ctx->profile, "wired", NULL);
	auto_strv names = {0};
	if (s)
		strv_split(&names, section_str(s, "interface"), " ");
	strv_foreach (name, &names) {
		if (!strpbrk(*name, "*?[!"))
			return xstrdup(*name);
	}
	return NULL;
}

struct field {
	const char *name;
	bool of_node;
	char *(*get)(const struct plan_ctx *ctx); /* owned; NULL: there is no value */
};

static const struct field fields[] = {
	{"hostname", true, get_hostname}, {"address", true, get_address},
	{"prefix", true, get_prefix},	  {"number", true, get_number},
	{"role", false, get_role},	  {"cluster", false, get_cluster},
	{"master", false, get_master},	  {"master-address", false, get_master_address},
	{"wired", false, get_wired},
};
#define N_FIELDS (sizeof(fields) / sizeof(*fields))

static const struct field *find_field(const char *name, size_t len)
{
	for (size_t i = 0; i < N_FIELDS; i++) {
		if (strlen(fields[i].name) == len && strncmp(fields[i].name, name, len) == 0)
			return &fields[i];
	}
	return NULL;
}

/* What begins at s, which is at a "$": its length, or 0 for a lone dollar sign. */
static size_t token_length(const char *s, const char *end)
{
	if (end - s >= 3 && memcmp(s, "$${", 3) == 0)
		return 3;
	if (end - s < 2 || s[1] != '{')
		return 0;
	size_t near = (size_t)(end - s) < TOKEN_MAX ? (size_t)(end - s) : TOKEN_MAX;
	const char *close = memchr(s, '}', near);
	return close ? (size_t)(close - s) + 1 : 2;
}

static int no_such_field(const char *where, int line, const char *token, size_t len, struct err *e)
{
	auto_str known = STR_INIT;
	for (size_t i = 0; i < N_FIELDS; i++)
		str_printf(&known, "%s%s", i ? ", " : "", fields[i].name);
	return err_set(e, ERR_PROFILE,
		       "%s:%d: there is no field '%.*s': use one of %s; '$${' stands for a plain "
		       "'${'",
		       where, line, len > 40 ? 40 : (int)len, token, str_text(&known));
}

static int add_field(const struct plan_ctx *ctx, const char *token, size_t len, const char *file,
		     int line, struct str *out, struct err *e)
{
	const struct field *f = len > 3 ? find_field(token + 2, len - 3) : NULL;
	if (!f)
		return no_such_field(file, line, token, len, e);
	if (f->of_node && !ctx->node) {
		str_add(out, token, len);
		return 0;
	}
	autofree char *value = f->get(ctx);
	if (!value)
		return err_set(e, ERR_PROFILE, "%s:%d: '${%s}' has no value here: %s", file, line,
			       f->name,
			       f->of_node ? "this node has no planned address"
					  : "the cluster has no role 'master' with an address");
	str_puts(out, value);
	return 0;
}

bool template_needs_node(const char *text, size_t len)
{
	const char *end = text + len;
	for (const char *s = text; (s = memchr(s, '$', (size_t)(end - s)));) {
		size_t n = token_length(s, end);
		const struct field *f = n > 3 ? find_field(s + 2, n - 3) : NULL;
		if (f && f->of_node)
			return true;
		s += n ? n : 1;
	}
	return false;
}

int template_expand(const struct plan_ctx *ctx, const char *text, size_t len, const char *file,
		    struct str *out, struct err *e)
{
	const char *end = text + len;
	int line = 1;
	for (const char *s = text; s < end;) {
		size_t n = *s == '$' ? token_length(s, end) : 0;
		if (!n) {
			line += *s == '\n';
			str_add(out, s++, 1);
		} else if (n == 3 && s[1] == '$') {
			str_puts(out, "${");
			s += n;
		} else {
			if (add_field(ctx, s, n, file, line, out, e) < 0)
				return -1;
			s += n;
		}
	}
	return 0;
}
