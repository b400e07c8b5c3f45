/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MKIMAGE_CUSTOM_SLURM_H
#define MKIMAGE_CUSTOM_SLURM_H

/* Slurm on the cluster: slurmctld where the registry is, slurmd on the other nodes. */

#include "plan.h"

/* The profile has the section slurm: the registry tells its nodes so, and gives them a munge key.
 */
bool slurm_is_wanted(const struct profile *p);
/*
 * Add what the registry has to know of the hardware, "ROLE CPUS MIB", for roles that the list does
 * not have yet: four processors where the image is for ARM, as most boards have; else one.  A note
 * says what was assumed.
 */
int slurm_registry_lines(struct plan_ctx *ctx, struct strv *hardware, struct err *e) must_check;

/* slurm_conf.c: the text of slurm.conf, and of cgroup.conf beside it. */
void slurm_conf(const struct cluster *c, const struct section *s, struct str *out);
void slurm_cgroup_conf(const struct section *s, struct str *out);

#endif
