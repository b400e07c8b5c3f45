/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Is the clock right?  Whoever keeps the time tells the kernel, and timedated tells us. */
#include <sys/timex.h>

#include "bus.h"
#include "pace.h"
#include "patience.h"
#include "settings.h"

#define PATIENCE_MS 60000
#define INTERVAL_MS 1000 /* NTPSynchronized sends no signal */

/* As timedated looks at it: an error of 16 s is what the kernel begins with. */
static int ask_kernel(struct err *e)
{
	struct timex t = {0};
	if (adjtimex(&t) < 0)
		return err_errno(e, ERR_FAILED,
				 "the kernel does not tell whether the clock is right");
	return t.maxerror < 16000000;
}

static int is_synchronised(const struct ctx *ctx, struct err *e)
{
	bool yes = false;
	int asked = ctx->bus ? bus_time_synchronized(ctx->bus, &yes, e) : 0;
	return asked > 0 ? yes : asked < 0 ? -1 : ask_kernel(e);
}

int time_wait(struct ctx *ctx, unsigned patience_ms, unsigned interval_ms, struct str *message,
	      struct err *e)
{
	for (unsigned waited = 0;; waited += interval_ms) {
		int yes = is_synchronised(ctx, e);
		if (yes < 0)
			return -1;
		if (yes) {
			str_puts(message, "the clock is synchronised");
			return 0;
		}
		if (waited >= patience_ms)
			break;
		if (pace_wait_ms(interval_ms, e) < 0)
			return -1;
	}
	return err_set(e, ERR_FAILED,
		       "the clock is not synchronised after %u s: is the time server on, and does "
		       "the network reach it? 'timedatectl timesync-status' or 'chronyc sources' "
		       "tells more",
		       patience_ms / 1000);
}

static int run_step(struct ctx *ctx, struct str *message, struct err *e)
{
	if (!ctx->settings->ntp || *ctx->root) {
		str_puts(message, *ctx->root ? "the board waits for it" : "nobody gives it");
		return 0;
	}
	if (ctx->dry_run) {
		str_puts(message, "would wait for the time server");
		return 0;
	}
	return time_wait(ctx, PATIENCE_MS, INTERVAL_MS, message, e);
}

const struct step step_time = {
	.name = "time",
	.help = "the clock is synchronised",
	.phase = PHASE_NETWORK,
	.needs_settings = true,
	.retry = true,
	.run = run_step,
};
