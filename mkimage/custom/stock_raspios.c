/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Raspberry Pi OS, as pi-gen makes it from raspberrypi-sys-mods, userconf-pi and raspi-config. */
#include <string.h>

#include "bootconfig.h"
#include "edit.h"
#include "edit_boot.h"
#include "firstboot.h"
#include "edit_rename.h"
#include "mem.h"
#include "stock.h"
#include "systemd.h"
#include "text.h"
#include "user_db.h"

#define WIZARD "rpi-first-boot-wizard"
#define LIGHTDM "/etc/lightdm/lightdm.conf"
#define GROW_SCRIPT "/usr/share/initramfs-tools/scripts/local-premount/firstboot"
#define GROW_WORD "cardstock.grow=firstboot"
#define GROW_DONE "cardstock-grown.service"

static const char grow_done[] =
	"# Written by Cardstock: the initramfs has grown the root and need not look again.\n"
	"[Unit]\n"
	"Description=Take the word that grows the root off the kernel's command line\n"
	"ConditionKernelCommandLine=" GROW_WORD "\n"
	"RequiresMountsFor=/boot/firmware\n"
	"\n"
	"[Service]\n"
	"Type=oneshot\n"
	"ExecStart=/bin/sed -i \"s/ " GROW_WORD "//\" /boot/firmware/cmdline.txt\n"
	"\n"
	"[Install]\n"
	"WantedBy=multi-user.target\n";

int stock_read_words(struct plan_ctx *ctx, struct strv *ret, struct err *e)
{
	autofree char *path = NULL;
	auto_str text = STR_INIT;
	if (bootconfig_firmware_file(ctx, "cmdline.txt", &path, e) < 0)
		return -1;
	if (path && text_read(ctx, path, &text, e) < 0)
		return -1;
	strv_split(ret, str_text(&text), " \t\r\n");
	return 0;
}

const char *stock_find_word(const struct strv *words, const char *begin, const char *part)
{
	strv_foreach (word, words) {
		if (str_starts(*word, begin) && strstr(*word, part))
			return *word;
	}
	return NULL;
}

/*
 * The initramfs of bookworm grows the root when it sees the word firstboot anywhere.  It goes on
 * seeing it, in a word that means nothing to anybody else, until the root is mounted.
 */
static int plan_grow(struct plan_ctx *ctx, struct strv *items, struct err *e)
{
	int ours = firstboot_grows(ctx, e);
	int grows = ours ? ours : plan_exists(ctx, GROW_SCRIPT, e);
	if (ours || grows < 0)
		return grows < 0 ? -1 : 0;
	if (!grows) {
		plan_note(ctx, "the first boot does not grow the root file system any more, for "
			       "what grows it would replace the node's host key: give it its size "
			       "by image-size");
		return 0;
	}
	strv_add(items, GROW_WORD);
	if (plan_write_text(ctx, UNIT_ADMIN_DIR "/" GROW_DONE, grow_done, ATTR_ROOT(0644),
			    "takes '" GROW_WORD "' away again", e) < 0)
		return -1;
	return systemd_enable(ctx, GROW_DONE, "multi-user.target",
			      "takes '" GROW_WORD "' away again", e);
}

/*
 * Bookworm's firstboot, in place of init: new host keys, a new disk id, custom.toml, a restart.  It
 * ends by taking `quiet` away, and so do we.  raspi-config's init_resize.sh of older images only
 * grows the partition and gives the disk a new id, which it writes to fstab and cmdline.txt: it
 * stays, and so does `resize` of trixie, unless firstboot grows the root (stock_grow.c).
 */
static int plan_firstboot(struct plan_ctx *ctx, const struct strv *words, struct err *e)
{
	const char *init = stock_find_word(words, "init=", "/raspberrypi-sys-mods/firstboot");
	auto_strv items = {0};
	if (!init)
		return 0;
	strv_printf(&items, "-%s", init);
	if (!strv_has(words, "splash"))
		strv_add(&items, "-quiet");
	if (plan_grow(ctx, &items, e) < 0)
		return -1;
	return bootconfig_cmdline_edit(ctx, &items, "would replace the node's host key", e);
}

/* Raspberry Pi Imager has systemd run a script from the FAT, and nothing else at that boot. */
static int plan_imager(struct plan_ctx *ctx, const struct strv *words, struct err *e)
{
	const char *run = stock_find_word(words, "systemd.run=", "/firstrun.sh");
	auto_strv items = {0};
	if (!run)
		return 0;
	strv_printf(&items, "-%s", run);
	strv_add(&items, "-systemd.run_success_action=");
	strv_add(&items, "-systemd.unit=kernel-command-line.target");
	return bootconfig_cmdline_edit(ctx, &items, "would run Raspberry Pi Imager's script", e);
}

