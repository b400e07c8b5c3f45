/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The private directory that the host's apt works in, and the lists of packages in it. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "apt_private.h"
#include "hash.h"
#include "interrupt.h"
#include "io.h"
#include "mem.h"
#include "run.h"
#include "source.h"

#define FRESH_S 3600 /* so long two runs see the same lists, and give the same image */
#define STAMP "updated"
#define WAIT_NS 200000000

/* ---- what an image has ---- */

static struct apt_file *add_file(struct apt_image *image, const char *name)
{
	image->files = array_reserve(image->files, image->n, &image->cap, sizeof(*image->files));
	image->files[image->n] = (struct apt_file){.name = xstrdup(name)};
	return &image->files[image->n++];
}

struct str *apt_image_add(struct apt_image *image, const char *name)
{
	return &add_file(image, name)->data;
}

void apt_image_add_sources(struct apt_image *image, const char *name, bool deb822, struct str *text)
{
	struct apt_file *f = add_file(image, name);
	f->is_sources = true;
	f->is_deb822 = deb822;
	str_puts(&f->data, str_text(text));
	apt_sources_read(str_text(text), deb822, NULL, &image->sources, NULL);
}

void apt_image_done(struct apt_image *image)
{
	for (size_t i = 0; i < image->n; i++) {
		free(image->files[i].name);
		str_done(&image->files[i].data);
	}
	free(image->files);
	free(image->architecture);
	strv_done(&image->foreign);
	str_done(&image->status);
	apt_sources_done(&image->sources);
	*image = (struct apt_image){0};
}

/* Lists were checked with these keyrings, so they belong to them. */
static char *key_of(const struct apt_image *image)
{
	auto_hash *h = hash_new();
	hash_add(h, image->architecture, strlen(image->architecture) + 1);
	strv_foreach (arch, &image->foreign)
		hash_add(h, *arch, strlen(*arch) + 1);
	for (size_t i = 0; i < image->n; i++) {
		const struct apt_file *f = &image->files[i];
		hash_add(h, f->name, strlen(f->name) + 1);
		hash_add(h, str_text(&f->data), f->data.len + 1);
	}
	autofree char *hex = hash_hex(h);
	return xstrndup(hex, 32);
}

/* ---- the directory ---- */

static int lock(struct apt *a, struct err *e)
{
	autofree char *path = path_join(a->dir, "lock");
	bool said = false;
	a->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (a->lock < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open the lock", path);
	while (flock(a->lock, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK)
			return err_errno(e, ERR_FAILED, "%s: cannot lock", path);
		if (!said)
			progress_say(a->progress, "packages: waiting for another run");
		said = true;
		nanosleep(&(struct timespec){.tv_nsec = WAIT_NS}, NULL);
		if (interrupt_check(e) < 0)
			return -1;
	}
	return 0;
}

static int put(const struct apt *a, const char *name, const void *data, size_t len, struct err *e)
{
	autofree char *path = path_join(a->dir, name);
	autofree char *dir = path_dir(path);
	if (io_mkdirs(dir, 0700, e) < 0)
		return -1;
	/* A file that is new makes apt read all lists again. */
	return io_update_file(path, data, len, 0600, e) < 0 ? -1 : 0;
}

static int put_file(const struct apt *a, const struct apt_file *f, struct apt_sources *seen,
		    struct err *e)
{
	auto_str text = STR_INIT;
	autofree char *keys = path_join(a->dir, APT_KEYS);
	if (!f->is_sources)
		return put(a, f->name, str_text(&f->data), f->data.len, e);
	apt_sources_read(str_text(&f->data), f->is_deb822, keys, seen, &text);
	return put(a, f->name, str_text(&text), text.len, e);
}

/* Nothing of the host's configuration: neither its choices nor the programs that it would run. */
static int put_config(const struct apt *a, struct err *e)
{
	static const char text[] =
		"Dir::Etc::main \"/dev/null\";\nDir::Etc::parts \"/dev/null\";\n";
	return put(a, APT_CONFIG, text, strlen(text), e);
}

static int fill(const struct apt *a, const struct apt_image *image, struct err *e)
{
	static const char *const dirs[] = {APT_ETC "/sources.list.d", APT_ETC "/preferences.d",
					   APT_ETC "/trusted.gpg.d",  "state",
					   "lists/partial",	      APT_ARCHIVES "/partial"};
	auto_apt_sources seen = {0};
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++) {
		autofree char *dir = path_join(a->dir, dirs[i]);
		if (io_mkdirs(dir, 0700, e) < 0)
			return -1;
	}
	for (size_t i = 0; i < image->n; i++) {
		if (put_file(a, &image->files[i], &seen, e) < 0)
			return -1;
	}
	if (put(a, "status", str_text(&image->status), image->status.len, e) < 0)
		return -1;
	return put_config(a, e);
}

