/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_PLAN_FILES_H
#define MKIMAGE_CUSTOM_PLAN_FILES_H

/* The image and its plan for code that firstboot has too (files.h). */

#include "files.h"
#include "plan.h"

struct files plan_files(struct plan_ctx *ctx, const char *why);

#endif
