/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packages of the settings that are not installed yet: those that the card does not carry, because
 * mkimage could not get them.  After the step `time`: lists of packages have a time, too.  So munge
 * comes after the registration, and is given here what that kept for it.
 */
#include <string.h>

#include "dpkg.h"
#include "join.h"
#include "mem.h"
#include "settings.h"

static bool is_installed(const char *status)
{
	return str_starts(status, "installed ");
}

static int find_missing(const struct ctx *ctx, struct strv *ret, struct err *e)
{
	strv_foreach (name, &ctx->settings->packages) {
		autofree char *status = NULL;
		if (dpkg_status(ctx, *name, &status, e) < 0)
			return -1;
		if (!is_installed(status))
			strv_add(ret, *name);
	}
	return 0;
}

/* dpkg's word counts: apt-get may have taken a name for that of something else. */
static int tell(const struct ctx *ctx, const struct strv *names, const struct err *why,
		struct str *message, struct err *e)
{
	auto_strv done = {0}, failed = {0};
	strv_foreach (name, names) {
		autofree char *status = NULL;
		if (dpkg_status(ctx, *name, &status, e) < 0)
			return -1;
		if (is_installed(status))
			strv_printf(&done, "%s %s", *name, status + strlen("installed "));
		else
			strv_printf(&failed, "%s is %s", *name, status);
	}
	autofree char *all = strv_join(failed.n ? &failed : &done, ", ");
	if (failed.n)
		return err_set(e, why->msg ? why->code : ERR_FAILED,
			       "%zu of %zu packages not installed: %s: %s", failed.n, names->n, all,
			       why->msg ? why->msg : "no package has the name");
	str_printf(message, "installed %s", all);
	return 1;
}

/* changed: whether packages were installed. */
static int take_kept(const struct ctx *ctx, int changed, struct str *message, struct err *e)
{
	int munge = ctx->dry_run ? 0 : join_take_kept(ctx, e);
	if (munge > 0)
		str_puts(message, "; munge has a new key");
	return munge < 0 ? -1 : changed || munge;
}

/* Lists that could not be had may still be there from before: then that is no failure. */
static int install(const struct ctx *ctx, const struct strv *names, struct str *message,
		   struct err *e)
{
	auto_err lists = ERR_INIT, why = ERR_INIT;
	int updated = dpkg_update(ctx, &lists);
	int installed = dpkg_download(ctx, names, &why);
	if (why.code == ERR_INTERRUPT || lists.code == ERR_INTERRUPT)
		return err_set(e, ERR_INTERRUPT, "%s", why.msg ? why.msg : lists.msg);
	if (installed < 0 && updated < 0)
		err_set(&why, lists.code,
			"their sources cannot be reached: is there a network, and a way to the "
			"Internet? %s",
			lists.msg);
	/* Of what came, too, when not all did. */
	auto_str kept = STR_INIT;
	if (take_kept(ctx, 1, &kept, e) < 0 || tell(ctx, names, &why, message, e) < 0)
		return -1;
	str_puts(message, str_text(&kept));
	return 1;
}

static int run_step(struct ctx *ctx, struct str *message, struct err *e)
{
	auto_strv missing = {0};
	if (!ctx->settings->packages.n) {
		str_puts(message, "the settings have none");
		return 0;
	}
	if (find_missing(ctx, &missing, e) < 0)
		return -1;
	autofree char *names = strv_join(&missing, ", ");
	if (!missing.n) {
		str_puts(message, "all are installed");
		return take_kept(ctx, 0, message, e);
	}
	if (*ctx->root) {
		str_printf(message, "the board downloads %s", names);
		return 0;
	}
	int apt = dpkg_has_apt(ctx, e);
	if (apt <= 0)
		return apt < 0 ? -1
			       : err_set(e, ERR_FAILED,
					 "%s: not on the card, and this system has no apt-get to "
					 "download packages with; bring them by an overlay",
					 names);
	if (ctx->dry_run) {
		str_puts(message, names);
		return 1;
	}
	return install(ctx, &missing, message, e);
}

const struct step step_download = {
	.name = "download",
	.help = "packages of the settings that the card does not carry",
	.phase = PHASE_NETWORK,
	.needs_settings = true,
	.retry = true,
	.run = run_step,
};
