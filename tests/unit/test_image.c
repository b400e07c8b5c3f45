/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../fs/scratch.h"
#include "image.h"

#define MIB (1u << 20)

/* Partitions begin at these MiB of the image, which is 64 MiB. */
enum { FIRST_AT = 4, SECOND_AT = 36, IMAGE_END = 60 };

struct t {
	struct scratch s;
	struct image *image;
	struct err e;
};

static void setup(struct t *t)
{
	*t = (struct t){.image = NULL};
	scratch_init(&t->s, 0, 64 * MIB);
	scratch_make_image(&t->s);
}

static void teardown(struct t *t)
{
	image_discard(&t->image);
	err_done(&t->e);
	scratch_done(&t->s);
}

static void make_table(const struct t *t, const char *first_type, const char *second_type)
{
	auto_err e = ERR_INIT;
	auto_str script = STR_INIT, said = STR_INIT;
	str_printf(&script,
		   "label: dos\nlabel-id: 0x1234abcd\nstart=%dMiB, size=%dMiB, type=%s\n"
		   "start=%dMiB, size=%dMiB, type=%s\n",
		   FIRST_AT, SECOND_AT - FIRST_AT, first_type, SECOND_AT, IMAGE_END - SECOND_AT,
		   second_type);
	const char *argv[] = {"sfdisk", "-q", t->s.image, NULL};
	const struct run r = {
		.argv = argv, .input = script.data, .input_len = script.len, .output = &said};
	assert_ok(run(&r, &e), &e);
}

/* A directory with these files ("path=content" or "path->target"), to be put into an image. */
static char *make_files(const struct t *t, const char *const *files)
{
	char *dir = path_join(t->s.dir, "files");
	auto_err e = ERR_INIT;
	assert_ok(run_argv(&e, "rm", "-rf", dir, NULL), &e);
	assert_ok(run_argv(&e, "mkdir", dir, NULL), &e);
	for (; *files; files++) {
		size_t len = strcspn(*files, "=>");
		bool link = (*files)[len] == '>';
		autofree char *name = xstrndup(*files, len - (link ? 1 : 0));
		autofree char *path = path_join(dir, name), *parent = path_dir(path);
		assert_ok(run_argv(&e, "mkdir", "-p", parent, NULL), &e);
		const char *content = *files + len + 1;
		if (link)
			assert_int_equal(symlink(content, path), 0);
		else {
			FILE *f = fopen(path, "we");
			assert_non_null(f);
			fputs(content, f);
			assert_int_equal(fclose(f), 0);
		}
	}
	return dir;
}

static void put_ext4(const struct t *t, int at, int end, const char *label,
		     const char *const *files)
{
	auto_err e = ERR_INIT;
	autofree char *dir = make_files(t, files);
	autofree char *extended = xasprintf("offset=%u", (unsigned)at * MIB);
	autofree char *size = xasprintf("%dM", end - at);
	assert_ok(run_argv(&e, "mke2fs", "-q", "-F", "-t", "ext4", "-L", label, "-U",
			   "b3a1a6a6-51b1-4a58-8e7c-6d9a3b6cf0de", "-E", extended, "-d", dir,
			   t->s.image, size, NULL),
		  &e);
}

/* A FAT, and in it an empty file of this name. */
static void put_fat(const struct t *t, int at, int end, const char *name)
{
	auto_err e = ERR_INIT;
	autofree char *sector = xasprintf("%d", at * 2048),
		      *blocks = xasprintf("%d", (end - at) << 10),
		      *device = xasprintf("%s@@%u", t->s.image, (unsigned)at * MIB),
		      *target = xasprintf("::/%s", name);
	assert_ok(run_argv(&e, "mkfs.fat", "-i", "ABCD1234", "-n", "BOOTFS", "--offset", sector,
			   t->s.image, blocks, NULL),
		  &e);
	assert_ok(run_argv(&e, "mcopy", "-i", device, "/dev/null", target, NULL), &e);
}

#define FILES(...) ((const char *const[]){__VA_ARGS__, NULL})
#define OS_RELEASE "usr/lib/os-release=ID=debian\n", "etc/os-release->../usr/lib/os-release"

static int try_open(struct t *t, bool writable)
{
	const struct image_open o = {
		.path = t->s.image, .name = "card.img", .writable = writable, .now = SCRATCH_NOW};
	return image_open(&o, &t->image, &t->e);
}

static void assert_found(struct t *t, int root, int boot, const char *boot_at)
{
	assert_ok(try_open(t, false), &t->e);
	assert_int_equal(t->image->root, root);
	assert_int_equal(t->image->boot, boot);
	if (boot_at)
		assert_string_equal(t->image->boot_at, boot_at);
	else
		assert_null(t->image->boot_at);
}

