/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plans on real file systems: applied, closed, checked by others, opened again. */
#include "backends.h"

#include "apply.h"
#include "plan_private.h"

struct image {
	struct scratch root, boot;
	struct fs *root_fs, *boot_fs;
	struct tree *tree;
	struct plan_ctx ctx;
	struct err e;
};

static void image_open(struct image *i, const struct backend *b)
{
	const struct fs_open root = scratch_how(&i->root, true), boot = scratch_how(&i->boot, true);
	assert_ok(b->open(&root, &i->root_fs, &i->e), &i->e);
	assert_ok(fs_fat_open(&boot, &i->boot_fs, &i->e), &i->e);
	i->tree = tree_new();
	tree_mount(i->tree, "/", i->root_fs);
	tree_mount(i->tree, "/boot/firmware", i->boot_fs);
	i->ctx = (struct plan_ctx){.tree = i->tree, .custom = "test", .plan = plan_new(NULL)};
}

static void image_close(struct image *i)
{
	plan_free(i->ctx.plan);
	tree_free(i->tree);
	assert_ok(fs_close(&i->root_fs, &i->e), &i->e);
	assert_ok(fs_close(&i->boot_fs, &i->e), &i->e);
}

/* What a base image brings. */
static void fill(struct image *i)
{
	struct fs *fs = i->root_fs;
	for (const char **dir = (const char *[]){"/boot", "/boot/firmware", "/etc", "/etc/ssh",
						 "/etc/ssh/old.d", "/usr", "/usr/lib", NULL};
	     *dir; dir++)
		assert_ok(fs->ops->mkdir(fs, *dir, &i->e), &i->e);
	scratch_write(fs, "/etc/hostname", "raspberrypi\n");
	scratch_write(fs, "/etc/shadow", "root:*:::::::\n");
	scratch_write(fs, "/etc/ssh/old.d/key", "old\n");
	scratch_write(fs, "/etc/ssh/key", "old\n");
	assert_ok(fs->ops->attr(fs, "/etc/shadow", 0640, 0, 42, &i->e), &i->e);
	assert_ok(fs->ops->symlink(fs, "/lib", "usr/lib", &i->e), &i->e);
	scratch_write(i->boot_fs, "/config.txt", "arm_64bit=1\n");
}

/* Every kind of change, and 200 files. */
static void make_plan(struct image *i)
{
	struct plan_ctx *c = &i->ctx;
	struct err *e = &i->e;
	assert_ok(plan_write_text(c, "/etc/hostname", "worker001\n", ATTR_KEEP, "w", e), e);
	assert_ok(plan_write_text(c, "/etc/shadow", "root:*:1:::::\n", ATTR_KEEP, "w", e), e);
	assert_ok(plan_attr(c, "/etc/hostname", (struct attr){0600, 5, 6}, "w", e), e);
	assert_ok(plan_symlink(c, "/etc/localtime", "../usr/UTC", "w", e), e);
	assert_ok(plan_remove(c, "/etc/ssh", "w", e), e);
	assert_ok(plan_write_text(c, "/etc/ssh/key", "new\n", ATTR_ROOT(0600), "w", e), e);
	assert_ok(plan_mkdir(c, "/srv/cluster", (struct attr){02775, 0, 2000}, "w", e), e);
	for (int n = 0; n < 200; n++) {
		autofree char *path = xasprintf("/lib/systemd/%03d.service", n);
		assert_ok(plan_write_text(c, path, path, ATTR_ROOT(0644), "w", e), e);
	}
	assert_ok(plan_write_text(c, "/boot/firmware/ssh", "", ATTR_ROOT(0600), "w", e), e);
	assert_ok(plan_write_text(c, "/boot/firmware/CONFIG.TXT", "x=1\n", ATTR_KEEP, "w", e), e);
	assert_ok(plan_drop_unchanged(c, e), e);
}

static void assert_stat(struct image *i, const char *path, uint32_t mode, uint32_t uid,
			uint32_t gid)
{
	struct fs_stat st;
	assert_ok(tree_stat(i->tree, path, &st, &i->e), &i->e);
	assert_int_equal(st.mode, mode);
	assert_int_equal(st.uid, uid);
	assert_int_equal(st.gid, gid);
}

static void plans_come_true_on(const struct backend *b)
{
	struct image i = {0};
	scratch_init(&i.root, b->offset, b->size);
	scratch_init(&i.boot, SCRATCH_OFFSET, 8 << 20);
	b->make(&i.root);
	make_fat12(&i.boot);
	image_open(&i, b);
	fill(&i);
	make_plan(&i);
	assert_int_equal(plan_count(i.ctx.plan), 210);
	assert_ok(plan_apply(i.ctx.plan, i.tree, &i.e), &i.e);
	assert_ok(plan_verify(i.ctx.plan, NULL, i.tree, &i.e), &i.e);
	image_close(&i);
	if (b->check)
		b->check(&i.root);
	scratch_fsck_fat(&i.boot);
	image_open(&i, b);
	assert_stat(&i, "/etc/hostname", 0600, 5, 6);
	assert_stat(&i, "/etc/shadow", 0640, 0, 42);
	assert_stat(&i, "/srv/cluster", 02775, 0, 2000);
	make_plan(&i);
	assert_int_equal(plan_count(i.ctx.plan), 0);
	image_close(&i);
	scratch_done(&i.root);
	scratch_done(&i.boot);
}

static void plans_come_true(void **state)
{
	const struct backend *b = *state;
	const char *why = b->unavailable ? b->unavailable() : NULL;
	if (why) {
		print_message("%s: %s\n", b->name, why);
		skip();
	}
	plans_come_true_on(b);
}

int main(void)
{
	static struct CMUnitTest tests[N_BACKENDS];
	size_t n = 0;
	for (size_t i = 0; i < N_BACKENDS; i++) {
		const char *kernel = backends[i].kernel;
		/* That a kernel without it refuses is a case of the contract. */
		if (!(backends[i].can & CAN_OWNER) || (kernel && kernel_lacks(kernel)))
			continue;
		tests[n++] = (struct CMUnitTest){.name = backends[i].name,
						 .test_func = plans_come_true,
						 .initial_state = (void *)&backends[i]};
	}
	return _cmocka_run_group_tests("plan on images", tests, n, NULL, NULL);
}
