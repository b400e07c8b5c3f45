/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Armbian, cloud-init, SELinux, and passwords that everybody knows. */
#include <string.h>

#include "bootconfig.h"
#include "edit.h"
#include "edit_boot.h"
#include "firstboot.h"
#include "mem.h"
#include "stock.h"
#include "text.h"
#include "user_db.h"

#define FIRSTRUN "/usr/lib/armbian/armbian-firstrun"
#define FIRSTRUN_SETTINGS "/etc/default/armbian-firstrun"
#define REGENERATE "OPENSSHD_REGENERATE_HOST_KEYS"
#define NEW_KEYS "would replace the node's host key"

#define CLOUD_OFF "/etc/cloud/cloud-init.disabled"
#define CLOUD_KEEP "/etc/cloud/cloud.cfg.d/zz-cardstock.cfg"

/* With its service off, nothing makes another hardware address for each board. */
static int note_ethaddr(struct plan_ctx *ctx, struct err *e)
{
	auto_str text = STR_INIT;
	int found = text_read_optional(ctx, BOOTCONFIG_ARMBIAN_ENV, &text, e);
	autofree char *address = found > 0 ? env_get(str_text(&text), "ethaddr") : NULL;
	if (address)
		plan_note(ctx,
			  "all nodes have the hardware address %s of the image's armbianEnv.txt: "
			  "take it out by armbian-env = \"-ethaddr\" where the board has its own",
			  address);
	return found < 0 ? -1 : 0;
}

/* A setting leaves the other work of the script, which older versions do not have. */
int stock_plan_armbian(struct plan_ctx *ctx, struct err *e)
{
	int asked = stock_file_has(ctx, FIRSTRUN, REGENERATE, e);
	if (asked < 0)
		return -1;
	if (asked) {
		auto_str text = STR_INIT, out = STR_INIT;
		int found = text_read_optional(ctx, FIRSTRUN_SETTINGS, &text, e);
		if (found < 0)
			return -1;
		env_set(&out, str_text(&text), REGENERATE, "false");
		return plan_write(ctx, FIRSTRUN_SETTINGS, str_text(&out), out.len,
				  found ? ATTR_KEEP : ATTR_ROOT(0644), NEW_KEYS, e);
	}
	int service = stock_has_unit(ctx, "armbian-firstrun.service", e);
	if (service <= 0)
		return service;
	return stock_mask(ctx, "armbian-firstrun.service", NEW_KEYS, e) < 0 ? -1
									    : note_ethaddr(ctx, e);
}

/* 1 when something else than cloud-init grows the root file system at the first boot. */
static int grows_without(struct plan_ctx *ctx, struct err *e)
{
	static const char *const units[] = {STOCK_RESIZE, "armbian-resize-filesystem.service"};
	int found = firstboot_grows(ctx, e);
	for (size_t i = 0; !found && i < sizeof(units) / sizeof(*units); i++)
		found = stock_has_unit(ctx, units[i], e);
	return found;
}

static int cloud_off(struct plan_ctx *ctx, struct err *e)
{
	int grows = grows_without(ctx, e);
	if (grows < 0)
		return -1;
	if (!grows)
		plan_note(ctx, "the first boot does not grow the root file system, for cloud-init "
			       "is off: give it its size by image-size, or set cloud-init = keep");
	return plan_write_text(ctx, CLOUD_OFF, "", ATTR_ROOT(0644),
			       "cloud-init would set name, users, network and host keys", e);
}

/* The user-data on the boot partition that names users, at the top level of its YAML. */
static int find_users(struct plan_ctx *ctx, const char **ret, struct err *e)
{
	static const char *const paths[] = {"/boot/firmware/user-data", "/boot/user-data"};
	*ret = NULL;
	for (size_t i = 0; !*ret && i < sizeof(paths) / sizeof(*paths); i++) {
		auto_str text = STR_INIT;
		auto_strv lines = {0};
		/* It may be packed; then what is in it does not show. */
		if (plan_read_optional(ctx, paths[i], &text, e) < 0)
			return -1;
		strv_split(&lines, str_text(&text), "\n");
		strv_foreach (line, &lines) {
			if (str_starts(*line, "users:") || str_starts(*line, "user:"))
				*ret = paths[i];
		}
	}
	return 0;
}

static int note_keep(struct plan_ctx *ctx, struct err *e)
{
	const char *users;
	if (find_users(ctx, &users, e) < 0)
		return -1;
	if (users)
		plan_note(ctx,
			  "cloud-init runs: %s makes the users that it names, beside those of "
			  "the profile",
			  users);
	else
		plan_note(ctx, "cloud-init runs, and makes no user of its own");
	plan_note(ctx, "user-data on the boot partition can still make users, with sudo, set "
		       "passwords, run commands, and change what the profile says");
	return 0;
}

