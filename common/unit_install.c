/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `systemctl enable` without a systemd: the links that [Install] asks for. */
#include <string.h>

#include "mem.h"
#include "unit_links.h"
#include "unit_text.h"
#include "validate.h"

#define ALIASES_MAX 8 /* names of names */

struct install {
	const struct files *f;
	struct strv seen; /* units that were enabled: Also= may lead back */
	size_t links;
};

/* "getty@tty1.service" of "getty@.service" and "autovt@tty1.service"; owned. */
static char *with_instance(const char *template, const char *instance)
{
	const char *at = strchr(instance, '@'), *suffix = strrchr(instance, '.');
	const char *other = strchr(template, '@');
	return xasprintf("%.*s%.*s%s", (int)(other + 1 - template), template,
			 (int)(suffix - at - 1), at + 1, other + 1);
}

static bool is_template(const char *unit)
{
	const char *at = strchr(unit, '@');
	return at && at[1] == '.';
}

int unit_real_name(const struct files *f, const char *unit, char **ret, struct err *e)
{
	autofree char *name = xstrdup(unit);
	for (int i = 0; i < ALIASES_MAX; i++) {
		autofree char *path = NULL, *target = NULL;
		if (unit_find(f, name, &path, e) < 0 ||
		    (path && f->ops->readlink(f, path, &target, e) < 0))
			return -1;
		if (!target || strcmp(path_base(target), path_base(path)) == 0)
			break;
		autofree char *template = unit_template_of(name);
		const char *other = path_base(target);
		char *next = template && is_template(other) ? with_instance(other, name)
							    : xstrdup(other);
		free(name);
		name = next;
	}
	*ret = steal(&name);
	return 0;
}

/* path, which [Install] names, leads to the unit's file; what does so already stays. */
static int add_link(struct install *in, const char *path, const char *file, struct err *e)
{
	autofree char *target = NULL;
	if (in->f->ops->readlink(in->f, path, &target, e) < 0)
		return -1;
	in->links++;
	if (target && strcmp(path_base(target), path_base(file)) == 0)
		return 0;
	return in->f->ops->symlink(in->f, path, file, e);
}

/* A name of [Install], its specifiers replaced, judged; owned. */
static char *expand_name(const struct install *in, const char *text, const char *unit,
			 struct err *e)
{
	autofree char *name = unit_expand(text, unit);
	if (!name) {
		err_set(e, ERR_PROFILE,
			"unit '%s': its [Install] section says '%s', which only a running node can "
			"read; enable it there",
			unit, text);
		return NULL;
	}
	if (validate_unit(name, e) < 0) {
		err_prefix(e, "unit '%s' %s: its [Install] section", unit, in->f->where);
		return NULL;
	}
	return steal(&name);
}

/* A link in NAME.wants (.requires, .upholds) for each name of the list. */
static int add_pulling(struct install *in, const struct strv *list, const char *dir,
		       const char *unit, const char *file, struct err *e)
{
	strv_foreach (item, list) {
		autofree char *name = expand_name(in, *item, unit, e);
		if (!name)
			return -1;
		autofree char *path = xasprintf(UNIT_ADMIN_DIR "/%s.%s/%s", name, dir, unit);
		if (add_link(in, path, file, e) < 0)
			return -1;
	}
	return 0;
}

static int add_aliases(struct install *in, const struct strv *list, const char *unit,
		       const char *file, struct err *e)
{
	autofree char *template = unit_template_of(unit);
	strv_foreach (item, list) {
		autofree char *name = expand_name(in, *item, unit, e);
		if (!name)
			return -1;
		autofree char *instance = template && is_template(name) ? with_instance(name, unit)
									: xstrdup(name);
		autofree char *path = path_join(UNIT_ADMIN_DIR, instance);
		if (strcmp(instance, unit) != 0 && add_link(in, path, file, e) < 0)
			return -1;
	}
	return 0;
}

static int install(struct install *in, const char *asked, bool must_exist, struct err *e);

/* The unit itself, or for a template the instance that DefaultInstance= means; owned. */
static char *default_name(const struct install *in, const char *unit, const struct unit_install *u,
			  struct err *e)
{
	if (!is_template(unit) || !u->default_instance)
		return xstrdup(unit);
	autofree char *name = xasprintf("%.*s@%s%s", (int)strcspn(unit, "@"), unit,
					u->default_instance, strrchr(unit, '.'));
	return expand_name(in, name, unit, e);
}

static int add_links(struct install *in, const char *unit, const char *file,
		     const struct unit_install *u, struct err *e)
{
	if (add_aliases(in, &u->alias, unit, file, e) < 0)
		return -1;
	autofree char *instance = default_name(in, unit, u, e);
	if (!instance)
		return -1;
	bool pulls = u->wanted_by.n || u->required_by.n || u->upheld_by.n;
	if (pulls && is_template(instance))
		return err_set(e, ERR_PROFILE,
			       "unit '%s' is a template: say of what, as in '%.*s@NAME%s'", unit,
			       (int)strcspn(unit, "@"), unit, strrchr(unit, '.'));
	if (add_pulling(in, &u->wanted_by, "wants", instance, file, e) < 0 ||
	    add_pulling(in, &u->required_by, "requires", instance, file, e) < 0 ||
	    add_pulling(in, &u->upheld_by, "upholds", instance, file, e) < 0)
		return -1;
	strv_foreach (also, &u->also) {
		autofree char *name = expand_name(in, *also, unit, e);
		if (!name || install(in, name, false, e) < 0)
			return -1;
	}
	return 0;
}

static int install(struct install *in, const char *asked, bool must_exist, struct err *e)
{
	autofree char *unit = NULL, *file = NULL;
	auto_unit_install u = {0};
	auto_str text = STR_INIT;
	if (unit_real_name(in->f, asked, &unit, e) < 0)
		return -1;
	if (strv_has(&in->seen, unit))
		return 0;
	strv_add(&in->seen, unit);
	if (unit_unmask(in->f, unit, e) < 0 || unit_find(in->f, unit, &file, e) < 0)
		return -1;
	if (!file && must_exist)
		return err_set(e, ERR_PROFILE, "unit '%s' is not %s", unit, in->f->where);
	if (!file)
		return 0;
	if (in->f->ops->read(in->f, file, &text, e) < 0)
		return -1;
	unit_install_parse(str_text(&text), &u);
	return add_links(in, unit, file, &u, e);
}

int unit_install(const struct files *f, const char *unit, size_t *ret_links, struct err *e)
{
	struct install in = {.f = f};
	int done = install(&in, unit, true, e);
	strv_done(&in.seen);
	if (done == 0)
		*ret_links = in.links;
	return done;
}
