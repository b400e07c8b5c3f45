/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables that no command prints, and what the documents say of them; from the top of the
 * source. */
#include "registry_fixture.h"

#include "io.h"
#include "registry/doctor.h"
#include "registry/render.h"

static char *read_doc(const char *name)
{
	auto_err e = ERR_INIT;
	auto_str text = STR_INIT;
	autofree char *path = xasprintf("docs/%s", name);
	assert_ok(io_read_file(path, 1 << 20, &text, &e), &e);
	return str_steal(&text);
}

static void assert_row(const char *doc, char *row)
{
	autofree char *owned = row;
	if (!strstr(doc, owned))
		fail_msg("not in the document: %s", owned);
}

static void every_state_is_explained(void **state)
{
	autofree char *doc = read_doc("registration.md");
	(void)state;
	for (size_t i = 0; i < STATES; i++)
		assert_row(doc, xasprintf("\n| %s | %s |\n", states[i].name, states[i].help));
}

static void every_result_is_explained(void **state)
{
	autofree char *doc = read_doc("registration.md");
	(void)state;
	for (size_t i = 0; i < REPLIES; i++)
		assert_row(doc, xasprintf("\n| `%s` | ", reply_names[i]));
}

static void every_key_of_the_plan_is_explained(void **state)
{
	autofree char *doc = read_doc("registration.md");
	(void)state;
	for (const struct conf_key *k = roster_keys; k->name; k++) {
		auto_str help = STR_INIT;
		for (const char *c = k->help; *c; c++)
			str_printf(&help, "%s%c", *c == '|' ? "\\" : "", *c);
		assert_row(doc, xasprintf("\n| `%s` | %s |\n", k->name, str_text(&help)));
	}
}

static void every_output_is_explained(void **state)
{
	autofree char *doc = read_doc("nodectl.8.md");
	(void)state;
	for (const struct output *o = outputs; o->name; o++)
		assert_row(doc, xasprintf("\n| %s | `%s` | %s |\n", o->name, o->path, o->help));
}

static void every_check_is_explained(void **state)
{
	autofree char *doc = read_doc("nodectl.8.md");
	(void)state;
	for (const struct check *c = checks; c->name; c++)
		assert_row(doc, xasprintf("\n| %s | %s | %s |\n", c->name, c->ok, c->why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_is_explained),
		cmocka_unit_test(every_result_is_explained),
		cmocka_unit_test(every_key_of_the_plan_is_explained),
		cmocka_unit_test(every_output_is_explained),
		cmocka_unit_test(every_check_is_explained),
	};
	return cmocka_run_group_tests_name("docs", tests, NULL, NULL);
}
