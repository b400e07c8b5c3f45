/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <arpa/inet.h>
#include <glob.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "io.h"
#include "mem.h"
#include "source.h"
#include "workdir.h"

#define SIZE (4u << 20)
#define CUT (3u << 19) /* where a cut connection ends, bytes of a response */

/* How the server behaves, changed by the tests while it runs, and what it saw. */
struct server {
	int port;
	int cut;      /* so many responses end after CUT bytes */
	int version;  /* of the file: its ETag and its content */
	bool no_etag; /* nothing to validate a part with */
	bool ignores_range;
	int status; /* other than 0: the answer to everything */
	char location[256];
	int requests, ranges;
	uint64_t sent;
};

static struct server *server;
static pid_t server_pid;
static char *home;

static unsigned char content(size_t i, int version)
{
	return (unsigned char)((i * 2654435761u >> 13) + (unsigned)version);
}

static void send_all(int fd, const void *data, size_t len)
{
	auto_err ignored = ERR_INIT;
	if (io_write_fd(fd, "client", data, len, &ignored) == 0)
		server->sent += len;
}

static void send_body(int fd, size_t from)
{
	size_t end = SIZE;
	if (server->cut > 0) {
		server->cut--;
		end = from + CUT < SIZE ? from + CUT : SIZE;
	}
	autofree unsigned char *body = xmalloc(SIZE);
	for (size_t i = from; i < end; i++)
		body[i] = content(i, server->version);
	send_all(fd, body + from, end - from);
}

/* The start of a "Range: bytes=N-" whose If-Range is the ETag of now; 0 for the whole file. */
static size_t wanted_start(const char *request)
{
	autofree char *etag = xasprintf("If-Range: \"v%d\"\r\n", server->version);
	const char *range = strstr(request, "Range: bytes=");
	if (!range || server->ignores_range || !strstr(request, etag))
		return 0;
	server->ranges++;
	return (size_t)strtoull(range + strlen("Range: bytes="), NULL, 10);
}

static void answer(int fd, const char *request)
{
	auto_str head = STR_INIT;
	size_t from = wanted_start(request);
	bool complete = from == SIZE;
	int status = server->status ? server->status : complete ? 416 : from ? 206 : 200;
	server->requests++;
	str_printf(&head, "HTTP/1.1 %d X\r\nConnection: close\r\n", status);
	if (!server->no_etag)
		str_printf(&head, "ETag: \"v%d\"\r\n", server->version);
	if (status == 206)
		str_printf(&head, "Content-Range: bytes %zu-%u/%u\r\n", from, SIZE - 1, SIZE);
	if (status == 416)
		str_printf(&head, "Content-Range: bytes */%u\r\n", SIZE);
	if (server->status && server->location[0])
		str_printf(&head, "Location: %s\r\n", server->location);
	bool body = status == 200 || status == 206;
	str_printf(&head, "Content-Length: %zu\r\n\r\n", body ? SIZE - from : (size_t)0);
	send_all(fd, head.data, head.len);
	if (body)
		send_body(fd, from);
}

static _Noreturn void serve(int listener)
{
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		char request[4096];
		size_t used = 0;
		autoclose int fd = accept(listener, NULL, NULL);
		ssize_t n;
		request[0] = '\0';
		while (!strstr(request, "\r\n\r\n") && used + 1 < sizeof(request) &&
		       (n = read(fd, request + used, sizeof(request) - 1 - used)) > 0) {
			used += (size_t)n;
			request[used] = '\0';
		}
		if (strstr(request, "/moved "))
			server->status = 0;
		answer(fd, request);
	}
}

static void start_server(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	server->port = ntohs(a.sin_port);
	server_pid = fork();
	if (server_pid == 0)
		serve(fd);
	close(fd);
}

static void stop_server(void)
{
	if (server_pid > 0) {
		kill(server_pid, SIGKILL);
		waitpid(server_pid, NULL, 0);
	}
	server_pid = 0;
}

