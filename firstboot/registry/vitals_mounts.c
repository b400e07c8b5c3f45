/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What of a node's fstab is mounted. */
#include <string.h>

#include "mem.h"
#include "vitals.h"

bool vitals_has_mounts(const struct vitals *v)
{
	return v->n_mounts && !strv_has(&v->cut, "mount");
}

const struct mount *vitals_mount(const struct vitals *v, const char *target)
{
	for (size_t i = v->n_mounts; i; i--) {
		if (strcmp(v->mounts[i - 1].target, target) == 0)
			return &v->mounts[i - 1];
	}
	return NULL;
}

bool vitals_option(const char *options, const char *option)
{
	size_t len = strlen(option);
	for (const char *at = options; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (strncmp(at, option, len) == 0 && (!at[len] || at[len] == ',' || at[len] == '='))
			return true;
	}
	return false;
}

bool fstab_line_parse(const char *line, struct fstab_line *ret)
{
	strv_split(&ret->words, line, " ");
	if (ret->words.n < 3)
		return false;
	ret->source = ret->words.v[0];
	ret->target = ret->words.v[1];
	ret->type = ret->words.v[2];
	ret->options = ret->words.n > 3 ? ret->words.v[3] : "defaults";
	return true;
}

void fstab_line_done(struct fstab_line *f)
{
	strv_done(&f->words);
	*f = (struct fstab_line){0};
}

/* The same path, but for slashes at its end. */
static char *mount_point(const char *path)
{
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	return xstrndup(path, len);
}

void vitals_missing(const struct vitals *v, struct strv *ret)
{
	if (!vitals_has_mounts(v))
		return;
	strv_foreach (line, &v->fstab) {
		auto_fstab_line f = {0};
		bool whole = fstab_line_parse(*line, &f);
		if (whole && *f.target == '/' && strcmp(f.type, "swap") != 0 &&
		    !vitals_option(f.options, "noauto")) {
			autofree char *target = mount_point(f.target);
			if (!vitals_mount(v, target) && !strv_has(ret, target))
				strv_add(ret, target);
		}
	}
}
