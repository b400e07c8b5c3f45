/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CPU time of patching one image, copy excluded: bench_patch PROFILE CLUSTER IMAGE
 * IMAGE is a private copy of the profile's base.  Prints milliseconds of user + system time, this
 * process and the programs it ran, for the role's and the first node's changes.
 */
#include <stdio.h>
#include <sys/resource.h>

#include "build.h"
#include "custom.h"
#include "session.h"

static double cpu_ms(void)
{
	struct rusage self, children;
	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	const struct timeval *all[] = {&self.ru_utime, &self.ru_stime, &children.ru_utime,
				       &children.ru_stime};
	double ms = 0;
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		ms += (double)all[i]->tv_sec * 1e3 + (double)all[i]->tv_usec / 1e3;
	return ms;
}

/* What a build does, but for the copies: the role's patch, then the node's in a copy of that. */
static int patch(struct session *s, const char *path, struct err *e)
{
	const struct build_target t = {.path = path, .name = path, .like = s->base->disk};
	auto_plan *role = NULL, *node = NULL;
	if (session_plan_role(s, s->base->tree, &role, e) < 0 ||
	    session_plan_node(s, s->base->tree, role, s->nodes, &node, e) < 0 ||
	    build_patch(s, &t, role, NULL, e) < 0)
		return -1;
	return build_patch(s, &t, node, s->nodes, e);
}

static int bench(char **argv, struct err *e)
{
	const struct options o = {.profile = argv[1], .cluster = argv[2], .quiet = true};
	auto_session s = SESSION_INIT;
	if (session_open(&o, CLUSTER_WRITE, &s, e) < 0 || session_open_base(&s, e) < 0 ||
	    cluster_issue(s.cluster, s.nodes, e) < 0 || custom_prepare(s.profile, s.cluster, e) < 0)
		return -1;
	double before = cpu_ms();
	if (patch(&s, argv[3], e) < 0)
		return -1;
	printf("%.2f\n", cpu_ms() - before);
	return 0;
}

int main(int argc, char **argv)
{
	auto_err e = ERR_INIT;
	if (argc != 4 || bench(argv, &e) < 0) {
		fprintf(stderr, "bench_patch: %s\n", e.msg ? e.msg : "PROFILE CLUSTER IMAGE");
		return 1;
	}
	return 0;
}
