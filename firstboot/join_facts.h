/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_JOIN_FACTS_H
#define FIRSTBOOT_JOIN_FACTS_H

#include "protocol/facts.h"
#include "step.h"

/*
 * What this board is, for its registration: files of the kernel and of the system below ctx->root.
 * What is optional and cannot be told is left out.
 */
int join_facts(const struct ctx *ctx, struct facts *ret, struct err *e) must_check;

#endif
