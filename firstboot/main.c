/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <sys/stat.h>

#include "interrupt.h"
#include "options.h"

#define ROW(field) offsetof(struct options, field)

#define OPT_ROOT                                                                   \
	{                                                                          \
		"root", 0, OPTION_TEXT, "DIR", ROW(root), 0, 0,                    \
			"work on the files below DIR instead of the running board" \
	}

#define OPT_DRY_RUN                                                  \
	{                                                            \
		"dry-run", 0, OPTION_FLAG, NULL, ROW(dry_run), 0, 0, \
			"say what would be done, write nothing"      \
	}

static const struct option_row run_options[] = {
	{"phase", 0, OPTION_TEXT, "local|network", ROW(phase), 0, 0,
	 "the steps of this phase; must be given"},
	OPT_ROOT,
	OPT_DRY_RUN,
	{"retry", 0, OPTION_FLAG, NULL, ROW(retry), 0, 0,
	 "steps that wait for other machines are tried until they are done, for the service"},
	{"again", 0, OPTION_LIST, "STEP", ROW(again), 0, 0,
	 "this step counts as not done; may be repeated"},
	{0},
};

static const struct option_row place_options[] = {OPT_ROOT, OPT_DRY_RUN, {0}};

static const struct option_row status_options[] = {
	{"json", 0, OPTION_FLAG, NULL, ROW(cli.json), 0, 0, "the report, and errors, as JSON"},
	OPT_ROOT,
	{0},
};

static const struct option_row common_options[] = {
	CLI_ROW_DEBUG,
	CLI_ROW_HELP,
	CLI_ROW_VERSION,
	{0},
};

static const struct command commands[] = {
	{"run", "", 0, 0, "Run the steps that are not done.", run_options, cmd_run},
	{"place", "", 0, 0, "Take the name and the address that the master told this board.",
	 place_options, cmd_place},
	{"status", "", 0, 0, "Say what was done and what failed.", status_options, cmd_status},
	{0},
};

static const struct err_code_help codes[] = {
	{ERR_NONE, "success: all steps of the phase are done"},
	{ERR_FAILED, "failure without a code of its own"},
	{ERR_USAGE, "wrong command line"},
	{ERR_STEP, "a step failed; the others ran, and the report says which and what to do"},
	{ERR_INTERRUPT, "interrupted; the next run goes on"},
	{ERR_NONE, NULL},
};

static const struct program program = {
	.name = "firstboot",
	.commands = commands,
	.options = common_options,
	.codes = codes,
};

int main(int argc, char **argv)
{
	struct options o = {0};
	signal(SIGPIPE, SIG_IGN);
	umask(022);
	interrupt_init();
	return cli_main(&program, argc, argv, &o.cli);
}
