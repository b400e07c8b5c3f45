/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "custom.h"
#include "io.h"
#include "profile_private.h"
#include "validate.h"
#include "workdir.h"

/* Tables of our own stand for the customisations', so that each test shows what it is about. */
static const struct key user_keys[] = {
	{.name = "uid", .type = KEY_INT, .help = "", .min = 1, .max = 65535},
	{.name = "groups", .type = KEY_LIST, .help = "", .check = validate_username},
	{.name = "sudo",
	 .type = KEY_STRING,
	 .fallback = "none",
	 .help = "",
	 .allowed = "nopasswd|password|none"},
	{.name = NULL},
};
static const struct key wired_keys[] = {
	{.name = "gateway", .type = KEY_BOOL, .fallback = "false", .help = ""},
	{.name = "interface", .type = KEY_STRING, .help = ""},
	{.name = NULL},
};
static const struct key keys[] = {
	{.name = "hostname", .type = KEY_STRING, .help = "", .check = validate_hostname},
	{.name = "text", .type = KEY_STRING, .help = ""},
	{.name = "count", .type = KEY_INT, .fallback = "7", .help = ""},
	{.name = "overlays", .type = KEY_LIST, .help = ""},
	{.name = "user",
	 .type = KEY_SECTION,
	 .help = "",
	 .keys = user_keys,
	 .check = validate_username},
	{.name = "wired", .type = KEY_SECTION, .help = "", .keys = wired_keys, .untitled = true},
	{.name = NULL},
};
static const struct key *const tables[] = {keys, NULL};

static const struct strv no_search;

static struct profile *load_file(const char *path)
{
	auto_err e = ERR_INIT;
	struct profile *p = NULL;
	if (profile_load_tables(path, &no_search, tables, &p, &e) < 0)
		fail_msg("%s", e.msg);
	assert_null(e.msg);
	return p;
}

static struct profile *load(const char *text)
{
	put_file("p.conf", text);
	return load_file("p.conf");
}

/* Loading the file fails with exactly this message. */
static void assert_file_refused(const char *path, const char *message)
{
	auto_err e = ERR_INIT;
	struct profile *p = NULL;
	assert_int_equal(profile_load_tables(path, &no_search, tables, &p, &e), -1);
	assert_null(p);
	assert_string_equal(e.msg, message);
	assert_int_equal(e.code, ERR_PROFILE);
}

static void assert_refused(const char *text, const char *message)
{
	put_file("p.conf", text);
	assert_file_refused("p.conf", message);
}

static void assert_loc(struct loc loc, const char *file, int line)
{
	assert_string_equal(loc.file, file);
	assert_int_equal(loc.line, line);
}

static const struct section *get_user(const struct profile *p, const char *title)
{
	const struct section *s = NULL;
	while ((s = profile_next(p, "user", s)) && strcmp(s->title, title))
		;
	return s;
}

static void values_have_their_types(void **state)
{
	auto_profile *p = load("hostname = node1\n"
			       "text = 'a b'\n"
			       "count = -3\n"
			       "overlays = {common, \"worker\"}\n"
			       "wired { gateway = yes }\n");
	assert_string_equal(p->name, "p");
	assert_string_equal(profile_str(p, "hostname"), "node1");
	assert_string_equal(profile_str(p, "text"), "a b");
	assert_int_equal(profile_int(p, "count"), -3);
	assert_int_equal(section_list(&p->top, "overlays")->n, 2);
	assert_string_equal(section_list(&p->top, "overlays")->v[1], "worker");
	assert_true(section_bool(profile_next(p, "wired", NULL), "gateway"));
	workdir_passed(state);
}

static void keys_not_given_have_their_defaults(void **state)
{
	auto_profile *p = load("user pi { }\n");
	assert_int_equal(profile_int(p, "count"), 7);
	assert_false(profile_get(p, "count")->set);
	assert_loc(profile_get(p, "count")->loc, "p.conf", 0);
	assert_null(profile_str(p, "hostname"));
	assert_int_equal(section_list(&p->top, "overlays")->n, 0);
	assert_string_equal(section_str(get_user(p, "pi"), "sudo"), "none");
	workdir_passed(state);
}

