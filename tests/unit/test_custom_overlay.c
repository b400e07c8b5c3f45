/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>

#include "../custom/fixture.h"

#define SITE "overlays = {\"./site\"}"

static void files_appear_where_the_overlay_has_them(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "site/root/srv/data/readme", "hello\n");
	fixture_put(&f, "site/root/usr/local/bin/tool", "#!/bin/sh\n");
	autofree char *tool = path_join(f.dir, "site/root/usr/local/bin/tool");
	assert_int_equal(chmod(tool, 0700), 0);
	fixture_profile(&f, SITE);
	fixture_run(&f, &custom_overlay);
	assert_file(&f, "/srv/data/readme", "hello\n");
	assert_attr(&f, "/srv/data/readme", "0644 0 0");
	assert_attr(&f, "/srv/data", "0755 0 0");
	assert_attr(&f, "/usr/local/bin/tool", "0755 0 0");
	fixture_done(&f);
}

static void an_overlay_is_found_beside_the_profiles(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "overlays/lab/root/etc/lab", "in the profile's directory\n");
	fixture_profile(&f, "overlays = {\"lab\"}");
	fixture_run(&f, &custom_overlay);
	assert_file(&f, "/etc/lab", "in the profile's directory\n");
	fixture_done(&f);
}

static void attrs_say_owner_and_mode(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "site/root/home/ops/bin/run", "x\n");
	fixture_put(&f, "site/root/srv/shared/.gitkeep", "");
	fixture_put(&f, "site/attrs",
		    "/home/ops/** 0640 ops ops\n"
		    "/srv/shared 2775 root video\n"
		    "/etc/hostname 0600 daemon 4\n");
	fixture_profile(&f, SITE "\nuser \"ops\" { uid = 1000 gid = 2000 }");
	fixture_run(&f, &custom_overlay);
	assert_attr(&f, "/home/ops/bin/run", "0640 1000 2000");
	assert_attr(&f, "/home/ops/bin", "0750 1000 2000");
	assert_attr(&f, "/srv/shared", "2775 0 44");
	assert_attr(&f, "/srv/shared/.gitkeep", "none");
	assert_attr(&f, "/etc/hostname", "0600 1 4");
	fixture_done(&f);
}

static void directories_of_the_image_keep_their_mode(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	autofree char *dir = fixture_host(&f, "/tmp");
	assert_int_equal(mkdir(dir, 0700), 0);
	fixture_put(&f, "site/root/tmp/file", "x\n");
	fixture_profile(&f, SITE);
	fixture_run(&f, &custom_overlay);
	assert_attr(&f, "/tmp", "0700 0 0");
	fixture_done(&f);
}

static void later_overlays_win(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "a/root/etc/who", "a\n");
	fixture_put(&f, "b/root/etc/who", "b\n");
	fixture_profile(&f, "overlays = {\"./a\", \"./b\"}");
	fixture_run(&f, &custom_overlay);
	assert_file(&f, "/etc/who", "b\n");
	fixture_done(&f);
}

static void templates_know_the_node(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "site/root/etc/me",
		    "${hostname} ${address}/${prefix} ${number} ${role} ${cluster} $${x} $HOME\n");
	fixture_put(&f, "site/root/etc/all", "${cluster}\n");
	fixture_put(&f, "site/root/etc/plain", "${hostname}\n");
	fixture_put(&f, "site/attrs",
		    "/etc/me 0644 root root template\n"
		    "/etc/all 0600 root root template\n");
	fixture_profile(&f, SITE "\naddress = \"10.0.0.%d/24\"\nfirst-address = 11");
	fixture_run(&f, &custom_overlay);
	assert_file(&f, "/etc/me", "worker001 10.0.0.11/24 1 worker testbed ${x} $HOME\n");
	assert_file(&f, "/etc/all", "testbed\n");
	assert_attr(&f, "/etc/all", "0600 0 0");
	assert_file(&f, "/etc/plain", "${hostname}\n");
	fixture_done(&f);
}

