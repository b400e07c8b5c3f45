/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Slurm: one section for all profiles of the cluster.  Which half of it a node gets follows from
 * where the registry is; partitions, hosts and widths follow from the plan.
 */
#include "slurm.h"

#include <string.h>
#include <strings.h>

#include "boards.h"
#include "bootconfig.h"
#include "custom.h"
#include "mem.h"
#include "nodectl.h"
#include "overlay.h"
#include "roster.h"
#include "systemd.h"

#define WHY "Slurm gives the nodes their work"
#define DIR "/etc/slurm"
#define STARTER "cardstock-slurm.path" /* as overlays/slurm has it */
#define OPTIONS_OF_SLURMD "/etc/systemd/system/slurmd.service.d/30-cardstock-master.conf"
#define ARM_CPUS 4

static int check_mpi(const char *text, struct err *e)
{
	static const char *const known[] = {"none", "pmix", "pmi2"};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(text, known[i]) == 0)
			return 0;
	}
	return err_set(e, ERR_PROFILE, "'%s' is no way to start MPI: use none, pmix or pmi2", text);
}

static int check_option(const char *text, struct err *e)
{
	static const char port[] = "SlurmctldPort=";
	size_t name = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
	if (strncasecmp(text, port, strlen(port)) == 0)
		return err_set(e, ERR_PROFILE,
			       "'%s': the nodes are told to ask port %d; leave it out", text,
			       SLURM_PORT);
	if (name && text[name] == '=' && !strpbrk(text, "\n\r#"))
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is no line of slurm.conf: write 'Name=value', as in slurm.conf(5)",
		       text);
}

static const struct key slurm_keys[] = {
	{.name = "limit-memory",
	 .type = KEY_BOOL,
	 .fallback = "false",
	 .help = "jobs ask for memory, and get no more; takes nodectl's key hardware"},
	{.name = "mpi",
	 .type = KEY_STRING,
	 .fallback = "none",
	 .help = "how srun starts MPI programs unless told: none, pmix or pmi2",
	 .check = check_mpi},
	{.name = "torque",
	 .type = KEY_BOOL,
	 .fallback = "false",
	 .help = "qsub, qstat, qdel and pbsnodes, for those who know them from TORQUE"},
	{.name = "accounting",
	 .type = KEY_BOOL,
	 .fallback = "false",
	 .help = "what was computed is kept in a database on the master"},
	{.name = "options",
	 .type = KEY_LIST,
	 .help = "lines of slurm.conf, each in the place of Cardstock's setting of that name",
	 .check = check_option},
	{.name = NULL},
};

static const struct key keys[] = {
	{.name = "slurm",
	 .type = KEY_SECTION,
	 .help = "Slurm gives the nodes their work; the master controls it",
	 .keys = slurm_keys,
	 .untitled = true},
	{.name = NULL},
};

static const struct section *own_section(const struct profile *p)
{
	return profile_next(p, "slurm", NULL);
}

bool slurm_is_wanted(const struct profile *p)
{
	return own_section(p) != NULL;
}

/* ---- hardware ---- */

static bool has_hardware(const struct strv *hardware, const char *role)
{
	size_t len = strlen(role);
	strv_foreach (line, hardware) {
		if (strncmp(*line, role, len) == 0 && strchr(" \t", (*line)[len]))
			return true;
	}
	return false;
}

static int default_cpus(struct plan_ctx *ctx, unsigned *ret, struct err *e)
{
	const struct board_need need = {"slurm", "take the section slurm out",
					own_section(ctx->profile)->loc};
	const char *arch;
	if (boards_architecture(ctx, &need, &arch, e) < 0)
		return -1;
	*ret = strncmp(arch, "arm", 3) == 0 ? ARM_CPUS : 1;
	return 0;
}

int slurm_registry_lines(struct plan_ctx *ctx, struct strv *hardware, struct err *e)
{
	const struct cluster *c = ctx->cluster;
	unsigned cpus;
	if (!slurm_is_wanted(ctx->profile))
		return 0;
	if (default_cpus(ctx, &cpus, e) < 0)
		return -1;
	for (size_t i = 0; i < c->n_members; i++) {
		const char *role = profile_str(c->members[i].profile, "role");
		if (strcmp(role, cluster_registry(c)->role) == 0 || has_hardware(hardware, role))
			continue;
		plan_note(
			ctx,
			"Slurm takes each node of the role '%s' for one with %u processor%s, and "
			"gives those with less no work; say in the section nodectl what they have: "
			"hardware = {\"%s CPUS MIB\"}",
			role, cpus, cpus == 1 ? "" : "s", role);
		strv_printf(hardware, "%s %u 1", role, cpus);
	}
	return 0;
}