static void root_and_boot_are_found_by_what_is_in_them(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	make_table(&t, "83", "c");
	put_ext4(&t, FIRST_AT, SECOND_AT, "rootfs", FILES(OS_RELEASE, "boot/firmware/x="));
	put_fat(&t, SECOND_AT, IMAGE_END, "config.txt");
	assert_found(&t, 1, 2, "/boot/firmware");
	teardown(&t);
}

static void fstab_names_the_boot_partition_in_every_way(void **state)
{
	(void)state;
	static const char *const specs[] = {"UUID=abcd-1234",
					    "PARTUUID=1234ABCD-01",
					    "LABEL=BOOTFS",
					    "LABEL=\"BOOTFS\"",
					    "/dev/mmcblk0p1",
					    "/dev/sda1",
					    "/dev/disk/by-uuid/ABCD-1234",
					    "/dev/disk/by-partuuid/1234abcd-01"};
	for (size_t i = 0; i < sizeof(specs) / sizeof(*specs); i++) {
		struct t t;
		setup(&t);
		make_table(&t, "c", "83");
		put_fat(&t, FIRST_AT, SECOND_AT, "nothing.txt");
		autofree char *fstab = xasprintf("etc/fstab=# x\nproc /proc proc\n%s\t/boot vfat\n",
						 specs[i]);
		put_ext4(&t, SECOND_AT, IMAGE_END, "rootfs", FILES(OS_RELEASE, fstab));
		assert_found(&t, 2, 1, "/boot");
		teardown(&t);
	}
}

static void a_whole_disk_is_not_taken_for_a_partition(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	make_table(&t, "c", "83");
	put_fat(&t, FIRST_AT, SECOND_AT, "nothing.txt");
	put_ext4(&t, SECOND_AT, IMAGE_END, "rootfs",
		 FILES(OS_RELEASE, "etc/fstab=/dev/nvme0n1 /boot vfat\n"));
	assert_found(&t, 2, -1, NULL);
	teardown(&t);
}

static void an_image_without_a_table_is_its_own_root(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	put_ext4(&t, 0, 64, "rootfs", FILES(OS_RELEASE));
	assert_found(&t, 0, -1, NULL);
	assert_int_equal(t.image->disk->table, DISK_WHOLE);
	assert_ok(image_check(t.s.image, "card.img", &t.e), &t.e);
	teardown(&t);
}

static void old_systems_have_init_and_etc(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	put_ext4(&t, 0, 64, "rootfs", FILES("sbin->usr/sbin", "usr/sbin/init=x", "etc/passwd="));
	assert_found(&t, 0, -1, NULL);
	teardown(&t);
}

static void an_ext4_boot_partition_is_no_root(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	make_table(&t, "83", "83");
	put_ext4(&t, FIRST_AT, SECOND_AT, "boot", FILES("grub2/grub.cfg=", "vmlinuz="));
	put_ext4(&t, SECOND_AT, IMAGE_END, "fedora",
		 FILES(OS_RELEASE, "etc/fstab=LABEL=boot /boot ext4\n"));
	assert_found(&t, 2, 1, "/boot");
	teardown(&t);
}

static void two_roots_are_refused_and_one_can_be_chosen(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	make_table(&t, "83", "83");
	put_ext4(&t, FIRST_AT, SECOND_AT, "system-a", FILES(OS_RELEASE));
	put_ext4(&t, SECOND_AT, IMAGE_END, "system-b", FILES(OS_RELEASE));
	assert_int_equal(try_open(&t, false), -1);
	assert_int_equal(t.e.code, ERR_IMAGE);
	assert_non_null(strstr(t.e.msg, "key root-partition"));
	assert_non_null(strstr(t.e.msg, "partition 1: ext4 'system-a', 32"));
	assert_non_null(strstr(t.e.msg, "partition 2: ext4 'system-b', 24"));
	err_done(&t.e);
	struct image_open o = {.path = t.s.image, .root_partition = 2};
	assert_ok(image_open(&o, &t.image, &t.e), &t.e);
	assert_int_equal(t.image->root, 2);
	image_discard(&t.image);
	o.root_partition = 7;
	assert_fails(image_open(&o, &t.image, &t.e), &t.e, ERR_PROFILE, "no partition 7");
	teardown(&t);
}

static void an_image_without_a_root_lists_what_it_has(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	make_table(&t, "c", "83");
	put_fat(&t, FIRST_AT, SECOND_AT, "config.txt");
	put_ext4(&t, SECOND_AT, IMAGE_END, "data", FILES("music/x="));
	assert_int_equal(try_open(&t, false), -1);
	assert_int_equal(t.e.code, ERR_IMAGE);
	assert_non_null(strstr(t.e.msg, "card.img: no partition has a root"));
	assert_non_null(strstr(t.e.msg, "partition 1: vfat 'BOOTFS'"));
	assert_non_null(strstr(t.e.msg, "partition 2: ext4 'data'"));
	teardown(&t);
}

