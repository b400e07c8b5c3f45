/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "io.h"
#include "log.h"
#include "mem.h"
#include "rootfs.h"
#include "settings.h"
#include "signals.h"

#define LEDS "/sys/class/leds"
#define CONSOLE "/dev/console"

const struct led_code led_codes[] = {
	[STATE_WORKING] = {100, 100, "flickers: steps are running"},
	[STATE_DONE] = {50, 1950, "a short flash every two seconds: all steps are done"},
	[STATE_FAILED] = {500, 500, "blinks evenly, once a second: a step failed"},
};

/* Ends of names, the most likely first, of the LED that boards leave to the user or to activity. */
static const char *const led_names[] = {"ACT",	      "led0", ":act",  ":activity", ":status",
					":heartbeat", ":usr", ":usr0", ":user",	    ":user-led"};

/* Write to a file of the kernel or a device; a failure is logged for those who look. */
static void put(const char *path, const char *text)
{
	auto_err e = ERR_INIT;
	/* O_NONBLOCK: a serial console that nobody reads must not hold us up. */
	autoclose int fd = open(path, O_WRONLY | O_TRUNC | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		log_debug("%s: cannot open", path);
	else if (io_write_fd(fd, path, text, strlen(text), &e) < 0)
		log_debug("%s", e.msg);
}

static void put_led(const char *led, const char *name, const char *text)
{
	autofree char *path = xasprintf(LEDS "/%s/%s", led, name);
	put(path, text);
}

static void put_number(const char *led, const char *name, unsigned number)
{
	autofree char *text = xasprintf("%u", number);
	put_led(led, name, text);
}

/* The LED to use, owned; NULL: none. */
static char *choose_led(const struct ctx *ctx)
{
	auto_err ignored = ERR_INIT;
	auto_strv leds = {0};
	if (ctx->settings->led)
		return xstrdup(ctx->settings->led);
	if (root_list(ctx, LEDS, &leds, &ignored) <= 0)
		return NULL;
	for (size_t i = 0; i < sizeof(led_names) / sizeof(*led_names); i++) {
		strv_foreach (led, &leds) {
			if (str_ends(*led, led_names[i]))
				return xstrdup(*led);
		}
	}
	return NULL;
}

void signal_led(const struct ctx *ctx, enum state_summary summary)
{
	autofree char *led = choose_led(ctx);
	if (!led)
		return;
	/* The trigger makes the files for the times. */
	put_led(led, "trigger", "timer");
	put_number(led, "delay_on", led_codes[summary].on_ms);
	put_number(led, "delay_off", led_codes[summary].off_ms);
}

void signal_console(const struct ctx *ctx, const char *text)
{
	struct utsname system = {0};
	const char *name = ctx->settings->hostname, *address = ctx->settings->address;
	if (!name && uname(&system) == 0)
		name = system.nodename;
	autofree char *line = xasprintf(
		"cardstock: %s%s%.*s %s\n", name ? name : "this board", address ? " " : "",
		address ? (int)strcspn(address, "/") : 0, address ? address : "", text);
	put(CONSOLE, line);
}
