/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "account.h"
#include "edit.h"
#include "mem.h"
#include "text.h"

uint32_t account_section_gid(const struct section *user)
{
	bool set = section_get(user, "gid")->set;
	return (uint32_t)section_int(user, set ? "gid" : "uid");
}

const char *account_section_name(const struct section *user)
{
	const char *to = section_str(user, "rename-to");
	return to ? to : user->title;
}

const char *account_sudo(const struct section *user)
{
	const char *told = section_str(user, "sudo");
	return !told && section_bool(user, "operator") ? "nopasswd" : told;
}

/* The section that describes a user; one that says rename-to and nothing else does not. */
static const struct section *find_section(const struct profile *p, const char *name)
{
	const struct section *s = NULL;
	const char *becomes = name;
	while ((s = profile_next(p, "user", s))) {
		if (strcmp(s->title, name) == 0)
			becomes = account_section_name(s);
	}
	while ((s = profile_next(p, "user", s)) &&
	       (strcmp(account_section_name(s), becomes) != 0 || !section_get(s, "uid")->set))
		;
	return s;
}

/* 1: field 2 of the line of that name is *ret; 0: there is no such line. */
static int find_in_image(struct plan_ctx *ctx, const char *path, const char *name, uint32_t *ret,
			 struct err *e)
{
	auto_str text = STR_INIT;
	if (text_read_optional(ctx, path, &text, e) < 0)
		return -1;
	autofree char *line = db_get(str_text(&text), name);
	autofree char *id = line ? db_field(line, 2) : NULL;
	long long number;
	if (!id)
		return 0;
	if (!parse_number(id, 0, UINT32_MAX - 1, &number))
		return err_set(e, ERR_IMAGE, "%s in the image gives '%s' the number '%s'", path,
			       name, id);
	*ret = (uint32_t)number;
	return 1;
}

int account_uid(struct plan_ctx *ctx, const char *name, uint32_t *ret, struct err *e)
{
	long long number;
	if (parse_number(name, 0, UINT32_MAX - 1, &number)) {
		*ret = (uint32_t)number;
		return 0;
	}
	const struct section *s = find_section(ctx->profile, name);
	if (s) {
		*ret = (uint32_t)section_int(s, "uid");
		return 0;
	}
	int found = find_in_image(ctx, "/etc/passwd", name, ret, e);
	if (found)
		return found < 0 ? -1 : 0;
	return err_set(e, ERR_PROFILE,
		       "user '%s' is neither in the image nor in the profile: use one that is, or "
		       "a number",
		       name);
}

/* A user's group keeps its number in the image when the profile gives him a group of another. */
static int is_another_group(struct plan_ctx *ctx, const struct section *s, struct err *e)
{
	auto_str text = STR_INIT;
	if (text_read_optional(ctx, "/etc/group", &text, e) < 0)
		return -1;
	autofree char *owner = db_find_id(str_text(&text), 2, account_section_gid(s));
	return owner && strcmp(owner, s->title) != 0 && strcmp(owner, account_section_name(s)) != 0;
}

int account_gid(struct plan_ctx *ctx, const char *name, uint32_t *ret, struct err *e)
{
	long long number;
	if (parse_number(name, 0, UINT32_MAX - 1, &number)) {
		*ret = (uint32_t)number;
		return 0;
	}
	const struct section *s = find_section(ctx->profile, name);
	int another = s ? is_another_group(ctx, s, e) : 1;
	int found = another > 0 ? find_in_image(ctx, "/etc/group", name, ret, e) : 0;
	if (found || another < 0)
		return found < 0 || another < 0 ? -1 : 0;
	if (!s)
		return err_set(e, ERR_PROFILE,
			       "group '%s' is neither in the image nor of a user of the profile: "
			       "use one that is, or a number",
			       name);
	*ret = account_section_gid(s);
	return 0;
}
