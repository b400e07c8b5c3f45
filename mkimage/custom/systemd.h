/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_SYSTEMD_H
#define MKIMAGE_CUSTOM_SYSTEMD_H

/* Units of the image: unit_links.h on what the plan shows; `why` is that of the changes. */

#include "plan.h"
#include "unit_links.h"

int systemd_present(struct plan_ctx *ctx, struct err *e) must_check;
int systemd_unit_path(struct plan_ctx *ctx, const char *unit, char **ret, struct err *e) must_check;
int systemd_is_wanted(struct plan_ctx *ctx, const char *unit, const char *target,
		      struct err *e) must_check;
int systemd_enable(struct plan_ctx *ctx, const char *unit, const char *target, const char *why,
		   struct err *e) must_check;
int systemd_install(struct plan_ctx *ctx, const char *unit, const char *why, size_t *ret_links,
		    struct err *e) must_check;
int systemd_real_name(struct plan_ctx *ctx, const char *unit, char **ret, struct err *e) must_check;
int systemd_disable(struct plan_ctx *ctx, const char *unit, const char *why,
		    struct err *e) must_check;
int systemd_mask(struct plan_ctx *ctx, const char *unit, const char *why, struct err *e) must_check;
int systemd_is_masked(struct plan_ctx *ctx, const char *unit, struct err *e) must_check;

#endif