/* Without it Slurm believes that a node has 1 MiB. */
static int check_memory(const struct plan_ctx *ctx, const struct section *s, struct err *e)
{
	const struct cluster *c = ctx->cluster;
	const struct section *nodectl = profile_next(ctx->profile, "nodectl", NULL);
	if (!section_bool(s, "limit-memory"))
		return 0;
	for (size_t i = 0; i < c->n_members; i++) {
		const char *role = profile_str(c->members[i].profile, "role");
		if (strcmp(role, cluster_registry(c)->role) == 0 ||
		    has_hardware(section_list(nodectl, "hardware"), role))
			continue;
		return err_at(
			e, section_get(s, "limit-memory")->loc,
			"limit-memory: how much memory has a node of the role '%s'? Add to the "
			"section nodectl: hardware = {\"%s CPUS MIB\"}",
			role, role);
	}
	return 0;
}

/* ---- the master ---- */

static int plan_text(struct plan_ctx *ctx, const char *path, const struct str *text, struct err *e)
{
	return plan_write(ctx, path, str_text(text), text->len, ATTR_ROOT(0644), WHY, e);
}

static int plan_controller(struct plan_ctx *ctx, const struct section *s, struct err *e)
{
	auto_str conf = STR_INIT, cgroup = STR_INIT;
	if (check_memory(ctx, s, e) < 0)
		return -1;
	slurm_conf(ctx->cluster, s, &conf);
	slurm_cgroup_conf(s, &cgroup);
	if (plan_text(ctx, DIR "/slurm.conf", &conf, e) < 0 ||
	    plan_text(ctx, DIR "/cgroup.conf", &cgroup, e) < 0)
		return -1;
	return section_bool(s, "accounting")
		       ? overlay_plan_named(ctx, "slurm-accounting", s->loc, e)
		       : 0;
}

/* ---- the others ---- */

/* /etc/default/slurmd is the user's: what is in there counts more than this. */
static int plan_node_daemon(struct plan_ctx *ctx, const struct section *s, struct err *e)
{
	autofree char *text =
		xasprintf("[Service]\nEnvironment=\"SLURMD_OPTIONS=--conf-server %s:%d\"\n",
			  cluster_registry(ctx->cluster)->hostname, SLURM_PORT);
	if (plan_write_text(ctx, OPTIONS_OF_SLURMD, text, ATTR_ROOT(0644), WHY, e) < 0)
		return -1;
	return section_bool(s, "limit-memory")
		       ? bootconfig_cmdline_set(ctx, "cgroup_enable=memory", WHY, e)
		       : 0;
}

static int check_registry(const struct plan_ctx *ctx, const struct section *s, struct err *e)
{
	if (cluster_registry(ctx->cluster))
		return 0;
	return err_at(
		e, s->loc,
		"slurm: no profile of the members has the section nodectl, whose registry "
		"gives the nodes their key for munge; add nodectl { } to the master's profile");
}

/* Its key for munge comes with the registration. */
static int check_card(const struct plan_ctx *ctx, const struct section *s, struct err *e)
{
	if (profile_bool(ctx->profile, "firstboot"))
		return 0;
	return err_at(
		e, s->loc,
		"slurm: the nodes of the role '%s' do not register, and only then get a key for "
		"munge; set firstboot = true in their profile, or take the section slurm out of "
		"it",
		profile_str(ctx->profile, "role"));
}

static int want(const struct profile *p, const struct cluster *c, struct wanted *ret, struct err *e)
{
	const struct section *s = own_section(p);
	bool master = profile_next(p, "nodectl", NULL);
	(void)c;
	if (!s)
		return 0;
	if (overlay_want(p, master ? "slurm-master" : "slurm-worker", s->loc, ret, e) < 0 ||
	    (section_bool(s, "torque") && overlay_want(p, "slurm-torque", s->loc, ret, e) < 0))
		return -1;
	return master && section_bool(s, "accounting")
		       ? overlay_want(p, "slurm-accounting", s->loc, ret, e)
		       : 0;
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	const struct section *s = own_section(ctx->profile);
	bool master = profile_next(ctx->profile, "nodectl", NULL);
	size_t links;
	if (!s)
		return 0;
	if (check_registry(ctx, s, e) < 0)
		return -1;
	int systemd = systemd_present(ctx, e);
	if (systemd < 0)
		return -1;
	if (!systemd) {
		plan_note(ctx, "Slurm is not set up: that takes systemd, which this image lacks");
		return 0;
	}
	if ((!master && check_card(ctx, s, e) < 0) ||
	    overlay_plan_named(ctx, "slurm", s->loc, e) < 0 ||
	    systemd_install(ctx, STARTER, WHY, &links, e) < 0)
		return -1;
	return master ? plan_controller(ctx, s, e) : plan_node_daemon(ctx, s, e);
}

const struct custom custom_slurm = {
	.name = "slurm",
	.help = "Slurm: slurmctld on the master, slurmd on the nodes that register there",
	.keys = keys,
	.want = want,
	.plan = plan,
};
