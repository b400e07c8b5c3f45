/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_PLACE_H
#define FIRSTBOOT_PLACE_H

/*
 * The place of a board that nobody planned: the name and the address that the master told it
 * (docs/registration.md, common/place_files.h).  It is taken once; what people change later stays.
 * Power may fail anywhere: JOIN_DIR/place, which says what was taken, is written last.
 */

#include <stdbool.h>

#include "settings.h"
#include "step.h"

/* /etc/cardstock/place.conf */
struct place {
	long version;
	char *network;	   /* what brings the network up; NULL: the address stays that of DHCP */
	struct strv files; /* that get the address */
};

extern const struct conf_key place_keys[];

int place_parse(const char *text, size_t len, const char *what, struct place *ret,
		struct err *e) must_check;
void place_done(struct place *p);
#define auto_place __attribute__((cleanup(place_done))) struct place

/* 1: the board is one that nobody planned, and has what its last reply says to be taken yet. */
int place_is_due(const struct ctx *ctx, struct err *e) must_check;
/* Take what the last reply says.  1: changed; 0: it was so, or there is nothing to take. */
int place_take(const struct ctx *ctx, struct str *message, struct err *e) must_check;
/* The settings' name and address of such a board: what it was told. */
void place_complete(const struct ctx *ctx, struct settings *s);

/* ---- place_net.c ---- */

/* 1: the board has the address now; 0: it will have it at the next boot. */
int place_net_use(const struct ctx *ctx, const char *network, const char *address,
		  struct err *e) must_check;
/* The check of the key `network`. */
int place_net_check(const char *value, struct err *e) must_check;

#endif
