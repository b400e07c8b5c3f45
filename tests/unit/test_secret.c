/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What STR_SECRET held is nowhere in this process afterwards; its memory is searched as a file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "io.h"
#include "mem.h"

#define SECRET 4096	    /* bytes: the buffer grows many times */
#define MARK 32		    /* so many in a row are no coincidence */
#define MAPPED (64ul << 20) /* larger mappings are the sanitizer's */

/* The secret is only ever computed, so that no copy of it is the test's own. */
static char secret_byte(size_t i)
{
	return (char)(((uint32_t)i * 2654435761u + 12345u) >> 21);
}

static size_t count_in(const char *data, size_t len)
{
	size_t found = 0, run = 0;
	for (size_t i = 0; i < len; i++) {
		/* The beginning of the secret, which every growth copies. */
		run = data[i] == secret_byte(run) ? run + 1 : data[i] == secret_byte(0);
		if (run == MARK) {
			found++;
			run = 0;
		}
	}
	return found;
}

/* How often the first bytes of the secret are in the writable memory of this process. */
static size_t count_copies(void)
{
	size_t found = 0;
	char line[512];
	FILE *maps = fopen("/proc/self/maps", "re");
	autoclose int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long from, to;
		char rights[5];
		if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) != 3 ||
		    strncmp(rights, "rw", 2) != 0 || to - from > MAPPED)
			continue;
		char page[4096];
		for (unsigned long at = from; at < to; at += sizeof(page)) {
			ssize_t n = pread(memory, page, sizeof(page), (off_t)at);
			found += n > 0 ? count_in(page, (size_t)n) : 0;
		}
	}
	fclose(maps);
	return found;
}

static void fill(struct str *s)
{
	for (size_t i = 0; i < SECRET; i++) {
		char byte = secret_byte(i);
		str_add(s, &byte, 1);
	}
}

static void text_that_is_no_secret_stays_in_memory(void **state)
{
	(void)state;
	auto_str s = STR_INIT;
	fill(&s);
	assert_true(count_copies() > 0);
}

static void secret_is_erased_when_it_grows_and_ends(void **state)
{
	(void)state;
	struct str s = STR_SECRET;
	size_t before = count_copies();
	fill(&s);
	assert_int_equal(s.data[SECRET - 1], secret_byte(SECRET - 1));
	assert_int_equal(count_copies(), before + 1);
	str_done(&s);
	assert_int_equal(count_copies(), before);
}

static void secret_read_from_a_file_is_erased(void **state)
{
	(void)state;
	auto_err e = ERR_INIT;
	struct str s = STR_SECRET, content = STR_SECRET;
	size_t before = count_copies();
	fill(&content);
	autoclose int fd = io_memfd("secret", content.data, content.len, &e);
	str_done(&content);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(io_read_fd(fd, "secret", SECRET, &s, &e), 0);
	assert_int_equal(s.len, SECRET);
	str_done(&s);
	assert_int_equal(count_copies(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secret_is_erased_when_it_grows_and_ends),
		cmocka_unit_test(secret_read_from_a_file_is_erased),
		cmocka_unit_test(text_that_is_no_secret_stays_in_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
