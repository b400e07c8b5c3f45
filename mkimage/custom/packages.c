/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packages that the profile wants and the image lacks: found by the host's apt, installed by
 * firstboot. */
#include "packages.h"

#include <string.h>

#include "custom.h"
#include "mem.h"
#include "systemd.h"
#include "validate.h"

static const struct key keys[] = {
	{.name = "packages",
	 .type = KEY_LIST,
	 .help = "Debian packages, with what they need: on the card, installed at the first boot",
	 .check = validate_package},
	{.name = NULL},
};

static int want(const struct profile *p, const struct cluster *c, struct wanted *ret, struct err *e)
{
	const struct value *v = profile_get(p, "packages");
	(void)c;
	(void)e;
	for (size_t i = 0; i < v->list.n; i++)
		wanted_add(ret, v->list.v[i], v->list_loc ? v->list_loc[i] : v->loc);
	return 0;
}

/* A request, and the image that it is for. */
struct request {
	struct wanted wanted;
	struct strv names; /* of it */
};

static void request_done(struct request *r)
{
	wanted_done(&r->wanted);
	strv_done(&r->names);
}

/* Where it begins; a name that is wrong has a line of its own. */
static int at_key(const struct request *r, struct err *e)
{
	struct loc loc = wanted_loc(&r->wanted, NULL);
	return e->code == ERR_INTERRUPT ? -1 : err_wrap(e, "%s:%d: packages", loc.file, loc.line);
}

/* ---- names ---- */

static int check_name(const struct strv *known, const struct apt_image *image, const char *name,
		      struct loc loc, struct err *e)
{
	if (strv_has(known, name))
		return 0;
	autofree char *uris = strv_join(&image->sources.uris, ", ");
	const char *near = str_nearest(name, (const char *const *)known->v, known->n);
	return err_at(e, loc, "package '%s' is in none of the image's sources (%s, for %s)%s%s%s",
		      name, uris, image->architecture, near ? "; did you mean '" : "",
		      near ? near : "",
		      near ? "'?" : "; look for its name, or bring its source by an overlay");
}

static int check_names(const struct request *r, struct apt *a, const struct apt_image *image,
		       struct err *e)
{
	auto_strv known = {0};
	if (apt_names(a, &known, e) < 0)
		return at_key(r, e);
	strv_foreach (name, &r->names) {
		if (check_name(&known, image, *name, wanted_loc(&r->wanted, *name), e) < 0)
			return -1;
	}
	return 0;
}

/* ---- the plan ---- */

static void note_old(struct plan_ctx *ctx, const char *why)
{
	if (why)
		plan_note(ctx, "packages: %s", why);
}

/* Once more with new lists: a mirror has only the newest version of a package. */
static int get_again(struct plan_ctx *ctx, const struct strv *names, struct apt *a,
		     struct apt_set *set, const struct err *failure, struct err *e)
{
	enum apt_lists lists;
	autofree char *why = NULL;
	if (apt_is_updated(a) || failure->code != ERR_FAILED)
		return err_set(e, failure->code, "%s", failure->msg);
	if (apt_update(a, true, &lists, &why, e) < 0)
		return -1;
	if (lists != APT_LISTS_GOOD)
		return err_set(e, failure->code, "%s", failure->msg);
	if (apt_resolve(a, names, set, e) < 0 || packages_check_room(ctx, set, e) < 0)
		return -1;
	return apt_download(a, names, set, e);
}

static int get(struct plan_ctx *ctx, const struct strv *names, struct apt *a, struct apt_set *set,
	       struct err *e)
{
	auto_err failure = ERR_INIT;
	if (apt_resolve(a, names, set, e) < 0 || packages_check_room(ctx, set, e) < 0)
		return -1;
	if (apt_download(a, names, set, &failure) == 0)
		return 0;
	return get_again(ctx, names, a, set, &failure, e);
}

