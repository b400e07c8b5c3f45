/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_ACCOUNT_H
#define MKIMAGE_CUSTOM_ACCOUNT_H

/* The numbers behind names of users and groups, as they will be on the finished node. */

#include "plan.h"

/*
 * name is a number, or that of a user of the profile (whose group has the user's name; before or
 * after rename-to), or of the image's /etc/passwd (/etc/group).  The message has no location: wrap
 * it with one.
 */
int account_uid(struct plan_ctx *ctx, const char *name, uint32_t *ret, struct err *e) must_check;
int account_gid(struct plan_ctx *ctx, const char *name, uint32_t *ret, struct err *e) must_check;

/* The user's name on the finished node: the key `rename-to`, else the section's title. */
const char *account_section_name(const struct section *user);

/* What the user may do by sudo: the key `sudo`, else "nopasswd" for the operator, else NULL. */
const char *account_sudo(const struct section *user);

/* GID of a profile's user: the key `gid`, else the UID. */
uint32_t account_section_gid(const struct section *user);

#endif