/* The beginning of a LUKS1 header, as cryptsetup's on-disk format has it. */
static void put_luks(const struct t *t, int at)
{
	static const char head[] = "LUKS\xba\xbe\0\1aes";
	FILE *f = fopen(t->s.image, "r+e");
	assert_non_null(f);
	assert_int_equal(fseek(f, (long)at * MIB, SEEK_SET), 0);
	assert_int_equal(fwrite(head, sizeof(head), 1, f), 1);
	assert_int_equal(fseek(f, (long)at * MIB + 168, SEEK_SET), 0);
	fputs("b3a1a6a6-51b1-4a58-8e7c-6d9a3b6cf0de", f);
	assert_int_equal(fclose(f), 0);
}

static void an_encrypted_root_is_named(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	make_table(&t, "c", "83");
	put_fat(&t, FIRST_AT, SECOND_AT, "config.txt");
	put_luks(&t, SECOND_AT);
	assert_fails(try_open(&t, false), &t.e, ERR_IMAGE,
		     "card.img: partition 2 is encrypted (LUKS)");
	teardown(&t);
}

static void a_dirty_journal_is_replayed_only_in_a_copy(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	put_ext4(&t, 0, 64, "rootfs", FILES(OS_RELEASE));
	assert_ok(run_argv(&t.e, "debugfs", "-w", "-R", "feature needs_recovery", t.s.image, NULL),
		  &t.e);
	assert_fails(try_open(&t, false), &t.e, ERR_IMAGE, "journal");
	assert_fails(try_open(&t, true), &t.e, ERR_IMAGE, "journal");
	const struct image_open o = {.path = t.s.image, .writable = true, .replay = true};
	assert_ok(image_open(&o, &t.image, &t.e), &t.e);
	assert_ok(image_close(&t.image, &t.e), &t.e);
	scratch_e2fsck(&t.s);
	teardown(&t);
}

static void what_is_written_is_on_both_partitions(void **state)
{
	(void)state;
	struct t t;
	const char *inner;
	setup(&t);
	make_table(&t, "c", "83");
	put_fat(&t, FIRST_AT, SECOND_AT, "config.txt");
	put_ext4(&t, SECOND_AT, IMAGE_END, "rootfs", FILES(OS_RELEASE, "boot/firmware/x="));
	assert_ok(try_open(&t, true), &t.e);
	struct fs *boot = tree_fs(t.image->tree, "/boot/firmware/ssh", &inner);
	scratch_write(boot, inner, "on the FAT");
	struct fs *root = tree_fs(t.image->tree, "/etc/hostname", &inner);
	scratch_write(root, inner, "worker001\n");
	assert_ok(image_close(&t.image, &t.e), &t.e);
	autofree char *fat = xasprintf("%s@@%u", t.s.image, FIRST_AT * MIB),
		      *ext = xasprintf("%s?offset=%u", t.s.image, SECOND_AT * MIB);
	autofree char *ssh = scratch_output((const char *[]){"mtype", "-i", fat, "::/ssh", NULL});
	assert_string_equal(ssh, "on the FAT");
	autofree char *hostname =
		scratch_output((const char *[]){"debugfs", "-R", "cat /etc/hostname", ext, NULL});
	assert_string_equal(hostname, "worker001\n");
	assert_ok(image_check(t.s.image, "card.img", &t.e), &t.e);
	teardown(&t);
}

static void overwrite(const struct t *t, long at, const void *bytes, size_t len)
{
	FILE *f = fopen(t->s.image, "r+e");
	assert_non_null(f);
	assert_int_equal(fseek(f, at, SEEK_SET), 0);
	assert_int_equal(fwrite(bytes, len, 1, f), 1);
	assert_int_equal(fclose(f), 0);
}

static void a_fat_that_cannot_be_read_is_not_taken_for_no_boot_partition(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	make_table(&t, "c", "83");
	put_fat(&t, FIRST_AT, SECOND_AT, "config.txt");
	put_ext4(&t, SECOND_AT, IMAGE_END, "rootfs", FILES(OS_RELEASE));
	/* One sector is too small a table for its clusters. */
	overwrite(&t, FIRST_AT * (long)MIB + 22, "\x01\x00", 2);
	assert_fails(try_open(&t, false), &t.e, ERR_IMAGE,
		     "no boot partition: card.img: partition 1");
	teardown(&t);
}

