/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fleet.h"
#include "interrupt.h"
#include "log.h"
#include "mem.h"
#include "pace.h"
#include "utf8.h"

extern char **environ;

#define LOOK_MS 200	 /* how often is looked at deadlines, and for an interrupt */
#define PATIENCE_MS 2000 /* from SIGTERM to SIGKILL */
#define SSH_FAILED 255

/* A stream of a call: our end of the pipe, and the line that is not whole yet. */
struct stream {
	int fd; /* -1 once its end came */
	struct str *into;
};

/* A task that runs. */
struct call {
	struct fleet_task *task; /* NULL: the place is free */
	pid_t pid;
	int process; /* a descriptor that wakes poll when it ends; -1: the kernel has none */
	struct stream streams[2];
	uint64_t started_ms, told_ms; /* told_ms 0: it was not asked to end */
	bool late;
};

struct fleet {
	const struct fleet_order *order;
	struct call *calls;
	struct pollfd *polled; /* three for each call */
	size_t n_calls, running;
};

/* ---- start ---- */

static void build_argv(const struct fleet_order *o, const struct fleet_task *t, struct strv *ret)
{
	unsigned wait = o->seconds && o->seconds < 2 * FLEET_CONNECT_SECONDS
				? (o->seconds + 1) / 2
				: FLEET_CONNECT_SECONDS;
	strv_add(ret, "ssh");
	strv_add(ret, "-xT");
	strv_add(ret, "-o");
	strv_printf(ret, "ConnectTimeout=%u", wait);
	for (const char *const *word = o->options; word && *word; word++)
		strv_add(ret, *word);
	strv_add(ret, "--");
	strv_printf(ret, "%s%s%s", o->user ? o->user : "", o->user ? "@" : "", t->host);
	for (const char *const *word = o->words; *word; word++)
		strv_add(ret, *word);
}

/* Our end does not block: a process that outlives ssh may hold the other one open. */
static int add_pipe(posix_spawn_file_actions_t *actions, int target, int *ours, int *theirs)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	*ours = ends[0];
	*theirs = ends[1];
	posix_spawn_file_actions_adddup2(actions, ends[1], target);
	return fcntl(ends[0], F_SETFL, O_NONBLOCK);
}

/* Returns an errno, as posix_spawn does. */
static int spawn(const struct strv *argv, const posix_spawn_file_actions_t *actions, pid_t *ret)
{
	posix_spawnattr_t attr;
	sigset_t defaults;
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
	int failure = posix_spawnp(ret, argv->v[0], actions, &attr, argv->v, environ);
	posix_spawnattr_destroy(&attr);
	return failure;
}

static int spawn_with_pipes(struct call *c, const struct strv *argv)
{
	int out = -1, messages = -1;
	posix_spawn_file_actions_t actions;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	int failure = add_pipe(&actions, 1, &c->streams[FLEET_STDOUT].fd, &out) < 0 ||
				      add_pipe(&actions, 2, &c->streams[FLEET_STDERR].fd,
					       &messages) < 0
			      ? errno
			      : spawn(argv, &actions, &c->pid);
	posix_spawn_file_actions_destroy(&actions);
	cleanup_close(&out);
	cleanup_close(&messages);
	return failure;
}

static void call_close(struct call *c)
{
	cleanup_close(&c->streams[FLEET_STDOUT].fd);
	cleanup_close(&c->streams[FLEET_STDERR].fd);
	cleanup_close(&c->process);
	*c = (struct call){0};
}

static int call_start(struct call *c, struct fleet_task *t, const struct fleet_order *o,
		      struct err *e)
{
	auto_strv argv = {0};
	build_argv(o, t, &argv);
	*c = (struct call){
		.task = t,
		.process = -1,
		.streams = {{-1, &t->output}, {-1, &t->messages}},
		.started_ms = pace_now_ms(),
	};
	log_debug("%s: ssh %s", t->name, t->host);
	int failure = spawn_with_pipes(c, &argv);
	if (failure) {
		call_close(c);
		errno = failure;
		return err_errno(e, ERR_FAILED, "%s: cannot start ssh%s", t->name,
				 failure == ENOENT ? " (install openssh-client)" : "");
	}
	c->process = (int)syscall(SYS_pidfd_open, c->pid, 0);
	return 0;
}

