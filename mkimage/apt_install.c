/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What apt would install, and the files of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apt_private.h"
#include "io.h"
#include "log.h"
#include "mem.h"

int apt_names(struct apt *a, struct strv *ret, struct err *e)
{
	auto_str output = STR_INIT;
	auto_strv words = {0};
	strv_add(&words, "pkgnames");
	if (apt_run(a, "apt-cache", &words, &output, NULL, e) < 0)
		return -1;
	strv_split(ret, str_text(&output), "\n");
	return 0;
}

/* ---- which packages ---- */

/* Nothing is upgraded that is there already, nor removed: the profile did not ask for it. */
static void add_install(struct strv *words, const char *option, const struct strv *names)
{
	static const char *const options[] = {"--yes", "--no-upgrade", "--no-remove", "install"};
	strv_add(words, option);
	for (size_t i = 0; i < sizeof(options) / sizeof(*options); i++)
		strv_add(words, options[i]);
	strv_foreach (name, names)
		strv_add(words, *name);
}

/* failure has what the program's end was. */
static int explain(const char *output, const char *messages, const struct err *failure,
		   struct err *e)
{
	static const char *const marks[] = {"E: ", NULL};
	autofree char *unmet = apt_said(output, "The following packages have unmet dependencies:");
	autofree char *removed = apt_said(output, "The following packages will be REMOVED:");
	autofree char *reason = apt_reason(messages, marks);
	if (unmet)
		return err_set(e, ERR_PROFILE,
			       "they cannot be installed: %s; take them out, or bring a source "
			       "that has what they need by an overlay",
			       unmet);
	if (removed)
		return err_set(e, ERR_PROFILE,
			       "they cannot be installed beside what is in the image; this would "
			       "have to go: %s",
			       removed);
	return err_set(e, failure->code, "%s", reason ? reason : failure->msg);
}

/* NAME:ARCHITECTURE=VERSION; what is for all architectures goes by its name alone. */
static void add_query(struct strv *words, const struct apt_package *p)
{
	if (strcmp(p->architecture, "all") == 0)
		strv_printf(words, "%s=%s", p->name, p->version);
	else
		strv_printf(words, "%s:%s=%s", p->name, p->architecture, p->version);
}

static int find_sizes(const struct apt *a, struct apt_set *set, struct err *e)
{
	auto_str output = STR_INIT;
	auto_strv words = {0};
	if (!set->n)
		return 0;
	strv_add(&words, "show");
	for (size_t i = 0; i < set->n; i++)
		add_query(&words, &set->v[i]);
	if (apt_run(a, "apt-cache", &words, &output, NULL, e) < 0)
		return -1;
	apt_read_sizes(str_text(&output), set);
	return 0;
}

/*
 * What a former run left there may be of another system; and of what is there apt thinks that
 * nobody has to get it.
 */
static int clear_archives(const struct apt *a, struct err *e)
{
	autofree char *dir = path_join(a->dir, APT_ARCHIVES);
	auto_strv names = {0};
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot list", dir);
	if (io_list_fd(fd, dir, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		autofree char *path = path_join(dir, *name);
		if (str_ends(*name, ".deb") && unlink(path) < 0 && errno != ENOENT)
			return err_errno(e, ERR_FAILED, "%s: cannot remove", path);
	}
	return 0;
}

int apt_resolve(struct apt *a, const struct strv *names, struct apt_set *ret, struct err *e)
{
	auto_str output = STR_INIT, messages = STR_INIT;
	auto_strv words = {0};
	auto_err failure = ERR_INIT;
	auto_apt_set set = {0};
	if (clear_archives(a, e) < 0)
		return -1;
	add_install(&words, "--print-uris", names);
	if (apt_run(a, "apt-get", &words, &output, &messages, &failure) < 0)
		return explain(str_text(&output), str_text(&messages), &failure, e);
	if (apt_read_uris(str_text(&output), &set, e) < 0 || find_sizes(a, &set, e) < 0)
		return -1;
	apt_set_done(ret);
	*ret = set;
	set = (struct apt_set){0};
	return 0;
}

/* ---- their files ---- */

static bool is_whole(const char *path, uint64_t bytes)
{
	struct stat st;
	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == bytes;
}

/* apt finds what we have in its archives.  Where files have one name only, it gets them again. */
static void offer(const struct apt_package *p, const char *archives)
{
	autofree char *to = path_join(archives, p->file);
	if (is_whole(p->path, p->bytes) && link(p->path, to) < 0)
		log_debug("%s: cannot link to '%s': %s", p->path, to, strerror(errno));
}

/* apt has compared the sum; a power cut must not leave the name without the content. */
static int keep(const struct apt_package *p, const char *archives, struct err *e)
{
	autofree char *from = path_join(archives, p->file);
	autofree char *dir = path_dir(p->path);
	if (is_whole(p->path, p->bytes))
		return 0;
	if (!is_whole(from, p->bytes))
		return err_set(e, ERR_FAILED, "%s: was to be downloaded and is not there", from);
	if (io_flush_file(from, e) < 0 || io_mkdirs(dir, 0700, e) < 0)
		return -1;
	if (rename(from, p->path) < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot rename to '%s'", from, p->path);
	return io_flush_dir(dir, e);
}

static int judge_download(const char *messages, const struct err *failure, struct err *e)
{
	static const char *const marks[] = {"E: Failed to fetch ", "E: ", NULL};
	autofree char *reason = apt_reason(messages, marks);
	if (failure->code == ERR_INTERRUPT)
		return err_set(e, ERR_INTERRUPT, "%s", failure->msg);
	enum err_code code = failure->code;
	const char *advice = err_advice_said(reason ? reason : "", &code);
	return err_set(e, code, "cannot be downloaded: %s%s; what was got is kept, try again",
		       reason ? reason : failure->msg, advice);
}

static int run_download(struct apt *a, const struct strv *names, uint64_t missing, struct err *e)
{
	auto_str output = STR_INIT, messages = STR_INIT;
	auto_strv words = {0};
	auto_err failure = ERR_INIT;
	autofree char *size = format_size(missing);
	autofree char *what = xasprintf("download of packages (%s)", size);
	add_install(&words, "--download-only", names);
	int step = progress_start(a->progress, what, 0);
	int done = apt_run(a, "apt-get", &words, &output, &messages, &failure);
	progress_end(a->progress, step, done < 0 ? "failed" : NULL);
	return done < 0 ? judge_download(str_text(&messages), &failure, e) : 0;
}

/* Those that came are kept even when others did not. */
static int fetch(struct apt *a, const struct strv *names, struct apt_set *set, uint64_t missing,
		 struct err *e)
{
	auto_err ignored = ERR_INIT;
	autofree char *archives = path_join(a->dir, APT_ARCHIVES);
	for (size_t i = 0; i < set->n; i++)
		offer(&set->v[i], archives);
	int done = run_download(a, names, missing, e);
	for (size_t i = 0; i < set->n; i++) {
		if (keep(&set->v[i], archives, done < 0 ? &ignored : e) < 0 && done == 0)
			return -1;
	}
	return done < 0 ? -1 : clear_archives(a, e);
}

int apt_download(struct apt *a, const struct strv *names, struct apt_set *set, struct err *e)
{
	uint64_t missing = 0;
	for (size_t i = 0; i < set->n; i++) {
		struct apt_package *p = &set->v[i];
		free(p->path);
		p->path = xasprintf("%s/%s/%s", a->packages, p->sha256, p->file);
		if (!is_whole(p->path, p->bytes))
			missing += p->bytes;
	}
	return missing ? fetch(a, names, set, missing, e) : 0;
}
