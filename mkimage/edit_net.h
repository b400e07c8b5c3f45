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

/*
 * netplan's YAML: the value of `renderer` in the block `network`, owned; NULL when it has none.
 * The renderers of single interfaces are not it.
 */
char *netplan_renderer(const char *text);

/* A file of [sections] and key=value lines: set one key.  A section that is absent is added. */
void ini_set(struct str *out, const char *text, const char *section, const char *key,
	     const char *value);

#endif
