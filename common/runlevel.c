/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <ctype.h>
#include <string.h>

#include "edit_init.h"
#include "mem.h"
#include "runlevel.h"

#define INITTAB "/etc/inittab"
#define UPSTART "/etc/init/rc-sysinit.conf"
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
static int set_in(const struct files *f, const char *path, char level,
		  bool (*edit)(struct str *out, const char *text, char level), struct err *e)
{
	auto_str text = STR_INIT, out = STR_INIT;
	int present = f->ops->read(f, path, &text, e);
	if (present <= 0)
		return present;
	if (!edit(&out, str_text(&text), level))
		return 0;
	return f->ops->write(f, path, &out, e) < 0 ? -1 : 1;
}

/* init(5) of upstart: a job's .override file adds to it; "manual" takes its start away. */
static int stop_job(const struct files *f, const char *name, struct err *e)
{
	auto_str text = STR_INIT;
	autofree char *job = xasprintf("/etc/init/%s.conf", name);
	autofree char *override = xasprintf("/etc/init/%s.override", name);
	int present = f->ops->exists(f, job, e);
	if (present <= 0)
		return present;
	if (f->ops->read(f, override, &text, e) < 0)
		return -1;
	if (strcmp(str_text(&text), "manual\n") == 0 || strstr(str_text(&text), "\nmanual\n"))
		return 0;
	if (text.len && text.data[text.len - 1] != '\n')
		str_puts(&text, "\n");
	str_puts(&text, "manual\n");
	return f->ops->write(f, override, &text, e);
}

/* "S20lightdm" starts lightdm. */
static bool starts(const char *link, const char *name)
{
	return link[0] == 'S' && isdigit((unsigned char)link[1]) &&
	       isdigit((unsigned char)link[2]) && strcmp(link + 3, name) == 0;
}

/* As `update-rc.d NAME disable`: the links that start it become links that stop it. */
static int stop_script(const struct files *f, const char *dir, const char *name, struct err *e)
{
	auto_strv links = {0};
	autofree char *script = xasprintf("../init.d/%s", name);
	autofree char *kill = xasprintf("%s/K01%s", dir, name);
	if (f->ops->list(f, dir, &links, e) < 0)
		return -1;
	strv_foreach (link, &links) {
		autofree char *path = path_join(dir, *link);
		if (!starts(*link, name))
			continue;
		if (f->ops->remove(f, path, e) < 0 || f->ops->symlink(f, kill, script, e) < 0)
			return -1;
	}
	return 0;
}

static int stop_display(const struct files *f, const char *name, struct err *e)
{
	static const char *const dirs[] = {"/etc/rc2.d", "/etc/rc3.d", "/etc/rc4.d", "/etc/rc5.d"};
	if (stop_job(f, name, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		if (stop_script(f, dirs[i], name, e) < 0)
			return -1;
	}
	return 0;
}

/* Where level 3 has no X, the level says it all; in Debian's only level X has to go by itself. */
static int stop_displays(const struct files *f, struct err *e)
{
	struct files text = *f;
	text.why = WHY_TEXT;
	for (size_t i = 0; i < sizeof(display_managers) / sizeof(*display_managers); i++) {
		if (stop_display(&text, display_managers[i], e) < 0)
			return -1;
	}
	return 0;
}

static void note(const struct files *f, const char *target, const char *why)
{
	autofree char *text = xasprintf("boot target %s is not set: %s", target, why);
	f->ops->note(f, text);
}

int runlevel_set(const struct files *f, const char *target, struct err *e)
{
	const struct level *level = find_level(target);
	if (!level) {
		note(f, target, "there is no systemd, and no runlevel is the same");
		return 0;
	}
	int debian = f->ops->exists(f, "/etc/debian_version", e);
	if (debian < 0)
		return -1;
	int inittab = set_in(f, INITTAB, debian ? level->debian : level->other, inittab_set_level,
			     e);
	int upstart = inittab < 0 ? -1 : set_in(f, UPSTART, level->debian, upstart_set_level, e);
	if (upstart < 0)
		return -1;
	if (!inittab && !upstart) {
		note(f, target,
		     "there is neither systemd nor a runlevel in " INITTAB " or " UPSTART);
		return 0;
	}
	bool by_itself = (debian || upstart) && !level->graphical;
	return by_itself ? stop_displays(f, e) : 0;
}
