/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdarg.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io.h"
#include "log.h"
#include "mem.h"
#include "run.h"

extern char **environ;

#define OUTPUT_MAX (256u << 20)
#define STDERR_MAX (64u << 10)
#define LOOK_MS 200 /* how often is looked for an interrupt that came outside of poll */

static int (*interrupt_came)(void);
static int interrupt_patience_ms = RUN_PATIENCE_MS;

void run_set_interrupt(int (*came)(void), int patience_ms)
{
	interrupt_came = came;
	interrupt_patience_ms = patience_ms;
}

int run_patience_ms(void)
{
	return interrupt_patience_ms;
}

/* One end per stream that we hold while the program runs; -1 once closed. */
struct pipes {
	int in, out, err;
};

static void pipes_done(struct pipes *p)
{
	cleanup_close(&p->in);
	cleanup_close(&p->out);
	cleanup_close(&p->err);
}

/* The program, and since when it has been asked to end. */
struct child {
	pid_t pid;
	bool told;
	struct timespec told_at;
};

/* mtools, e2fsprogs and dosfstools live in /usr/sbin, which is not in every user's PATH. */
static char *find_program(const char *name)
{
	if (strchr(name, '/'))
		return access(name, X_OK) == 0 ? xstrdup(name) : NULL;
	const char *path = getenv("PATH");
	autofree char *all = xasprintf("%s:/usr/sbin:/sbin", path ? path : "/usr/bin:/bin");
	auto_strv dirs = {0};
	strv_split(&dirs, all, ":");
	strv_foreach (dir, &dirs) {
		autofree char *candidate = path_join(*dir, name);
		if (access(candidate, X_OK) == 0)
			return steal(&candidate);
	}
	return NULL;
}

bool run_is_installed(const char *program)
{
	autofree char *path = find_program(program);
	return path != NULL;
}

static bool env_is_replaced(const char *entry, const struct strv *ours)
{
	size_t name = strcspn(entry, "=") + 1;
	strv_foreach (item, ours) {
		if (strncmp(*item, entry, name) == 0)
			return true;
	}
	return false;
}

static void build_env(struct strv *out, const char *const *extra)
{
	static const char *const defaults[] = {"LC_ALL=C", "TZ=UTC", NULL};
	auto_strv ours = {0};
	for (; extra && *extra; extra++)
		strv_add(&ours, *extra);
	for (const char *const *entry = defaults; *entry; entry++) {
		if (!env_is_replaced(*entry, &ours))
			strv_add(&ours, *entry);
	}
	for (char **entry = environ; *entry; entry++) {
		if (!env_is_replaced(*entry, &ours))
			strv_add(out, *entry);
	}
	strv_foreach (item, &ours)
		strv_add(out, *item);
}

/* Make a pipe whose end *theirs becomes descriptor `target` of the program; *ours stays here. */
static int add_pipe(posix_spawn_file_actions_t *actions, int target, int *ours, int *theirs)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	bool child_reads = target == 0;
	*theirs = child_reads ? ends[0] : ends[1];
	*ours = child_reads ? ends[1] : ends[0];
	posix_spawn_file_actions_adddup2(actions, *theirs, target);
	return 0;
}

static int add_streams(const struct run *r, posix_spawn_file_actions_t *actions, struct pipes *ours,
		       struct pipes *theirs)
{
	if (!r->input)
		posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);
	else if (add_pipe(actions, 0, &ours->in, &theirs->in) < 0)
		return -1;
	if (r->passthrough) {
		posix_spawn_file_actions_adddup2(actions, 2, 1);
		return 0;
	}
	if (add_pipe(actions, 2, &ours->err, &theirs->err) < 0)
		return -1;
	if (r->output)
		return add_pipe(actions, 1, &ours->out, &theirs->out);
	posix_spawn_file_actions_addopen(actions, 1, "/dev/null", O_WRONLY, 0);
	return 0;
}

/* Returns an errno, as posix_spawn does. */
static int spawn(const struct run *r, const char *program,
		 const posix_spawn_file_actions_t *actions, pid_t *ret_pid)
{
	posix_spawnattr_t attr;
	posix_spawnattr_init(&attr);
	sigset_t defaults;
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	auto_strv env = {0};
	build_env(&env, r->env);
	int failure = posix_spawn(ret_pid, program, actions, &attr, (char **)r->argv, env.v);
	posix_spawnattr_destroy(&attr);
	return failure;
}

static int start(const struct run *r, struct pipes *ours, pid_t *ret_pid, struct err *e)
{
	autofree char *program = find_program(r->argv[0]);
	if (!program)
		return err_set(e, ERR_FAILED,
			       "program '%s' is not installed; install the package that has it",
			       r->argv[0]);
	struct pipes theirs = {-1, -1, -1};
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	int failure = add_streams(r, &actions, ours, &theirs) < 0
			      ? errno
			      : spawn(r, program, &actions, ret_pid);
	posix_spawn_file_actions_destroy(&actions);
	pipes_done(&theirs);
	errno = failure;
	return failure ? err_errno(e, ERR_FAILED, "%s: cannot start", program) : 0;
}

static long elapsed_ms(const struct timespec *since)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000 + (now.tv_nsec - since->tv_nsec) / 1000000;
}

static void child_end(struct child *c)
{
	if (c->told)
		return;
	c->told = true;
	clock_gettime(CLOCK_MONOTONIC, &c->told_at);
	kill(c->pid, SIGTERM);
}

/*
 * Ask the program to end once an interrupt came.  True when it did not in time and was killed:
 * programs of its own may hold the pipes open.
 */