static void check_finds_a_damaged_fat(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	make_table(&t, "c", "83");
	put_fat(&t, FIRST_AT, SECOND_AT, "config.txt");
	put_ext4(&t, SECOND_AT, IMAGE_END, "rootfs", FILES(OS_RELEASE));
	assert_ok(image_check(t.s.image, "card.img", &t.e), &t.e);
	/* A cluster that is in use in the first table only. */
	overwrite(&t, FIRST_AT * (long)MIB + 4 * 512 + 2 * 100, "\xff\xff", 2);
	assert_fails(image_check(t.s.image, "card.img", &t.e), &t.e, ERR_CHECK,
		     "card.img: partition 1: fsck.fat found errors: FATs differ");
	teardown(&t);
}

static void check_finds_a_damaged_ext4(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	make_table(&t, "c", "83");
	put_fat(&t, FIRST_AT, SECOND_AT, "config.txt");
	put_ext4(&t, SECOND_AT, IMAGE_END, "rootfs", FILES(OS_RELEASE));
	autofree char *ext = xasprintf("%s?offset=%u", t.s.image, SECOND_AT * MIB);
	assert_ok(run_argv(&t.e, "debugfs", "-w", "-R", "clri /etc", ext, NULL), &t.e);
	assert_fails(image_check(t.s.image, "card.img", &t.e), &t.e, ERR_CHECK,
		     "card.img: partition 2: e2fsck found errors: ");
	teardown(&t);
}

static void links_of_a_hostile_root_stay_inside(void **state)
{
	(void)state;
	struct t t;
	auto_str text = STR_INIT;
	setup(&t);
	put_ext4(&t, 0, 64, "rootfs",
		 FILES(OS_RELEASE, "etc/fstab->/etc/fstab", "etc/passwd->../../../../etc/shadow"));
	assert_fails(try_open(&t, false), &t.e, ERR_IMAGE, "more than 40 symbolic links");
	put_ext4(&t, 0, 64, "rootfs", FILES(OS_RELEASE, "etc/passwd->../../../../etc/shadow"));
	assert_ok(try_open(&t, false), &t.e);
	assert_fails(tree_read(t.image->tree, "/etc/passwd", 9999, &text, &t.e), &t.e, ERR_IMAGE,
		     "/etc/passwd: no such file in the image");
	teardown(&t);
}

static void what_is_no_image_is_named_as_the_user_calls_it(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	assert_fails(try_open(&t, false), &t.e, ERR_IMAGE, "card.img: ");
	assert_null(t.image);
	assert_ok(image_close(&t.image, &t.e), &t.e);
	teardown(&t);
}

static void btrfs_is_opened_by_the_kernel_or_refused(void **state)
{
	(void)state;
	struct t t;
	setup(&t);
	assert_ok(run_argv(&t.e, "truncate", "-s", "256M", t.s.image, NULL), &t.e);
	autofree char *files = make_files(&t, FILES("root/usr/lib/os-release=ID=fedora\n",
						    "root/etc/os-release->../usr/lib/os-release"));
	assert_ok(run_argv(&t.e, "mkfs.btrfs", "-q", "-f", "-r", files, t.s.image, NULL), &t.e);
	if (geteuid() != 0 || access("/dev/loop-control", W_OK) != 0) {
		assert_fails(try_open(&t, false), &t.e, ERR_IMAGE, "only as root");
	} else {
		auto_str text = STR_INIT;
		assert_found(&t, 0, -1, NULL);
		assert_ok(tree_read(t.image->tree, "/etc/os-release", 99, &text, &t.e), &t.e);
		assert_string_equal(str_text(&text), "ID=fedora\n");
	}
	teardown(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(root_and_boot_are_found_by_what_is_in_them),
		cmocka_unit_test(fstab_names_the_boot_partition_in_every_way),
		cmocka_unit_test(a_whole_disk_is_not_taken_for_a_partition),
		cmocka_unit_test(an_image_without_a_table_is_its_own_root),
		cmocka_unit_test(old_systems_have_init_and_etc),
		cmocka_unit_test(an_ext4_boot_partition_is_no_root),
		cmocka_unit_test(two_roots_are_refused_and_one_can_be_chosen),
		cmocka_unit_test(an_image_without_a_root_lists_what_it_has),
		cmocka_unit_test(an_encrypted_root_is_named),
		cmocka_unit_test(a_dirty_journal_is_replayed_only_in_a_copy),
		cmocka_unit_test(what_is_written_is_on_both_partitions),
		cmocka_unit_test(a_fat_that_cannot_be_read_is_not_taken_for_no_boot_partition),
		cmocka_unit_test(check_finds_a_damaged_fat),
		cmocka_unit_test(check_finds_a_damaged_ext4),
		cmocka_unit_test(links_of_a_hostile_root_stay_inside),
		cmocka_unit_test(what_is_no_image_is_named_as_the_user_calls_it),
		cmocka_unit_test(btrfs_is_opened_by_the_kernel_or_refused),
	};
	return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
