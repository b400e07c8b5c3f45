/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A partition grows on a disk that loses its power.  What disk_extend writes is recorded: of what
 * was not flushed, any sectors may be on the disk and any not.  Each state has to have a table that
 * Linux reads, and from each the next run has to come to the same end.
 */
#include <stdbool.h>
#include <sys/syscall.h>

#include "disk_extend.h"
#include "disk_fixture.h"
#include "disk_private.h"

#define SECTOR 512
#define MAX 512
#define SMALL (48 * MIB)
#define LARGE (96 * MIB)

struct write {
	uint64_t at;
	uint8_t data[SECTOR];
	int interval; /* number of flushes before it */
};

static struct {
	bool on;
	struct write writes[MAX];
	size_t n;
	int interval;
} record;

/* These stand for the C library's, in this program. */
ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at);
ssize_t pwrite64(int fd, const void *data, size_t len, off64_t at)
{
	for (size_t done = 0; record.on && done < len; done += SECTOR) {
		assert_true(record.n < MAX && at % SECTOR == 0 && len % SECTOR == 0);
		struct write *w = &record.writes[record.n++];
		w->at = (uint64_t)at + done;
		w->interval = record.interval;
		memcpy(w->data, (const uint8_t *)data + done, SECTOR);
	}
	return syscall(SYS_pwrite64, fd, data, len, at);
}

int fsync(int fd)
{
	(void)fd;
	record.interval += record.on;
	return 0;
}

static char *make_disk(void **state, const char *name, bool gpt)
{
	char *path = fixture_file(state, name, SMALL);
	fixture_table(path, gpt ? "label: gpt\nstart=2048,size=8192,type=uefi\n"
				  "start=10240,size=61440,name=root\n"
				: "label: dos\nlabel-id: 0xdeadbeef\n"
				  "start=2048,size=8192,type=c\nstart=10240,size=61440\n");
	assert_int_equal(truncate(path, LARGE), 0);
	return path;
}

/* As firstboot-grow does it. */
static int extend(const char *path, bool safe, bool recorded, struct err *e)
{
	auto_disk *d = NULL;
	uint64_t end;
	autoclose int fd = open(path, O_RDWR | O_CLOEXEC);
	if (disk_probe(path, NULL, &d, e) < 0 || disk_extend_limit(d, fd, &end, e) < 0)
		return -1;
	end -= end % MIB;
	const struct part *part = disk_part(d, 2);
	if (end == part->start + part->size)
		return 0;
	record.on = recorded;
	int r = disk_extend(d, part, end, safe, fd, e);
	record.on = false;
	return r;
}

/* sfdisk's list of the partitions; owned. */
static char *list(const char *path)
{
	auto_str listed = STR_INIT;
	fixture_run((const char *[]){"sfdisk", "-d", path, NULL}, NULL, &listed);
	return xstrdup(strstr(listed.data, "label-id:"));
}

/* sfdisk is content with the backup, but Linux wants the first copy: sgdisk tells of both. */
static bool first_copy_is_whole(const char *path)
{
	auto_err e = ERR_INIT;
	auto_str said = STR_INIT;
	struct run r = {.argv = (const char *[]){"sgdisk", "-v", path, NULL},
			.output = &said,
			.messages = &said,
			.ok_status = ~1};
	assert_done(run(&r, &e), &e);
	return !strstr(said.data, "Main header: ERROR") &&
	       !strstr(said.data, "Main partition table: ERROR") &&
	       !strstr(said.data, "Main partition table CRC mismatch") &&
	       !strstr(said.data, "invalid main GPT header") &&
	       !strstr(said.data, "Invalid CRC on main header");
}

struct campaign {
	bool gpt;
	char *before, *path; /* the disk that it begins with, and that which lost its power */
	char *old_list, *new_list;
	int states, broken;
};

