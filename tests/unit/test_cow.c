/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "cow.h"
#include "disk_fixture.h"

struct fixture {
	struct disk *d;
	struct cow *cow;
	unsigned char *model; /* a copy, changed in the same way */
};

/* What blockmap_copy makes of it. */
static unsigned char *copy_of(const struct disk *d)
{
	auto_err e = ERR_INIT;
	auto_blockmap used = {0};
	autofree char *path = xasprintf("%s.copy", d->path);
	autoclose int from = open(d->path, O_RDONLY | O_CLOEXEC);
	autoclose int to = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	unsigned char *data = xmalloc(d->size);
	assert_done(blockmap_build(d, &used, &e), &e);
	assert_done(blockmap_copy(from, to, path, d->size, &used, NULL, NULL, &e), &e);
	assert_done(io_pread_fd(to, path, data, d->size, 0, &e), &e);
	return data;
}

static void open_fixture(void **state, bool whole, struct fixture *f)
{
	auto_err e = ERR_INIT;
	autofree char *path = fixture_mbr(state, "mbr.img");
	assert_done(disk_probe(path, NULL, &f->d, &e), &e);
	assert_done(cow_new(f->d, *state, whole, &f->cow, &e), &e);
	f->model = copy_of(f->d);
}

static void fixture_done(struct fixture *f)
{
	cow_free(f->cow);
	disk_free(f->d);
	free(f->model);
}
#define auto_fixture __attribute__((cleanup(fixture_done))) struct fixture

static void assert_like_model(const struct fixture *f)
{
	autofree unsigned char *data = xmalloc(f->d->size);
	assert_int_equal(cow_read(f->cow, data, f->d->size, 0), 0);
	assert_memory_equal(data, f->model, f->d->size);
}

static void it_reads_as_a_copy_does(void **state)
{
	for (int whole = 0; whole < 2; whole++) {
		auto_fixture f = {0};
		open_fixture(state, whole, &f);
		assert_like_model(&f);
	}
}

static void writes_of_any_place_and_size_stay_in_the_file(void **state)
{
	auto_fixture f = {0};
	open_fixture(state, false, &f);
	autofree unsigned char *before = copy_of(f.d), *data = xmalloc(3 * COW_BLOCK);
	unsigned seed = 7;
	for (int i = 0; i < 2000; i++) {
		size_t len = (size_t)rand_r(&seed) % (3 * COW_BLOCK);
		uint64_t at = ((uint64_t)rand_r(&seed) << 12 ^ (uint64_t)rand_r(&seed)) %
			      (f.d->size - len);
		memset(data, i % 251 + 1, len);
		memcpy(f.model + at, data, len);
		assert_int_equal(cow_write(f.cow, data, len, at), 0);
	}
	assert_like_model(&f);
	autofree unsigned char *after = copy_of(f.d);
	assert_memory_equal(before, after, f.d->size);
}

static void nothing_is_beyond_its_end(void **state)
{
	auto_fixture f = {0};
	char data[2] = {0};
	open_fixture(state, false, &f);
	assert_int_equal(cow_write(f.cow, data, 1, f.d->size - 1), 0);
	assert_int_equal(cow_write(f.cow, data, 2, f.d->size - 1), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(cow_read(f.cow, data, 2, f.d->size - 1), -1);
	assert_int_equal(cow_read(f.cow, data, 1, UINT64_MAX), -1);
}

/* libblkid and libparted open the file, which has only a part of it. */
static void the_file_has_what_libraries_look_at(void **state)
{
	auto_err e = ERR_INIT;
	auto_fixture f = {0};
	auto_disk *d = NULL;
	auto_blockmap data = {0};
	open_fixture(state, false, &f);
	assert_done(disk_probe(cow_path(f.cow), "file", &d, &e), &e);
	assert_int_equal(d->n_parts, f.d->n_parts);
	for (size_t i = 0; i < d->n_parts; i++) {
		assert_string_equal(d->parts[i].fstype, f.d->parts[i].fstype);
		assert_string_equal(d->parts[i].uuid, f.d->parts[i].uuid);
	}
	assert_done(blockmap_add_data(&data, f.cow->file.fd, 40 * MIB, d->size, "file", &e), &e);
	assert_true(data.used < 2 * MIB);
}

static void a_change_below_is_seen(void **state)
{
	auto_err e = ERR_INIT;
	auto_fixture f = {0};
	open_fixture(state, false, &f);
	assert_done(cow_check_below(f.cow, &e), &e);
	assert_int_equal(truncate(f.d->path, (off_t)f.d->size + 1), 0);
	assert_refused(cow_check_below(f.cow, &e), &e, ERR_FAILED, "was changed while it was read");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(it_reads_as_a_copy_does),
		fixture_test(writes_of_any_place_and_size_stay_in_the_file),
		fixture_test(nothing_is_beyond_its_end),
		fixture_test(the_file_has_what_libraries_look_at),
		fixture_test(a_change_below_is_seen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