/* rename-user disables the login at tty1, where userconfig asks. */
static int plan_console(struct plan_ctx *ctx, struct err *e)
{
	int asks = stock_has_unit(ctx, "userconfig.service", e);
	int getty = asks > 0 ? stock_has_unit(ctx, "getty@.service", e) : asks;
	if (getty <= 0)
		return getty;
	return systemd_enable(ctx, "getty@tty1.service", "getty.target",
			      "the login that userconfig.service stood for", e);
}

/*
 * The initramfs grows the partition when it sees the word `resize`; this unit then grows the file
 * system, but at a first boot only, and to systemd it is none: machine-id is empty, see
 * machine_id.c.  The unit disables itself.
 */
static int plan_resize(struct plan_ctx *ctx, struct err *e)
{
	autofree char *file = NULL;
	int ours = firstboot_grows(ctx, e);
	if (ours)
		return ours < 0 ? -1 : 0;
	if (systemd_unit_path(ctx, STOCK_RESIZE, &file, e) < 0)
		return -1;
	int once = file ? stock_file_has(ctx, file, "ConditionFirstBoot=yes", e) : 0;
	if (once <= 0)
		return once;
	return plan_write_text(ctx, UNIT_ADMIN_DIR "/" STOCK_RESIZE ".d/10-cardstock.conf",
			       "# With an empty machine-id it is no first boot to systemd.\n"
			       "[Unit]\nConditionFirstBoot=\n",
			       ATTR_ROOT(0644), "the root file system grows at the first boot", e);
}

/* wpa_supplicant.conf on the FAT replaces the one in /etc at boot. */
static int note_wpa(struct plan_ctx *ctx, struct err *e)
{
	static const char *const paths[] = {"/boot/firmware/wpa_supplicant.conf",
					    "/boot/wpa_supplicant.conf"};
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		int found = plan_exists(ctx, paths[i], e);
		if (found < 0)
			return -1;
		if (found)
			plan_note(ctx,
				  "%s in the image is left alone: an older Raspberry Pi OS takes "
				  "its wifi from there",
				  paths[i]);
	}
	return 0;
}

static int forget_in(struct plan_ctx *ctx, const char *path, bool members, struct err *e)
{
	auto_str text = STR_INIT, without = STR_INIT, out = STR_INIT;
	int found = text_read_optional(ctx, path, &text, e);
	if (found <= 0)
		return found;
	db_remove(&without, str_text(&text), WIZARD);
	if (members)
		group_rename(&out, str_text(&without), WIZARD, NULL);
	else
		str_puts(&out, str_text(&without));
	return user_db_write(ctx, path, &out, "user of the first-run wizard", e);
}

static int plan_wizard_user(struct plan_ctx *ctx, struct err *e)
{
	autofree char *line = NULL;
	if (user_db_get(ctx, PASSWD, WIZARD, &line, e) < 0)
		return -1;
	if (!line)
		return 0;
	if (forget_in(ctx, PASSWD, false, e) < 0 || forget_in(ctx, SHADOW, false, e) < 0 ||
	    forget_in(ctx, GROUP, true, e) < 0 || forget_in(ctx, GSHADOW, true, e) < 0 ||
	    forget_in(ctx, SUBUID, false, e) < 0 || forget_in(ctx, SUBGID, false, e) < 0)
		return -1;
	return plan_remove(ctx, "/home/" WIZARD, "home of the first-run wizard's user", e);
}

/* The desktop is the wizard's until it has asked. */
static int plan_lightdm(struct plan_ctx *ctx, struct err *e)
{
	auto_str text = STR_INIT, out = STR_INIT;
	int found = text_read_optional(ctx, LIGHTDM, &text, e);
	autofree char *user = found > 0 ? env_get(str_text(&text), "autologin-user") : NULL;
	if (!user || strcmp(user, WIZARD) != 0)
		return found < 0 ? -1 : 0;
	env_set(&out, str_text(&text), "autologin-user", NULL);
	return plan_write(ctx, LIGHTDM, str_text(&out), out.len, ATTR_KEEP,
			  "the desktop would log the first-run wizard in", e);
}

int stock_plan_raspios(struct plan_ctx *ctx, struct err *e)
{
	auto_strv words = {0};
	if (stock_read_words(ctx, &words, e) < 0 || plan_firstboot(ctx, &words, e) < 0 ||
	    plan_imager(ctx, &words, e) < 0 || plan_console(ctx, e) < 0 ||
	    plan_resize(ctx, e) < 0 || note_wpa(ctx, e) < 0)
		return -1;
	return plan_wizard_user(ctx, e) < 0 ? -1 : plan_lightdm(ctx, e);
}
