/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "edit.h"
#include "fstab.h"
#include "fstab_check.h"
#include "mem.h"
#include "nfs.h"
#include "program.h"
#include "systemd.h"
#include "text.h"

/*
 * nofail: the boot goes on without the server.  _netdev: after the network (nfs_wire.c has the
 * order after the wired one), and unmounted before it goes down.  The automount waits for the first
 * access, so that a server that is off costs no boot anything.  Version 4 needs no rpc.statd.
 */
static const char *const usual[] = {"nfsvers=4", "nofail", "_netdev"};
static const char *const with_systemd[] = {"x-systemd.automount", "x-systemd.mount-timeout=30s",
					   "x-systemd.idle-timeout=10min"};
/* Before systemd: mount(8) goes on trying in the background; Ubuntu's mountall does not wait. */
static const char *const without_systemd[] = {"bg"};
static const char *const with_mountall[] = {"nobootwait"};

#define SET_ALL(options, list)                                                 \
	do {                                                                   \
		for (size_t i_ = 0; i_ < sizeof(list) / sizeof(*(list)); i_++) \
			fstab_set_option((options), (list)[i_]);               \
	} while (0)

/* The options that the image's init understands, for every share; owned. */
static int usual_options(struct plan_ctx *ctx, char **ret, struct err *e)
{
	int systemd = systemd_present(ctx, e);
	int mountall = systemd < 0 ? -1 : program_present(ctx, "mountall", e);
	if (mountall < 0)
		return -1;
	SET_ALL(ret, usual);
	if (systemd)
		SET_ALL(ret, with_systemd);
	else
		SET_ALL(ret, without_systemd);
	if (!systemd && mountall)
		SET_ALL(ret, with_mountall);
	return 0;
}

/* Another word for an option that is there already. */
static char *canonical(const char *option)
{
	return str_starts(option, "vers=") ? xasprintf("nfs%s", option) : xstrdup(option);
}

static char *share_options(const struct share *s, const char *more)
{
	const struct strv *own = section_list(s->section, "options");
	char *options = xasprintf("%s,%s", section_bool(s->section, "read-only") ? "ro" : "rw",
				  more);
	strv_foreach (item, own) {
		autofree char *option = canonical(*item);
		fstab_set_option(&options, option);
	}
	return options;
}

/* Two things at one mount point: the second hides the first. */
static int refuse_double(struct plan_ctx *ctx, const struct share *s, const struct fstab *f,
			 struct err *e)
{
	autofree char *overlay = NULL;
	const struct fstab_entry *entry = fstab_find(f, s->at);
	if (!entry)
		return 0;
	if (fstab_overlay(ctx, &overlay, e) < 0)
		return -1;
	return err_at(e, s->section->loc,
		      "share '%s' is to be mounted at '%s', but %s:%d mounts something there; "
		      "take one of them out",
		      s->path, s->at, overlay ? overlay : FSTAB " of the image", entry->line);
}

int nfs_plan_fstab(struct plan_ctx *ctx, const struct share *shares, size_t n, struct err *e)
{
	auto_str old = STR_INIT, foreign = STR_INIT, body = STR_INIT, text = STR_INIT;
	auto_fstab f = {0};
	autofree char *more = NULL;
	if (text_read_optional(ctx, FSTAB, &old, e) < 0 || usual_options(ctx, &more, e) < 0)
		return -1;
	block_set(&foreign, str_text(&old), SHARES_BLOCK, "");
	fstab_parse(str_text(&foreign), &f);
	for (size_t i = 0; i < n; i++) {
		autofree char *source = xasprintf("%s:%s", shares[i].host, shares[i].path);
		autofree char *options = share_options(&shares[i], more);
		if (refuse_double(ctx, &shares[i], &f, e) < 0)
			return -1;
		fstab_add(&body, source, shares[i].at, "nfs", options);
	}
	block_set(&text, str_text(&old), SHARES_BLOCK, str_text(&body));
	return plan_write(ctx, FSTAB, str_text(&text), text.len, ATTR_KEEP,
			  "directories of other nodes", e);
}

int nfs_plan_client(struct plan_ctx *ctx, const struct share *shares, size_t n, struct err *e)
{
	int helper = program_present(ctx, "mount.nfs", e);
	if (helper < 0 || nfs_plan_fstab(ctx, shares, n, e) < 0 ||
	    nfs_plan_wire(ctx, shares, n, e) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (nfs_plan_directory(ctx, &shares[i], shares[i].at, "mount point", e) < 0)
			return -1;
	}
	if (!helper)
		plan_note(ctx, "nfs-common is not in this image: nothing is mounted over NFS until "
			       "that package, or nfs-utils, is installed");
	return 0;
}
