/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <string.h>

#include "edit_init.h"
#include "mem.h"
#include "target.h"
#include "text.h"

#define INITTAB "/etc/inittab"
#define UPSTART "/etc/init/rc-sysinit.conf"
#define WHY "boot target"
#define WHY_TEXT "no graphical login: boot target"

/* What a target was before; Debian's levels 2 to 5 are one, others have X in 5. */
static const struct level {
	const char *target;
	char debian, other;
	bool graphical;
} levels[] = {
	{"multi-user.target", '2', '3', false},
	{"graphical.target", '2', '5', true},
	{"rescue.target", '1', '1', false},
};

static const char *const display_managers[] = {"lightdm", "gdm",  "gdm3", "kdm", "lxdm",
					       "nodm",	  "sddm", "slim", "wdm", "xdm"};

static const struct level *find_level(const char *target)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		if (strcmp(levels[i].target, target) == 0)
			return &levels[i];
	}
	return NULL;
}

/* 1: the file says which level the system boots to, and says the right one now. */
static int set_in(struct plan_ctx *ctx, const char *path, char level,
		  bool (*edit)(struct str *out, const char *text, char level), struct err *e)
{
	auto_str text = STR_INIT, out = STR_INIT;
	int present = text_read_optional(ctx, path, &text, e);
	if (present <= 0)
		return present;
	if (!edit(&out, str_text(&text), level))
		return 0;
	return plan_write(ctx, path, str_text(&out), out.len, ATTR_KEEP, WHY, e) < 0 ? -1 : 1;
}

/* init(5) of upstart: a job's .override file adds to it; "manual" takes its start away. */
static int stop_job(struct plan_ctx *ctx, const char *name, struct err *e)
{
	auto_str text = STR_INIT;
	autofree char *job = xasprintf("/etc/init/%s.conf", name);
	autofree char *override = xasprintf("/etc/init/%s.override", name);
	int present = plan_exists(ctx, job, e);
	if (present <= 0)
		return present;
	if (text_read_optional(ctx, override, &text, e) < 0)
		return -1;
	if (strcmp(str_text(&text), "manual\n") == 0 || strstr(str_text(&text), "\nmanual\n"))
		return 0;
	if (text.len && text.data[text.len - 1] != '\n')
		str_puts(&text, "\n");
	str_puts(&text, "manual\n");
	return plan_write(ctx, override, str_text(&text), text.len, ATTR_KEEP, WHY_TEXT, e);
}

/* "S20lightdm" starts lightdm. */
static bool starts(const char *link, const char *name)
{
	return link[0] == 'S' && isdigit((unsigned char)link[1]) &&
	       isdigit((unsigned char)link[2]) && strcmp(link + 3, name) == 0;
}

/* As `update-rc.d NAME disable`: the links that start it become links that stop it. */
static int stop_script(struct plan_ctx *ctx, const char *dir, const char *name, struct err *e)
{
	auto_strv links = {0};
	autofree char *script = xasprintf("../init.d/%s", name);
	autofree char *kill = xasprintf("%s/K01%s", dir, name);
	if (plan_list(ctx, dir, &links, e) < 0)
		return -1;
	strv_foreach (link, &links) {
		autofree char *path = path_join(dir, *link);
		if (!starts(*link, name))
			continue;
		if (plan_remove(ctx, path, WHY_TEXT, e) < 0 ||
		    plan_symlink(ctx, kill, script, WHY_TEXT, e) < 0)
			return -1;
	}
	return 0;
}

static int stop_display(struct plan_ctx *ctx, const char *name, struct err *e)
{
	static const char *const dirs[] = {"/etc/rc2.d", "/etc/rc3.d", "/etc/rc4.d", "/etc/rc5.d"};
	if (stop_job(ctx, name, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		if (stop_script(ctx, dirs[i], name, e) < 0)
			return -1;
	}
	return 0;
}

/* Where level 3 has no X, the level says it all; in Debian's only level X has to go by itself. */
static int plan_display(struct plan_ctx *ctx, const struct level *level, struct err *e)
{
	for (size_t i = 0; i < sizeof(display_managers) / sizeof(*display_managers); i++) {
		if (!level->graphical && stop_display(ctx, display_managers[i], e) < 0)
			return -1;
	}
	return 0;
}

int target_plan_runlevel(struct plan_ctx *ctx, const char *target, struct err *e)
{
	const struct level *level = find_level(target);
	if (!level) {
		plan_note(
			ctx,
			"boot target %s is not set: this image has no systemd, and no runlevel is "
			"the same",
			target);
		return 0;
	}
	int debian = plan_exists(ctx, "/etc/debian_version", e);
	if (debian < 0)
		return -1;
	int inittab = set_in(ctx, INITTAB, debian ? level->debian : level->other, inittab_set_level,
			     e);
	int upstart = inittab < 0 ? -1 : set_in(ctx, UPSTART, level->debian, upstart_set_level, e);
	if (upstart < 0)
		return -1;
	if (!inittab && !upstart) {
		plan_note(
			ctx,
			"boot target %s is not set: this image has neither systemd nor a runlevel "
			"in " INITTAB " or " UPSTART,
			target);
		return 0;
	}
	return debian || upstart ? plan_display(ctx, level, e) : 0;
}
