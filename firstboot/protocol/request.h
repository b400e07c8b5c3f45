/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_REQUEST_H
#define REGISTRY_REQUEST_H

/*
 * What a board says of itself: one JSON line, docs/registration.md.  Whatever is in a struct
 * request has its field's grammar, so it can stand in a hosts file or between the quotes of JSON as
 * it is.
 */

#include <stddef.h>

#include "err.h"
#include "facts.h"
#include "field.h"

#define REQUEST_VERSION 1
#define REQUEST_MAX (16u << 10) /* bytes of the line, its newline not counted */

struct request {
	long long version;
	char *request_id;
	char *second_key; /* "ssh-ed25519 BASE64"; NULL: none is announced */
	struct facts facts;
};

/* The fields of the request, and of each of its list `nics`; they end with name == NULL. */
extern const struct field request_fields[];
extern const struct field nic_fields[]; /* offsets are in struct nic */

/*
 * Parse one line of len bytes, any bytes.  What is wrong is in *e, for the board to read: the text
 * has nothing of the line but names of known fields.  *ret is filled on success only.
 */
int request_parse(const char *line, size_t len, struct request *ret, struct err *e) must_check;
/* Add the line, newline included; what is NULL or 0 is left out. */
void request_format(const struct request *r, struct str *out);
void request_done(struct request *r);
#define auto_request __attribute__((cleanup(request_done))) struct request

#endif
