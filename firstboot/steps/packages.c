/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Debian packages that the card carries, installed without a network. */
#include <string.h>

#include "dpkg.h"
#include "mem.h"
#include "rootfs.h"

#define STATE_DIR "/var/lib/cardstock"
#define PACKAGES STATE_DIR "/packages"
#define RECORD STATE_DIR "/packages.installed" /* a line for each file that is installed */
#define RECORD_MAX (1u << 20)

/* A file with a package. */
struct deb {
	char *path;
	char *line;		 /* for the record: name, size and time */
	char *package, *version; /* NULL: it is no package */
	struct err failure;
};

struct debs {
	struct deb *v;
	size_t n, cap;
};

static void debs_done(struct debs *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->v[i].path);
		free(d->v[i].line);
		free(d->v[i].package);
		free(d->v[i].version);
		err_done(&d->v[i].failure);
	}
	free(d->v);
}

#define auto_debs __attribute__((cleanup(debs_done))) struct debs

static int read_record(const struct ctx *ctx, struct strv *ret, struct err *e)
{
	auto_str text = STR_INIT;
	if (root_read(ctx, RECORD, RECORD_MAX, &text, e) < 0)
		return -1;
	strv_split(ret, str_text(&text), "\n");
	return 0;
}

/* Add the file unless the record has it as it is. */
static int add_new(const struct ctx *ctx, struct debs *d, const struct strv *record,
		   const char *name, struct err *e)
{
	autofree char *path = path_join(PACKAGES, name);
	struct stat st;
	int there = root_stat(ctx, path, &st, e);
	if (there <= 0)
		return there;
	autofree char *line = xasprintf("%s %lld %lld", name, (long long)st.st_size,
					(long long)st.st_mtime);
	if (strv_has(record, line))
		return 0;
	d->v = array_reserve(d->v, d->n, &d->cap, sizeof(*d->v));
	d->v[d->n++] = (struct deb){.path = steal(&path), .line = steal(&line)};
	return 0;
}

static int find_new(const struct ctx *ctx, struct debs *d, const struct strv *record, struct err *e)
{
	auto_strv names = {0};
	if (root_list(ctx, PACKAGES, &names, e) < 0)
		return -1;
	strv_foreach (name, &names) {
		if (str_ends(*name, ".deb") && add_new(ctx, d, record, *name, e) < 0)
			return -1;
	}
	return 0;
}

/* A damaged file would keep the others from being installed. */
static int install(const struct ctx *ctx, struct debs *d, struct err *e)
{
	auto_strv paths = {0};
	for (size_t i = 0; i < d->n; i++) {
		struct deb *deb = &d->v[i];
		if (dpkg_read_file(ctx, deb->path, &deb->package, &deb->version, &deb->failure) ==
		    0)
			strv_add(&paths, deb->path);
	}
	return paths.n ? dpkg_install(ctx, &paths, e) : 0;
}

/* dpkg's word counts, not the exit code of a tool that had several to do. */
static void check(const struct ctx *ctx, struct deb *deb)
{
	autofree char *status = NULL, *wanted = NULL;
	if (deb->failure.msg || dpkg_status(ctx, deb->package, &status, &deb->failure) < 0)
		return;
	wanted = xasprintf("installed %s", deb->version);
	if (strcmp(status, wanted) != 0)
		(void)!err_set(&deb->failure, ERR_FAILED, "%s %s is %s", deb->package, deb->version,
			       status);
}

static int write_record(const struct ctx *ctx, const struct debs *d, struct strv *record,
			struct err *e)
{
	size_t before = record->n;
	for (size_t i = 0; i < d->n; i++) {
		if (!d->v[i].failure.msg)
			strv_add(record, d->v[i].line);
	}
	if (record->n == before)
		return 0;
	autofree char *lines = strv_join(record, "\n");
	autofree char *text = xasprintf("%s\n", lines);
	return root_replace(ctx, RECORD, text, strlen(text), 0644, e);
}

/* why: what the tools said; no message when they were content. */
static int tell(const struct debs *d, const struct err *why, struct str *message, struct err *e)
{
	auto_strv done = {0}, failed = {0};
	for (size_t i = 0; i < d->n; i++) {
		const struct deb *deb = &d->v[i];
		if (deb->failure.msg)
			strv_printf(&failed, "'%s': %s", path_base(deb->path), deb->failure.msg);
		else
			strv_printf(&done, "%s %s", deb->package, deb->version);
	}
	autofree char *all = strv_join(failed.n ? &failed : &done, failed.n ? "; " : ", ");
	if (!failed.n) {
		str_printf(message, "installed %s", all);
		return 1;
	}
	return err_set(e, why->msg ? why->code : ERR_FAILED,
		       "%zu of %zu packages not installed: %s%s%s", failed.n, d->n, all,
		       why->msg ? ": " : "", why->msg ? why->msg : "");
}

static int install_all(const struct ctx *ctx, struct debs *d, struct strv *record,
		       struct str *message, struct err *e)
{
	auto_err why = ERR_INIT;
	if (install(ctx, d, &why) < 0 && why.code == ERR_INTERRUPT)
		return err_set(e, why.code, "%s", why.msg);
	for (size_t i = 0; i < d->n; i++)
		check(ctx, &d->v[i]);
	return write_record(ctx, d, record, e) < 0 ? -1 : tell(d, &why, message, e);
}

static void promise(const struct debs *d, struct str *message)
{
	for (size_t i = 0; i < d->n; i++)
		str_printf(message, "%s%s", i ? ", " : "", path_base(d->v[i].path));
}

static int run_step(struct ctx *ctx, struct str *message, struct err *e)
{
	auto_strv record = {0};
	auto_debs new = {0};
	if (read_record(ctx, &record, e) < 0 || find_new(ctx, &new, &record, e) < 0)
		return -1;
	if (!new.n) {
		str_puts(message, record.n ? "all are installed" : "the card has none");
		return 0;
	}
	int dpkg = root_exists(ctx, "/var/lib/dpkg", e);
	if (dpkg < 0)
		return -1;
	if (!dpkg)
		return err_set(e, ERR_FAILED,
			       PACKAGES ": packages of Debian, but this system has no dpkg; take "
					"them out of the image");
	if (ctx->dry_run) {
		promise(&new, message);
		return 1;
	}
	return install_all(ctx, &new, &record, message, e);
}

const struct step step_packages = {
	.name = "packages",
	.help = "packages that the card carries",
	.phase = PHASE_NETWORK,
	.run = run_step,
};