/* ---- what it says ---- */

/* Hand over whole lines; at the end, what is left, too. */
static void stream_lines(const struct fleet_order *o, const struct call *c, enum fleet_stream which,
			 bool last)
{
	struct str *s = c->streams[which].into;
	const char *at = str_text(s), *end = at + s->len, *newline;
	while (at < end && (newline = memchr(at, '\n', (size_t)(end - at)))) {
		o->line(o->ctx, c->task, which, at, (size_t)(newline - at));
		at = newline + 1;
	}
	if (at < end && (last || (size_t)(end - at) >= FLEET_OUTPUT_MAX)) {
		o->line(o->ctx, c->task, which, at, (size_t)(end - at));
		at = end;
	}
	struct str rest = STR_INIT;
	str_add(&rest, at, (size_t)(end - at));
	str_done(s);
	*s = rest;
}

static void stream_take(const struct fleet_order *o, const struct call *c, enum fleet_stream which,
			const char *data, size_t len)
{
	struct str *s = c->streams[which].into;
	size_t room = FLEET_OUTPUT_MAX - s->len;
	if (!o->line) {
		str_add(s, data, len < room ? len : room);
		return;
	}
	str_add(s, data, len);
	stream_lines(o, c, which, false);
}

/* One piece of what is there, so that nobody who says much keeps us from the others. */
static bool stream_read(const struct fleet_order *o, struct call *c, enum fleet_stream which)
{
	char buffer[16384];
	int *fd = &c->streams[which].fd;
	ssize_t n = *fd < 0 ? 0 : read(*fd, buffer, sizeof(buffer));
	if (n > 0)
		stream_take(o, c, which, buffer, (size_t)n);
	if (n > 0 || (n < 0 && (errno == EINTR || errno == EAGAIN)))
		return n > 0;
	cleanup_close(fd);
	*fd = -1;
	return false;
}

/* ---- end ---- */

static void judge(struct call *c, int status)
{
	struct fleet_task *t = c->task;
	t->status = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
	t->end = c->late		   ? FLEET_TIMEOUT
		 : c->told_ms		   ? FLEET_NOT_RUN
		 : WIFSIGNALED(status)	   ? FLEET_SIGNALLED
		 : t->status == SSH_FAILED ? FLEET_UNREACHABLE
					   : FLEET_EXITED;
}

/* What it wrote before it ended is in the pipes; what others write there later is not waited for.
 */
static void call_finish(struct fleet *f, struct call *c, int status)
{
	for (enum fleet_stream which = FLEET_STDOUT; which <= FLEET_STDERR; which++) {
		for (int rounds = 0; rounds < 64 && stream_read(f->order, c, which);)
			rounds++;
		if (f->order->line)
			stream_lines(f->order, c, which, true);
	}
	judge(c, status);
	if (f->order->done)
		f->order->done(f->order->ctx, c->task);
	call_close(c);
	f->running--;
}

/* Asked once, and killed when it does not hear. */
static void call_end(struct call *c)
{
	uint64_t now = pace_now_ms();
	if (!c->told_ms)
		kill(-c->pid, SIGTERM);
	else if (now - c->told_ms >= PATIENCE_MS)
		kill(-c->pid, SIGKILL);
	c->told_ms = c->told_ms ? c->told_ms : now;
}

static void call_look(struct fleet *f, struct call *c, bool end_all)
{
	int status;
	if (waitpid(c->pid, &status, WNOHANG) == c->pid) {
		call_finish(f, c, status);
		return;
	}
	if (f->order->seconds && !c->told_ms &&
	    pace_now_ms() - c->started_ms >= f->order->seconds * 1000ULL)
		c->late = true;
	if (c->late || c->told_ms || end_all)
		call_end(c);
}

