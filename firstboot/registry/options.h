/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_OPTIONS_H
#define REGISTRY_OPTIONS_H

/* What nodectl can be told; the tables are in main.c. */

#include "cli.h"

#define REGISTRY_DIR "/var/lib/cardstock/registry"

struct options {
	struct cli cli;
	const char *registry; /* NULL: REGISTRY_DIR */
	const char *root;     /* render: what the outputs' paths are below; NULL: / */
	const char *only;     /* render: name of an output; NULL: all */
	bool dry_run;
	long settle; /* render: seconds */
};

static inline const char *registry_dir(const struct options *o)
{
	return o->registry ? o->registry : REGISTRY_DIR;
}

int cmd_import(const struct options *o, struct err *e) must_check;
int cmd_keys(const struct options *o, struct err *e) must_check;
int cmd_register(const struct options *o, struct err *e) must_check;
int cmd_render(const struct options *o, struct err *e) must_check;
int cmd_fields(const struct options *o, struct err *e) must_check;

#endif
