/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "../custom/fixture.h"

#define DEFAULT "/etc/systemd/system/default.target"

static void the_node_boots_to_the_target(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_symlink(&f, "root" DEFAULT, "/lib/systemd/system/graphical.target");
	fixture_profile(&f, "target = \"multi-user.target\"");
	fixture_run(&f, &custom_target);
	assert_link(&f, DEFAULT, "/usr/lib/systemd/system/multi-user.target");
	fixture_done(&f);
}

static void without_the_key_the_image_keeps_its_own(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_symlink(&f, "root" DEFAULT, "/lib/systemd/system/graphical.target");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_target);
	assert_link(&f, DEFAULT, "/lib/systemd/system/graphical.target");
	fixture_done(&f);
}

static void a_target_that_the_image_lacks_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	assert_refused(&f, &custom_target, "\ntarget = \"kiosk.target\"",
		       "worker.conf:2: target 'kiosk.target' is not in the image");
	fixture_done(&f);
}

static void what_is_not_a_target_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	assert_refused(&f, &custom_target, "target = \"ssh.service\"", "is not a target");
	assert_refused(&f, &custom_target, "target = \"../x.target\"", "worker.conf:1:");
	fixture_done(&f);
}

static void a_target_that_ends_the_run_is_refused(void **state)
{
	(void)state;
	static const char *const ends[] = {"poweroff", "halt",	    "reboot", "shutdown",
					   "kexec",    "umount",    "final",  "exit",
					   "suspend",  "hibernate", "sleep",  "hybrid-sleep"};
	struct fixture f;
	fixture_init(&f);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		autofree char *unit = xasprintf("root/usr/lib/systemd/system/%s.target", ends[i]);
		autofree char *profile = xasprintf("\ntarget = \"%s.target\"", ends[i]);
		fixture_put(&f, unit, "[Unit]\n");
		assert_refused(&f, &custom_target, profile, "worker.conf:2: target: ");
		assert_refused(&f, &custom_target, profile, "the board would go off at boot");
	}
	fixture_done(&f);
}

static void an_image_without_systemd_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	auto_err e = ERR_INIT;
	autofree char *systemd = fixture_host(&f, "/usr/lib/systemd");
	assert_ok(run_argv(&e, "rm", "-r", systemd, NULL), &e);
	fixture_profile(&f, "target = \"multi-user.target\"");
	fixture_run(&f, &custom_target);
	assert_note(&f, "there is neither systemd nor a runlevel");
	assert_attr(&f, DEFAULT, "none");
	fixture_profile(&f, "target = \"sockets.target\"");
	fixture_run(&f, &custom_target);
	assert_note(&f, "no runlevel is the same");
	fixture_done(&f);
}

#define INITTAB "/etc/inittab"
#define UPSTART "/etc/init/rc-sysinit.conf"

/* The image's init is a program of its own, whatever units there are. */
static void init_old(struct fixture *f)
{
	fixture_init(f);
	fixture_put(f, "root/sbin/init", "");
}

static void run_target(struct fixture *f, const char *target)
{
	autofree char *text = xasprintf("target = \"%s\"", target);
	fixture_profile(f, text);
	fixture_run(f, &custom_target);
	assert_int_equal(f->notes.n, 0);
	assert_attr(f, DEFAULT, "none");
}

static void inittab_gets_the_runlevel(void **state)
{
	(void)state;
	struct fixture f;
	init_old(&f);
	fixture_put(&f, "root" INITTAB, "#id:2:initdefault:\nid:5:initdefault:\nsi::sysinit:/x\n");
	run_target(&f, "multi-user.target");
	assert_file(&f, INITTAB, "#id:2:initdefault:\nid:3:initdefault:\nsi::sysinit:/x\n");
	run_target(&f, "graphical.target");
	assert_file_has(&f, INITTAB, "\nid:5:initdefault:\n");
	fixture_put(&f, "root/etc/debian_version", "7.0\n");
	run_target(&f, "multi-user.target");
	assert_file_has(&f, INITTAB, "\nid:2:initdefault:\n");
	fixture_done(&f);
}

static void upstart_leaves_the_display_manager_out(void **state)
{
	(void)state;
	struct fixture f;
	init_old(&f);
	fixture_put(&f, "root" UPSTART, "# x\nenv DEFAULT_RUNLEVEL=5\ntask\n");
	fixture_put(&f, "root/etc/init/lightdm.conf", "start on runlevel [!06]\n");
	fixture_put(&f, "root/etc/init/gdm.conf", "start on x\n");
	fixture_put(&f, "root/etc/init/gdm.override", "nice 5");
	run_target(&f, "multi-user.target");
	run_target(&f, "multi-user.target");
	assert_file(&f, UPSTART, "# x\nenv DEFAULT_RUNLEVEL=2\ntask\n");
	assert_file(&f, "/etc/init/lightdm.override", "manual\n");
	assert_file(&f, "/etc/init/gdm.override", "nice 5\nmanual\n");
	assert_attr(&f, "/etc/init/kdm.override", "none");
	fixture_done(&f);
}

static void debians_scripts_are_stopped(void **state)
{
	(void)state;
	struct fixture f;
	init_old(&f);
	fixture_put(&f, "root" INITTAB, "id:2:initdefault:\n");
	fixture_put(&f, "root/etc/debian_version", "7.0\n");
	fixture_symlink(&f, "root/etc/rc2.d/S05lightdm", "../init.d/lightdm");
	fixture_symlink(&f, "root/etc/rc2.d/S05ssh", "../init.d/ssh");
	run_target(&f, "graphical.target");
	assert_link(&f, "/etc/rc2.d/S05lightdm", "../init.d/lightdm");
	run_target(&f, "multi-user.target");
	assert_attr(&f, "/etc/rc2.d/S05lightdm", "none");
	assert_link(&f, "/etc/rc2.d/K01lightdm", "../init.d/lightdm");
	assert_link(&f, "/etc/rc2.d/S05ssh", "../init.d/ssh");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_node_boots_to_the_target),
		cmocka_unit_test(without_the_key_the_image_keeps_its_own),
		cmocka_unit_test(a_target_that_the_image_lacks_is_refused),
		cmocka_unit_test(what_is_not_a_target_is_refused),
		cmocka_unit_test(a_target_that_ends_the_run_is_refused),
		cmocka_unit_test(an_image_without_systemd_is_noted),
		cmocka_unit_test(inittab_gets_the_runlevel),
		cmocka_unit_test(upstart_leaves_the_display_manager_out),
		cmocka_unit_test(debians_scripts_are_stopped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
