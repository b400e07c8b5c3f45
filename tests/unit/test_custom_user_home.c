/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the profile adds to homes: skeletons and programs. */
#include "../custom/fixture.h"

static void set_mode(struct fixture *f, const char *path, mode_t mode)
{
	autofree char *full = path_join(f->dir, path);
	assert_int_equal(chmod(full, mode), 0);
}

static void skeletons_go_into_the_home(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "dots/.vimrc", "set ts=8\n");
	fixture_put(&f, "dots/.profile", "# mine\n");
	fixture_put(&f, "more/.config/app", "secret\n");
	fixture_symlink(&f, "more/link", ".vimrc");
	set_mode(&f, "dots/.vimrc", 0664);
	set_mode(&f, "more/.config/app", 0600);
	fixture_profile(&f, "user \"ops\" { uid = 1000 skeleton = {\"dots\", \"./more\"} }");
	fixture_run(&f, &custom_user);
	assert_file(&f, "/home/ops/.vimrc", "set ts=8\n");
	assert_attr(&f, "/home/ops/.vimrc", "0644 1000 1000");
	assert_file(&f, "/home/ops/.profile", "# mine\n");
	assert_attr(&f, "/home/ops/.config", "0755 1000 1000");
	assert_attr(&f, "/home/ops/.config/app", "0600 1000 1000");
	assert_link(&f, "/home/ops/link", ".vimrc");
	assert_attr(&f, "/home/ops", "0700 1000 1000");
	fixture_done(&f);
}

static void a_user_of_the_image_gets_a_skeleton_too(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "dots/.vimrc", "set ts=8\n");
	fixture_profile(&f, "user \"pi\" { uid = 1001 skeleton = {\"dots\"} }");
	fixture_run(&f, &custom_user);
	assert_attr(&f, "/home/pi/.vimrc", "0644 1001 1001");
	fixture_done(&f);
}

static void programs_of_overlays_are_in_the_users_bin(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "one/bin/run", "#!/bin/sh\n");
	fixture_put(&f, "two/root/etc/motd", "x\n");
	fixture_put(&f, "two/bin/lib/part", "y\n");
	fixture_profile(&f, "overlays = {\"./one\", \"./two\"}\n"
			    "user \"ops\" { uid = 1000 }\n"
			    "user \"mpi\" { uid = 2000 bin = false }\n"
			    "user \"svc\" { uid = 500 }\n"
			    "user \"job\" { uid = 501 bin = true }\n");
	fixture_run(&f, &custom_user);
	assert_file(&f, "/home/ops/bin/run", "#!/bin/sh\n");
	assert_attr(&f, "/home/ops/bin/run", "0755 1000 1000");
	assert_attr(&f, "/home/ops/bin/lib/part", "0755 1000 1000");
	assert_attr(&f, "/home/ops/bin", "0755 1000 1000");
	assert_attr(&f, "/home/job/bin/run", "0755 501 501");
	assert_attr(&f, "/home/mpi/bin", "none");
	assert_attr(&f, "/home/svc/bin", "none");
	fixture_done(&f);
}

static void an_overlay_may_have_programs_only(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "one/bin/run", "#!/bin/sh\n");
	fixture_profile(&f, "overlays = {\"./one\"}");
	fixture_run(&f, &custom_overlay);
	fixture_done(&f);
}

/* A shell of this machine with HOME in the image says what its PATH is. */
static void assert_path(struct fixture *f, const char *command, const char *file)
{
	autofree char *home = xasprintf("HOME=%s/home/ops", f->root);
	autofree char *rc = fixture_host(f, file);
	autofree char *wanted = xasprintf("%s/home/ops/bin:/usr/bin:/bin\n", f->root);
	auto_err e = ERR_INIT;
	auto_str out = STR_INIT;
	const char *const argv[] = {"env",  "-i", home, "PATH=/usr/bin:/bin", "bash", "-c", command,
				    "bash", rc,	  NULL};
	const struct run r = {.argv = argv, .output = &out};
	assert_ok(run(&r, &e), &e);
	assert_string_equal(str_text(&out), wanted);
}

