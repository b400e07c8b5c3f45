/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "custom/net.h"
#include "custom/os_release.h"
#include "custom/program.h"
#include "custom/sudoers.h"
#include "custom/text.h"
#include "edit.h"
#include "edit_sudoers.h"
#include "inspect.h"
#include "mem.h"

#define UID_MIN 1000 /* of people, login.defs(5) of Debian */
#define UID_MAX 59999

static int read_release(struct plan_ctx *ctx, struct inspect *r, struct err *e)
{
	auto_str text = STR_INIT;
	int result = os_release_read(ctx, &text, e);
	r->system = os_release_get(str_text(&text), "PRETTY_NAME");
	r->id = os_release_get(str_text(&text), "ID");
	r->version = os_release_get(str_text(&text), "VERSION_ID");
	return result;
}

static int read_architecture(struct plan_ctx *ctx, struct inspect *r, struct err *e)
{
	return program_architecture(ctx, &r->architecture, e);
}

static int read_hostname(struct plan_ctx *ctx, struct inspect *r, struct err *e)
{
	auto_str text = STR_INIT;
	if (text_read_optional(ctx, "/etc/hostname", &text, e) < 0)
		return -1;
	size_t len = strcspn(str_text(&text), "\r\n");
	r->hostname = len ? xstrndup(str_text(&text), len) : NULL;
	return 0;
}

static int read_cluster(struct plan_ctx *ctx, struct inspect *r, struct err *e)
{
	auto_str text = STR_INIT;
	if (text_read_optional(ctx, "/etc/ssh/ssh_known_hosts", &text, e) < 0)
		return -1;
	r->cluster = known_hosts_cluster(str_text(&text), &r->nodes);
	return 0;
}

static int read_network(struct plan_ctx *ctx, struct inspect *r, struct err *e)
{
	const struct net_stack *stack = NULL;
	if (net_detect(ctx, &stack, e) < 0)
		return -1;
	r->network = stack ? xstrdup(stack->name) : NULL;
	return 0;
}

static void add_user(struct inspect *r, const char *line, const char *group, const char *sudoers)
{
	autofree char *name = db_field(line, 0), *id = db_field(line, 2), *gid = db_field(line, 3);
	long long uid;
	if (!gid || !parse_number(id, UID_MIN, UID_MAX, &uid))
		return;
	auto_sudoer who = {.name = name, .uid = (uint32_t)uid};
	groups_of(group, name, gid, &who.groups);
	sudoers_aliases(sudoers, &who);
	r->users = xrealloc(r->users, r->n_users + 1, sizeof(*r->users));
	r->users[r->n_users++] = (struct inspect_user){.uid = (uint32_t)uid,
						       .sudo = sudoers_allow(sudoers, &who)};
	r->users[r->n_users - 1].name = steal(&name);
}

static int read_users(struct plan_ctx *ctx, struct inspect *r, struct err *e)
{
	auto_str passwd = STR_INIT, group = STR_INIT, sudoers = STR_INIT;
	if (text_read_optional(ctx, "/etc/passwd", &passwd, e) < 0 ||
	    text_read_optional(ctx, "/etc/group", &group, e) < 0 ||
	    sudoers_read(ctx, &sudoers, e) < 0)
		return -1;
	auto_strv lines = {0};
	strv_split(&lines, str_text(&passwd), "\n");
	strv_foreach (line, &lines)
		add_user(r, *line, str_text(&group), str_text(&sudoers));
	return 0;
}

static int (*const readers[])(struct plan_ctx *, struct inspect *, struct err *) = {
	read_release, read_architecture, read_network, read_hostname, read_users, read_cluster,
};

int inspect_image(struct image *i, struct inspect *ret, struct err *e)
{
	/* An empty plan shows the image as it is to what customisations find out by. */
	auto_plan *none = plan_new(NULL);
	struct plan_ctx ctx = {.tree = i->tree, .plan = none, .custom = "inspect"};
	int failed = 0;
	for (size_t n = 0; n < sizeof(readers) / sizeof(*readers); n++) {
		auto_err another = ERR_INIT;
		if (readers[n](&ctx, ret, failed ? &another : e) < 0)
			failed = -1;
	}
	return failed;
}

void inspect_done(struct inspect *r)
{
	char *const texts[] = {r->system,  r->id,	r->version, r->architecture,
			       r->network, r->hostname, r->cluster};
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		free(texts[i]);
	for (size_t i = 0; i < r->n_users; i++)
		free(r->users[i].name);
	free(r->users);
	*r = (struct inspect){0};
}
