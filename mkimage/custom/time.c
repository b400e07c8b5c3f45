/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The time zone, and a clock that does not begin in 1970 on a board that has none. */
#include <string.h>
#include <time.h>

#include "custom.h"
#include "mem.h"
#include "program.h"
#include "systemd.h"

#define ZONES "/usr/share/zoneinfo"
#define STAMP "/etc/fake-hwclock.data"
#define WHY_CLOCK "a board without a clock begins at the build's time"

static int check_zone(const char *text, struct err *e)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789_+-/";
	size_t len = strlen(text);
	if (len && len < 64 && !text[strspn(text, allowed)] && *text != '/' &&
	    !str_ends(text, "/") && !strstr(text, "//"))
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is not a time zone: use a name such as 'Europe/Berlin'", text);
}

static const struct key keys[] = {
	{.name = "timezone",
	 .type = KEY_STRING,
	 .help = "time zone, such as 'Europe/Berlin'; not set: the image's own",
	 .check = check_zone},
	{.name = NULL},
};

/* Debian's old tools read the name from a file of its own. */
static int plan_zone_name(struct plan_ctx *ctx, const char *zone, struct err *e)
{
	int present = plan_exists(ctx, "/etc/timezone", e);
	autofree char *line = xasprintf("%s\n", zone);
	if (present <= 0)
		return present;
	return plan_write_text(ctx, "/etc/timezone", line, ATTR_KEEP, "time zone", e);
}

static int plan_zone(struct plan_ctx *ctx, const struct value *v, struct err *e)
{
	autofree char *file = path_join(ZONES, v->str);
	struct fs_stat zones, st;
	if (plan_stat(ctx, ZONES, &zones, e) < 0 || plan_stat(ctx, file, &st, e) < 0)
		return -1;
	if (zones.type != FILE_DIR) {
		plan_note(ctx, "time zone %s is not set: tzdata is not in this image", v->str);
		return 0;
	}
	if (st.type != FILE_REGULAR)
		return err_at(e, v->loc,
			      "time zone '%s' is not in the image; 'timedatectl list-timezones' "
			      "lists the names",
			      v->str);
	if (plan_symlink(ctx, "/etc/localtime", file, "time zone", e) < 0)
		return -1;
	return plan_zone_name(ctx, v->str, e);
}

/*
 * systemd(1), "System clock epoch", and systemd-timesyncd(8): the clock is put forward to the time
 * of these files.  Their content means nothing; what is written has the build's time.
 */
static int plan_epoch(struct plan_ctx *ctx, struct err *e)
{
	autofree char *unit = NULL;
	int present = systemd_present(ctx, e);
	if (present <= 0)
		return present;
	if (plan_write_text(ctx, "/usr/lib/clock-epoch", "", ATTR_ROOT(0644), WHY_CLOCK, e) < 0 ||
	    systemd_unit_path(ctx, "systemd-timesyncd.service", &unit, e) < 0)
		return -1;
	if (!unit)
		return 0;
	return plan_write_text(ctx, "/var/lib/systemd/timesync/clock", "", ATTR_KEEP, WHY_CLOCK, e);
}

/* fake-hwclock's file is a date in UTC; one that is later already stays. */
static int plan_fake_clock(struct plan_ctx *ctx, struct err *e)
{
	auto_str old = STR_INIT;
	char stamp[32];
	time_t now = (time_t)ctx->now;
	struct tm tm;
	int present = program_present(ctx, "fake-hwclock", e);
	if (present <= 0)
		return present;
	if (plan_read_optional(ctx, STAMP, &old, e) < 0)
		return -1;
	if (!gmtime_r(&now, &tm) || !strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S\n", &tm))
		return err_set(e, ERR_FAILED, "%s: no date for %lld", STAMP, (long long)ctx->now);
	if (strcmp(str_text(&old), stamp) >= 0)
		return 0;
	return plan_write_text(ctx, STAMP, stamp, ATTR_KEEP, WHY_CLOCK, e);
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	const struct value *v = profile_get(ctx->profile, "timezone");
	if ((v->str && plan_zone(ctx, v, e) < 0) || plan_epoch(ctx, e) < 0)
		return -1;
	return plan_fake_clock(ctx, e);
}

const struct custom custom_time = {
	.name = "time",
	.help = "time zone, and a clock that does not begin in 1970",
	.keys = keys,
	.plan = plan,
};
