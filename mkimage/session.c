/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "blockmap.h"
#include "clone_look.h"
#include "image_parts.h"
#include "mem.h"
#include "plan_private.h"
#include "session.h"
#include "wanted.h"

enum progress_mode session_progress_mode(const struct options *o)
{
	if (o->cli.json)
		return PROGRESS_JSON;
	return o->quiet ? PROGRESS_QUIET : PROGRESS_AUTO;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/*
 * A copy of a member's profile with other names would make nodes that nobody else knows: what
 * decides names and addresses has to be as in the member.
 */
static int check_member(const struct profile *p, const struct profile *member, struct err *e)
{
	static const char *const keys[] = {"hostname", "address"};
	static const char *const numbers[] = {"first-address", "planned"};
	bool same = true;
	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		same = same && same_text(profile_str(p, keys[i]), profile_str(member, keys[i]));
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		same = same && profile_int(p, numbers[i]) == profile_int(member, numbers[i]);
	if (same)
		return 0;
	return err_at(e, profile_get(p, "role")->loc,
		      "role '%s' is that of the member %s, which plans other names or addresses; "
		      "give this profile a role of its own and add it to 'members'",
		      profile_str(p, "role"), member->path);
}

static int find_member(struct session *s, struct err *e)
{
	const char *role = profile_str(s->profile, "role");
	s->member = cluster_member(s->cluster, role);
	if (!s->member)
		return err_at(e, profile_get(s->profile, "members")->loc,
			      "role '%s' of %s is not among the members; add its profile's name",
			      role, s->profile->path);
	return check_member(s->profile, s->member->profile, e);
}

int session_pick_newcomer(struct session *s, struct err *e)
{
	s->n_nodes = 1;
	return cluster_newcomer(s->cluster, s->member->nodes->role, &s->nodes, e);
}

static int check_generic(const struct options *o, struct err *e)
{
	if (!o->node && !o->count && !o->clone)
		return 0;
	return err_set(e, ERR_USAGE,
		       "--generic and %s contradict each other: a generic image is nobody's in "
		       "particular; give one of them",
		       o->node	  ? "--node"
		       : o->count ? "-n"
				  : "--clone");
}

/* The nodes that -n or --node ask for must be among those the profile plans. */
static int pick_nodes(const struct options *o, struct session *s, struct err *e)
{
	if (find_member(s, e) < 0)
		return -1;
	if (o->generic)
		return session_pick_newcomer(s, e);
	if (o->node && o->count)
		return err_set(e, ERR_USAGE,
			       "-n and --node contradict each other; give one of them");
	long count = o->count ? o->count : 1;
	long last = o->node ? o->node : count;
	if ((size_t)last > s->member->n_nodes)
		return err_at(e, profile_get(s->profile, "planned")->loc,
			      "node %ld was asked for, but role '%s' plans %zu; raise 'planned'",
			      last, s->member->nodes->role, s->member->n_nodes);
	s->nodes = s->member->nodes + (o->node ? o->node - 1 : 0);
	s->n_nodes = o->node ? 1 : (size_t)count;
	return 0;
}

int session_open(const struct options *o, enum cluster_mode mode, struct session *s, struct err *e)
{
	s->progress = progress_new(session_progress_mode(o));
	s->new_card = o->new_card;
	if (o->generic && check_generic(o, e) < 0)
		return -1;
	profile_search_path(&s->search);
	autofree char *path = profile_find(o->profile ? o->profile : "worker", &s->search, e);
	if (!path || profile_load(path, &s->search, &s->profile, e) < 0)
		return -1;
	if (cluster_open(o->cluster ? o->cluster : "cluster", s->profile, &s->search, mode,
			 &s->cluster, e) < 0)
		return -1;
	return pick_nodes(o, s, e);
}

int session_get_source(struct session *s, bool at_hand, struct err *e)
{
	auto_wanted wanted = {0};
	auto_strv packages = {0};
	if (wanted_collect(s->profile, s->cluster, &wanted, e) < 0)
		return -1;
	wanted_of_base(&wanted, &packages);
	struct loc loc = profile_get(s->profile, "base")->loc;
	autofree char *here = xstrdup(loc.file ? loc.file : s->profile->path);
	autofree char *dir = path_dir(here);
	const struct source_spec spec = {
		.base = profile_str(s->profile, "base"),
		.sha256 = profile_str(s->profile, "base-sha256"),
		.dir = dir,
		.search = &s->search,
		.packages = &packages,
		.now = SOURCE_DEFAULT_TIME,
		.at_hand = at_hand,
	};
	if (source_get(&spec, s->progress, &s->source, e) == 0)
		return 0;
	return e->code == ERR_INTERRUPT ? -1 : err_wrap(e, "%s:%d", here, loc.line);
}

static int needs_replay(const struct disk *d, const char *name, bool *ret, struct err *e)
{
	for (size_t i = 0; i < d->n_parts; i++) {
		const struct part *p = &d->parts[i];
		autofree char *what = xasprintf("%s: partition %d (%s)", name, p->number,
						p->fstype);
		const struct fs_open open = {
			.path = d->path, .offset = p->start, .size = p->size, .what = what};
		bool dirty = false;
		if (part_is_ext(p) && fs_ext_is_dirty(&open, &dirty, e) < 0)
			return -1;
		*ret = *ret || dirty;
	}
	return 0;
}

/* A base is never written to: a dirty journal is replayed on a private copy without a name. */
static int copy_base(struct session *s, const struct disk *d, struct err *e)
{
	autofree char *dir = cache_dir(e);
	if (!dir || output_begin(dir, "replayed.img", &s->replayed, e) < 0)
		return -1;
	autoclose int from = open(d->path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", d->path);
	auto_blockmap map = {0};
	/* All data: with a dirty journal the allocation is not known yet. */
	if (blockmap_add_data(&map, from, 0, d->size, s->source->name, e) < 0)
		return -1;
	return blockmap_copy(from, s->replayed.fd, s->source->name, d->size, &map, NULL, NULL, e);
}

/* SOURCE_DATE_EPOCH, else what the base itself says: same input, same bytes. */
static int find_time(struct session *s, struct err *e)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	long long value = 0;
	if (text && *text) {
		if (!parse_number(text, 0, INT_MAX, &value))
			return err_set(e, ERR_USAGE,
				       "SOURCE_DATE_EPOCH: '%s' is not a number of seconds since "
				       "1970",
				       text);
		s->now = value;
		return 0;
	}
	return image_timestamp(s->base, &s->now, e);
}

uint64_t session_image_size(const struct session *s)
{
	unsigned long long size = 0;
	const char *text = profile_str(s->profile, "image-size");
	if (text && !parse_size(text, &size))
		return 0;
	return size;
}

bool session_grows(const struct session *s)
{
	uint64_t size = session_image_size(s);
	return size > s->base->disk->size;
}

static int check_size(const struct session *s, struct err *e)
{
	uint64_t size = session_image_size(s), has = s->base->disk->size;
	struct loc loc = profile_get(s->profile, "image-size")->loc;
	if (!size || size == has)
		return 0;
	if (size < has) {
		autofree char *text = format_size(has);
		return err_at(
			e, loc,
			"image-size: the base already has %s, and shrinking is not supported; "
			"raise it or leave it out",
			text);
	}
	if (image_grow_check(s->base, size, e) < 0)
		return err_wrap(e, "%s:%d: image-size", loc.file, loc.line);
	return 0;
}

/* What is wrong with the choice and not with the image: where the profile makes it. */
static int wrap_choice(const struct session *s, struct err *e)
{
	struct loc loc = profile_get(s->profile, "root-partition")->loc;
	return e->code == ERR_PROFILE ? err_wrap(e, "%s:%d", loc.file, loc.line) : -1;
}

static int open_base(struct session *s, struct err *e)
{
	auto_disk *d = NULL;
	bool dirty = false;
	autofree char *what = xasprintf("base '%s'", s->source->name);
	if (disk_probe(s->source->path, what, &d, e) < 0)
		return -1;
	if (needs_replay(d, s->source->name, &dirty, e) < 0)
		return -1;
	if (dirty && copy_base(s, d, e) < 0)
		return -1;
	struct image_open open = {
		.path = dirty ? s->replayed.path : s->source->path,
		.name = s->source->name,
		.root_partition = (int)profile_int(s->profile, "root-partition"),
		.writable = dirty,
		.replay = dirty,
	};
	if (image_open(&open, &s->base, e) < 0)
		return wrap_choice(s, e);
	if (check_size(s, e) < 0 || session_look_at_ids(s, s->base, e) < 0)
		return -1;
	return find_time(s, e);
}

int session_open_base(struct session *s, struct err *e)
{
	return session_get_source(s, false, e) < 0 ? -1 : open_base(s, e);
}

int session_open_base_at_hand(struct session *s, struct err *e)
{
	if (session_get_source(s, true, e) < 0)
		return -1;
	return s->source ? open_base(s, e) : 0;
}

int session_look_at_ids(struct session *s, const struct image *image, struct err *e)
{
	return identity_is_wanted(s->profile) ? identity_look(image, &s->identity, e) : 0;
}

int session_open_clone(struct session *s, const char *path, const char *name, struct err *e)
{
	const struct image_open open = {
		.path = path,
		.name = name,
		.root_partition = (int)profile_int(s->profile, "root-partition"),
	};
	if (image_open(&open, &s->base, e) < 0)
		return wrap_choice(s, e);
	s->clone = true;
	return identity_look(s->base, &s->identity, e) < 0 ? -1 : find_time(s, e);
}

int session_pick_free(const struct options *o, struct session *s, struct err *e)
{
	const char *role = s->member->nodes->role;
	unsigned last;
	if (o->node)
		return 0;
	if (cluster_last_built(s->cluster, role, &last, e) < 0)
		return -1;
	if (last + s->n_nodes > s->member->n_nodes)
		return err_at(e, profile_get(s->profile, "planned")->loc,
			      "%s %zu would be next, but role '%s' plans %zu; raise 'planned'",
			      role, last + s->n_nodes, role, s->member->n_nodes);
	s->nodes = s->member->nodes + last;
	return 0;
}

/* The base's own size where the profile wants no other; what is wrong with it was said before. */
static void add_size(const struct session *s, struct plan_ctx *ctx)
{
	uint64_t wanted = session_image_size(s), has = s->base ? s->base->disk->size : 0;
	ctx->image_size = has && wanted > has ? wanted : has;
	ctx->image_grows = ctx->image_size - has;
}

static struct plan_ctx make_ctx(struct session *s, struct tree *tree, struct plan *plan,
				const struct node *node)
{
	struct plan_ctx ctx = {.profile = s->profile,
			       .cluster = s->cluster,
			       .node = node,
			       .tree = tree,
			       .identity = s->identity,
			       .plan = plan,
			       .now = s->now,
			       .sysprep = s->sysprep,
			       .progress = s->progress,
			       .finished = s->finished};
	add_size(s, &ctx);
	return ctx;
}

int session_plan_role(struct session *s, struct tree *tree, struct plan **ret, struct err *e)
{
	auto_plan *plan = plan_new(NULL);
	struct plan_ctx ctx = make_ctx(s, tree, plan, NULL);
	/* Of a card there is nothing to be changed for all clones, but to be said. */
	static const struct custom *const said[] = {&custom_identity, NULL};
	if ((s->clone ? plan_build(&ctx, said, e) : plan_build_role(&ctx, e)) < 0)
		return -1;
	*ret = steal(&plan);
	return 0;
}

int session_plan_node(struct session *s, struct tree *tree, const struct plan *role,
		      const struct node *node, struct plan **ret, struct err *e)
{
	auto_plan *plan = plan_new(role);
	struct plan_ctx ctx = make_ctx(s, tree, plan, node);
	if ((s->clone ? plan_build_clone(&ctx, e) : plan_build_node(&ctx, e)) < 0)
		return err_wrap(e, "%s", node->hostname);
	/* Once for all clones. */
	if (s->clone && node == s->nodes && clone_look(&ctx, e) < 0)
		return -1;
	*ret = steal(&plan);
	return 0;
}

void session_done(struct session *s)
{
	identity_free(s->identity);
	image_discard(&s->base);
	output_done(&s->replayed);
	source_free(s->source);
	cluster_free(s->cluster);
	profile_free(s->profile);
	strv_done(&s->search);
	progress_free(s->progress);
	*s = (struct session)SESSION_INIT;
}
