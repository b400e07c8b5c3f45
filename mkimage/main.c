/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The only place that prints an error or exits. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "json.h"
#include "jobs.h"
#include "log.h"
#include "mem.h"
#include "options.h"
#include "utf8.h"

static void print_error(const struct options *o, const struct err *e)
{
	auto_str line = STR_INIT;
	if (!o->json) {
		/* Labels and names of an image are in it. */
		utf8_visible(&line, e->msg, strlen(e->msg), true);
		fprintf(stderr, "mkimage: %s\n", str_text(&line));
		return;
	}
	str_puts(&line, "{");
	json_field(&line, "error", e->msg);
	fprintf(stderr, "%s,\"code\":%d}\n", str_text(&line), e->code);
}

/* The command named by argv[1], else build; argc and argv are moved past the name. */
static const struct command *pick_command(int *argc, char ***argv, struct err *e)
{
	if (*argc < 2 || (*argv)[1][0] == '-')
		return commands;
	const struct command *c = command_find((*argv)[1]);
	if (!c) {
		const char *near = command_nearest((*argv)[1]);
		err_set(e, ERR_USAGE, "unknown command '%s'%s%s%s; see --help", (*argv)[1],
			near ? ", did you mean '" : "", near ? near : "", near ? "'" : "");
		return NULL;
	}
	(*argc)--;
	(*argv)++;
	return c;
}

static int run_command(int argc, char **argv, struct options *o, struct err *e)
{
	if (argc == 2 && strcmp(argv[1], "help") == 0) {
		options_help(NULL, stdout);
		return 0;
	}
	bool named = argc > 1 && argv[1][0] != '-';
	const struct command *c = pick_command(&argc, &argv, e);
	if (!c || options_parse(c, argc, argv, o, e) < 0)
		return -1;
	log_set_debug(o->debug || getenv("CARDSTOCK_DEBUG"));
	if (o->help) {
		options_help(named ? c : NULL, stdout);
		return 0;
	}
	if (o->version) {
		puts("mkimage " CARDSTOCK_VERSION);
		return 0;
	}
	return c->run(o, e);
}

/* `mkimage plan | head`: who reads no more wants no message about it. */
static bool reader_left(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO};
	return poll(&out, 1, 0) == 1 && (out.revents & POLLERR);
}

int main(int argc, char **argv)
{
	__attribute__((cleanup(options_done))) struct options o = {0};
	auto_err e = ERR_INIT;
	signal(SIGPIPE, SIG_IGN);
	interrupt_init();
	int result = run_command(argc, argv, &o, &e);
	if (result == 0 && (fflush(stdout) != 0 || ferror(stdout)))
		result = err_errno(&e, ERR_FAILED, "standard output");
	if (result == 0)
		return 0;
	if (!reader_left())
		print_error(&o, &e);
	return e.code;
}
