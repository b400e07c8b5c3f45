/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A command on many nodes: what is installed for that does it, and we where nothing is. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fleet.h"
#include "interrupt.h"
#include "log.h"
#include "mem.h"
#include "members.h"
#include "options.h"

/* ---- others ---- */

/* How a program wants it: its arguments, then the names with that between them, then "--" and all.
 */
struct tool {
	const char *argv[8]; /* ends with NULL; the names are the value of the last */
	const char *separator;
};

static const struct tool tools[] = {
	/* -S: its exit code is the largest of the nodes'; -n: it leaves our stdin alone. */
	{{"clush", "-S", "-n", "-w", NULL}, ","},
	/* Its own limit for a command is a minute; -P: lines as they come, with the node's name. */
	{{"parallel-ssh", "-t", "0", "-P", "-H", NULL}, " "},
	{{"pssh", "-t", "0", "-P", "-H", NULL}, " "},
};

/* Comes back when it is not installed. */
static int try_tool(const struct tool *tool, const struct strv *names, const struct strv *words,
		    struct err *e)
{
	auto_strv argv = {0};
	for (const char *const *arg = tool->argv; *arg; arg++)
		strv_add(&argv, *arg);
	strv_add_owned(&argv, strv_join(names, tool->separator));
	strv_add(&argv, "--");
	strv_foreach (word, words)
		strv_add(&argv, *word);
	log_debug("run %s", argv.v[0]);
	execvp(argv.v[0], argv.v);
	if (errno == ENOENT || errno == EACCES)
		return 0;
	return err_errno(e, ERR_FAILED, "%s: cannot start", argv.v[0]);
}

static int try_tools(const struct strv *names, const struct strv *words, struct err *e)
{
	for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++) {
		if (try_tool(&tools[i], names, words, e) < 0)
			return -1;
	}
	return 0;
}

/* ---- ourselves ---- */

static void say_line(void *ctx, const struct fleet_task *t, enum fleet_stream stream,
		     const char *text, size_t len)
{
	FILE *to = stream == FLEET_STDERR ? stderr : stdout;
	(void)ctx;
	fprintf(to, "%s: ", t->name);
	fwrite(text, 1, len, to);
	fputc('\n', to);
	fflush(to);
}

static void say_end(void *ctx, const struct fleet_task *t)
{
	struct strv *failed = ctx;
	if (fleet_task_ok(t))
		return;
	autofree char *reason = fleet_task_reason(t);
	fprintf(stderr, "%s: %s\n", t->name, reason);
	strv_add(failed, t->name);
}

static int run_all(struct fleet_task *tasks, size_t n, const struct strv *words,
		   struct strv *failed, struct err *e)
{
	/* Many questions for a passphrase at once are none that anybody could answer. */
	static const char *const options[] = {"-o", "BatchMode=yes", NULL};
	const struct fleet_order order = {
		.words = (const char *const *)words->v,
		.options = options,
		.done = say_end,
		.line = say_line,
		.ctx = failed,
	};
	interrupt_init();
	return fleet_run(tasks, n, &order, e);
}

static int run_by_ssh(const struct strv *names, const struct strv *words, struct err *e)
{
	autofree struct fleet_task *tasks = xcalloc(names->n + 1, sizeof(*tasks));
	auto_strv failed = {0};
	for (size_t i = 0; i < names->n; i++)
		tasks[i] = (struct fleet_task){.name = names->v[i], .host = names->v[i]};
	int r = run_all(tasks, names->n, words, &failed, e);
	for (size_t i = 0; i < names->n; i++)
		fleet_task_done(&tasks[i]);
	if (r < 0)
		return -1;
	if (failed.n) {
		autofree char *list = strv_join(&failed, ", ");
		return err_set(e, ERR_FAILED, "%zu of %zu nodes failed: %s", failed.n, names->n,
			       list);
	}
	fprintf(stderr, "nodectl: %zu nodes, none failed\n", names->n);
	return 0;
}

int cmd_run(const struct options *o, struct err *e)
{
	auto_strv names = {0};
	if (members_find(o->root ? o->root : "", o->on, &names, e) < 0)
		return -1;
	if (!names.n)
		return err_set(e, ERR_FAILED, "no node is %s; 'nodectl status' shows why",
			       o->on ? o->on : "ready");
	if (try_tools(&names, &o->cli.operands, e) < 0)
		return -1;
	return run_by_ssh(&names, &o->cli.operands, e);
}
