/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_CUSTOM_FIXTURE_H
#define TESTS_CUSTOM_FIXTURE_H

/*
 * What the tests of the customisations share: a small image root in a directory, a profile, and a
 * run of one customisation through both stages.
 *
 *   struct fixture f;
 *   fixture_init(&f);
 *   fixture_profile(&f, "user \"ops\" { uid = 1000 }\n");
 *   fixture_run(&f, &custom_user);
 *   assert_file(&f, "/etc/passwd", …);
 *   fixture_done(&f);
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "../assert_err.h"
#include "apply.h"
#include "cluster.h"
#include "custom.h"
#include "io.h"
#include "mem.h"
#include "plan.h"
#include "run.h"

#define FIXTURE_NOW 1700000000 /* 2023-11-14: day 19675 */

#define CUSTOM(id) extern const struct custom custom_##id;
#include "custom/list.def"
#undef CUSTOM

struct fixture {
	char *dir;  /* of the test: profile, overlays, keys */
	char *root; /* dir/root: the image */
	struct fs *fs;
	struct tree *tree;
	struct profile *profile;
	struct cluster *cluster;
	struct strv notes;		 /* of the last run */
	const struct identity *identity; /* of the image's disk; NULL: its ids stay */
	const struct node *node;	 /* that is planned; NULL: the first worker */
};

/* Put a file below the test's directory ("keys/me.pub") or, with root/ before it, in the image. */
static inline void fixture_put(struct fixture *f, const char *path, const char *text)
{
	autofree char *full = path_join(f->dir, path);
	autofree char *dir = path_dir(full);
	auto_err e = ERR_INIT;
	assert_ok(io_mkdirs(dir, 0755, &e), &e);
	assert_ok(io_replace_file(full, text, strlen(text), 0644, &e), &e);
}

static inline void fixture_mkdir(struct fixture *f, const char *path)
{
	autofree char *full = path_join(f->dir, path);
	auto_err e = ERR_INIT;
	assert_ok(io_mkdirs(full, 0755, &e), &e);
}

static inline void fixture_symlink(struct fixture *f, const char *path, const char *target)
{
	autofree char *full = path_join(f->dir, path);
	autofree char *dir = path_dir(full);
	auto_err e = ERR_INIT;
	assert_ok(io_mkdirs(dir, 0755, &e), &e);
	assert_int_equal(symlink(target, full), 0);
}

/* A Debian of the size of a stamp. */
static inline void fixture_image(struct fixture *f)
{
	static const char *const units[] = {"ssh.service", "multi-user.target", "graphical.target",
					    "systemd-networkd.service"};
	fixture_put(f, "root/etc/passwd",
		    "root:x:0:0:root:/root:/bin/bash\n"
		    "daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin\n"
		    "pi:x:1001:1001:,,,:/home/pi:/bin/bash\n");
	fixture_put(f, "root/etc/shadow",
		    "root:*:19000:0:99999:7:::\n"
		    "daemon:*:19000:0:99999:7:::\n"
		    "pi:!:19000:0:99999:7:::\n");
	fixture_put(f, "root/etc/group",
		    "root:x:0:\ndaemon:x:1:\nadm:x:4:\nsudo:x:27:pi\n"
		    "video:x:44:\nusers:x:100:\npi:x:1001:\n");
	fixture_put(f, "root/etc/gshadow",
		    "root:*::\ndaemon:*::\nadm:*::\nsudo:*::pi\n"
		    "video:*::\nusers:*::\npi:!::\n");
	fixture_put(f, "root/etc/subuid", "pi:100000:65536\n");
	fixture_put(f, "root/etc/subgid", "pi:100000:65536\n");
	fixture_put(f, "root/etc/skel/.profile", "# profile\n");
	fixture_put(f, "root/etc/hostname", "raspberrypi\n");
	fixture_put(f, "root/etc/hosts", "127.0.0.1\tlocalhost\n127.0.1.1\traspberrypi\n");
	fixture_put(f, "root/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
	fixture_put(f, "root/etc/ssh/sshd_config",
		    "# stock\nInclude /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n");
	fixture_mkdir(f, "root/etc/ssh/sshd_config.d");
	fixture_mkdir(f, "root/etc/sudoers.d");
	fixture_mkdir(f, "root/home/pi");
	fixture_put(f, "root/usr/bin/bash", "bash\n");
	fixture_put(f, "root/usr/sbin/nologin", "nologin\n");
	fixture_symlink(f, "root/bin", "usr/bin");
	fixture_symlink(f, "root/lib", "usr/lib");
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		autofree char *path = xasprintf("root/usr/lib/systemd/system/%s", units[i]);
		fixture_put(f, path, "[Unit]\n");
	}
	fixture_symlink(f,
			"root/etc/systemd/system/multi-user.target.wants/systemd-networkd.service",
			"/usr/lib/systemd/system/systemd-networkd.service");
}