static bool child_look(struct child *c)
{
	if (interrupt_came && interrupt_came())
		child_end(c);
	if (!c->told || elapsed_ms(&c->told_at) < interrupt_patience_ms)
		return false;
	kill(c->pid, SIGKILL);
	return true;
}

/* A descriptor for the process wakes poll when it ends. */
static int child_wait(struct child *c, int *status)
{
	autoclose int process = (int)syscall(SYS_pidfd_open, c->pid, 0);
	pid_t ended;
	while ((ended = waitpid(c->pid, status, WNOHANG)) == 0) {
		struct pollfd polled = {process, POLLIN, 0};
		child_look(c);
		poll(&polled, 1, process < 0 ? 10 : LOOK_MS);
	}
	return ended < 0 ? -1 : 0;
}

static void drop(int *fd)
{
	cleanup_close(fd);
	*fd = -1;
}

static void pump_in(const struct run *r, int *fd, size_t *done)
{
	ssize_t n = write(*fd, (const char *)r->input + *done, r->input_len - *done);
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	*done += n > 0 ? (size_t)n : 0;
	if (n < 0 || *done == r->input_len)
		drop(fd);
}

/* Returns -1 when more than max bytes came. */
static int pump_out(int *fd, struct str *into, size_t max)
{
	char buffer[65536];
	ssize_t n = read(*fd, buffer, sizeof(buffer));
	if (n < 0 && errno == EINTR)
		return 0;
	if (n <= 0) {
		drop(fd);
		return 0;
	}
	if (into->len + (size_t)n > max)
		return -1;
	str_add(into, buffer, (size_t)n);
	return 0;
}

/* One round: wait for a pipe that is ready, move what there is. */
static int pump_once(const struct run *r, struct pipes *p, size_t *written, struct str *messages,
		     struct err *e)
{
	struct pollfd polled[] = {{p->in, POLLOUT, 0}, {p->out, POLLIN, 0}, {p->err, POLLIN, 0}};
	if (poll(polled, 3, LOOK_MS) < 0 && errno != EINTR)
		return err_errno(e, ERR_FAILED, "%s: cannot wait for its output", r->argv[0]);
	if (polled[0].revents)
		pump_in(r, &p->in, written);
	if (r->output && polled[1].revents && pump_out(&p->out, r->output, OUTPUT_MAX) < 0)
		return err_set(e, ERR_FAILED, "%s: printed more than %u bytes", r->argv[0],
			       OUTPUT_MAX);
	/* Too many messages: keep the first part, go on reading so that nobody blocks. */
	if (polled[2].revents)
		(void)pump_out(&p->err, messages, STDERR_MAX);
	return 0;
}

static int pump(const struct run *r, struct child *c, struct pipes *p, struct str *messages,
		struct err *e)
{
	size_t written = 0;
	if (p->in >= 0)
		fcntl(p->in, F_SETFL, O_NONBLOCK);
	if (r->input && r->input_len == 0)
		drop(&p->in);
	while ((p->in >= 0 || p->out >= 0 || p->err >= 0) && !child_look(c)) {
		if (pump_once(r, p, &written, messages, e) < 0) {
			child_end(c);
			return -1;
		}
	}
	return 0;
}

/* The last line that is not empty; ssh-keygen ends its lines with "\r\n". */
static const char *last_line(struct str *text)
{
	while (text->len && strchr("\r\n ", text->data[text->len - 1]))
		text->data[--text->len] = '\0';
	const char *newline = text->len ? strrchr(text->data, '\n') : NULL;
	return newline ? newline + 1 : str_text(text);
}

static int judge(const struct run *r, int status, struct str *messages, struct err *e)
{
	const char *said = last_line(messages);
	const char *program = path_base(r->argv[0]);
	if (WIFSIGNALED(status))
		return err_set(e, ERR_FAILED, "%s: ended by signal %d (%s)", program,
			       WTERMSIG(status), strsignal(WTERMSIG(status)));
	int code = WEXITSTATUS(status);
	if (code == 0 || (code < 31 && (r->ok_status & (1 << code))))
		return code;
	enum err_code kind = ERR_FAILED;
	const char *advice = err_advice_said(said, &kind);
	return err_set(e, kind, "%s: exit code %d%s%s%s", program, code, *said ? ": " : "", said,
		       advice);
}

int run(const struct run *r, struct err *e)
{
	__attribute__((cleanup(pipes_done))) struct pipes ours = {-1, -1, -1};
	auto_str messages = STR_INIT;
	struct child c = {0};
	log_debug("run %s %s", r->argv[0], r->argv[1] ? r->argv[1] : "");
	if (start(r, &ours, &c.pid, e) < 0)
		return -1;
	int pumped = pump(r, &c, &ours, &messages, e);
	pipes_done(&ours);
	ours = (struct pipes){-1, -1, -1};
	int status;
	if (child_wait(&c, &status) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot wait for it", r->argv[0]);
	if (pumped < 0)
		return -1;
	if (c.told)
		return err_set(e, ERR_INTERRUPT, "%s: interrupted", path_base(r->argv[0]));
	if (r->messages)
		str_add(r->messages, str_text(&messages), messages.len);
	return judge(r, status, &messages, e);
}

int run_argv(struct err *e, const char *program, ...)
{
	const char *argv[32] = {program};
	size_t n = 1;
	va_list ap;
	va_start(ap, program);
	while (n + 1 < sizeof(argv) / sizeof(*argv) && (argv[n] = va_arg(ap, const char *)))
		n++;
	va_end(ap);
	argv[n] = NULL;
	return run(&(struct run){.argv = argv}, e) < 0 ? -1 : 0;
}
