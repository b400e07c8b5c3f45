/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "commands.h"

#define ROW(field) offsetof(struct options, field)

/* Rows that several commands take, so that an option is the same everywhere. */
#define OPT_PROFILE                                                                         \
	{                                                                                   \
		"profile", 'p', OPTION_TEXT, "PROFILE", ROW(profile), 0, 0,                 \
			"profile: a name that is searched for, or a file (default: worker)" \
	}
#define OPT_CLUSTER                                                               \
	{                                                                         \
		"cluster", 'c', OPTION_TEXT, "DIR", ROW(cluster), 0, 0,           \
			"cluster directory: keys and ledger (default: ./cluster)" \
	}
#define OPT_COUNT                                                       \
	{                                                               \
		"count", 'n', OPTION_NUMBER, "N", ROW(count), 1, 65535, \
			"nodes 1 to N of the role (default: 1)"         \
	}
#define OPT_NODE                                                                                \
	{                                                                                       \
		"node", 'k', OPTION_NUMBER, "K", ROW(node), 1, 65535, "only node K of the role" \
	}

static const struct option_row build_options[] = {
	OPT_PROFILE,
	OPT_COUNT,
	OPT_NODE,
	OPT_CLUSTER,
	{"output", 'o', OPTION_TEXT, "DIR", ROW(output), 0, 0,
	 "directory for the images (default: ./out)"},
	{"jobs", 'j', OPTION_NUMBER, "J", ROW(jobs), 1, 1024,
	 "images made at the same time (default: one per core)"},
	{"check", 0, OPTION_FLAG, NULL, ROW(check), 0, 0,
	 "run e2fsck -fn and fsck.fat -n on each image before it gets its name"},
	{"new-card", 0, OPTION_FLAG, NULL, ROW(new_card), 0, 0,
	 "a new key to register with, for nodes whose former card was used already"},
	{0},
};

static const struct option_row plan_options[] = {
	OPT_PROFILE, OPT_COUNT, OPT_NODE, OPT_CLUSTER, {0}};

static const struct option_row verify_options[] = {OPT_PROFILE, OPT_NODE, OPT_CLUSTER, {0}};

static const struct option_row base_options[] = {
	{"output", 'o', OPTION_TEXT, "FILE", ROW(output), 0, 0,
	 "also copy the raw image to this file"},
	{0},
};

/* Of every command. */
static const struct option_row common_options[] = {
	{"quiet", 'q', OPTION_FLAG, NULL, ROW(quiet), 0, 0,
	 "show no progress, only errors and what was asked for"},
	{"json", 0, OPTION_FLAG, NULL, ROW(cli.json), 0, 0,
	 "results and progress as JSON, one object a line"},
	CLI_ROW_DEBUG,
	CLI_ROW_HELP,
	CLI_ROW_VERSION,
	{0},
};

static const struct option_row no_options[] = {{0}};

static const struct command commands[] = {
	{"build", "", 0, 0, "Patch the profile's base into one image per node.", build_options,
	 cmd_build},
	{"plan", "", 0, 0, "Show every file that build would change, as a diff; write nothing.",
	 plan_options, cmd_plan},
	{"verify", "IMG|DEV", 1, 1,
	 "Check in a finished image or card every change that the profile asks for.",
	 verify_options, cmd_verify},
	{"inspect", "IMG|DEV", 1, 1,
	 "Show partitions, file systems, system, network, users and cluster of an image or card.",
	 no_options, cmd_inspect},
	{"cat", "IMG PATH", 2, 2, "Print a file of an image, /boot/firmware included.", no_options,
	 cmd_cat},
	{"base", "BASE", 1, 1,
	 "Get a base (name, path or URL) into the cache; print the raw image's path.", base_options,
	 cmd_base},
	{"keys", "", 0, 0, "List every profile key with type, default and meaning.", no_options,
	 cmd_keys},
	{"completion", "bash|zsh|profiles", 1, 1,
	 "Print the completion script for a shell, or the profiles that it offers.", no_options,
	 cmd_completion},
	{0},
};

static const struct err_code_help codes[] = {
	{ERR_NONE, "success"},
	{ERR_FAILED, "failure without a code of its own"},
	{ERR_USAGE, "wrong command line"},
	{ERR_PROFILE, "wrong profile, overlay or cluster directory"},
	{ERR_IMAGE, "base or image damaged, unknown or not supported"},
	{ERR_SPACE, "no room on the disk or in the image"},
	{ERR_CHECK, "verify or a file system check found a difference"},
	{ERR_BUSY, "another run is using the cluster directory"},
	{ERR_INTERRUPT, "interrupted"},
	{ERR_NONE, NULL},
};

const struct program mkimage_program = {
	.name = "mkimage",
	.has_default = true,
	.commands = commands,
	.options = common_options,
	.codes = codes,
};
