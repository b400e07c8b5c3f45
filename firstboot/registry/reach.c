/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "interrupt.h"
#include "mem.h"
#include "pace.h"
#include "reach.h"

bool reach_resolve(const char *host, struct in_addr *ret)
{
	const struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	if (getaddrinfo(host, NULL, &hints, &found) != 0)
		return false;
	*ret = ((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_addr;
	freeaddrinfo(found);
	return true;
}

/* connect(2), tcp(7), ip(7) */
static enum reach judge(int error)
{
	switch (error) {
	case 0:
		return REACH_OPEN;
	case ECONNREFUSED:
	case ECONNRESET:
		return REACH_REFUSED;
	case EHOSTUNREACH:
	case EHOSTDOWN:
	case ETIMEDOUT:
		return REACH_SILENT;
	default:
		return REACH_NO_NETWORK;
	}
}

/* A socket that is being connected goes to *ret; -1 there when the answer is known already. */
static int start(struct reach_target *t, int port, int *ret, struct err *e)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = t->address,
	};
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "cannot make a socket");
	int error = connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0 ? errno : 0;
	t->answer = error == EINPROGRESS ? REACH_SILENT : judge(error);
	*ret = error == EINPROGRESS ? steal_fd(&fd) : -1;
	return 0;
}

static void finish(struct reach_target *t, struct pollfd *p)
{
	int error = 0;
	socklen_t len = sizeof(error);
	if (getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	t->answer = judge(error);
	close(p->fd);
	p->fd = -1;
}

static int start_all(struct reach_target *targets, struct pollfd *polled, size_t n, int port,
		     struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		polled[i].events = POLLOUT;
		if (start(&targets[i], port, &polled[i].fd, e) < 0)
			return -1;
	}
	return 0;
}

/* Who has not answered in time stays REACH_SILENT. */
static int collect(struct reach_target *targets, struct pollfd *polled, size_t n, int wait_ms,
		   struct err *e)
{
	const uint64_t end = pace_now_ms() + (unsigned)wait_ms;
	size_t open = 0;
	for (size_t i = 0; i < n; i++)
		open += polled[i].fd >= 0;
	for (uint64_t now; open && (now = pace_now_ms()) < end;) {
		if (interrupt_check(e) < 0)
			return -1;
		if (poll(polled, n, (int)(end - now)) < 0 && errno != EINTR)
			return err_errno(e, ERR_FAILED, "cannot wait for connections");
		for (size_t i = 0; i < n; i++) {
			if (polled[i].fd < 0 || !polled[i].revents)
				continue;
			finish(&targets[i], &polled[i]);
			open--;
		}
	}
	return 0;
}

static int reach_some(struct reach_target *targets, size_t n, int port, int wait_ms, struct err *e)
{
	autofree struct pollfd *polled = xcalloc(n + 1, sizeof(*polled));
	for (size_t i = 0; i < n; i++)
		polled[i].fd = -1;
	int r = start_all(targets, polled, n, port, e);
	if (r == 0)
		r = collect(targets, polled, n, wait_ms, e);
	for (size_t i = 0; i < n; i++)
		cleanup_close(&polled[i].fd);
	return r;
}

int reach_all(struct reach_target *targets, size_t n, int port, int wait_ms, struct err *e)
{
	for (size_t done = 0; done < n; done += REACH_AT_ONCE) {
		size_t some = n - done < REACH_AT_ONCE ? n - done : REACH_AT_ONCE;
		if (reach_some(targets + done, some, port, wait_ms, e) < 0)
			return -1;
	}
	return 0;
}