static void each_value_and_item_knows_its_line(void **state)
{
	auto_profile *p = load("# a comment\n"
			       "overlays = {\n"
			       "  \"one\", /* two\n"
			       "  lines */ \"two\",\n"
			       "\n"
			       "  \"three\"\n"
			       "}\n"
			       "hostname = a // behind a list\n"
			       "text = \"x\\\n"
			       "y\"\n"
			       "user pi\n"
			       "{ uid = 5\n"
			       "  groups = { video }\n"
			       "}\n"
			       "count = 1\n");
	const struct value *list = profile_get(p, "overlays");
	assert_loc(list->list_loc[0], "p.conf", 3);
	assert_loc(list->list_loc[1], "p.conf", 4);
	assert_loc(list->list_loc[2], "p.conf", 6);
	assert_loc(profile_get(p, "hostname")->loc, "p.conf", 8);
	assert_loc(profile_get(p, "text")->loc, "p.conf", 10);
	assert_string_equal(profile_str(p, "text"), "xy");
	assert_loc(get_user(p, "pi")->loc, "p.conf", 12);
	assert_loc(section_get(get_user(p, "pi"), "groups")->loc, "p.conf", 13);
	assert_loc(profile_get(p, "count")->loc, "p.conf", 15);
	workdir_passed(state);
}

static void the_environment_is_not_looked_at(void **state)
{
	auto_profile *p = load("text = \"${HOME} $HOME \\${HOME}\"\n"
			       "overlays = {'${HOME}'}\n");
	assert_string_equal(profile_str(p, "text"), "${HOME} $HOME ${HOME}");
	assert_string_equal(section_list(&p->top, "overlays")->v[0], "${HOME}");
	workdir_passed(state);
}

static void lists_are_set_emptied_and_appended_to(void **state)
{
	auto_profile *p = load("overlays += {a}\n"
			       "overlays += b\n"
			       "user u { groups = {x, y} groups = {} groups += {z,} }\n"
			       "user v { groups = {x} groups = y }\n"
			       "user w { groups = {x} groups = {} }\n");
	assert_int_equal(section_list(&p->top, "overlays")->n, 2);
	assert_string_equal(section_list(&p->top, "overlays")->v[1], "b");
	assert_int_equal(section_list(get_user(p, "u"), "groups")->n, 1);
	assert_string_equal(section_list(get_user(p, "v"), "groups")->v[0], "y");
	const struct value *emptied = section_get(get_user(p, "w"), "groups");
	assert_int_equal(emptied->list.n, 0);
	assert_true(emptied->set);
	assert_loc(emptied->loc, "p.conf", 5);
	workdir_passed(state);
}

static void an_including_file_refines_a_section(void **state)
{
	put_file("cluster.conf", "user mpi { uid = 2000 sudo = password groups = {video} }\n"
				 "wired { interface = eth0 }\n");
	put_file("worker.conf", "include(\"cluster.conf\")\n"
				"user \"mpi\" { sudo = nopasswd\n groups += {audio} }\n"
				"wired { gateway = true }\n");
	auto_profile *p = load_file("worker.conf");
	const struct section *mpi = get_user(p, "mpi");
	assert_null(profile_next(p, "user", mpi));
	assert_int_equal(section_int(mpi, "uid"), 2000);
	assert_loc(section_get(mpi, "uid")->loc, "cluster.conf", 1);
	assert_string_equal(section_str(mpi, "sudo"), "nopasswd");
	assert_loc(section_get(mpi, "sudo")->loc, "worker.conf", 2);
	assert_int_equal(section_list(mpi, "groups")->n, 2);
	assert_loc(section_get(mpi, "groups")->list_loc[0], "cluster.conf", 1);
	assert_loc(section_get(mpi, "groups")->list_loc[1], "worker.conf", 3);
	const struct section *wired = profile_next(p, "wired", NULL);
	assert_string_equal(section_str(wired, "interface"), "eth0");
	assert_true(section_bool(wired, "gateway"));
	assert_null(profile_next(p, "wired", wired));
	workdir_passed(state);
}

