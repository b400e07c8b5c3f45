/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registry of boards on the master: its program, its sshd, its plan of the cluster. */
#include "nodectl.h"

#include <string.h>

#include "boards.h"
#include "custom.h"
#include "mem.h"
#include "overlay.h"
#include "program.h"
#include "roster.h"
#include "system_user.h"
#include "systemd.h"
#include "validate.h"

#define WHY "registers the boards of the cluster"
#define SSHD_CONFIG "/etc/cardstock/sshd_config"

static const char *const units[] = {"cardstock-import.service", "cardstock-register.service",
				    "cardstock-render.path", "cardstock-render.service",
				    "cardstock-probe.timer"};

/* Its home is nothing that it may write: the first sshd would read authorized_keys there. */
static const struct system_user user = {
	.name = NODECTL_USER,
	.gecos = "Registry of boards",
	.home = "/",
	.why = "who the registry belongs to, and boards log in as",
};

static int check_hardware(const char *text, struct err *e)
{
	return roster_check("hardware", text, e);
}

static int check_pin(const char *text, struct err *e)
{
	return roster_check("pin", text, e);
}

static const struct key nodectl_keys[] = {
	{.name = "join",
	 .type = KEY_STRING,
	 .help = "role that boards get that nobody planned; not set: they are turned away",
	 .check = validate_role},
	{.name = "munge",
	 .type = KEY_BOOL,
	 .fallback = "false",
	 .help = "the master makes a key for munge, and gives it to the nodes that it accepted"},
	{.name = "slurm",
	 .type = KEY_BOOL,
	 .fallback = "false",
	 .help = "the nodes are told that the master runs Slurm"},
	{.name = "hardware",
	 .type = KEY_LIST,
	 .help = "'ROLE CPUS MIB': what Slurm may expect of a node of that role",
	 .check = check_hardware},
	{.name = "pin",
	 .type = KEY_LIST,
	 .help = "'MAC NAME': a board nobody planned that has this address gets that node's name",
	 .check = check_pin},
	{.name = NULL},
};

static const struct key keys[] = {
	{.name = "nodectl",
	 .type = KEY_SECTION,
	 .help = "this node registers the boards of the cluster",
	 .keys = nodectl_keys,
	 .untitled = true},
	{.name = NULL},
};

static const struct section *own_section(const struct plan_ctx *ctx)
{
	return profile_next(ctx->profile, "nodectl", NULL);
}

/* ---- what the image can take ---- */

/* sshd has the words of its settings in lower case; since 9.8 sshd-session has them, too. */
static int sshd_knows(struct plan_ctx *ctx, const char *word, struct err *e)
{
	auto_str program = STR_INIT;
	struct fs_stat st;
	if (plan_stat(ctx, "/usr/sbin/sshd", &st, e) < 0)
		return -1;
	if (st.type != FILE_REGULAR || st.size > PLAN_READ_MAX)
		return 0;
	if (plan_read(ctx, "/usr/sbin/sshd", &program, e) < 0)
		return -1;
	return memmem(str_text(&program), program.len, word, strlen(word)) != NULL;
}

/* *ret NULL: nothing is in the way. */
static int find_obstacle(struct plan_ctx *ctx, const char *arch, const char **ret, struct err *e)
{
	int systemd = systemd_present(ctx, e);
	int sshd = systemd < 0 ? -1 : sshd_knows(ctx, "exposeauthinfo", e);
	int libc = sshd < 0 ? -1
			    : program_library(ctx, arch, NODECTL_LIBC, NODECTL_LIBC_VERSION, e);
	if (libc < 0)
		return -1;
	*ret = !systemd ? "systemd"
	       : !sshd	? "openssh-server, 7.6 or later"
	       : !libc	? NODECTL_LIBC " with " NODECTL_LIBC_VERSION
			: NULL;
	return 0;
}

static struct board_need need_of(const struct section *s)
{
	return (struct board_need){"nodectl", "take the section nodectl out", s->loc};
}

int nodectl_is_here(struct plan_ctx *ctx, struct err *e)
{
	const struct section *s = own_section(ctx);
	const char *arch, *obstacle;
	if (!s)
		return 0;
	const struct board_need need = need_of(s);
	if (boards_architecture(ctx, &need, &arch, e) < 0 ||
	    find_obstacle(ctx, arch, &obstacle, e) < 0)
		return -1;
	return !obstacle;
}

/* ---- its files ---- */

static int plan_units(struct plan_ctx *ctx, struct err *e)
{
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		size_t links;
		if (systemd_install(ctx, units[i], WHY, &links, e) < 0)
			return -1;
	}
	return 0;
}

/* What bounds the connections of one board, for those sshds that know the word. */
static const struct {
	const char *word, *line;
} limits[] = {
	{"persourcemaxstartups", "PerSourceMaxStartups 4"},	   /* since 8.5 */
	{"unusedconnectiontimeout", "UnusedConnectionTimeout 15"}, /* since 9.2 */
};

static int plan_limits(struct plan_ctx *ctx, struct err *e)
{
	auto_str text = STR_INIT;
	if (plan_read(ctx, SSHD_CONFIG, &text, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		int known = sshd_knows(ctx, limits[i].word, e);
		if (known < 0)
			return -1;
		if (known)
			str_printf(&text, "%s\n", limits[i].line);
	}
	return plan_write(ctx, SSHD_CONFIG, str_text(&text), text.len, ATTR_ROOT(0644), WHY, e);
}

static int plan_ca(struct plan_ctx *ctx, struct err *e)
{
	auto_str ca = STR_INIT;
	if (cluster_read(ctx->cluster, "keys/enrol-ca.pub", &ca, e) < 0)
		return -1;
	return plan_write(ctx, "/etc/cardstock/enrol-ca.pub", str_text(&ca), ca.len,
			  ATTR_ROOT(0644), "whose signature a board's card has", e);
}

static int plan_all(struct plan_ctx *ctx, const struct section *s, const char *arch, struct err *e)
{
	const struct board_need need = need_of(s);
	const struct board_program program = {arch, "nodectl", "/usr/bin/nodectl", WHY};
	if (boards_plan(ctx, &program, &need, e) < 0 ||
	    boards_plan_manual(ctx, "nodectl.8", &need, e) < 0 ||
	    system_user_plan(ctx, &user, e) < 0 ||
	    overlay_plan_named(ctx, "nodectl", s->loc, e) < 0 || plan_limits(ctx, e) < 0 ||
	    plan_ca(ctx, e) < 0 || nodectl_plan_roster(ctx, s, e) < 0)
		return -1;
	return plan_units(ctx, e);
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	const struct section *s = own_section(ctx);
	const char *arch, *obstacle;
	if (!s)
		return 0;
	const struct board_need need = need_of(s);
	if (boards_architecture(ctx, &need, &arch, e) < 0 ||
	    find_obstacle(ctx, arch, &obstacle, e) < 0)
		return -1;
	if (!obstacle)
		return plan_all(ctx, s, arch, e);
	plan_note(ctx, "no board registers here: that takes %s, which this image lacks", obstacle);
	return 0;
}

static int want(const struct profile *p, const struct cluster *c, struct wanted *ret, struct err *e)
{
	const struct section *s = profile_next(p, "nodectl", NULL);
	(void)c;
	return s ? overlay_want(p, "nodectl", s->loc, ret, e) : 0;
}

const struct custom custom_nodectl = {
	.name = "nodectl",
	.help = "the registry of boards, on the master",
	.keys = keys,
	.want = want,
	.plan = plan,
};
