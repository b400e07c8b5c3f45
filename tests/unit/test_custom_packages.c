/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What does not take apt; what does is in tests/cli/packages.bats. */
#include "../custom/fixture.h"
#include "custom/packages.h"

#define CARD "/var/lib/cardstock/packages"
#define LIST CARD "/SHA256SUMS"
#define SUM "35aa54bfd92034190cfbf8ca7c450483e57688a7119dc7a80d193148f7bab43e"
#define PROFILE "firstboot = true\npackages = {\"mpich\", \"slurmd\"}\n"
#define DPKG                                                                                  \
	"Package: dpkg\nStatus: install ok installed\nVersion: 1.22\nArchitecture: arm64\n\n" \
	"Package: gone\nStatus: deinstall ok config-files\nVersion: 1.0\nArchitecture: arm64\n\n"

/* A Debian with dpkg's database and one source that only a board can use. */
static void init(struct fixture *f)
{
	fixture_init(f);
	fixture_put(f, "root/var/lib/dpkg/status", DPKG);
	fixture_put(f, "root/etc/apt/sources.list", "deb cdrom:[Debian] trixie main\n");
}

/* The role's stage alone. */
static struct plan_ctx begin(struct fixture *f, struct plan *plan)
{
	return (struct plan_ctx){.profile = f->profile,
				 .cluster = f->cluster,
				 .tree = f->tree,
				 .plan = plan,
				 .custom = "packages",
				 .now = FIXTURE_NOW};
}

static void nothing_is_done_unless_it_is_asked_for(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	fixture_profile(&f, "");
	fixture_run(&f, &custom_packages);
	assert_attr(&f, CARD, "none");
	assert_int_equal(f.notes.n, 0);
	fixture_done(&f);
}

static void wrong_profiles_are_refused_by_line(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	assert_refused(
		&f, &custom_packages, "\npackages = {\"dpkg\", \"mpich\"}\n",
		"worker.conf:2: packages are installed by firstboot, which this profile does "
		"without, and 'mpich' is not in the base");
	assert_refused(&f, &custom_packages, "firstboot = true\npackages = {\"Mpich\"}\n",
		       "'Mpich' is not the name of a Debian package");
	assert_refused(&f, &custom_packages, "firstboot = true\npackages = {\"mpich-\"}\n",
		       "'mpich-' is not the name of a Debian package");
	fixture_done(&f);
}

static void systems_that_cannot_have_them_are_noted(void **state)
{
	(void)state;
	struct fixture f;
	fixture_init(&f);
	fixture_profile(&f, PROFILE);
	fixture_run(&f, &custom_packages);
	assert_note(&f, "no package is installed in this image: its packages are not of Debian's");
	fixture_put(&f, "root/var/lib/dpkg/status", DPKG);
	fixture_put(&f, "root/sbin/init", "not systemd\n");
	fixture_run(&f, &custom_packages);
	assert_note(&f, "without systemd, firstboot has no network phase");
	assert_attr(&f, CARD, "none");
	fixture_done(&f);
}

static void what_only_the_board_can_get_is_left_to_it(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	fixture_profile(&f, PROFILE);
	fixture_run(&f, &custom_packages);
	assert_note(&f, "the board downloads mpich, slurmd itself, once it has a network, because "
			"only the board can use its source 'cdrom:[Debian]'");
	assert_file(&f, LIST, "# Written by Cardstock, downloaded by the board: mpich slurmd\n");
	fixture_done(&f);
}

static void an_image_without_sources_or_architecture_is_refused(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	fixture_put(&f, "root/etc/apt/sources.list", "# none\n");
	assert_refused(&f, &custom_packages, PROFILE,
		       "worker.conf:2: packages: the image has no source of packages in /etc/apt");
	fixture_put(&f, "root/var/lib/dpkg/status", "Package: mpich\n");
	auto_err e = ERR_INIT;
	fixture_profile(&f, PROFILE);
	assert_fails(fixture_try(&f, &custom_packages, &e), &e, ERR_IMAGE,
		     "/var/lib/dpkg/status: has no package dpkg");
	fixture_done(&f);
}

static void installed_is_what_dpkg_calls_so(void **state)
{
	(void)state;
	autofree char *dpkg = packages_installed(DPKG, "dpkg");
	assert_string_equal(dpkg, "1.22");
	assert_null(packages_installed(DPKG, "gone"));
	assert_null(packages_installed(DPKG, "mpich"));
}

/* As in a base that was made with them: no apt is asked, and firstboot is not needed. */
static void what_the_base_has_is_neither_carried_nor_downloaded(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	fixture_put(&f, "root" LIST, "# Written by Cardstock, on the card: dpkg\n");
	fixture_profile(&f, "packages = {\"dpkg\"}\n");
	fixture_run(&f, &custom_packages);
	assert_note(&f, "packages that are in the image already: dpkg 1.22");
	assert_attr(&f, LIST, "none");
	fixture_done(&f);
}

