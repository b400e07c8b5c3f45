/* SPDX-License-Identifier: GPL-3.0-or-later */
/* config.txt and armbianEnv.txt: settings of the boot loader. */
#include <string.h>

#include "bootconfig.h"
#include "edit_boot.h"
#include "mem.h"
#include "text.h"

/* raspi-firmware puts these lines at the end of each config.txt that it writes. */
#define RASPI_LINES "/etc/default/raspi-firmware-custom"

/* What it writes by itself. */
static const char *const raspi_names[] = {"arm_64bit", "enable_uart", "upstream_kernel",
					  "kernel",    "initramfs",   "core_freq"};

static void note_generated(struct plan_ctx *ctx, const char *item)
{
	if (*item != '-')
		return;
	size_t len = strcspn(item + 1, "=");
	for (size_t i = 0; i < sizeof(raspi_names) / sizeof(*raspi_names); i++) {
		if (strlen(raspi_names[i]) == len && strncmp(item + 1, raspi_names[i], len) == 0)
			plan_note(ctx,
				  "'%s' is out of config.txt until the next kernel upgrade: "
				  "raspi-firmware writes it again, see /etc/default/raspi-firmware",
				  item + 1);
	}
}

/* The same edits in what config.txt is made of, so that they survive a kernel upgrade. */
static int edit_generated(struct plan_ctx *ctx, const struct strv *items, const char *why,
			  struct err *e)
{
	auto_str text = STR_INIT, out = STR_INIT;
	int generated = bootconfig_is_generated(ctx, e);
	if (generated <= 0)
		return generated;
	int found = text_read_optional(ctx, RASPI_LINES, &text, e);
	if (found < 0)
		return -1;
	config_edit(&out, str_text(&text), items);
	strv_foreach (item, items)
		note_generated(ctx, *item);
	if (!found && !out.len)
		return 0;
	struct attr attr = found ? ATTR_KEEP : ATTR_ROOT(0644);
	return plan_write(ctx, RASPI_LINES, str_text(&out), out.len, attr, why, e);
}

int bootconfig_config_edit(struct plan_ctx *ctx, const struct strv *items, const char *why,
			   struct err *e)
{
	auto_str text = STR_INIT, out = STR_INIT;
	autofree char *path = NULL;
	if (bootconfig_firmware_file(ctx, "config.txt", &path, e) < 0)
		return -1;
	if (!path) {
		plan_note(ctx,
			  "config.txt is not changed: this image has none, it is no image for a "
			  "Raspberry Pi");
		return 0;
	}
	if (text_read(ctx, path, &text, e) < 0)
		return -1;
	config_edit(&out, str_text(&text), items);
	if (plan_write(ctx, path, str_text(&out), out.len, ATTR_KEEP, why, e) < 0)
		return -1;
	return edit_generated(ctx, items, why, e);
}

static void edit_env(struct str *text, const char *item)
{
	struct str next = STR_INIT;
	bool remove = *item == '-';
	size_t len = strcspn(item, "=");
	autofree char *name = xstrndup(item + remove, len - remove);
	env_set(&next, str_text(text), name, remove ? NULL : item + len + 1);
	str_done(text);
	*text = next;
}

int bootconfig_armbian_edit(struct plan_ctx *ctx, const struct strv *items, const char *why,
			    struct err *e)
{
	auto_str text = STR_INIT;
	int found = text_read_optional(ctx, BOOTCONFIG_ARMBIAN_ENV, &text, e);
	if (found < 0)
		return -1;
	if (!found) {
		plan_note(ctx, "armbianEnv.txt is not changed: this image has none, it is not "
			       "Armbian");
		return 0;
	}
	strv_foreach (item, items)
		edit_env(&text, *item);
	return plan_write(ctx, BOOTCONFIG_ARMBIAN_ENV, str_text(&text), text.len, ATTR_KEEP, why,
			  e);
}
