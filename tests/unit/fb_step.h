/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_FB_STEP_H
#define TESTS_UNIT_FB_STEP_H

/* A step, its settings, and a root of its own: the directory `root` of the test's directory. */

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "../assert_err.h"
#include "io.h"
#include "mem.h"
#include "run.h"
#include "settings.h"
#include "step.h"
#include "workdir.h"

#define STEP(id) extern const struct step step_##id;
#include "steps/list.def"
#undef STEP

struct step_test {
	const struct step *step;
	struct settings settings;
	struct ctx ctx;
	char *root;
	struct str message; /* of the last run */
	struct err e;
};

/* What the settings say on top of a version; a name of the test's own, in root. */
static inline void step_test_init(struct step_test *t, const struct step *step,
				  const char *settings)
{
	autofree char *here = getcwd(NULL, 0);
	autofree char *text = xasprintf("version = 1\n%s", settings);
	*t = (struct step_test){.step = step, .root = xasprintf("%s/root", here)};
	assert_ok(settings_parse(text, strlen(text), "settings", &t->settings, &t->e), &t->e);
	assert_ok(io_mkdirs(t->root, 0755, &t->e), &t->e);
	t->ctx = (struct ctx){.root = t->root, .settings = &t->settings};
}

static inline void step_test_done(struct step_test *t)
{
	settings_done(&t->settings);
	str_done(&t->message);
	err_done(&t->e);
	free(t->root);
}

/*
 * A file of the root with this text, its directories included; NULL: only they, and no file. Owned:
 * where it is.
 */
static inline char *put_in_root(struct step_test *t, const char *path, const char *text)
{
	char *file = xasprintf("%s%s", t->root, path);
	autofree char *dir = path_dir(file);
	assert_ok(io_mkdirs(dir, 0755, &t->e), &t->e);
	unlink(file); /* it may be one that its owner may not write */
	if (text)
		put_file(file, text);
	return file;
}

static inline void put(struct step_test *t, const char *path, const char *text)
{
	free(put_in_root(t, path, text));
}

static inline void put_link(struct step_test *t, const char *path, const char *target)
{
	autofree char *file = put_in_root(t, path, NULL);
	assert_int_equal(symlink(target, file), 0);
}

/* The file's text, "(absent)" when there is none; owned. */
static inline char *text_of(struct step_test *t, const char *path)
{
	auto_str out = STR_INIT;
	auto_err absent = ERR_INIT;
	autofree char *file = xasprintf("%s%s", t->root, path);
	if (io_read_file(file, 1 << 20, &out, &absent) < 0)
		str_puts(&out, "(absent)");
	return str_steal(&out);
}

#define assert_file(t, path, text)                       \
	do {                                             \
		autofree char *is_ = text_of((t), path); \
		assert_string_equal(is_, text);          \
	} while (0)

/* The root as tar sees it: names, owners, modes, times and content; owned. */
static inline char *picture_of(struct step_test *t)
{
	auto_str sum = STR_INIT;
	const char *const argv[] = {
		"sh", "-c",    "tar -C \"$1\" --sort=name --format=gnu -cf - . | sha256sum",
		"sh", t->root, NULL};
	assert_ok(run(&(struct run){.argv = argv, .output = &sum}, &t->e), &t->e);
	return str_steal(&sum);
}

/* Runs the step; t->message or t->e have what it says. */
static inline int run_step(struct step_test *t)
{
	t->message.len = 0;
	if (t->message.data)
		*t->message.data = '\0';
	return t->step->run(&t->ctx, &t->message, &t->e);
}

#define assert_step(t, expected, fragment)                         \
	do {                                                       \
		int is_ = run_step(t);                             \
		if (is_ < 0)                                       \
			fail_msg("%s", (t)->e.msg);                \
		if (!strstr(str_text(&(t)->message), fragment))    \
			fail_msg("'%s'", str_text(&(t)->message)); \
		assert_int_equal(is_, expected);                   \
	} while (0)

#define assert_step_fails(t, fragment) assert_fails(run_step(t), &(t)->e, ERR_FAILED, fragment)