/* Signed-By is a list of words. */
static int check_dir(const char *dir, struct err *e)
{
	if (!dir[strcspn(dir, " \t,[]")])
		return 0;
	return err_set(
		e, ERR_FAILED,
		"the cache '%s' has a blank, a comma or a bracket in its name, which apt takes "
		"for the end of a keyring's name; point XDG_CACHE_HOME elsewhere",
		dir);
}

static void add_dirs(struct apt *a)
{
	static const char *const dirs[][2] = {
		{"Dir::Etc", APT_ETC},		{"Dir::State", "state"},
		{"Dir::State::lists", "lists"}, {"Dir::State::status", "status"},
		{"Dir::Cache", "cache"},	{"Dir::Log", "log"}};
	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		strv_printf(&a->options, "-o%s=%s/%s", dirs[i][0], a->dir, dirs[i][1]);
}

/*
 * Sandbox::User: root's apt would give its downloads to a user who may not enter the cache.
 * Phased updates would depend on the host's machine-id.
 */
static void add_options(struct apt *a, const struct apt_image *image)
{
	static const char *const options[] = {
		"-q",
		"-oAPT::Sandbox::User=root",
		"-oAPT::Install-Recommends=false",
		"-oAPT::Install-Suggests=false",
		"-oAPT::Get::Never-Include-Phased-Updates=true",
		"-oAPT::Update::Error-Mode=any",
		"-oAcquire::Languages=none",
		"-oAcquire::ForceHash=sha256",
		"-oAcquire::Retries=1",
		"-oAcquire::http::Timeout=20",
		"-oAcquire::https::Timeout=20",
		"-oDebug::NoLocking=true",
	};
	add_dirs(a);
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		strv_add(&a->options, options[i]);
	strv_printf(&a->options, "-oAPT::Architecture=%s", image->architecture);
	strv_printf(&a->options, "-oAPT::Architectures::=%s", image->architecture);
	strv_foreach (arch, &image->foreign)
		strv_printf(&a->options, "-oAPT::Architectures::=%s", *arch);
}

int apt_open(const struct apt_image *image, struct progress *p, struct apt **ret, struct err *e)
{
	autofree char *cache = cache_dir(e);
	autofree char *key = key_of(image);
	if (!cache || check_dir(cache, e) < 0)
		return -1;
	auto_apt *a = xcalloc(1, sizeof(*a));
	a->lock = -1;
	a->progress = p;
	a->dir = xasprintf("%s/apt/%s", cache, key);
	a->packages = path_join(cache, "packages");
	add_options(a, image);
	if (io_mkdirs(a->dir, 0700, e) < 0 || lock(a, e) < 0 || fill(a, image, e) < 0)
		return -1;
	*ret = steal(&a);
	return 0;
}

void apt_free(struct apt *a)
{
	if (!a)
		return;
	cleanup_close(&a->lock);
	strv_done(&a->options);
	free(a->dir);
	free(a->packages);
	free(a);
}

/* ---- its programs ---- */

int apt_run(const struct apt *a, const char *program, const struct strv *words, struct str *output,
	    struct str *messages, struct err *e)
{
	autofree char *config = xasprintf("APT_CONFIG=%s/" APT_CONFIG, a->dir);
	const char *const env[] = {config, NULL};
	auto_strv argv = {0};
	strv_add(&argv, program);
	strv_foreach (option, &a->options)
		strv_add(&argv, *option);
	strv_foreach (word, words)
		strv_add(&argv, *word);
	const struct run r = {.argv = (const char *const *)argv.v,
			      .env = env,
			      .output = output,
			      .messages = messages};
	return run(&r, e) < 0 ? -1 : 0;
}

