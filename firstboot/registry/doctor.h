/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_DOCTOR_H
#define REGISTRY_DOCTOR_H

/*
 * What is wrong among the nodes: each check looks at one node after the other, and knows what the
 * registry and the others say.
 */

#include "survey.h"

enum finding_level { FINDING_WARNING, FINDING_ERROR };

struct finding {
	const struct check *check;
	const char *node; /* borrowed from the registry */
	enum finding_level level;
	char *what;
	char *todo; /* one command; what the node said is in it only where it is harmless */
};

struct findings {
	struct finding *v;
	size_t n, cap;
};

struct doctor {
	const struct view *view;
	const struct survey *survey;
	const struct check *check; /* that runs */
	struct findings findings;
};

struct check {
	const char *name; /* NULL ends the table */
	const char *ok;	  /* when nothing was found */
	const char *why;  /* it matters */
	bool compares;	  /* with the master */
	/* v has vitals, but for the check `reach`. */
	void (*look)(struct doctor *d, const struct answer *v);
};

extern const struct check checks[];

/* Run all checks; what is found is in d->findings, in the order of the checks. */
void doctor_run(struct doctor *d);
void doctor_done(struct doctor *d);
#define auto_doctor __attribute__((cleanup(doctor_done))) struct doctor

/* What was found, for people, and one object a line. */
void doctor_text(const struct doctor *d, struct str *out);
void doctor_json(const struct doctor *d, struct str *out);

/* ---- for the checks, doctor_*.c ---- */

/* Both texts are owned; format them with xasprintf. */
void doctor_find(struct doctor *d, const struct answer *v, enum finding_level level, char *what,
		 char *todo);
/* Whom others are compared with: the master; NULL: it did not answer. */
const struct answer *doctor_reference(const struct doctor *d);
/* A text of a node for a command that people may copy: name instead, where a shell would act on it.
 */
const char *doctor_word(const char *text, const char *name);

void look_users(struct doctor *d, const struct answer *v);
void look_sudo(struct doctor *d, const struct answer *v);
void look_clock(struct doctor *d, const struct answer *v);
void look_time(struct doctor *d, const struct answer *v);
void look_fstab(struct doctor *d, const struct answer *v);
void look_mounts(struct doctor *d, const struct answer *v);
void look_disks(struct doctor *d, const struct answer *v);
void look_name(struct doctor *d, const struct answer *v);
void look_host_key(struct doctor *d, const struct answer *v);
void look_secrets(struct doctor *d, const struct answer *v);

#endif
