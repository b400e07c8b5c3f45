/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <sys/sysmacros.h>

#include "assemble.h"
#include "assemble_private.h"
#include "disk.h"
#include "disk_fixture.h"

#define NOW 1700000000

/* ---- writing tarballs ---- */

struct member {
	const char *path;
	mode_t type;
	unsigned mode;
	const char *content; /* regular: bytes; symlink: target */
	const char *hardlink;
	unsigned uid;
	int64_t size; /* claimed instead of content's; 0: as it is */
};

static const struct member small_root[] = {
	{"./", S_IFDIR, 0755, NULL, NULL, 0, 0},
	{"./etc/", S_IFDIR, 0755, NULL, NULL, 0, 0},
	{"./etc/os-release", S_IFREG, 0644, "ID=debian\n", NULL, 0, 0},
	{"./usr/", S_IFDIR, 0755, NULL, NULL, 0, 0},
	{"./usr/bin/", S_IFDIR, 0755, NULL, NULL, 0, 0},
};
#define N_SMALL (sizeof(small_root) / sizeof(*small_root))

static void add_member(struct archive *a, const struct member *m)
{
	struct archive_entry *x = archive_entry_new();
	int64_t len = m->type == S_IFREG && m->content ? (int64_t)strlen(m->content) : 0;
	archive_entry_set_pathname(x, m->path);
	archive_entry_set_filetype(x, m->type);
	archive_entry_set_perm(x, (__LA_MODE_T)m->mode);
	archive_entry_set_uid(x, m->uid);
	archive_entry_set_gid(x, m->uid);
	archive_entry_set_mtime(x, 1600000000, 0);
	archive_entry_set_size(x, m->size ? m->size : len);
	if (m->type == S_IFLNK)
		archive_entry_set_symlink(x, m->content);
	if (m->type == S_IFCHR)
		archive_entry_set_rdev(x, makedev(1, 3));
	if (m->hardlink)
		archive_entry_set_hardlink(x, m->hardlink);
	if (m->mode == 0664) { /* stands for any file with an ACL */
		archive_entry_acl_add_entry(x, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, 6,
					    ARCHIVE_ENTRY_ACL_USER, 502, NULL);
		archive_entry_acl_add_entry(x, ARCHIVE_ENTRY_ACL_TYPE_ACCESS, 6,
					    ARCHIVE_ENTRY_ACL_MASK, -1, NULL);
	}
	if (m->mode & 04000) /* stands for any program with capabilities */
		archive_entry_xattr_add_entry(x, "user.note", "kept", 4);
	assert_int_equal(archive_write_header(a, x), ARCHIVE_OK);
	if (len)
		assert_int_equal(archive_write_data(a, m->content, (size_t)len), len);
	archive_entry_free(x);
}

/* LeakSanitizer's switches, NULL without it: libarchive 3.6 leaks after archive_write_fail. */
void __lsan_disable(void) __attribute__((weak));
void __lsan_enable(void) __attribute__((weak));

/* small_root and the further members, up to one without a path; owned path of the tarball. */
static char *make_tarball(void **state, const struct member *more)
{
	char *path = path_join(*state, "root.tar.gz");
	if (__lsan_disable)
		__lsan_disable();
	struct archive *a = archive_write_new();
	archive_write_set_format_pax_restricted(a);
	if (!more || !more->size)
		archive_write_add_filter_gzip(a);
	archive_write_set_bytes_per_block(a, 512);
	assert_int_equal(archive_write_open_filename(a, path), ARCHIVE_OK);
	for (size_t i = 0; i < N_SMALL; i++)
		add_member(a, &small_root[i]);
	for (; more && more->path; more++) {
		add_member(a, more);
		if (more->size)
			archive_write_fail(a); /* or closing would fill it up with zeros */
	}
	archive_write_free(a);
	if (__lsan_enable)
		__lsan_enable();
	return path;
}

