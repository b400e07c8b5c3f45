/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <unistd.h>

#include "planned.h"
#include "run.h"

/* What plan_print prints; owned. */
static char *printed(struct planned *p, bool as_json)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	assert_non_null(f);
	assert_ok(plan_print(p->ctx.plan, p->tree, f, as_json, &p->e), &p->e);
	fclose(f);
	return text;
}

static void assert_prints(struct planned *p, const char *expected)
{
	autofree char *text = printed(p, false);
	if (!strstr(text, expected))
		fail_msg("not printed: %s\nprinted: %s", expected, text);
}

static void assert_prints_not(struct planned *p, const char *unwanted)
{
	autofree char *text = printed(p, false), *json = printed(p, true);
	assert_null(strstr(text, unwanted));
	assert_null(strstr(json, unwanted));
}

/* A file of the host with this content; the caller removes it. */
static char *host_file(const char *text)
{
	const char *tmp = getenv("TMPDIR");
	char *path = xasprintf("%s/cardstock-apply-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	int fd = mkstemp(path);
	assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
	close(fd);
	return path;
}

static void files_are_written_with_their_owners(void **state)
{
	struct planned *p = *state;
	planned_write(p, "/etc/hostname", "worker001\n");
	assert_ok(plan_write_text(&p->ctx, "/srv/a", "x", (struct attr){0600, 5, 6}, "w", &p->e),
		  &p->e);
	assert_ok(plan_mkdir(&p->ctx, "/srv", (struct attr){0711, 7, KEEP}, "w", &p->e), &p->e);
	assert_ok(plan_attr(&p->ctx, "/etc/shadow", (struct attr){KEEP, KEEP, 42}, "w", &p->e),
		  &p->e);
	planned_apply(p);
	assert_content(p->root, "/etc/hostname", "worker001\n");
	assert_owner(p->root, "/srv/a", 0600, 5, 6);
	assert_owner(p->root, "/srv", 0711, 7, 0);
	assert_owner(p->root, "/etc/shadow", 0640, 0, 42);
}

static void what_is_kept_stays(void **state)
{
	struct planned *p = *state;
	memfs_find(&p->root->fs, "/etc/ssh/key")->xattr = true;
	planned_write(p, "/etc/ssh/key", "mine\n");
	planned_apply(p);
	assert_owner(p->root, "/etc/ssh/key", 0600, 0, 0);
	assert_true(memfs_find(&p->root->fs, "/etc/ssh/key")->xattr);
}

static void what_is_removed_and_written_keeps_nothing(void **state)
{
	struct planned *p = *state;
	memfs_find(&p->root->fs, "/etc/ssh/key")->xattr = true;
	assert_ok(plan_remove(&p->ctx, "/etc/ssh/key", "w", &p->e), &p->e);
	planned_write(p, "/etc/ssh/key", "mine\n");
	planned_apply(p);
	assert_owner(p->root, "/etc/ssh/key", 0644, 0, 0);
	assert_false(memfs_find(&p->root->fs, "/etc/ssh/key")->xattr);
}

static void trees_are_removed(void **state)
{
	struct planned *p = *state;
	planned_dir(p->root, "/etc/ssh/deep");
	planned_dir(p->root, "/etc/ssh/deep/er");
	planned_link(p->root, "/etc/ssh/deep/er/link", "/etc/hostname");
	assert_ok(plan_remove(&p->ctx, "/etc/ssh", "w", &p->e), &p->e);
	planned_apply(p);
	assert_absent(p->root, "/etc/ssh");
	assert_absent(p->root, "/etc/ssh/deep/er/link");
	assert_content(p->root, "/etc/hostname", "raspberrypi\n");
}

static void directories_are_emptied(void **state)
{
	struct planned *p = *state;
	assert_ok(plan_remove(&p->ctx, "/etc/ssh", "w", &p->e), &p->e);
	planned_write(p, "/etc/ssh/other", "x");
	planned_apply(p);
	assert_absent(p->root, "/etc/ssh/key");
	assert_content(p->root, "/etc/ssh/other", "x");
}

static void types_are_changed(void **state)
{
	struct planned *p = *state;
	assert_ok(plan_remove(&p->ctx, "/lib", "w", &p->e), &p->e);
	planned_write(p, "/lib/x", "a directory now");
	assert_ok(plan_remove(&p->ctx, "/etc/ssh", "w", &p->e), &p->e);
	planned_write(p, "/etc/ssh", "a file now");
	assert_ok(plan_symlink(&p->ctx, "/etc/hostname", "ssh", "w", &p->e), &p->e);
	planned_apply(p);
	assert_content(p->root, "/lib/x", "a directory now");
	assert_content(p->root, "/usr/lib/os-release", "ID=debian\n");
	assert_content(p->root, "/etc/ssh", "a file now");
	assert_int_equal(memfs_find(&p->root->fs, "/etc/hostname")->type, FILE_SYMLINK);
}

static void files_of_the_host_are_streamed(void **state)
{
	struct planned *p = *state;
	autofree char *path = host_file("from the laptop\n");
	assert_ok(plan_write_file(&p->ctx, "/srv/big", path, ATTR_KEEP, "w", &p->e), &p->e);
	planned_apply(p);
	unlink(path);
	assert_content(p->root, "/srv/big", "from the laptop\n");
	planned_again(p, NULL);
	assert_ok(plan_write_file(&p->ctx, "/srv/big", path, ATTR_KEEP, "w", &p->e), &p->e);
	assert_fails(plan_apply(p->ctx.plan, p->tree, &p->e), &p->e, ERR_FAILED, path);
	assert_content(p->root, "/srv/big", "from the laptop\n");
}

static void the_boot_partition_is_written(void **state)
{
	struct planned *p = *state;
	planned_write(p, "/boot/firmware/ssh", "");
	planned_write(p, "/boot/firmware/CONFIG.TXT", "x=1\n");
	planned_apply(p);
	assert_content(p->boot, "/ssh", "");
	assert_content(p->boot, "/config.txt", "x=1\n");
	assert_absent(p->root, "/boot/firmware/ssh");
}

static void a_full_file_system_is_named(void **state)
{
	struct planned *p = *state;
	planned_write(p, "/etc/hostname", "x");
	planned_write(p, "/boot/firmware/config.txt", "x");
	p->boot->fail_path = "/config.txt";
	p->boot->fail_code = ERR_SPACE;
	assert_fails(plan_apply(p->ctx.plan, p->tree, &p->e), &p->e, ERR_SPACE,
		     "/boot/firmware/config.txt: fat: /config.txt: no space");
	assert_content(p->boot, "/config.txt", "arm_64bit=1\n");
	p->boot->fail_path = NULL;
	p->root->fail_path = "/etc/hostname";
	p->root->fail_code = ERR_SPACE;
	assert_fails(plan_apply(p->ctx.plan, p->tree, &p->e), &p->e, ERR_SPACE,
		     "memory: /etc/hostname: no space");
}

static void a_loop_of_directories_ends(void **state)
{
	struct planned *p = *state;
	planned_dir(p->root, "/etc/ssh/loop");
	p->root->loop = "/etc/ssh/loop";
	assert_ok(plan_remove(&p->ctx, "/etc/ssh", "w", &p->e), &p->e);
	assert_fails(plan_apply(p->ctx.plan, p->tree, &p->e), &p->e, ERR_IMAGE,
		     "nested too deeply, the file system is damaged; run e2fsck");
}

static void a_mounted_file_system_is_not_emptied(void **state)
{
	struct planned *p = *state;
	assert_ok(plan_remove(&p->ctx, "/boot", "w", &p->e), &p->e);
	assert_fails(plan_apply(p->ctx.plan, p->tree, &p->e), &p->e, ERR_PROFILE,
		     "a file system is mounted at /boot/firmware");
	assert_content(p->boot, "/config.txt", "arm_64bit=1\n");
}

static void verify_lists_what_is_not_so(void **state)
{
	struct planned *p = *state;
	planned_write(p, "/etc/hostname", "x");
	planned_write(p, "/etc/motd", "x");
	assert_ok(plan_attr(&p->ctx, "/etc/shadow", ATTR_ROOT(0600), "w", &p->e), &p->e);
	assert_ok(plan_remove(&p->ctx, "/etc/ssh", "w", &p->e), &p->e);
	assert_ok(plan_symlink(&p->ctx, "/lib", "usr", "w", &p->e), &p->e);
	assert_fails(plan_verify(p->ctx.plan, NULL, p->tree, &p->e), &p->e, ERR_CHECK,
		     "memory: not as the profile wants it, 5 of 5 changes:\n"
		     "  /etc/hostname: the content differs\n"
		     "  /etc/motd: it is not there\n"
		     "  /etc/shadow: the mode differs\n"
		     "  /etc/ssh: it is still there\n"
		     "  /lib: the content differs");
	planned_apply(p);
	memfs_find(&p->root->fs, "/etc/shadow")->mode = 0644;
	assert_fails(plan_verify(p->ctx.plan, NULL, p->tree, &p->e), &p->e, ERR_CHECK, "1 of 5");
}

/* The node's stage looks at what the role planned, and changes the content only. */
static void verify_checks_what_the_role_planned(void **state)
{
	struct planned *p = *state;
	struct fs_stat st;
	planned_write(p, "/etc/motd", "of the role");
	planned_write(p, "/etc/both", "of the role");
	struct plan *role = steal(&p->ctx.plan);
	planned_again(p, role);
	assert_ok(plan_stat(&p->ctx, "/etc/motd", &st, &p->e), &p->e);
	planned_write(p, "/etc/both", "of the node");
	assert_ok(plan_apply(role, p->tree, &p->e), &p->e);
	assert_ok(plan_apply(p->ctx.plan, p->tree, &p->e), &p->e);
	assert_ok(plan_verify(role, p->ctx.plan, p->tree, &p->e), &p->e);
	assert_ok(plan_verify(p->ctx.plan, NULL, p->tree, &p->e), &p->e);
	planned_file(p->root, "/etc/motd", "of somebody", 0644);
	assert_fails(plan_verify(role, p->ctx.plan, p->tree, &p->e), &p->e, ERR_CHECK,
		     "/etc/motd: the content differs");
	memfs_find(&p->root->fs, "/etc/both")->mode = 0777;
	assert_fails(plan_verify(p->ctx.plan, NULL, p->tree, &p->e), &p->e, ERR_CHECK,
		     "/etc/both: the mode differs");
	plan_free(steal(&p->ctx.plan));
	plan_free(role);
}

static void verify_names_twenty_at_most(void **state)
{
	struct planned *p = *state;
	for (int i = 100; i < 121; i++) {
		autofree char *path = xasprintf("/etc/x%d", i);
		planned_write(p, path, "x");
	}
	assert_int_equal(plan_verify(p->ctx.plan, NULL, p->tree, &p->e), -1);
	assert_non_null(strstr(p->e.msg, "/etc/x119: it is not there\n  …"));
	assert_null(strstr(p->e.msg, "/etc/x120"));
}

static void a_change_is_printed_as_a_diff(void **state)
{
	struct planned *p = *state;
	planned_write(p, "/etc/hostname", "worker001\n");
	assert_prints(p, "~ /etc/hostname  (test: because)\n"
			 "--- a/etc/hostname\n"
			 "+++ b/etc/hostname\n"
			 "@@ -1 +1 @@\n"
			 "-raspberrypi\n"
			 "+worker001\n"
			 "\n"
			 "0 new, 1 changed, 0 removed, 0 with other owner or mode\n");
}

static void a_new_file_is_printed_as_diff_would(void **state)
{
	struct planned *p = *state;
	planned_write(p, "/etc/motd", "a\nb");
	assert_prints(p, "+ /etc/motd  0644 0:0  (test: because)\n"
			 "--- /dev/null\n"
			 "+++ b/etc/motd\n"
			 "@@ -0,0 +1,2 @@\n"
			 "+a\n"
			 "+b\n"
			 "\\ No newline at end of file\n");
}

static void the_other_kinds_are_printed_in_a_line(void **state)
{
	struct planned *p = *state;
	assert_prints(p, "nothing to change\n");
	assert_ok(plan_mkdir(&p->ctx, "/srv", ATTR_ROOT(0700), "w", &p->e), &p->e);
	assert_ok(plan_symlink(&p->ctx, "/etc/os-release", "x", "w", &p->e), &p->e);
	assert_ok(plan_symlink(&p->ctx, "/etc/hostname", "x", "w", &p->e), &p->e);
	assert_ok(plan_remove(&p->ctx, "/etc/ssh", "w", &p->e), &p->e);
	assert_ok(plan_attr(&p->ctx, "/etc/shadow", (struct attr){0600, 1, KEEP}, "w", &p->e),
		  &p->e);
	plan_note(&p->ctx, "no nfs");
	assert_prints(p, "+ /srv/  0700 0:0  (test: w)\n"
			 "~ /etc/os-release → x  was → ../usr/lib/os-release  (test: w)\n"
			 "~ /etc/hostname → x  was a file  (test: w)\n"
			 "- /etc/ssh/  (test: w)\n"
			 "@ /etc/shadow  0640 → 0600, 0:0 → 1:0  (test: w)\n"
			 "note: no nfs\n"
			 "1 new, 2 changed, 1 removed, 1 with other owner or mode\n");
}

static void secrets_are_never_printed(void **state)
{
	struct planned *p = *state;
	assert_ok(plan_write_secret(&p->ctx, "/etc/shadow", "$y$hash", 7, ATTR_KEEP, "w", &p->e),
		  &p->e);
	assert_prints(p, "~ /etc/shadow  (test: w)\n  ‹secret›\n");
	assert_prints_not(p, "$y$hash");
	assert_prints_not(p, "root:*");
	assert_prints_not(p, "bytes");
}

static void what_was_secret_in_the_role_is_not_printed(void **state)
{
	struct planned *p = *state;
	assert_ok(plan_write_secret(&p->ctx, "/etc/psk", "hidden", 6, ATTR_KEEP, "w", &p->e),
		  &p->e);
	struct plan *role = steal(&p->ctx.plan);
	planned_again(p, role);
	planned_write(p, "/etc/psk", "open");
	assert_prints(p, "~ /etc/psk  (test: because)\n  ‹secret›\n");
	assert_prints_not(p, "hidden");
	assert_ok(plan_remove(&p->ctx, "/etc/psk", "w", &p->e), &p->e);
	planned_write(p, "/etc/psk", "open");
	assert_prints_not(p, "hidden");
	plan_free(steal(&p->ctx.plan));
	plan_free(role);
}

static void binaries_and_large_files_are_summarised(void **state)
{
	struct planned *p = *state;
	autofree char *large = xcalloc(1, 65538);
	memset(large, 'x', 65537);
	assert_ok(plan_write(&p->ctx, "/etc/bin", "\0\1\2", 3, ATTR_KEEP, "w", &p->e), &p->e);
	planned_write(p, "/etc/large", large);
	planned_file(p->boot, "/kernel8.img", large, 0755);
	planned_write(p, "/boot/firmware/kernel8.img", "tiny");
	assert_prints(p, "  binary, 3 bytes\n");
	assert_prints(p, "  too large to show, 65537 bytes\n");
	assert_prints(p, "~ /boot/firmware/kernel8.img  (test: because)\n  too large to show, 4");
}

static void terminal_escapes_are_printed_visibly(void **state)
{
	struct planned *p = *state;
	planned_file(p->root, "/etc/evil", "\x1b[2J\x9b\r\n", 0644);
	planned_write(p, "/etc/evil", "good\n");
	assert_prints(p, "-^[[2JM-^[^M\n+good\n");
	assert_prints_not(p, "\x1b");
}

static void json_is_read_by_python(void **state)
{
	struct planned *p = *state;
	static const char program[] =
		"import json,sys\n"
		"a=json.load(sys.stdin)\n"
		"assert [x['kind'] for x in a]==['write','write','symlink','remove'],a\n"
		"assert a[0]=={'kind':'write','change':'changed','path':'/etc/hostname',"
		"'mode':'0644','owner':'0:0','custom':'test','why':'\"quoted\"',"
		"'diff':'--- a/etc/hostname\\n+++ b/etc/hostname\\n@@ -1 +1 @@\\n-raspberrypi\\n"
		"+\\x1b\\n'},a[0]\n"
		"assert a[1]['summary']=='‹secret›' and 'diff' not in a[1],a[1]\n"
		"assert a[2]['target']=='x' and a[3]['change']=='removed'\n";
	assert_ok(
		plan_write_text(&p->ctx, "/etc/hostname", "\x1b\n", ATTR_KEEP, "\"quoted\"", &p->e),
		&p->e);
	assert_ok(plan_write_secret(&p->ctx, "/etc/shadow", "$y$", 3, ATTR_KEEP, "w", &p->e),
		  &p->e);
	assert_ok(plan_symlink(&p->ctx, "/etc/l", "x", "w", &p->e), &p->e);
	assert_ok(plan_remove(&p->ctx, "/etc/ssh", "w", &p->e), &p->e);
	plan_note(&p->ctx, "a note");
	autofree char *json = printed(p, true);
	const char *argv[] = {"python3", "-c", program, NULL};
	const char *env[] = {"PYTHONUTF8=1", NULL};
	struct run r = {.argv = argv, .env = env, .input = json, .input_len = strlen(json)};
	assert_ok(run(&r, &p->e), &p->e);
	planned_again(p, NULL);
	autofree char *empty = printed(p, true);
	assert_string_equal(empty, "[]\n");
}

/* ---- what holds for every sequence of operations ---- */

struct dice {
	uint32_t state;
};

static uint32_t roll(struct dice *d, uint32_t n)
{
	d->state = d->state * 1664525u + 1013904223u;
	return (d->state >> 8) % n;
}

/* Few names, so that operations meet: files, directories, links that lead everywhere. */
static char *random_path(struct dice *d)
{
	static const char *const names[] = {"etc", "a", "b", "lib", "ssh", "key", "hostname"};
	auto_str path = STR_INIT;
	if (roll(d, 10) == 0)
		str_puts(&path, roll(d, 2) ? "/boot/firmware" : "/boot/FIRMWARE");
	for (uint32_t i = 0, n = 1 + roll(d, 3); i < n; i++)
		str_printf(&path, "/%s", names[roll(d, 7)]);
	return str_steal(&path);
}

static struct attr random_attr(struct dice *d)
{
	struct attr a = ATTR_KEEP;
	if (roll(d, 2))
		a.mode = roll(d, 2) ? 0600 : 0755;
	if (roll(d, 3) == 0)
		a.uid = a.gid = roll(d, 3);
	return a;
}

/* Whatever it is, it may be refused (-1): the plan then has to be as sound as before. */
static int random_operation(struct planned *p, struct dice *d)
{
	autofree char *path = random_path(d), *target = random_path(d);
	auto_err e = ERR_INIT;
	int done = 0;
	switch (roll(d, 6)) {
	case 0:
	case 1:
		done = plan_write_text(&p->ctx, path, target, random_attr(d), "w", &e);
		break;
	case 2:
		done = plan_mkdir(&p->ctx, path, random_attr(d), "w", &e);
		break;
	case 3:
		done = plan_symlink(&p->ctx, path, target + roll(d, 2), "w", &e);
		break;
	case 4:
		done = plan_remove(&p->ctx, path, "w", &e);
		break;
	case 5:
		done = plan_attr(&p->ctx, path, random_attr(d), "w", &e);
		break;
	}
	if (done < 0)
		assert_non_null(e.msg);
	return done;
}

/* Everything that a view shows below path, with its attributes. */
static void dump_view(const struct view *v, const char *path, struct str *out)
{
	auto_strv names = {0};
	auto_str text = STR_INIT;
	autofree char *target = NULL;
	auto_err e = ERR_INIT;
	struct fs_stat st;
	assert_ok(view_stat(v, path, &st, &e), &e);
	assert_int_not_equal(st.type, FILE_NONE);
	if (st.type == FILE_REGULAR)
		assert_ok(view_read(v, path, 1000, &text, &e), &e);
	if (st.type == FILE_SYMLINK)
		assert_ok(view_readlink(v, path, &target, &e), &e);
	str_printf(out, "%s %d %04o %u:%u %s%s\n", path, (int)st.type, st.mode, st.uid, st.gid,
		   str_text(&text), target ? target : "");
	if (st.type != FILE_DIR)
		return;
	assert_ok(view_list(v, path, &names, &e), &e);
	strv_foreach (name, &names) {
		autofree char *child = path_join(path, *name);
		dump_view(v, child, out);
	}
}

/* Ask for each state of a plan again, in a new plan. */
static void plan_states(struct planned *p, const struct plan *old)
{
	for (size_t i = 0; i < plan_count(old); i++) {
		const struct change *c = plan_get(old, i);
		struct attr attr = {c->mode, c->uid, c->gid};
		if (c->kind == CHANGE_WRITE)
			assert_ok(plan_write(&p->ctx, c->path, c->data, c->len, attr, "w", &p->e),
				  &p->e);
		else if (c->kind == CHANGE_MKDIR)
			assert_ok(plan_mkdir(&p->ctx, c->path, attr, "w", &p->e), &p->e);
		else if (c->kind == CHANGE_SYMLINK)
			assert_ok(plan_symlink(&p->ctx, c->path, c->target, "w", &p->e), &p->e);
		else if (c->kind == CHANGE_REMOVE)
			assert_ok(plan_remove(&p->ctx, c->path, "w", &p->e), &p->e);
		else
			assert_ok(plan_attr(&p->ctx, c->path, attr, "w", &p->e), &p->e);
	}
}

/* Plan at random on what is there; what was shown is what comes out, and then nothing is left. */
static void round_of_operations(struct planned *p, struct dice *d)
{
	const struct view planned = {p->ctx.plan, p->tree, false}, image = {.tree = p->tree};
	auto_str before = STR_INIT, after = STR_INIT;
	for (uint32_t i = 0, n = roll(d, 25); i < n; i++)
		random_operation(p, d);
	if (roll(d, 2))
		assert_ok(plan_drop_unchanged(&p->ctx, &p->e), &p->e);
	dump_view(&planned, "/", &before);
	planned_apply(p);
	dump_view(&image, "/", &after);
	assert_string_equal(str_text(&after), str_text(&before));
	struct plan *old = steal(&p->ctx.plan);
	planned_again(p, NULL);
	plan_states(p, old);
	assert_ok(plan_drop_unchanged(&p->ctx, &p->e), &p->e);
	assert_int_equal(plan_count(p->ctx.plan), 0);
	plan_free(old);
}

static void random_plans_come_true(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 400; seed++) {
		void *fresh;
		struct dice d = {seed};
		planned_setup(&fresh);
		struct planned *p = fresh;
		for (int i = 0; i < 3; i++) {
			planned_again(p, NULL);
			round_of_operations(p, &d);
		}
		planned_teardown(&fresh);
	}
}

