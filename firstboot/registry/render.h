/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_RENDER_H
#define REGISTRY_RENDER_H

/*
 * Files that other tools read, each a pure function of the registry: one file in render/ each, and
 * a line in the table of render.c.
 */

#include <sys/types.h>

#include "view.h"

struct output {
	const char *name; /* for --only, and how the manual calls it */
	const char *path; /* absolute */
	const char
		*block; /* the lines that are ours in a file of others; NULL: all of it is ours */
	bool make_dir;	/* its directory is made; else it is written where that is there */
	mode_t mode;	/* of a new file */
	const char *owner; /* user and group; NULL: root */
	bool secret;	   /* nobody is shown what is in it */
	/* Is there something to write?  NULL: always.  If not, a file that is all ours goes. */
	bool (*wanted)(const struct view *);
	void (*render)(const struct view *v, struct str *out);
	const char *const *reload; /* argv of what has to know; NULL: nothing */
	const char *help;
};

extern const struct output outputs[]; /* ends with name == NULL */

/* ---- render/NAME.c ---- */

void render_hosts(const struct view *v, struct str *out);
void render_known_hosts(const struct view *v, struct str *out);
void render_machine_file(const struct view *v, struct str *out);
void render_openmpi(const struct view *v, struct str *out);
void render_mpich(const struct view *v, struct str *out);
void render_nodes(const struct view *v, struct str *out);
void render_clustershell(const struct view *v, struct str *out);
bool exports_wanted(const struct view *v);
void render_exports(const struct view *v, struct str *out);
bool slurm_wanted(const struct view *v);
void render_slurm(const struct view *v, struct str *out);
void render_ansible(const struct view *v, struct str *out);
void render_json(const struct view *v, struct str *out);
bool munge_wanted(const struct view *v);
void render_munge(const struct view *v, struct str *out);

/* Add the record as a JSON object, nothing secret in it; when it was seen only if times is set. */
void record_json(const struct view *v, const struct record *r, bool times, struct str *out);

/* ---- render_write.c ---- */

struct render {
	const char *root; /* "" or what the paths are below */
	bool reload;	  /* who reads the files is told, and they belong to whom they should */
	const char *dir;  /* of the registry, where it is remembered what has to be reloaded */
	bool dry_run;	  /* the differences are printed, nothing is written */
};

/*
 * Bring one output up to date, or show what would change: 1 when it was or would be changed, 0 when
 * the file was right and was not touched.
 */
int render_output(const struct render *r, const struct output *o, const struct view *v,
		  struct err *e) must_check;
/* Of several failures *e has the code of the first, and a line of each; gives -1. */
int render_failed(struct err *e, struct err *another);
/* Tell those who have to know, whatever comes of the others, also of what a run before this one
 * changed and was killed. */
int render_reload(const struct render *r, struct err *e) must_check;

#endif
