/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The program that finishes a board: which build of it, what starts it, and its settings. */
#include "../custom/boards.h"
#include "sshkey.h"

#define CONF "/etc/cardstock/firstboot.conf"
#define SYSTEM "/etc/systemd/system"
#define WANTS SYSTEM "/multi-user.target.wants/"
#define PROGRAM "/usr/lib/cardstock/firstboot"
#define OLD_LIBC "GLIBC_2.17\0GLIBC_2.31"

/* As Debian 12 has them. */
static void put_libraries(struct fixture *f)
{
	PUT_LIBRARY(f, "libc.so.6", NEW_LIBC);
	PUT_LIBRARY(f, "libsystemd.so.0", "LIBSYSTEMD_209\0LIBSYSTEMD_249");
	PUT_LIBRARY(f, "libparted.so.2", "");
}

static void run_it(struct fixture *f, const char *more)
{
	autofree char *profile = xasprintf("firstboot = true\n%s", more);
	fixture_profile(f, profile);
	fixture_run(f, &custom_firstboot);
}

/* The system in the fixture starts by another init than systemd. */
static void without_systemd(struct fixture *f)
{
	fixture_put(f, "root/sbin/init", "not systemd\n");
}

static void nothing_is_done_unless_it_is_asked_for(void **state)
{
	(void)state;
	struct fixture f;
	boards_init(&f);
	fixture_profile(&f, "");
	fixture_run(&f, &custom_firstboot);
	assert_attr(&f, PROGRAM, "none");
	assert_attr(&f, CONF, "none");
	fixture_done(&f);
}

static void a_new_system_gets_program_units_and_grower(void **state)
{
	static const char *const units[] = {"local", "network", "catalog"};
	(void)state;
	struct fixture f;
	boards_init(&f);
	put_libraries(&f);
	run_it(&f, "");
	assert_file(&f, PROGRAM, "arm64 firstboot\n");
	assert_file(&f, PROGRAM "-grow", "arm64 firstboot-grow\n");
	assert_attr(&f, PROGRAM, "0755 0 0");
	assert_file(&f, "/usr/share/man/man8/firstboot.8.gz", "manual of firstboot\n");
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		autofree char *link = xasprintf(WANTS "cardstock-%s.service", units[i]);
		autofree char *file = xasprintf("/usr/lib/systemd/system/cardstock-%s.service",
						units[i]);
		assert_link(&f, link, file);
		assert_attr(&f, file, "0644 0 0");
	}
	assert_attr(&f, SYSTEM "/cardstock-network.service.d", "none");
	assert_attr(&f, "/var/lib/cardstock", "0755 0 0");
	assert_file_has(&f, CONF, "\ngrow = yes\n");
	assert_int_equal(f.notes.n, 0);
	fixture_done(&f);
}

static void an_older_c_library_gets_the_static_program(void **state)
{
	(void)state;
	struct fixture f;
	boards_init(&f);
	put_libraries(&f);
	PUT_LIBRARY(&f, "libc.so.6", OLD_LIBC);
	run_it(&f, "");
	assert_file(&f, PROGRAM, "arm64 firstboot-static\n");
	assert_attr(&f, PROGRAM "-grow", "none");
	assert_file_has(&f, SYSTEM "/cardstock-local.service.d/10-static.conf", "Type=exec");
	assert_file_has(&f, SYSTEM "/cardstock-network.service.d/10-static.conf", "Type=exec");
	assert_file_has(&f, SYSTEM "/cardstock-network.service.d/10-static.conf",
			"\nProtectSystem=no\n");
	assert_file_has(&f, CONF, "\ngrow = no\n");
	assert_note(&f, "does not grow the root file system: that takes libc.so.6 with GLIBC_2.34");
	fixture_done(&f);
}

static void an_older_systemd_gets_the_static_program_and_grows(void **state)
{
	(void)state;
	struct fixture f;
	boards_init(&f);
	put_libraries(&f);
	PUT_LIBRARY(&f, "libsystemd.so.0", "LIBSYSTEMD_209\0LIBSYSTEMD_2490");
	run_it(&f, "");
	assert_file(&f, PROGRAM, "arm64 firstboot-static\n");
	assert_file(&f, PROGRAM "-grow", "arm64 firstboot-grow\n");
	assert_file_has(&f, CONF, "\ngrow = yes\n");
	fixture_done(&f);
}

