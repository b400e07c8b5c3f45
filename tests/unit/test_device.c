/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Devices of a made-up machine: a directory with a /sys, a /proc and a /dev. */
#include <stdarg.h>
#include <sys/sysmacros.h>

#include "../assert_err.h"
#include "device.h"
#include "io.h"
#include "str.h"
#include "workdir.h"

#define GB 1000000000ull
#define GIB (1ull << 30)

static const struct device_host host = {"."};
static const char *top; /* for links, which lead nowhere from below */

static void put(const char *path, const char *text)
{
	auto_err e = ERR_INIT;
	autofree char *dir = path_dir(path);
	assert_ok(io_mkdirs(dir, 0755, &e), &e);
	put_file(path, text);
}

static void put_in(const char *dir, const char *file, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void put_in(const char *dir, const char *file, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	autofree char *text = xvasprintf(fmt, ap), *path = path_join(dir, file);
	va_end(ap);
	put(path, text);
}

static void link_to(const char *dir, const char *name, const char *to)
{
	auto_err e = ERR_INIT;
	autofree char *path = path_join(dir, name);
	autofree char *target = xasprintf("%s/%s", top, to);
	assert_ok(io_mkdirs(dir, 0755, &e), &e);
	assert_int_equal(symlink(target, path), 0);
}

/* A disk or partition whose directory in /sys/devices is dir. */
static void make_block(const char *dir, const char *name, const char *number, uint64_t size)
{
	put_in(dir, "dev", "%s\n", number);
	put_in(dir, "size", "%llu\n", (unsigned long long)size / 512);
	put_in(dir, "ro", "0\n");
	put_in(dir, "removable", "0\n");
	link_to("sys/class/block", name, dir);
	link_to("sys/dev/block", number, dir);
}

static void make_disk(const char *dir, const char *name, const char *number, uint64_t size)
{
	make_block(dir, name, number, size);
	link_to("sys/block", name, dir);
}

static void make_part(const char *disk, const char *name, const char *number, uint64_t size)
{
	autofree char *dir = path_join(disk, name);
	make_block(dir, name, number, size);
	put_in(dir, "partition", "1\n");
}

#define STICK "sys/devices/pci0/usb1/1-2/host6/6:0:0:0"
#define SDB STICK "/block/sdb"
#define SDA "sys/devices/pci0/ata1/host0/0:0:0:0/block/sda"

/* The system on sda, a card in a reader on USB as sdb. */
static int machine(void **state)
{
	if (workdir_enter(state) < 0)
		return -1;
	top = ((struct workdir *)*state)->path;
	make_disk(SDA, "sda", "8:0", 512 * GB);
	make_part(SDA, "sda1", "8:1", 500 * GB);
	make_disk(SDB, "sdb", "8:16", 32 * GB);
	make_part(SDB, "sdb1", "8:17", 1 * GB);
	make_part(SDB, "sdb2", "8:18", 30 * GB);
	put(STICK "/vendor", "Generic \n");
	put(STICK "/model", "STORAGE DEVICE  \n");
	put("sys/devices/pci0/usb1/1-2/serial", "000000001234\n");
	link_to(SDB, "device", STICK);
	link_to(SDA, "device", "sys/devices/pci0/ata1/host0/0:0:0:0");
	put("proc/self/mountinfo", "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n");
	put("proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n");
	return 0;
}

static void mount_at(const char *number, const char *where, const char *source)
{
	autofree char *text = xasprintf("22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
					"40 22 %s / %s rw shared:2 - vfat %s rw\n",
					number, where, source);
	put("proc/self/mountinfo", text);
}

static void read_as(const char *name, struct device *ret)
{
	auto_err e = ERR_INIT;
	assert_ok(device_read(&host, name, ret, &e), &e);
}

/* The check of the device as it is now. */
static int check(const char *name, const struct device_wish *wish, struct err *e)
{
	auto_device d = {0};
	read_as(name, &d);
	return device_check(&d, wish, e);
}

static const struct device_wish plain = {.what = "/dev/x"};
static const struct device_wish forced = {.what = "/dev/x", .force = true};

static void a_card_in_a_reader_is_described(void **state)
{
	auto_device d = {0};
	read_as("sdb", &d);
	assert_string_equal(d.path, "/dev/sdb");
	assert_string_equal(d.model, "Generic STORAGE DEVICE");
	assert_string_equal(d.serial, "000000001234");
	assert_string_equal(d.bus, "usb");
	assert_int_equal(d.size, 32 * GB);
	assert_true(d.external);
	assert_int_equal(d.n_parts, 2);
	assert_string_equal(d.parts[1].name, "sdb2");
	assert_int_equal(d.parts[1].size, 30 * GB);
	assert_int_equal(d.n_uses, 0);
	workdir_passed(state);
}

static void disks_are_listed_and_layers_are_not(void **state)
{
	auto_err e = ERR_INIT;
	struct device *list;
	size_t n;
	make_disk("sys/devices/virtual/block/loop0", "loop0", "7:0", GB);
	make_disk("sys/devices/virtual/block/dm-0", "dm-0", "253:0", GB);
	make_disk("sys/devices/virtual/block/zram0", "zram0", "252:0", GB);
	assert_ok(device_list(&host, &list, &n, &e), &e);
	assert_int_equal(n, 2);
	assert_string_equal(list[0].name, "sda");
	assert_false(list[0].external);
	assert_string_equal(list[1].name, "sdb");
	device_list_free(list, n);
	workdir_passed(state);
}

/* Readers of laptops are not on USB, and the kernel does not call their cards removable. */
static void an_sd_card_is_external_and_an_emmc_is_not(void **state)
{
#define SLOT "sys/devices/pci0/mmc_host/mmc0/mmc0:aaaa"
	auto_device card = {0}, emmc = {0};
	auto_err e = ERR_INIT;
	make_disk(SLOT "/block/mmcblk0", "mmcblk0", "179:0", 64 * GB);
	link_to(SLOT "/block/mmcblk0", "device", SLOT);
	put(SLOT "/name", "SN64G\n");
	put(SLOT "/serial", "0x1234abcd\n");
	put(SLOT "/type", "SD\n");
	read_as("mmcblk0", &card);
	assert_string_equal(card.bus, "mmc");
	assert_string_equal(card.model, "SN64G");
	assert_string_equal(card.serial, "0x1234abcd");
	assert_true(card.external);
	put(SLOT "/type", "MMC\n");
	read_as("mmcblk0", &emmc);
	assert_false(emmc.external);
	make_disk(SLOT "/block/mmcblk0boot0", "mmcblk0boot0", "179:8", 4 << 20);
	assert_fails(check("mmcblk0boot0", &plain, &e), &e, ERR_USAGE, "a boot area of an eMMC");
	workdir_passed(state);
}

static void a_card_is_taken(void **state)
{
	auto_err e = ERR_INIT;
	assert_ok(check("sdb", &plain, &e), &e);
	workdir_passed(state);
}

static void the_system_is_never_overwritten(void **state)
{
	auto_err e = ERR_INIT;
	const struct device_wish everything = {.what = "/dev/sda", .force = true, .unmount = true};
	assert_fails(check("sda", &everything, &e), &e, ERR_USAGE,
		     "/dev/sda: refused: it holds the running system: '/' is on sda1");
	mount_at("8:17", "/boot/efi", "/dev/sdb1");
	assert_fails(check("sdb", &everything, &e), &e, ERR_USAGE, "'/boot/efi' is on sdb1");
	workdir_passed(state);
}

/* LUKS and LVM: / is on dm-1, on dm-0, on sdb2. */
static void the_system_is_found_through_layers(void **state)
{
	auto_err e = ERR_INIT;
	make_disk("sys/devices/virtual/block/dm-0", "dm-0", "253:0", GB);
	make_disk("sys/devices/virtual/block/dm-1", "dm-1", "253:1", GB);
	put(SDB "/sdb2/holders/dm-0", "");
	put("sys/devices/virtual/block/dm-0/holders/dm-1", "");
	put("proc/self/mountinfo", "22 1 253:1 / / rw - ext4 /dev/mapper/root rw\n");
	assert_fails(check("sdb", &forced, &e), &e, ERR_USAGE, "'/' is on dm-1");
	workdir_passed(state);
}

/* Btrfs gives its files a device number that no device has. */
static void the_system_is_found_by_its_source(void **state)
{
	auto_err e = ERR_INIT;
	put("dev/sdb2", "");
	put("proc/self/mountinfo", "22 1 0:33 /@ / rw - btrfs /dev/sdb2 rw,subvol=/@\n");
	assert_fails(check("sdb", &forced, &e), &e, ERR_USAGE, "'/' is on sdb2");
	workdir_passed(state);
}

static void swap_is_never_overwritten(void **state)
{
	auto_err e = ERR_INIT;
	put("dev/sdb2", "");
	put("proc/swaps", "Filename Type Size Used Priority\n/dev/sdb2 partition 1 0 -2\n");
	assert_fails(check("sdb", &forced, &e), &e, ERR_USAGE, "holds swap of the running system");
	workdir_passed(state);
}

static void what_is_mounted_is_refused_unless_it_will_be_unmounted(void **state)
{
	auto_err e = ERR_INIT;
	const struct device_wish unmount = {.what = "/dev/sdb", .unmount = true};
	mount_at("8:17", "/media/me/NO\\040NAME", "/dev/sdb1");
	assert_fails(check("sdb", &forced, &e), &e, ERR_BUSY,
		     "sdb1 is mounted at '/media/me/NO NAME'; unmount it, or let mkimage do it: "
		     "--unmount");
	assert_ok(check("sdb", &unmount, &e), &e);
	workdir_passed(state);
}

static void what_the_image_lies_on_is_refused(void **state)
{
	auto_err e = ERR_INIT;
	struct stat st;
	const struct device_wish wish = {
		.what = "/dev/sdb", .image = "proc/swaps", .force = true, .unmount = true};
	assert_int_equal(stat("proc/swaps", &st), 0);
	autofree char *number = xasprintf("%u:%u", major(st.st_dev), minor(st.st_dev));
	link_to("sys/dev/block", number, SDB "/sdb1");
	mount_at(number, "/media/images", "/dev/sdb1");
	assert_fails(check("sdb", &wish, &e), &e, ERR_USAGE,
		     "it holds the image itself, 'proc/swaps'");
	workdir_passed(state);
}

static void what_is_part_of_something_else_is_refused(void **state)
{
	auto_err e = ERR_INIT;
	make_disk("sys/devices/virtual/block/loop3", "loop3", "7:3", GB);
	put("sys/devices/virtual/block/loop3/loop/backing_file", "/dev/sdb1\n");
	assert_fails(check("sdb", &forced, &e), &e, ERR_BUSY, "sdb1 is part of loop3");
	put(SDB "/holders/md127", "");
	assert_fails(check("sdb", &forced, &e), &e, ERR_BUSY, "sdb is part of md127");
	workdir_passed(state);
}

static void a_partition_is_refused(void **state)
{
	auto_err e = ERR_INIT;
	assert_fails(check("sdb1", &forced, &e), &e, ERR_USAGE,
		     "it is a partition; give the whole card, /dev/sdb");
	workdir_passed(state);
}

static void an_internal_or_large_disk_needs_force(void **state)
{
	auto_err e = ERR_INIT;
	put("proc/self/mountinfo", "");
	assert_fails(check("sda", &plain, &e), &e, ERR_USAGE,
		     "it is an internal disk and no card; if it is meant all the same: --force "
		     "sda");
	assert_ok(check("sda", &forced, &e), &e);
	make_disk("sys/devices/pci0/usb1/1-3/block/sdc", "sdc", "8:32", 257 * GIB);
	link_to("sys/devices/pci0/usb1/1-3/block/sdc", "device", "sys/devices/pci0/usb1/1-3");
	assert_fails(check("sdc", &plain, &e), &e, ERR_USAGE, "it has 257 GiB, more than any card");
	assert_ok(check("sdc", &forced, &e), &e);
	workdir_passed(state);
}

static void layers_need_force(void **state)
{
	auto_err e = ERR_INIT;
	make_disk("sys/devices/virtual/block/loop0", "loop0", "7:0", GB);
	assert_fails(check("loop0", &plain, &e), &e, ERR_USAGE, "it is a loop device and no card");
	assert_ok(check("loop0", &forced, &e), &e);
	make_disk("sys/devices/virtual/block/md0", "md0", "9:0", GB);
	assert_fails(check("md0", &plain, &e), &e, ERR_USAGE, "it is a RAID and no card");
	workdir_passed(state);
}

static void an_empty_or_protected_reader_is_refused(void **state)
{
	auto_err e = ERR_INIT;
	put(SDB "/ro", "1\n");
	assert_fails(check("sdb", &forced, &e), &e, ERR_USAGE, "it is write-protected");
	put(SDB "/size", "0\n");
	assert_fails(check("sdb", &forced, &e), &e, ERR_USAGE, "there is no card in it");
	workdir_passed(state);
}

static void a_number_leads_to_a_name(void **state)
{
	autofree char *card = device_name(&host, makedev(8, 17));
	assert_string_equal(card, "sdb1");
	assert_null(device_name(&host, makedev(99, 1)));
	workdir_passed(state);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, machine, workdir_leave)
	const struct CMUnitTest tests[] = {
		TEST(a_card_in_a_reader_is_described),
		TEST(disks_are_listed_and_layers_are_not),
		TEST(an_sd_card_is_external_and_an_emmc_is_not),
		TEST(a_card_is_taken),
		TEST(the_system_is_never_overwritten),
		TEST(the_system_is_found_through_layers),
		TEST(the_system_is_found_by_its_source),
		TEST(swap_is_never_overwritten),
		TEST(what_is_mounted_is_refused_unless_it_will_be_unmounted),
		TEST(what_the_image_lies_on_is_refused),
		TEST(what_is_part_of_something_else_is_refused),
		TEST(a_partition_is_refused),
		TEST(an_internal_or_large_disk_needs_force),
		TEST(layers_need_force),
		TEST(an_empty_or_protected_reader_is_refused),
		TEST(a_number_leads_to_a_name),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