/* ---- all ---- */

/* Wait until something happens, and do what it takes. */
static void fleet_turn(struct fleet *f, bool end_all)
{
	for (size_t i = 0; i < f->n_calls; i++) {
		const struct call *c = &f->calls[i];
		f->polled[3 * i] = (struct pollfd){c->task ? c->streams[FLEET_STDOUT].fd : -1,
						   POLLIN, 0};
		f->polled[3 * i + 1] = (struct pollfd){c->task ? c->streams[FLEET_STDERR].fd : -1,
						       POLLIN, 0};
		f->polled[3 * i + 2] = (struct pollfd){c->task ? c->process : -1, POLLIN, 0};
	}
	poll(f->polled, 3 * f->n_calls, LOOK_MS);
	for (size_t i = 0; i < f->n_calls; i++) {
		struct call *c = &f->calls[i];
		if (!c->task)
			continue;
		(void)stream_read(f->order, c, FLEET_STDOUT);
		(void)stream_read(f->order, c, FLEET_STDERR);
		call_look(f, c, end_all);
	}
}

static int fleet_fill(struct fleet *f, struct fleet_task *tasks, size_t n, size_t *next,
		      struct err *e)
{
	for (size_t i = 0; i < f->n_calls && *next < n; i++) {
		struct call *c = &f->calls[i];
		if (c->task)
			continue;
		if (call_start(c, &tasks[*next], f->order, e) < 0)
			return -1;
		f->running++;
		++*next;
	}
	return 0;
}

static int fleet_loop(struct fleet *f, struct fleet_task *tasks, size_t n, struct err *e)
{
	size_t next = 0;
	while (next < n || f->running) {
		if (interrupt_check(e) < 0 || fleet_fill(f, tasks, n, &next, e) < 0)
			return -1;
		fleet_turn(f, false);
		if (f->order->meanwhile && f->order->meanwhile(f->order->ctx, e) < 0)
			return -1;
	}
	return 0;
}

int fleet_run(struct fleet_task *tasks, size_t n, const struct fleet_order *order, struct err *e)
{
	size_t jobs = order->jobs ? order->jobs : FLEET_JOBS;
	size_t places = n < jobs ? n : jobs;
	autofree struct call *calls = xcalloc(places + 1, sizeof(*calls));
	autofree struct pollfd *polled = xcalloc(3 * places + 1, sizeof(*polled));
	struct fleet f = {order, calls, polled, places, 0};
	int r = fleet_loop(&f, tasks, n, e);
	while (f.running)
		fleet_turn(&f, true);
	return r;
}

/* ---- what came of it ---- */

/* The last line of stderr that is not empty, its control characters made visible, or "". */
static char *last_words(const struct str *messages)
{
	const char *text = str_text(messages);
	size_t end = messages->len;
	while (end && strchr("\r\n ", text[end - 1]))
		end--;
	const char *newline = end ? memrchr(text, '\n', end) : NULL;
	const char *from = newline ? newline + 1 : text;
	auto_str out = STR_INIT;
	utf8_visible(&out, from, (size_t)(text + end - from), false);
	return str_steal(&out);
}

char *fleet_task_reason(const struct fleet_task *t)
{
	autofree char *said = last_words(&t->messages);
	const char *colon = *said ? ": " : "";
	switch (t->end) {
	case FLEET_NOT_RUN:
		return xstrdup("interrupted");
	case FLEET_EXITED:
		return xasprintf("exit code %d%s%s", t->status, colon, said);
	case FLEET_UNREACHABLE:
		return xasprintf("not reached%s%s", colon, said);
	case FLEET_TIMEOUT:
		return xasprintf("no answer in time%s%s", colon, said);
	case FLEET_SIGNALLED:
		return xasprintf("ssh died of signal %d (%s)", t->status, strsignal(t->status));
	}
	return xstrdup("");
}

void fleet_task_done(struct fleet_task *t)
{
	str_done(&t->output);
	str_done(&t->messages);
	*t = (struct fleet_task){0};
}
