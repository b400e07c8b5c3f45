/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Public keys of GitHub and Launchpad, from a server of our own. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "custom/key_site.h"
#include "io.h"
#include "mem.h"
#include "run.h"

#define KEY "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDiOQ4bMn7dsC0zsXZ3bL7lBjNLsy8sGfaWfBgRVW2nN"
#define DSA "ssh-dss AAAAB3NzaC1kc3MAAACBAP8Z old@laptop"
#define FILE_NAME "keys/gh-octo-cat.pub"

struct world {
	struct cluster cluster;
	struct key_site site;
	char *url;
	pid_t server;
};

static void answer(int fd, const char *request, int status, const char *body, size_t len)
{
	auto_err ignored = ERR_INIT;
	bool known = strstr(request, "GET /octo-cat.keys ") != NULL;
	autofree char *head =
		xasprintf("HTTP/1.1 %d X\r\nConnection: close\r\nLocation: file:///etc/passwd\r\n"
			  "Content-Length: %zu\r\n\r\n",
			  known ? status : 400, len);
	if (io_write_fd(fd, "client", head, strlen(head), &ignored) < 0 ||
	    io_write_fd(fd, "client", body, len, &ignored) < 0)
		return;
}

static _Noreturn void serve(int listener, int status, const char *body, size_t len)
{
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails does not stop it */
	for (;;) {
		char request[4096];
		autoclose int fd = accept(listener, NULL, NULL);
		ssize_t n = read(fd, request, sizeof(request) - 1);
		request[n > 0 ? n : 0] = '\0';
		answer(fd, request, status, body, len);
	}
}

/* A cluster directory, and a GitHub that gives this answer to everything. */
static void begin_bytes(struct world *w, int status, const char *body, size_t n)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(a);
	const char *tmp = getenv("TMPDIR"), *user;
	auto_err e = ERR_INIT;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*w = (struct world){.site = *key_site_find("gh:octo-cat", &user), .cluster.lock = 0};
	w->url = xasprintf("http://127.0.0.1:%d/", ntohs(a.sin_port));
	w->site.before = w->url;
	w->cluster.dir = xasprintf("%s/cardstock-site-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	assert_non_null(mkdtemp(w->cluster.dir));
	autofree char *keys = path_join(w->cluster.dir, "keys");
	assert_int_equal(io_mkdirs(keys, 0700, &e), 0);
	setenv("no_proxy", "127.0.0.1", 1);
	w->server = fork();
	if (w->server == 0)
		serve(fd, status, body, n);
	close(fd);
}

static void begin(struct world *w, int status, const char *body)
{
	begin_bytes(w, status, body, strlen(body));
}

static void stop_server(struct world *w)
{
	if (w->server > 0) {
		kill(w->server, SIGKILL);
		waitpid(w->server, NULL, 0);
	}
	w->server = 0;
}

static void end(struct world *w)
{
	auto_err e = ERR_INIT;
	stop_server(w);
	assert_int_equal(run_argv(&e, "rm", "-rf", w->cluster.dir, NULL), 0);
	free(w->cluster.dir);
	free(w->url);
}

static int fetch(struct world *w, struct err *e)
{
	return key_site_fetch(&w->site, "octo-cat", &w->cluster, e);
}

static void assert_kept(struct world *w, const char *keys)
{
	auto_err e = ERR_INIT;
	auto_str text = STR_INIT;
	autofree char *wanted = xasprintf("# from %socto-cat.keys; delete this file to fetch it "
					  "again\n%s",
					  w->url, keys);
	assert_int_equal(cluster_read(&w->cluster, FILE_NAME, &text, &e), 0);
	assert_string_equal(str_text(&text), wanted);
}

static void refused(int status, const char *body, size_t len, enum err_code code,
		    const char *fragment)
{
	struct world w;
	auto_err e = ERR_INIT;
	begin_bytes(&w, status, body, len);
	assert_int_equal(fetch(&w, &e), -1);
	if (e.code != code || !strstr(e.msg, fragment) || !strstr(e.msg, w.url))
		fail_msg("code %d: '%s' has no '%s'", e.code, e.msg, fragment);
	assert_false(cluster_has(&w.cluster, FILE_NAME));
	end(&w);
}

static void keys_are_fetched_once(void **state)
{
	(void)state;
	struct world w;
	auto_err e = ERR_INIT;
	begin(&w, 200, KEY "\r\n" DSA "\n\n" KEY " me@laptop");
	assert_int_equal(fetch(&w, &e), 0);
	assert_kept(&w, KEY "\n" KEY " me@laptop\n");
	stop_server(&w);
	assert_int_equal(fetch(&w, &e), 0);
	end(&w);
}

