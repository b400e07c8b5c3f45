/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "source_fixture.h"

static void raw_image_is_used_where_it_is(void **state)
{
	(void)state;
	make_image("image");
	auto_err e = ERR_INIT;
	auto_source *s = NULL;
	assert_int_equal(get_base("image", NULL, &s, &e), 0);
	assert_string_equal(s->path, "./image");
	assert_int_equal(count_in("cardstock"), 0);
}

static void file_url_is_a_path(void **state)
{
	(void)state;
	make_image("an image");
	autofree char *url = xasprintf("file://%s/an%%20image", home);
	auto_err e = ERR_INIT;
	auto_source *s = NULL;
	assert_int_equal(get_base(url, NULL, &s, &e), 0);
	assert_same_file(s->path, "an image");
}

static void every_compression_is_known_by_content(void **state)
{
	(void)state;
	make_image("image");
	RUN("xz", "-k", "-1", "image");
	RUN("gzip", "-k", "image");
	RUN("zstd", "-q", "-k", "image");
	RUN("bzip2", "-k", "image");
	const char *const names[] = {"image.xz", "image.gz", "image.zst", "image.bz2"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		assert_int_equal(rename(names[i], "misleading.iso"), 0);
		assert_unpacks_to_image("misleading.iso");
	}
}

static void zeros_become_holes(void **state)
{
	(void)state;
	make_image("image");
	RUN("xz", "-k", "-1", "image");
	auto_err e = ERR_INIT;
	auto_source *s = NULL;
	struct stat st;
	assert_int_equal(get_base("image.xz", NULL, &s, &e), 0);
	assert_int_equal(stat(s->path, &st), 0);
	assert_int_equal(st.st_size, IMAGE_SIZE);
	assert_true(st.st_blocks * 512 <= (2 << 20) + (64 << 10));
}

static void xz_of_many_blocks_and_streams_with_padding(void **state)
{
	(void)state;
	make_image("part");
	RUN("xz", "-k", "-0", "--block-size=100000", "part");
	RUN("cp", "part", "image");
	size_t len, image_len;
	autofree char *xz = get("part.xz", &len), *part = get("part", &image_len);
	auto_str twice = STR_INIT, image = STR_INIT;
	str_add(&twice, xz, len);
	str_add(&twice, "\0\0\0\0", 4);
	str_add(&twice, xz, len);
	str_add(&image, part, image_len);
	str_add(&image, part, image_len);
	put("image", image.data, image.len);
	put("twice.xz", twice.data, twice.len);
	assert_unpacks_to_image("twice.xz");
}

static void zip_and_7z_with_one_image_among_other_files(void **state)
{
	(void)state;
	make_image("image");
	put("README", "read me\n", 8);
	RUN("zip", "-q", "a", "README", "image");
	RUN("7z", "a", "-bso0", "b.7z", "README", "image");
	RUN("zip", "-q", "-0", "stored", "image");
	assert_unpacks_to_image("a.zip");
	assert_unpacks_to_image("b.7z");
	assert_unpacks_to_image("stored.zip");
}

static void second_time_nothing_is_unpacked(void **state)
{
	(void)state;
	make_image("image");
	RUN("gzip", "-k", "image");
	auto_err e = ERR_INIT;
	auto_source *first = NULL, *second = NULL;
	struct stat a, b;
	assert_int_equal(get_base("image.gz", NULL, &first, &e), 0);
	assert_int_equal(stat(first->path, &a), 0);
	assert_int_equal(get_base("image.gz", NULL, &second, &e), 0);
	assert_string_equal(first->path, second->path);
	assert_string_equal(first->id, second->id);
	assert_int_equal(stat(second->path, &b), 0);
	assert_int_equal(a.st_ino, b.st_ino);
	assert_int_equal(count_in("cardstock"), 1); /* no lock, no temporary */
}

static void changed_file_is_unpacked_again(void **state)
{
	(void)state;
	make_image("image");
	RUN("gzip", "-k", "image");
	assert_unpacks_to_image("image.gz");
	RUN("truncate", "-s", "4M", "image");
	RUN("gzip", "-kf", "image");
	assert_unpacks_to_image("image.gz");
}

static void several_images_in_a_zip_are_listed(void **state)
{
	(void)state;
	make_image("one.img");
	make_image("two.img");
	RUN("zip", "-q", "a", "one.img", "two.img");
	assert_fails("a.zip", NULL, ERR_IMAGE, "'one.img', 'two.img'; unpack it");
}

static void zip_without_an_image_lists_its_files(void **state)
{
	(void)state;
	put("a.txt", "a", 1);
	put("b.txt", "b", 1);
	RUN("zip", "-q", "a", "a.txt", "b.txt");
	assert_fails("a.zip", NULL, ERR_IMAGE, "is a disk image: 'a.txt', 'b.txt'");
}

