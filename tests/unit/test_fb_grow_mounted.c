/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mounted file systems grow, on loop devices; the file systems' own checkers have the last word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

#include "../assert_err.h"
#include "io.h"
#include "run.h"
#include "steps/grow.h"
#include "workdir.h"

#define MIB (1ull << 20)

/* A card with a small partition and a root of 320 MiB, which is mounted at mnt. */
static struct {
	char *loop, *root, *mount_point, *program;
	char *path;	  /* $PATH as it was */
	const char *here; /* the work directory */
} card;

static const char mbr[] = "label: dos\nstart=2048,size=2048,type=c\nstart=4096,size=655360\n";
static const char gpt[] = "label: gpt\nstart=2048,size=2048,type=uefi\nstart=4096,size=655360\n";

/* With text on stdin; the output without its last newline, owned. */
static char *tell(const char *text, const char *const *argv)
{
	auto_err e = ERR_INIT;
	auto_str said = STR_INIT;
	struct run r = {
		.argv = argv, .input = text, .input_len = text ? strlen(text) : 0, .output = &said};
	assert_ok(run(&r, &e), &e);
	while (said.len && said.data[said.len - 1] == '\n')
		said.data[--said.len] = '\0';
	return str_steal(&said);
}

#define call(...) free(tell(NULL, (const char *[]){__VA_ARGS__, NULL}))

/* A program of this name, which run() finds before the real one. */
static void fake(const char *name, const char *script)
{
	put_file(name, script);
	call("chmod", "+x", name);
}

#define CAP_RESOURCE 24 /* capabilities(7): CAP_SYS_RESOURCE */

/*
 * Linux lets nobody grow a mounted ext4 without CAP_SYS_RESOURCE, which root of a container may
 * lack.  There the real program does it between umount and mount; on boards and in the tests with
 * guests it does it in place.
 */
static void help_resize2fs(void)
{
	auto_err e = ERR_INIT;
	auto_str status = STR_INIT;
	assert_ok(io_read_file("/proc/self/status", 65536, &status, &e), &e);
	const char *effective = strstr(str_text(&status), "CapEff:\t");
	assert_non_null(effective);
	if (strtoull(effective + strlen("CapEff:\t"), NULL, 16) >> CAP_RESOURCE & 1)
		return;
	autofree char *path = xasprintf("%s/bin:%s", card.here, getenv("PATH"));
	call("mkdir", "bin");
	fake("bin/resize2fs", "#!/bin/sh -e\n"
			      "at=$(findmnt -no TARGET \"$1\")\n"
			      "umount \"$at\"\n"
			      "e2fsck -fp \"$1\"\n"
			      "/usr/sbin/resize2fs \"$1\"\n"
			      "mount \"$1\" \"$at\"\n");
	setenv("PATH", path, 1);
}

static void insert(const char *table, const char *make_fs, const char *option)
{
	autofree char *dir = io_program_dir();
	if (geteuid() != 0)
		skip();
	call("truncate", "-s", "323M", "card.img");
	free(tell(table, (const char *[]){"sfdisk", "-q", "card.img", NULL}));
	card.program = path_join(dir, "../../firstboot-grow");
	card.mount_point = path_join(card.here, "mnt");
	card.loop = tell(NULL, (const char *[]){"losetup", "-Pf", "--show", "card.img", NULL});
	card.root = xasprintf("%sp2", card.loop);
	call("partx", "-u", card.loop); /* for a kernel that reads no tables itself */
	call(make_fs, option, card.root);
	call("mkdir", card.mount_point);
	call("mount", card.root, card.mount_point);
	put_file("mnt/witness", "still here\n");
	help_resize2fs();
}

/* As mkimage leaves it behind: the same bytes on a card with more room. */
static void move_to_larger(void)
{
	call("truncate", "-s", "900M", "card.img");
	call("losetup", "-c", card.loop);
}

static int enter(void **state)
{
	memset(&card, 0, sizeof(card));
	card.path = xstrdup(getenv("PATH"));
	if (workdir_enter(state) < 0)
		return -1;
	card.here = ((struct workdir *)*state)->path;
	return 0;
}

static int leave(void **state)
{
	if (card.loop) {
		auto_err e = ERR_INIT;
		(void)!run_argv(&e, "umount", card.mount_point, NULL);
		call("partx", "-d", card.loop);
		call("losetup", "-d", card.loop);
	}
	free(card.loop);
	free(card.root);
	free(card.mount_point);
	free(card.program);
	setenv("PATH", card.path, 1);
	free(card.path);
	return workdir_leave(state);
}

static int grow(struct str *message, bool dry_run, struct err *e)
{
	const struct ctx ctx = {.root = "", .dry_run = dry_run};
	return grow_mount(&ctx, card.mount_point, card.program, message, e);
}

/* It is done, or would be, and the step says so. */
static void assert_grow(int expected, bool dry_run, const char *fragment)
{
	auto_err e = ERR_INIT;
	auto_str message = STR_INIT;
	int r = grow(&message, dry_run, &e);
	if (r != expected || !strstr(str_text(&message), fragment))
		fail_msg("%d: %s", r, r < 0 ? e.msg : str_text(&message));
}

/* MiB that df sees; less than the partition, for the file system needs some itself. */
static uint64_t mounted_mib(void)
{
	struct statvfs v;
	assert_int_equal(statvfs(card.mount_point, &v), 0);
	return (uint64_t)v.f_blocks * v.f_frsize / MIB;
}

