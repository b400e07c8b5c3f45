/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * slurm.conf is on the master alone: slurmd gets it from slurmctld, with cgroup.conf and
 * nodes.conf, which nodectl writes.  No separator may be in the name of an included file, or it is
 * not sent.
 */
#include <string.h>
#include <strings.h>

#include "mem.h"
#include "slurm.h"

#define FLAT 64 /* nodes up to which slurmctld talks to each itself */

/* What is the same in every cluster. */
static const char *const settings[] = {
	"SlurmctldParameters=enable_configless",
	"SlurmUser=slurm",
	"AuthType=auth/munge",
	"StateSaveLocation=/var/lib/slurm/slurmctld",
	"SlurmdSpoolDir=/var/lib/slurm/slurmd",
	"SlurmctldLogFile=/var/log/slurm/slurmctld.log",
	"SlurmdLogFile=/var/log/slurm/slurmd.log",
	"SlurmctldPidFile=/run/slurmctld.pid",
	"SlurmdPidFile=/run/slurmd.pid",
	"MailProg=/bin/true",
	/* A board that was off, or lost its network, gets work again when it is back. */
	"ReturnToService=2",
	"SlurmdTimeout=300",
	"MessageTimeout=30",
	"SelectType=select/cons_tres",
	"ProctrackType=proctrack/cgroup",
	"TaskPlugin=task/cgroup,task/affinity",
	"MaxArraySize=10001",
	"MaxJobCount=20000",
	NULL,
};

/* The name before '=', as Slurm compares it. */
static bool is_same_name(const char *a, const char *b)
{
	size_t len = strcspn(a, "=");
	return len == strcspn(b, "=") && strncasecmp(a, b, len) == 0;
}

/* Slurm takes the last of two settings of one name, but complains of it in every command. */
static void add_setting(const struct section *s, const char *line, struct str *out)
{
	strv_foreach (option, section_list(s, "options")) {
		if (is_same_name(*option, line))
			return;
	}
	str_printf(out, "%s\n", line);
}

static bool computes(const struct cluster *c, const struct member *m)
{
	return m->n_nodes && strcmp(m->nodes[0].role, cluster_registry(c)->role) != 0;
}

static size_t count_nodes(const struct cluster *c)
{
	size_t n = 0;
	for (size_t i = 0; i < c->n_members; i++)
		n += computes(c, &c->members[i]) ? c->members[i].n_nodes : 0;
	return n;
}

/* So wide that no message takes more than two steps. */
static size_t tree_width(size_t nodes)
{
	size_t width = 1;
	if (nodes <= FLAT)
		return FLAT;
	while (width * width < nodes)
		width++;
	return width;
}

static void add_names(const struct cluster *c, const struct section *s, struct str *out)
{
	const struct node *master = cluster_registry(c);
	autofree char *name = xasprintf("ClusterName=%s", c->name);
	autofree char *host = xasprintf("SlurmctldHost=%s(%s)", master->hostname, master->address);
	autofree char *width = xasprintf("TreeWidth=%zu", tree_width(count_nodes(c)));
	add_setting(s, name, out);
	add_setting(s, host, out);
	add_setting(s, width, out);
}

static void add_choices(const struct cluster *c, const struct section *s, struct str *out)
{
	bool memory = section_bool(s, "limit-memory");
	autofree char *mpi = xasprintf("MpiDefault=%s", section_str(s, "mpi"));
	autofree char *dbd = xasprintf("AccountingStorageHost=%s", cluster_registry(c)->hostname);
	if (strcmp(section_str(s, "mpi"), "none") != 0) /* newer ones have no plugin of that name */
		add_setting(s, mpi, out);
	add_setting(s,
		    memory ? "SelectTypeParameters=CR_Core_Memory" : "SelectTypeParameters=CR_Core",
		    out);
	if (!section_bool(s, "accounting"))
		return;
	add_setting(s, "AccountingStorageType=accounting_storage/slurmdbd", out);
	add_setting(s, dbd, out);
	add_setting(s, "JobAcctGatherType=jobacct_gather/linux", out);
}

/* A role is a feature of its nodes, in nodes.conf: so partitions need not know how many there are.
 */
static void add_partitions(const struct cluster *c, struct str *out)
{
	str_puts(out, "PartitionName=DEFAULT MaxTime=INFINITE State=UP\n"
		      "PartitionName=all Nodes=ALL Default=YES\n");
	for (size_t i = 0; i < c->n_members; i++) {
		const struct member *m = &c->members[i];
		if (!computes(c, m) || strcmp(m->nodes[0].role, "all") == 0)
			continue;
		const char *role = m->nodes[0].role;
		str_printf(out, "NodeSet=role_%s Feature=%s\n", role, role);
		str_printf(out, "PartitionName=%s Nodes=role_%s\n", role, role);
	}
}

void slurm_conf(const struct cluster *c, const struct section *s, struct str *out)
{
	str_puts(out, "# Written by Cardstock from the section slurm of the profile.\n");
	add_names(c, s, out);
	for (const char *const *line = settings; *line; line++)
		add_setting(s, *line, out);
	add_choices(c, s, out);
	str_puts(out, "include nodes.conf\n");
	add_partitions(c, out);
	strv_foreach (option, section_list(s, "options"))
		str_printf(out, "%s\n", *option);
}

void slurm_cgroup_conf(const struct section *s, struct str *out)
{
	const char *memory = section_bool(s, "limit-memory") ? "yes" : "no";
	str_puts(out, "# Written by Cardstock from the section slurm of the profile.\n"
		      "ConstrainCores=yes\n");
	str_printf(out, "ConstrainRAMSpace=%s\nConstrainSwapSpace=%s\n", memory, memory);
}