static void without_libparted_the_root_does_not_grow(void **state)
{
	(void)state;
	struct fixture f;
	boards_init(&f);
	put_libraries(&f);
	autofree char *parted = path_join(f.dir, LIB "libparted.so.2");
	assert_int_equal(unlink(parted), 0);
	run_it(&f, "");
	assert_file(&f, PROGRAM, "arm64 firstboot\n");
	assert_attr(&f, PROGRAM "-grow", "none");
	assert_note(&f, "that takes libparted.so.2, which this image lacks");
	fixture_done(&f);
}

static void a_system_for_the_first_boards_gets_a_note(void **state)
{
	(void)state;
	struct fixture f;
	boards_init(&f);
	put_libraries(&f);
	put_shell(&f, ELFCLASS32, EM_ARM);
	fixture_put(&f, "root/etc/os-release", "ID=raspbian\n");
	run_it(&f, "");
	assert_attr(&f, PROGRAM, "0755 0 0");
	assert_note(&f, "firstboot runs on ARMv7, a Raspberry Pi 2 or newer");
	fixture_done(&f);
}

static void system_v_init_gets_a_script(void **state)
{
	(void)state;
	struct fixture f;
	boards_init(&f);
	without_systemd(&f);
	put_shell(&f, ELFCLASS32, EM_ARM);
	fixture_mkdir(&f, "root/etc/rc2.d");
	fixture_mkdir(&f, "root/etc/rc5.d");
	run_it(&f, "");
	assert_file(&f, PROGRAM, "armhf firstboot-static\n");
	assert_note(&f, "of firstboot this image runs the local steps only");
	assert_attr(&f, "/etc/init.d/cardstock", "0755 0 0");
	assert_link(&f, "/etc/rc2.d/S20cardstock", "../init.d/cardstock");
	assert_link(&f, "/etc/rc5.d/S20cardstock", "../init.d/cardstock");
	assert_attr(&f, "/usr/lib/systemd/system/cardstock-local.service", "none");
	assert_file_has(&f, CONF, "\nhostname = worker001\n");
	fixture_done(&f);
}

static void another_init_gets_nothing_but_a_note(void **state)
{
	(void)state;
	struct fixture f;
	boards_init(&f);
	without_systemd(&f);
	run_it(&f, "");
	assert_attr(&f, "/usr/lib/cardstock", "none");
	assert_attr(&f, CONF, "none");
	assert_note(&f, "neither systemd nor System V init nor upstart");
	fixture_done(&f);
}

static void what_cannot_be_is_refused_at_its_line(void **state)
{
	(void)state;
	struct fixture f;
	boards_init(&f);
	put_shell(&f, ELFCLASS32, EM_386);
	assert_refused(&f, &custom_firstboot, "\nfirstboot = true",
		       "worker.conf:2: firstboot is for arm64, armhf and amd64, but the programs "
		       "of the image are for 'i386'");
	put_shell(&f, ELFCLASS64, EM_X86_64);
	assert_refused(&f, &custom_firstboot, "\nfirstboot = true",
		       "worker.conf:2: firstboot: its program for amd64 is not built: run 'make "
		       "boards'");
	fixture_put(&f, "root/usr/bin/sh", "#!/bin/script\n");
	assert_refused(&f, &custom_firstboot, "firstboot = true",
		       "no program of the image tells its architecture");
	fixture_done(&f);
}

