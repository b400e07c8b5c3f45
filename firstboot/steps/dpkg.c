/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>
#include <unistd.h>

#include "bus.h"
#include "dpkg.h"
#include "mem.h"
#include "rootfs.h"
#include "run.h"

#define DPKG "/usr/bin/dpkg"
#define APT_GET "/usr/bin/apt-get"
#define TIMEOUT_S 3600 /* a big package on a slow card; an end that comes at all */

/* Questions are answered as if nobody were there: the old configuration file stays. */
static const char *const environment[] = {"DEBIAN_FRONTEND=noninteractive", "LC_ALL=C",
					  "NEEDRESTART_SUSPEND=1", NULL};
static const char *const keep_config[] = {"--force-confdef", "--force-confold"};

/* ---- what the tools said ---- */

/* The first line that has this; NULL when none. */
static char *find_line(const char *text, const char *mark)
{
	const char *at = strstr(text, mark);
	if (!at)
		return NULL;
	while (at > text && at[-1] != '\n')
		at--;
	at += strspn(at, " ");
	return xstrndup(at, strcspn(at, "\n"));
}

/* The line that tells most, the best mark first; owned. */
static char *find_reason(const char *text)
{
	static const char *const marks[] = {"No space left",	     " depends on ", " Depends: ",
					    "does not match system", "dpkg: error",  "E: "};
	char *line = NULL;
	for (size_t i = 0; !line && i < sizeof(marks) / sizeof(*marks); i++)
		line = find_line(text, marks[i]);
	return line;
}

/* Put what the program itself said to the error of running it. */
static int explain(const char *said, struct err *e)
{
	autofree char *reason = find_reason(said);
	if (!reason || strstr(e->msg, reason))
		return -1;
	enum err_code code = e->code;
	const char *advice = err_advice_said(reason, &code);
	autofree char *before = xstrdup(e->msg);
	return err_set(e, code, "%s: %s%s", before, reason, advice);
}

/* ---- running them ---- */

static int run_here(const struct strv *argv, struct str *said, struct err *e)
{
	auto_str messages = STR_INIT;
	const struct run r = {.argv = (const char *const *)argv->v,
			      .env = environment,
			      .output = said,
			      .messages = &messages};
	int done = run(&r, e);
	str_puts(said, str_text(&messages));
	return done;
}

static int run_by_bus(struct bus *b, const char *unit, const struct strv *argv, struct str *said,
		      struct err *e)
{
	const struct bus_job j = {.unit = unit,
				  .description = "Packages of this board",
				  .argv = (const char *const *)argv->v,
				  .env = environment,
				  .timeout_s = TIMEOUT_S,
				  .output = said};
	return bus_run(b, &j, e);
}

static int run_tool(const struct ctx *ctx, const char *unit, const struct strv *argv, struct err *e)
{
	auto_str said = STR_INIT;
	int done = ctx->bus ? run_by_bus(ctx->bus, unit, argv, &said, e) : run_here(argv, &said, e);
	return done < 0 ? explain(str_text(&said), e) : 0;
}

static void add_options(struct strv *argv, const char *prefix)
{
	for (size_t i = 0; i < sizeof(keep_config) / sizeof(*keep_config); i++)
		strv_printf(argv, "%s%s", prefix, keep_config[i]);
}

static void add_dpkg(const struct ctx *ctx, struct strv *argv)
{
	strv_add(argv, DPKG);
	if (*ctx->root)
		strv_printf(argv, "--root=%s", ctx->root);
	if (*ctx->root && geteuid() != 0)
		strv_add(argv, "--force-not-root");
	add_options(argv, "");
}

static void add_all(struct strv *argv, const char *const *options)
{
	for (; *options; options++)
		strv_add(argv, *options);
}

/* The lock may be that of unattended-upgrades, which begins when we do. */
static void add_apt(struct strv *argv)
{
	static const char *const options[] = {APT_GET,
					      "--yes",
					      "--quiet",
					      "--no-install-recommends",
					      "-oDPkg::Lock::Timeout=300",
					      "-oDPkg::Use-Pty=0",
					      NULL};
	add_all(argv, options);
	add_options(argv, "-oDPkg::Options::=");
}

/*
 * Without sources nothing can be had but these files; --no-download would say the same, but apt 2.6
 * does not find the files then.  Nor may its cache remember that there were no sources.  Without
 * --reinstall, half a package that a power cut left would count as installed.
 */