static void encrypted_archives_are_refused(void **state)
{
	(void)state;
	make_image("image");
	RUN("zip", "-q", "-P", "secret", "a", "image");
	RUN("7z", "a", "-bso0", "-psecret", "-mhe=on", "b.7z", "image");
	assert_fails("a.zip", NULL, ERR_IMAGE, "encrypted");
	assert_fails("b.7z", NULL, ERR_IMAGE, "encrypted");
}

static void wrong_digest_names_both_sums(void **state)
{
	(void)state;
	static const char wanted[] =
		"00000000000000000000000000000000000000000000000000000000000000ff";
	make_image("image");
	RUN("xz", "-k", "-0", "image");
	RUN("gzip", "-k", "image");
	RUN("zip", "-q", "image.zip", "image");
	const char *const names[] = {"image", "image.xz", "image.gz", "image.zip"};
	for (size_t i = 0; i < 4; i++) {
		autofree char *fragment = xasprintf(", but %s was asked for", wanted);
		assert_fails(names[i], wanted, ERR_IMAGE, fragment);
	}
}

/* The first 64 characters that sha256sum prints. */
static char *sha256sum(const char *path)
{
	auto_str out = STR_INIT;
	auto_err e = ERR_INIT;
	const char *const argv[] = {"sha256sum", path, NULL};
	const struct run r = {.argv = argv, .output = &out};
	assert_int_equal(run(&r, &e), 0);
	return xstrndup(str_text(&out), 64);
}

static void right_digest_is_accepted_in_any_case(void **state)
{
	(void)state;
	make_image("image");
	RUN("xz", "-k", "-0", "image");
	autofree char *sum = sha256sum("image.xz");
	for (char *c = sum; *c; c++)
		*c = *c >= 'a' ? (char)(*c - 'a' + 'A') : *c;
	auto_err e = ERR_INIT;
	auto_source *s = NULL;
	assert_int_equal(get_base("image.xz", sum, &s, &e), 0);
	assert_same_file(s->path, "image");
}

static void digest_that_is_none_is_refused(void **state)
{
	(void)state;
	make_image("image");
	assert_fails("image", "1234", ERR_PROFILE, "sha256 '1234' is not 64 hex digits");
}

static void truncated_file_is_refused_at_every_length(void **state)
{
	(void)state;
	static const char *const names[] = {"s.xz", "s.gz", "s.zst", "s.bz2", "s.zip", "s.7z"};
	unsigned char sector[1024] = {"boot"};
	sector[510] = 0x55;
	sector[511] = 0xaa;
	put("s", sector, sizeof(sector));
	RUN("xz", "-k", "s");
	RUN("gzip", "-k", "s");
	RUN("zstd", "-q", "-k", "s");
	RUN("bzip2", "-k", "s");
	RUN("zip", "-q", "s.zip", "s");
	RUN("7z", "a", "-bso0", "s.7z", "s");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t len;
		autofree char *data = get(names[i], &len);
		/* Shorter than its magic, a file is just a small raw image. */
		for (size_t cut = 6; cut < len; cut++) {
			put("cut", data, cut);
			assert_fails("cut", NULL, ERR_IMAGE, "cut: ");
		}
	}
}

/* One byte of the data, then each byte of the checksums at the end. */
static void damaged_file_is_refused(void **state)
{
	(void)state;
	static const char *const names[] = {"image.xz",	 "image.gz", "image.bz2",
					    "image.zip", "image.7z", "image.zst"};
	make_image("image");
	RUN("xz", "-k", "-0", "--block-size=200000", "image");
	RUN("gzip", "-k", "image");
	RUN("zstd", "-q", "--check", "-k", "image");
	RUN("bzip2", "-k", "image");
	RUN("zip", "-q", "image.zip", "image");
	RUN("7z", "a", "-bso0", "image.7z", "image");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t len;
		autofree char *data = get(names[i], &len);
		data[len / 2] ^= 1;
		put("bad", data, len);
		assert_fails("bad", NULL, ERR_IMAGE, "download it again");
	}
}

static void wrong_checksum_of_gzip_is_refused(void **state)
{
	(void)state;
	make_image("image");
	RUN("gzip", "-k", "image");
	size_t len;
	autofree char *data = get("image.gz", &len);
	data[len - 8] ^= 1;
	put("bad.gz", data, len);
	assert_fails("bad.gz", NULL, ERR_IMAGE, "the checksum at its end does not fit");
}

