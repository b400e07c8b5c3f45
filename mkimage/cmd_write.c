/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Everything is judged before the first byte is written; then each card has a process of its own.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "card_node.h"
#include "commands.h"
#include "jobs.h"
#include "json.h"
#include "mem.h"

/* What a card's process leaves for the parent, in memory that they share. */
struct outcome {
	struct card_result result;
	enum card_stage stage;
	bool ejected;
};

struct target {
	const struct options *options;
	struct card card;
	struct card_image image;
	struct outcome *outcome;
	enum card_free free_space;
	struct jobs *jobs; /* in its process */
};

struct run {
	const struct options *options;
	struct target *targets;
	struct outcome *outcomes;
	size_t n;
	size_t first; /* of the operands that is a device */
	enum card_free free_space;
	struct card_nodes nodes; /* with --profile: what images are made of */
};

static void run_done(struct run *r)
{
	for (size_t i = 0; i < r->n; i++) {
		card_done(&r->targets[i].card);
		card_image_done(&r->targets[i].image);
	}
	if (r->outcomes)
		munmap(r->outcomes, r->n * sizeof(*r->outcomes));
	free(r->targets);
	card_nodes_done(&r->nodes);
}

/* ---- which image goes where ---- */

/* The name as the user gave it, or the kernel's: sdb for /dev/disk/by-id/usb-…. */
static bool is_named(const char *path, const char *name)
{
	char real[PATH_MAX];
	if (strcmp(path, name) == 0)
		return true;
	return realpath(path, real) &&
	       (strcmp(real, name) == 0 || strcmp(path_base(real), name) == 0);
}

static bool is_forced(const struct options *o, const char *path)
{
	strv_foreach (name, &o->force) {
		if (is_named(path, *name))
			return true;
	}
	return false;
}

static bool looks_like_device(const struct options *o, const char *path)
{
	struct stat st;
	return str_starts(path, "/dev/") || is_forced(o, path) ||
	       (stat(path, &st) == 0 && S_ISBLK(st.st_mode));
}

static int check_no_profile(const struct options *o, struct err *e)
{
	if (!o->node && !o->count && !o->cluster && !o->new_card && !o->generic)
		return 0;
	return err_set(e, ERR_USAGE,
		       "write: %s is for images that are made on the way; name their profile, too: "
		       "--profile worker",
		       o->node	    ? "--node"
		       : o->count   ? "-n"
		       : o->cluster ? "--cluster"
		       : o->generic ? "--generic"
				    : "--new-card");
}

/*
 * How many of the operands are images.  One card may be copied to another; among more operands a
 * device in an image's place is a slip, which would copy somebody else's card.
 */
static int count_images(const struct options *o, size_t *ret, struct err *e)
{
	size_t devices = 0, in_place = 0, n = o->cli.operands.n;
	*ret = o->profile ? 0 : n / 2;
	if (o->profile)
		return 0;
	for (size_t i = 0; i < n; i++) {
		bool device = looks_like_device(o, o->cli.operands.v[i]);
		devices += device;
		in_place += device && i >= n / 2;
	}
	bool even = devices == 0 || (devices == n / 2 && in_place == devices);
	if (n == 2 || (n % 2 == 0 && even))
		return check_no_profile(o, e);
	return err_set(e, ERR_USAGE,
		       "write: %zu images and %zu devices were given; each card needs an image of "
		       "its own, so name as many images as devices, images first",
		       n - devices, devices);
}

static int check_force(const struct options *o, size_t first, struct err *e)
{
	strv_foreach (name, &o->force) {
		bool found = false;
		for (size_t i = first; i < o->cli.operands.n; i++)
			found = found || is_named(o->cli.operands.v[i], *name);
		if (!found)
			return err_set(e, ERR_USAGE,
				       "--force %s: is none of the devices that were given", *name);
	}
	return 0;
}

static int check_twice(const struct options *o, size_t first, struct err *e)
{
	for (size_t i = first; i < o->cli.operands.n; i++) {
		for (size_t k = first; k < i; k++) {
			char real[PATH_MAX];
			if (realpath(o->cli.operands.v[k], real) &&
			    is_named(o->cli.operands.v[i], real))
				return err_set(e, ERR_USAGE, "%s: was given twice",
					       o->cli.operands.v[i]);
		}
	}
	return 0;
}

