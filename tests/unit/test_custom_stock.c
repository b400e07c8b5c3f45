/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the first boot of Raspberry Pi OS, Armbian, Debian, Fedora and Ubuntu would do. */
#include "../custom/fixture.h"

#define CMDLINE "/boot/firmware/cmdline.txt"
#define SYSTEM "/etc/systemd/system"
#define VENDOR "/usr/lib/systemd/system"
#define FIRSTBOOT "init=/usr/lib/raspberrypi-sys-mods/firstboot"
#define WIZARD "rpi-first-boot-wizard"

/* A unit of the image that target pulls in ("multi-user.target.wants"). */
static void put_unit(struct fixture *f, const char *unit, const char *target, const char *text)
{
	autofree char *path = xasprintf("root" VENDOR "/%s", unit);
	autofree char *link = xasprintf("root" SYSTEM "/%s/%s", target, unit);
	autofree char *to = xasprintf(VENDOR "/%s", unit);
	fixture_put(f, path, text);
	fixture_symlink(f, link, to);
}

/* Run it again: nothing is left to change, which fixture_try would do. */
static void assert_nothing_left(struct fixture *f)
{
	auto_err e = ERR_INIT;
	auto_plan *role = plan_new(NULL);
	struct plan_ctx ctx = {.profile = f->profile,
			       .cluster = f->cluster,
			       .tree = f->tree,
			       .plan = role,
			       .now = FIXTURE_NOW};
	assert_ok(plan_build_role(&ctx, &e), &e);
	assert_ok(plan_apply(role, f->tree, &e), &e);
	auto_plan *again = plan_new(NULL);
	ctx.plan = again;
	assert_ok(plan_build_role(&ctx, &e), &e);
	for (size_t i = 0; i < plan_count(again); i++)
		print_message("left: %s\n", plan_get(again, i)->path);
	assert_int_equal(plan_count(again), 0);
}

static void a_service_that_asks_is_disabled_and_masked(void **state)
{
	static const char *const units[] = {
		"userconfig.service", "regenerate_ssh_host_keys.service", "initial-setup.service"};
	(void)state;
	struct fixture f;
	fixture_init(&f);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		put_unit(&f, units[i], "multi-user.target.wants", "[Unit]\n");
	fixture_profile_with_keys(&f, "");
	fixture_run(&f, &custom_stock);
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		autofree char *mask = path_join(SYSTEM, units[i]);
		autofree char *link = path_join(SYSTEM "/multi-user.target.wants", units[i]);
		assert_link(&f, mask, "/dev/null");
		assert_attr(&f, link, "none");
	}
	assert_nothing_left(&f);
	fixture_done(&f);
}

static void an_image_without_first_boot_machinery_stays_as_it_is(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	fixture_put(&f, "root" CMDLINE, "root=LABEL=rootfs quiet init=/usr/bin/bash\n");
	fixture_profile(&f, "");
	auto_plan *plan = plan_new(NULL);
	struct plan_ctx ctx = {.profile = f.profile, .tree = f.tree, .plan = plan};
	assert_ok(custom_stock.plan(&ctx, &e), &e);
	assert_int_equal(plan_count(plan), 0);
	assert_int_equal(plan_notes(plan)->n, 0);
	fixture_done(&f);
}