static int assemble(void **state, const char *tarball, const char *name, struct err *e)
{
	autofree char *image = path_join(*state, name);
	struct assemble a = {
		.tarball = tarball, .image = image, .id = "0123456789abcdef", .now = NOW};
	return assemble_image(&a, NULL, e);
}

/* What debugfs says about the root file system; owned. */
static char *ask(void **state, const char *name, int partition, const char *request)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	auto_str out = STR_INIT;
	autofree char *image = path_join(*state, name);
	assert_done(disk_probe(image, NULL, &d, &e), &e);
	autofree char *where = xasprintf("%s?offset=%llu", image,
					 (unsigned long long)disk_part(d, partition)->start);
	fixture_run((const char *[]){"e2fsck", "-fn", where, NULL}, NULL, NULL);
	fixture_run((const char *[]){"debugfs", "-R", request, where, NULL}, NULL, &out);
	return str_steal(&out);
}

static char *fat_file(void **state, const char *name, const char *path)
{
	auto_str out = STR_INIT;
	autofree char *where = xasprintf("%s/%s@@8M", (const char *)*state, name);
	autofree char *file = xasprintf("::%s", path);
	fixture_run((const char *[]){"mtype", "-i", where, file, NULL}, NULL, &out);
	return str_steal(&out);
}

#define assert_says(text, fragment)                                              \
	do {                                                                     \
		if (!strstr((text), (fragment)))                                 \
			fail_msg("'%s' does not have '%s'", (text), (fragment)); \
	} while (0)

static size_t count_files(const char *dir)
{
	size_t n = 0;
	DIR *d = opendir(dir);
	assert_non_null(d);
	for (struct dirent *x; (x = readdir(d));)
		n += x->d_name[0] != '.';
	closedir(d);
	return n;
}

static void assert_nothing_but_tarball(void **state)
{
	assert_int_equal(count_files(*state), 1);
}

/* ---- what becomes of it ---- */

static void root_without_boot_files_is_one_partition(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	autofree char *tarball = make_tarball(state, NULL);
	assert_done(assemble(state, tarball, "a.img", &e), &e);
	autofree char *image = path_join(*state, "a.img");
	assert_done(disk_probe(image, NULL, &d, &e), &e);
	assert_int_equal(d->n_parts, 1);
	assert_int_equal(disk_part(d, 1)->start, 8 * MIB);
	assert_string_equal(disk_part(d, 1)->label, "rootfs");
	autofree char *fstab = ask(state, "a.img", 1, "cat /etc/fstab");
	autofree char *line = xasprintf("PARTUUID=%s / ext4 ", disk_part(d, 1)->partuuid);
	assert_says(fstab, line);
}

static void boot_firmware_goes_to_the_fat(void **state)
{
	static const struct member more[] = {
		{"./etc/fstab", S_IFREG, 0644,
		 "# kept\nLABEL=root  / ext4 defaults 0 1 # and this\n/dev/x /data ext4\n", NULL, 0,
		 0},
		{"./boot/firmware/config.txt", S_IFREG, 0644, "arm_64bit=1\n", NULL, 0, 0},
		{"./boot/firmware/cmdline.txt", S_IFREG, 0644,
		 "console=tty1 root=/dev/mmcblk0p2 rw\n", NULL, 0, 0},
		{"./boot/firmware/overlays/a.dtbo", S_IFREG, 0644, "tree", NULL, 0, 0},
		{NULL, 0, 0, NULL, NULL, 0, 0},
	};
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	autofree char *tarball = make_tarball(state, more);
	assert_done(assemble(state, tarball, "a.img", &e), &e);
	autofree char *image = path_join(*state, "a.img");
	assert_done(disk_probe(image, NULL, &d, &e), &e);
	assert_string_equal(disk_part(d, 1)->label, "bootfs");
	assert_int_equal(disk_part(d, 1)->size, 512 * MIB);
	autofree char *fstab = ask(state, "a.img", 2, "cat /etc/fstab");
	autofree char *wanted = xasprintf("# kept\nPARTUUID=%s-02  / ext4 defaults 0 1 # and this\n"
					  "/dev/x /data ext4\n"
					  "PARTUUID=%s-01 /boot/firmware vfat defaults 0 2\n",
					  d->id, d->id);
	assert_string_equal(fstab, wanted);
	autofree char *cmdline = fat_file(state, "a.img", "/cmdline.txt");
	autofree char *words = xasprintf("console=tty1 root=PARTUUID=%s-02 rw\n", d->id);
	assert_string_equal(cmdline, words);
	autofree char *tree = fat_file(state, "a.img", "/overlays/a.dtbo");
	assert_string_equal(tree, "tree");
}