static void programs_are_found_by_every_shell(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/skel/.bashrc", "case $- in *i*) ;; *) return ;; esac\nPATH=x\n");
	fixture_profile(&f, "user \"ops\" { uid = 1000 }");
	fixture_run(&f, &custom_user);
	fixture_run(&f, &custom_user);
	assert_path(&f, ". \"$1\"; . \"$1\"; echo \"$PATH\"", "/etc/profile.d/cardstock-path.sh");
	assert_path(&f, ". \"$1\"; echo \"$PATH\"", "/home/ops/.bashrc");
	assert_file_has(&f, "/home/ops/.bashrc", "# END cardstock path\ncase $- in");
	assert_attr(&f, "/home/ops/.bashrc", "0644 1000 1000");
	fixture_done(&f);
}

static void other_shells_have_no_bashrc(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/usr/bin/zsh", "zsh\n");
	fixture_profile(&f, "user \"ops\" { uid = 1000 shell = \"/usr/bin/zsh\" }\n"
			    "user \"mpi\" { uid = 2000 }");
	fixture_run(&f, &custom_user);
	assert_attr(&f, "/home/ops/.bashrc", "none");
	assert_attr(&f, "/home/mpi/.bashrc", "0644 2000 2000");
	fixture_done(&f);
}

static void what_is_no_directory_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "dots/.vimrc", "set ts=8\n");
	assert_refused(&f, &custom_user, "user \"ops\" { uid = 1000\nskeleton = {\"gone\"} }",
		       "gone' of user 'ops' is missing");
	assert_refused(&f, &custom_user,
		       "user \"ops\" { uid = 1000\nskeleton = {\"dots/.vimrc\"} }",
		       "is not a directory; its content goes into the home");
	assert_refused(&f, &custom_user, "user \"ops\" { uid = 1000\nbin = 7 }",
		       "worker.conf:2: bin: '7' is neither true nor false");
	fixture_done(&f);
}

static void a_skeleton_with_a_fifo_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_mkdir(&f, "dots");
	autofree char *fifo = path_join(f.dir, "dots/fifo");
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_refused(&f, &custom_user, "user \"ops\" { uid = 1000\nskeleton = {\"dots\"} }",
		       "fifo: neither file, directory nor symlink");
	fixture_done(&f);
}

/* Names that begin alike, the home of one who is renamed, and what system users share. */
static void homes_of_their_own_are_not_refused(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_put(&f, "root/etc/passwd",
		    "root:x:0:0:root:/root:/bin/bash\npi:x:1001:1001::/home/pi/:/bin/bash\n"
		    "daemon:x:1:1::/nonexistent:/usr/sbin/nologin\n"
		    "svc:x:2:4::/nonexistent:/usr/sbin/nologin\n"
		    "odd:x:1005:100::/:/usr/sbin/nologin\n");
	fixture_profile(&f, "user \"pi\" { rename-to = \"ops\" uid = 1001 }\n"
			    "user \"me\" { uid = 2000 home = \"/home/pi\" }\n"
			    "user \"pie\" { uid = 2001 }\n"
			    "user \"daemon\" { uid = 1 }\nuser \"svc\" { uid = 2 gid = 4 }");
	fixture_run(&f, &custom_user);
	assert_attr(&f, "/home/pi", "0700 2000 2000");
	assert_attr(&f, "/home/pie", "0700 2001 2001");
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(skeletons_go_into_the_home),
		cmocka_unit_test(a_user_of_the_image_gets_a_skeleton_too),
		cmocka_unit_test(programs_of_overlays_are_in_the_users_bin),
		cmocka_unit_test(an_overlay_may_have_programs_only),
		cmocka_unit_test(programs_are_found_by_every_shell),
		cmocka_unit_test(other_shells_have_no_bashrc),
		cmocka_unit_test(what_is_no_directory_is_refused),
		cmocka_unit_test(a_skeleton_with_a_fifo_is_refused),
		cmocka_unit_test(homes_of_their_own_are_not_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
