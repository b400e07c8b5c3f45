/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_NTP_H
#define MKIMAGE_CUSTOM_NTP_H

/* The section `ntp`. */

#include "plan.h"

/* 1 when this node asks somebody for the time, and its image has a program for it. */
int ntp_is_expected(struct plan_ctx *ctx, struct err *e) must_check;

/* Whom the registry tells the nodes to ask for the time: names and addresses. */
int ntp_registry_lines(struct plan_ctx *ctx, struct strv *ret, struct err *e) must_check;

#endif