static void symlinks_stay_symlinks(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "secret/key", "of the host\n");
	autofree char *secret = path_join(f.dir, "secret");
	fixture_symlink(&f, "site/root/etc/outside", secret);
	fixture_symlink(&f, "site/root/etc/motd", "/run/motd");
	fixture_profile(&f, SITE);
	fixture_run(&f, &custom_overlay);
	assert_link(&f, "/etc/outside", secret);
	assert_link(&f, "/etc/motd", "/run/motd");
	fixture_done(&f);
}

static void a_symlink_of_the_image_leads_within_the_image(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_symlink(&f, "root/opt", "../../../../usr");
	fixture_put(&f, "site/root/opt/tool", "x\n");
	fixture_put(&f, "site/root/bin/other", "y\n");
	fixture_profile(&f, SITE);
	fixture_run(&f, &custom_overlay);
	assert_file(&f, "/usr/tool", "x\n");
	assert_file(&f, "/usr/bin/other", "y\n");
	assert_link(&f, "/bin", "usr/bin");
	fixture_done(&f);
}

static void a_file_replaces_a_symlink_to_nothing(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_symlink(&f, "root/etc/resolv.conf", "../run/systemd/resolve/stub-resolv.conf");
	fixture_put(&f, "site/root/etc/resolv.conf", "nameserver 10.0.0.1\n");
	fixture_profile(&f, SITE);
	fixture_run(&f, &custom_overlay);
	assert_file(&f, "/etc/resolv.conf", "nameserver 10.0.0.1\n");
	assert_attr(&f, "/etc/resolv.conf", "0644 0 0");
	assert_attr(&f, "/run", "none");
	fixture_done(&f);
}

static void large_files_are_copied_whole(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	autofree char *big = xmalloc(300001);
	memset(big, 'x', 300000);
	big[300000] = '\0';
	fixture_put(&f, "site/root/srv/big", big);
	fixture_profile(&f, SITE);
	fixture_run(&f, &custom_overlay);
	assert_file(&f, "/srv/big", big);
	fixture_done(&f);
}

static void refused(const char *path, const char *content, const char *attrs, const char *fragment)
{
	struct fixture f;
	fixture_init(&f);
	fixture_mkdir(&f, "site/root");
	if (path)
		fixture_put(&f, path, content);
	fixture_put(&f, "site/attrs", attrs);
	assert_refused(&f, &custom_overlay, SITE, fragment);
	fixture_done(&f);
}

static void an_unknown_field_is_refused(void **state)
{
	(void)state;
	refused("site/root/etc/x", "a\n${hostnam}\n", "/etc/x 0644 root root template\n",
		"site/root/etc/x:2: there is no field '${hostnam}'");
}

static void a_field_without_value_is_refused(void **state)
{
	(void)state;
	refused("site/root/etc/x", "${address}\n", "/etc/x 0644 root root template\n",
		"site/root/etc/x:1: '${address}' has no value");
	refused("site/root/etc/x", "${master}\n", "/etc/x 0644 root root template\n",
		"no role 'master'");
}

static void an_unknown_owner_is_refused(void **state)
{
	(void)state;
	refused("site/root/etc/x", "x", "\n/etc/x 0644 nobody2 root\n",
		"site/attrs:2: user 'nobody2'");
}

static void attrs_about_nothing_are_refused(void **state)
{
	(void)state;
	refused(NULL, NULL, "/etc/typo 0644 root root\n", "site/attrs:1: '/etc/typo' is neither");
}

static void a_directory_over_a_file_is_refused(void **state)
{
	(void)state;
	refused("site/root/etc/hostname/x", "x", "", "'/etc/hostname' in the image is not");
	refused("site/root/etc/ssh", "x", "", "'/etc/ssh' in the image is a directory");
}

