/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <sys/stat.h>
#include <syslog.h>

#include "options.h"

#define ROW(field) offsetof(struct options, field)

static const struct option_row no_options[] = {{0}};

static const struct option_row status_options[] = {
	{"all", 'a', OPTION_FLAG, NULL, ROW(all), 0, 0,
	 "a line for each node, also where no board has come for it"},
	{"watch", 'w', OPTION_FLAG, NULL, ROW(watch), 0, 0, "show it again every two seconds"},
	{0},
};

static const struct option_row approve_options[] = {
	{"as", 0, OPTION_TEXT, "NODE", ROW(as), 0, 0,
	 "the planned node whose place the board gets (default: the one that it claims, that is "
	 "pinned to it, or the first free)"},
	{0},
};

static const struct option_row accept_options[] = {
	{"max", 0, OPTION_NUMBER, "N", ROW(max), 1, 65535, "so many boards"},
	{"for", 0, OPTION_TEXT, "TIME", ROW(for_time), 0, 0, "so long: 90s, 30m, 2h, 1d"},
	{"close", 0, OPTION_FLAG, NULL, ROW(close), 0, 0, "accept none any more"},
	{0},
};

static const struct option_row decommission_options[] = {
	{"serial", 0, OPTION_NUMBER, "N", ROW(serial), 1, 1000000,
	 "cards up to this serial (default: the last that was used)"},
	{0},
};

static const struct option_row render_options[] = {
	{"dry-run", 'n', OPTION_FLAG, NULL, ROW(dry_run), 0, 0,
	 "print what would change, as a diff; write nothing"},
	{"only", 0, OPTION_TEXT, "OUTPUT", ROW(only), 0, 0, "this output alone"},
	{"root", 0, OPTION_TEXT, "DIR", ROW(root), 0, 0,
	 "write below DIR instead of /, and reload nothing"},
	{"settle", 0, OPTION_NUMBER, "SECONDS", ROW(settle), 0, 60,
	 "wait until nothing has changed for so long, at most five times as long"},
	{0},
};

#define ROW_PORT                                                         \
	{                                                                \
		"port", 0, OPTION_NUMBER, "NUMBER", ROW(port), 1, 65535, \
			"port of the nodes' sshd (default: 22)"          \
	}

#define ROW_TIMEOUT(help)                                                   \
	{                                                                   \
		"timeout", 0, OPTION_TEXT, "TIME", ROW(timeout), 0, 0, help \
	}

#define POWER_ROWS(until)                                                                       \
	{"dry-run", 'n', OPTION_FLAG, NULL, ROW(dry_run), 0, 0, "say what would be done"},      \
		{"yes", 'y', OPTION_FLAG, NULL, ROW(yes), 0, 0, "do not ask"},                  \
		{"force",    0, OPTION_FLAG, NULL,                                              \
		 ROW(force), 0, 0,	     "this machine, too, when nodes are not " until},   \
		ROW_TIMEOUT("how long to wait until all are " until ": 90s, 3m (default), 1h"), \
		ROW_PORT

static const struct option_row shutdown_options[] = {
	POWER_ROWS("off"),
	{0},
};

static const struct option_row reboot_options[] = {
	POWER_ROWS("back"),
	{"no-wait", 0, OPTION_FLAG, NULL, ROW(no_wait), 0, 0, "end when all have taken the order"},
	{0},
};

static const struct option_row probe_options[] = {
	ROW_PORT,
	{0},
};

static const struct option_row survey_options[] = {
	ROW_TIMEOUT("how long a node may take to answer: 45s (default), 2m"),
	{0},
};

#define ROW_NODES                                                       \
	{                                                               \
		"root", 0, OPTION_TEXT, "DIR", ROW(root), 0, 0,         \
			"read the list of nodes below DIR instead of /" \
	}

static const struct option_row run_options[] = {
	{"on", 0, OPTION_TEXT, "GROUP|NODE,...", ROW(on), 0, 0,
	 "nodes, roles and states, with commas between (default: ready)"},
	ROW_NODES,
	{0},
};

static const struct option_row completion_options[] = {ROW_NODES, {0}};

