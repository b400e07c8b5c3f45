/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "io.h"
#include "mem.h"
#include "progress.h"

#define COLUMNS 60

/* stderr goes to a file or a terminal of our own while a test draws. */
struct capture {
	int saved, fd, slave;
};

static void redirect(struct capture *c, int to)
{
	c->saved = dup(STDERR_FILENO);
	assert_int_equal(dup2(to, STDERR_FILENO), STDERR_FILENO);
}

static struct capture capture_file(void)
{
	struct capture c = {.fd = memfd_create("stderr", MFD_CLOEXEC), .slave = -1};
	assert_true(c.fd >= 0);
	redirect(&c, c.fd);
	return c;
}

static struct capture capture_terminal(void)
{
	struct capture c = {.fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
	struct winsize size = {.ws_col = COLUMNS, .ws_row = 10};
	assert_int_equal(grantpt(c.fd) | unlockpt(c.fd), 0);
	c.slave = open(ptsname(c.fd), O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(ioctl(c.slave, TIOCSWINSZ, &size), 0);
	setenv("TERM", "xterm", 1);
	redirect(&c, c.slave);
	return c;
}

/* Everything that was printed; a terminal's master gives EIO at the end of its slave's output. */
static char *capture_end(struct capture *c)
{
	static char buffer[65536];
	size_t used = 0;
	ssize_t n;
	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	cleanup_close(&c->slave);
	lseek(c->fd, 0, SEEK_SET);
	while ((n = read(c->fd, buffer + used, sizeof(buffer) - 1 - used)) > 0)
		used += (size_t)n;
	buffer[used] = '\0';
	close(c->fd);
	return buffer;
}

static void nap(long ms)
{
	nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void no_progress_object_is_allowed(void **state)
{
	(void)state;
	int id = progress_start(NULL, "copy", 10);
	progress_update(NULL, id, 5);
	progress_say(NULL, "hello");
	progress_end(NULL, id, NULL);
	progress_free(NULL);
}

static void plain_mode_prints_a_line_at_begin_and_end(void **state)
{
	(void)state;
	struct capture c = capture_file();
	struct progress *p = progress_new(PROGRESS_AUTO);
	int id = progress_start(p, "worker001.img", 100);
	progress_update(p, id, 50);
	progress_say(p, "%d nodes", 3);
	progress_end(p, id, "213 changes, 0.4 s");
	progress_free(p);
	assert_string_equal(capture_end(&c),
			    "worker001.img ...\n3 nodes\nworker001.img: 213 changes, 0.4 s\n");
}

static void quiet_mode_prints_nothing(void **state)
{
	(void)state;
	struct capture c = capture_file();
	struct progress *p = progress_new(PROGRESS_QUIET);
	int id = progress_start(p, "copy", 0);
	progress_say(p, "hello");
	progress_end(p, id, NULL);
	progress_free(p);
	assert_string_equal(capture_end(&c), "");
}

static void json_mode_prints_an_object_a_line(void **state)
{
	(void)state;
	struct capture c = capture_file();
	struct progress *p = progress_new(PROGRESS_JSON);
	int id = progress_start(p, "a\"b\\\n\xff\xc3\xa9", 10);
	progress_update(p, id, 10);
	progress_end(p, id, "fine");
	progress_free(p);
	const char *out = capture_end(&c);
	assert_non_null(strstr(out, "{\"event\":\"start\",\"id\":0,"
				    "\"step\":\"a\\\"b\\\\\\n�\xc3\xa9\",\"done\":0,"));
	assert_non_null(strstr(out, "{\"event\":\"end\",\"id\":0,"));
	assert_non_null(strstr(out, "\"done\":10,\"total\":10,"));
	assert_non_null(strstr(out, ",\"note\":\"fine\"}\n"));
}

static void terminal_shows_a_bar_for_each_step_and_keeps_done_lines_above(void **state)
{
	(void)state;
	struct capture c = capture_terminal();
	struct progress *p = progress_new(PROGRESS_AUTO);
	int a = progress_start(p, "a.img", 100), b = progress_start(p, "b.img", 100);
	nap(120);
	progress_update(p, a, 50);
	progress_end(p, a, "made");
	progress_end(p, b, NULL);
	progress_free(p);
	const char *out = capture_end(&c);
	assert_non_null(strstr(out, "\033[2A\033[J")); /* two bars are redrawn */
	assert_non_null(strstr(out, " 50 %"));
	const char *done = strstr(out, "a.img: made\r\n");
	assert_non_null(done);
	assert_non_null(strstr(done, "b.img  ")); /* the other bar is below */
	assert_non_null(strstr(done, "b.img: done, "));
}

static void terminal_is_redrawn_at_most_ten_times_a_second(void **state)
{
	(void)state;
	struct capture c = capture_terminal();
	struct progress *p = progress_new(PROGRESS_AUTO);
	int id = progress_start(p, "a.img", 100000);
	for (uint64_t i = 0; i < 100000; i++)
		progress_update(p, id, i);
	progress_free(p);
	size_t redraws = 0;
	for (const char *s = capture_end(&c); (s = strstr(s, "\033[1A")); s++)
		redraws++;
	assert_in_range(redraws, 1, 8);
}

static void lines_fit_the_terminal_and_control_characters_do_not_reach_it(void **state)
{
	(void)state;
	struct capture c = capture_terminal();
	struct progress *p = progress_new(PROGRESS_AUTO);
	autofree char *name = xmalloc(1000);
	memset(name, 'x', 999);
	name[999] = '\0';
	memcpy(name, "\033[2J\xc2\x9b", 6);
	progress_start(p, name, 7);
	progress_free(p);
	char *line = strtok(capture_end(&c), "\r\n");
	assert_memory_equal(line, "?[2J?xxx", 8);
	assert_true(strlen(line) < COLUMNS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_progress_object_is_allowed),
		cmocka_unit_test(plain_mode_prints_a_line_at_begin_and_end),
		cmocka_unit_test(quiet_mode_prints_nothing),
		cmocka_unit_test(json_mode_prints_an_object_a_line),
		cmocka_unit_test(terminal_shows_a_bar_for_each_step_and_keeps_done_lines_above),
		cmocka_unit_test(terminal_is_redrawn_at_most_ten_times_a_second),
		cmocka_unit_test(lines_fit_the_terminal_and_control_characters_do_not_reach_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
