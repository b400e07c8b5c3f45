/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one file that knows libconfuse.  Its own store is not used: each value arrives through a
 * callback at the moment when cfg->filename and cfg->line are those of the value, and goes to our
 * sections; so every item has its place, and sections of one title merge.
 *
 * libconfuse gives callbacks no argument of their own.  Its options are copied field by field, and
 * nobody reads def.number of an option that is no number: it carries the pointer to our loader.
 */
#include <confuse.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "custom.h"
#include "io.h"
#include "mem.h"
#include "profile_private.h"

/* First option of each table, with a default: libconfuse parses that when it opens a section. */
#define BEGIN_KEY "\001begin"
/* First item of each list: who is still behind it was appended by "+=". */
#define DEFAULT_ITEM "\001default"

#define LEVELS_MAX 8 /* sections within sections */

/* A file that is being read, and the one that includes it. */
struct reading {
	const struct reading *by;
	struct loc loc; /* line: of the include that is being followed */
	dev_t dev;
	ino_t ino;
	unsigned depth;
};

struct loader {
	struct profile *p;
	const struct strv *search;
	struct err err; /* the first one */
	cfg_opt_t *options;
	struct reading *reading;
	struct section *open[LEVELS_MAX]; /* around the next value */
	unsigned level;
	size_t n_sections, n_values;
	/* All that were read.  cfg_free resets the scanner, so none is freed before the end. */
	struct file {
		cfg_t *cfg;
		dev_t dev;
		ino_t ino;
	} * files;
	size_t n_files, cap;
};

static struct loader *get_loader(const cfg_opt_t *opt)
{
	return (struct loader *)(intptr_t)opt->def.number;
}

static struct section *current(struct loader *l)
{
	return l->level ? l->open[l->level - 1] : &l->p->top;
}

/* cfg->filename is a copy; ours lives as long as the profile. */
static struct loc here(const struct loader *l, const cfg_t *cfg)
{
	return (struct loc){l->reading->loc.file, cfg->line};
}

/* Called while libconfuse sets defaults, where a failure makes it abort: see on_section_end. */
static void begin_section(struct loader *l, const cfg_t *cfg)
{
	struct section *around = current(l);
	const struct value *v = section_find(around, cfg->name);
	struct loc loc = here(l, cfg);
	if (!v || v->key->type != KEY_SECTION || l->level == LEVELS_MAX) {
		err_at(&l->err, loc, "section '%s' is out of place", cfg->name);
		return;
	}
	if (++l->n_sections > PROFILE_MAX_SECTIONS) {
		err_at(&l->err, loc, "more than %d sections", PROFILE_MAX_SECTIONS);
		return;
	}
	if (cfg->title && key_check(v->key, cfg->title, loc, &l->err) < 0)
		return;
	l->open[l->level++] = section_open(around, v->key, cfg->title, loc);
}

static int on_section_begin(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
	struct loader *l = get_loader(opt);
	*(const char **)result = text;
	/* The file's own table is set up before the file has a name. */
	if (cfg->filename && !l->err.msg)
		begin_section(l, cfg);
	return 0;
}

static int on_section_end(cfg_t *cfg, cfg_opt_t *opt)
{
	(void)cfg;
	struct loader *l = get_loader(opt);
	if (l->err.msg)
		return -1;
	l->level--;
	return 0;
}

static int take_value(struct loader *l, const cfg_opt_t *opt, const char *text, struct loc loc)
{
	struct value *v = section_find(current(l), opt->name);
	if (!v)
		return err_at(&l->err, loc, "key '%s' is out of place", opt->name);
	bool is_list = v->key->type == KEY_LIST;
	if (is_list && opt->nvalues == 1)
		value_clear_list(v);
	if (!is_list || strcmp(text, SCAN_EMPTY_LIST))
		return value_set(v, text, loc, &l->err);
	v->set = true;
	v->loc = loc;
	return 0;
}

static int on_value(cfg_t *cfg, cfg_opt_t *opt, const char *text, void *result)
{
	struct loader *l = get_loader(opt);
	*(const char **)result = text;
	if (strcmp(text, DEFAULT_ITEM) == 0)
		return 0;
	if (l->err.msg)
		return -1;
	if (++l->n_values > PROFILE_MAX_VALUES)
		return err_at(&l->err, here(l, cfg), "more than %d values", PROFILE_MAX_VALUES);
	return take_value(l, opt, text, here(l, cfg));
}

/* What libconfuse's messages mean here; name stands for the word that it quotes. */
static const struct message {
	const char *begins, *before_name, *after_name;
} messages[] = {
	{"attempt to append", "", " is no list: write '=' instead of '+='"},
	{"missing title", "section ", " needs a title in quotes, then '{'"},
	{"missing opening brace", "section ", " has no title and no '=', only '{' and '}'"},
	{"missing equal sign", "", " is no section: write '=' and a value"},
	{"missing parenthesis", "", " is written include(\"FILE\")"},
	{"unexpected token '{'", "one value is expected here, no list (", ")"},
};

