/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the step sees of a board before it starts a program: files of /proc and /sys in a directory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "../assert_err.h"
#include "io.h"
#include "settings.h"
#include "steps/grow.h"
#include "workdir.h"

#define MIB (1ull << 20)

extern const struct step step_grow;

static struct ctx board(void **state)
{
	static const struct settings on = {.grow = true};
	return (struct ctx){.root = ((struct workdir *)*state)->path, .settings = &on};
}

static void put(const char *path, const char *text)
{
	auto_err e = ERR_INIT;
	autofree char *dir = path_dir(path);
	assert_ok(io_mkdirs(dir, 0755, &e), &e);
	put_file(path, text);
}

static void put_mount(const char *id, const char *type)
{
	autofree char *text = xasprintf(
		"1 1 0:2 / / rw - rootfs rootfs rw\n"
		"22 28 0:21 / /proc rw,nosuid shared:12 - proc proc rw\n"
		"28 1 %s / / rw,noatime shared:1 master:2 - %s /dev/root rw,errors=continue\n",
		id, type);
	put("proc/self/mountinfo", text);
}

/* A disk or, with a number, a partition of disk "mmcblk0", as sysfs has it. */
static void put_device(const char *name, const char *id, int number, uint64_t start, uint64_t size)
{
	autofree char *dir = number ? xasprintf("sys/devices/mmcblk0/%s", name)
				    : xasprintf("sys/devices/%s", name);
	autofree char *size_path = path_join(dir, "size"), *uevent = path_join(dir, "uevent");
	autofree char *link = xasprintf("sys/dev/block/%s", id);
	autofree char *target = xasprintf("../../%s", dir + strlen("sys/"));
	autofree char *sectors = xasprintf("%llu\n", (unsigned long long)size / 512);
	autofree char *names = xasprintf("MAJOR=179\nDEVNAME=%s\nDEVTYPE=x\n", name);
	put(size_path, sectors);
	put(uevent, names);
	put("sys/dev/block/.keep", "");
	assert_int_equal(symlink(target, link), 0);
	if (!number)
		return;
	autofree char *part_path = path_join(dir, "partition"), *from = path_join(dir, "start");
	autofree char *text = xasprintf("%d\n", number);
	autofree char *begin = xasprintf("%llu\n", (unsigned long long)start / 512);
	put(part_path, text);
	put(from, begin);
}

static void put_card(uint64_t size)
{
	put_device("mmcblk0", "179:0", 0, 0, size);
	put("sys/devices/mmcblk0/queue/size", "4096 or so\n"); /* no partition */
	put_device("mmcblk0p1", "179:1", 1, 8 * MIB, 256 * MIB);
	put_device("mmcblk0p2", "179:2", 2, 264 * MIB, 2048 * MIB);
}

static void the_root_is_found_by_its_number(void **state)
{
	auto_err e = ERR_INIT;
	auto_str why = STR_INIT;
	auto_blockdev dev = {0};
	autofree char *type = NULL;
	struct ctx ctx = board(state);
	put_mount("179:2", "ext4");
	put_card(32768 * MIB);
	assert_ok(grow_find(&ctx, "/", &type, &dev, &why, &e), &e);
	assert_string_equal(type, "ext4");
	assert_string_equal(dev.node, "/dev/mmcblk0p2");
	assert_int_equal(dev.number, 2);
	assert_int_equal(dev.start, 264 * MIB);
	assert_int_equal(dev.size, 2048 * MIB);
	assert_int_equal(grow_look(&ctx, &dev, &why, &e), 1);
	assert_int_equal(why.len, 0);
	workdir_passed(state);
}

/* What grow_look says of mmcblk0p2. */
static void assert_stays(void **state, const char *reason)
{
	auto_err e = ERR_INIT;
	auto_str why = STR_INIT;
	auto_blockdev dev = {0};
	struct ctx ctx = board(state);
	assert_int_equal(blockdev_read(&ctx, "179:2", &dev, &e), 1);
	assert_int_equal(grow_look(&ctx, &dev, &why, &e), 0);
	assert_string_equal(str_text(&why), reason);
}

static void a_full_card_needs_no_program(void **state)
{
	put_card((264 + 2048 + 3) * MIB); /* too little to be worth it */
	assert_stays(state, "/dev/mmcblk0p2 has all the room there is");
	workdir_passed(state);
}

static void never_past_another_partition(void **state)
{
	put_card(32768 * MIB);
	put_device("mmcblk0p4", "179:4", 4, 9000 * MIB, 100 * MIB);
	put_device("mmcblk0p3", "179:3", 3, 8000 * MIB, 100 * MIB);
	assert_stays(state, "/dev/mmcblk0p3 lies behind /dev/mmcblk0p2");
	workdir_passed(state);
}

