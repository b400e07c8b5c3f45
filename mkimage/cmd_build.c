/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two stages: the role's image is patched once; a node's image is a copy of it plus its own few
 * blocks.  The last node takes the role's image itself, so N images cost N copies.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "apply.h"
#include "blockmap.h"
#include "commands.h"
#include "custom.h"
#include "io.h"
#include "interrupt.h"
#include "jobs.h"
#include "json.h"
#include "mem.h"
#include "session.h"

struct build {
	struct session *session;
	const char *dir;
	bool check;
	struct plan *role_plan;
	struct plan **node_plans; /* one per node of the session */
	struct output role;	  /* the patched image of the role */
	uint64_t size;		  /* bytes of every image */
	struct blockmap used;	  /* of the role's image */
};

static void build_done(struct build *b)
{
	for (size_t i = 0; b->node_plans && i < b->session->n_nodes; i++)
		plan_free(b->node_plans[i]);
	free(b->node_plans);
	plan_free(b->role_plan);
	output_done(&b->role);
	blockmap_done(&b->used);
}

/* Everything is planned before the first byte is written: a wrong profile costs nothing. */
static int make_plans(struct build *b, struct err *e)
{
	struct session *s = b->session;
	if (session_plan_role(s, s->base->tree, &b->role_plan, e) < 0)
		return -1;
	b->node_plans = xcalloc(s->n_nodes, sizeof(*b->node_plans));
	for (size_t i = 0; i < s->n_nodes; i++) {
		if (interrupt_check(e) < 0 ||
		    session_plan_node(s, s->base->tree, b->role_plan, &s->nodes[i],
				      &b->node_plans[i], e) < 0)
			return -1;
	}
	return 0;
}

/* A base that lies in the output directory under a node's name must not be replaced. */
static int protect_base(const struct session *s, const char *dir, struct err *e)
{
	const struct value *base = profile_get(s->profile, "base");
	autofree char *given = profile_path(base->loc, base->str);
	for (size_t i = 0; i < s->n_nodes; i++) {
		autofree char *name = xasprintf("%s.img", s->nodes[i].hostname);
		if (output_check(dir, name, s->source->path, e) < 0 ||
		    output_check(dir, name, given, e) < 0)
			return -1;
	}
	return 0;
}

static int issue_node(struct session *s, const struct node *n, bool new_card, struct err *e)
{
	if (interrupt_check(e) < 0 || cluster_issue(s->cluster, n, e) < 0)
		return -1;
	return new_card && cluster_has_card(s->cluster, n) ? cluster_renew_card(s->cluster, n, e)
							   : 0;
}

static int issue_nodes(struct session *s, bool new_card, struct err *e)
{
	for (size_t i = 0; i < s->n_nodes; i++) {
		if (issue_node(s, &s->nodes[i], new_card, e) < 0)
			return -1;
	}
	if (cluster_write_ssh(s->cluster, e) < 0)
		return -1;
	return custom_prepare(s->profile, s->cluster, e);
}

/* For verify: the images will not have the base's ids any more. */
static int keep_base_ids(const struct session *s, struct err *e)
{
	for (size_t i = 0; s->identity && i < s->n_nodes; i++) {
		if (identity_keep_base(s->identity, s->cluster, s->nodes[i].hostname, e) < 0)
			return -1;
	}
	return 0;
}

/* Without reflinks every image takes what is used; said before anything is written. */
static int check_space(const struct build *b, uint64_t used, struct err *e)
{
	size_t n = b->session->n_nodes;
	autofree char *what = xasprintf("%s: %zu images", b->dir, n);
	return io_check_space(b->dir, what, used * n,
			      "make room, or choose another disk with --output", e);
}

