/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_STEPS_DPKG_H
#define FIRSTBOOT_STEPS_DPKG_H

/* Debian's package tools, as programs. */

#include "step.h"

/*
 * Install these files (paths on the board) without a network, and complete what an interrupted run
 * left.  On a running board PID 1 runs the tools: our own service may not do what packages do.
 * A failure says what they said.
 */
int dpkg_install(const struct ctx *ctx, const struct strv *paths, struct err *e) must_check;

/* 1 when there is an apt-get, which the following two need. */
int dpkg_has_apt(const struct ctx *ctx, struct err *e) must_check;
/*
 * From their sources, once there is a network: get the lists of what they have; install packages by
 * name, as dpkg_install does it.
 */
int dpkg_update(const struct ctx *ctx, struct err *e) must_check;
int dpkg_download(const struct ctx *ctx, const struct strv *names, struct err *e) must_check;

/* The name and the version of the package in a file, owned; an error when it is no package. */
int dpkg_read_file(const struct ctx *ctx, const char *path, char **ret_name, char **ret_version,
		   struct err *e) must_check;
/* "installed 2.10-3", "half-configured 2.10-3", "not-installed"; owned. */
int dpkg_status(const struct ctx *ctx, const char *name, char **ret, struct err *e) must_check;

#endif
