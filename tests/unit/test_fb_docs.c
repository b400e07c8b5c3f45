/* SPDX-License-Identifier: GPL-3.0-or-later */
/* docs/firstboot.8.md says what the tables of the program say; options are checked in docs.bats. */
#include "../assert_err.h"
#include "io.h"
#include "mem.h"
#include "settings.h"
#include "signals.h"
#include "state.h"
#include "step.h"

static void assert_in_manual(const char *line)
{
	auto_err e = ERR_INIT;
	auto_str manual = STR_INIT;
	assert_ok(io_read_file("docs/firstboot.8.md", 1 << 20, &manual, &e), &e);
	if (!strstr(str_text(&manual), line))
		fail_msg("not in docs/firstboot.8.md: %s", line);
}

static void every_step_is_in_the_manual(void **state)
{
	(void)state;
	for (size_t i = 0; steps[i]; i++) {
		autofree char *row = xasprintf("| %s | %s | %s", steps[i]->name,
					       phase_name(steps[i]->phase), steps[i]->help);
		assert_in_manual(row);
	}
}

static void every_setting_is_in_the_manual(void **state)
{
	(void)state;
	for (const struct conf_key *k = settings_keys; k->name; k++) {
		autofree char *row = xasprintf("| %s | %s", k->name, k->help);
		assert_in_manual(row);
	}
}

static void every_code_of_the_led_is_in_the_manual(void **state)
{
	(void)state;
	for (int i = STATE_WORKING; i <= STATE_FAILED; i++) {
		const struct led_code *c = &led_codes[i];
		autofree char *row = xasprintf("| %s | %s | %u, %u |",
					       state_summary_name((enum state_summary)i), c->help,
					       c->on_ms, c->off_ms);
		assert_in_manual(row);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_step_is_in_the_manual),
		cmocka_unit_test(every_setting_is_in_the_manual),
		cmocka_unit_test(every_code_of_the_led_is_in_the_manual),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
