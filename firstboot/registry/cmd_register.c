/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "mem.h"
#include "options.h"
#include "register.h"

/* For the whole line, however it trickles in. */
#define LINE_MS 10000
/* For everything: waiting for others included. */
#define ALARM_SECONDS 60

static long long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Bytes up to the newline or the end; NULL, or why this is no line. */
static const char *read_line(int fd, struct str *out)
{
	long long end = now_ms() + LINE_MS;
	char buffer[4096];
	for (;;) {
		struct pollfd in = {fd, POLLIN, 0};
		long long left = end - now_ms();
		if (left <= 0 || poll(&in, 1, (int)left) == 0)
			return "no line came in time";
		ssize_t n = read(fd, buffer, sizeof(buffer));
		if (n < 0 && errno != EINTR)
			return "no line could be read";
		const char *newline = n > 0 ? memchr(buffer, '\n', (size_t)n) : NULL;
		str_add(out, buffer, newline ? (size_t)(newline - buffer) : n > 0 ? (size_t)n : 0);
		if (newline || n == 0)
			return NULL;
		if (out->len > REQUEST_MAX)
			return NULL; /* the parser says so */
	}
}

/* What went wrong here is for the log; the board has to try again. */
static void fail(const struct err *e, struct str *reply)
{
	syslog(LOG_ERR, "%s", e->msg);
	str_done(reply);
	reply_other(REPLY_BUSY, NULL, "the registry has a problem; try again", reply);
}

static int answer(const struct options *o, struct str *reply, struct err *e)
{
	auto_auth a = {0};
	auto_store *s = NULL;
	auto_str line = STR_INIT;
	if (auth_read(&a, e) < 0)
		return -1;
	const char *fault = read_line(STDIN_FILENO, &line);
	if (fault) {
		reply_other(REPLY_REFUSED, NULL, fault, reply);
		return 0;
	}
	if (store_open(registry_dir(o), STORE_WRITE, &s, e) < 0)
		return -1;
	return register_line(s, &a, &line, reply, e);
}

int cmd_register(const struct options *o, struct err *e)
{
	auto_str reply = STR_SECRET;
	auto_err failure = ERR_INIT;
	alarm(ALARM_SECONDS);
	if (answer(o, &reply, &failure) < 0)
		fail(&failure, &reply);
	return io_write_fd(STDOUT_FILENO, "standard output", str_text(&reply), reply.len, e);
}
