/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_IDENTITY_H
#define MKIMAGE_IDENTITY_H

/*
 * The ids of a disk that two cards should not share: disk id, PARTUUIDs, UUIDs of file systems.
 * What can get new ones is found out once, on the base; what a node gets is derived from the
 * cluster's seed and its name.  The files that name them are the business of custom/identity.c.
 */

#include "cluster.h"
#include "image.h"

enum identity_kind { IDENTITY_OTHER, IDENTITY_EXT, IDENTITY_FAT, IDENTITY_SWAP };

struct identity_part {
	const struct part *part; /* of the disk */
	enum identity_kind kind;
	bool needs_seed; /* ext: identity_prepare has to come before a new UUID */
	char *keep;	 /* why the UUID stays, for people; NULL: it changes, or there is none */
};

struct identity {
	const struct disk *disk;     /* as it is; borrowed from the image */
	struct disk *base;	     /* as it was before the build; NULL: disk is it, or unknown */
	char *keep_table;	     /* why disk id and PARTUUIDs stay; NULL: they change */
	struct identity_part *parts; /* as disk->parts */
	size_t n_parts;
};

/* Whether the nodes of the profile get ids of their own (key fresh-ids). */
bool identity_is_wanted(const struct profile *p);

/* The customisation that says what stays equal; clones run no other one for all nodes. */
struct custom;
extern const struct custom custom_identity;

/* Find out what of the image can get new ids. */
int identity_look(const struct image *i, struct identity **ret, struct err *e) must_check;
void identity_free(struct identity *id);
static inline void identity_cleanup(struct identity **id)
{
	identity_free(*id);
}
#define auto_identity __attribute__((cleanup(identity_cleanup))) struct identity

/*
 * The disk with the ids that the node of that name gets, the same in each run; what stays is as it
 * is.  Owned (disk_free).
 */
struct disk *identity_want(const struct identity *id, const struct cluster *c, const char *name);

/*
 * The ids of the base are kept in the cluster directory when a node is built, and taken from there
 * into id->base when its image is verified; without a record it stays NULL.
 */
int identity_keep_base(const struct identity *id, const struct cluster *c, const char *node,
		       struct err *e) must_check;
int identity_load_base(struct identity *id, const struct cluster *c, const char *node,
		       struct err *e) must_check;

/* ID_MBR is that of a hybrid's MBR, by which its partitions are named: "1234abcd-01". */
enum id_kind { ID_DISK, ID_MBR, ID_PARTUUID, ID_UUID };

/* One id that differs between two descriptions of a disk. */
struct id_change {
	enum id_kind kind;
	int number;	       /* of the partition */
	const char *from, *to; /* borrowed from the disks; "" is none */
};
/* Returns how many; *ret is owned.  Partitions are matched by number. */
size_t identity_compare(const struct disk *is, const struct disk *want, struct id_change **ret);
/*
 * Add the difference for people, a line each, or as a JSON array of {"id":…,"from":…,"to":…}.
 * PARTUUIDs that follow from an MBR's disk id are left out.
 */
void identity_describe(const struct disk *is, const struct disk *want, bool as_json,
		       struct str *out);

/*
 * Add the text with every UUID and PARTUUID of the changes replaced, in the case in which it is
 * written, when it stands alone: no letter, digit or hyphen before or after it.  Changes to an id
 * of another length are left out.  Returns how many were replaced; the length stays.
 */
size_t id_changes_replace(const struct id_change *changes, size_t n, const char *text, size_t len,
			  struct str *out);

/*
 * Set the sums of a changed U-Boot script image (mkimage -T script); false when it is none, or no
 * whole one.
 */
bool script_image_seal(char *data, size_t len);

/* Once for all nodes: what makes a new UUID a matter of few blocks. The image is open to write. */
int identity_prepare(struct image *i, const struct identity *id, struct err *e) must_check;
/* Give the image, open to write, the ids of want. */
int identity_apply(struct image *i, const struct identity *id, const struct disk *want,
		   struct err *e) must_check;
/* ERR_CHECK, with the list, when the image does not have the ids of want. */
int identity_verify(const struct image *i, const struct disk *want, struct err *e) must_check;

#endif