/*
 * Of two files in cloud.cfg.d the later name wins, and it wins over cloud.cfg, whose list of users
 * has the distribution's own; user-data wins over all of them.  Lists are not joined.
 * https://docs.cloud-init.io/en/latest/reference/modules.html and merging.html
 */
static int cloud_keep(struct plan_ctx *ctx, struct err *e)
{
	auto_str text = STR_INIT;
	int ours = firstboot_grows(ctx, e);
	if (ours < 0 || note_keep(ctx, e) < 0)
		return -1;
	str_printf(&text,
		   "# Written by Cardstock: what the profile sets stays.\n"
		   "preserve_hostname: true\n"
		   "manage_etc_hosts: false\n"
		   "ssh_deletekeys: false\n"
		   "users: []\n"
		   "network:\n"
		   "  config: disabled\n%s",
		   ours ? "growpart:\n  mode: \"off\"\nresize_rootfs: false\n" : "");
	return plan_write(ctx, CLOUD_KEEP, str_text(&text), text.len, ATTR_ROOT(0644),
			  "cloud-init leaves what the profile sets", e);
}

/* https://docs.cloud-init.io/en/latest/howto/disable_cloud_init.html */
int stock_plan_cloud_init(struct plan_ctx *ctx, struct err *e)
{
	static const char *const units[] = {"cloud-init.service", "cloud-init-main.service",
					    "cloud-init-local.service"};
	int found = 0;
	for (size_t i = 0; !found && i < sizeof(units) / sizeof(*units); i++)
		found = stock_has_unit(ctx, units[i], e);
	if (found <= 0)
		return found;
	bool keep = strcmp(profile_str(ctx->profile, "cloud-init"), "keep") == 0;
	return keep ? cloud_keep(ctx, e) : cloud_off(ctx, e);
}

/* selinux(8): what has no label is refused to services, until all files are labelled anew. */
int stock_plan_selinux(struct plan_ctx *ctx, struct err *e)
{
	auto_str text = STR_INIT;
	int found = text_read_optional(ctx, "/etc/selinux/config", &text, e);
	autofree char *mode = found > 0 ? env_get(str_text(&text), "SELINUX") : NULL;
	if (!mode || (!str_starts(mode, "enforcing") && !str_starts(mode, "permissive")))
		return found < 0 ? -1 : 0;
	plan_note(ctx, "the first boot gives all files their SELinux labels and restarts, which "
		       "takes minutes");
	return plan_write_text(ctx, "/.autorelabel", "", ATTR_ROOT(0644),
			       "files that mkimage writes have no SELinux label", e);
}

/* The profile has a section for this name of the image, or makes it from another's. */
static bool in_profile(const struct profile *p, const char *name)
{
	const struct section *s = NULL;
	while ((s = profile_next(p, "user", s))) {
		const char *to = section_str(s, "rename-to");
		if (strcmp(s->title, name) == 0 || (to && strcmp(to, name) == 0))
			return true;
	}
	return false;
}

/* One line of passwd, and that of the same name in shadow. */
static void note_password(struct plan_ctx *ctx, const char *line, const char *shadow)
{
	uint32_t uid;
	autofree char *name = db_field(line, 0), *shell = db_field(line, 6);
	autofree char *entry = db_get(shadow, name), *hash = entry ? db_field(entry, 1) : NULL;
	bool person = user_db_number(line, 2, &uid) && uid >= UID_PEOPLE && uid < 65000;
	if (!person || !hash || *hash == '!' || *hash == '*' || in_profile(ctx->profile, name))
		return;
	if (shell && (str_ends(shell, "/nologin") || str_ends(shell, "/false")))
		return;
	plan_note(ctx,
		  "user '%s' of the image keeps %s: give the profile a section user \"%s\", with "
		  "rename-to for another name",
		  name, *hash ? "the password that it came with" : "a login without a password",
		  name);
}

int stock_plan_passwords(struct plan_ctx *ctx, struct err *e)
{
	auto_str passwd = STR_INIT, shadow = STR_INIT;
	auto_strv lines = {0};
	if (text_read_optional(ctx, PASSWD, &passwd, e) < 0 ||
	    text_read_optional(ctx, SHADOW, &shadow, e) < 0)
		return -1;
	strv_split(&lines, str_text(&passwd), "\n");
	strv_foreach (line, &lines)
		note_password(ctx, *line, str_text(&shadow));
	return 0;
}
