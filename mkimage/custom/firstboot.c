/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program that finishes a board, what starts it, and its settings. */
#include "firstboot.h"

#include <string.h>

#include "boards.h"
#include "custom.h"
#include "mem.h"
#include "os_release.h"
#include "overlay.h"
#include "program.h"
#include "systemd.h"
#include "sysv.h"

#define PROGRAMS "/usr/lib/cardstock"
#define SCRIPT "cardstock"
#define STATE "/var/lib/cardstock"
#define STATE_WHY "the first boot of another board"
#define WHY "finishes the board at its first boot"

static const char *const units[] = {"cardstock-local.service", "cardstock-network.service",
				    "cardstock-catalog.service"};

/* Without systemd's library nobody says that the service is ready. */
static const char static_local[] =
	"# Written by Cardstock: firstboot-static does not talk to systemd.\n"
	"[Service]\n"
	"Type=exec\n";

/* Nor does anybody else run dpkg, whose packages' scripts may do anything. */
static const char static_network[] =
	"# Written by Cardstock: firstboot-static does not talk to systemd, and runs dpkg itself.\n"
	"[Service]\n"
	"Type=exec\n"
	"CapabilityBoundingSet=~\n"
	"SystemCallFilter=\n"
	"RestrictAddressFamilies=\n"
	"IPAddressDeny=\n"
	"DevicePolicy=auto\n"
	"LockPersonality=no\n"
	"MemoryDenyWriteExecute=no\n"
	"NoNewPrivileges=no\n"
	"PrivateMounts=no\n"
	"PrivateTmp=no\n"
	"ProtectControlGroups=no\n"
	"ProtectHome=no\n"
	"ProtectHostname=no\n"
	"ProtectKernelLogs=no\n"
	"ProtectKernelModules=no\n"
	"ProtectKernelTunables=no\n"
	"ProtectSystem=no\n"
	"RestrictNamespaces=no\n"
	"RestrictRealtime=no\n"
	"RestrictSUIDSGID=no\n";

static const struct key keys[] = {
	{.name = "firstboot",
	 .type = KEY_BOOL,
	 .fallback = "false",
	 .help = "a service finishes the board at its first boot: it grows the root and reports"},
	{.name = NULL},
};

enum starter {
	STARTER_NONE,	 /* the image has no init that we have a script or a unit for */
	STARTER_SYSTEMD, /* units */
	STARTER_SYSV,	 /* a script in /etc/init.d */
};

/* What of firstboot an image can take. */
struct fit {
	const char *architecture; /* of the programs: "arm64" */
	enum starter starter;
	bool is_static;	      /* firstboot-static is the one that runs there */
	const char *obstacle; /* what firstboot-grow lacks; NULL: nothing */
};

static struct board_need need_of(const struct plan_ctx *ctx)
{
	return (struct board_need){"firstboot", "set firstboot = false",
				   profile_get(ctx->profile, "firstboot")->loc};
}

/* ---- what the image can take ---- */

static int find_starter(struct plan_ctx *ctx, enum starter *ret, struct err *e)
{
	int systemd = systemd_present(ctx, e);
	int sysv = systemd ? 0 : sysv_present(ctx, e);
	*ret = systemd ? STARTER_SYSTEMD : sysv ? STARTER_SYSV : STARTER_NONE;
	return systemd < 0 || sysv < 0 ? -1 : 0;
}

static int find_libraries(struct plan_ctx *ctx, struct fit *fit, struct err *e)
{
	const char *arch = fit->architecture;
	int libc = program_library(ctx, arch, FIRSTBOOT_LIBC, FIRSTBOOT_LIBC_VERSION, e);
	int parted = libc > 0 ? program_library(ctx, arch, FIRSTBOOT_LIBPARTED, NULL, e) : libc;
	int systemd = libc;
	if (libc > 0)
		systemd = fit->starter == STARTER_SYSTEMD
				  ? program_library(ctx, arch, FIRSTBOOT_LIBSYSTEMD,
						    FIRSTBOOT_LIBSYSTEMD_VERSION, e)
				  : 0;
	if (parted < 0 || systemd < 0)
		return -1;
	fit->is_static = !systemd;
	fit->obstacle = !libc	  ? FIRSTBOOT_LIBC " with " FIRSTBOOT_LIBC_VERSION
			: !parted ? FIRSTBOOT_LIBPARTED
				  : NULL;
	return 0;
}

/* ID=raspbian boots on the first boards, too, whose processors know less than Debian's armhf. */
static int warn_of_old_boards(struct plan_ctx *ctx, const struct fit *fit, struct err *e)
{
	auto_str text = STR_INIT;
	if (strcmp(fit->architecture, "armhf") != 0)
		return 0;
	if (os_release_read(ctx, &text, e) < 0)
		return -1;
	autofree char *id = os_release_get(str_text(&text), "ID");
	if (id && strcmp(id, "raspbian") == 0)
		plan_note(ctx,
			  "firstboot runs on ARMv7, a Raspberry Pi 2 or newer; for a Raspberry Pi "
			  "1 or Zero, which this system runs on, set firstboot = false");
	return 0;
}

/* ---- its files ---- */

