/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts of apt: sources, and what its programs print.  The programs themselves run in
 * packages.bats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../assert_err.h"
#include "apt_private.h"
#include "control.h"
#include "mem.h"

/* ---- sources ---- */

/* The text as the host's apt gets it; URIs and keyrings, blanks between. */
static void assert_sources(const char *text, bool deb822, const char *out, const char *uris,
			   const char *keyrings)
{
	auto_apt_sources s = {0};
	auto_str is = STR_INIT;
	apt_sources_read(text, deb822, "/keys", &s, &is);
	autofree char *is_uris = strv_join(&s.uris, " ");
	autofree char *is_keyrings = strv_join(&s.keyrings, " ");
	assert_string_equal(str_text(&is), out);
	assert_string_equal(is_uris, uris);
	assert_string_equal(is_keyrings, keyrings);
}

static void lines_of_a_list(void **state)
{
	(void)state;
	assert_sources("# deb http://off.example ./\n"
		       "deb http://deb.example/debian trixie main # comment\n"
		       "deb-src http://deb.example/debian trixie main\n"
		       "  deb\thttps://two.example ./",
		       false,
		       "deb  http://deb.example/debian trixie main # comment\n"
		       "deb  https://two.example ./\n",
		       "http://deb.example/debian https://two.example", "");
}

static void keyrings_of_a_list_are_ours(void **state)
{
	(void)state;
	assert_sources("deb [arch=arm64 signed-by=/usr/share/keyrings/a.gpg] http://a.example ./\n"
		       "deb [ Signed-By=/b.asc,ABCDEF,/usr/share/keyrings/a.gpg trusted=no ] "
		       "http://b.example ./\n",
		       false,
		       "deb [arch=arm64 signed-by=/keys/0.gpg] http://a.example ./\n"
		       "deb [ Signed-By=/keys/1.asc,ABCDEF,/keys/0.gpg trusted=no ] "
		       "http://b.example ./\n",
		       "http://a.example http://b.example", "/usr/share/keyrings/a.gpg /b.asc");
}

static void stanzas_of_sources(void **state)
{
	(void)state;
	assert_sources("# comment\n"
		       "Types: deb\n"
		       "URIs: http://a.example http://b.example\n"
		       "  http://c.example\n"
		       "Suites: trixie\n"
		       "Signed-By: /etc/apt/keyrings/a.asc, /b.gpg\n"
		       "\n"
		       "Types: deb\n"
		       "Uris: http://off.example\n"
		       "Enabled: No\n"
		       "\n"
		       "Types: deb-src\n"
		       "URIs: http://source.example\n",
		       true,
		       "# comment\n"
		       "Types: deb\n"
		       "URIs: http://a.example http://b.example\n"
		       "  http://c.example\n"
		       "Suites: trixie\n"
		       "Signed-By: /keys/0.asc, /keys/1.gpg\n"
		       "\n"
		       "Types: deb\n"
		       "Uris: http://off.example\n"
		       "Enabled: No\n"
		       "\n"
		       "Types: deb-src\n"
		       "URIs: http://source.example\n",
		       "http://a.example http://b.example http://c.example",
		       "/etc/apt/keyrings/a.asc /b.gpg");
}

/* A path in an image may be anything; what it becomes is below our directory. */
static void a_key_in_the_file_stays_and_paths_cannot_lead_out(void **state)
{
	(void)state;
	const char *key = "Types: deb\n"
			  "URIs: http://a.example\n"
			  "Signed-By:\n"
			  " -----BEGIN PGP PUBLIC KEY BLOCK-----\n"
			  " .\n"
			  " mDMEZ/abc\n"
			  " /abc /def\n"
			  " -----END PGP PUBLIC KEY BLOCK-----\n";
	assert_sources(key, true, key, "http://a.example", "");
	assert_sources("deb [signed-by=/../../home/me/key] http://a.example ./\n", false,
		       "deb [signed-by=/keys/0.gpg] http://a.example ./\n", "http://a.example",
		       "/../../home/me/key");
}

/* ---- what apt-get prints ---- */

#define SUM_A "35aa54bfd92034190cfbf8ca7c450483e57688a7119dc7a80d193148f7bab43e"
#define SUM_B "6fc61a8879d1ee9583caa9d41b33612f354ac02556122f45905c25c2577efa5f"

