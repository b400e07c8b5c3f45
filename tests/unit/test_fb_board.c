/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which board is it: from what the kernel says of several kinds. */
#include "../assert_err.h"
#include "board.h"
#include "io.h"
#include "workdir.h"

static const struct ctx ctx = {.root = "root"};

/* A file of the kernel, with what it holds, len bytes. */
static void put_fact(const char *path, const void *text, size_t len)
{
	auto_err e = ERR_INIT;
	autofree char *file = path_join("root", path), *dir = path_dir(file);
	assert_ok(io_mkdirs(dir, 0755, &e), &e);
	assert_ok(io_replace_file(file, text, len, 0644, &e), &e);
}

#define PUT(path, literal) put_fact(path, literal, sizeof(literal) - 1)

static void assert_board(const char *model, const char *serial, const char *id)
{
	auto_board b = {0};
	board_read(&ctx, &b);
	const char *const pairs[][2] = {{b.model, model}, {b.serial, serial}, {b.id, id}};
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(pairs[i][0] != NULL, pairs[i][1] != NULL);
		if (pairs[i][1])
			assert_string_equal(pairs[i][0], pairs[i][1]);
	}
}

static void put_nic(const char *name, const char *assigned, const char *address)
{
	const struct {
		const char *file, *text;
	} facts[] = {{"type", "1\n"},
		     {"addr_assign_type", assigned},
		     {"address", address},
		     {"device/uevent", ""}};
	for (size_t i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		autofree char *path = xasprintf("sys/class/net/%s/%s", name, facts[i].file);
		put_fact(path, facts[i].text, strlen(facts[i].text));
	}
}

static void a_raspberry_pi_has_a_serial_number(void **state)
{
	PUT("proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.4\0");
	PUT("proc/device-tree/serial-number", "10000000abcdef01\0");
	assert_board("Raspberry Pi 4 Model B Rev 1.4", "10000000abcdef01",
		     "serial:10000000abcdef01");
	workdir_passed(state);
}

static void a_pc_has_dmi(void **state)
{
	PUT("sys/class/dmi/id/product_name", "NUC7i5BNK\n");
	PUT("sys/class/dmi/id/product_serial", "To Be Filled By O.E.M.\n");
	PUT("sys/class/dmi/id/product_uuid", "e1b5ae4c-2f5b-11ed-a261-0242ac120002\n");
	assert_board("NUC7i5BNK", NULL, "uuid:e1b5ae4c-2f5b-11ed-a261-0242ac120002");
	PUT("sys/class/dmi/id/board_serial", "GEBN7320\n");
	assert_board("NUC7i5BNK", "GEBN7320", "serial:GEBN7320");
	workdir_passed(state);
}

static void a_board_without_numbers_has_the_address_of_its_wire(void **state)
{
	put_nic("eth0", "3\n", "02:00:00:00:00:01\n"); /* set by somebody */
	put_nic("eth1", "0\n", "b8:27:eb:00:00:02\n");
	put_nic("eth2", "0\n", "b8:27:eb:00:00:03\n");
	PUT("sys/class/net/eth1/wireless/x", "");
	PUT("proc/device-tree/serial-number", "0000000000000000\0");
	assert_board(NULL, NULL, "mac:b8:27:eb:00:00:03");
	workdir_passed(state);
}

static void nothing_is_known_of_a_board_that_says_nothing(void **state)
{
	PUT("proc/device-tree/serial-number", "\x1b[2J\n");
	PUT("sys/class/dmi/id/product_uuid", "ffffffff-ffff-ffff-ffff-ffffffffffff\n");
	put_nic("lo", "0\n", "00:00:00:00:00:00\n");
	PUT("sys/class/net/lo/type", "772\n");
	assert_board(NULL, NULL, NULL);
	workdir_passed(state);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, workdir_enter, workdir_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_raspberry_pi_has_a_serial_number),
		TEST(a_pc_has_dmi),
		TEST(a_board_without_numbers_has_the_address_of_its_wire),
		TEST(nothing_is_known_of_a_board_that_says_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
