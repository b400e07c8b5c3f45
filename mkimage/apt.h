/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_APT_H
#define MKIMAGE_APT_H

/*
 * The host's apt, as programs, for the system in an image: it sees the image's sources, keyrings
 * and installed packages, and nothing of the host's.  All that it writes is in the cache: apt/KEY/
 * has the lists of packages, KEY being made of sources, keyrings and architecture, and
 * packages/SHA256/ has one .deb, under the name that apt gives it.
 */

#include <stdbool.h>
#include <stdint.h>

#include "apt_sources.h"
#include "err.h"
#include "progress.h"
#include "str.h"

/* A file of the image that apt reads; name is its place below the private directory. */
struct apt_file {
	char *name;
	struct str data;
	bool is_sources, is_deb822;
};

/* What apt has to know of an image. */
struct apt_image {
	char *architecture;
	struct strv foreign; /* further architectures, as dpkg --add-architecture */
	struct str status;   /* dpkg's database */
	struct apt_file *files;
	size_t n, cap;
	struct apt_sources sources; /* of all files, in their order */
};

/* A new file of the image, to be filled. */
struct str *apt_image_add(struct apt_image *image, const char *name);
/* The same of a file with sources, which are read. */
void apt_image_add_sources(struct apt_image *image, const char *name, bool deb822,
			   struct str *text);
void apt_image_done(struct apt_image *image);
#define auto_apt_image __attribute__((cleanup(apt_image_done))) struct apt_image

struct apt_package {
	char *file; /* "mpich_4.0.2-3_arm64.deb" */
	char *name, *version, *architecture, *sha256;
	uint64_t bytes, installed; /* of the file; on the disk, as the package says */
	char *path;		   /* in the cache; NULL until apt_download */
};

/* Sorted by file. */
struct apt_set {
	struct apt_package *v;
	size_t n, cap;
};

void apt_set_done(struct apt_set *s);
#define auto_apt_set __attribute__((cleanup(apt_set_done))) struct apt_set

struct apt;

/* Lock and fill the private directory; image and p are borrowed. */
int apt_open(const struct apt_image *image, struct progress *p, struct apt **ret,
	     struct err *e) must_check;
void apt_free(struct apt *a);
static inline void apt_cleanup(struct apt **a)
{
	apt_free(*a);
}
#define auto_apt __attribute__((cleanup(apt_cleanup))) struct apt

/* True when this machine has apt. */
bool apt_present(void);

enum apt_lists {
	APT_LISTS_GOOD, /* new, or not older than an hour */
	APT_LISTS_OLD,	/* of a former run; why has the reason */
	APT_LISTS_NONE, /* cannot be had; why has the reason */
};

/*
 * Get the lists of packages, unless they are new (force: in any case).  That no source can be
 * reached is no error; a wrong signature is one.  *why is owned, untouched when all is good.
 */
int apt_update(struct apt *a, bool force, enum apt_lists *ret, char **why,
	       struct err *e) must_check;
/* True when the lists are of this run. */
bool apt_is_updated(const struct apt *a);
/* The names of all packages that the sources or the image have. */
int apt_names(struct apt *a, struct strv *ret, struct err *e) must_check;
/*
 * What has to be installed to have these packages, without what is installed.  Packages that cannot
 * be installed together, or only when others are removed, are ERR_PROFILE.
 */
int apt_resolve(struct apt *a, const struct strv *names, struct apt_set *ret,
		struct err *e) must_check;
/* Get what the cache has not; fills path.  names are those that the set was resolved from. */
int apt_download(struct apt *a, const struct strv *names, struct apt_set *set,
		 struct err *e) must_check;

#endif
