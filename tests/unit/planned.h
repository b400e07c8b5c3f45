/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_PLANNED_H
#define TESTS_UNIT_PLANNED_H

/* What the tests of plan and apply share: an image in memory, and a plan for it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../assert_err.h"
#include "apply.h"
#include "memfs.h"
#include "plan_private.h"

struct planned {
	struct memfs *root, *boot;
	struct tree *tree;
	struct plan_ctx ctx;
	struct err e;
};

static inline void planned_file(struct memfs *m, const char *path, const char *text, uint32_t mode)
{
	auto_err e = ERR_INIT;
	assert_ok(fs_write_data(&m->fs, path, text, strlen(text), &e), &e);
	memfs_find(&m->fs, path)->mode = mode;
}

static inline void planned_dir(struct memfs *m, const char *path)
{
	auto_err e = ERR_INIT;
	assert_ok(memfs_mkdir(&m->fs, path, &e), &e);
}

static inline void planned_link(struct memfs *m, const char *path, const char *target)
{
	auto_err e = ERR_INIT;
	assert_ok(memfs_symlink(&m->fs, path, target, &e), &e);
}

/* A small Debian with a FAT at /boot/firmware. */
static inline struct memfs *planned_debian(void)
{
	struct memfs *m = memfs_new("memory");
	for (const char **dir = (const char *[]){"/boot", "/boot/firmware", "/etc", "/etc/ssh",
						 "/run", "/usr", "/usr/lib", "/home", NULL};
	     *dir; dir++)
		planned_dir(m, *dir);
	planned_file(m, "/etc/hostname", "raspberrypi\n", 0644);
	planned_file(m, "/etc/shadow", "root:*:::::::\n", 0640);
	planned_file(m, "/etc/ssh/key", "ssh key of another machine\n", 0600);
	planned_file(m, "/usr/lib/os-release", "ID=debian\n", 0644);
	planned_link(m, "/lib", "usr/lib");
	planned_link(m, "/etc/os-release", "../usr/lib/os-release");
	planned_link(m, "/etc/resolv.conf", "/run/resolv.conf");
	planned_link(m, "/etc/escape", "../../../../outside");
	planned_link(m, "/etc/ping", "pong");
	planned_link(m, "/etc/pong", "ping");
	return m;
}

/* A new plan, seen on top of below. */
static inline void planned_again(struct planned *p, const struct plan *below)
{
	plan_free(p->ctx.plan);
	p->ctx.plan = plan_new(below);
}

static inline int planned_setup(void **state)
{
	struct planned *p = xcalloc(1, sizeof(*p));
	p->root = planned_debian();
	p->boot = memfs_new("fat");
	planned_file(p->boot, "/config.txt", "arm_64bit=1\n", 0755);
	p->tree = tree_new();
	tree_mount(p->tree, "/", &p->root->fs);
	tree_mount(p->tree, "/boot/firmware", &p->boot->fs);
	p->ctx = (struct plan_ctx){.tree = p->tree, .custom = "test"};
	planned_again(p, NULL);
	*state = p;
	return 0;
}

static inline int planned_teardown(void **state)
{
	struct planned *p = *state;
	plan_free(p->ctx.plan);
	tree_free(p->tree);
	memfs_free(p->root);
	memfs_free(p->boot);
	err_done(&p->e);
	free(p);
	return 0;
}

static inline void planned_write(struct planned *p, const char *path, const char *text)
{
	assert_ok(plan_write_text(&p->ctx, path, text, ATTR_KEEP, "because", &p->e), &p->e);
}

static inline const struct change *planned_at(const struct planned *p, const char *path)
{
	const struct plan_entry *entry = plan_find(p->ctx.plan, path);
	return entry ? entry->change : NULL;
}

/* Apply, verify, and see that the same plan would then find nothing to do. */
static inline void planned_apply(struct planned *p)
{
	const struct view image = {.tree = p->tree};
	assert_ok(plan_apply(p->ctx.plan, p->tree, &p->e), &p->e);
	assert_ok(plan_verify(p->ctx.plan, NULL, p->tree, &p->e), &p->e);
	for (size_t i = 0; i < plan_count(p->ctx.plan); i++) {
		const struct change *c = plan_get(p->ctx.plan, i);
		const char *why = "";
		int holds = change_holds(c, &image, true, &why, &p->e);
		if (holds != 1)
			fail_msg("%s: %s", c->path, holds < 0 ? p->e.msg : why);
	}
}

/* What the file system holds at path. */
static inline void assert_content(const struct memfs *m, const char *path, const char *text)
{
	const struct memnode *n = memfs_find((struct fs *)&m->fs, path);
	assert_non_null(n);
	assert_string_equal(str_text(&n->data), text);
}

static inline void assert_owner(const struct memfs *m, const char *path, uint32_t mode,
				uint32_t uid, uint32_t gid)
{
	const struct memnode *n = memfs_find((struct fs *)&m->fs, path);
	assert_non_null(n);
	assert_int_equal(n->mode, mode);
	assert_int_equal(n->uid, uid);
	assert_int_equal(n->gid, gid);
}

static inline void assert_absent(const struct memfs *m, const char *path)
{
	assert_null(memfs_find((struct fs *)&m->fs, path));
}

#define planned_test(f) cmocka_unit_test_setup_teardown(f, planned_setup, planned_teardown)

#endif