static void something_behind_the_compressed_data_is_refused(void **state)
{
	(void)state;
	static const char *const names[] = {"image.xz", "image.gz", "image.zst", "image.bz2"};
	make_image("image");
	RUN("xz", "-k", "-0", "image");
	RUN("gzip", "-k", "image");
	RUN("zstd", "-q", "-k", "image");
	RUN("bzip2", "-k", "image");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t len;
		autofree char *data = get(names[i], &len);
		auto_str more = STR_INIT;
		str_add(&more, data, len);
		str_puts(&more, "<html>not found</html>");
		put("more", more.data, more.len);
		assert_fails("more", NULL, ERR_IMAGE, "download it again");
	}
}

static void empty_missing_and_special_files_are_refused(void **state)
{
	(void)state;
	put("empty", "", 0);
	RUN("mkfifo", "pipe");
	assert_fails("empty", NULL, ERR_IMAGE, "the file is empty");
	assert_fails("./missing.img", NULL, ERR_IMAGE, "missing.img': No such file");
	assert_fails("./pipe", NULL, ERR_IMAGE, "neither a file nor a block device");
	assert_fails("/", NULL, ERR_IMAGE, "neither a file nor a block device");
	assert_fails("ftp://h/x.img", NULL, ERR_PROFILE, "only http, https and file URLs");
}

static void unknown_name_gets_a_suggestion_and_the_list(void **state)
{
	(void)state;
	static const char bases[] = "base \"debian-arm64\" { path = \"a\" }\n"
				    "base \"mine\" { path = \"b\" }\n";
	put("bases.conf", bases, strlen(bases));
	assert_fails("debian-arm46", NULL, ERR_PROFILE,
		     "did you mean 'debian-arm64'?; known names: debian-arm64, mine");
}

static void named_base_is_a_path_beside_its_file(void **state)
{
	(void)state;
	static const char bases[] = "base \"mine\" { path = \"image\" help = \"my own\" }\n";
	make_image("image");
	put("bases.conf", bases, strlen(bases));
	auto_err e = ERR_INIT;
	auto_source *s = NULL;
	assert_int_equal(get_base("mine", NULL, &s, &e), 0);
	assert_string_equal(s->name, "mine");
	assert_same_file(s->path, "image");
}

static void mistakes_in_bases_conf_are_named_with_line(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"\nbase \"a\" { pth = \"x\" }\n", "./bases.conf:2: "},
		{"base \"a\" { help = \"x\" }\n", "needs exactly one of recipe, path and url"},
		{"base \"a\" { path = \"x\" url = \"http://h/\" }\n", "exactly one of"},
		{"base \"a\" { url = \"gopher://h/\" }\n", "begins neither with https://"},
		{"base \"a\" { path = \"x\" sha256 = \"1\" }\n", "sha256 '1' is not"},
		{"base \"a\" {", "./bases.conf:"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		put("bases.conf", cases[i][0], strlen(cases[i][0]));
		assert_fails("a", NULL, ERR_PROFILE, cases[i][1]);
	}
}

static bool is_at_hand(const char *base)
{
	struct strv search = {0};
	strv_add(&search, ".");
	const struct source_spec spec = {
		.base = base, .dir = ".", .search = &search, .at_hand = true};
	auto_err e = ERR_INIT;
	auto_source *s = NULL;
	if (source_get(&spec, NULL, &s, &e) < 0)
		fail_msg("%s", e.msg);
	strv_done(&search);
	return s != NULL;
}

static void a_file_is_at_hand_when_it_is_there(void **state)
{
	(void)state;
	make_image("image");
	assert_true(is_at_hand("./image"));
	assert_false(is_at_hand("./other"));
}

static void recipe_is_made_once(void **state)
{
	(void)state;
	static const char program[] =
		"#!/bin/sh\n"
		"case $3 in\n"
		"--key) echo "
		"00000000000000000000000000000000000000000000000000000000000000aa;;\n"
		"--output) echo \"$1 $2\" >>../made; cp ../image \"$4\";;\n"
		"esac\n";
	static const char bases[] = "base \"b\" { recipe = {\"mk\", \"--suite\", \"x\"} }\n";
	make_image("image");
	assert_int_equal(mkdir("profiles", 0755) | mkdir("scripts", 0755), 0);
	put("scripts/mk", program, strlen(program));
	assert_int_equal(chmod("scripts/mk", 0755), 0);
	assert_int_equal(chdir("profiles"), 0);
	put("bases.conf", bases, strlen(bases));
	assert_false(is_at_hand("b"));
	for (int i = 0; i < 2; i++) {
		auto_err e = ERR_INIT;
		auto_source *s = NULL;
		if (get_base("b", NULL, &s, &e) < 0)
			fail_msg("%s", e.msg);
		assert_same_file(s->path, "../image");
	}
	assert_true(is_at_hand("b"));
	size_t len;
	autofree char *made = get("../made", &len);
	assert_string_equal(made, "--suite x\n");
}

