/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "log.h"
#include "mem.h"
#include "options.h"
#include "render.h"

#define SETTLE_MAX 5 /* times the time asked for: a stream of changes must not keep us for ever */

static int take_lock(const struct render *r, int *ret, struct err *e)
{
	autofree char *path = path_join(r->dir, "render.lock");
	autoclose int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot lock", path);
	*ret = steal_fd(&fd);
	return 0;
}

/*
 * Wait until nothing was changed for so many seconds: a thousand boards are one change.  again:
 * something was changed just now, though the mark of it is gone.
 */
static void settle(const struct render *r, long wanted, bool again)
{
	autofree char *path = path_join(r->dir, STORE_CHANGED);
	struct stat st;
	for (long waited = 0; waited < SETTLE_MAX * wanted; waited++) {
		bool quiet = stat(path, &st) < 0 ? !again || waited >= wanted
						 : time(NULL) - st.st_mtime >= wanted;
		if (quiet)
			return;
		sleep(1);
	}
}

static void say(const struct options *o, const struct output *output)
{
	auto_str line = STR_INIT;
	if (!o->cli.json) {
		printf("%s: %s\n", output->name, output->path);
		return;
	}
	str_puts(&line, "{");
	json_field(&line, "changed", output->name);
	json_field(&line, "path", output->path);
	printf("%s}\n", str_text(&line));
}

static int render_one(const struct options *o, const struct render *r, const struct view *v,
		      const struct output *output, struct err *e)
{
	int changed = render_output(r, output, v, e);
	if (changed < 0)
		return err_wrap(e, "output '%s'", output->name);
	if (changed && !r->dry_run)
		say(o, output);
	return 0;
}

/* One that fails keeps no other from what it should be. */
static int render_all(const struct options *o, const struct render *r, const struct view *v,
		      struct err *e)
{
	int result = 0;
	for (const struct output *output = outputs; output->name; output++) {
		auto_err failure = ERR_INIT;
		if (o->only && strcmp(o->only, output->name) != 0)
			continue;
		if (render_one(o, r, v, output, &failure) < 0)
			result = render_failed(e, &failure);
	}
	return result;
}

/*
 * The mark goes after the files are right, so that a run that was killed is made good; what was
 * changed meanwhile is seen by the generation.  Returns 1 when it was.
 */
static int look_again(const struct render *r, struct store *s, long long generation, struct err *e)
{
	autofree char *path = path_join(r->dir, STORE_CHANGED);
	long long now;
	if (unlink(path) < 0 && errno != ENOENT)
		return err_errno(e, ERR_FAILED, "%s: cannot remove", path);
	if (store_generation(s, &now, e) < 0)
		return -1;
	return now != generation;
}

static int render_once(const struct options *o, const struct render *r, struct store *s,
		       long long *generation, struct err *e)
{
	auto_view v = {0};
	if (view_load(s, &v, e) < 0)
		return -1;
	*generation = v.generation;
	log_debug("the files become those of generation %lld", v.generation);
	return render_all(o, r, &v, e);
}

/* Those whose files were written are told, whatever became of the others. */
static int write_and_tell(const struct options *o, const struct render *r, struct store *s,
			  long long *generation, struct err *e)
{
	auto_err failure = ERR_INIT;
	int written = render_once(o, r, s, generation, e);
	int told = render_reload(r, &failure);
	return told < 0 ? render_failed(e, &failure) : written;
}

static int check_only(const char *only, struct err *e)
{
	const char *names[32];
	size_t n = 0;
	for (; outputs[n].name; n++)
		names[n] = outputs[n].name;
	for (size_t i = 0; i < n; i++) {
		if (!only || strcmp(only, names[i]) == 0)
			return 0;
	}
	autofree char *list = NULL;
	auto_strv all = {0};
	for (size_t i = 0; i < n; i++)
		strv_add(&all, names[i]);
	list = strv_join(&all, ", ");
	return err_set(e, ERR_USAGE, "--only: no output '%s'; there are %s", only, list);
}

static int render_locked(const struct options *o, const struct render *r, struct store *s,
			 struct err *e)
{
	long long generation;
	int again = 0;
	do {
		settle(r, o->settle, again);
		if (write_and_tell(o, r, s, &generation, e) < 0)
			return -1;
		again = o->only ? 0 : look_again(r, s, generation, e);
	} while (again > 0);
	return again;
}

int cmd_render(const struct options *o, struct err *e)
{
	const struct render r = {o->root ? o->root : "", !o->root, registry_dir(o), o->dry_run};
	auto_store *s = NULL;
	autoclose int lock = -1;
	long long generation;
	if (check_only(o->only, e) < 0 || store_open(r.dir, STORE_READ, &s, e) < 0)
		return -1;
	if (r.dry_run)
		return render_once(o, &r, s, &generation, e);
	return take_lock(&r, &lock, e) < 0 ? -1 : render_locked(o, &r, s, e);
}
