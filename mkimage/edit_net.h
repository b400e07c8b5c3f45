/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_EDIT_NET_H
#define MKIMAGE_EDIT_NET_H

/* Edits of network configuration, text in, text out; as in edit.h. */

#include "str.h"

/*
 * interfaces(5): drop the iface stanzas of these interfaces and take their names out of auto and
 * allow- lines.  Comments, and what is in blocks of block_set, stay.
 */
void interfaces_drop(struct str *out, const char *text, const struct strv *names);

#endif
