/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CARD_H
#define MKIMAGE_CARD_H

/*
 * Writing an image to a card: only what matters of it, in large pieces past the page cache, its
 * first block last, so that no board boots from a card that is half written; then read back.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "blockmap.h"
#include "bmap.h"
#include "cow.h"
#include "device.h"
#include "source.h"

/* Pieces begin and end at multiples of it: no card and no file system has larger sectors. */
#define CARD_BLOCK 4096u

/* ---- the card (card.c) ---- */

struct card {
	int fd;
	char *name;	 /* as the user called it; for messages */
	char *node;	 /* "/dev/sdb"; NULL: a regular file, which is taken for a card by force */
	uint64_t size;	 /* bytes that it says it has */
	unsigned sector; /* bytes */
};

#define CARD_INIT        \
	{                \
		.fd = -1 \
	}

/*
 * Judge the device that wish->what is; nothing is opened or unmounted.  A regular file is a card
 * only when wish->force says so.
 */
int card_judge(const struct device_wish *wish, struct card *ret, struct err *e) must_check;
/*
 * Once all were judged: unmount what is mounted, where wish->unmount says so, and open it,
 * exclusively and past the page cache; nothing is written.
 */
int card_open(struct card *c, const struct device_wish *wish, struct err *e) must_check;
/* Let go of the medium, as a reader on USB can; false where that means nothing. */
bool card_eject(const struct card *c);
void card_done(struct card *c);
#define auto_card __attribute__((cleanup(card_done))) struct card

/* ---- the image (card_image.c) ---- */

struct card_image {
	char *name; /* path, as the user gave it */
	enum source_kind kind;
	struct bmap bmap; /* its block map file; no ranges: there is none */
	/* The rest is known of a raw image only; a compressed one is judged while it is read. */
	int fd;		     /* -1: it is in cow */
	struct stat st;	     /* when it was opened */
	struct cow *cow;     /* a node's, straight from the base; NULL: it is a file */
	uint64_t size;	     /* bytes */
	uint64_t needed;     /* bytes that the card must have */
	unsigned sector;     /* that the partition table counts in */
	struct blockmap map; /* what is written, in whole blocks */
	struct strv notes;   /* for people */
};

#define CARD_IMAGE_INIT  \
	{                \
		.fd = -1 \
	}

/*
 * What is no image of a disk is ERR_IMAGE.  bmap is its block map file, "none", or NULL: the one
 * beside it, unless that is older than the image.
 */
int card_image_open(const char *path, const char *bmap, struct card_image *ret,
		    struct err *e) must_check;
/* The image of a node, which no file has whole; it is taken over. */
int card_image_of_cow(struct cow *c, const char *name, struct card_image *ret,
		      struct err *e) must_check;
void card_image_done(struct card_image *i);
#define auto_card_image __attribute__((cleanup(card_image_done))) struct card_image

/* Refuse, before the first byte, an image that the card cannot hold or boards cannot read there. */
int card_fits(const struct card *c, const char *image, uint64_t needed, unsigned sector,
	      struct err *e) must_check;

/* ---- writing (card_write.c) ---- */

/* How far it came, for the message of a failure. */
enum card_stage { CARD_UNTOUCHED, CARD_PERHAPS, CARD_PARTLY, CARD_WHOLE, CARD_DONE };

/* "sdb now holds a part of the image …: write it again", owned; damaged: that would be in vain. */
char *card_state(const struct card *c, enum card_stage stage, bool damaged);

enum card_free { CARD_FREE_KEEP, CARD_FREE_DISCARD, CARD_FREE_ZERO };

struct card_write {
	const struct card *card;
	const struct card_image *image;
	bool verify;
	enum card_free free_space; /* what becomes of blocks that are not written */
	/* A step begins, of so many bytes (0: unknown); so many are done; both may be NULL. */
	void (*step)(void *ctx, const char *verb, uint64_t total);
	void (*progress)(void *ctx, uint64_t done);
	void *ctx;
	enum card_stage *stage; /* kept up to date; CARD_UNTOUCHED at first */
};

struct card_result {
	uint64_t written; /* bytes */
	double seconds;	  /* that writing and flushing took */
	double read_seconds;
};

/* On failure the message says what state the card is in. */
int card_write(const struct card_write *w, struct card_result *ret, struct err *e) must_check;

#endif