static void the_later_value_wins(void **state)
{
	put_file("late.conf", "count = 3\n");
	auto_profile *p = load("text = a\ncount = 2\ninclude('late.conf')\ntext = b\n");
	assert_string_equal(profile_str(p, "text"), "b");
	assert_int_equal(profile_int(p, "count"), 3);
	assert_loc(profile_get(p, "count")->loc, "late.conf", 1);
	assert_int_equal(p->files.n, 2);
	workdir_passed(state);
}

static void an_include_is_beside_its_file_or_in_the_search_path(void **state)
{
	auto_err e = ERR_INIT;
	assert_int_equal(mkdir("sub", 0700) | mkdir("lib", 0700), 0);
	put_file("sub/a.conf", "include(\"b.conf\")\ninclude(\"c.conf\")\n");
	put_file("sub/b.conf", "text = beside\n");
	put_file("lib/b.conf", "text = search\n");
	put_file("lib/c.conf", "count = 9\n");
	auto_strv search = {0};
	strv_add(&search, "lib");
	auto_profile *p = NULL;
	assert_int_equal(profile_load_tables("sub/a.conf", &search, tables, &p, &e), 0);
	assert_string_equal(profile_str(p, "text"), "beside");
	assert_loc(profile_get(p, "count")->loc, "lib/c.conf", 1);
	workdir_passed(state);
}

static void a_file_that_two_include_is_read_once(void **state)
{
	put_file("common.conf", "overlays += {common}\n");
	put_file("b.conf", "include(\"common.conf\")\n");
	auto_profile *p = load("include(\"common.conf\") include(\"b.conf\")\n");
	assert_int_equal(section_list(&p->top, "overlays")->n, 1);
	workdir_passed(state);
}

static void an_include_loop_is_shown_as_a_chain(void **state)
{
	put_file("a.conf", "\ninclude(\"b.conf\")\n");
	put_file("b.conf", "include(\"c.conf\")\n");
	put_file("c.conf", "\n\ninclude(\"a.conf\")\n");
	assert_file_refused("a.conf", "c.conf:3: include loop: a.conf:2 -> b.conf:1 -> c.conf:3 -> "
				      "a.conf; remove one of these includes");
	workdir_passed(state);
}

static void an_include_that_is_missing_says_where_it_was_looked_for(void **state)
{
	assert_refused("\ninclude(\"x.conf\")\n",
		       "p.conf:2: include 'x.conf' not found; looked for 'x.conf'");
	workdir_passed(state);
}

static void an_include_that_is_no_file_is_refused(void **state)
{
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_refused("include(pipe)\n", "p.conf:1: pipe: not a file");
	assert_refused("include('.')\n", "p.conf:1: .: not a file");
	workdir_passed(state);
}

