/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "interrupt.h"
#include "io.h"
#include "jobs.h"
#include "mem.h"
#include "run.h"
#include "str.h"

#define TICK_MS 100   /* how soon a signal is seen */
#define WAITING 6     /* more jobs than cores: a job waits for the disk, at its flush above all */
#define GRACE_MS 3000 /* from SIGTERM to SIGKILL, once its program must have ended */
#define REPORT_NS 50000000     /* a child reports at most every 50 ms */
#define MESSAGE_MAX (1u << 20) /* a longer error is not one of ours */

/* What a child says to its parent over the pipe: this header, then len bytes of text. */
enum { SAY_PROGRESS = 1, SAY_STEP, SAY_ERROR };

struct message {
	uint32_t kind;
	uint32_t code; /* SAY_ERROR: enum err_code */
	uint64_t done; /* SAY_PROGRESS: bytes; SAY_STEP: bytes it will have at its end */
	uint64_t len;
};

/* In the child. */
struct jobs {
	int fd;
	int64_t reported; /* CLOCK_MONOTONIC, ns */
};

/* In the parent. */
struct child {
	const struct job *job;
	pid_t pid;
	int fd; /* -1: ended */
	int step;
	struct str inbox;
	struct err error;
};

struct pool {
	struct child *children; /* one for each job that was started */
	size_t started, running, n;
	bool apart; /* one that fails stops no other */
	struct progress *progress;
	int64_t ending; /* when SIGTERM was sent, CLOCK_MONOTONIC, ns; 0: not */
};

static unsigned cpu_count(void)
{
	cpu_set_t set;
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		return 1;
	int n = CPU_COUNT(&set);
	return n > 0 ? (unsigned)n : 1;
}

static int64_t monotonic_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* A parent that is gone is no error here: the child is about to be killed anyway. */
static void say(const struct jobs *j, struct message m, const char *text)
{
	auto_err ignored = ERR_INIT;
	auto_str out = STR_INIT;
	m.len = text ? strlen(text) : 0;
	str_add(&out, &m, sizeof(m));
	str_add(&out, text, m.len);
	if (io_write_fd(j->fd, "pipe to the parent", out.data, out.len, &ignored) < 0)
		return;
}

void job_progress(struct jobs *j, uint64_t done)
{
	int64_t t = monotonic_ns();
	if (t - j->reported < REPORT_NS)
		return;
	j->reported = t;
	say(j, (struct message){.kind = SAY_PROGRESS, .done = done}, NULL);
}

void job_step(struct jobs *j, const char *what, uint64_t total)
{
	say(j, (struct message){.kind = SAY_STEP, .done = total}, what);
}

/* _exit: buffers and handlers of the parent are not the child's to flush or run. */
static _Noreturn void child_main(const struct job *job, int fd, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	struct jobs j = {.fd = fd};
	auto_err e = ERR_INIT;
	if (job->work(job->ctx, &j, &e) == 0)
		_exit(0);
	say(&j, (struct message){.kind = SAY_ERROR, .code = e.code ? e.code : ERR_FAILED},
	    e.msg ? e.msg : "failed without a message");
	_exit(1);
}

static int start_job(struct pool *pool, const struct job *job, struct err *e)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot make a pipe", job->what);
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		close(ends[0]);
		child_main(job, ends[1], parent);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return err_errno(e, ERR_FAILED, "%s: cannot start a process", job->what);
	}
	int step = job->total == JOB_OWN_STEPS
			   ? -1
			   : progress_start(pool->progress, job->what, job->total);
	pool->children[pool->started++] =
		(struct child){.job = job, .pid = pid, .fd = ends[0], .step = step};
	pool->running++;
	return 0;
}

static void signal_children(const struct pool *pool, int number)
{
	for (size_t i = 0; i < pool->started; i++) {
		if (pool->children[i].fd >= 0)
			kill(pool->children[i].pid, number);
	}
}

static void end_children(struct pool *pool)
{
	if (pool->ending)
		return;
	signal_children(pool, SIGTERM);
	pool->ending = monotonic_ns();
}

static void take_message(struct pool *pool, struct child *c, const struct message *m,
			 const char *text)
{
	if (m->kind == SAY_PROGRESS) {
		progress_update(pool->progress, c->step, m->done);
	} else if (m->kind == SAY_STEP) {
		autofree char *what = xstrndup(text, m->len);
		progress_end(pool->progress, c->step, NULL);
		c->step = progress_start(pool->progress, what, m->done);
	} else if (m->kind == SAY_ERROR) {
		err_set(&c->error, (enum err_code)m->code, "%.*s", (int)m->len, text);
	}
}

/* Take every whole message out of the inbox. */
static void take_messages(struct pool *pool, struct child *c)
{
	struct message m;
	size_t used = 0;
	while (c->inbox.len - used >= sizeof(m)) {
		memcpy(&m, c->inbox.data + used, sizeof(m));
		if (m.len > MESSAGE_MAX || c->inbox.len - used - sizeof(m) < m.len)
			break;
		take_message(pool, c, &m, c->inbox.data + used + sizeof(m));
		used += sizeof(m) + m.len;
	}
	if (!used)
		return;
	memmove(c->inbox.data, c->inbox.data + used, c->inbox.len - used);
	c->inbox.len -= used;
}