static void a_disk_without_a_table_has_no_partition_to_grow(void **state)
{
	auto_err e = ERR_INIT;
	auto_str why = STR_INIT;
	auto_blockdev dev = {0};
	struct ctx ctx = board(state);
	put_device("vda", "254:0", 0, 0, 100 * MIB);
	assert_int_equal(blockdev_read(&ctx, "254:0", &dev, &e), 1);
	assert_int_equal(grow_look(&ctx, &dev, &why, &e), 0);
	assert_string_equal(str_text(&why), "/dev/vda has no partition table");
	workdir_passed(state);
}

/* What the step says when something else is mounted at /. */
static void assert_left_alone(void **state, const char *reason)
{
	auto_err e = ERR_INIT;
	auto_str message = STR_INIT;
	struct ctx ctx = board(state);
	int r = grow_mount(&ctx, "/", "/nonexistent", &message, &e);
	if (r)
		fail_msg("%d: %s", r, e.msg);
	assert_string_equal(str_text(&message), reason);
}

static void roots_on_no_disk_are_left_alone(void **state)
{
	put_mount("0:31", "overlay");
	assert_left_alone(state, "/ is overlay, which is on no disk of this board");
	put_mount("0:40", "nfs4");
	assert_left_alone(state, "/ is nfs4, which is on no disk of this board");
	workdir_passed(state);
}

static void devices_made_of_others_are_left_alone(void **state)
{
	put_device("dm-0", "253:0", 0, 0, 100 * MIB);
	put("sys/devices/dm-0/dm/name", "vg-root\n");
	put_mount("253:0", "ext4");
	assert_left_alone(state,
			  "/dev/dm-0 is a device mapper volume (LVM, LUKS): grow it by hand");
	put_device("md127", "9:127", 0, 0, 100 * MIB);
	put("sys/devices/md127/md/level", "raid1\n");
	put_mount("9:127", "ext4");
	assert_left_alone(state, "/dev/md127 is a software RAID: grow it by hand");
	workdir_passed(state);
}

static void other_file_systems_are_left_alone(void **state)
{
	put_card(32768 * MIB);
	put_mount("179:2", "f2fs");
	assert_left_alone(state, "f2fs of /dev/mmcblk0p2 cannot grow while it is mounted");
	workdir_passed(state);
}

static void what_proc_does_not_say_is_an_error(void **state)
{
	auto_err e = ERR_INIT;
	auto_str message = STR_INIT;
	struct ctx ctx = board(state);
	assert_fails(grow_mount(&ctx, "/", "/nonexistent", &message, &e), &e, ERR_FAILED,
		     "does not say what is mounted at /, for it is not there: mount /proc");
	put("proc/self/mountinfo", "\n - \n1 2 3 - 4\n28 1 179:2 / / rw -\n");
	assert_fails(grow_mount(&ctx, "/", "/nonexistent", &message, &e), &e, ERR_FAILED,
		     "does not say what is mounted at /");
	put_mount("179:2", "ext4");
	put_card(32768 * MIB);
	put("sys/devices/mmcblk0/mmcblk0p2/size", "many\n");
	assert_fails(grow_mount(&ctx, "/", "/nonexistent", &message, &e), &e, ERR_FAILED,
		     "/sys/dev/block/179:2/size: has no number but 'many'");
	workdir_passed(state);
}

/* Neither of another root, nor when nobody wants it, is anything looked at. */
static void the_step_can_be_switched_off(void **state)
{
	auto_err e = ERR_INIT;
	auto_str message = STR_INIT;
	struct ctx ctx = board(state);
	assert_int_equal(step_grow.run(&ctx, &message, &e), 0);
	assert_string_equal(str_text(&message), "is done by the running board");
	str_done(&message);
	const struct settings off = {.grow = false};
	ctx = (struct ctx){.root = "", .settings = &off};
	assert_int_equal(step_grow.run(&ctx, &message, &e), 0);
	assert_string_equal(str_text(&message), "the settings say grow = no");
	workdir_passed(state);
}

#define board_test(f) cmocka_unit_test_setup_teardown(f, workdir_enter, workdir_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		board_test(the_root_is_found_by_its_number),
		board_test(a_full_card_needs_no_program),
		board_test(never_past_another_partition),
		board_test(a_disk_without_a_table_has_no_partition_to_grow),
		board_test(roots_on_no_disk_are_left_alone),
		board_test(devices_made_of_others_are_left_alone),
		board_test(other_file_systems_are_left_alone),
		board_test(what_proc_does_not_say_is_an_error),
		board_test(the_step_can_be_switched_off),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