static const struct option_row common_options[] = {
	{"registry", 0, OPTION_TEXT, "DIR", ROW(registry), 0, 0,
	 "directory of the registry (default: " REGISTRY_DIR ")"},
	{"json", 0, OPTION_FLAG, NULL, offsetof(struct cli, json), 0, 0,
	 "results and errors as JSON, one object a line"},
	CLI_ROW_DEBUG,
	CLI_ROW_HELP,
	CLI_ROW_VERSION,
	{0},
};

static const struct command commands[] = {
	{"status", "[BOARD]", 0, 1,
	 "Show all nodes and boards, or one by name, address, MAC or serial.", status_options,
	 cmd_status},
	{"approve", "BOARD", 1, 1, "Give a board that waits, or is quarantined, its place.",
	 approve_options, cmd_approve},
	{"accept", "", 0, 0, "For a while, accept boards with a join card without being asked.",
	 accept_options, cmd_accept},
	{"quarantine", "BOARD", 1, 1, "Shut a board out until it is approved.", no_options,
	 cmd_quarantine},
	{"decommission", "BOARD", 1, 1,
	 "Revoke the keys and cards of a node for ever; forget a board that waits.",
	 decommission_options, cmd_decommission},
	{"rename", "NODE NAME", 2, 2, "Give a node another name.", no_options, cmd_rename},
	{"shutdown", "[NODE...]", 0, SIZE_MAX,
	 "Switch off the nodes, and when all are off this machine; or those that are named.",
	 shutdown_options, cmd_shutdown},
	{"reboot", "[NODE...]", 0, SIZE_MAX,
	 "Reboot the nodes, and when all are back this machine; or those that are named.",
	 reboot_options, cmd_reboot},
	{"run", "-- COMMAND [ARGUMENT...]", 1, SIZE_MAX,
	 "Run a command on nodes, as yourself; clush or parallel-ssh does it where one is "
	 "installed.",
	 run_options, cmd_run},
	{"probe", "", 0, 0, "Look which nodes answer; a timer runs this.", probe_options,
	 cmd_probe},
	{"import", "[FILE]", 0, 1, "Take the planned cluster into the registry, which it makes.",
	 no_options, cmd_import},
	{"health", "[NODE...]", 0, 65535,
	 "Show how nodes are: services, time, temperature, mounts.", survey_options, cmd_health},
	{"doctor", "[NODE...]", 0, 65535,
	 "Look for what is wrong among the nodes, and say what to do.", survey_options, cmd_doctor},
	{"register", "", 0, 0, "Answer one board; sshd runs this for it (forced command).",
	 no_options, cmd_register},
	{"keys", "TYPE KEY", 2, 2,
	 "Print the line of authorized_keys of a key that a node has; sshd asks.", no_options,
	 cmd_keys},
	{"principals", "ID SERIAL", 2, 2,
	 "Print whom a card's certificate logs in as, unless it was decommissioned; sshd asks.",
	 no_options, cmd_principals},
	{"render", "", 0, 0, "Write the files of other tools that show the registry.",
	 render_options, cmd_render},
	{"fields", "", 0, 0, "List the fields of a board's request and what each may be.",
	 no_options, cmd_fields},
	{"completion", "bash|zsh|nodes|boards|groups|outputs", 1, 1,
	 "Print the completion script for a shell, or names that it offers.", completion_options,
	 cmd_completion},
	{0},
};

static const struct err_code_help codes[] = {
	{ERR_NONE, "success"},
	{ERR_FAILED, "failure without a code of its own"},
	{ERR_USAGE, "wrong command line"},
	{ERR_PROFILE, "the plan says something impossible"},
	{ERR_IMAGE, "the registry is damaged"},
	{ERR_SPACE, "no room on the disk"},
	{ERR_BUSY, "others kept the registry busy for too long"},
	{ERR_INTERRUPT, "interrupted"},
	{0},
};

const struct program nodectl_program = {
	.name = "nodectl",
	.commands = commands,
	.options = common_options,
	.codes = codes,
};

int main(int argc, char **argv)
{
	struct options o = {0};
	signal(SIGPIPE, SIG_IGN);
	umask(022);
	openlog("nodectl", LOG_PID, LOG_AUTHPRIV);
	return cli_main(&nodectl_program, argc, argv, &o.cli);
}
