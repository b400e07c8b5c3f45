/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Units of systemd that the profile switches on, off, or off for good. */
#include <string.h>

#include "custom.h"
#include "mem.h"
#include "systemd.h"
#include "validate.h"

#define VENDOR "/usr/lib/systemd/system"

static const struct key keys[] = {
	{.name = "enable-units",
	 .type = KEY_LIST,
	 .help = "systemd units that start at boot, as 'systemctl enable'",
	 .check = validate_unit},
	{.name = "disable-units",
	 .type = KEY_LIST,
	 .help = "systemd units that do not start at boot, as 'systemctl disable'",
	 .check = validate_unit},
	{.name = "mask-units",
	 .type = KEY_LIST,
	 .help = "systemd units that nothing can start, as 'systemctl mask'",
	 .check = validate_unit},
	{.name = NULL},
};

static struct loc item_loc(const struct value *v, size_t i)
{
	return v->list_loc ? v->list_loc[i] : v->loc;
}

/* No unit of v is in the list enable-units. */
static int check_apart(const struct value *enabled, const struct value *v, struct err *e)
{
	for (size_t i = 0; i < enabled->list.n; i++) {
		for (size_t j = 0; j < v->list.n; j++) {
			struct loc other = item_loc(v, j);
			if (strcmp(enabled->list.v[i], v->list.v[j]) == 0)
				return err_at(e, item_loc(enabled, i),
					      "unit '%s' is to be enabled, but %s:%d has it in %s; "
					      "take it out of one",
					      v->list.v[j], other.file, other.line, v->key->name);
		}
	}
	return 0;
}

static int check(const struct profile *p, struct err *e)
{
	const struct value *enabled = profile_get(p, "enable-units");
	if (check_apart(enabled, profile_get(p, "disable-units"), e) < 0)
		return -1;
	return check_apart(enabled, profile_get(p, "mask-units"), e);
}

static int refuse_unknown(struct plan_ctx *ctx, struct loc loc, const char *unit, struct err *e)
{
	auto_strv names = {0};
	if (plan_list(ctx, VENDOR, &names, e) < 0)
		return -1;
	const char *near = str_nearest(unit, (const char *const *)names.v, names.n);
	if (near)
		return err_at(e, loc, "unit '%s' does not exist in the image; did you mean '%s'?",
			      unit, near);
	return err_at(e, loc,
		      "unit '%s' does not exist in the image; look at what " VENDOR
		      " in it offers, or bring the unit by an overlay",
		      unit);
}

/* 1 when something starts the unit without being asked by links in /etc. */
static int is_static(struct plan_ctx *ctx, const char *unit, struct err *e)
{
	static const char *const targets[] = {"multi-user.target", "graphical.target",
					      "sysinit.target",	   "basic.target",
					      "sockets.target",	   "timers.target",
					      "local-fs.target",   "network-online.target"};
	int wanted = 0;
	for (size_t i = 0; !wanted && i < sizeof(targets) / sizeof(*targets); i++)
		wanted = systemd_is_wanted(ctx, unit, targets[i], e);
	return wanted;
}

static int disable_unit(struct plan_ctx *ctx, const char *unit, struct loc loc, struct err *e)
{
	autofree char *real = NULL;
	if (systemd_real_name(ctx, unit, &real, e) < 0)
		return -1;
	if (strcmp(real, unit) != 0)
		return err_at(e, loc, "unit '%s' is another name of '%s'; disable that", unit,
			      real);
	if (systemd_disable(ctx, unit, "disabled by the profile", e) < 0)
		return -1;
	int wanted = is_static(ctx, unit, e);
	if (wanted > 0)
		plan_note(ctx,
			  "unit %s still starts at boot: the image's own files in " VENDOR
			  " ask for it; use mask-units",
			  unit);
	return wanted < 0 ? -1 : 0;
}

static int mask_unit(struct plan_ctx *ctx, const char *unit, struct loc loc, struct err *e)
{
	(void)loc;
	return systemd_mask(ctx, unit, "masked by the profile", e);
}

static int enable_unit(struct plan_ctx *ctx, const char *unit, struct loc loc, struct err *e)
{
	size_t links = 0;
	if (systemd_install(ctx, unit, "enabled by the profile", &links, e) < 0)
		return err_wrap(e, "%s:%d", loc.file, loc.line);
	if (!links)
		return err_at(e, loc,
			      "unit '%s' cannot be enabled: its file in the image has no [Install] "
			      "section, so other units start it",
			      unit);
	return 0;
}

static int each(struct plan_ctx *ctx, const char *key,
		int (*change)(struct plan_ctx *, const char *, struct loc, struct err *),
		struct err *e)
{
	const struct value *v = profile_get(ctx->profile, key);
	for (size_t i = 0; i < v->list.n; i++) {
		const char *unit = v->list.v[i];
		autofree char *file = NULL;
		int masked = systemd_is_masked(ctx, unit, e);
		if (masked < 0 || systemd_unit_path(ctx, unit, &file, e) < 0)
			return -1;
		if (!file && !masked)
			return refuse_unknown(ctx, item_loc(v, i), unit, e);
		if (change(ctx, unit, item_loc(v, i), e) < 0)
			return -1;
	}
	return 0;
}

static bool has_any(const struct profile *p)
{
	for (const struct key *k = keys; k->name; k++) {
		if (section_list(&p->top, k->name)->n)
			return true;
	}
	return false;
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	int present = systemd_present(ctx, e);
	if (present < 0)
		return -1;
	if (!present) {
		if (has_any(ctx->profile))
			plan_note(ctx, "no unit is enabled, disabled or masked: this image has no "
				       "systemd");
		return 0;
	}
	if (each(ctx, "disable-units", disable_unit, e) < 0 ||
	    each(ctx, "mask-units", mask_unit, e) < 0)
		return -1;
	return each(ctx, "enable-units", enable_unit, e);
}

const struct custom custom_units = {
	.name = "units",
	.help = "units of systemd, enabled, disabled or masked",
	.keys = keys,
	.check = check,
	.plan = plan,
};