static void judge_child(struct child *c, int status)
{
	if (c->error.msg || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
		return;
	const struct job *job = c->job;
	autofree char *left = job->left ? job->left(job->ctx) : NULL;
	const char *then = left ? "; " : "", *state = left ? left : "";
	if (WIFSIGNALED(status))
		err_set(&c->error, ERR_FAILED, "%s: its process was ended by signal %d (%s)%s%s",
			job->what, WTERMSIG(status), strsignal(WTERMSIG(status)), then, state);
	else
		err_set(&c->error, ERR_FAILED, "%s: its process ended with code %d%s%s", job->what,
			WEXITSTATUS(status), then, state);
}

/* The child closed its pipe, which is the last thing it does: reap it. */
static void finish_child(struct pool *pool, struct child *c, struct err *first)
{
	int status = 0;
	close(c->fd);
	c->fd = -1;
	pool->running--;
	while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	judge_child(c, status);
	const char *failure = pool->ending ? "stopped" : "failed";
	progress_end(pool->progress, c->step, c->error.msg ? failure : NULL);
	if (pool->apart)
		return;
	/* After end_children the failures of the others are its consequence. */
	if (c->error.msg && !first->msg && !pool->ending)
		err_set(first, c->error.code, "%s", c->error.msg);
	if (c->error.msg)
		end_children(pool);
}

static void read_child(struct pool *pool, struct child *c, struct err *first)
{
	char buffer[4096];
	ssize_t n = read(c->fd, buffer, sizeof(buffer));
	if (n < 0 && errno == EINTR)
		return;
	if (n <= 0) {
		finish_child(pool, c, first);
		return;
	}
	str_add(&c->inbox, buffer, (size_t)n);
	take_messages(pool, c);
}

/* A job that is killed leaves its program behind, at work on the image: run() comes first. */
static bool grace_is_over(const struct pool *pool)
{
	int64_t grace_ms = GRACE_MS + (int64_t)run_patience_ms();
	return pool->ending && monotonic_ns() - pool->ending > grace_ms * 1000000;
}

/* Wait for one tick or for what the children say. */
static void pool_wait(struct pool *pool, struct err *first)
{
	autofree struct pollfd *polled = xcalloc(pool->started, sizeof(*polled));
	for (size_t i = 0; i < pool->started; i++)
		polled[i] = (struct pollfd){.fd = pool->children[i].fd, .events = POLLIN};
	int n = poll(polled, pool->started, TICK_MS);
	if (grace_is_over(pool))
		signal_children(pool, SIGKILL);
	for (size_t i = 0; n > 0 && i < pool->started; i++) {
		if (polled[i].revents)
			read_child(pool, &pool->children[i], first);
	}
}

static int pool_run(struct pool *pool, const struct job *jobs, unsigned parallel, struct err *e)
{
	auto_err first = ERR_INIT;
	while (pool->running || (pool->started < pool->n && !pool->ending)) {
		if (!first.msg && interrupt_check(&first) < 0)
			end_children(pool);
		while (!pool->ending && pool->started < pool->n && pool->running < parallel) {
			if (start_job(pool, &jobs[pool->started], &first) < 0)
				end_children(pool);
		}
		if (pool->running)
			pool_wait(pool, &first);
	}
	if (!first.msg)
		return 0;
	return err_set(e, first.code, "%s", first.msg);
}

static void pool_done(struct pool *pool)
{
	for (size_t i = 0; i < pool->started; i++) {
		str_done(&pool->children[i].inbox);
		err_done(&pool->children[i].error);
	}
	free(pool->children);
}
#define auto_pool __attribute__((cleanup(pool_done))) struct pool

int jobs_run(const struct job *jobs, size_t n, unsigned parallel, struct progress *p, struct err *e)
{
	auto_pool pool = {.n = n, .progress = p};
	pool.children = xcalloc(n, sizeof(*pool.children));
	return pool_run(&pool, jobs, parallel ? parallel : cpu_count() + WAITING, e);
}

/* One line for each that failed; *first_code is that of the first. */
static size_t collect_errors(const struct pool *pool, struct str *lines, enum err_code *first_code)
{
	size_t n = 0;
	for (size_t i = 0; i < pool->started; i++) {
		const struct err *x = &pool->children[i].error;
		if (!x->msg)
			continue;
		*first_code = n++ ? *first_code : x->code;
		str_printf(lines, "%s%s", lines->len ? "\n" : "", x->msg);
	}
	return n;
}

int jobs_run_apart(const struct job *jobs, size_t n, struct progress *p, struct err *e)
{
	auto_pool pool = {.n = n, .progress = p, .apart = true};
	auto_str lines = STR_INIT;
	auto_err stopped = ERR_INIT;
	enum err_code code = ERR_NONE;
	pool.children = xcalloc(n, sizeof(*pool.children));
	int r = pool_run(&pool, jobs, (unsigned)n, &stopped);
	size_t failed = collect_errors(&pool, &lines, &code);
	if (r < 0 && !failed)
		return err_set(e, stopped.code, "%s", stopped.msg);
	if (!failed)
		return 0;
	if (r < 0)
		code = stopped.code;
	if (n == 1)
		return err_set(e, code, "%s", str_text(&lines));
	return err_set(e, code, "%zu of %zu failed:\n%s", failed, n, str_text(&lines));
}
