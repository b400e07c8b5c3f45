/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_BOOTCONFIG_H
#define MKIMAGE_CUSTOM_BOOTCONFIG_H

/*
 * What the boot loader of the image reads: the kernel's command line, config.txt of a Raspberry Pi,
 * armbianEnv.txt.  Where an image makes these files anew at each kernel upgrade, what they are made
 * from is changed as well.  An image without such a file gets a note.
 */

#include "plan.h"

#define BOOTCONFIG_ARMBIAN_ENV "/boot/armbianEnv.txt"

/*
 * Put one word ("cfg80211.ieee80211_regdom=US") on the kernel's command line; a value of the same
 * name is replaced, unless the name may occur several times (console=).  See cmdline_edit.
 */
int bootconfig_cmdline_set(struct plan_ctx *ctx, const char *word, const char *why,
			   struct err *e) must_check;
/* Several at once, as in the key `cmdline`. */
int bootconfig_cmdline_edit(struct plan_ctx *ctx, const struct strv *items, const char *why,
			    struct err *e) must_check;

/* Settings of config.txt, as in the key `config`; see config_edit. */
int bootconfig_config_edit(struct plan_ctx *ctx, const struct strv *items, const char *why,
			   struct err *e) must_check;
/* Lines of armbianEnv.txt, "name=value" or "-name". */
int bootconfig_armbian_edit(struct plan_ctx *ctx, const struct strv *items, const char *why,
			    struct err *e) must_check;

/*
 * "cmdline.txt" or "config.txt": the file that the firmware of a Raspberry Pi reads, owned; *ret
 * NULL: none.  The one on the root that says "DO NOT EDIT" is not it; os_prefix= and cmdline= of
 * config.txt lead elsewhere.
 */
int bootconfig_firmware_file(struct plan_ctx *ctx, const char *name, char **ret,
			     struct err *e) must_check;
/* 1 when the image's hooks write config.txt and cmdline.txt at each kernel upgrade. */
int bootconfig_is_generated(struct plan_ctx *ctx, struct err *e) must_check;

#endif
