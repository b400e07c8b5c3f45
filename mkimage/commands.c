/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "commands.h"

#define ROW(field) offsetof(struct options, field)

/* Rows that several commands take, so that an option is the same everywhere. */
#define OPT_PROFILE                                                                         \
	{                                                                                   \
		"profile", 'p', OPTION_TEXT, "PROFILE", ROW(profile), 0, 0,                 \
			"profile: a name that is searched for, or a file (default: worker)" \
	}
#define OPT_WRITE_PROFILE                                                                \
	{                                                                                \
		"profile", 'p', OPTION_TEXT, "PROFILE", ROW(profile), 0, 0,              \
			"make the images from this profile's base on their way to cards" \
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

#define OPT_SYSPREP                                                  \
	{                                                            \
		"sysprep", 0, OPTION_FLAG, NULL, ROW(sysprep), 0, 0, \
			"of a clone drop logs and history"           \
	}
#define OPT_OUTPUT                                                    \
	{                                                             \
		"output", 'o', OPTION_TEXT, "DIR", ROW(output), 0, 0, \
			"directory for the images (default: ./out)"   \
	}
#define OPT_JOBS                                                                      \
	{                                                                             \
		"jobs", 'j', OPTION_NUMBER, "J", ROW(jobs), 1, 1024,                  \
			"images made at the same time (default: six more than cores)" \
	}
#define OPT_CHECK                                                                              \
	{                                                                                      \
		"check", 0, OPTION_FLAG, NULL, ROW(check), 0, 0,                               \
			"run e2fsck -fn and fsck.fat -n on each image before it gets its name" \
	}

#define OPT_NEW_CARD                                                                               \
	{                                                                                          \
		"new-card", 0, OPTION_FLAG, NULL, ROW(new_card), 0, 0,                             \
			"a new key to register with, for nodes whose former card was used already" \
	}

#define OPT_GENERIC                                                                  \
	{                                                                            \
		"generic", 'g', OPTION_FLAG, NULL, ROW(generic), 0, 0,               \
			"one image for any number of boards, which the master names" \
	}

static const struct option_row build_options[] = {
	OPT_PROFILE, OPT_COUNT, OPT_NODE,  OPT_GENERIC,	 OPT_CLUSTER,
	OPT_OUTPUT,  OPT_JOBS,	OPT_CHECK, OPT_NEW_CARD, {0},
};

static const struct option_row clone_options[] = {
	OPT_PROFILE,
	{"count", 'n', OPTION_NUMBER, "N", ROW(count), 1, 65535,
	 "clones, which get the next free numbers of the ledger (default: 1)"},
	OPT_NODE,
	OPT_CLUSTER,
	OPT_OUTPUT,
	OPT_JOBS,
	OPT_CHECK,
	OPT_NEW_CARD,
	OPT_SYSPREP,
	{"shrink", 0, OPTION_FLAG, NULL, ROW(shrink), 0, 0,
	 "images as small as what is used; firstboot grows them again"},
	{"rescue", 0, OPTION_FLAG, NULL, ROW(rescue), 0, 0,
	 "what cannot be read becomes zeros, and the files that it hits are named"},
	{0},
};

static const struct option_row plan_options[] = {
	OPT_PROFILE,
	OPT_COUNT,
	OPT_NODE,
	OPT_GENERIC,
	OPT_CLUSTER,
	{"clone", 0, OPTION_TEXT, "SRC", ROW(clone), 0, 0,
	 "the plan of clones of this card, device or image"},
	OPT_SYSPREP,
	{0},
};

static const struct option_row verify_options[] = {
	OPT_PROFILE, OPT_NODE, OPT_GENERIC, OPT_CLUSTER, {0}};

static const struct option_row base_options[] = {
	{"profile", 'p', OPTION_TEXT, "PROFILE", ROW(profile), 0, 0,
	 "the base of this profile, with the packages that it wants"},
	OPT_CLUSTER,
	{"output", 'o', OPTION_TEXT, "FILE", ROW(output), 0, 0,
	 "also copy the raw image to this file"},
	{0},
};

static const struct option_row devices_options[] = {
	{"all", 0, OPTION_FLAG, NULL, ROW(all), 0, 0,
	 "all disks, and why one that is no card is refused"},
	{0},
};

static const struct option_row write_options[] = {
	OPT_WRITE_PROFILE,
	OPT_COUNT,
	OPT_NODE,
	OPT_GENERIC,
	OPT_CLUSTER,
	OPT_NEW_CARD,
	{"unmount", 0, OPTION_FLAG, NULL, ROW(unmount), 0, 0,
	 "unmount what is mounted of the card"},
	{"no-verify", 0, OPTION_FLAG, NULL, ROW(no_verify), 0, 0,
	 "do not read back what was written"},
	{"no-eject", 0, OPTION_FLAG, NULL, ROW(no_eject), 0, 0, "leave the card in"},
	{"bmap", 0, OPTION_TEXT, "FILE", ROW(bmap), 0, 0,
	 "block map file of the image, or none (default: the one beside it)"},
	{"free", 0, OPTION_TEXT, "keep|discard|zero", ROW(free_space), 0, 0,
	 "what becomes of the card's free space (default: keep)"},
	{"force", 0, OPTION_LIST, "NAME", ROW(force), 0, 0,
	 "the device of this name is meant, though it is no card; may be repeated"},
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
	{"devices", "", 0, 0, "List the cards that are in, and what is on them.", devices_options,
	 cmd_devices},
	{"write", "IMG... DEV...", 1, 128,
	 "Write images to cards, read them back and eject them; the first image goes to the first "
	 "card, or with --profile the first node's.",
	 write_options, cmd_write},
	{"clone", "SRC", 1, 1,
	 "Make images for further nodes of a card (or an image of one) that was in use.",
	 clone_options, cmd_clone},
	{"base", "[BASE]", 0, 1,
	 "Get a base (name, path or URL, or a profile's) into the cache; print the raw image's "
	 "path.",
	 base_options, cmd_base},
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
	{ERR_BUSY, "in use: the cluster directory by another run, or the device"},
	{ERR_LOST, "clone --rescue: images made, zeros where the card cannot be read"},
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
