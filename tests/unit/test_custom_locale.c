/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"

#define KEYBOARD "/etc/default/keyboard"
#define CACHE "/etc/console-setup/cached_setup_keyboard.sh"

static void run_profile(struct fixture *f, const char *profile)
{
	fixture_profile(f, profile);
	fixture_run(f, &custom_locale);
}

static void the_locale_is_in_the_images_file(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/default/locale", "# x\nLANG=en_GB.UTF-8\nLC_ALL=en_GB.UTF-8\n");
	run_profile(&f, "locale = \"C.UTF-8\"");
	assert_file(&f, "/etc/default/locale", "# x\nLANG=C.UTF-8\n");
	assert_int_equal(f.notes.n, 0);
	fixture_done(&f);
}

static void newer_debian_has_a_link(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_mkdir(&f, "root/etc/default");
	fixture_symlink(&f, "root/etc/default/locale", "../locale.conf");
	run_profile(&f, "locale = \"C.UTF-8\"");
	assert_link(&f, "/etc/default/locale", "../locale.conf");
	assert_file(&f, "/etc/locale.conf", "LANG=C.UTF-8\n");
	fixture_done(&f);
}

static void without_a_file_the_system_tells(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	run_profile(&f, "locale = \"C.UTF-8\"");
	assert_file(&f, "/etc/locale.conf", "LANG=C.UTF-8\n");
	fixture_done(&f);
	fixture_init(&f);
	fixture_put(&f, "root/etc/debian_version", "12.1\n");
	run_profile(&f, "locale = \"C.UTF-8\"");
	assert_file(&f, "/etc/default/locale", "LANG=C.UTF-8\n");
	fixture_done(&f);
}

static void a_locale_that_is_not_generated_is_noted(void **state)
{
	(void)state;
	static const char names[] = "\x09\x01\x02\xde\0de_DE.utf8";
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	fixture_mkdir(&f, "root/usr/lib/locale");
	autofree char *archive = fixture_host(&f, "/usr/lib/locale/locale-archive");
	assert_ok(io_replace_file(archive, names, sizeof(names), 0644, &e), &e);
	run_profile(&f, "locale = \"de_DE.UTF-8\"");
	assert_int_equal(f.notes.n, 0);
	run_profile(&f, "locale = \"de_D.UTF-8\"");
	assert_note(&f, "locale de_D.UTF-8 is not generated");
	run_profile(&f, "locale = \"fr_FR.UTF-8@euro\"");
	assert_note(&f, "locale fr_FR.UTF-8@euro is not generated");
	fixture_mkdir(&f, "root/usr/lib/locale/fr_FR.utf8@euro");
	run_profile(&f, "locale = \"fr_FR.UTF-8@euro\"");
	assert_int_equal(f.notes.n, 0);
	fixture_done(&f);
}

static void debians_keyboard_gets_the_layout(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root" KEYBOARD,
		    "XKBMODEL=\"pc105\"\nXKBLAYOUT=\"gb\"\nXKBVARIANT=\"x\"\n");
	fixture_put(&f, "root" CACHE, "loadkeys\n");
	run_profile(&f, "keymap = de");
	assert_file(&f, KEYBOARD, "XKBMODEL=\"pc105\"\nXKBLAYOUT=\"de\"\nXKBVARIANT=\"\"\n");
	assert_attr(&f, CACHE, "none");
	fixture_put(&f, "root" CACHE, "loadkeys\n");
	run_profile(&f, "keymap = de");
	assert_file(&f, CACHE, "loadkeys\n");
	fixture_done(&f);
}

static void others_have_vconsole(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	run_profile(&f, "keymap = de");
	assert_note(&f, "keymap de is not set");
	fixture_put(&f, "root/etc/vconsole.conf", "FONT=x\n");
	run_profile(&f, "keymap = \"de-latin1\"");
	assert_file(&f, "/etc/vconsole.conf", "FONT=x\nKEYMAP=de-latin1\n");
	fixture_done(&f);
}

static void the_keymap_is_one_of_the_images(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/vconsole.conf", "KEYMAP=us\n");
	run_profile(&f, "keymap = \"de-latin1\"");
	assert_note(&f, "keymap de-latin1 is not checked: this image has no list");
	fixture_put(&f, "root/usr/share/kbd/keymaps/i386/qwertz/de-latin1.map.gz", "");
	fixture_put(&f, "root/usr/lib/kbd/keymaps/xkb/fr.map.gz", "");
	run_profile(&f, "keymap = \"de-latin1\"");
	assert_int_equal(f.notes.n, 0);
	run_profile(&f, "keymap = fr");
	assert_file(&f, "/etc/vconsole.conf", "KEYMAP=fr\n");
	assert_refused(&f, &custom_locale, "\nkeymap = \"de-latin\"",
		       "worker.conf:2: keymap 'de-latin' is not in the image; look at what "
		       "/usr/share/kbd/keymaps or /usr/lib/kbd/keymaps in it offers");
	fixture_done(&f);
}

static void xs_list_of_layouts_counts_too(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root" KEYBOARD, "XKBLAYOUT=\"gb\"\n");
	run_profile(&f, "keymap = qq");
	assert_note(&f, "keymap qq is not checked");
	fixture_put(&f, "root/usr/share/X11/xkb/rules/base.lst",
		    "! model\n  pc86   Generic\n\n! layout\n  de     German\n\n! variant\n  "
		    "neo    de: German (Neo 2)\n");
	run_profile(&f, "keymap = de");
	assert_int_equal(f.notes.n, 0);
	assert_refused(&f, &custom_locale, "keymap = neo", "keymap 'neo' is not in the image");
	assert_refused(&f, &custom_locale, "keymap = pc86", "keymap 'pc86' is not in the image");
	fixture_done(&f);
}

static void wrong_values_are_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root" KEYBOARD, "XKBLAYOUT=\"gb\"\n");
	fixture_put(&f, "root/usr/share/X11/xkb/symbols/de", "");
	assert_refused(&f, &custom_locale, "\nlocale = \"C UTF-8\"",
		       "worker.conf:2: locale: 'C UTF-8' is not a locale");
	assert_refused(&f, &custom_locale, "locale = \"\"", "such as 'C.UTF-8'");
	assert_refused(&f, &custom_locale, "\nkeymap = \"$(reboot)\"",
		       "worker.conf:2: keymap: '$(reboot)' is not a keyboard layout");
	assert_refused(&f, &custom_locale, "\nkeymap = qq",
		       "worker.conf:2: keymap 'qq' is not in the image");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_locale_is_in_the_images_file),
		cmocka_unit_test(newer_debian_has_a_link),
		cmocka_unit_test(without_a_file_the_system_tells),
		cmocka_unit_test(a_locale_that_is_not_generated_is_noted),
		cmocka_unit_test(debians_keyboard_gets_the_layout),
		cmocka_unit_test(others_have_vconsole),
		cmocka_unit_test(the_keymap_is_one_of_the_images),
		cmocka_unit_test(xs_list_of_layouts_counts_too),
		cmocka_unit_test(wrong_values_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