static void boot_of_arch_linux_arm_goes_to_the_fat(void **state)
{
	static const struct member more[] = {
		{"./boot/", S_IFDIR, 0755, NULL, NULL, 0, 0},
		{"./boot/kernel8.img", S_IFREG, 0644, "kernel", NULL, 0, 0},
		{"./boot/config.txt", S_IFREG, 0644, "", NULL, 0, 0},
		{NULL, 0, 0, NULL, NULL, 0, 0},
	};
	auto_err e = ERR_INIT;
	autofree char *tarball = make_tarball(state, more);
	assert_done(assemble(state, tarball, "a.img", &e), &e);
	autofree char *kernel = fat_file(state, "a.img", "/kernel8.img");
	assert_string_equal(kernel, "kernel");
	autofree char *cmdline = fat_file(state, "a.img", "/cmdline.txt");
	assert_says(cmdline, "root=PARTUUID=");
	autofree char *fstab = ask(state, "a.img", 2, "cat /etc/fstab");
	assert_says(fstab, "-01 /boot vfat ");
}

static void owners_modes_times_links_acls_and_devices_are_kept(void **state)
{
	static const struct member more[] = {
		{"./usr/bin/tool", S_IFREG, 04755, "binary", NULL, 1000, 0},
		{"./usr/bin/again", S_IFREG, 0755, NULL, "./usr/bin/tool", 0, 0},
		{"./usr/bin/link", S_IFLNK, 0777, "../../etc", NULL, 0, 0},
		{"./dev/null", S_IFCHR, 0666, NULL, NULL, 0, 0},
		{"./etc/acl", S_IFREG, 0664, NULL, NULL, 0, 0},
		{NULL, 0, 0, NULL, NULL, 0, 0},
	};
	auto_err e = ERR_INIT;
	autofree char *tarball = make_tarball(state, more);
	assert_done(assemble(state, tarball, "a.img", &e), &e);
	autofree char *tool = ask(state, "a.img", 1, "stat /usr/bin/again");
	assert_says(tool, "Mode:  04755");
	assert_says(tool, "User:  1000   Group:  1000");
	assert_says(tool, "Links: 2");
	assert_says(tool, "mtime: 0x5f5e1000"); /* 1600000000 */
	assert_says(tool, "user.note (4) = \"kept\"");
	autofree char *link = ask(state, "a.img", 1, "stat /usr/bin/link");
	assert_says(link, "\"../../etc\"");
	autofree char *null = ask(state, "a.img", 1, "stat /dev/null");
	assert_says(null, "Device major/minor number: 01:03");
	autofree char *acl = ask(state, "a.img", 1, "ea_list /etc/acl");
	assert_says(acl, "system.posix_acl_access");
	autofree char *dir = ask(state, "a.img", 1, "stat /usr/bin");
	assert_says(dir, "mtime: 0x5f5e1000");
}

static void same_tarball_gives_the_same_bytes(void **state)
{
	static const struct member more[] = {
		{"./boot/firmware/config.txt", S_IFREG, 0644, "arm_64bit=1\n", NULL, 0, 0},
		{NULL, 0, 0, NULL, NULL, 0, 0},
	};
	auto_err e = ERR_INIT;
	autofree char *tarball = make_tarball(state, more);
	assert_done(assemble(state, tarball, "a.img", &e), &e);
	usleep(2100 * 1000); /* FAT counts time by two seconds */
	assert_done(assemble(state, tarball, "b.img", &e), &e);
	autofree char *a = path_join(*state, "a.img");
	autofree char *b = path_join(*state, "b.img");
	assert_done(run_argv(&e, "cmp", a, b, NULL), &e);
}