/* A wrong line, the number of it, and what is said. */
static const struct {
	const char *text, *message;
} wrong_lines[] = {
	{"\nhostnam = a\n", "p.conf:2: unknown key 'hostnam'; did you mean 'hostname'?"},
	{"zzzzzzzz = a\n", "p.conf:1: unknown key 'zzzzzzzz'; 'mkimage keys' lists all"},
	{"user pi {\n uld = 3 }\n",
	 "p.conf:2: unknown key 'uld' in user 'pi'; did you mean 'uid'?"},
	{"users pi {\n uid = 3 }\n", "p.conf:1: unknown key 'users'; did you mean 'user'?"},
	{"user pi { include(\"x\") }\n",
	 "p.conf:1: unknown key 'include' in user 'pi'; 'mkimage keys' lists all"},
	{"count = many\n", "p.conf:1: count: 'many' is not a number"},
	{"count = 99999999999999999999\n",
	 "p.conf:1: count: '99999999999999999999' is not a number"},
	{"user pi {\nuid = 70000 }\n", "p.conf:2: uid: '70000' is not a number from 1 to 65535"},
	{"wired { gateway = maybe }\n", "p.conf:1: gateway: 'maybe' is neither true nor false"},
	{"user pi { sudo = nopaswd }\n", "p.conf:1: sudo: 'nopaswd' is none of "
					 "nopasswd|password|none; did you mean 'nopasswd'?"},
	{"count = {1}\n", "p.conf:1: one value is expected here, no list ('{')"},
	{"count += 1\n", "p.conf:1: 'count' is no list: write '=' instead of '+='"},
	{"count { }\n", "p.conf:1: 'count' is no section: write '=' and a value"},
	{"user { uid = 3 }\n", "p.conf:1: section 'user' needs a title in quotes, then '{'"},
	{"user = 3\n", "p.conf:1: section 'user' needs a title in quotes, then '{'"},
	{"wired = 3\n", "p.conf:1: section 'wired' has no title and no '=', only '{' and '}'"},
	{"wired \"x\" { }\n",
	 "p.conf:1: section 'wired' has no title and no '=', only '{' and '}'"},
	{"include = 3\n", "p.conf:1: 'include' is written include(\"FILE\")"},
	{"text = \"\\9\"\n", "p.conf:1: bad escape sequence '\\9'"},
	{"user|uid = 3\n", "p.conf:1: a key has no '|' in it"},
};

static void wrong_keys_and_values_are_refused_with_their_line(void **state)
{
	for (size_t i = 0; i < sizeof(wrong_lines) / sizeof(*wrong_lines); i++)
		assert_refused(wrong_lines[i].text, wrong_lines[i].message);
	auto_profile *p = load("text = \"fine\"\n"); /* nothing is left of the failures */
	assert_string_equal(profile_str(p, "text"), "fine");
	workdir_passed(state);
}

static const struct {
	const char *text, *message;
} wrong_syntax[] = {
	{"user pi {\n uid = 3\n\n", "p.conf:1: the '{' of this section is not closed"},
	{"\noverlays = {a,\n b\n\n", "p.conf:2: the '{' of this list is not closed"},
	{"count = 3 }\n", "p.conf:1: '}' closes nothing; remove it"},
	{"\ntext = \"no end\ncount = 1\n",
	 "p.conf:2: the string that begins here is not closed on its line; a newline in it is "
	 "written \\n"},
	{"/* no end\n\n", "p.conf:1: the comment that begins here with '/*' has no '*/'"},
	{"hostname \"a\"\ncount = 1\n",
	 "p.conf:1: expected '=' between a key and its value, or '{' behind the title of a "
	 "section, before 'count'"},
	{"text =\n", "p.conf:1: expected a value, before the end of the file"},
	{"text = = 3\n", "p.conf:1: expected a value, before '='"},
	{"overlays = {a b}\n", "p.conf:1: expected ',' or '}', before 'b'"},
	{"overlays = {,}\n", "p.conf:1: expected an item of the list or '}', before ','"},
	{"\"=\" = 3\n", "p.conf:1: expected a key, which is a word without quotes, before '\"=\"'"},
	{"=\n", "p.conf:1: expected a key, which is a word without quotes, before '='"},
	{"include(\"a\", \"b\")\n", "p.conf:1: expected ')', before ','"},
	{"text = https://x.org/y\n",
	 "p.conf:1: '//' in a word begins a comment; put the value in quotes"},
	{"text = ${HOME}\n", "p.conf:1: '${' outside quotes; put the value in quotes (variables of "
			     "the environment are not replaced in a profile)"},
	{"text = a*b\n", "p.conf:1: stray '*'; put the value in quotes"},
	{"text = c++\n", "p.conf:1: stray '+'; put the value in quotes"},
	{"text = \"a\\0b\"\n", "p.conf:1: a string cannot hold a zero byte"},
	{"text = \"a\\x00\"\n", "p.conf:1: a string cannot hold a zero byte"},
	{"\n\177ELF\n", "p.conf:2: byte 0x7f: a profile is a text file"},
};