/* A former plan's files go, an overlay's stay; names in the list cannot lead out of the directory.
 */
static void what_a_former_plan_put_there_goes(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	fixture_put(&f, "root" CARD "/old_1_all.deb", "old");
	fixture_put(&f, "root" CARD "/own_1_all.deb", "own");
	fixture_put(&f, "root" LIST,
		    "# Written by Cardstock, on the card: old\n" SUM "  old_1_all.deb\n" SUM
		    "  ../../../../etc/hostname\n");
	fixture_profile(&f, "");
	fixture_run(&f, &custom_packages);
	assert_attr(&f, CARD "/old_1_all.deb", "none");
	assert_attr(&f, LIST, "none");
	assert_file(&f, CARD "/own_1_all.deb", "own");
	assert_file(&f, "/etc/hostname", "raspberrypi\n");
	fixture_done(&f);
}

/* One package that has been downloaded. */
static struct apt_package package_of(struct fixture *f, uint64_t installed)
{
	fixture_put(f, "mpich.deb", "the package");
	return (struct apt_package){.file = (char *)"mpich_4.0_arm64.deb",
				    .name = (char *)"mpich",
				    .version = (char *)"4.0",
				    .architecture = (char *)"arm64",
				    .sha256 = (char *)SUM,
				    .bytes = strlen("the package"),
				    .installed = installed,
				    .path = path_join(f->dir, "mpich.deb")};
}

static void files_and_their_list(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	fixture_profile(&f, PROFILE);
	auto_plan *plan = plan_new(NULL);
	auto_err e = ERR_INIT;
	struct plan_ctx ctx = begin(&f, plan);
	struct apt_package p = package_of(&f, 2048);
	const struct apt_set set = {.v = &p, .n = 1};
	const struct strv *names = section_list(&f.profile->top, "packages");
	assert_ok(packages_plan_files(&ctx, names, &set, &e), &e);
	assert_string_equal(
		plan_notes(plan)->v[0],
		"packages on the card: 1, 11 bytes (11 bytes); once installed they take "
		"2.0 KiB");
	assert_ok(plan_apply(plan, f.tree, &e), &e);
	assert_file(&f, CARD "/mpich_4.0_arm64.deb", "the package");
	assert_attr(&f, CARD "/mpich_4.0_arm64.deb", "0644 0 0");
	assert_file(&f, LIST,
		    "# Written by Cardstock, on the card: mpich slurmd\n" SUM
		    "  mpich_4.0_arm64.deb\n");
	free(p.path);
	fixture_done(&f);
}

static void room_is_needed_for_what_is_installed_unless_the_root_grows(void **state)
{
	(void)state;
	struct fixture f;
	init(&f);
	fixture_profile(&f, PROFILE);
	auto_plan *plan = plan_new(NULL);
	auto_err e = ERR_INIT;
	struct plan_ctx ctx = begin(&f, plan);
	struct apt_package p = package_of(&f, UINT64_C(1) << 50);
	const struct apt_set set = {.v = &p, .n = 1};
	assert_fails(packages_check_room(&ctx, &set, &e), &e, ERR_SPACE,
		     "11 bytes of packages, 1024 TiB of what they install");
	assert_fails(packages_check_room(&ctx, &set, &e), &e, ERR_SPACE,
		     "enlarge it by image-size");
	ctx.image_size = UINT64_C(1) << 30;
	assert_fails(packages_check_room(&ctx, &set, &e), &e, ERR_SPACE, "set image-size = \"");
	err_done(&e);
	ctx.image_grows = UINT64_C(1) << 51;
	assert_ok(packages_check_room(&ctx, &set, &e), &e);
	ctx.image_grows = 0;
	assert_ok(plan_write_text(&ctx, "/etc/cardstock/firstboot.conf",
				  "version = 1\ngrow = yes\n", ATTR_KEEP, "", &e),
		  &e);
	assert_ok(packages_check_room(&ctx, &set, &e), &e);
	free(p.path);
	fixture_done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_done_unless_it_is_asked_for),
		cmocka_unit_test(wrong_profiles_are_refused_by_line),
		cmocka_unit_test(systems_that_cannot_have_them_are_noted),
		cmocka_unit_test(what_only_the_board_can_get_is_left_to_it),
		cmocka_unit_test(an_image_without_sources_or_architecture_is_refused),
		cmocka_unit_test(installed_is_what_dpkg_calls_so),
		cmocka_unit_test(what_the_base_has_is_neither_carried_nor_downloaded),
		cmocka_unit_test(what_a_former_plan_put_there_goes),
		cmocka_unit_test(files_and_their_list),
		cmocka_unit_test(room_is_needed_for_what_is_installed_unless_the_root_grows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
