/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_DEVICE_PRIVATE_H
#define MKIMAGE_DEVICE_PRIVATE_H

/* Between device.c (/sys) and device_use.c (who uses it). */

#include "device.h"

/* The first line of a small file, owned, blanks around it removed; NULL: absent or empty. */
char *device_attr(const char *dir, const char *file);
/* Call found for each name in a directory, sorted; a directory that is not there has none. */
int device_each(const char *dir, int (*found)(void *ctx, const char *name, struct err *e),
		void *ctx, struct err *e) must_check;
void device_use_add(struct device *d, enum device_use_kind kind, const char *name,
		    const char *where, dev_t mount);
/* Fill uses; names grows by what lies on top. */
int device_find_uses(const struct device_host *h, struct device *d, struct err *e) must_check;

#endif
