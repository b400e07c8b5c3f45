/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_UNIT_CLUSTER_FIXTURE_H
#define TESTS_UNIT_CLUSTER_FIXTURE_H

/* A cluster of a master and three workers in the work directory, and short ways to handle it. */

#include "cluster_private.h"
#include "io.h"
#include "run.h"
#include "workdir.h"

#define CLUSTER "cluster = beowulf\nbase = x\nmembers = {master, worker}\n"
#define MASTER "include(\"c.conf\")\nrole = master\nhostname = master\naddress = \"10.0.0.1/24\"\n"
#define WORKER                                                            \
	"include(\"c.conf\")\nrole = worker\nhostname = \"worker%03d\"\n" \
	"address = \"10.0.0.%d/24\"\nfirst-address = 11\nplanned = 3\n"

static const struct strv no_search;

static inline void put_profiles(const char *master, const char *worker)
{
	put_file("c.conf", CLUSTER);
	put_file("master.conf", master);
	put_file("worker.conf", worker);
}

static inline int try_open(const char *dir, enum cluster_mode mode, struct cluster **ret,
			   struct err *e)
{
	auto_profile *p = NULL;
	if (profile_load("worker.conf", &no_search, &p, e) < 0)
		return -1;
	return cluster_open(dir, p, &no_search, mode, ret, e);
}

static inline struct cluster *open_cluster(enum cluster_mode mode)
{
	auto_err e = ERR_INIT;
	struct cluster *c = NULL;
	if (try_open("cluster", mode, &c, &e) < 0)
		fail_msg("%s", e.msg);
	assert_null(e.msg);
	return c;
}

static inline const struct node *worker(const struct cluster *c, unsigned number)
{
	return &cluster_member(c, "worker")->nodes[number - 1];
}

/* As a build does it when the plan is good. */
static inline void issue(struct cluster *c, const struct node *n)
{
	auto_err e = ERR_INIT;
	if (cluster_issue(c, n, &e) < 0 || cluster_enter(c, n, 1, &e) < 0)
		fail_msg("%s", e.msg);
}

static inline void assert_refused_as(enum cluster_mode mode, const char *message)
{
	auto_err e = ERR_INIT;
	auto_cluster *c = NULL;
	assert_int_equal(try_open("cluster", mode, &c, &e), -1);
	assert_string_equal(e.msg, message);
	assert_int_equal(e.code, ERR_PROFILE);
}

static inline void assert_refused(const char *message)
{
	assert_refused_as(CLUSTER_WRITE, message);
}

static inline char *get_file(const char *path)
{
	auto_err e = ERR_INIT;
	auto_str text = STR_INIT;
	if (io_read_file(path, 1 << 20, &text, &e) < 0)
		fail_msg("%s", e.msg);
	return str_steal(&text);
}

static inline char *output_of(const char *const *argv)
{
	auto_err e = ERR_INIT;
	auto_str text = STR_INIT;
	if (run(&(struct run){.argv = argv, .output = &text}, &e) < 0)
		fail_msg("%s", e.msg);
	return str_steal(&text);
}

static inline void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in: %s", part, text);
}

#endif
