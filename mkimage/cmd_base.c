/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bmap.h"
#include "commands.h"
#include "mem.h"
#include "output.h"
#include "session.h"

static int copy_to(const struct source *s, const char *file, struct err *e)
{
	autofree char *dir = path_dir(file);
	auto_output out = OUTPUT_INIT;
	auto_disk *d = NULL;
	auto_blockmap map = {0};
	if (output_check(dir, path_base(file), s->path, e) < 0 ||
	    output_check(dir, path_base(file), s->name, e) < 0 ||
	    disk_probe(s->path, s->name, &d, e) < 0 || blockmap_build(d, &map, e) < 0 ||
	    output_begin(dir, path_base(file), &out, e) < 0)
		return -1;
	if (fchmod(out.fd, 0644) < 0) /* a stock system holds no secret */
		return err_errno(e, ERR_FAILED, "%s: cannot set its mode", file);
	autoclose int from = open(s->path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return err_errno(e, ERR_FAILED, "%s: cannot open", s->path);
	if (blockmap_copy(from, out.fd, s->name, d->size, &map, NULL, NULL, e) < 0)
		return -1;
	return bmap_commit(&out, d, &map, e);
}

/* As it is called on the command line. */
static int get_named(const struct options *o, struct source **ret, struct err *e)
{
	auto_strv search = {0};
	profile_search_path(&search);
	const struct source_spec spec = {.base = o->cli.operands.v[0],
					 .dir = ".",
					 .search = &search,
					 .now = SOURCE_DEFAULT_TIME};
	struct progress *p = progress_new(session_progress_mode(o));
	int result = source_get(&spec, p, ret, e);
	progress_free(p);
	return result;
}

/* As a build with this profile gets it. */
static int get_wanted(const struct options *o, struct source **ret, struct err *e)
{
	auto_session s = SESSION_INIT;
	if (session_open(o, CLUSTER_READ, &s, e) < 0 || session_get_source(&s, false, e) < 0)
		return -1;
	*ret = steal(&s.source);
	return 0;
}

int cmd_base(const struct options *o, struct err *e)
{
	auto_source *source = NULL;
	auto_disk *d = NULL;
	if ((o->cli.operands.n == 1) == (o->profile != NULL))
		return err_set(
			e, ERR_USAGE,
			"give either a base, or with --profile the profile whose base it is");
	if (o->cluster && !o->profile)
		return err_set(e, ERR_USAGE,
			       "--cluster has no effect on a base; leave it out, or give --profile "
			       "instead of the base");
	if ((o->profile ? get_wanted(o, &source, e) : get_named(o, &source, e)) < 0 ||
	    disk_probe(source->path, source->name, &d, e) < 0 ||
	    (o->output && copy_to(source, o->output, e) < 0))
		return -1;
	puts(o->output ? o->output : source->path);
	return 0;
}
