/* SPDX-License-Identifier: GPL-3.0-or-later */
/* firstboot.conf of a card from anywhere: an error with file and line, or values in their grammar.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mem.h"
#include "settings.h"
#include "validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

typedef int check_fn(const char *text, struct err *e);

static void expect_all(const struct strv *values, check_fn *check)
{
	auto_err e = ERR_INIT;
	strv_foreach (value, values)
		expect(check(*value, &e) == 0);
}

static void expect_text(const char *value, check_fn *check)
{
	auto_err e = ERR_INIT;
	expect(!value || check(value, &e) == 0);
}

/* Names become parts of paths, and all of it lines of a report and of the console. */
static void expect_name(const char *value)
{
	expect(!value || (!strpbrk(value, "/\n\r\t \x1b") && *value != '.'));
}

static void expect_valid(const struct settings *s)
{
	expect(s->version == SETTINGS_VERSION);
	expect_text(s->hostname, validate_hostname);
	expect_text(s->cluster, validate_hostname);
	expect_text(s->target, validate_unit);
	expect_text(s->boot, validate_abspath);
	expect_name(s->role);
	expect_name(s->led);
	expect_name(s->build);
	expect(!s->address || (strlen(s->address) <= 18 && strchr(s->address, '/')));
	expect_all(&s->enable, validate_unit);
	expect_all(&s->disable, validate_unit);
	expect_all(&s->mask, validate_unit);
	expect_all(&s->mounts, validate_abspath);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_settings s = {0};
	auto_err e = ERR_INIT;
	autofree char *text = xmemdup(data, size);
	if (settings_parse(text, size, "fuzz", &s, &e) == 0)
		expect_valid(&s);
	else
		expect(e.msg && str_starts(e.msg, "fuzz:"));
	return 0;
}