static void wrong_syntax_is_refused_with_its_line(void **state)
{
	for (size_t i = 0; i < sizeof(wrong_syntax) / sizeof(*wrong_syntax); i++)
		assert_refused(wrong_syntax[i].text, wrong_syntax[i].message);
	workdir_passed(state);
}

static void zero_bytes_are_refused(void **state)
{
	auto_err e = ERR_INIT;
	assert_int_equal(io_replace_file("p.conf", "count = 1\n\0", 11, 0644, &e), 0);
	assert_file_refused("p.conf", "p.conf:2: byte 0x00: a profile is a text file");
	workdir_passed(state);
}

static void a_check_of_a_key_names_file_line_and_key(void **state)
{
	assert_refused("\nhostname = \"Node_1\"\n",
		       "p.conf:2: hostname: 'Node_1' is not a hostname: use 1 to 63 of a-z, 0-9 "
		       "and '-', and no '-' at either end");
	assert_refused(
		"user 1st { }\n",
		"p.conf:1: user: '1st' is not a user or group name: use 1 to 32 of a-z, 0-9, "
		"'_' and '-', beginning with a letter or '_'");
	workdir_passed(state);
}

static void each_item_of_a_list_is_checked(void **state)
{
	put_file("p.conf", "user a { groups = {video,\n 'no good'} }\n");
	auto_err e = ERR_INIT;
	auto_profile *p = NULL;
	assert_int_equal(profile_load_tables("p.conf", &no_search, tables, &p, &e), -1);
	assert_true(str_starts(e.msg, "p.conf:2: groups: 'no good' is not a user"));
	workdir_passed(state);
}

static void a_huge_file_is_refused(void **state)
{
	auto_str text = STR_INIT;
	while (text.len <= PROFILE_MAX_BYTES)
		str_puts(&text, "# a long story\n");
	assert_refused(str_text(&text), "p.conf: larger than the allowed 1048576 bytes");
	workdir_passed(state);
}

static void sections_and_values_without_end_are_refused(void **state)
{
	auto_str sections = STR_INIT, items = STR_INIT;
	for (int i = 0; i < 50000; i++)
		str_printf(&sections, "user u%d { }\n", i);
	assert_refused(str_text(&sections), "p.conf:1001: more than 1000 sections");
	str_puts(&items, "overlays = {");
	for (int i = 0; i < 30000; i++)
		str_puts(&items, "a,\n");
	str_puts(&items, "}");
	assert_refused(str_text(&items), "p.conf:20001: more than 20000 values");
	workdir_passed(state);
}

static void deep_includes_are_refused(void **state)
{
	for (int i = 0; i < 30; i++) {
		autofree char *name = xasprintf("%d.conf", i);
		autofree char *text = xasprintf("include(\"%d.conf\")\n", i + 1);
		put_file(name, text);
	}
	auto_err e = ERR_INIT;
	auto_profile *p = NULL;
	assert_int_equal(profile_load_tables("0.conf", &no_search, tables, &p, &e), -1);
	assert_true(str_starts(e.msg, "16.conf:1: includes are nested too deeply: 0.conf:1 -> "));
	workdir_passed(state);
}

static void windows_line_ends_are_fine(void **state)
{
	auto_profile *p = load("text = a\r\ncount = 2\r\n");
	assert_string_equal(profile_str(p, "text"), "a");
	assert_loc(profile_get(p, "count")->loc, "p.conf", 2);
	workdir_passed(state);
}

