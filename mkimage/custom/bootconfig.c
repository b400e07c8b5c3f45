/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the boot loader reads, as keys of the profile. */
#include "bootconfig.h"
#include "custom.h"
#include "edit_boot.h"

static const struct key keys[] = {
	{.name = "cmdline",
	 .type = KEY_LIST,
	 .help = "words for the kernel's command line; '-word' takes one out",
	 .check = cmdline_check_item},
	{.name = NULL},
};

static int plan(struct plan_ctx *ctx, struct err *e)
{
	const struct strv *words = &profile_get(ctx->profile, "cmdline")->list;
	return words->n ? bootconfig_cmdline_edit(ctx, words, "words of the key cmdline", e) : 0;
}

const struct custom custom_bootconfig = {
	.name = "bootconfig",
	.help = "the kernel's command line and the boot loader's settings",
	.keys = keys,
	.plan = plan,
};