bool apt_present(void)
{
	return run_is_installed("apt-get") && run_is_installed("apt-cache");
}

/* ---- lists ---- */

static int stamp(const struct apt *a, struct err *e)
{
	autofree char *path = path_join(a->dir, STAMP);
	return io_replace_file(path, "", 0, 0600, e);
}

/* Seconds since the lists were got; -1: there are none. */
static int stamp_age(const struct apt *a, char **ret_date, int64_t *ret)
{
	autofree char *path = path_join(a->dir, STAMP);
	struct stat st;
	struct tm tm;
	char date[64];
	if (stat(path, &st) < 0)
		return -1;
	if (gmtime_r(&st.st_mtime, &tm) && strftime(date, sizeof(date), "%Y-%m-%d %H:%M UTC", &tm))
		*ret_date = xstrdup(date);
	*ret = (int64_t)(time(NULL) - st.st_mtime);
	return 0;
}

/* What is wrong with a signature, or a source, is so whether there is a network or not. */
static int judge_sources(const char *messages, struct err *e)
{
	static const char *const malformed[] = {"E: Malformed ", NULL};
	static const char *const marks[] = {
		"W: GPG error: ",
		"W: An error occurred during the signature verification. The repository is not "
		"updated and the previous index files will be used. GPG error: ",
		"E: The repository ", NULL};
	autofree char *reason = apt_reason(messages, marks);
	autofree char *where = apt_reason(messages, malformed);
	if (where)
		return err_set(e, ERR_FAILED,
			       "apt cannot read a source of the image: malformed %s; put another "
			       "file in its place by an overlay",
			       where);
	if (!reason)
		return 0;
	return err_set(e, ERR_FAILED,
		       "apt refuses a source of the image: %s; bring its key by an overlay, or "
		       "another source in its place",
		       reason);
}

static int judge_update(const struct apt *a, const char *messages, const struct err *failure,
			enum apt_lists *ret, char **why, struct err *e)
{
	static const char *const marks[] = {"E: Failed to fetch ", "E: ", NULL};
	autofree char *date = NULL;
	int64_t age;
	if (failure->code == ERR_INTERRUPT)
		return err_set(e, ERR_INTERRUPT, "%s", failure->msg);
	if (judge_sources(messages, e) < 0)
		return -1;
	autofree char *reason = apt_reason(messages, marks);
	enum err_code code = failure->code;
	const char *advice = err_advice_said(messages, &code);
	if (*advice) /* this machine's disk is no matter of the network */
		return err_set(e, code, "%s: the lists of packages cannot be written: %s%s", a->dir,
			       reason ? reason : failure->msg, advice);
	*ret = stamp_age(a, &date, &age) == 0 ? APT_LISTS_OLD : APT_LISTS_NONE;
	*why = date ? xasprintf("the lists of packages are those of %s: %s", date,
				reason ? reason : failure->msg)
		    : xasprintf("the image's sources cannot be reached: %s",
				reason ? reason : failure->msg);
	return 0;
}

bool apt_is_updated(const struct apt *a)
{
	return a->updated;
}

int apt_update(struct apt *a, bool force, enum apt_lists *ret, char **why, struct err *e)
{
	auto_str output = STR_INIT, messages = STR_INIT;
	auto_strv words = {0};
	auto_err failure = ERR_INIT;
	autofree char *date = NULL;
	int64_t age;
	*ret = APT_LISTS_GOOD;
	if (!force && stamp_age(a, &date, &age) == 0 && age >= 0 && age < FRESH_S)
		return 0;
	strv_add(&words, "update");
	int step = progress_start(a->progress, "lists of packages", 0);
	int done = apt_run(a, "apt-get", &words, &output, &messages, &failure);
	progress_end(a->progress, step, done < 0 ? "failed" : NULL);
	if (done < 0)
		return judge_update(a, str_text(&messages), &failure, ret, why, e);
	a->updated = true;
	return stamp(a, e);
}
