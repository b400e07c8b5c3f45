/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_PACKAGES_H
#define MKIMAGE_CUSTOM_PACKAGES_H

/* Packages that the profile names: on the card for firstboot, or for it to download. */

#include "apt.h"
#include "plan.h"
#include "wanted.h"

/* The image has packages of Debian's kind. */
int packages_fit(struct plan_ctx *ctx, struct err *e) must_check;

/* ---- private to packages*.c ---- */

/*
 * What apt has to know of the image.  *why is owned, NULL when all is well: a reason why the host's
 * apt cannot do it, though the board could.
 */
int packages_read_image(struct plan_ctx *ctx, struct apt_image *ret, char **why,
			struct err *e) must_check;
/* The installed version of a package, as dpkg's database has it; owned, NULL: it is not installed.
 */
char *packages_installed(const char *status, const char *name);
/*
 * Which of the wanted packages the image has: "NAME VERSION".  *missing is the first that it
 * lacks, borrowed from w; NULL: none.
 */
int packages_find_installed(struct plan_ctx *ctx, const struct wanted *w, struct strv *ret,
			    const char **missing, struct err *e) must_check;

/* ERR_SPACE when the root file system will not hold them. */
int packages_check_room(struct plan_ctx *ctx, const struct apt_set *set, struct err *e) must_check;
/* Their files, and the list of them; what a former plan put there and is not wanted any more goes.
 */
int packages_plan_files(struct plan_ctx *ctx, const struct strv *names, const struct apt_set *set,
			struct err *e) must_check;
/* The list says that the board downloads them. */
int packages_plan_download(struct plan_ctx *ctx, const struct strv *names,
			   struct err *e) must_check;
/* What a former plan put there goes. */
int packages_plan_none(struct plan_ctx *ctx, struct err *e) must_check;
/* verify: the finished image has what its list says, and the list is one for these names. */
int packages_check_finished(struct plan_ctx *ctx, const struct strv *names,
			    struct err *e) must_check;

#endif