static void later_of_two_members_wins(void **state)
{
	static const struct member more[] = {
		{"./etc/issue", S_IFREG, 0644, "first", NULL, 0, 0},
		{"./etc/copy", S_IFREG, 0644, NULL, "./etc/issue", 0, 0},
		{"./etc/issue", S_IFREG, 0600, "second", NULL, 0, 0},
		{"./etc/d/", S_IFDIR, 0755, NULL, NULL, 0, 0},
		{"./etc/d", S_IFLNK, 0777, "issue", NULL, 0, 0},
		{NULL, 0, 0, NULL, NULL, 0, 0},
	};
	auto_err e = ERR_INIT;
	autofree char *tarball = make_tarball(state, more);
	assert_done(assemble(state, tarball, "a.img", &e), &e);
	autofree char *issue = ask(state, "a.img", 1, "cat /etc/issue");
	assert_string_equal(issue, "second");
	autofree char *copy = ask(state, "a.img", 1, "cat /etc/copy");
	assert_string_equal(copy, "first");
	autofree char *link = ask(state, "a.img", 1, "stat /etc/d");
	assert_says(link, "Type: symlink");
}

static void symlink_for_the_fat_becomes_a_copy(void **state)
{
	static const struct member more[] = {
		{"./boot/firmware/initrd", S_IFLNK, 0777, "initrd-6.1", NULL, 0, 0},
		{"./boot/firmware/gone", S_IFLNK, 0777, "/nowhere", NULL, 0, 0},
		{"./boot/firmware/initrd-6.1", S_IFREG, 0644, "initrd", NULL, 0, 0},
		{NULL, 0, 0, NULL, NULL, 0, 0},
	};
	auto_err e = ERR_INIT;
	autofree char *tarball = make_tarball(state, more);
	assert_done(assemble(state, tarball, "a.img", &e), &e);
	autofree char *initrd = fat_file(state, "a.img", "/initrd");
	assert_string_equal(initrd, "initrd");
}

/* ---- hostile and broken tarballs ---- */

static void members_never_leave_the_image(void **state)
{
	autofree char *outside = path_join(*state, "outside");
	const struct member more[] = {
		{"/etc/absolute", S_IFREG, 0644, "inside", NULL, 0, 0},
		{"./etc/out", S_IFLNK, 0777, *state, NULL, 0, 0},
		{"./etc/out/outside", S_IFREG, 0644, "still inside", NULL, 0, 0},
		{"./etc/up", S_IFLNK, 0777, "../../../../..", NULL, 0, 0},
		{"./etc/up/top", S_IFREG, 0644, "also inside", NULL, 0, 0},
		{NULL, 0, 0, NULL, NULL, 0, 0},
	};
	auto_err e = ERR_INIT;
	autofree char *tarball = make_tarball(state, more);
	assert_done(assemble(state, tarball, "a.img", &e), &e);
	assert_int_equal(access(outside, F_OK), -1);
	autofree char *request = xasprintf("cat %s/outside", (const char *)*state);
	autofree char *inside = ask(state, "a.img", 1, request);
	assert_string_equal(inside, "still inside");
	autofree char *absolute = ask(state, "a.img", 1, "cat /etc/absolute");
	assert_string_equal(absolute, "inside");
	autofree char *top = ask(state, "a.img", 1, "cat /top");
	assert_string_equal(top, "also inside");
}