/* One plan of many operations does what they do when each is planned and applied alone. */
static void a_plan_is_the_sum_of_its_operations(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 400; seed++) {
		void *whole, *piece;
		struct dice d = {seed * 104729}, same = d;
		planned_setup(&whole);
		planned_setup(&piece);
		struct planned *a = whole, *b = piece;
		for (int i = 0; i < 30; i++) {
			planned_again(b, NULL);
			assert_int_equal(random_operation(a, &d), random_operation(b, &same));
			assert_ok(plan_apply(b->ctx.plan, b->tree, &b->e), &b->e);
		}
		planned_apply(a);
		autofree char *root = memfs_dump(a->root), *boot = memfs_dump(a->boot);
		autofree char *root2 = memfs_dump(b->root), *boot2 = memfs_dump(b->boot);
		assert_string_equal(root, root2);
		assert_string_equal(boot, boot2);
		planned_teardown(&whole);
		planned_teardown(&piece);
	}
}

/* A node's plan, made before its role's was applied, is right afterwards. */
static void plans_on_plans_come_true(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 400; seed++) {
		void *fresh;
		struct dice d = {seed * 7919};
		planned_setup(&fresh);
		struct planned *p = fresh;
		for (uint32_t i = 0, n = roll(&d, 25); i < n; i++)
			random_operation(p, &d);
		assert_ok(plan_drop_unchanged(&p->ctx, &p->e), &p->e);
		struct plan *role = steal(&p->ctx.plan);
		planned_again(p, role);
		for (uint32_t i = 0, n = roll(&d, 25); i < n; i++)
			random_operation(p, &d);
		assert_ok(plan_drop_unchanged(&p->ctx, &p->e), &p->e);
		const struct view planned = {p->ctx.plan, p->tree, true}, image = {.tree = p->tree};
		auto_str before = STR_INIT, after = STR_INIT;
		dump_view(&planned, "/", &before);
		assert_ok(plan_apply(role, p->tree, &p->e), &p->e);
		planned_apply(p);
		dump_view(&image, "/", &after);
		assert_string_equal(str_text(&after), str_text(&before));
		plan_free(steal(&p->ctx.plan));
		plan_free(role);
		planned_teardown(&fresh);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		planned_test(files_are_written_with_their_owners),
		planned_test(what_is_kept_stays),
		planned_test(what_is_removed_and_written_keeps_nothing),
		planned_test(trees_are_removed),
		planned_test(directories_are_emptied),
		planned_test(types_are_changed),
		planned_test(files_of_the_host_are_streamed),
		planned_test(the_boot_partition_is_written),
		planned_test(a_full_file_system_is_named),
		planned_test(a_loop_of_directories_ends),
		planned_test(a_mounted_file_system_is_not_emptied),
		planned_test(verify_lists_what_is_not_so),
		planned_test(verify_checks_what_the_role_planned),
		planned_test(verify_names_twenty_at_most),
		planned_test(a_change_is_printed_as_a_diff),
		planned_test(a_new_file_is_printed_as_diff_would),
		planned_test(the_other_kinds_are_printed_in_a_line),
		planned_test(secrets_are_never_printed),
		planned_test(what_was_secret_in_the_role_is_not_printed),
		planned_test(binaries_and_large_files_are_summarised),
		planned_test(terminal_escapes_are_printed_visibly),
		planned_test(json_is_read_by_python),
		cmocka_unit_test(random_plans_come_true),
		cmocka_unit_test(a_plan_is_the_sum_of_its_operations),
		cmocka_unit_test(plans_on_plans_come_true),
	};
	return cmocka_run_group_tests_name("apply", tests, NULL, NULL);
}