static int setup(void **state)
{
	(void)state;
	const char *tmp = getenv("TMPDIR");
	home = xasprintf("%s/cardstock-fetch-XXXXXX", tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(home));
	server = mmap(NULL, sizeof(*server), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	assert_ptr_not_equal(server, MAP_FAILED);
	server->version = 1;
	start_server();
	setenv("no_proxy", "127.0.0.1", 1);
	return setenv("XDG_CACHE_HOME", home, 1);
}

static int teardown(void **state)
{
	(void)state;
	stop_server();
	munmap(server, sizeof(*server));
	nftw(home, workdir_remove, 16, FTW_DEPTH | FTW_PHYS);
	free(home);
	return 0;
}

static char *url_of(const char *rest)
{
	return xasprintf("http://127.0.0.1:%d/%s", server->port, rest);
}

static int get_url(const char *url, const char *sha256, struct source **ret, struct err *e)
{
	const struct strv none = {0};
	const struct source_spec spec = {
		.base = url, .sha256 = sha256, .dir = ".", .search = &none};
	return source_get(&spec, NULL, ret, e);
}

static void assert_downloads_version(const char *sha256, int version)
{
	autofree char *url = url_of("a.img");
	auto_err e = ERR_INIT;
	auto_source *s = NULL;
	auto_str data = STR_INIT;
	if (get_url(url, sha256, &s, &e) < 0)
		fail_msg("%s", e.msg);
	assert_int_equal(io_read_file(s->path, SIZE, &data, &e), 0);
	assert_int_equal(data.len, SIZE);
	for (size_t i = 0; i < SIZE; i++) {
		if ((unsigned char)data.data[i] != content(i, version))
			fail_msg("byte %zu differs", i);
	}
}

static void assert_fails(const char *url, const char *sha256, enum err_code code,
			 const char *fragment)
{
	auto_err e = ERR_INIT;
	auto_source *s = NULL;
	assert_int_equal(get_url(url, sha256, &s, &e), -1);
	if (e.code != code || !strstr(e.msg, fragment))
		fail_msg("code %d, not %d, or '%s' has no '%s'", e.code, code, e.msg, fragment);
}

/* The first file of the cache's downloads whose name ends in suffix; the number of all. */
static size_t find_downloads(const char *suffix, char **ret)
{
	autofree char *pattern = xasprintf("%s/cardstock/downloads/*%s", home, suffix);
	glob_t found = {0};
	size_t n = glob(pattern, 0, NULL, &found) == 0 ? found.gl_pathc : 0;
	if (n && ret)
		*ret = xstrdup(found.gl_pathv[0]);
	globfree(&found);
	return n;
}

static size_t count_downloads(const char *suffix)
{
	return find_downloads(suffix, NULL);
}

static bool is_at_hand(void)
{
	const struct strv none = {0};
	autofree char *url = url_of("a.img");
	const struct source_spec spec = {.base = url, .dir = ".", .search = &none, .at_hand = true};
	auto_err e = ERR_INIT;
	auto_source *s = NULL;
	if (source_get(&spec, NULL, &s, &e) < 0)
		fail_msg("%s", e.msg);
	return s != NULL;
}

static void downloads_once_and_then_needs_no_network(void **state)
{
	(void)state;
	assert_false(is_at_hand());
	assert_downloads_version(NULL, 1);
	assert_true(is_at_hand());
	int requests = server->requests;
	stop_server();
	assert_downloads_version(NULL, 1);
	assert_int_equal(requests, 1);
	assert_int_equal(count_downloads(".part") + count_downloads(".from"), 0);
	assert_int_equal(count_downloads(".lock"), 0);
}

static void cut_connection_is_resumed(void **state)
{
	(void)state;
	server->cut = 2;
	assert_downloads_version(NULL, 1);
	assert_int_equal(server->requests, 3);
	assert_int_equal(server->ranges, 2);
	assert_in_range(server->sent, SIZE, SIZE + 4096);
}

/* The part of a run that was killed, as a run that could not finish leaves it. */
static void leave_part(void)
{
	autofree char *url = url_of("a.img");
	server->cut = 100;
	server->ignores_range = true;
	pid_t pid = fork();
	if (pid == 0) {
		auto_err e = ERR_INIT;
		struct source *s = NULL;
		alarm(1);
		_exit(get_url(url, NULL, &s, &e) < 0);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(count_downloads(".part"), 1);
	server->cut = 0;
	server->ignores_range = false;
	server->requests = server->ranges = 0;
	server->sent = 0;
}

static void next_run_resumes_what_a_killed_one_left(void **state)
{
	(void)state;
	leave_part();
	assert_downloads_version(NULL, 1);
	assert_int_equal(server->ranges, 1);
	assert_in_range(server->sent, 1, SIZE - CUT + 4096);
	assert_int_equal(count_downloads(".lock"), 0);
}

static void file_that_changed_on_the_server_is_loaded_whole(void **state)
{
	(void)state;
	leave_part();
	server->version = 2;
	assert_downloads_version(NULL, 2);
	assert_int_equal(server->ranges, 0);
}

static void part_without_validator_is_loaded_again(void **state)
{
	(void)state;
	server->no_etag = true;
	leave_part();
	assert_downloads_version(NULL, 1);
	assert_int_equal(server->ranges, 0);
}

static void complete_part_is_taken(void **state)
{
	(void)state;
	leave_part();
	autofree char *part = NULL;
	assert_int_equal(find_downloads(".part", &part), 1);
	autofree unsigned char *all = xmalloc(SIZE);
	auto_err e = ERR_INIT;
	for (size_t i = 0; i < SIZE; i++)
		all[i] = content(i, 1);
	assert_int_equal(io_replace_file(part, all, SIZE, 0600, &e), 0);
	assert_downloads_version(NULL, 1);
	assert_in_range(server->sent, 1, 4096);
}

static void digest_is_checked_and_a_wrong_file_is_dropped(void **state)
{
	(void)state;
	autofree char *url = url_of("a.img");
	static const char wrong[] =
		"1111111111111111111111111111111111111111111111111111111111111111";
	assert_fails(url, wrong, ERR_IMAGE, ", but 11111111");
	assert_int_equal(count_downloads(""), 0);
}

static void right_digest_is_accepted_over_a_resume(void **state)
{
	(void)state;
	/* sha256sum of version 1 */
	static const char right[] =
		"25c293855ae575f6a1df6798745e3eca964254bc16b22b99e7ee8e583257327f";
	server->cut = 1;
	assert_downloads_version(right, 1);
	assert_int_equal(server->ranges, 1);
}

static void redirect_is_followed(void **state)
{
	(void)state;
	server->status = 302;
	snprintf(server->location, sizeof(server->location), "/moved");
	assert_downloads_version(NULL, 1);
	assert_int_equal(server->requests, 2);
}

static void redirect_to_another_protocol_is_refused(void **state)
{
	(void)state;
	autofree char *url = url_of("a.img");
	server->status = 302;
	snprintf(server->location, sizeof(server->location), "file:///etc/passwd");
	assert_fails(url, NULL, ERR_FAILED, "rotocol \"file\"");
	assert_int_equal(count_downloads(""), 0);
}

static void missing_file_is_named_without_credentials(void **state)
{
	(void)state;
	autofree char *url = xasprintf("http://me:secret@127.0.0.1:%d/a.img?token=hidden",
				       server->port);
	autofree char *shown = xasprintf("http://127.0.0.1:%d/a.img?...: ", server->port);
	auto_err e = ERR_INIT;
	auto_source *s = NULL;
	server->status = 404;
	assert_int_equal(get_url(url, NULL, &s, &e), -1);
	assert_int_equal(strncmp(e.msg, shown, strlen(shown)), 0);
	assert_non_null(strstr(e.msg, "404 (not found)"));
	assert_null(strstr(e.msg, "secret"));
	assert_null(strstr(e.msg, "hidden"));
	assert_int_equal(server->requests, 1);
	assert_int_equal(count_downloads(""), 0);
}

static void server_that_is_not_there_is_an_error(void **state)
{
	(void)state;
	autofree char *url = url_of("a.img");
	stop_server();
	assert_fails(url, NULL, ERR_FAILED, "check the network and the URL");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(downloads_once_and_then_needs_no_network),
		TEST(cut_connection_is_resumed),
		TEST(next_run_resumes_what_a_killed_one_left),
		TEST(file_that_changed_on_the_server_is_loaded_whole),
		TEST(part_without_validator_is_loaded_again),
		TEST(complete_part_is_taken),
		TEST(digest_is_checked_and_a_wrong_file_is_dropped),
		TEST(right_digest_is_accepted_over_a_resume),
		TEST(redirect_is_followed),
		TEST(redirect_to_another_protocol_is_refused),
		TEST(missing_file_is_named_without_credentials),
		TEST(server_that_is_not_there_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
