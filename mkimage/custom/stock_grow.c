/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What stock images bring to grow the root.  Two growers are one too many: each takes the partition
 * table for its own, and the images' also give the disk another id.
 */
#include "bootconfig.h"
#include "firstboot.h"
#include "mem.h"
#include "stock.h"
#include "sysv.h"

#define WHY "firstboot grows the root, and one is enough"

static const char *const units[] = {STOCK_RESIZE, "armbian-resize-filesystem.service"};

/* In the initramfs, where it cannot be taken out: it is done when firstboot looks. */
#define IN_INITRAMFS "/etc/initramfs-tools/scripts/local-bottom/rpi-resizerootfs"

/* raspi-config's init, and the word that rpi-resize.service goes with. */
static int plan_words(struct plan_ctx *ctx, struct err *e)
{
	auto_strv words = {0}, items = {0};
	int resizes = stock_has_unit(ctx, STOCK_RESIZE, e);
	if (resizes < 0 || stock_read_words(ctx, &words, e) < 0)
		return -1;
	const char *init = stock_find_word(&words, "init=", "/raspi-config/init_resize.sh");
	if (init)
		strv_printf(&items, "-%s", init);
	if (resizes && strv_has(&words, "resize"))
		strv_add(&items, "-resize");
	return items.n ? bootconfig_cmdline_edit(ctx, &items, WHY, e) : 0;
}

static int note_initramfs(struct plan_ctx *ctx, struct err *e)
{
	int found = plan_exists(ctx, IN_INITRAMFS, e);
	if (found > 0)
		plan_note(ctx, "the image's initramfs grows the root before firstboot looks at it");
	return found < 0 ? -1 : 0;
}

int stock_plan_growers(struct plan_ctx *ctx, struct err *e)
{
	int ours = firstboot_grows(ctx, e);
	if (ours <= 0)
		return ours;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (stock_mask(ctx, units[i], WHY, e) < 0)
			return -1;
	}
	if (plan_words(ctx, e) < 0 || sysv_remove(ctx, "resize2fs_once", WHY, e) < 0)
		return -1;
	return note_initramfs(ctx, e);
}
