/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshd starts at boot: systemd, upstart, System V init, and Raspberry Pi OS's switch. */
#include <string.h>

#include "mem.h"
#include "ssh.h"
#include "systemd.h"
#include "sysv.h"
#include "text.h"

#define WHY "sshd on at boot"

/* Raspberry Pi OS: a file `ssh` in the boot partition asks for sshd. */
static int plan_switch(struct plan_ctx *ctx, struct err *e)
{
	autofree char *unit = NULL;
	struct fs_stat st;
	if (systemd_unit_path(ctx, "sshswitch.service", &unit, e) < 0)
		return -1;
	if (!unit)
		return 0;
	if (plan_stat(ctx, "/boot/firmware", &st, e) < 0)
		return -1;
	return plan_write_text(ctx, st.type == FILE_DIR ? "/boot/firmware/ssh" : "/boot/ssh", "",
			       ATTR_KEEP, "sshd on, as Raspberry Pi OS wants to be asked", e);
}

/*
 * Ubuntu's socket starts the service when someone calls; else Debian's unit is ssh, others' sshd.
 * 0: there is neither.
 */
static int plan_systemd(struct plan_ctx *ctx, struct err *e)
{
	static const char *const units[] = {"ssh.service", "sshd.service"};
	int socket = systemd_is_wanted(ctx, "ssh.socket", "sockets.target", e);
	if (socket < 0)
		return -1;
	if (socket)
		return systemd_enable(ctx, "ssh.socket", "sockets.target", WHY, e) < 0 ? -1 : 1;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		autofree char *unit = NULL;
		if (systemd_unit_path(ctx, units[i], &unit, e) < 0)
			return -1;
		if (unit)
			return systemd_enable(ctx, units[i], "multi-user.target", WHY, e) < 0 ? -1
											      : 1;
	}
	return 0;
}

/* init(5) of upstart: the stanza `manual` alone on its line; 1: there was one. */
static int drop_manual(const char *text, struct str *out)
{
	int dropped = 0;
	for (const char *line = text; *line;) {
		size_t full = strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n');
		autofree char *copy = xstrndup(line, full);
		auto_strv words = {0};
		strv_split(&words, copy, " \t\n");
		if (words.n == 1 && strcmp(words.v[0], "manual") == 0)
			dropped = 1;
		else
			str_add(out, line, full);
		line += full;
	}
	return dropped;
}

static int plan_automatic(struct plan_ctx *ctx, const char *path, struct err *e)
{
	auto_str text = STR_INIT, out = STR_INIT;
	if (text_read_optional(ctx, path, &text, e) < 0)
		return -1;
	if (!drop_manual(str_text(&text), &out))
		return 0;
	if (!out.len)
		return plan_remove(ctx, path, WHY, e);
	return plan_write(ctx, path, str_text(&out), out.len, ATTR_KEEP, WHY, e);
}

/* 0: upstart has no job for it. */
static int plan_upstart(struct plan_ctx *ctx, struct err *e)
{
	int found = plan_exists(ctx, "/etc/init/ssh.conf", e);
	if (found <= 0)
		return found;
	if (plan_automatic(ctx, "/etc/init/ssh.conf", e) < 0 ||
	    plan_automatic(ctx, "/etc/init/ssh.override", e) < 0)
		return -1;
	return 1;
}

/* 0: there is no script for it, or there are no runlevels. */
static int plan_sysv(struct plan_ctx *ctx, struct err *e)
{
	static const char *const services[] = {"ssh", "sshd"};
	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++) {
		autofree char *script = path_join("/etc/init.d", services[i]);
		int found = plan_exists(ctx, script, e);
		if (found > 0)
			found = sysv_enable(ctx, services[i], WHY, e);
		if (found)
			return found;
	}
	return 0;
}

int ssh_plan_boot(struct plan_ctx *ctx, struct err *e)
{
	int (*const kinds[])(struct plan_ctx *, struct err *) = {plan_systemd, plan_upstart,
								 plan_sysv};
	int done = 0;
	if (plan_remove(ctx, SSH_DIR "/sshd_not_to_be_run", WHY, e) < 0)
		return -1;
	for (size_t i = 0; !done && i < sizeof(kinds) / sizeof(*kinds); i++)
		done = kinds[i](ctx, e);
	if (done < 0)
		return -1;
	if (!done)
		plan_note(ctx, "sshd is not switched on: this image has neither a unit nor a "
			       "script of System V init nor a job of upstart for it");
	return plan_switch(ctx, e);
}