static int check_bmap(const struct options *o, size_t images, struct err *e)
{
	if (!o->bmap || images == 1 || strcmp(o->bmap, "none") == 0)
		return 0;
	if (o->profile)
		return err_set(e, ERR_USAGE, "--bmap %s: is for an image, and none was given",
			       o->bmap);
	return err_set(e, ERR_USAGE,
		       "--bmap %s: is for one image, and %zu were given; put each beside its image",
		       o->bmap, images);
}

static int pick_free(const struct options *o, enum card_free *ret, struct err *e)
{
	static const char *const names[] = {[CARD_FREE_KEEP] = "keep",
					    [CARD_FREE_DISCARD] = "discard",
					    [CARD_FREE_ZERO] = "zero"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(o->free_space ? o->free_space : "keep", names[i]) == 0) {
			*ret = (enum card_free)i;
			return 0;
		}
	}
	return err_set(e, ERR_USAGE, "--free: '%s' is neither keep nor discard nor zero",
		       o->free_space);
}

/* ---- before the first byte ---- */

static struct device_wish wish_of(const struct run *r, size_t i, const char *image)
{
	const char *device = r->options->cli.operands.v[r->first + i];
	return (struct device_wish){.what = device,
				    .image = image,
				    .force = is_forced(r->options, device),
				    .unmount = r->options->unmount};
}

static int judge_card(const struct run *r, size_t i, const char *image, struct err *e)
{
	const struct device_wish wish = wish_of(r, i, image);
	return card_judge(&wish, &r->targets[i].card, e);
}

static int check_fit(const struct target *t, struct err *e)
{
	if (t->image.kind != SOURCE_RAW)
		return 0;
	return card_fits(&t->card, t->image.name, t->image.needed, t->image.sector, e);
}

static int open_images(struct run *r, struct err *e)
{
	const struct options *o = r->options;
	for (size_t i = 0; i < r->n; i++) {
		struct target *t = &r->targets[i];
		if (card_image_open(o->cli.operands.v[i], o->bmap, &t->image, e) < 0 ||
		    judge_card(r, i, t->image.name, e) < 0 || check_fit(t, e) < 0)
			return -1;
	}
	return 0;
}

/* Those that are not open yet; none is unmounted before all were judged. */
static int open_cards(struct run *r, struct err *e)
{
	for (size_t i = 0; i < r->n; i++) {
		const char *image = r->options->profile ? r->nodes.session.source->path
							: r->targets[i].image.name;
		const struct device_wish wish = wish_of(r, i, image);
		if (r->targets[i].card.fd < 0 && card_open(&r->targets[i].card, &wish, e) < 0)
			return -1;
	}
	return 0;
}

/* The cards first: one that is refused costs no keys. */
static int make_images(struct run *r, struct err *e)
{
	if (card_nodes_open(r->options, r->n, &r->nodes, e) < 0)
		return -1;
	for (size_t i = 0; i < r->n; i++) {
		if (judge_card(r, i, r->nodes.session.source->path, e) < 0)
			return -1;
	}
	if ((!r->options->unmount && open_cards(r, e) < 0) || card_nodes_plan(&r->nodes, e) < 0)
		return -1;
	for (size_t i = 0; i < r->n; i++) {
		struct target *t = &r->targets[i];
		if (card_nodes_image(&r->nodes, i, &t->image, e) < 0 || check_fit(t, e) < 0)
			return -1;
	}
	return 0;
}

