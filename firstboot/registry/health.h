/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_HEALTH_H
#define REGISTRY_HEALTH_H

/* How nodes are at this moment, and which of them need a person. */

#include "survey.h"

#define HEALTH_HOT 80000 /* thousandths of a degree: a Raspberry Pi slows down from there on */
#define HEALTH_LOAD 4	 /* processes that want to run for each processor, for 15 minutes */
#define HEALTH_MEMORY 20 /* one part of so many is what should be left */

/* Why the node needs a person; nothing: it does not. */
void health_reasons(const struct answer *v, struct strv *ret);
/* One line a node, with a line of headings. */
void health_table(const struct survey *s, struct str *out);
/* One object on a line. */
void health_json(const struct answer *v, struct str *out);

#endif
