/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_OPTIONS_H
#define REGISTRY_OPTIONS_H

/* What nodectl can be told; the tables are in main.c. */

#include "cli.h"

#define REGISTRY_DIR "/var/lib/cardstock/registry"

struct options {
	struct cli cli;
	const char *registry; /* NULL: REGISTRY_DIR */
	const char *root; /* render, run, completion: what the outputs' paths are below; NULL: / */
	const char *only; /* render: name of an output; NULL: all */
	bool dry_run;
	long settle;	      /* render: seconds */
	bool watch, all;      /* status */
	const char *as;	      /* approve: name of the node */
	long serial;	      /* decommission: of the last card that is worth nothing */
	long max;	      /* accept: boards */
	const char *for_time; /* accept: "30m" */
	bool close;	      /* accept */
	const char *timeout;  /* shutdown, reboot, health, doctor: "3m" */
	bool yes, force;      /* shutdown, reboot */
	bool no_wait;	      /* reboot */
	const char *on;	      /* run: nodes and groups; NULL: all that are ready */
	long port;	      /* of the nodes' sshd; 0: REACH_PORT */
};

/* Its commands and options. */
extern const struct program nodectl_program;

static inline const char *registry_dir(const struct options *o)
{
	return o->registry ? o->registry : REGISTRY_DIR;
}

int cmd_import(const struct options *o, struct err *e) must_check;
int cmd_keys(const struct options *o, struct err *e) must_check;
int cmd_principals(const struct options *o, struct err *e) must_check;
int cmd_register(const struct options *o, struct err *e) must_check;
int cmd_status(const struct options *o, struct err *e) must_check;
int cmd_approve(const struct options *o, struct err *e) must_check;
int cmd_accept(const struct options *o, struct err *e) must_check;
int cmd_quarantine(const struct options *o, struct err *e) must_check;
int cmd_decommission(const struct options *o, struct err *e) must_check;
int cmd_rename(const struct options *o, struct err *e) must_check;
int cmd_shutdown(const struct options *o, struct err *e) must_check;
int cmd_reboot(const struct options *o, struct err *e) must_check;
int cmd_probe(const struct options *o, struct err *e) must_check;
int cmd_run(const struct options *o, struct err *e) must_check;
int cmd_render(const struct options *o, struct err *e) must_check;
int cmd_health(const struct options *o, struct err *e) must_check;
int cmd_doctor(const struct options *o, struct err *e) must_check;
int cmd_fields(const struct options *o, struct err *e) must_check;
int cmd_completion(const struct options *o, struct err *e) must_check;

#endif
