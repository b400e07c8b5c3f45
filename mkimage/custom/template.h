/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_TEMPLATE_H
#define MKIMAGE_CUSTOM_TEMPLATE_H

/*
 * Files of overlays with fields: ${hostname} ${address} ${prefix} ${number} of the node, ${role}
 * ${cluster} ${master} ${master-address} which all nodes of a role share.  "$${" stands for "${".
 */

#include "plan.h"

/* True when the text has fields of the node, so that only the node's stage can fill them. */
bool template_needs_node(const char *text, size_t len);
/*
 * Add the text with every field replaced.  ctx->node may be NULL: then its fields stay as they
 * are.  An unknown field, or one without a value, is an error at file:line.
 */
int template_expand(const struct plan_ctx *ctx, const char *text, size_t len, const char *file,
		    struct str *out, struct err *e) must_check;

#endif
