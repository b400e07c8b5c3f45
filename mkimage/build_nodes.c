/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A node's image is a copy of the role's plus its own few blocks.  The last node takes the role's
 * image itself, so N images cost N copies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bmap.h"
#include "build.h"
#include "clone.h"
#include "jobs.h"
#include "json.h"
#include "mem.h"

void build_done(struct build *b)
{
	build_plans_done(&b->plans);
	output_done(&b->role);
	blockmap_done(&b->used);
	disk_free(b->disk);
}

static int commit_image(const struct build *b, struct output *out, const char *what, struct err *e)
{
	auto_disk *d = NULL;
	auto_blockmap map = {0};
	if (b->disk)
		d = disk_like(b->disk, out->path, what);
	else if (disk_probe(out->path, what, &d, e) < 0)
		return -1;
	if ((b->rescue ? blockmap_build_rescued : blockmap_build)(d, &map, e) < 0)
		return -1;
	return bmap_commit(out, d, &map, e);
}

/* The second stage of one node on an image that is the role's. */
static int finish_node(const struct build *b, size_t i, struct output *out, struct err *e)
{
	autofree char *what = path_join(out->dir, out->name);
	const struct build_target t = {.path = out->path, .name = what, .like = b->disk};
	if (build_patch(b->session, &t, b->plans.nodes[i], &b->session->nodes[i], e) < 0)
		return -1;
	if (b->wipe && clone_wipe_free(out->fd, out->path, what, b->rescue, e) < 0)
		return -1;
	if (b->check && image_check(out->path, what, e) < 0)
		return -1;
	return commit_image(b, out, what, e);
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
		jobs[i] = (struct job){names.v[i], b->used.used, make_node, &nodes[i], NULL};
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

int build_nodes(struct build *b, unsigned parallel, struct err *e)
{
	if (copy_nodes(b, parallel, b->session->n_nodes - 1, e) < 0)
		return -1;
	return rename_role(b, e);
}

static void say_notes(struct progress *p, const struct plan *plan)
{
	strv_foreach (note, plan_notes(plan))
		progress_say(p, "note: %s", *note);
}

void build_print(const struct build *b, bool as_json)
{
	const struct session *s = b->session;
	for (size_t i = 0; i < s->n_nodes; i++) {
		const struct node *n = &s->nodes[i];
		if (!as_json) {
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
	say_notes(s->progress, b->plans.role);
	for (size_t i = 0; i < s->n_nodes; i++)
		say_notes(s->progress, b->plans.nodes[i]);
}