static void uris_become_a_sorted_set(void **state)
{
	(void)state;
	auto_apt_set set = {0};
	auto_err e = ERR_INIT;
	assert_ok(apt_read_uris("Reading package lists...\n"
				"'http://h/p/mpich_4.0-1_arm64.deb' mpich_1%3a4.0-1_arm64.deb 732 "
				"SHA256:" SUM_B "\n"
				"'http://h/it's/a_1_all.deb' a_1_all.deb 5 SHA256:" SUM_A "\n",
				&set, &e),
		  &e);
	apt_read_sizes("Package: mpich\nVersion: 1:4.0-1\nArchitecture: armhf\nInstalled-Size: 7\n"
		       "\n"
		       "Package: mpich\nVersion: 1:4.0-1\nArchitecture: arm64\n"
		       "Installed-Size: 500\n",
		       &set);
	assert_int_equal(set.n, 2);
	assert_string_equal(set.v[0].name, "a");
	assert_string_equal(set.v[0].sha256, SUM_A);
	assert_int_equal(set.v[0].installed, 0);
	assert_string_equal(set.v[1].file, "mpich_1%3a4.0-1_arm64.deb");
	assert_string_equal(set.v[1].version, "1:4.0-1");
	assert_string_equal(set.v[1].architecture, "arm64");
	assert_int_equal(set.v[1].bytes, 732);
	assert_int_equal(set.v[1].installed, 500 * 1024);
}

static void lines_that_are_no_packages_are_refused(void **state)
{
	static const char *const lines[] = {
		"'http://h/a' a_1_all.deb 5 MD5Sum:00000000000000000000000000000000\n",
		"'http://h/a' a_1_all.deb -5 SHA256:" SUM_A "\n",
		"'http://h/a' ../a_1_all.deb 5 SHA256:" SUM_A "\n",
		"'http://h/a' a_1.deb 5 SHA256:" SUM_A "\n",
		"'http://h/a' a_1_all.deb 5 SHA256:12\n",
		"'http://h/a' a_1_all.deb 5\n"};
	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		auto_apt_set set = {0};
		auto_err e = ERR_INIT;
		assert_int_equal(apt_read_uris(lines[i], &set, &e), -1);
		assert_non_null(strstr(e.msg, "a"));
	}
}

static void lists_of_apt_are_told_in_one_line(void **state)
{
	static const char *const marks[] = {"E: Failed to fetch ", "E: ", NULL};
	(void)state;
	autofree char *said = apt_said("The following packages have unmet dependencies:\n"
				       " a : Depends: b but it is not installable\n"
				       "     Depends: c\n"
				       "Done\n d\n",
				       "The following packages have unmet dependencies:");
	assert_string_equal(said, "a : Depends: b but it is not installable; Depends: c");
	assert_null(apt_said("nothing\n a\n", "The following packages will be REMOVED:"));
	autofree char *reason = apt_reason("W: x\nE: y\nE: Failed to fetch http://h  404.\n",
					   marks);
	assert_string_equal(reason, "http://h  404");
	assert_null(apt_reason("W: x\n", marks));
}

/* ---- control data ---- */

static void stanzas_and_fields(void **state)
{
	(void)state;
	const char *text =
		"\n\nPackage: a\nDescription: one\n Package: b\n \t\nPackage:c  \r\nempty:\n";
	struct stanza s;
	assert_true(stanza_next(&text, &s));
	assert_true(stanza_is(&s, "package", "a"));
	assert_null(stanza_get(&s, "empty"));
	assert_true(stanza_next(&text, &s));
	assert_true(stanza_is(&s, "Package", "c"));
	assert_true(stanza_is(&s, "Empty", ""));
	assert_false(stanza_is(&s, "Description", "one"));
	assert_false(stanza_next(&text, &s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_of_a_list),
		cmocka_unit_test(keyrings_of_a_list_are_ours),
		cmocka_unit_test(stanzas_of_sources),
		cmocka_unit_test(a_key_in_the_file_stays_and_paths_cannot_lead_out),
		cmocka_unit_test(uris_become_a_sorted_set),
		cmocka_unit_test(lines_that_are_no_packages_are_refused),
		cmocka_unit_test(lists_of_apt_are_told_in_one_line),
		cmocka_unit_test(stanzas_and_fields),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