static int share_outcomes(struct run *r, struct err *e)
{
	void *p = mmap(NULL, r->n * sizeof(*r->outcomes), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return err_errno(e, ERR_FAILED, "write: no memory to share");
	r->outcomes = p;
	return 0;
}

static int open_targets(struct run *r, struct err *e)
{
	const struct options *o = r->options;
	if (count_images(o, &r->first, e) < 0)
		return -1;
	size_t n = o->cli.operands.n - r->first;
	if (check_force(o, r->first, e) < 0 || check_twice(o, r->first, e) < 0 ||
	    check_bmap(o, r->first, e) < 0 || pick_free(o, &r->free_space, e) < 0)
		return -1;
	r->targets = xcalloc(n, sizeof(*r->targets));
	r->n = n;
	for (size_t i = 0; i < n; i++)
		r->targets[i] = (struct target){.options = o,
						.card = CARD_INIT,
						.image = CARD_IMAGE_INIT,
						.free_space = r->free_space};
	if ((o->profile ? make_images(r, e) : open_images(r, e)) < 0 || open_cards(r, e) < 0)
		return -1;
	return share_outcomes(r, e);
}

/* ---- in the process of one card ---- */

static void show_step(void *ctx, const char *verb, uint64_t total)
{
	const struct target *t = ctx;
	autofree char *what = xasprintf("%s %s", verb, t->card.name);
	job_step(t->jobs, what, total);
}

static void show_progress(void *ctx, uint64_t done)
{
	const struct target *t = ctx;
	job_progress(t->jobs, done);
}

static int write_target(void *ctx, struct jobs *jobs, struct err *e)
{
	struct target *t = ctx;
	t->jobs = jobs;
	const struct card_write w = {.card = &t->card,
				     .image = &t->image,
				     .verify = !t->options->no_verify,
				     .free_space = t->free_space,
				     .step = show_step,
				     .progress = show_progress,
				     .ctx = t,
				     .stage = &t->outcome->stage};
	if (card_write(&w, &t->outcome->result, e) < 0)
		return -1;
	if (!t->options->no_eject)
		t->outcome->ejected = card_eject(&t->card);
	return 0;
}

static char *tell_state(void *ctx)
{
	const struct target *t = ctx;
	return card_state(&t->card, t->outcome->stage, false);
}

/* ---- results ---- */

static void print_json(const struct target *t)
{
	const struct outcome *x = t->outcome;
	auto_str line = STR_INIT;
	str_puts(&line, "{");
	json_field(&line, "device", t->card.name);
	json_field(&line, "image", t->image.name);
	str_printf(&line, ",\"written\":%llu,\"seconds\":%.3f,\"verify_seconds\":%.3f",
		   (unsigned long long)x->result.written, x->result.seconds,
		   x->result.read_seconds);
	str_printf(&line, ",\"verified\":%s,\"ejected\":%s}",
		   t->options->no_verify ? "false" : "true", x->ejected ? "true" : "false");
	puts(str_text(&line));
}

static void print_text(const struct target *t)
{
	const struct card_result *r = &t->outcome->result;
	double seconds = r->seconds > 0.001 ? r->seconds : 0.001;
	autofree char *size = format_size(r->written);
	autofree char *speed = format_size((unsigned long long)((double)r->written / seconds));
	printf("%s: %s, %s written in %.1f s (%s/s)%s%s\n", t->card.name, t->image.name, size,
	       r->seconds, speed, t->options->no_verify ? ", not verified" : ", verified",
	       t->outcome->ejected ? "; take it out" : "");
}

static void print_results(const struct run *r)
{
	for (size_t i = 0; i < r->n; i++) {
		const struct target *t = &r->targets[i];
		if (t->outcome->stage != CARD_DONE)
			continue;
		if (r->options->cli.json)
			print_json(t);
		else
			print_text(t);
	}
}

static int write_targets(struct run *r, struct progress *p, struct err *e)
{
	autofree struct job *jobs = xcalloc(r->n, sizeof(*jobs));
	for (size_t i = 0; i < r->n; i++) {
		struct target *t = &r->targets[i];
		t->outcome = &r->outcomes[i];
		jobs[i] = (struct job){.what = t->card.name,
				       .total = JOB_OWN_STEPS,
				       .work = write_target,
				       .ctx = t,
				       .left = tell_state};
		strv_foreach (note, &t->image.notes)
			progress_say(p, "note: %s", *note);
	}
	return jobs_run_apart(jobs, r->n, p, e);
}

int cmd_write(const struct options *o, struct err *e)
{
	__attribute__((cleanup(run_done))) struct run r = {.options = o, .nodes = CARD_NODES_INIT};
	if (open_targets(&r, e) < 0)
		return -1;
	struct progress *p = progress_new(session_progress_mode(o));
	int result = write_targets(&r, p, e);
	progress_free(p);
	print_results(&r);
	return result;
}
