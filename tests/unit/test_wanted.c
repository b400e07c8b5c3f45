/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What packages a profile wants: its key, its overlays, the overlays that other keys stand for. */
#include "../custom/fixture.h"
#include "wanted.h"

#define BOTH "overlays = {\"./lab\"}\npackages = {\"slurmd\", \"mpich\"}\n"

/* All names, with a blank between them; owned. */
static char *wanted_by(struct fixture *f, const char *profile)
{
	auto_err e = ERR_INIT;
	auto_wanted w = {0};
	auto_strv names = {0};
	fixture_profile(f, profile);
	assert_ok(wanted_collect(f->profile, f->cluster, &w, &e), &e);
	wanted_names(&w, &names);
	return strv_join(&names, " ");
}

static void an_overlay_brings_packages(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "lab/packages",
		    "# what the lab's programs need\n\nmpich\t# MPI\r\nlibc6-dev");
	autofree char *all = wanted_by(&f, "overlays = {\"./lab\"}\n");
	assert_string_equal(all, "mpich libc6-dev");
	fixture_done(&f);
}

static void who_asks_first_is_remembered_and_nobody_asks_twice(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	auto_wanted w = {0};
	auto_strv base = {0};
	fixture_init(&f);
	fixture_put(&f, "lab/packages", "# one\nmpich\n");
	fixture_profile(&f, BOTH);
	assert_ok(wanted_collect(f.profile, f.cluster, &w, &e), &e);
	assert_int_equal(w.n, 2);
	assert_true(str_ends(wanted_loc(&w, "mpich").file, "lab/packages"));
	assert_int_equal(wanted_loc(&w, "mpich").line, 2);
	assert_true(str_ends(wanted_loc(&w, "slurmd").file, "worker.conf"));
	assert_int_equal(wanted_loc(&w, "slurmd").line, 2);
	wanted_of_base(&w, &base);
	autofree char *sorted = strv_join(&base, ",");
	assert_string_equal(sorted, "mpich,slurmd");
	fixture_done(&f);
}

/* A base cannot be made of what only the overlay's own archive has. */
static void sources_of_an_overlay_leave_the_base_plain(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	auto_wanted w = {0};
	auto_strv base = {0};
	fixture_init(&f);
	fixture_put(&f, "lab/packages", "theirs\n");
	fixture_put(&f, "lab/root/etc/apt/sources.list.d/theirs.list", "deb http://x ./\n");
	fixture_profile(&f, BOTH);
	assert_ok(wanted_collect(f.profile, f.cluster, &w, &e), &e);
	wanted_of_base(&w, &base);
	assert_int_equal(base.n, 0);
	assert_int_equal(w.n, 3);
	fixture_done(&f);
}

static void the_overlay_of_another_key_counts(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "overlays/firstboot/packages", "libparted2\n");
	autofree char *off = wanted_by(&f, ""), *on = wanted_by(&f, "firstboot = true\n");
	assert_string_equal(off, "");
	assert_string_equal(on, "libparted2");
	fixture_done(&f);
}

static void mistakes_in_the_file_are_named_with_line(void **state)
{
	(void)state;
	static const struct {
		const char *text, *fragment;
	} cases[] = {
		{"mpich\nOpen MPI\n", "lab/packages:2: 'MPI': one package a line"},
		{"mpich=4.0\n", "lab/packages:1: 'mpich=4.0' is not the name of a Debian package"},
	};
	struct fixture f;
	fixture_init(&f);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		auto_err e = ERR_INIT;
		auto_wanted w = {0};
		fixture_put(&f, "lab/packages", cases[i].text);
		fixture_profile(&f, "overlays = {\"./lab\"}\n");
		assert_fails(wanted_collect(f.profile, f.cluster, &w, &e), &e, ERR_PROFILE,
			     cases[i].fragment);
	}
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_overlay_brings_packages),
		cmocka_unit_test(who_asks_first_is_remembered_and_nobody_asks_twice),
		cmocka_unit_test(sources_of_an_overlay_leave_the_base_plain),
		cmocka_unit_test(the_overlay_of_another_key_counts),
		cmocka_unit_test(mistakes_in_the_file_are_named_with_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
