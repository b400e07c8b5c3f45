/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A board without a clock battery begins in 1970 unless something knows better (systemd's epoch,
 * systemd-timesyncd, fake-hwclock).  Certificates of TLS are not valid then, and make(1) takes what
 * it makes for older than its sources.  The settings file has the time of the image.
 */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "bus.h"
#include "clock.h"
#include "rootfs.h"
#include "settings.h"

static void format_time(time_t t, char *ret, size_t size)
{
	struct tm tm;
	if (!gmtime_r(&t, &tm) || !strftime(ret, size, "%Y-%m-%d %H:%M:%S UTC", &tm))
		*ret = '\0';
}

/* Our service may not, but timedated may, unless something keeps the time. */
static int set_clock(struct bus *b, time_t to, struct err *e)
{
	const struct timespec t = {.tv_sec = to};
	if (clock_settime(CLOCK_REALTIME, &t) == 0)
		return 0;
	if (errno != EPERM || !b)
		return err_errno(e, ERR_FAILED, "cannot set the clock");
	int set = bus_set_time(b, to, e);
	if (set == 0)
		return err_set(e, ERR_FAILED, "cannot set the clock: not permitted");
	return set < 0 ? -1 : 0;
}

int clock_step(struct ctx *ctx, time_t now, clock_setter *set, struct str *message, struct err *e)
{
	char from[64], to[64];
	struct stat st;
	int there = root_stat(ctx, SETTINGS_PATH, &st, e);
	if (there < 0)
		return -1;
	format_time(now, from, sizeof(from));
	if (!there || now >= st.st_mtime) {
		str_puts(message, from);
		return 0;
	}
	format_time(st.st_mtime, to, sizeof(to));
	if (!set) {
		str_printf(message, "%s, before the image (%s)", from, to);
		return 0;
	}
	if (!ctx->dry_run && set(ctx->bus, st.st_mtime, e) < 0)
		return err_wrap(e, "the clock says %s, before the image (%s)", from, to);
	str_printf(message, "%s, before the image; set to %s", from, to);
	return 1;
}

static int run_step(struct ctx *ctx, struct str *message, struct err *e)
{
	return clock_step(ctx, time(NULL), *ctx->root ? NULL : set_clock, message, e);
}

const struct step step_clock = {
	.name = "clock",
	.help = "not before the time of the image",
	.phase = PHASE_LOCAL,
	.always = true,
	.run = run_step,
};
