/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bases.h"
#include "io.h"
#include "mem.h"

#define BASES_FILE "bases.conf"
#define BASES_MAX (1u << 20) /* bytes; a larger file is none of ours */

void base_entry_done(struct base_entry *b)
{
	free(b->name);
	free(b->file);
	strv_done(&b->recipe);
	free(b->path);
	free(b->url);
	free(b->sha256);
	free(b->help);
	*b = (struct base_entry){0};
}

/* libconfuse's error callback has no context argument; this one lives while a file is parsed. */
static _Thread_local struct {
	const char *file;
	struct err *e;
} parsing;

static __attribute__((format(printf, 2, 0))) void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	autofree char *text = xvasprintf(fmt, ap);
	if (!parsing.e->msg)
		err_set(parsing.e, ERR_PROFILE,
			"%s:%d: %s; a base has the keys recipe, path, url, sha256, help",
			parsing.file, cfg ? cfg->line : 0, text);
}

static cfg_t *parse(const char *file, const char *text, struct err *e)
{
	cfg_opt_t base[] = {
		CFG_STR_LIST("recipe", NULL, CFGF_NONE), CFG_STR("path", NULL, CFGF_NONE),
		CFG_STR("url", NULL, CFGF_NONE),	 CFG_STR("sha256", NULL, CFGF_NONE),
		CFG_STR("help", NULL, CFGF_NONE),	 CFG_END()};
	cfg_opt_t top[] = {CFG_SEC("base", base, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES),
			   CFG_END()};
	cfg_t *cfg = cfg_init(top, CFGF_NONE);
	if (!cfg) {
		err_errno(e, ERR_FAILED, "%s: cannot set up the parser", file);
		return NULL;
	}
	parsing.file = file;
	parsing.e = e;
	cfg_set_error_function(cfg, on_error);
	int r = cfg_parse_buf(cfg, text);
	parsing.e = NULL;
	if (r == CFG_SUCCESS && !e->msg)
		return cfg;
	if (!e->msg)
		err_set(e, ERR_PROFILE, "%s: cannot be parsed", file);
	cfg_free(cfg);
	return NULL;
}

static int take_entry(cfg_t *sec, const char *file, struct base_entry *ret, struct err *e)
{
	const char *path = cfg_getstr(sec, "path"), *url = cfg_getstr(sec, "url");
	unsigned words = cfg_size(sec, "recipe");
	autofree char *dir = path_dir(file);
	if ((words > 0) + (path != NULL) + (url != NULL) != 1)
		return err_set(e, ERR_PROFILE,
			       "%s:%d: base '%s' needs exactly one of recipe, path and url", file,
			       sec->line, cfg_title(sec));
	*ret = (struct base_entry){.name = xstrdup(cfg_title(sec)),
				   .file = xstrdup(file),
				   .line = sec->line,
				   .url = xstrdup(url),
				   .sha256 = xstrdup(cfg_getstr(sec, "sha256")),
				   .help = xstrdup(cfg_getstr(sec, "help"))};
	if (path)
		ret->path = *path == '/' ? xstrdup(path) : path_join(dir, path);
	for (unsigned i = 0; i < words; i++)
		strv_add(&ret->recipe, cfg_getnstr(sec, "recipe", i));
	return 0;
}

/* 1: found; 0: this file does not have it, its names are added to names. */
static int lookup_in(const char *file, const char *name, struct strv *names, struct base_entry *ret,
		     struct err *e)
{
	auto_str text = STR_INIT;
	if (io_read_file(file, BASES_MAX, &text, e) < 0)
		return -1;
	cfg_t *cfg = parse(file, str_text(&text), e);
	if (!cfg)
		return -1;
	int r = 0;
	for (unsigned i = 0; r == 0 && i < cfg_size(cfg, "base"); i++) {
		cfg_t *sec = cfg_getnsec(cfg, "base", i);
		if (strcmp(cfg_title(sec), name) == 0)
			r = take_entry(sec, file, ret, e) < 0 ? -1 : 1;
		else if (!strv_has(names, cfg_title(sec)))
			strv_add(names, cfg_title(sec));
	}
	cfg_free(cfg);
	return r;
}

static int unknown_name(const char *name, const struct strv *names, struct err *e)
{
	const char *near = str_nearest(name, (const char *const *)names->v, names->n);
	auto_str list = STR_INIT;
	strv_foreach (item, names)
		str_printf(&list, "%s%s", list.len ? ", " : "", *item);
	return err_set(e, ERR_PROFILE,
		       "base '%s': neither a file nor a name of %s%s%s%s; known names: %s", name,
		       BASES_FILE, near ? "; did you mean '" : "", near ? near : "",
		       near ? "'?" : "", list.len ? list.data : "none");
}

int bases_lookup(const char *name, const struct strv *search, struct base_entry *ret, struct err *e)
{
	auto_strv names = {0};
	strv_foreach (dir, search) {
		autofree char *file = path_join(*dir, BASES_FILE);
		if (access(file, F_OK) < 0)
			continue;
		int r = lookup_in(file, name, &names, ret, e);
		if (r != 0)
			return r < 0 ? -1 : 0;
	}
	strv_sort(&names);
	return unknown_name(name, &names, e);
}