static inline void fixture_init(struct fixture *f)
{
	const char *tmp = getenv("TMPDIR");
	auto_err e = ERR_INIT;
	*f = (struct fixture){0};
	f->dir = xasprintf("%s/cardstock-custom-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(f->dir));
	f->root = path_join(f->dir, "root");
	fixture_image(f);
	struct fs_open o = {
		.path = f->root, .what = "the image", .writable = true, .now = FIXTURE_NOW};
	assert_ok(fs_dir_open(&o, &f->fs, &e), &e);
	f->tree = tree_new();
	tree_mount(f->tree, "/", f->fs);
}

/* A test that did not come to its end leaves the directory behind, for a look. */
static inline void fixture_done(struct fixture *f)
{
	auto_err e = ERR_INIT;
	cluster_free(f->cluster);
	profile_free(f->profile);
	tree_free(f->tree);
	assert_ok(fs_close(&f->fs, &e), &e);
	assert_ok(run_argv(&e, "rm", "-rf", f->dir, NULL), &e);
	strv_done(&f->notes);
	free(f->root);
	free(f->dir);
}

/* What every profile must say, unless the test says it. */
static inline void fixture_defaults(struct str *text, const char *members)
{
	static const char *const defaults[][2] = {{"role", "worker"},
						  {"base", "none"},
						  {"cluster", "testbed"},
						  {"hostname", "worker%03d"}};
	auto_str more = STR_INIT;
	for (size_t i = 0; i < sizeof(defaults) / sizeof(*defaults); i++) {
		if (!strstr(str_text(text), defaults[i][0]))
			str_printf(&more, "%s = \"%s\"\n", defaults[i][0], defaults[i][1]);
	}
	if (!strstr(str_text(text), "planned"))
		str_puts(&more, "planned = 3\n");
	if (!strstr(str_text(text), "members"))
		str_printf(&more, "members = {\"%s\"}\n", members);
	str_printf(text, "\n%s", str_text(&more));
}

/* Load a profile with these lines and the defaults behind them; line 1 is the text's first. */
static inline int fixture_load(struct fixture *f, const char *text, enum cluster_mode mode,
			       struct err *e)
{
	auto_str all = STR_INIT;
	auto_strv search = {0};
	autofree char *path = path_join(f->dir, "worker.conf");
	autofree char *dir = path_join(f->dir, "cluster");
	str_puts(&all, text);
	fixture_defaults(&all, path);
	fixture_put(f, "worker.conf", str_text(&all));
	profile_free(f->profile);
	f->profile = NULL;
	if (profile_load(path, &search, &f->profile, e) < 0)
		return -1;
	cluster_free(f->cluster);
	f->cluster = NULL;
	return cluster_open(dir, f->profile, &search, mode, &f->cluster, e);
}

static inline void fixture_profile(struct fixture *f, const char *text)
{
	auto_err e = ERR_INIT;
	assert_ok(fixture_load(f, text, CLUSTER_READ, &e), &e);
}

/* As a build does it: keys are made, the first node's too. */
static inline void fixture_profile_with_keys(struct fixture *f, const char *text)
{
	auto_err e = ERR_INIT;
	assert_ok(fixture_load(f, text, CLUSTER_WRITE, &e), &e);
	assert_ok(cluster_issue(f->cluster, &f->cluster->members[0].nodes[0], &e), &e);
}

static inline int fixture_stage(struct plan_ctx *ctx, int (*stage)(struct plan_ctx *, struct err *),
				struct fixture *f, struct err *e)
{
	if (stage && stage(ctx, e) < 0)
		return -1;
	const struct strv *notes = plan_notes(ctx->plan);
	for (size_t i = 0; i < notes->n; i++)
		strv_add(&f->notes, notes->v[i]);
	return 0;
}

/* Plan the role and the node, usually the first worker, with one customisation, then change the
 * image. */
static inline int fixture_try(struct fixture *f, const struct custom *c, struct err *e)
{
	auto_plan *role = plan_new(NULL);
	auto_plan *node = plan_new(role);
	struct plan_ctx ctx = {.profile = f->profile,
			       .cluster = f->cluster,
			       .tree = f->tree,
			       .identity = f->identity,
			       .plan = role,
			       .custom = c->name,
			       .now = FIXTURE_NOW};
	strv_clear(&f->notes);
	if (c->check && c->check(f->profile, e) < 0)
		return -1;
	if (c->prepare && f->cluster->lock >= 0 && c->prepare(f->profile, f->cluster, e) < 0)
		return -1;
	if (fixture_stage(&ctx, c->plan, f, e) < 0)
		return -1;
	ctx.plan = node;
	ctx.node = f->node ? f->node : &f->cluster->members[0].nodes[0];
	if (fixture_stage(&ctx, c->plan_node, f, e) < 0 || plan_apply(role, f->tree, e) < 0)
		return -1;
	return plan_apply(node, f->tree, e);
}

static inline void fixture_run(struct fixture *f, const struct custom *c)
{
	auto_err e = ERR_INIT;
	assert_ok(fixture_try(f, c, &e), &e);
}

/* The customisation refuses this profile with ERR_PROFILE, and says this. */
static inline void assert_refused(struct fixture *f, const struct custom *c, const char *profile,
				  const char *fragment)
{
	auto_err e = ERR_INIT;
	int r = fixture_load(f, profile, CLUSTER_READ, &e);
	if (r == 0)
		r = fixture_try(f, c, &e);
	assert_int_equal(r, -1);
	if (e.code != ERR_PROFILE || !strstr(e.msg, fragment))
		fail_msg("no '%s' in: code %d: %s", fragment, (int)e.code, e.msg);
}

/* The content of a file of the image; "" when there is none. Owned. */
static inline char *fixture_text(struct fixture *f, const char *path)
{
	auto_str text = STR_INIT;
	auto_err e = ERR_INIT;
	struct fs_stat st;
	assert_ok(tree_stat_follow(f->tree, path, &st, &e), &e);
	if (st.type != FILE_NONE)
		assert_ok(tree_read(f->tree, path, 1 << 20, &text, &e), &e);
	return str_steal(&text);
}

static inline void assert_file(struct fixture *f, const char *path, const char *text)
{
	autofree char *is = fixture_text(f, path);
	assert_string_equal(is, text);
}

static inline void assert_file_has(struct fixture *f, const char *path, const char *fragment)
{
	autofree char *is = fixture_text(f, path);
	if (!strstr(is, fragment))
		fail_msg("no '%s' in %s:\n%s", fragment, path, is);
}

static inline void assert_file_lacks(struct fixture *f, const char *path, const char *fragment)
{
	autofree char *is = fixture_text(f, path);
	if (strstr(is, fragment))
		fail_msg("'%s' is in %s:\n%s", fragment, path, is);
}

/* Mode and owner, as in "0600 1000 1000"; "none" when there is nothing. */
static inline void assert_attr(struct fixture *f, const char *path, const char *attr)
{
	auto_err e = ERR_INIT;
	struct fs_stat st;
	assert_ok(tree_stat(f->tree, path, &st, &e), &e);
	autofree char *is = st.type == FILE_NONE ? xstrdup("none")
						 : xasprintf("%04o %u %u", st.mode, st.uid, st.gid);
	assert_string_equal(is, attr);
}

static inline void assert_link(struct fixture *f, const char *path, const char *target)
{
	auto_err e = ERR_INIT;
	autofree char *is = NULL;
	assert_ok(tree_readlink(f->tree, path, &is, &e), &e);
	assert_string_equal(is ? is : "no symlink", target);
}

static inline void assert_note(struct fixture *f, const char *fragment)
{
	strv_foreach (note, &f->notes) {
		if (strstr(*note, fragment))
			return;
	}
	fail_msg("no note says '%s'", fragment);
}

/* The host's path of a file of the image, for somebody else's tool. Owned. */
static inline char *fixture_host(struct fixture *f, const char *path)
{
	return path_join(f->root, path);
}

#endif
