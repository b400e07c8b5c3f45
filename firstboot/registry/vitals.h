/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_VITALS_H
#define REGISTRY_VITALS_H

/*
 * How a node is: what /usr/lib/cardstock/ops of the overlay `ops` prints for the word `facts`.  The
 * first line is "facts 1", the last one "end", each between them a word and its value.  The node
 * may be anybody's: a value that is not of its grammar makes all of it worthless, and no text here
 * has a byte that is not printable ASCII ('?' stands for others).
 */

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "str.h"

#define VITALS_VERSION 1
#define VITALS_UNKNOWN (-1)
#define VITALS_COLD (-1000000) /* the node did not say how warm it is */

struct mount {
	char *source, *target, *type, *options; /* as in /proc/mounts, blanks as \040 */
};

struct disk {
	char *target;		   /* where it is mounted */
	long long size, available; /* KiB; available for others than root */
};

struct person {
	char *name;
	long long uid, gid;
};

/* Texts are NULL and numbers VITALS_UNKNOWN where the node did not say. */
struct vitals {
	char *hostname, *os, *kernel;
	char *host_cert;	   /* "TYPE BASE64 …" */
	long long clock_ns;	   /* since 1970, when it had said all else */
	long long uptime;	   /* seconds */
	long long load_1, load_15; /* hundredths, of 1 and 15 minutes */
	long long cpus;
	long long memory, available; /* KiB */
	long long temperature;	     /* thousandths of a degree Celsius, of the hottest zone */
	long long synced;	     /* 1: a time server sets the clock; 0: none does */
	bool sudo;		     /* there is one that works */
	struct strv addresses;
	struct strv failed;    /* units */
	struct strv sudoers;   /* members of the groups sudo, wheel and admin */
	struct strv readable;  /* secrets that everybody can read */
	struct strv read_only; /* disks that the kernel does not write to */
	struct strv host_keys; /* "TYPE BASE64" */
	struct strv fstab;     /* lines */
	struct strv cut;       /* words of whose lines it has more than it said */
	struct mount *mounts;
	size_t n_mounts, cap_mounts;
	struct disk *disks;
	size_t n_disks, cap_disks;
	struct person *people;
	size_t n_people, cap_people;
};

/* *ret is filled on success only.  The message has nothing of the text but known words. */
int vitals_parse(const char *text, size_t len, struct vitals *ret, struct err *e) must_check;
void vitals_done(struct vitals *v);
#define auto_vitals __attribute__((cleanup(vitals_done))) struct vitals

/*
 * What it did not say, or not all of it: the names of the doctor's checks that cannot be made, and
 * "uptime", "load", "memory".
 */
void vitals_unsaid(const struct vitals *v, struct strv *ret);

/* Did it say all that is mounted? */
bool vitals_has_mounts(const struct vitals *v);
/* The last that is mounted there; NULL: nothing. */
const struct mount *vitals_mount(const struct vitals *v, const char *target);
/* Has a list of options, or another with commas, this one? */
bool vitals_option(const char *options, const char *option);

/* A line of fstab(5), its fields borrowed from words; false: it has fewer than three. */
struct fstab_line {
	struct strv words;
	const char *source, *target, *type, *options;
};
bool fstab_line_parse(const char *line, struct fstab_line *ret);
void fstab_line_done(struct fstab_line *f);
#define auto_fstab_line __attribute__((cleanup(fstab_line_done))) struct fstab_line
/* What of fstab is to be mounted at boot and is not; an automount that waits counts as mounted.
 * Nothing, where it did not say all that is mounted. */
void vitals_missing(const struct vitals *v, struct strv *ret);

#endif
