/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "custom.h"
#include "mem.h"
#include "stock.h"
#include "systemd.h"
#include "text.h"

enum action {
	REMOVE,	 /* the file */
	MASK,	 /* the unit */
	DISABLE, /* the unit; for one that a target requires, and which a mask would make fail */
};

/* What to look for, what to do with it, and the reason that the plan gives. */
static const struct finding {
	enum action action;
	const char *what; /* path or unit */
	const char *has;  /* only a file with this text */
	const char *why;
} findings[] = {
	/* Raspberry Pi OS: rename-user of userconf-pi sets these up, cancel-rename takes them away.
	 */
	{MASK, "userconfig.service", NULL, "would ask at the console for the name of a user"},
	{REMOVE, "/etc/xdg/autostart/piwiz.desktop", NULL, "would ask on the desktop for a user"},
	{REMOVE, "/etc/xdg/autostart/deluser.desktop", NULL, "is of the first-run wizard"},
	{REMOVE, "/etc/sudoers.d/010_wiz-nopasswd", NULL, "sudo of the first-run wizard's user"},
	{REMOVE, "/etc/ssh/sshd_config.d/rename_user.conf", NULL,
	 "tells at each login by ssh that there is no user yet"},
	{REMOVE, "/var/lib/userconf-pi/autologin", NULL, "is of the first-run wizard"},
	{REMOVE, "/etc/systemd/system/getty@tty1.service.d/autologin.conf", "--autologin",
	 "the console would log a user in without a password"},
	/* raspberrypi-sys-mods; the service removes /etc/ssh/ssh_host_*_key* and makes others. */
	{MASK, "regenerate_ssh_host_keys.service", NULL, "would replace the node's host key"},
	/* Raspberry Pi Imager leaves passwords in these. */
	{REMOVE, "/boot/firmware/firstrun.sh", NULL, "would set up a user, ssh and wifi"},
	{REMOVE, "/boot/firstrun.sh", NULL, "would set up a user, ssh and wifi"},
	{REMOVE, "/boot/firmware/custom.toml", NULL, "would set up a user, ssh and wifi"},
	{REMOVE, "/boot/custom.toml", NULL, "would set up a user, ssh and wifi"},
	{REMOVE, "/boot/firmware/userconf", NULL, "would rename the first user"},
	{REMOVE, "/boot/firmware/userconf.txt", NULL, "would rename the first user"},
	{REMOVE, "/boot/userconf", NULL, "would rename the first user"},
	{REMOVE, "/boot/userconf.txt", NULL, "would rename the first user"},
	/* Armbian: armbian-check-first-login.sh, and root logged in until it has run. */
	{REMOVE, "/root/.not_logged_in_yet", NULL, "would ask at the first login for passwords"},
	{REMOVE, "/etc/systemd/system/getty@.service.d/override.conf", "--autologin root",
	 "the console would log root in without a password"},
	{REMOVE, "/etc/systemd/system/serial-getty@.service.d/override.conf", "--autologin root",
	 "the serial console would log root in without a password"},
	/* Debian's image-specs; its rpi-generate-ssh-host-keys only makes keys where there is none.
	 */
	{DISABLE, "rpi-set-sysconf.service", NULL,
	 "would set root's password and the host name from sysconf.txt"},
	/* Fedora. */
	{MASK, "initial-setup.service", NULL, "would ask at the console for users and passwords"},
	{MASK, "initial-setup-text.service", NULL, "would ask at the console for users"},
	{MASK, "initial-setup-graphical.service", NULL, "would ask on the desktop for users"},
};

static int (*const parts[])(struct plan_ctx *, struct err *) = {
	stock_plan_raspios,    stock_plan_growers, stock_plan_armbian,
	stock_plan_cloud_init, stock_plan_selinux, stock_plan_passwords,
};

static const struct key keys[] = {
	{.name = "cloud-init",
	 .type = KEY_STRING,
	 .fallback = "off",
	 .help = "off: never runs; keep: runs, but leaves name, users, hosts, network, host keys",
	 .allowed = "off|keep"},
	{.name = NULL},
};

int stock_file_has(struct plan_ctx *ctx, const char *path, const char *text, struct err *e)
{
	auto_str content = STR_INIT;
	struct fs_stat st;
	if (plan_stat(ctx, path, &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR)
		return 0;
	if (text_read(ctx, path, &content, e) < 0)
		return -1;
	return strstr(str_text(&content), text) != NULL;
}

int stock_has_unit(struct plan_ctx *ctx, const char *unit, struct err *e)
{
	autofree char *file = NULL;
	return systemd_unit_path(ctx, unit, &file, e) < 0 ? -1 : file != NULL;
}

int stock_mask(struct plan_ctx *ctx, const char *unit, const char *why, struct err *e)
{
	int found = stock_has_unit(ctx, unit, e);
	if (found <= 0)
		return found;
	return systemd_disable(ctx, unit, why, e) < 0 ? -1 : systemd_mask(ctx, unit, why, e);
}

static int remove_file(struct plan_ctx *ctx, const struct finding *f, struct err *e)
{
	int found = f->has ? stock_file_has(ctx, f->what, f->has, e) : plan_exists(ctx, f->what, e);
	return found > 0 ? plan_remove(ctx, f->what, f->why, e) : found;
}

static int plan_finding(struct plan_ctx *ctx, const struct finding *f, struct err *e)
{
	switch (f->action) {
	case REMOVE:
		return remove_file(ctx, f, e);
	case MASK:
		return stock_mask(ctx, f->what, f->why, e);
	case DISABLE:
		return systemd_disable(ctx, f->what, f->why, e);
	}
	return 0;
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	for (size_t i = 0; i < sizeof(findings) / sizeof(*findings); i++) {
		if (plan_finding(ctx, &findings[i], e) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (parts[i](ctx, e) < 0)
			return -1;
	}
	return 0;
}

const struct custom custom_stock = {
	.name = "stock",
	.help = "the first boot of stock images: no wizard, no new host keys",
	.keys = keys,
	.plan = plan,
};