/* Others read the table as it was or as it is to be, and the next run makes it that. */
static void judge_state(struct campaign *c)
{
	auto_err e = ERR_INIT;
	autofree char *now = list(c->path);
	c->states++;
	if ((strcmp(now, c->old_list) != 0 && strcmp(now, c->new_list) != 0) ||
	    (c->gpt && !first_copy_is_whole(c->path))) {
		c->broken++;
		return;
	}
	assert_done(extend(c->path, true, false, &e), &e);
	autofree char *after = list(c->path);
	assert_string_equal(after, c->new_list);
	assert_true(!c->gpt || first_copy_is_whole(c->path));
}

static void write_sector(const char *path, const struct write *w)
{
	fixture_poke(path, w->at, w->data, SECTOR);
}

/* The disk after the intervals before this one, and of it the sectors from first to last. */
static void lose_power(struct campaign *c, int interval, size_t first, size_t last)
{
	auto_err e = ERR_INIT;
	assert_done(run_argv(&e, "cp", "--sparse=always", c->before, c->path, NULL), &e);
	for (size_t i = 0; i < record.n; i++) {
		const struct write *w = &record.writes[i];
		if (w->interval < interval || (w->interval == interval && i >= first && i < last))
			write_sector(c->path, w);
	}
	judge_state(c);
}

/* In each interval: its first sectors, any number of them, and its last ones. */
static void try_all(struct campaign *c)
{
	size_t end;
	for (size_t begin = 0; begin < record.n; begin = end) {
		int interval = record.writes[begin].interval;
		for (end = begin; end < record.n && record.writes[end].interval == interval;)
			end++;
		for (size_t cut = begin; cut < end; cut++) {
			lose_power(c, interval, begin, cut);
			lose_power(c, interval, cut, end);
		}
	}
}

static struct campaign run_campaign(void **state, bool gpt, bool safe)
{
	auto_err e = ERR_INIT;
	struct campaign c = {.gpt = gpt, .path = make_disk(state, "disk.img", gpt)};
	c.before = path_join(*state, "before.img");
	assert_done(run_argv(&e, "cp", "--sparse=always", c.path, c.before, NULL), &e);
	c.old_list = list(c.path);
	record.n = 0;
	record.interval = 0;
	assert_done(extend(c.path, safe, true, &e), &e);
	c.new_list = list(c.path);
	assert_string_not_equal(c.old_list, c.new_list);
	try_all(&c);
	return c;
}

static void campaign_done(struct campaign *c)
{
	free(c->before);
	free(c->path);
	free(c->old_list);
	free(c->new_list);
}
#define auto_campaign __attribute__((cleanup(campaign_done))) struct campaign

static void an_mbr_is_whole_at_any_moment(void **state)
{
	auto_campaign c = run_campaign(state, false, true);
	assert_int_equal(record.n, 1);
	assert_int_equal(c.states, 2);
	assert_int_equal(c.broken, 0);
}

static void a_gpt_is_whole_at_any_moment(void **state)
{
	auto_campaign c = run_campaign(state, true, true);
	assert_true(c.states > 100);
	assert_int_equal(c.broken, 0);
}

/* That this test can see a broken table: without flushes and parking there are such moments. */
static void a_gpt_of_an_image_is_not(void **state)
{
	auto_campaign c = run_campaign(state, true, false);
	assert_true(c.broken > 10);
}

static void the_gpt_is_as_sgdisk_wants_it(void **state)
{
	auto_err e = ERR_INIT;
	auto_str said = STR_INIT;
	autofree char *path = make_disk(state, "disk.img", true);
	assert_done(extend(path, true, false, &e), &e);
	fixture_run((const char *[]){"sgdisk", "-v", path, NULL}, NULL, &said);
	assert_non_null(strstr(said.data, "No problems found"));
}

