/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "plan_files.h"
#include "systemd.h"

int systemd_present(struct plan_ctx *ctx, struct err *e)
{
	const struct files f = plan_files(ctx, NULL);
	return units_present(&f, e);
}

int systemd_unit_path(struct plan_ctx *ctx, const char *unit, char **ret, struct err *e)
{
	const struct files f = plan_files(ctx, NULL);
	return unit_find(&f, unit, ret, e);
}

int systemd_is_wanted(struct plan_ctx *ctx, const char *unit, const char *target, struct err *e)
{
	const struct files f = plan_files(ctx, NULL);
	return unit_is_wanted(&f, unit, target, e);
}

int systemd_enable(struct plan_ctx *ctx, const char *unit, const char *target, const char *why,
		   struct err *e)
{
	const struct files f = plan_files(ctx, why);
	return unit_enable(&f, unit, target, e);
}

int systemd_install(struct plan_ctx *ctx, const char *unit, const char *why, size_t *ret_links,
		    struct err *e)
{
	const struct files f = plan_files(ctx, why);
	return unit_install(&f, unit, ret_links, e);
}

int systemd_real_name(struct plan_ctx *ctx, const char *unit, char **ret, struct err *e)
{
	const struct files f = plan_files(ctx, NULL);
	return unit_real_name(&f, unit, ret, e);
}

int systemd_disable(struct plan_ctx *ctx, const char *unit, const char *why, struct err *e)
{
	const struct files f = plan_files(ctx, why);
	return unit_disable(&f, unit, e);
}

int systemd_mask(struct plan_ctx *ctx, const char *unit, const char *why, struct err *e)
{
	const struct files f = plan_files(ctx, why);
	return unit_mask(&f, unit, e);
}

int systemd_is_masked(struct plan_ctx *ctx, const char *unit, struct err *e)
{
	const struct files f = plan_files(ctx, NULL);
	return unit_is_masked(&f, unit, e);
}