static void a_profile_is_found_by_name_and_by_path(void **state)
{
	auto_err e = ERR_INIT;
	assert_int_equal(mkdir("one", 0700) | mkdir("two", 0700), 0);
	put_file("two/worker.conf", "");
	auto_strv search = {0};
	strv_add(&search, "one");
	strv_add(&search, "two");
	autofree char *found = profile_find("worker", &search, &e);
	assert_string_equal(found, "two/worker.conf");
	autofree char *path = profile_find("two/worker.conf", &search, &e);
	assert_string_equal(path, "two/worker.conf");
	assert_null(profile_find("master", &search, &e));
	assert_string_equal(e.msg, "profile 'master' not found; looked for 'one/master.conf', "
				   "'two/master.conf'");
	workdir_passed(state);
}

static void the_environment_comes_first_in_the_search_path(void **state)
{
	(void)state;
	setenv("CARDSTOCK_PROFILES", "/a:/b", 1);
	setenv("XDG_CONFIG_HOME", "/home/me/.config", 1);
	auto_strv search = {0};
	profile_search_path(&search);
	const char *const expected[] = {"/a", "/b", "profiles", "/home/me/.config/cardstock",
					"/etc/cardstock"};
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(search.v[i], expected[i]);
	assert_true(str_ends(search.v[5], "/profiles"));
	assert_true(str_ends(search.v[6], "/share/cardstock/profiles"));
	assert_int_equal(search.n, 7);
}

static void a_path_is_beside_the_file_that_names_it(void **state)
{
	(void)state;
	setenv("HOME", "/home/me", 1);
	struct loc loc = {"profiles/cluster.conf", 3};
	autofree char *dotted = profile_path(loc, "./wifi.psk");
	autofree char *beside = profile_path(loc, "wifi.psk");
	autofree char *home = profile_path(loc, "~/.ssh/id.pub");
	autofree char *absolute = profile_path(loc, "/etc/key");
	assert_string_equal(beside, "profiles/wifi.psk");
	assert_string_equal(dotted, "profiles/wifi.psk");
	assert_string_equal(home, "/home/me/.ssh/id.pub");
	assert_string_equal(absolute, "/etc/key");
}

static void role_and_base_are_required(void **state)
{
	auto_err e = ERR_INIT;
	auto_profile *p = NULL;
	put_file("p.conf", "role = worker\n");
	assert_int_equal(profile_load("p.conf", &no_search, &p, &e), -1);
	assert_int_equal(e.code, ERR_PROFILE);
	assert_true(str_starts(e.msg, "p.conf: key 'base' is missing: the image"));
	put_file("p.conf", "role = worker\nbase = x\n");
	assert_int_equal(profile_load("p.conf", &no_search, &p, &e), 0);
	assert_string_equal(profile_str(p, "cluster"), "cluster");
	workdir_passed(state);
}

/* Core keys with values that their checks refuse. */
static const struct {
	const char *text, *message;
} wrong_core[] = {
	{"role = Worker", "p.conf:1: role: 'Worker' is no role"},
	{"base-sha256 = 12", "p.conf:1: base-sha256: '12' is no SHA-256 sum"},
	{"hostname = \"w%s\"", "p.conf:1: hostname: 'w%s': the number of a node is one %d"},
	{"hostname = \"w%d%d\"", "p.conf:1: hostname: 'w%d%d': the number of a node is one %d"},
	{"hostname = \"%d_\"", "p.conf:1: hostname: '1_' is not a hostname"},
	{"address = \"10.0.0.%d\"", "p.conf:1: address: '10.0.0.%d' is no address with prefix"},
	{"address = \"10.0.0.1/%d\"", "p.conf:1: address: '10.0.0.1/%d' is no address"},
	{"address = \"10.0.0.%d/31\"", "p.conf:1: address: '10.0.0.%d/31' is no address"},
	{"address = \"10.0.%03d.1/24\"", "p.conf:1: address: '10.0.%03d.1/24' is no address"},
	{"planned = 0", "p.conf:1: planned: '0' is not a number from 1 to 9999"},
	{"image-size = 8GB", "p.conf:1: image-size: '8GB' is no size"},
	{"cluster = \"a.b\"", "p.conf:1: cluster: 'a.b' is not a hostname"},
};