/* A dry run promises and writes nothing; a run changes; the next one finds nothing to do. */
#define assert_changes_once(t, fragment)                   \
	do {                                               \
		autofree char *before_ = picture_of(t);    \
		(t)->ctx.dry_run = true;                   \
		assert_step(t, 1, "");                     \
		(t)->ctx.dry_run = false;                  \
		autofree char *untouched_ = picture_of(t); \
		assert_string_equal(untouched_, before_);  \
		assert_step(t, 1, fragment);               \
		autofree char *after_ = picture_of(t);     \
		assert_string_not_equal(after_, before_);  \
		assert_step(t, 0, "");                     \
		autofree char *later_ = picture_of(t);     \
		assert_string_equal(later_, after_);       \
	} while (0)

/* Nothing to do, and nothing touched. */
#define assert_changes_nothing(t, fragment)             \
	do {                                            \
		autofree char *before_ = picture_of(t); \
		assert_step(t, 0, fragment);            \
		autofree char *after_ = picture_of(t);  \
		assert_string_equal(after_, before_);   \
	} while (0)

/* ---- disks that cannot be written ---- */

/* A namespace for our mounts; who is not root becomes it in a namespace of users. */
static inline int enter_namespace(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	if (unshare(uid ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) < 0)
		return -1;
	if (uid) {
		autofree char *users = xasprintf("0 %u 1", uid);
		autofree char *groups = xasprintf("0 %u 1", gid);
		put_file("/proc/self/setgroups", "deny");
		put_file("/proc/self/uid_map", users);
		put_file("/proc/self/gid_map", groups);
	}
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

enum disk { DISK_FULL, DISK_READ_ONLY };

/* A tmpfs over the root, with what is in it. */
static inline int mount_over(struct step_test *t, enum disk kind)
{
	const char *const fill[] = {"sh", "-c",	   "head -c 100m /dev/zero >\"$1/fill\"; sync",
				    "sh", t->root, NULL};
	const char *const keep[] = {"cp", "-a", t->root, "disk", NULL};
	const char *const back[] = {"cp", "-a", "disk/.", t->root, NULL};
	if (enter_namespace() < 0 || run(&(struct run){.argv = keep}, &t->e) < 0 ||
	    mount("test", t->root, "tmpfs", 0, "size=1m") < 0 ||
	    run(&(struct run){.argv = back}, &t->e) < 0)
		return -1;
	if (kind == DISK_FULL)
		return run(&(struct run){.argv = fill, .ok_status = ~0}, &t->e);
	return mount(NULL, t->root, NULL, MS_REMOUNT | MS_RDONLY, NULL);
}

struct step_result {
	int mounted, result, code;
	char message[1024];
};

/* The step's result on such a disk, from a process of its own: its mounts end with it. */
static inline void run_step_on(struct step_test *t, enum disk kind, struct step_result *ret)
{
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	pid_t pid = fork();
	if (pid == 0) {
		struct step_result r = {.mounted = mount_over(t, kind) == 0};
		if (r.mounted)
			r.result = run_step(t);
		r.code = t->e.code;
		snprintf(r.message, sizeof(r.message), "%s",
			 t->e.msg ? t->e.msg : str_text(&t->message));
		_exit(write(ends[1], &r, sizeof(r)) != sizeof(r));
	}
	close(ends[1]);
	assert_int_equal(read(ends[0], ret, sizeof(*ret)), sizeof(*ret));
	close(ends[0]);
	waitpid(pid, NULL, 0);
	if (!ret->mounted) {
		print_message("no mount namespace here: %s\n", ret->message);
		skip();
	}
}

#define assert_step_fails_on(t, disk, expected, fragment)                        \
	do {                                                                     \
		struct step_result r_;                                           \
		run_step_on((t), (disk), &r_);                                   \
		assert_int_equal(r_.result, -1);                                 \
		if (r_.code != (int)(expected) || !strstr(r_.message, fragment)) \
			fail_msg("code %d: %s", r_.code, r_.message);            \
	} while (0)

#define STEP_TEST(name) cmocka_unit_test_setup_teardown(name, workdir_enter, workdir_leave)

#endif
