/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_PROFILE_H
#define MKIMAGE_PROFILE_H

/*
 * Profiles: libconfuse's language, hidden in profile.c.  The keys come from the customisations'
 * tables (custom.h) and from the core's own table; every value knows its file and line.
 *
 *   include("cluster.conf")             beside this file, else in the search path; once per profile
 *   hostname = "worker%03d"             quotes may be left out: role = worker
 *   overlays = {"common", worker}       a list; one item needs no braces
 *   overlays += {"lab"}                 appended to what is there
 *   user "mpi" { uid = 2000 }           a section
 *
 * The later value wins, and sections of one name and title are one section: so a file refines what
 * it includes.  The environment is never looked at: "${HOME}" is those seven characters.
 */

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "str.h"

struct loc {
	const char *file; /* as found; borrowed from the profile */
	int line;	  /* 0: not set in a file but a default */
};

enum key_type { KEY_STRING, KEY_INT, KEY_BOOL, KEY_LIST, KEY_SECTION };

struct value;

/* One key of the profile language: the single statement of its name, type, default and help. */
struct key {
	const char *name; /* NULL ends a table */
	enum key_type type;
	const char *fallback;	/* default, as text; NULL: none ("" is a default); LIST: NULL */
	const char *help;	/* one line for `mkimage keys` and the man page */
	const char *allowed;	/* STRING/LIST: "a|b|c", what is allowed; NULL: any */
	long min, max;		/* INT: range; both 0: any */
	const struct key *keys; /* SECTION: keys inside; a section has a title unless untitled */
	bool untitled;		/* SECTION: one of it, without a title */
	/* Judge one value (each item of a list); NULL: none.  The message needs no file:line. */
	int (*check)(const char *text, struct err *e);
};

struct value {
	const struct key *key;
	struct loc loc;
	bool set;	 /* given in a profile, not a default */
	const char *str; /* STRING; NULL when neither set nor defaulted */
	long num;	 /* INT */
	bool on;	 /* BOOL */
	struct strv list;
	struct loc *list_loc; /* a loc for each item */
};

/* A section of the profile, or its top level (title NULL). */
struct section {
	const struct key *keys;
	const char *name;  /* "user"; top level: "" */
	const char *title; /* "pi"; NULL for the top level and untitled sections */
	struct loc loc;
	struct value *values;	  /* in the order of keys, sections excluded from use */
	struct section *sections; /* all of all names, in the order of the files */
	size_t n_sections;
};

struct profile {
	char *name; /* "worker" */
	char *path; /* the file */
	struct section top;
	struct strv files; /* all that were read, includes too; loc.file points in here */
};

/*
 * Find NAME: a path with a slash or ".conf", else NAME.conf in search (the directories, in order).
 * Owned; NULL with an error that lists where it looked.
 */
char *profile_find(const char *name, const struct strv *search, struct err *e) must_check;
/* The default search path: ./profiles, the user's, /etc/cardstock, the installed or source tree. */
void profile_search_path(struct strv *ret);

/*
 * Parse the file, its includes (relative to the including file, then the search path; a loop is an
 * error), and check every value.  Unknown keys are errors with "did you mean".  Errors are
 * "FILE:LINE: what, why, what to do" with ERR_PROFILE.
 */
int profile_load(const char *path, const struct strv *search, struct profile **ret,
		 struct err *e) must_check;
/* The same language with other tables (ends with NULL) and nothing required: for bases.conf. */
int profile_load_tables(const char *path, const struct strv *search,
			const struct key *const *tables, struct profile **ret,
			struct err *e) must_check;
void profile_free(struct profile *p);
static inline void profile_cleanup(struct profile **p)
{
	profile_free(*p);
}
#define auto_profile __attribute__((cleanup(profile_cleanup))) struct profile

/* The value of a key that is in the section's table; asking for another aborts. */
const struct value *section_get(const struct section *s, const char *key);
const char *section_str(const struct section *s, const char *key); /* NULL: not set */
long section_int(const struct section *s, const char *key);
bool section_bool(const struct section *s, const char *key);
const struct strv *section_list(const struct section *s, const char *key);

/* As above for the top level. */
const struct value *profile_get(const struct profile *p, const char *key);
const char *profile_str(const struct profile *p, const char *key);
long profile_int(const struct profile *p, const char *key);
bool profile_bool(const struct profile *p, const char *key);

/* Iterate the sections of one name: start with NULL; NULL at the end. */
const struct section *profile_next(const struct profile *p, const char *name,
				   const struct section *previous);

/* Fill *e with "FILE:LINE: message" (ERR_PROFILE); returns -1. */
int err_at(struct err *e, struct loc loc, const char *fmt, ...) printf_like(3, 4);

/* A path given in a profile: "~/" is the user's home, a relative one is beside its file; owned. */
char *profile_path(struct loc loc, const char *text);

/* The keys of the core (role, base, hostname, address …), see profile_keys.c; ends with NULL. */
extern const struct key profile_core_keys[];
/* All tables: core first, then each customisation's; ends with NULL.  For `keys`, man page, lint.
 */
const struct key *const *profile_key_tables(void);

#endif