/* The old copy would lie inside the partition. */
static void the_backup_of_the_smaller_disk_is_gone(void **state)
{
	auto_err e = ERR_INIT;
	char header[8];
	autofree char *path = make_disk(state, "disk.img", true);
	fixture_peek(path, SMALL - SECTOR, header, sizeof(header));
	assert_memory_equal(header, "EFI PART", sizeof(header));
	assert_done(extend(path, true, false, &e), &e);
	fixture_peek(path, SMALL - SECTOR, header, sizeof(header));
	assert_memory_equal(header, "\0\0\0\0\0\0\0", sizeof(header));
}

/* Somebody else's choice, as on boards with a boot loader behind the header: it must not move. */
static void a_list_elsewhere_is_refused(void **state)
{
	auto_err e = ERR_INIT;
	autofree char *path = make_disk(state, "disk.img", true);
	fixture_run((const char *[]){"sgdisk", "-j", "1024", path, NULL}, NULL, NULL);
	assert_refused(extend(path, true, false, &e), &e, ERR_IMAGE,
		       "list of partitions is not behind its header");
}

/* Of a copy of a card that is larger than the image on it: the partitions stay as they are. */
static void a_backup_goes_to_the_end(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	auto_str said = STR_INIT;
	uint8_t header[SECTOR], zeros[SECTOR] = {0};
	autofree char *path = make_disk(state, "disk.img", true);
	autofree char *before = list(path);
	autoclose int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_done(disk_probe(path, NULL, &d, &e), &e);
	struct disk_range at[DISK_BACKUP_RANGES];
	assert_int_equal(disk_backup(d, fd, at), 2);
	assert_int_equal(at[1].start, SMALL - SECTOR);
	assert_done(disk_settle_backup(d, fd, &e), &e);
	fixture_run((const char *[]){"sgdisk", "-v", path, NULL}, NULL, &said);
	assert_non_null(strstr(said.data, "No problems found"));
	fixture_peek(path, SMALL - SECTOR, header, sizeof(header));
	assert_memory_equal(header, zeros, sizeof(header));
	assert_int_equal(disk_backup(d, fd, at), 2);
	assert_int_equal(at[1].start, LARGE - SECTOR);
	autofree char *after = list(path);
	assert_string_equal(strstr(before, "start="), strstr(after, "start="));
}

static void a_backup_that_cannot_move_stays(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	struct disk_range at[DISK_BACKUP_RANGES];
	autofree char *path = make_disk(state, "disk.img", true);
	fixture_run((const char *[]){"sgdisk", "-j", "1024", path, NULL}, NULL, NULL);
	assert_int_equal(truncate(path, LARGE + MIB), 0);
	autoclose int fd = open(path, O_RDWR | O_CLOEXEC);
	assert_done(disk_probe(path, NULL, &d, &e), &e);
	assert_done(disk_settle_backup(d, fd, &e), &e);
	assert_int_equal(disk_backup(d, fd, at), 2);
	assert_int_equal(at[1].start, LARGE - SECTOR);
}

static void an_mbr_ends_at_2_tib(void **state)
{
	auto_err e = ERR_INIT;
	auto_disk *d = NULL;
	uint64_t end;
	autofree char *path = make_disk(state, "disk.img", false);
	assert_int_equal(truncate(path, 3ll << 40), 0);
	autoclose int fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_done(disk_probe(path, NULL, &d, &e), &e);
	assert_done(disk_extend_limit(d, fd, &end, &e), &e);
	assert_int_equal(end, 2ull << 40);
	assert_done(extend(path, true, false, &e), &e);
	autofree char *now = list(path);
	assert_non_null(strstr(now, "start=       10240, size=  4294957056"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		fixture_test(an_mbr_is_whole_at_any_moment),
		fixture_test(a_gpt_is_whole_at_any_moment),
		fixture_test(a_gpt_of_an_image_is_not),
		fixture_test(the_gpt_is_as_sgdisk_wants_it),
		fixture_test(the_backup_of_the_smaller_disk_is_gone),
		fixture_test(a_list_elsewhere_is_refused),
		fixture_test(a_backup_goes_to_the_end),
		fixture_test(a_backup_that_cannot_move_stays),
		fixture_test(an_mbr_ends_at_2_tib),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