static void a_deleted_file_is_fetched_again(void **state)
{
	(void)state;
	struct world w;
	auto_err e = ERR_INIT;
	begin(&w, 200, KEY);
	assert_int_equal(cluster_keep(&w.cluster, FILE_NAME, "# old\n", &e), 0);
	assert_int_equal(fetch(&w, &e), 0);
	autofree char *path = path_join(w.cluster.dir, FILE_NAME);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(fetch(&w, &e), 0);
	assert_kept(&w, KEY "\n");
	end(&w);
}

static void a_user_without_keys_is_named(void **state)
{
	(void)state;
	refused(404, "Not Found", 9, ERR_PROFILE, "GitHub knows no user 'octo-cat'");
	refused(200, "", 0, ERR_PROFILE, "the user has no ssh key there");
	refused(200, DSA "\n", strlen(DSA) + 1, ERR_PROFILE, "the user has no ssh key there");
}

static void other_answers_are_errors(void **state)
{
	(void)state;
	refused(503, "busy", 4, ERR_FAILED, "the server answers 503; try again later");
	refused(302, "", 0, ERR_FAILED, "file");
}

static void only_plain_keys_are_taken(void **state)
{
	(void)state;
	static const char options[] = "command=\"/bin/sh\" " KEY "\n";
	static const char page[] = "<html>\n";
	static const char escape[] = KEY " \033[2J\n";
	static const char nul[] = KEY "\n\0";
	refused(200, options, strlen(options), ERR_FAILED, "options before a key");
	refused(200, page, strlen(page), ERR_FAILED, "not a public ssh key");
	refused(200, escape, strlen(escape), ERR_FAILED, "control characters");
	refused(200, nul, sizeof(nul), ERR_FAILED, "not text");
}

static void an_endless_answer_is_cut(void **state)
{
	(void)state;
	size_t len = 1u << 20;
	autofree char *body = xmalloc(len);
	memset(body, 'a', len);
	refused(200, body, len, ERR_FAILED, "sends more than 262144 bytes");
}

static void a_server_that_is_not_there_is_an_error(void **state)
{
	(void)state;
	struct world w;
	auto_err e = ERR_INIT;
	begin(&w, 200, KEY);
	stop_server(&w);
	assert_int_equal(fetch(&w, &e), -1);
	assert_non_null(strstr(e.msg, "check the network"));
	end(&w);
}

static void the_shipped_sites_are_https(void **state)
{
	(void)state;
	const char *user;
	const struct key_site *gh = key_site_find("gh:torvalds", &user);
	autofree char *url = key_site_url(gh, user);
	assert_string_equal(url, "https://github.com/torvalds.keys");
	const struct key_site *lp = key_site_find("lp:sabdfl", &user);
	autofree char *other = key_site_url(lp, user);
	assert_string_equal(other, "https://launchpad.net/~sabdfl/+sshkeys");
	for (const struct key_site *s = key_sites; s->prefix; s++)
		assert_int_equal(strncmp(s->before, "https://", 8), 0);
}

static void names_have_a_grammar(void **state)
{
	(void)state;
	static const char *const good[] = {"gh:a",   "gh:Octo-Cat", "gh:me_corp", "lp:a.b+c-d",
					   "me.pub", "~/x.pub",	    "./gh:me",	  "keys/a:b"};
	static const char *const bad[] = {
		"gh:",	     "gh:-a",	"gh:a/b", "gh:a.b",
		"gh:a?b",    "gh:../a", "lp:Big", "lp:a/b",
		"https://x", "git:me",	"",	  "gh:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		auto_err e = ERR_INIT;
		assert_int_equal(key_site_check(good[i], &e), 0);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		auto_err e = ERR_INIT;
		assert_int_equal(key_site_check(bad[i], &e), -1);
		assert_int_equal(e.code, ERR_PROFILE);
	}
}

static void fingerprints_are_those_of_ssh_keygen(void **state)
{
	(void)state;
	auto_err e = ERR_INIT;
	auto_str out = STR_INIT;
	autofree char *is = cluster_fingerprint(KEY " me@laptop");
	const char *argv[] = {"ssh-keygen", "-l", "-f", "-", NULL};
	const struct run r = {
		.argv = argv, .input = KEY "\n", .input_len = strlen(KEY) + 1, .output = &out};
	assert_int_equal(run(&r, &e), 0);
	assert_non_null(strstr(str_text(&out), is));
	assert_int_equal(strlen(is), strlen("SHA256:") + 43);
	assert_null(cluster_fingerprint("ssh-ed25519 ???"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_fetched_once),
		cmocka_unit_test(a_deleted_file_is_fetched_again),
		cmocka_unit_test(a_user_without_keys_is_named),
		cmocka_unit_test(other_answers_are_errors),
		cmocka_unit_test(only_plain_keys_are_taken),
		cmocka_unit_test(an_endless_answer_is_cut),
		cmocka_unit_test(a_server_that_is_not_there_is_an_error),
		cmocka_unit_test(the_shipped_sites_are_https),
		cmocka_unit_test(names_have_a_grammar),
		cmocka_unit_test(fingerprints_are_those_of_ssh_keygen),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
