/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who answers at a port, on addresses of this machine alone. */
#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "../assert_err.h"
#include "mem.h"
#include "pace.h"
#include "registry/reach.h"

static struct reach_target target(const char *address)
{
	struct reach_target t = {.answer = REACH_NO_NETWORK};
	assert_int_equal(inet_pton(AF_INET, address, &t.address), 1);
	return t;
}

/* A socket that listens there; *port 0: on any, which goes there. */
static int listen_at(const char *address, int backlog, int *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	inet_pton(AF_INET, address, &at.sin_addr);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

/* Nobody accepts: the kernel takes backlog + 1 connections and drops what comes then. */
static void fill(int port)
{
	static int held[2];
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	inet_pton(AF_INET, "127.0.0.13", &to.sin_addr);
	for (size_t i = 0; i < 2; i++) {
		held[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)!connect(held[i], (struct sockaddr *)&to, sizeof(to));
	}
}

static void a_listener_a_kernel_and_silence_are_told_apart(void **state)
{
	int port = 0;
	autoclose int open = listen_at("127.0.0.11", 8, &port);
	autoclose int full = listen_at("127.0.0.13", 0, &port);
	struct reach_target t[] = {target("127.0.0.11"), target("127.0.0.12"),
				   target("127.0.0.13")};
	auto_err e = ERR_INIT;
	(void)state;
	assert_true(open >= 0 && full >= 0);
	fill(port);
	uint64_t began = pace_now_ms();
	assert_ok(reach_all(t, 3, port, 700, &e), &e);
	assert_in_range(pace_now_ms() - began, 650, 2500);
	assert_int_equal(t[0].answer, REACH_OPEN);
	assert_int_equal(t[1].answer, REACH_REFUSED);
	assert_int_equal(t[2].answer, REACH_SILENT);
}

static void nobody_is_waited_for_once_all_have_answered(void **state)
{
	int port = 0;
	autoclose int open = listen_at("127.0.0.11", 8, &port);
	struct reach_target t[] = {target("127.0.0.11"), target("127.0.0.12")};
	auto_err e = ERR_INIT;
	uint64_t began = pace_now_ms();
	(void)state;
	assert_true(open >= 0);
	assert_ok(reach_all(t, 2, port, 30000, &e), &e);
	assert_true(pace_now_ms() - began < 10000);
	assert_int_equal(t[0].answer, REACH_OPEN);
}

/* More than there are descriptors for at once. */
static void thousands_are_asked_in_parts(void **state)
{
	enum { N = 2500 };
	int port = 0;
	autoclose int open = listen_at("127.1.0.9", 8, &port);
	autofree struct reach_target *t = xcalloc(N, sizeof(*t));
	auto_err e = ERR_INIT;
	(void)state;
	assert_true(open >= 0);
	for (uint32_t i = 0; i < N; i++)
		t[i].address.s_addr = htonl((127u << 24) + (1u << 16) + i);
	assert_ok(reach_all(t, N, port, 3000, &e), &e);
	for (size_t i = 0; i < N; i++)
		assert_int_equal(t[i].answer, i == 9 ? REACH_OPEN : REACH_REFUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_listener_a_kernel_and_silence_are_told_apart),
		cmocka_unit_test(nobody_is_waited_for_once_all_have_answered),
		cmocka_unit_test(thousands_are_asked_in_parts),
	};
	return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}