static void add_apt_for_files(struct strv *argv)
{
	static const char *const options[] = {"--reinstall",
					      "-oDir::Etc::SourceList=/dev/null",
					      "-oDir::Etc::SourceParts=/dev/null",
					      "-oDir::Cache::pkgcache=",
					      "-oDir::Cache::srcpkgcache=",
					      "install",
					      NULL};
	add_apt(argv);
	add_all(argv, options);
}

/* What a run without power left half done; some of it may lack a package that comes now. */
static int configure_all(const struct ctx *ctx, struct err *e)
{
	auto_strv argv = {0};
	add_dpkg(ctx, &argv);
	strv_add(&argv, "--configure");
	strv_add(&argv, "-a");
	return run_tool(ctx, "cardstock-configure.service", &argv, e);
}

int dpkg_has_apt(const struct ctx *ctx, struct err *e)
{
	return root_exists(ctx, APT_GET, e);
}

int dpkg_install(const struct ctx *ctx, const struct strv *paths, struct err *e)
{
	auto_err before = ERR_INIT;
	auto_strv argv = {0};
	int apt = *ctx->root ? 0 : dpkg_has_apt(ctx, e);
	if (apt < 0)
		return -1;
	int configured = configure_all(ctx, &before);
	if (apt) {
		add_apt_for_files(&argv);
	} else {
		add_dpkg(ctx, &argv);
		strv_add(&argv, "--skip-same-version");
		strv_add(&argv, "--install");
	}
	strv_foreach (path, paths)
		strv_add_owned(&argv, root_path(ctx, *path));
	if (run_tool(ctx, "cardstock-install.service", &argv, e) < 0)
		return configured < 0 ? err_wrap(e, "%s", before.msg) : -1;
	return configured < 0 ? configure_all(ctx, e) : 0;
}

/* ---- with a network ---- */

/* Without "any", apt-get is content when it reached nobody, and what it installs is then unknown.
 */
int dpkg_update(const struct ctx *ctx, struct err *e)
{
	static const char *const options[] = {"-oAPT::Update::Error-Mode=any", "update", NULL};
	auto_strv argv = {0};
	add_apt(&argv);
	add_all(&argv, options);
	return run_tool(ctx, "cardstock-update.service", &argv, e);
}

int dpkg_download(const struct ctx *ctx, const struct strv *names, struct err *e)
{
	static const char *const options[] = {"--no-upgrade", "install", NULL};
	auto_strv argv = {0};
	if (configure_all(ctx, e) < 0)
		return -1;
	add_apt(&argv);
	add_all(&argv, options);
	strv_foreach (name, names)
		strv_add(&argv, *name);
	return run_tool(ctx, "cardstock-install.service", &argv, e);
}

/* ---- asking them; that takes no privileges ---- */

int dpkg_read_file(const struct ctx *ctx, const char *path, char **ret_name, char **ret_version,
		   struct err *e)
{
	auto_str out = STR_INIT;
	auto_strv lines = {0};
	autofree char *file = root_path(ctx, path);
	const char *const argv[] = {"dpkg-deb", "--show", "--showformat=${Package}\n${Version}\n",
				    file, NULL};
	if (run(&(struct run){.argv = argv, .output = &out}, e) < 0)
		return -1;
	strv_split(&lines, str_text(&out), "\n");
	if (lines.n != 2)
		return err_set(e, ERR_FAILED, "has no name and version; make the package again");
	*ret_name = steal(&lines.v[0]);
	*ret_version = steal(&lines.v[1]);
	return 0;
}

int dpkg_status(const struct ctx *ctx, const char *name, char **ret, struct err *e)
{
	auto_str out = STR_INIT;
	autofree char *dir = root_path(ctx, "/var/lib/dpkg");
	autofree char *admin = xasprintf("--admindir=%s", dir);
	const char *const argv[] = {"dpkg-query", admin,
				    "--show",	  "--showformat=${db:Status-Status} ${Version}\n",
				    name,	  NULL};
	/* 1: it knows no package of that name. */
	int known = run(&(struct run){.argv = argv, .output = &out, .ok_status = 1 << 1}, e);
	if (known < 0)
		return -1;
	/* What others only depend on or provide has no version. */
	size_t len = strcspn(str_text(&out), "\n");
	len -= len && out.data[len - 1] == ' ';
	*ret = known == 0 ? xstrndup(str_text(&out), len) : xstrdup("not-installed");
	return 0;
}