static void core_keys_are_checked(void **state)
{
	for (size_t i = 0; i < sizeof(wrong_core) / sizeof(*wrong_core); i++) {
		auto_err e = ERR_INIT;
		auto_profile *p = NULL;
		put_file("p.conf", wrong_core[i].text);
		assert_int_equal(profile_load("p.conf", &no_search, &p, &e), -1);
		if (!str_starts(e.msg, wrong_core[i].message))
			fail_msg("%s", e.msg);
	}
	workdir_passed(state);
}

/* libconfuse's own words, and ours, in a table would be shadowed. */
static void check_table(const struct key *table, struct strv *seen)
{
	for (const struct key *k = table; k->name; k++) {
		assert_false(strv_has(seen, k->name));
		assert_string_not_equal(k->name, "include");
		assert_string_not_equal(k->name, "root");
		assert_non_null(k->help);
		strv_add(seen, k->name);
		if (k->type == KEY_SECTION) {
			auto_strv inside = {0};
			check_table(k->keys, &inside);
		}
	}
}

static void no_key_is_in_two_tables(void **state)
{
	(void)state;
	auto_strv seen = {0};
	size_t n = 0, customs_with_keys = 0;
	for (const struct key *const *t = profile_key_tables(); *t; t++, n++)
		check_table(*t, &seen);
	for (const struct custom *const *c = customs; *c; c++)
		customs_with_keys += (*c)->keys != NULL;
	assert_int_equal(n, 1 + customs_with_keys);
}

#define IN_WORKDIR(f) cmocka_unit_test_setup_teardown(f, workdir_enter, workdir_leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_WORKDIR(values_have_their_types),
		IN_WORKDIR(keys_not_given_have_their_defaults),
		IN_WORKDIR(each_value_and_item_knows_its_line),
		IN_WORKDIR(the_environment_is_not_looked_at),
		IN_WORKDIR(lists_are_set_emptied_and_appended_to),
		IN_WORKDIR(an_including_file_refines_a_section),
		IN_WORKDIR(the_later_value_wins),
		IN_WORKDIR(an_include_is_beside_its_file_or_in_the_search_path),
		IN_WORKDIR(a_file_that_two_include_is_read_once),
		IN_WORKDIR(an_include_loop_is_shown_as_a_chain),
		IN_WORKDIR(an_include_that_is_missing_says_where_it_was_looked_for),
		IN_WORKDIR(an_include_that_is_no_file_is_refused),
		IN_WORKDIR(wrong_keys_and_values_are_refused_with_their_line),
		IN_WORKDIR(wrong_syntax_is_refused_with_its_line),
		IN_WORKDIR(zero_bytes_are_refused),
		IN_WORKDIR(a_check_of_a_key_names_file_line_and_key),
		IN_WORKDIR(each_item_of_a_list_is_checked),
		IN_WORKDIR(a_huge_file_is_refused),
		IN_WORKDIR(sections_and_values_without_end_are_refused),
		IN_WORKDIR(deep_includes_are_refused),
		IN_WORKDIR(windows_line_ends_are_fine),
		IN_WORKDIR(a_profile_is_found_by_name_and_by_path),
		cmocka_unit_test(the_environment_comes_first_in_the_search_path),
		cmocka_unit_test(a_path_is_beside_the_file_that_names_it),
		IN_WORKDIR(role_and_base_are_required),
		IN_WORKDIR(core_keys_are_checked),
		cmocka_unit_test(no_key_is_in_two_tables),
	};
	return cmocka_run_group_tests_name("profile", tests, NULL, NULL);
}