static void the_settings_say_what_the_profile_says(void **state)
{
	(void)state;
	struct fixture f;
	boards_init(&f);
	put_libraries(&f);
	tree_mount(f.tree, "/boot/firmware", f.fs);
	fixture_put(&f, "root/usr/sbin/mount.nfs", "x\n");
	fixture_put(&f, "root/usr/lib/systemd/system/systemd-timesyncd.service", "[Unit]\n");
	run_it(&f,
	       "address = \"10.0.0.%d/24\"\nfirst-address = 11\ntarget = \"multi-user.target\"\n"
	       "enable-units = {ssh.service, systemd-networkd.service}\n"
	       "mask-units = graphical.target\n"
	       "share \"/srv/a\" { from = \"10.0.0.250\" at = \"/mnt/a\" }\n"
	       "share \"/srv/b\" { from = worker001 }\n"
	       "ntp { from = \"10.0.0.250\" }\n");
	autofree char *text = fixture_text(&f, CONF);
	char *build = strstr(text, "build = ");
	assert_non_null(build);
	assert_int_equal(strcspn(build + strlen("build = "), "\n"), 36); /* a UUID */
	assert_string_equal(strchr(build, '\n'), "\n# END cardstock node\n");
	*build = '\0';
	assert_string_equal(text, "# Written by Cardstock for firstboot(8).\n"
				  "version = 1\ncluster = testbed\nrole = worker\n"
				  "boot = /boot/firmware\ngrow = yes\ntarget = multi-user.target\n"
				  "mask = graphical.target\n"
				  "enable = ssh.service\nenable = systemd-networkd.service\n"
				  "# BEGIN cardstock node\n"
				  "hostname = worker001\naddress = 10.0.0.11/24\nntp = yes\n"
				  "mount = /mnt/a\n");
	assert_attr(&f, CONF, "0644 0 0");
	fixture_done(&f);
}

/* The build's id, owned. */
static char *build_id(struct fixture *f)
{
	autofree char *text = fixture_text(f, CONF);
	char *build = strstr(text, "build = ");
	return xstrndup(build, strcspn(build, "\n"));
}

static void the_build_has_an_id_that_follows_from_what_went_in(void **state)
{
	(void)state;
	struct fixture f;
	boards_init(&f);
	put_libraries(&f);
	run_it(&f, "");
	autofree char *first = build_id(&f);
	run_it(&f, "");
	autofree char *same = build_id(&f);
	run_it(&f, "target = \"graphical.target\"");
	autofree char *other = build_id(&f);
	assert_string_equal(first, same);
	assert_string_not_equal(first, other);
	fixture_done(&f);
}

static void a_finished_image_keeps_its_node_in_the_plan_of_the_role(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	boards_init(&f);
	put_libraries(&f);
	run_it(&f, "");
	auto_plan *role = plan_new(NULL);
	struct plan_ctx ctx = {.profile = f.profile,
			       .cluster = f.cluster,
			       .tree = f.tree,
			       .plan = role,
			       .custom = "firstboot",
			       .now = FIXTURE_NOW};
	assert_ok(custom_firstboot.plan(&ctx, &e), &e);
	for (size_t i = 0; i < plan_count(role); i++) {
		const struct change *c = plan_get(role, i);
		if (strcmp(c->path, CONF) == 0)
			assert_file(&f, CONF, c->data);
	}
	fixture_done(&f);
}

/* ---- registration ---- */

#define MASTER                                                                                    \
	"role = master\nhostname = master\naddress = \"10.0.0.1/24\"\nplanned = 1\nbase = none\n" \
	"cluster = testbed\nnodectl { }\n"
#define NODE                                                                                   \
	"role = worker\nhostname = \"worker%03d\"\naddress = \"10.0.0.%d/24\"\nplanned = 64\n" \
	"first-address = 11\nmembers = {\"./worker.conf\", \"./master.conf\"}\n"
#define CARD "/var/lib/cardstock/join/card"
#define DROP_IN SYSTEM "/cardstock-network.service.d/20-register.conf"

static void init_member(struct fixture *f)
{
	boards_init(f);
	put_libraries(f);
	fixture_put(f, "root/usr/bin/ssh", "x\n");
	fixture_put(f, "master.conf", MASTER);
	fixture_profile_with_keys(f, "firstboot = true\n" NODE);
	fixture_run(f, &custom_firstboot);
}

