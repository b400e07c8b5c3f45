/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_CUSTOM_SSHD_H
#define TESTS_CUSTOM_SSHD_H

/* What sshd itself makes of the configuration of an image. */

#include "fixture.h"

/* A container may forbid namespaces. */
static inline void need_namespace(void)
{
	auto_err e = ERR_INIT;
	if (run_argv(&e, "unshare", "-Urm", "true", NULL) == 0)
		return;
	print_message("no user namespaces here: %s\n", e.msg);
	skip();
}

/*
 * sshd -T on a file of the host, with this host key: what it would do for one who comes so
 * ("user=ops,host=x,addr=10.0.0.1"; NULL: for nobody in particular), or why it would not start;
 * owned.  It wants a directory of its own in /run, which a namespace gives it without root.
 */
static inline char *sshd_test(const char *config, const char *key, const char *who)
{
	auto_err e = ERR_INIT;
	auto_str out = STR_INIT;
	autofree char *host_key = xasprintf("HostKey=%s", key);
	static const char script[] =
		"mount -t tmpfs tmpfs /run && mkdir -p /run/sshd && "
		"exec \"$(command -v sshd || echo /usr/sbin/sshd)\" -T -f \"$@\"";
	const char *argv[] = {"unshare", "-Urm", "sh", "-c",	 script,
			      "sh",	 config, "-o", host_key, who ? "-C" : NULL,
			      who,	 NULL};
	assert_ok(run_argv(&e, "chmod", "600", key, NULL), &e);
	assert_ok(run(&(struct run){.argv = argv, .output = &out}, &e), &e);
	return str_steal(&out);
}

static inline void assert_says(const char *says, const char *line)
{
	if (!strstr(says, line))
		fail_msg("no '%s' in:\n%s", line, says);
}

#endif