/* A bases.conf may come from somebody else: `true` and /bin/sh exist, and are not ours. */
static void only_programs_of_cardstock_are_recipes(void **state)
{
	(void)state;
	static const char in_path[] = "base \"b\" { recipe = {\"true\"} }\n";
	static const char shell[] =
		"base \"b\" { recipe = {\"/bin/sh\", \"-c\", \"touch ran\"} }\n";
	put("bases.conf", in_path, strlen(in_path));
	assert_fails("b", NULL, ERR_PROFILE,
		     "base 'b' (./bases.conf:1): recipe 'true' is not a program of Cardstock");
	put("bases.conf", shell, strlen(shell));
	assert_fails("b", NULL, ERR_PROFILE, "recipe '/bin/sh' is a path");
	assert_int_equal(access("ran", F_OK), -1);
}

static void failing_recipe_is_named(void **state)
{
	(void)state;
	static const char program[] = "#!/bin/sh\necho no mirror >&2\nexit 1\n";
	static const char bases[] = "base \"b\" { recipe = {\"mk\"} }\n";
	assert_int_equal(mkdir("profiles", 0755) | mkdir("scripts", 0755), 0);
	put("scripts/mk", program, strlen(program));
	assert_int_equal(chmod("scripts/mk", 0755), 0);
	assert_int_equal(chdir("profiles"), 0);
	put("bases.conf", bases, strlen(bases));
	assert_fails("b", NULL, ERR_FAILED,
		     "base 'b' (./bases.conf:1): mk: exit code 1: no mirror");
}

/* Runs source_get in another process, so that it can be killed or wait for a lock. */
static pid_t fork_get(const char *base)
{
	pid_t pid = fork();
	if (pid)
		return pid;
	auto_err e = ERR_INIT;
	struct source *s = NULL;
	_exit(get_base(base, NULL, &s, &e) < 0 ? (int)e.code : 0);
}

static void two_runs_make_an_entry_once(void **state)
{
	(void)state;
	make_image("image");
	RUN("bzip2", "-k", "image");
	pid_t pids[4];
	int status;
	for (size_t i = 0; i < 4; i++)
		pids[i] = fork_get("image.bz2");
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	assert_int_equal(count_in("cardstock"), 1);
	assert_unpacks_to_image("image.bz2");
}

static void what_a_dead_run_left_is_removed(void **state)
{
	(void)state;
	make_image("image");
	RUN("gzip", "-k", "image");
	RUN("mkdir", "-p", "cardstock/images");
	put("cardstock/images/abc.lock", "", 0);
	put("cardstock/images/abc.tmp.img", "half", 4);
	assert_unpacks_to_image("image.gz");
	assert_int_equal(count_in("cardstock"), 1);
}

static void temporaries_of_a_living_run_stay(void **state)
{
	(void)state;
	make_image("image");
	RUN("gzip", "-k", "image");
	RUN("mkdir", "-p", "cardstock/images");
	put("cardstock/images/abc.lock", "", 0);
	put("cardstock/images/abc.tmp.img", "half", 4);
	int fd = open("cardstock/images/abc.lock", O_RDWR | O_CLOEXEC);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_unpacks_to_image("image.gz");
	close(fd);
	assert_int_equal(access("cardstock/images/abc.tmp.img", F_OK), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(raw_image_is_used_where_it_is),
		TEST(file_url_is_a_path),
		TEST(every_compression_is_known_by_content),
		TEST(zeros_become_holes),
		TEST(xz_of_many_blocks_and_streams_with_padding),
		TEST(zip_and_7z_with_one_image_among_other_files),
		TEST(second_time_nothing_is_unpacked),
		TEST(changed_file_is_unpacked_again),
		TEST(several_images_in_a_zip_are_listed),
		TEST(zip_without_an_image_lists_its_files),
		TEST(encrypted_archives_are_refused),
		TEST(wrong_digest_names_both_sums),
		TEST(right_digest_is_accepted_in_any_case),
		TEST(digest_that_is_none_is_refused),
		TEST(truncated_file_is_refused_at_every_length),
		TEST(damaged_file_is_refused),
		TEST(wrong_checksum_of_gzip_is_refused),
		TEST(something_behind_the_compressed_data_is_refused),
		TEST(empty_missing_and_special_files_are_refused),
		TEST(unknown_name_gets_a_suggestion_and_the_list),
		TEST(named_base_is_a_path_beside_its_file),
		TEST(mistakes_in_bases_conf_are_named_with_line),
		TEST(a_file_is_at_hand_when_it_is_there),
		TEST(recipe_is_made_once),
		TEST(only_programs_of_cardstock_are_recipes),
		TEST(failing_recipe_is_named),
		TEST(two_runs_make_an_entry_once),
		TEST(what_a_dead_run_left_is_removed),
		TEST(temporaries_of_a_living_run_stay),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
