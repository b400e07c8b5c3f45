/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_COMMANDS_H
#define MKIMAGE_COMMANDS_H

/* The sub-commands, one file each (cmd_NAME.c); commands.c has their table. */

#include "options.h"

int cmd_build(const struct options *o, struct err *e) must_check;
int cmd_plan(const struct options *o, struct err *e) must_check;
int cmd_verify(const struct options *o, struct err *e) must_check;
int cmd_inspect(const struct options *o, struct err *e) must_check;
int cmd_cat(const struct options *o, struct err *e) must_check;
int cmd_devices(const struct options *o, struct err *e) must_check;
int cmd_clone(const struct options *o, struct err *e) must_check;
int cmd_write(const struct options *o, struct err *e) must_check;
int cmd_base(const struct options *o, struct err *e) must_check;
int cmd_keys(const struct options *o, struct err *e) must_check;
int cmd_completion(const struct options *o, struct err *e) must_check;

#endif