static void say(struct loader *l, struct loc loc, const char *text)
{
	const char *quoted = strchr(text, '\'');
	for (size_t i = 0; quoted && i < sizeof(messages) / sizeof(*messages); i++) {
		const struct message *m = &messages[i];
		if (!str_starts(text, m->begins))
			continue;
		err_at(&l->err, loc, "%s%s%s", m->before_name, quoted, m->after_name);
		return;
	}
	err_at(&l->err, loc, "%s", text);
}

__attribute__((format(printf, 2, 0))) static void on_error(cfg_t *cfg, const char *fmt, va_list ap)
{
	struct loader *l = get_loader(&cfg->opts[0]);
	autofree char *text = xvasprintf(fmt, ap);
	struct loc loc = here(l, cfg);
	static const char unknown[] = "no such option '";
	if (l->err.msg)
		return;
	if (!str_starts(text, unknown)) {
		say(l, loc, text);
		return;
	}
	char *name = text + sizeof(unknown) - 1;
	name[strcspn(name, "'")] = '\0';
	key_unknown(current(l), name, loc, &l->err);
}

/* "a.conf:3 -> b.conf:1 -> a.conf" */
static void add_chain(const struct reading *r, const char *last, struct str *out)
{
	if (r->by)
		add_chain(r->by, NULL, out);
	str_printf(out, "%s:%d -> ", r->loc.file, r->loc.line);
	if (last)
		str_puts(out, last);
}

static int check_loop(struct loader *l, const char *path, const struct stat *st)
{
	bool loop = false;
	for (const struct reading *r = l->reading; r; r = r->by)
		loop = loop || (r->dev == st->st_dev && r->ino == st->st_ino);
	bool deep = l->reading && l->reading->depth == PROFILE_MAX_DEPTH;
	if (!loop && !deep)
		return 0;
	auto_str chain = STR_INIT;
	add_chain(l->reading, path, &chain);
	return err_at(&l->err, l->reading->loc, "%s: %s; remove one of these includes",
		      loop ? "include loop" : "includes are nested too deeply", str_text(&chain));
}

static bool was_read(const struct loader *l, const struct stat *st)
{
	for (size_t i = 0; i < l->n_files; i++) {
		if (l->files[i].dev == st->st_dev && l->files[i].ino == st->st_ino)
			return true;
	}
	return false;
}

static int parse_text(struct loader *l, struct str *text, struct reading *r)
{
	struct file *file = &l->files[l->n_files++];
	*file = (struct file){cfg_init(l->options, CFGF_NONE), r->dev, r->ino};
	FILE *stream = fmemopen(text->data, text->len, "r");
	if (!file->cfg || !stream)
		abort();
	file->cfg->filename = xstrdup(r->loc.file);
	cfg_set_error_function(file->cfg, on_error);
	struct reading *by = l->reading;
	l->reading = r;
	int status = cfg_parse_fp(file->cfg, stream);
	fclose(stream);
	l->reading = by;
	if (l->err.msg)
		return -1;
	return status == CFG_SUCCESS ? 0 : err_at(&l->err, r->loc, "cannot be parsed");
}

static int parse_file(struct loader *l, int fd, const char *path, const struct stat *st)
{
	auto_str text = STR_INIT, clean = STR_INIT;
	strv_add(&l->p->files, path);
	const char *name = l->p->files.v[l->p->files.n - 1];
	struct reading r = {
		.by = l->reading, .loc = {name, 0}, .dev = st->st_dev, .ino = st->st_ino};
	r.depth = l->reading ? l->reading->depth + 1 : 0;
	l->files = array_reserve(l->files, l->n_files, &l->cap, sizeof(*l->files));
	if (io_read_fd(fd, name, PROFILE_MAX_BYTES, &text, &l->err) < 0) {
		l->err.code = ERR_PROFILE;
		return -1;
	}
	if (profile_scan(&text, name, &clean, &l->err) < 0)
		return -1;
	return parse_text(l, &clean, &r);
}

