/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CLONE_LOOK_H
#define MKIMAGE_CLONE_LOOK_H

#include "plan.h"

/*
 * Note what of a clone, as it is after the plan so far, still has the source's name, addresses,
 * machine id or ids of file systems in it, and which keys the two share: what mkimage does not know
 * how to change, a person has to judge.
 */
int clone_look(struct plan_ctx *ctx, struct err *e) must_check;

#endif
