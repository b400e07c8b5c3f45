/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <sys/stat.h>

#include "device.h"
#include "mem.h"

#define GIB (1ull << 30)
/* The largest card that is sold as 256 GB has fewer bytes; a disk of that size has its own data. */
#define CARD_MAX (256 * GIB)

static const struct device_use *find_use(const struct device *d, enum device_use_kind kind)
{
	for (size_t i = 0; i < d->n_uses; i++) {
		if (d->uses[i].kind == kind)
			return &d->uses[i];
	}
	return NULL;
}

/* Each judge returns the reason, owned, or NULL. */

static char *is_partition(const struct device *d, const struct device_wish *w)
{
	(void)w;
	return d->whole ? xasprintf("it is a partition; give the whole card, /dev/%s", d->whole)
			: NULL;
}

static char *is_empty(const struct device *d, const struct device_wish *w)
{
	(void)w;
	return d->size ? NULL : xstrdup("there is no card in it");
}

/* Directories whose disk is the system's, and below which nobody mounts a card. */
static bool is_system_directory(const char *path)
{
	static const char *const directories[] = {"/boot", "/efi",  "/usr", "/var", "/home",
						  "/etc",  "/root", "/opt", "/nix", "/gnu"};
	if (strcmp(path, "/") == 0)
		return true;
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++) {
		size_t len = strlen(directories[i]);
		if (str_starts(path, directories[i]) && (!path[len] || path[len] == '/'))
			return true;
	}
	return false;
}

static char *holds_system(const struct device *d, const struct device_wish *w)
{
	(void)w;
	for (size_t i = 0; i < d->n_uses; i++) {
		const struct device_use *u = &d->uses[i];
		if (u->kind == USE_MOUNT && is_system_directory(u->where))
			return xasprintf("it holds the running system: '%s' is on %s", u->where,
					 u->name);
	}
	return NULL;
}

static char *holds_swap(const struct device *d, const struct device_wish *w)
{
	(void)w;
	const struct device_use *u = find_use(d, USE_SWAP);
	return u ? xasprintf("it holds swap of the running system, %s", u->name) : NULL;
}

/* It lies in a file system on the device, or is one of its partitions. */
static char *holds_image(const struct device *d, const struct device_wish *w)
{
	struct stat st;
	if (!w->image || stat(w->image, &st) < 0)
		return NULL;
	bool holds = S_ISBLK(st.st_mode) && st.st_rdev == d->number;
	for (size_t i = 0; i < d->n_parts && S_ISBLK(st.st_mode); i++)
		holds = holds || st.st_rdev == d->parts[i].number;
	for (size_t i = 0; i < d->n_uses; i++)
		holds = holds || (d->uses[i].kind == USE_MOUNT && d->uses[i].mount == st.st_dev);
	return holds ? xasprintf("it holds the image itself, '%s'", w->image) : NULL;
}

static char *has_holder(const struct device *d, const struct device_wish *w)
{
	(void)w;
	const struct device_use *u = find_use(d, USE_HOLDER);
	return u ? xasprintf("%s is part of %s, which is in use", u->name, u->where) : NULL;
}

static char *is_mounted(const struct device *d, const struct device_wish *w)
{
	(void)w;
	const struct device_use *u = find_use(d, USE_MOUNT);
	return u ? xasprintf("%s is mounted at '%s'", u->name, u->where) : NULL;
}

static char *is_read_only(const struct device *d, const struct device_wish *w)
{
	(void)w;
	return d->read_only ? xstrdup("it is write-protected; look for a switch at its edge")
			    : NULL;
}

static char *is_layer(const struct device *d, const struct device_wish *w)
{
	(void)w;
	return d->layer ? xasprintf("it is %s and no card", d->layer) : NULL;
}

static char *is_internal(const struct device *d, const struct device_wish *w)
{
	(void)w;
	return d->external ? NULL : xstrdup("it is an internal disk and no card");
}

static char *is_large(const struct device *d, const struct device_wish *w)
{
	(void)w;
	autofree char *size = format_size(d->size);
	return d->size > CARD_MAX ? xasprintf("it has %s, more than any card for a board", size)
				  : NULL;
}

/* LIFT_READING: what is only read may be so. */
enum lift { LIFT_NEVER, LIFT_UNMOUNT, LIFT_FORCE, LIFT_READING };

/* In this order, so that the first reason is the strongest. */
static const struct judge {
	char *(*judge)(const struct device *d, const struct device_wish *w);
	enum lift lifted_by;
	enum err_code code;
} judges[] = {
	{is_partition, LIFT_NEVER, ERR_USAGE},	 {holds_system, LIFT_NEVER, ERR_USAGE},
	{holds_swap, LIFT_NEVER, ERR_USAGE},	 {holds_image, LIFT_READING, ERR_USAGE},
	{has_holder, LIFT_NEVER, ERR_BUSY},	 {is_empty, LIFT_NEVER, ERR_USAGE},
	{is_read_only, LIFT_READING, ERR_USAGE}, {is_layer, LIFT_FORCE, ERR_USAGE},
	{is_internal, LIFT_FORCE, ERR_USAGE},	 {is_large, LIFT_FORCE, ERR_USAGE},
	{is_mounted, LIFT_UNMOUNT, ERR_BUSY},
};

static char *advice(const struct device *d, const struct device_wish *w, enum lift lifted_by)
{
	if (lifted_by == LIFT_UNMOUNT && w->reading)
		return xstrdup("; unmount it, so that nothing changes while it is read");
	if (lifted_by == LIFT_UNMOUNT)
		return xstrdup("; unmount it, or let mkimage do it: --unmount");
	if (lifted_by == LIFT_FORCE)
		return xasprintf("; if it is meant all the same: --force %s", d->name);
	return xstrdup("");
}

int device_check(const struct device *d, const struct device_wish *w, struct err *e)
{
	for (size_t i = 0; i < sizeof(judges) / sizeof(*judges); i++) {
		const struct judge *j = &judges[i];
		if ((j->lifted_by == LIFT_FORCE && (w->force || w->reading)) ||
		    (j->lifted_by == LIFT_UNMOUNT && w->unmount) ||
		    (j->lifted_by == LIFT_READING && w->reading))
			continue;
		autofree char *reason = j->judge(d, w);
		if (!reason)
			continue;
		autofree char *then = advice(d, w, j->lifted_by);
		return err_set(e, j->code, "%s: refused: %s%s", w->what, reason, then);
	}
	return 0;
}

int device_judge(dev_t number, const struct device_wish *w, struct device *ret, struct err *e)
{
	const struct device_host here = {""};
	autofree char *name = device_name(&here, number);
	if (!name)
		return err_set(e, ERR_FAILED,
			       "%s: the kernel does not know this device; put it in "
			       "again",
			       w->what);
	return device_read(&here, name, ret, e) < 0 ? -1 : device_check(ret, w, e);
}
