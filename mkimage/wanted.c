/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "custom.h"
#include "mem.h"
#include "wanted.h"

static const struct wanted_package *find(const struct wanted *w, const char *name)
{
	for (size_t i = 0; i < w->n; i++) {
		if (strcmp(w->v[i].name, name) == 0)
			return &w->v[i];
	}
	return NULL;
}

void wanted_add(struct wanted *w, const char *name, struct loc loc)
{
	if (find(w, name))
		return;
	w->v = array_reserve(w->v, w->n, &w->cap, sizeof(*w->v));
	w->v[w->n++] = (struct wanted_package){xstrdup(name), xstrdup(loc.file), loc.line};
}

int wanted_collect(const struct profile *p, const struct cluster *c, struct wanted *ret,
		   struct err *e)
{
	auto_wanted w = {0};
	for (size_t i = 0; customs[i]; i++) {
		if (customs[i]->want && customs[i]->want(p, c, &w, e) < 0)
			return -1;
	}
	*ret = w;
	w = (struct wanted){0};
	return 0;
}

void wanted_done(struct wanted *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->v[i].name);
		free(w->v[i].file);
	}
	free(w->v);
	*w = (struct wanted){0};
}

void wanted_names(const struct wanted *w, struct strv *ret)
{
	for (size_t i = 0; i < w->n; i++)
		strv_add(ret, w->v[i].name);
}

void wanted_of_base(const struct wanted *w, struct strv *ret)
{
	if (w->brings_sources)
		return;
	wanted_names(w, ret);
	strv_sort(ret);
}

struct loc wanted_loc(const struct wanted *w, const char *name)
{
	const struct wanted_package *found = name ? find(w, name) : w->v;
	return (struct loc){found->file, found->line};
}
