/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the boot loader reads, as keys of the profile. */
#include <string.h>

#include "bootconfig.h"
#include "custom.h"
#include "edit_boot.h"

#define ENV_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

/* "name=value" or "-name" of armbianEnv.txt. */
static int check_env(const char *text, struct err *e)
{
	bool remove = *text == '-';
	size_t len = strspn(text + remove, ENV_CHARS) + remove;
	const char *at = text + len;
	while (*at >= ' ' && *at <= '~')
		at++;
	if (len > remove && !*at && text[len] == (remove ? '\0' : '='))
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is not a line of armbianEnv.txt: use name=value, such as "
		       "'verbosity=1', or '-name' to take it out",
		       text);
}

/* What is to be the root is not a word that a profile sets: it follows the image's own ids. */
static int check_cmdline(const char *text, struct err *e)
{
	if (cmdline_check_item(text, e) < 0)
		return -1;
	if (!str_starts(text + (*text == '-'), "root="))
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s': root= stays as the image has it, or follows the ids that mkimage "
		       "gives; take it out, and say by root-partition which partition is the root",
		       text);
}

static const struct key keys[] = {
	{.name = "cmdline",
	 .type = KEY_LIST,
	 .help = "words for the kernel's command line; '-word' takes one out",
	 .check = check_cmdline},
	{.name = "config",
	 .type = KEY_LIST,
	 .help = "settings of a Raspberry Pi's config.txt, such as '[pi4] arm_boost=1'",
	 .check = config_check_item},
	{.name = "armbian-env",
	 .type = KEY_LIST,
	 .help = "lines of Armbian's armbianEnv.txt, such as 'verbosity=1'",
	 .check = check_env},
	{.name = NULL},
};

static const struct edit {
	const char *key, *why;
	int (*plan)(struct plan_ctx *ctx, const struct strv *items, const char *why, struct err *e);
} edits[] = {
	/* Before cmdline, which adds its words to extraargs. */
	{"armbian-env", "lines of the key armbian-env", bootconfig_armbian_edit},
	{"cmdline", "words of the key cmdline", bootconfig_cmdline_edit},
	{"config", "settings of the key config", bootconfig_config_edit},
};

static int plan(struct plan_ctx *ctx, struct err *e)
{
	for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++) {
		const struct strv *items = &profile_get(ctx->profile, edits[i].key)->list;
		if (items->n && edits[i].plan(ctx, items, edits[i].why, e) < 0)
			return -1;
	}
	return 0;
}

const struct custom custom_bootconfig = {
	.name = "bootconfig",
	.help = "the kernel's command line and the boot loader's settings",
	.keys = keys,
	.plan = plan,
};