static int copy_base(struct build *b, const char *what, struct err *e)
{
	const struct disk *d = b->session->base->disk;
	auto_blockmap map = {0};
	if (blockmap_build(d, &map, e) < 0)
		return -1;
	autoclose int from = open(b->session->base->path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", b->session->base->name);
	if (!output_can_clone(&b->role, from) && check_space(b, map.used, e) < 0)
		return -1;
	return blockmap_copy(from, b->role.fd, what, d->size, &map, NULL, NULL, e);
}

static int grow(struct build *b, struct err *e)
{
	const struct session *s = b->session;
	uint64_t size = session_image_size(s);
	if (!size || size == s->base->disk->size)
		return 0;
	return image_grow(b->role.path, s->base->name, s->base->root, size, e);
}

/* Ids: the role's image is made ready for new ones, a node's image gets its own. */
static int patch_ids(const struct session *s, struct image *image, const struct node *node,
		     struct err *e)
{
	if (!s->identity)
		return 0;
	if (!node)
		return identity_prepare(image, s->identity, e);
	auto_disk *want = identity_want(s->identity, s->cluster, node->hostname);
	return identity_apply(image, s->identity, want, e);
}

/* Open the image at path, make the plan's states, and close it again; node NULL: the role's. */
static int patch(const struct session *s, const char *path, const char *name,
		 const struct plan *plan, const struct node *node, struct err *e)
{
	const struct image_open open = {.path = path,
					.name = name,
					.writable = true,
					.now = s->now,
					.root_partition = s->base->root};
	auto_image *image = NULL;
	if (image_open(&open, &image, e) < 0 || plan_apply(plan, image->tree, e) < 0 ||
	    patch_ids(s, image, node, e) < 0)
		return -1;
	return image_close(&image, e);
}

static int map_role(struct build *b, const char *what, struct err *e)
{
	auto_disk *d = NULL;
	if (disk_probe(b->role.path, what, &d, e) < 0)
		return -1;
	b->size = d->size;
	return blockmap_build(d, &b->used, e);
}

static int make_role(struct build *b, struct err *e)
{
	const struct session *s = b->session;
	const char *role = profile_str(s->profile, "role");
	autofree char *name = xasprintf("%s.role", role);
	autofree char *what = xasprintf("%s image", role);
	autofree char *where = xasprintf("%s: %s", b->dir, what);
	int step = progress_start(s->progress, what, 0);
	if (output_begin(b->dir, name, &b->role, e) < 0 || copy_base(b, where, e) < 0 ||
	    grow(b, e) < 0 || patch(s, b->role.path, where, b->role_plan, NULL, e) < 0 ||
	    map_role(b, where, e) < 0) {
		progress_end(s->progress, step, "failed");
		return -1;
	}
	autofree char *note = xasprintf("%zu changes", plan_count(b->role_plan));
	progress_end(s->progress, step, note);
	return 0;
}

/* The second stage of one node on an image that is the role's. */
static int finish_node(const struct build *b, size_t i, struct output *out, struct err *e)
{
	autofree char *what = path_join(out->dir, out->name);
	if (patch(b->session, out->path, what, b->node_plans[i], &b->session->nodes[i], e) < 0)
		return -1;
	if (b->check && image_check(out->path, what, e) < 0)
		return -1;
	return output_commit(out, e);
}

struct node_job {
	const struct build *build;
	size_t index;
	char *what; /* "worker002.img" */
};

static void report_copied(void *ctx, uint64_t done)
{
	job_progress(ctx, done);
}

/* In a process of its own. */
static int make_node(void *ctx, struct jobs *jobs, struct err *e)
{
	const struct node_job *job = ctx;
	const struct build *b = job->build;
	auto_output out = OUTPUT_INIT;
	if (output_begin(b->dir, job->what, &out, e) < 0)
		return -1;
	autofree char *what = path_join(b->dir, job->what);
	if (blockmap_copy(b->role.fd, out.fd, what, b->size, &b->used, report_copied, jobs, e) < 0)
		return -1;
	return finish_node(b, job->index, &out, e);
}

static int copy_nodes(struct build *b, unsigned parallel, size_t n, struct err *e)
{
	struct session *s = b->session;
	autofree struct job *jobs = xcalloc(n, sizeof(*jobs));
	autofree struct node_job *nodes = xcalloc(n, sizeof(*nodes));
	auto_strv names = {0};
	for (size_t i = 0; i < n; i++) {
		strv_printf(&names, "%s.img", s->nodes[i].hostname);
		nodes[i] = (struct node_job){b, i, names.v[i]};
		jobs[i] = (struct job){names.v[i], b->used.used, make_node, &nodes[i]};
	}
	return jobs_run(jobs, n, parallel, s->progress, e);
}

/* The role's image becomes the last node's. */
static int rename_role(struct build *b, struct err *e)
{
	struct session *s = b->session;
	size_t last = s->n_nodes - 1;
	free(b->role.name);
	b->role.name = xasprintf("%s.img", s->nodes[last].hostname);
	int step = progress_start(s->progress, b->role.name, 0);
	int result = finish_node(b, last, &b->role, e);
	progress_end(s->progress, step, result < 0 ? "failed" : NULL);
	return result;
}

static void say_notes(struct progress *p, const struct plan *plan)
{
	strv_foreach (note, plan_notes(plan))
		progress_say(p, "note: %s", *note);
}

static void print_results(const struct build *b, const struct options *o)
{
	const struct session *s = b->session;
	for (size_t i = 0; i < s->n_nodes; i++) {
		const struct node *n = &s->nodes[i];
		if (!o->cli.json) {
			printf("%s/%s.img\n", b->dir, n->hostname);
			continue;
		}
		autofree char *path = xasprintf("%s/%s.img", b->dir, n->hostname);
		auto_str line = STR_INIT;
		str_puts(&line, "{");
		json_field(&line, "image", path);
		json_field(&line, "hostname", n->hostname);
		json_field(&line, "role", n->role);
		str_printf(&line, ",\"number\":%u", n->number);
		if (n->address)
			json_field(&line, "address", n->address);
		printf("%s}\n", str_text(&line));
	}
	say_notes(s->progress, b->role_plan);
	for (size_t i = 0; i < s->n_nodes; i++)
		say_notes(s->progress, b->node_plans[i]);
}

int cmd_build(const struct options *o, struct err *e)
{
	auto_session s = SESSION_INIT;
	const char *dir = o->output ? o->output : "out";
	if (session_open(o, CLUSTER_WRITE, &s, e) < 0)
		return -1;
	progress_say(s.progress, "profile %s, base %s, into %s", s.profile->path,
		     profile_str(s.profile, "base"), dir);
	if (session_open_base(&s, e) < 0 || protect_base(&s, dir, e) < 0 ||
	    issue_nodes(&s, o->new_card, e) < 0)
		return -1;
	__attribute__((cleanup(build_done))) struct build b = {
		.session = &s, .dir = dir, .check = o->check, .role = OUTPUT_INIT};
	if (make_plans(&b, e) < 0 || cluster_enter(s.cluster, s.nodes, s.n_nodes, e) < 0 ||
	    keep_base_ids(&s, e) < 0 || make_role(&b, e) < 0)
		return -1;
	if (copy_nodes(&b, (unsigned)o->jobs, s.n_nodes - 1, e) < 0 || rename_role(&b, e) < 0)
		return -1;
	print_results(&b, o);
	return 0;
}