static void the_console_gets_its_login_back(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	put_unit(&f, "userconfig.service", "multi-user.target.wants", "[Unit]\n");
	fixture_put(&f, "root" VENDOR "/getty@.service", "[Unit]\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	assert_link(&f, SYSTEM "/getty.target.wants/getty@tty1.service", VENDOR "/getty@.service");
	fixture_done(&f);
}

static void the_wizard_and_its_user_are_gone(void **state)
{
	static const char *const files[] = {
		"/etc/xdg/autostart/piwiz.desktop", "/etc/sudoers.d/010_wiz-nopasswd",
		"/etc/ssh/sshd_config.d/rename_user.conf", "/var/lib/userconf-pi/autologin"};
	(void)state;
	struct fixture f;
	fixture_init(&f);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++) {
		autofree char *path = xasprintf("root%s", files[i]);
		fixture_put(&f, path, "x\n");
	}
	fixture_put(&f, "root/etc/passwd",
		    "root:x:0:0:root:/root:/bin/bash\n" WIZARD ":x:109:117:,,,,:/home/" WIZARD
		    ":/bin/bash\n");
	fixture_put(&f, "root/etc/shadow", "root:*:1::::::\n" WIZARD ":!:1::::::\n");
	fixture_put(&f, "root/etc/group",
		    "video:x:44:pi," WIZARD "\nnetdev:x:9:" WIZARD "\n" WIZARD ":x:117:\n");
	fixture_put(&f, "root/etc/gshadow", "video:*::pi," WIZARD "\n" WIZARD ":!::\n");
	fixture_put(&f, "root/home/" WIZARD "/.config/x", "x\n");
	fixture_put(&f, "root/etc/lightdm/lightdm.conf",
		    "[Seat:*]\nautologin-user=" WIZARD "\nuser-session=x\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		assert_attr(&f, files[i], "none");
	assert_file(&f, "/etc/passwd", "root:x:0:0:root:/root:/bin/bash\n");
	assert_file(&f, "/etc/shadow", "root:*:1::::::\n");
	assert_file(&f, "/etc/group", "video:x:44:pi\nnetdev:x:9:\n");
	assert_file(&f, "/etc/gshadow", "video:*::pi\n");
	assert_attr(&f, "/home/" WIZARD, "none");
	assert_file(&f, "/etc/lightdm/lightdm.conf", "[Seat:*]\nuser-session=x\n");
	fixture_done(&f);
}

static void a_console_that_logs_in_by_itself_does_not(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root" SYSTEM "/getty@tty1.service.d/autologin.conf",
		    "ExecStart=-/sbin/agetty --autologin pi --noclear %I $TERM\n");
	fixture_put(&f, "root" SYSTEM "/getty@.service.d/override.conf",
		    "ExecStart=-/sbin/agetty --noissue --autologin root %I $TERM\n");
	fixture_put(&f, "root" SYSTEM "/serial-getty@.service.d/override.conf",
		    "ExecStart=-/sbin/agetty %I 115200\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	assert_attr(&f, SYSTEM "/getty@tty1.service.d/autologin.conf", "none");
	assert_attr(&f, SYSTEM "/getty@.service.d/override.conf", "none");
	assert_file_has(&f, SYSTEM "/serial-getty@.service.d/override.conf", "115200");
	fixture_done(&f);
}

static void bookworms_firstboot_is_off_the_command_line(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root" CMDLINE, "console=tty1 root=PARTUUID=1-02 quiet " FIRSTBOOT "\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	assert_file(&f, CMDLINE, "console=tty1 root=PARTUUID=1-02\n");
	assert_note(&f, "does not grow the root file system any more");
	fixture_put(&f, "root" CMDLINE, "quiet splash " FIRSTBOOT "\n");
	fixture_run(&f, &custom_stock);
	assert_file(&f, CMDLINE, "quiet splash\n");
	fixture_done(&f);
}

static void bookworms_initramfs_still_grows_the_root(void **state)
{
	(void)state;
	struct fixture f;
	auto_err e = ERR_INIT;
	fixture_init(&f);
	fixture_put(&f, "root" CMDLINE, "root=PARTUUID=1-02 rootwait quiet " FIRSTBOOT "\n");
	fixture_put(&f, "root/usr/share/initramfs-tools/scripts/local-premount/firstboot",
		    "grep -q firstboot /proc/cmdline || exit 0\n");
	fixture_profile_with_keys(&f, "");
	fixture_run(&f, &custom_stock);
	assert_file(&f, CMDLINE, "root=PARTUUID=1-02 rootwait cardstock.grow=firstboot\n");
	assert_int_equal(f.notes.n, 0);
	assert_link(&f, SYSTEM "/multi-user.target.wants/cardstock-grown.service",
		    SYSTEM "/cardstock-grown.service");
	autofree char *unit = fixture_host(&f, SYSTEM "/cardstock-grown.service");
	assert_ok(run_argv(&e, "systemd-analyze", "verify", "--man=no", unit, NULL), &e);
	/* What the unit runs at the first boot. */
	autofree char *cmdline = fixture_host(&f, CMDLINE);
	assert_ok(run_argv(&e, "sed", "-i", "s/ cardstock.grow=firstboot//", cmdline, NULL), &e);
	assert_file_has(&f, SYSTEM "/cardstock-grown.service",
			"\"s/ cardstock.grow=firstboot//\" " CMDLINE "\n");
	assert_file(&f, CMDLINE, "root=PARTUUID=1-02 rootwait\n");
	assert_nothing_left(&f);
	fixture_done(&f);
}

static void the_resize_of_old_images_stays(void **state)
{
	(void)state;
	const char *text = "root=PARTUUID=1-02 quiet init=/usr/lib/raspi-config/init_resize.sh\n";
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/boot/cmdline.txt", text);
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	assert_file(&f, "/boot/cmdline.txt", text);
	fixture_done(&f);
}

static void the_resize_of_trixie_runs_with_an_empty_machine_id(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root" CMDLINE, "root=PARTUUID=1-02 rootwait resize\n");
	put_unit(&f, "rpi-resize.service", "sysinit.target.wants",
		 "[Unit]\nConditionFirstBoot=yes\n[Service]\nType=oneshot\nExecStart=/bin/true\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	assert_file(&f, CMDLINE, "root=PARTUUID=1-02 rootwait resize\n");
	assert_file_has(&f, SYSTEM "/rpi-resize.service.d/10-cardstock.conf",
			"[Unit]\nConditionFirstBoot=\n");
	fixture_done(&f);
}

static void what_raspberry_pi_imager_left_is_gone(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root" CMDLINE,
		    "root=PARTUUID=1-02 rootwait systemd.run=/boot/firmware/firstrun.sh "
		    "systemd.run_success_action=reboot systemd.unit=kernel-command-line.target\n");
	fixture_put(&f, "root/boot/firmware/firstrun.sh", "#!/bin/bash\n");
	fixture_put(&f, "root/boot/firmware/userconf.txt", "me:$6$x\n");
	fixture_put(&f, "root/boot/firmware/wpa_supplicant.conf", "network={}\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	assert_file(&f, CMDLINE, "root=PARTUUID=1-02 rootwait\n");
	assert_attr(&f, "/boot/firmware/firstrun.sh", "none");
	assert_attr(&f, "/boot/firmware/userconf.txt", "none");
	assert_file(&f, "/boot/firmware/wpa_supplicant.conf", "network={}\n");
	assert_note(&f, "/boot/firmware/wpa_supplicant.conf in the image is left alone");
	fixture_done(&f);
}

static void put_cloud_init(struct fixture *f)
{
	put_unit(f, "cloud-init.service", "cloud-init.target.wants", "[Unit]\n");
	fixture_put(f, "root/etc/cloud/cloud.cfg", "users: [default]\n");
}

static void cloud_init_is_off(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	put_cloud_init(&f);
	fixture_profile_with_keys(&f, "");
	fixture_run(&f, &custom_stock);
	assert_attr(&f, "/etc/cloud/cloud-init.disabled", "0644 0 0");
	assert_note(&f, "does not grow the root file system, for cloud-init is off");
	assert_nothing_left(&f);
	fixture_put(&f, "root" VENDOR "/rpi-resize.service", "[Unit]\n");
	fixture_run(&f, &custom_stock);
	assert_int_equal(f.notes.n, 0);
	fixture_done(&f);
}

static void cloud_init_that_is_kept_leaves_what_the_profile_sets(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	put_cloud_init(&f);
	fixture_profile(&f, "cloud-init = keep");
	fixture_run(&f, &custom_stock);
	assert_attr(&f, "/etc/cloud/cloud-init.disabled", "none");
	assert_file_has(&f, "/etc/cloud/cloud.cfg.d/zz-cardstock.cfg",
			"preserve_hostname: true\nmanage_etc_hosts: false\nssh_deletekeys: false\n"
			"users: []\nnetwork:\n  config: disabled\n");
	assert_note(&f, "cloud-init runs, and makes no user of its own");
	assert_note(&f, "user-data on the boot partition can still make users");
	fixture_done(&f);
}

static void users_of_cloud_inits_user_data_are_noted(void **state)
{
	(void)state;
	static const char *const none =
		"#cloud-config\n#users:\nchpasswd:\n  users:\n  - name: x\n";
	struct fixture f;
	fixture_init(&f);
	put_cloud_init(&f);
	fixture_put(&f, "root/boot/firmware/user-data", none);
	fixture_profile(&f, "cloud-init = keep");
	fixture_run(&f, &custom_stock);
	assert_note(&f, "cloud-init runs, and makes no user of its own");
	static const char *const some[] = {"#cloud-config\nusers:\n- name: x\n",
					   "user: x\n#cloud-config\n"};
	for (size_t i = 0; i < sizeof(some) / sizeof(*some); i++) {
		fixture_put(&f, "root/boot/firmware/user-data", some[i]);
		fixture_run(&f, &custom_stock);
		assert_note(&f, "cloud-init runs: /boot/firmware/user-data makes the users that it "
				"names");
	}
	fixture_done(&f);
}

/* What the customisation firstboot has planned before. */
static void let_firstboot_grow(struct fixture *f)
{
	fixture_put(f, "root/etc/cardstock/firstboot.conf", "version = 1\ngrow = yes\n");
}

static void a_grower_of_the_image_gives_way_to_firstboot(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	let_firstboot_grow(&f);
	put_unit(&f, "rpi-resize.service", "sysinit.target.wants",
		 "[Unit]\nConditionFirstBoot=yes\n");
	put_unit(&f, "armbian-resize-filesystem.service", "basic.target.wants", "[Unit]\n");
	fixture_put(&f, "root" CMDLINE, "root=PARTUUID=1-02 rootwait resize\n");
	fixture_put(&f, "root/etc/init.d/resize2fs_once", "x\n");
	fixture_symlink(&f, "root/etc/rc3.d/S01resize2fs_once", "../init.d/resize2fs_once");
	fixture_profile_with_keys(&f, "");
	fixture_run(&f, &custom_stock);
	assert_link(&f, SYSTEM "/rpi-resize.service", "/dev/null");
	assert_link(&f, SYSTEM "/armbian-resize-filesystem.service", "/dev/null");
	assert_attr(&f, SYSTEM "/rpi-resize.service.d", "none");
	assert_file(&f, CMDLINE, "root=PARTUUID=1-02 rootwait\n");
	assert_attr(&f, "/etc/init.d/resize2fs_once", "none");
	assert_attr(&f, "/etc/rc3.d/S01resize2fs_once", "none");
	assert_nothing_left(&f);
	fixture_done(&f);
}

static void the_growing_init_of_older_systems_gives_way_to_firstboot(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	let_firstboot_grow(&f);
	fixture_put(&f, "root" CMDLINE, "quiet init=/usr/lib/raspi-config/init_resize.sh\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	assert_file(&f, CMDLINE, "quiet\n");
	fixture_done(&f);
}

static void the_initramfs_of_bookworm_does_not_grow_beside_firstboot(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	let_firstboot_grow(&f);
	fixture_put(&f, "root" CMDLINE, "root=PARTUUID=1-02 " FIRSTBOOT "\n");
	fixture_put(&f, "root/usr/share/initramfs-tools/scripts/local-premount/firstboot", "x\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	assert_file(&f, CMDLINE, "root=PARTUUID=1-02\n");
	assert_attr(&f, SYSTEM "/cardstock-grown.service", "none");
	fixture_done(&f);
}

static void cloud_init_does_not_grow_beside_firstboot(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	let_firstboot_grow(&f);
	put_cloud_init(&f);
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	assert_int_equal(f.notes.n, 0);
	fixture_profile(&f, "cloud-init = keep");
	fixture_run(&f, &custom_stock);
	assert_file_has(&f, "/etc/cloud/cloud.cfg.d/zz-cardstock.cfg",
			"growpart:\n  mode: \"off\"\nresize_rootfs: false\n");
	fixture_done(&f);
}

static void a_grower_in_the_initramfs_is_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	let_firstboot_grow(&f);
	fixture_put(&f, "root/etc/initramfs-tools/scripts/local-bottom/rpi-resizerootfs", "x\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	assert_note(&f, "the image's initramfs grows the root before firstboot");
	fixture_done(&f);
}

static void another_word_for_cloud_init_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	assert_refused(&f, &custom_stock, "\ncloud-init = maybe", "worker.conf:2: ");
	assert_refused(&f, &custom_stock, "cloud-init = maybe", "keep");
	fixture_done(&f);
}

static void armbians_firstrun_is_told_to_keep_the_host_key(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	put_unit(&f, "armbian-firstrun.service", "multi-user.target.wants", "[Unit]\n");
	fixture_put(
		&f, "root/usr/lib/armbian/armbian-firstrun",
		"[[ \"${OPENSSHD_REGENERATE_HOST_KEYS}\" = true ]] && rm -f /etc/ssh/ssh_host*\n");
	fixture_put(&f, "root/etc/default/armbian-firstrun",
		    "# x\nOPENSSHD_REGENERATE_HOST_KEYS=true\n");
	fixture_put(&f, "root/root/.not_logged_in_yet", "");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	assert_file(&f, "/etc/default/armbian-firstrun",
		    "# x\nOPENSSHD_REGENERATE_HOST_KEYS=false\n");
	assert_attr(&f, "/root/.not_logged_in_yet", "none");
	assert_attr(&f, SYSTEM "/armbian-firstrun.service", "none");
	fixture_done(&f);
}

static void an_older_firstrun_of_armbian_is_masked(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	put_unit(&f, "armbian-firstrun.service", "multi-user.target.wants", "[Unit]\n");
	fixture_put(&f, "root/usr/lib/armbian/armbian-firstrun", "rm -f /etc/ssh/ssh_host*\n");
	fixture_put(&f, "root/boot/armbianEnv.txt", "ethaddr=02:81:00:00:00:01\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	assert_link(&f, SYSTEM "/armbian-firstrun.service", "/dev/null");
	assert_note(&f, "all nodes have the hardware address 02:81:00:00:00:01");
	fixture_done(&f);
}

/* A target that requires a masked unit would not be reached. */
static void debians_sysconf_is_disabled_but_not_masked(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	put_unit(&f, "rpi-set-sysconf.service", "basic.target.requires", "[Unit]\n");
	put_unit(&f, "rpi-generate-ssh-host-keys.service", "multi-user.target.requires",
		 "[Unit]\nConditionPathExistsGlob=!/etc/ssh/ssh_host_*_key\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	assert_attr(&f, SYSTEM "/basic.target.requires/rpi-set-sysconf.service", "none");
	assert_attr(&f, SYSTEM "/rpi-set-sysconf.service", "none");
	assert_link(&f, SYSTEM "/multi-user.target.requires/rpi-generate-ssh-host-keys.service",
		    VENDOR "/rpi-generate-ssh-host-keys.service");
	fixture_done(&f);
}

static void selinux_labels_all_files_anew(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/selinux/config", "# SELINUX= can be\nSELINUX=enforcing\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	assert_attr(&f, "/.autorelabel", "0644 0 0");
	assert_note(&f, "SELinux labels");
	fixture_done(&f);
}

static void selinux_that_is_off_needs_no_labels(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/selinux/config", "SELINUX=disabled\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	assert_attr(&f, "/.autorelabel", "none");
	fixture_done(&f);
}

static void put_people(struct fixture *f)
{
	fixture_put(f, "root/etc/passwd",
		    "root:x:0:0:root:/root:/bin/bash\n"
		    "alarm:x:1000:1000::/home/alarm:/bin/bash\n"
		    "kiosk:x:1001:1001::/home/kiosk:/bin/sh\n"
		    "locked:x:1002:1002::/home/locked:/bin/sh\n"
		    "noshell:x:1003:1003::/home/x:/usr/sbin/nologin\n");
	fixture_put(f, "root/etc/shadow",
		    "root:$6$x$y:1::::::\nalarm:$6$x$y:1::::::\nkiosk::1::::::\n"
		    "locked:!$6$x$y:1::::::\nnoshell:$6$x$y:1::::::\n");
}

static void users_with_the_images_password_are_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	put_people(&f);
	fixture_profile(&f, "");
	fixture_run(&f, &custom_stock);
	assert_note(&f, "user 'alarm' of the image keeps the password that it came with");
	assert_note(&f, "user 'kiosk' of the image keeps a login without a password");
	assert_int_equal(f.notes.n, 2);
	fixture_profile(
		&f,
		"user \"alarm\" { rename-to = \"ops\" uid = 1000 }\nuser \"kiosk\" { uid = 1001 }");
	fixture_run(&f, &custom_stock);
	assert_int_equal(f.notes.n, 0);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_that_asks_is_disabled_and_masked),
		cmocka_unit_test(an_image_without_first_boot_machinery_stays_as_it_is),
		cmocka_unit_test(the_console_gets_its_login_back),
		cmocka_unit_test(the_wizard_and_its_user_are_gone),
		cmocka_unit_test(a_console_that_logs_in_by_itself_does_not),
		cmocka_unit_test(bookworms_firstboot_is_off_the_command_line),
		cmocka_unit_test(bookworms_initramfs_still_grows_the_root),
		cmocka_unit_test(the_resize_of_old_images_stays),
		cmocka_unit_test(the_resize_of_trixie_runs_with_an_empty_machine_id),
		cmocka_unit_test(what_raspberry_pi_imager_left_is_gone),
		cmocka_unit_test(cloud_init_is_off),
		cmocka_unit_test(cloud_init_that_is_kept_leaves_what_the_profile_sets),
		cmocka_unit_test(users_of_cloud_inits_user_data_are_noted),
		cmocka_unit_test(a_grower_of_the_image_gives_way_to_firstboot),
		cmocka_unit_test(the_growing_init_of_older_systems_gives_way_to_firstboot),
		cmocka_unit_test(the_initramfs_of_bookworm_does_not_grow_beside_firstboot),
		cmocka_unit_test(cloud_init_does_not_grow_beside_firstboot),
		cmocka_unit_test(a_grower_in_the_initramfs_is_noted),
		cmocka_unit_test(another_word_for_cloud_init_is_refused),
		cmocka_unit_test(armbians_firstrun_is_told_to_keep_the_host_key),
		cmocka_unit_test(an_older_firstrun_of_armbian_is_masked),
		cmocka_unit_test(debians_sysconf_is_disabled_but_not_masked),
		cmocka_unit_test(selinux_labels_all_files_anew),
		cmocka_unit_test(selinux_that_is_off_needs_no_labels),
		cmocka_unit_test(users_with_the_images_password_are_noted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