/* name is its name in the image; from is that of the host's build. */
static int plan_program(struct plan_ctx *ctx, const struct fit *fit, const char *from,
			const char *name, struct err *e)
{
	const struct board_need need = need_of(ctx);
	autofree char *path = path_join(PROGRAMS, name);
	return boards_plan(ctx, &(struct board_program){fit->architecture, from, path, WHY}, &need,
			   e);
}

static int plan_overlay(struct plan_ctx *ctx, const char *name, struct err *e)
{
	return overlay_plan_named(ctx, name, need_of(ctx).loc, e);
}

static int plan_units(struct plan_ctx *ctx, const struct fit *fit, struct err *e)
{
	if (plan_overlay(ctx, "firstboot", e) < 0 || firstboot_plan_join(ctx, e) < 0)
		return -1;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		size_t links;
		if (systemd_install(ctx, units[i], WHY, &links, e) < 0)
			return -1;
	}
	if (!fit->is_static)
		return 0;
	if (plan_write_text(ctx, UNIT_ADMIN_DIR "/cardstock-local.service.d/10-static.conf",
			    static_local, ATTR_ROOT(0644), WHY, e) < 0)
		return -1;
	return plan_write_text(ctx, FIRSTBOOT_STATIC_NETWORK, static_network, ATTR_ROOT(0644), WHY,
			       e);
}

static int plan_script(struct plan_ctx *ctx, struct err *e)
{
	plan_note(ctx,
		  "of firstboot this image runs the local steps only, because it has no systemd; "
		  "what is in /var/lib/cardstock/packages is not installed");
	if (plan_overlay(ctx, "firstboot-init", e) < 0)
		return -1;
	return sysv_enable(ctx, SCRIPT, WHY, e) < 0 ? -1 : 0;
}

static int plan_starter(struct plan_ctx *ctx, const struct fit *fit, struct err *e)
{
	const char *program = fit->is_static ? "firstboot-static" : "firstboot";
	const struct board_need need = need_of(ctx);
	if (plan_program(ctx, fit, program, "firstboot", e) < 0 ||
	    boards_plan_manual(ctx, "firstboot.8", &need, e) < 0 ||
	    plan_symlink(ctx, "/usr/bin/firstboot", "../lib/cardstock/firstboot",
			 "people type 'firstboot status'", e) < 0)
		return -1;
	if (!fit->obstacle && plan_program(ctx, fit, "firstboot-grow", "firstboot-grow", e) < 0)
		return -1;
	return fit->starter == STARTER_SYSTEMD ? plan_units(ctx, fit, e) : plan_script(ctx, e);
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	struct fit fit = {0};
	const struct board_need need = need_of(ctx);
	if (!profile_bool(ctx->profile, "firstboot"))
		return 0;
	if (find_starter(ctx, &fit.starter, e) < 0)
		return -1;
	if (fit.starter == STARTER_NONE) {
		plan_note(ctx, "nothing finishes the board at its first boot: this image has "
			       "neither systemd nor System V init nor upstart to start firstboot");
		return 0;
	}
	if (boards_architecture(ctx, &need, &fit.architecture, e) < 0 ||
	    warn_of_old_boards(ctx, &fit, e) < 0 || find_libraries(ctx, &fit, e) < 0)
		return -1;
	if (fit.obstacle)
		plan_note(ctx,
			  "firstboot does not grow the root file system: that takes %s, which this "
			  "image lacks; what else grows it stays",
			  fit.obstacle);
	if (plan_starter(ctx, &fit, e) < 0)
		return -1;
	return firstboot_plan_settings(ctx, !fit.obstacle, e);
}

static int plan_node(struct plan_ctx *ctx, struct err *e)
{
	if (!profile_bool(ctx->profile, "firstboot"))
		return 0;
	return firstboot_plan_card(ctx, e) < 0 ? -1 : firstboot_plan_node_settings(ctx, e);
}

/* That of an image without systemd needs none: nothing there installs packages. */
static int want(const struct profile *p, const struct cluster *c, struct wanted *ret, struct err *e)
{
	const struct value *v = profile_get(p, "firstboot");
	(void)c;
	return v->on ? overlay_want(p, "firstboot", v->loc, ret, e) : 0;
}

/* What the board of the card did is not the clone's; its report on the boot partition neither. */
static int plan_clone(struct plan_ctx *ctx, struct err *e)
{
	static const char *const reports[] = {"/boot/firmware/cardstock-report.json",
					      "/boot/cardstock-report.json"};
	auto_strv names = {0};
	if (plan_list(ctx, STATE, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(STATE, *name);
		/* Packages are the card's, for every first boot. */
		if (strcmp(*name, "packages") != 0 && plan_remove(ctx, path, STATE_WHY, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < sizeof(reports) / sizeof(*reports); i++) {
		if (plan_remove(ctx, reports[i], STATE_WHY, e) < 0)
			return -1;
	}
	return 0;
}

const struct custom custom_firstboot = {
	.name = "firstboot",
	.help = "a service that finishes the board at its first boot",
	.keys = keys,
	.want = want,
	.plan = plan,
	.plan_node = plan_node,
	.plan_clone = plan_clone,
};