static void impossible_members_are_refused(void **state)
{
	static const struct {
		struct member member;
		const char *said;
	} cases[] = {
		{{"./etc/../../x", S_IFREG, 0644, "x", NULL, 0, 0}, "it has '..' in it"},
		{{"./etc/x", S_IFREG, 0644, NULL, "../../etc/shadow", 0, 0}, "it has '..' in it"},
		{{"./etc/x", S_IFREG, 0644, NULL, "./etc/nothing", 0, 0}, "no file before it"},
		{{"./etc/os-release/x", S_IFREG, 0644, "x", NULL, 0, 0}, "not a directory"},
		{{"./etc/huge", S_IFREG, 0644, "x", NULL, 0, 1ll << 60}, "more than 64 GiB"},
		{{"./etc", S_IFREG, 0644, "x", NULL, 0, 0}, "member '/etc'"},
	};
	auto_err e = ERR_INIT;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct member more[] = {cases[i].member, {NULL, 0, 0, NULL, NULL, 0, 0}};
		autofree char *tarball = make_tarball(state, more);
		assert_int_equal(assemble(state, tarball, "a.img", &e), -1);
		assert_says(e.msg, cases[i].said);
		err_done(&e);
		assert_nothing_but_tarball(state);
	}
}

static void what_is_no_root_tarball_is_refused(void **state)
{
	auto_err e = ERR_INIT;
	autofree char *tarball = make_tarball(state, NULL);
	assert_int_equal(truncate(tarball, 150), 0);
	assert_refused(assemble(state, tarball, "a.img", &e), &e, ERR_IMAGE,
		       "cannot read the tarball");
	fixture_poke(tarball, 0, "not a tarball at all, but text", 30);
	assert_refused(assemble(state, tarball, "a.img", &e), &e, ERR_IMAGE,
		       "cannot read the tarball");
	fixture_run((const char *[]){"tar", "-C", "/usr/include", "-cf", tarball, "stdio.h", NULL},
		    NULL, NULL);
	assert_refused(assemble(state, tarball, "a.img", &e), &e, ERR_IMAGE, "it has no /etc");
	assert_refused(assemble(state, "/nowhere", "a.img", &e), &e, ERR_FAILED, "No such file");
	assert_nothing_but_tarball(state);
}

/* ---- texts ---- */

static void fstab_keeps_foreign_lines(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{"", "X / L\n"},
		{"# / comment\n", "# / comment\nX / L\n"},
		{"a /srv ext4", "a /srv ext4\nX / L\n"},
		{"\tUUID=1\t/\text4\n", "\tX\t/\text4\n"},
		{"a / ext4\nb /boot vfat", "X / ext4\nb /boot vfat"},
		{"garbage\n\n/\n", "garbage\n\n/\nX / L\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_str out = STR_INIT;
		fstab_set_source(&out, cases[i].before, "/", "X", "X / L\n");
		assert_string_equal(str_text(&out), cases[i].after);
	}
}

static void cmdline_has_one_root(void **state)
{
	static const struct {
		const char *before, *after;
	} cases[] = {
		{"", "root=X\n"},
		{"quiet\n", "quiet root=X\n"},
		{"a root=/dev/sda1 b root=LABEL=x  c\n", "a root=X b  c\n"},
		{"root=1 rootwait rootfstype=ext4", "root=X rootwait rootfstype=ext4\n"},
		{"subroot=1\nsecond root=line\n", "subroot=1 root=X\nsecond root=line\n"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_str out = STR_INIT;
		cmdline_set_root(&out, cases[i].before, "X");
		assert_string_equal(str_text(&out), cases[i].after);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(root_without_boot_files_is_one_partition),
		fixture_test(boot_firmware_goes_to_the_fat),
		fixture_test(boot_of_arch_linux_arm_goes_to_the_fat),
		fixture_test(owners_modes_times_links_acls_and_devices_are_kept),
		fixture_test(same_tarball_gives_the_same_bytes),
		fixture_test(later_of_two_members_wins),
		fixture_test(symlink_for_the_fat_becomes_a_copy),
		fixture_test(members_never_leave_the_image),
		fixture_test(impossible_members_are_refused),
		fixture_test(what_is_no_root_tarball_is_refused),
		cmocka_unit_test(fstab_keeps_foreign_lines),
		cmocka_unit_test(cmdline_has_one_root),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