static void assert_checks(const char *checker, const char *option)
{
	autofree char *said = tell(NULL, (const char *[]){"cat", "mnt/witness", NULL});
	assert_string_equal(said, "still here");
	call("umount", card.mount_point);
	call(checker, option, card.root);
	call("sfdisk", "--verify", card.loop);
}

static void grows(void **state, const char *type, const char *table, const char *const *tools)
{
	autofree char *full = xasprintf("%s of ", type);
	insert(table, tools[0], tools[1]);
	assert_grow(0, false, "p2 has all the room there is");
	move_to_larger();
	assert_grow(1, true, "partition 2: 89");
	assert_in_range(mounted_mib(), 200, 320);
	assert_grow(1, false, full);
	assert_in_range(mounted_mib(), 750, 898);
	assert_grow(0, false, "p2 has all the room there is");
	assert_checks(tools[2], tools[3]);
	workdir_passed(state);
}

static const char *const ext4[] = {"mkfs.ext4", "-q", "e2fsck", "-fn"};

static void ext4_on_an_mbr_grows(void **state)
{
	grows(state, "ext4", mbr, ext4);
}

static void ext4_on_a_gpt_grows(void **state)
{
	grows(state, "ext4", gpt, ext4);
}

static void btrfs_grows(void **state)
{
	grows(state, "btrfs", gpt, (const char *[]){"mkfs.btrfs", "-q", "btrfsck", "--readonly"});
}

static void xfs_grows(void **state)
{
	grows(state, "xfs", mbr, (const char *[]){"mkfs.xfs", "-q", "xfs_repair", "-n"});
}

/* Power fails when the partition has grown, and nothing else. */
static void a_file_system_left_behind_follows(void **state)
{
	auto_err e = ERR_INIT;
	insert(mbr, ext4[0], ext4[1]);
	move_to_larger();
	const char *const argv[] = {card.program, card.loop, "2", NULL};
	assert_int_equal(run(&(struct run){.argv = argv, .ok_status = 1 << 10}, &e), 10);
	assert_in_range(mounted_mib(), 200, 320);
	assert_grow(1, false, "ext4 of ");
	assert_in_range(mounted_mib(), 750, 898);
	assert_checks(ext4[2], ext4[3]);
	workdir_passed(state);
}

/* The program ends when the table is written, and before the kernel is told. */
static void a_kernel_that_was_not_told_is_told(void **state)
{
	auto_err e = ERR_INIT;
	insert(gpt, ext4[0], ext4[1]);
	move_to_larger();
	const char *const argv[] = {card.program, "card.img", "2", NULL};
	assert_int_equal(run(&(struct run){.argv = argv, .ok_status = 1 << 10}, &e), 10);
	assert_grow(1, false, "ext4 of ");
	assert_in_range(mounted_mib(), 750, 898);
	assert_checks(ext4[2], ext4[3]);
	workdir_passed(state);
}

static void assert_not_grown(const char *fragment)
{
	auto_err e = ERR_INIT;
	auto_str message = STR_INIT;
	assert_fails(grow(&message, false, &e), &e, ERR_FAILED, fragment);
}

static void a_missing_tool_is_named_and_can_be_installed(void **state)
{
	insert(mbr, "mkfs.btrfs", "-q");
	move_to_larger();
	setenv("PATH", "/nonexistent", 1);
	assert_not_grown("p2: its file system has not grown: program 'btrfs' is not installed");
	setenv("PATH", card.path, 1);
	assert_grow(1, false, "btrfs of ");
	workdir_passed(state);
}

static void a_missing_library_is_named(void **state)
{
	insert(mbr, ext4[0], ext4[1]);
	move_to_larger();
	fake("grow",
	     "#!/bin/sh\necho \"grow: error while loading shared libraries: libparted.so.2: "
	     "cannot open shared object file\" >&2\nexit 127\n");
	free(card.program);
	card.program = xstrdup("./grow");
	assert_not_grown("p2: its partition has not grown (libparted2, or what the system calls "
			 "it, has to be installed): grow: exit code 127");
	assert_in_range(mounted_mib(), 200, 320);
	workdir_passed(state);
}

/* The image's own service is at it: the kernel lets one of both. */
static void another_grower_may_be_quicker(void **state)
{
	insert(mbr, ext4[0], ext4[1]);
	move_to_larger();
	autofree char *rest = xstrdup(getenv("PATH"));
	autofree char *path = xasprintf("%s/first:%s", card.here, rest);
	autofree char *script = xasprintf("#!/bin/sh\nPATH='%s'\nresize2fs \"$@\"\nexit 1\n", rest);
	call("mkdir", "first");
	fake("first/resize2fs", script);
	setenv("PATH", path, 1);
	assert_grow(1, false, "ext4 of ");
	assert_in_range(mounted_mib(), 750, 898);
	workdir_passed(state);
}

#define card_test(f) cmocka_unit_test_setup_teardown(f, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		card_test(ext4_on_an_mbr_grows),
		card_test(ext4_on_a_gpt_grows),
		card_test(btrfs_grows),
		card_test(xfs_grows),
		card_test(a_file_system_left_behind_follows),
		card_test(a_kernel_that_was_not_told_is_told),
		card_test(a_missing_tool_is_named_and_can_be_installed),
		card_test(a_missing_library_is_named),
		card_test(another_grower_may_be_quicker),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