static int plan_with(struct plan_ctx *ctx, const struct request *r, const struct apt_image *image,
		     struct apt *a, struct err *e)
{
	auto_apt_set set = {0};
	if (check_names(r, a, image, e) < 0)
		return -1;
	if (get(ctx, &r->names, a, &set, e) < 0)
		return at_key(r, e);
	return packages_plan_files(ctx, &r->names, &set, e);
}

static int plan_download(struct plan_ctx *ctx, const struct request *r, const char *why,
			 struct err *e)
{
	autofree char *all = strv_join(&r->names, ", ");
	plan_note(ctx,
		  "packages are not on the card: the board downloads %s itself, once it has a "
		  "network, because %s",
		  all, why);
	return packages_plan_download(ctx, &r->names, e);
}

static int plan_packages(struct plan_ctx *ctx, const struct request *r, struct err *e)
{
	auto_apt_image image = {0};
	auto_apt *a = NULL;
	autofree char *why = NULL;
	enum apt_lists lists = APT_LISTS_GOOD;
	if (packages_read_image(ctx, &image, &why, e) < 0)
		return at_key(r, e);
	if (why)
		return plan_download(ctx, r, why, e);
	if (!apt_present())
		return plan_download(ctx, r, "this machine has no apt to get them with", e);
	if (apt_open(&image, ctx->progress, &a, e) < 0)
		return at_key(r, e);
	if (apt_update(a, false, &lists, &why, e) < 0)
		return at_key(r, e);
	if (lists == APT_LISTS_NONE)
		return plan_download(ctx, r, why, e);
	note_old(ctx, why);
	return plan_with(ctx, r, &image, a, e);
}

/* A system that cannot install them says so, and is otherwise what the profile wants. */
static int find_obstacle(struct plan_ctx *ctx, const char **ret, struct err *e)
{
	int systemd = systemd_present(ctx, e);
	int fit = systemd < 0 ? -1 : packages_fit(ctx, e);
	*ret = !systemd ? "without systemd, firstboot has no network phase"
	       : !fit	? "its packages are not of Debian's kind"
			: NULL;
	return fit < 0 ? -1 : 0;
}

/* What the image lacks takes firstboot; missing is the first of it. */
static int plan_missing(struct plan_ctx *ctx, const struct request *r, const char *missing,
			struct err *e)
{
	if (!profile_bool(ctx->profile, "firstboot"))
		return err_at(e, wanted_loc(&r->wanted, missing),
			      "packages are installed by firstboot, which this profile does "
			      "without, and '%s' is not in the base; set firstboot = true",
			      missing);
	if (ctx->finished)
		return packages_check_finished(ctx, &r->names, e);
	return plan_packages(ctx, r, e);
}

static int plan_request(struct plan_ctx *ctx, const struct request *r, struct err *e)
{
	const char *obstacle = NULL, *missing;
	auto_strv there = {0};
	if (!r->names.n)
		return packages_plan_none(ctx, e);
	if (find_obstacle(ctx, &obstacle, e) < 0)
		return -1;
	if (obstacle) {
		plan_note(ctx, "no package is installed in this image: %s", obstacle);
		return packages_plan_none(ctx, e);
	}
	if (packages_find_installed(ctx, &r->wanted, &there, &missing, e) < 0)
		return -1;
	autofree char *all = strv_join(&there, ", ");
	if (there.n)
		plan_note(ctx, "packages that are in the image already: %s", all);
	return missing ? plan_missing(ctx, r, missing, e) : packages_plan_none(ctx, e);
}

static int plan(struct plan_ctx *ctx, struct err *e)
{
	__attribute__((cleanup(request_done))) struct request r = {0};
	if (wanted_collect(ctx->profile, ctx->cluster, &r.wanted, e) < 0)
		return -1;
	wanted_names(&r.wanted, &r.names);
	return plan_request(ctx, &r, e);
}

const struct custom custom_packages = {
	.name = "packages",
	.help = "Debian packages that are installed at the first boot",
	.keys = keys,
	.want = want,
	.plan = plan,
};
