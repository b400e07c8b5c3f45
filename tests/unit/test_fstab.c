/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fstab.h"
#include "mem.h"

/* Real files of stock images. */
static const char *const stock[] = {
	"proc            /proc           proc    defaults          0       0\n"
	"PARTUUID=aabbccdd-01  /boot/firmware  vfat    defaults          0       2\n"
	"PARTUUID=aabbccdd-02  /               ext4    defaults,noatime  0       1\n"
	"# a swapfile is not a swap partition, no line here\n",
	"LABEL=writable\t/\text4\tdefaults\t0\t1\n"
	"LABEL=system-boot       /boot/firmware  vfat    defaults        0       1\n",
	"UUID=0c0f-11 / ext4 defaults,noatime,commit=120,errors=remount-ro 0 1\n"
	"tmpfs /tmp tmpfs defaults,nosuid 0 0\n\n",
	"/swapfile none swap sw 0 0\r\n/dev/zram0 swap swap defaults\n",
	"UUID=\"a\" / btrfs subvol=root 0 0\n/srv/a /srv/b none bind\n"
	"nas:/x /x nfs4 ro\n//nas/y /y cifs guest 0 0 # the printer\noverlay /o overlay "
	"lowerdir=/a\n",
};

static void stock_files_are_right(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(stock) / sizeof(*stock); i++) {
		auto_fstab f = {0};
		fstab_parse(stock[i], &f);
		assert_true(f.n >= 2);
		for (size_t j = 0; j < f.n; j++) {
			if (f.entries[j].wrong)
				fail_msg("%s: %s", stock[i], f.entries[j].wrong);
		}
	}
}

static void garbage_is_told_from_a_line(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"garbage", "is not a line of fstab(5)"},
		{"/dev/sda1 /data", "is not a line of fstab(5)"},
		{"/dev/sda1 /data ext4 defaults x 0", "is not a line of fstab(5)"},
		{"/dev/sda1 /data ext4 defaults 0 x", "is not a line of fstab(5)"},
		{"8 1 8:1 /", "is not a line of fstab(5)"},
		{"this is my disk", "'is' is not a mount point"},
		{"/dev/sda1 data ext4", "'data' is not a mount point"},
		{"/dev/sda2 none ext4", "'none' is not a mount point"},
		{"sda1 /data ext4 defaults 0 0", "'sda1' is not a disk"},
		{"UUID= /data ext4 defaults 0 0", "'UUID=' is not a disk"},
		{"nas /data nfs defaults 0 0", "'nas' is not an NFS export"},
		{"/dev/sda1 /data ext4 defaults 0 0 often", "more than 6 fields"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_fstab f = {0};
		autofree char *text = xasprintf("# one\n\n%s\nproc /proc proc\n", cases[i][0]);
		fstab_parse(text, &f);
		assert_int_equal(f.n, 2);
		assert_int_equal(f.entries[0].line, 3);
		if (!f.entries[0].wrong || !strstr(f.entries[0].wrong, cases[i][1]))
			fail_msg("%s: %s", cases[i][0], f.entries[0].wrong);
		assert_null(f.entries[1].wrong);
	}
}

static void a_mount_point_is_found(void **state)
{
	(void)state;
	auto_fstab f = {0};
	fstab_parse("garbage\n/dev/a /my\\040data/ ext4\n/dev/b /b ext4", &f);
	assert_int_equal(fstab_find(&f, "/my data")->line, 2);
	assert_int_equal(fstab_find(&f, "/b/")->line, 3);
	assert_null(fstab_find(&f, "/my"));
}

static void a_swap_file_is_told_from_a_disk(void **state)
{
	(void)state;
	auto_fstab f = {0};
	fstab_parse(
		"/my\\040swap none swap sw 0 0\n/dev/sda3 none swap sw\nUUID=1234 none swap sw\n"
		"/swap / ext4",
		&f);
	assert_string_equal(f.entries[0].swap, "/my swap");
	for (size_t i = 1; i < f.n; i++)
		assert_null(f.entries[i].swap);
}

static void fields_are_escaped(void **state)
{
	(void)state;
	auto_str out = STR_INIT;
	auto_fstab f = {0};
	fstab_add(&out, "nas:/a b", "/srv/c d", "nfs", "ro,soft");
	assert_string_equal(str_text(&out), "nas:/a\\040b /srv/c\\040d nfs ro,soft 0 0\n");
	fstab_parse(str_text(&out), &f);
	assert_null(f.entries[0].wrong);
	assert_non_null(fstab_find(&f, "/srv/c d"));
}

static void an_option_replaces_its_own_name(void **state)
{
	(void)state;
	autofree char *options = NULL;
	fstab_set_option(&options, "rw");
	fstab_set_option(&options, "nfsvers=4");
	fstab_set_option(&options, "soft");
	fstab_set_option(&options, "nfsvers=4.2");
	assert_string_equal(options, "rw,nfsvers=4.2,soft");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stock_files_are_right),
		cmocka_unit_test(garbage_is_told_from_a_line),
		cmocka_unit_test(a_mount_point_is_found),
		cmocka_unit_test(a_swap_file_is_told_from_a_disk),
		cmocka_unit_test(fields_are_escaped),
		cmocka_unit_test(an_option_replaces_its_own_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