/* A file that several others include is read once, where it comes first. */
static int read_file(struct loader *l, const char *path)
{
	struct loc by = l->reading ? l->reading->loc : (struct loc){NULL, 0};
	/* O_NONBLOCK: a pipe must not stop us. */
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_at(&l->err, by, "%s: cannot open: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_at(&l->err, by, "%s: not a file", path);
	if (check_loop(l, path, &st) < 0)
		return -1;
	return was_read(l, &st) ? 0 : parse_file(l, fd, path, &st);
}

static char *find_include(struct loader *l, const char *name, struct loc loc)
{
	auto_strv places = {0};
	strv_add_owned(&places, profile_path(loc, name));
	bool anywhere = *name != '/' && *name != '~';
	for (size_t i = 0; anywhere && i < l->search->n; i++)
		strv_add_owned(&places, path_join(l->search->v[i], name));
	auto_str looked = STR_INIT;
	strv_foreach (place, &places) {
		struct stat st;
		if (stat(*place, &st) == 0)
			return xstrdup(*place);
		str_printf(&looked, "%s'%s'", looked.len ? ", " : "", *place);
	}
	err_at(&l->err, loc, "include '%s' not found; looked for %s", name, str_text(&looked));
	return NULL;
}

static int on_include(cfg_t *cfg, cfg_opt_t *opt, int argc, const char **argv)
{
	struct loader *l = get_loader(opt);
	if (argc != 1 || l->err.msg)
		return -1;
	l->reading->loc.line = cfg->line;
	autofree char *path = find_include(l, argv[0], l->reading->loc);
	return path ? read_file(l, path) : -1;
}

static cfg_opt_t *make_options(struct loader *l, const struct key *keys, bool top);

static cfg_opt_t make_option(struct loader *l, const struct key *k)
{
	cfg_opt_t o = {.name = k->name, .type = CFGT_STR, .parsecb = on_value};
	o.def.number = (long)(intptr_t)l;
	o.flags = CFGF_NODEFAULT;
	if (k->type == KEY_LIST) {
		o.flags = CFGF_LIST;
		o.def.parsed = (char *)"{'" DEFAULT_ITEM "'}";
	}
	if (k->type == KEY_SECTION) {
		o.type = CFGT_SEC;
		o.flags = CFGF_MULTI | (k->untitled ? 0 : CFGF_TITLE);
		o.parsecb = NULL;
		o.validcb = on_section_end;
		o.subopts = make_options(l, k->keys, false);
	}
	return o;
}

static cfg_opt_t *make_options(struct loader *l, const struct key *keys, bool top)
{
	static const struct key begin = {.name = BEGIN_KEY, .type = KEY_LIST};
	size_t n = 0;
	while (keys[n].name)
		n++;
	cfg_opt_t *options = xcalloc(n + 3, sizeof(*options));
	options[0] = make_option(l, &begin);
	options[0].parsecb = on_section_begin;
	for (size_t i = 0; i < n; i++)
		options[1 + i] = make_option(l, &keys[i]);
	if (top)
		options[1 + n] = (cfg_opt_t){.name = "include",
					     .type = CFGT_FUNC,
					     .def.number = (long)(intptr_t)l,
					     .func = on_include};
	return options;
}

static void free_options(cfg_opt_t *options)
{
	for (cfg_opt_t *o = options; o->name; o++) {
		if (o->subopts)
			free_options(o->subopts);
	}
	free(options);
}

static void loader_done(struct loader *l)
{
	for (size_t i = 0; i < l->n_files; i++)
		cfg_free(l->files[i].cfg);
	free(l->files);
	free_options(l->options);
	err_done(&l->err);
}

/* All tables in one; the profile owns it. */
static const struct key *join_tables(const struct key *const *tables)
{
	struct key *all = NULL;
	size_t n = 0, cap = 0;
	for (; *tables; tables++) {
		for (const struct key *k = *tables; k->name; k++) {
			all = array_reserve(all, n, &cap, sizeof(*all));
			all[n++] = *k;
		}
	}
	all = array_reserve(all, n, &cap, sizeof(*all));
	all[n] = (struct key){0};
	return all;
}

static struct profile *make_profile(const char *path, const struct key *const *tables)
{
	struct profile *p = xcalloc(1, sizeof(*p));
	const char *base = path_base(path);
	size_t len = strlen(base);
	p->path = xstrdup(path);
	p->name = xstrndup(base, str_ends(base, ".conf") ? len - 5 : len);
	section_init(&p->top, join_tables(tables), "", NULL, (struct loc){p->path, 0});
	return p;
}

int profile_load_tables(const char *path, const struct strv *search,
			const struct key *const *tables, struct profile **ret, struct err *e)
{
	auto_profile *p = make_profile(path, tables);
	struct loader l = {.p = p, .search = search};
	l.options = make_options(&l, p->top.keys, true);
	int status = read_file(&l, path);
	if (status < 0)
		err_set(e, l.err.code, "%s", l.err.msg);
	loader_done(&l);
	if (status < 0)
		return -1;
	*ret = steal(&p);
	return 0;
}

static int check_required(const struct profile *p, struct err *e)
{
	static const char *const required[] = {"role", "base"};
	for (size_t i = 0; i < sizeof(required) / sizeof(*required); i++) {
		const struct value *v = profile_get(p, required[i]);
		if (!v->set)
			return err_at(e, v->loc, "key '%s' is missing: %s", required[i],
				      v->key->help);
	}
	return 0;
}

int profile_load(const char *path, const struct strv *search, struct profile **ret, struct err *e)
{
	auto_profile *p = NULL;
	if (profile_load_tables(path, search, profile_key_tables(), &p, e) < 0 ||
	    check_required(p, e) < 0)
		return -1;
	for (const struct custom *const *c = customs; *c; c++) {
		if ((*c)->check && (*c)->check(p, e) < 0)
			return -1;
	}
	*ret = steal(&p);
	return 0;
}

void profile_free(struct profile *p)
{
	if (!p)
		return;
	const struct key *keys = p->top.keys;
	section_done(&p->top);
	free((void *)keys);
	strv_done(&p->files);
	free(p->name);
	free(p->path);
	free(p);
}
