/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_TELL_H
#define FIRSTBOOT_TELL_H

/* Says what happens: lines on standard output for who runs firstboot by hand, entries of the
 * journal. */

#include "notify.h"
#include "step.h"

/* "NAME: RESULT: MESSAGE"; on the running board also to the journal. */
void tell(const struct ctx *ctx, const char *name, const struct notify_entry *entry);

#endif