static void a_template_names_the_wired_interface(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "site/root/etc/wire", "${wired}\n");
	fixture_put(&f, "site/attrs", "/etc/wire 0644 root root template\n");
	fixture_profile(&f, SITE "\nwired { interface = \"en* eth0\" }\n");
	fixture_run(&f, &custom_overlay);
	assert_file(&f, "/etc/wire", "eth0\n");
	assert_refused(&f, &custom_overlay, SITE "\nwired { interface = \"en*\" }\n",
		       "'${wired}' has no value");
	fixture_done(&f);
}

static void a_missing_overlay_is_refused_with_the_places(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	assert_refused(&f, &custom_overlay, "overlays = {\n\"nowhere\"}",
		       "worker.conf:2: overlay 'nowhere' has no tree");
	assert_refused(&f, &custom_overlay, "overlays = {\"nowhere\"}", "overlays/nowhere/root");
	fixture_done(&f);
}

static void a_fifo_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_mkdir(&f, "site/root/etc");
	autofree char *fifo = path_join(f.dir, "site/root/etc/fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_refused(&f, &custom_overlay, SITE, "site/root/etc/fifo: neither file");
	fixture_done(&f);
}

/* What the overlay would have of somewhere else does not reach the image. */
static void linked(const char *part, const char *target, const char *fragment)
{
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "secret/key", "of the host\n");
	autofree char *path = xasprintf("ev/%s", part);
	fixture_symlink(&f, path, target);
	assert_refused(&f, &custom_overlay, "overlays = {\n\"./ev\"}", fragment);
	assert_refused(&f, &custom_overlay, "overlays = {\n\"./ev\"}",
		       "worker.conf:2: overlay 'ev'");
	fixture_done(&f);
}

static void an_overlay_that_is_a_symlink_inside_is_refused(void **state)
{
	(void)state;
	linked("root", "../secret", "ev/root' is a symlink, which is not followed; make it a dir");
	linked("root", "nowhere", "ev/root' is a symlink");
	linked("bin", "../secret", "ev/bin' is a symlink, which is not followed; make it a dir");
	struct fixture f;
	fixture_init(&f);
	fixture_mkdir(&f, "site/root");
	fixture_put(&f, "secret/attrs", "/etc/hostname 0600 root root\n");
	fixture_symlink(&f, "site/attrs", "../secret/attrs");
	assert_refused(&f, &custom_overlay, SITE,
		       "site/attrs' is a symlink, which is not "
		       "followed; make it a file");
	fixture_done(&f);
}

static void the_way_to_an_overlay_may_have_symlinks(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "elsewhere/root/etc/x", "x\n");
	fixture_symlink(&f, "site", "elsewhere");
	fixture_profile(&f, SITE);
	fixture_run(&f, &custom_overlay);
	assert_file(&f, "/etc/x", "x\n");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_appear_where_the_overlay_has_them),
		cmocka_unit_test(an_overlay_is_found_beside_the_profiles),
		cmocka_unit_test(attrs_say_owner_and_mode),
		cmocka_unit_test(directories_of_the_image_keep_their_mode),
		cmocka_unit_test(later_overlays_win),
		cmocka_unit_test(templates_know_the_node),
		cmocka_unit_test(symlinks_stay_symlinks),
		cmocka_unit_test(a_symlink_of_the_image_leads_within_the_image),
		cmocka_unit_test(a_file_replaces_a_symlink_to_nothing),
		cmocka_unit_test(large_files_are_copied_whole),
		cmocka_unit_test(an_unknown_field_is_refused),
		cmocka_unit_test(a_field_without_value_is_refused),
		cmocka_unit_test(an_unknown_owner_is_refused),
		cmocka_unit_test(attrs_about_nothing_are_refused),
		cmocka_unit_test(a_directory_over_a_file_is_refused),
		cmocka_unit_test(a_template_names_the_wired_interface),
		cmocka_unit_test(a_missing_overlay_is_refused_with_the_places),
		cmocka_unit_test(a_fifo_is_refused),
		cmocka_unit_test(an_overlay_that_is_a_symlink_inside_is_refused),
		cmocka_unit_test(the_way_to_an_overlay_may_have_symlinks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