static void a_node_gets_a_card_and_is_told_where_the_master_is(void **state)
{
	(void)state;
	struct fixture f;
	init_member(&f);
	autofree char *ca = fixture_host(&f, "../cluster/keys/host-ca.pub");
	autofree char *key = fixture_host(&f, CARD), *cert = fixture_host(&f, CARD "-cert.pub");
	auto_str text = STR_INIT, listed = STR_INIT;
	auto_err e = ERR_INIT;
	assert_ok(io_read_file(ca, 4096, &text, &e), &e);
	autofree char *plain = sshkey_plain(str_text(&text));
	autofree char *lines = xasprintf("\nregister = cardstock@10.0.0.1:2222\n"
					 "register-name = master\nhost-ca = %s\nspread = 6\n",
					 plain);
	assert_file_has(&f, CONF, lines);
	assert_attr(&f, "/var/lib/cardstock/join", "0700 0 0");
	assert_attr(&f, CARD, "0400 0 0");
	const char *const argv[] = {"ssh-keygen", "-L", "-f", cert, NULL};
	assert_ok(run(&(struct run){.argv = argv, .output = &listed}, &e), &e);
	assert_non_null(strstr(str_text(&listed), "user certificate"));
	assert_non_null(strstr(str_text(&listed), "Key ID: \"node worker001\""));
	assert_non_null(strstr(str_text(&listed), "Serial: 1\n"));
	assert_non_null(strstr(str_text(&listed), "Valid: forever"));
	assert_non_null(strstr(str_text(&listed), "Extensions: (none)"));
	assert_ok(run_argv(&e, "ssh-keygen", "-y", "-f", key, NULL), &e);
	fixture_done(&f);
}

static void the_service_may_speak_to_the_master_alone(void **state)
{
	(void)state;
	struct fixture f;
	init_member(&f);
	assert_file_has(&f, DROP_IN, "\n[Service]\nIPAddressAllow=10.0.0.1\n");
	fixture_done(&f);
}

static void no_secret_of_a_card_is_shown_or_in_the_roles_plan(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	init_member(&f);
	auto_plan *role = plan_new(NULL);
	struct plan_ctx ctx = {.profile = f.profile,
			       .cluster = f.cluster,
			       .tree = f.tree,
			       .plan = role,
			       .custom = "firstboot",
			       .now = FIXTURE_NOW};
	assert_ok(custom_firstboot.plan(&ctx, &e), &e);
	for (size_t i = 0; i < plan_count(role); i++)
		assert_null(strstr(plan_get(role, i)->path, "/join/"));
	auto_plan *node = plan_new(role);
	ctx.plan = node;
	ctx.node = &f.cluster->members[0].nodes[0];
	assert_ok(custom_firstboot.plan_node(&ctx, &e), &e);
	for (size_t i = 0; i < plan_count(node); i++) {
		const struct change *c = plan_get(node, i);
		assert_int_equal(c->secret, strcmp(c->path, CARD) == 0);
	}
	fixture_done(&f);
}

static void an_image_without_ssh_does_not_register(void **state)
{
	(void)state;
	struct fixture f;
	boards_init(&f);
	put_libraries(&f);
	fixture_put(&f, "master.conf", MASTER);
	fixture_profile(&f, "firstboot = true\n" NODE);
	fixture_run(&f, &custom_firstboot);
	assert_note(&f, "do not register with master: openssh-client is not in this image; "
			"what is served to registered nodes alone they may not mount");
	assert_file_lacks(&f, CONF, "register");
	assert_attr(&f, CARD, "none");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_done_unless_it_is_asked_for),
		cmocka_unit_test(a_new_system_gets_program_units_and_grower),
		cmocka_unit_test(an_older_c_library_gets_the_static_program),
		cmocka_unit_test(an_older_systemd_gets_the_static_program_and_grows),
		cmocka_unit_test(without_libparted_the_root_does_not_grow),
		cmocka_unit_test(a_system_for_the_first_boards_gets_a_note),
		cmocka_unit_test(system_v_init_gets_a_script),
		cmocka_unit_test(another_init_gets_nothing_but_a_note),
		cmocka_unit_test(what_cannot_be_is_refused_at_its_line),
		cmocka_unit_test(the_settings_say_what_the_profile_says),
		cmocka_unit_test(the_build_has_an_id_that_follows_from_what_went_in),
		cmocka_unit_test(a_finished_image_keeps_its_node_in_the_plan_of_the_role),
		cmocka_unit_test(a_node_gets_a_card_and_is_told_where_the_master_is),
		cmocka_unit_test(the_service_may_speak_to_the_master_alone),
		cmocka_unit_test(no_secret_of_a_card_is_shown_or_in_the_roles_plan),
		cmocka_unit_test(an_image_without_ssh_does_not_register),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
