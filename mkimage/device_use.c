/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "device_private.h"
#include "io.h"
#include "mem.h"

#define MOUNTS_MAX (16u << 20) /* bytes of /proc/self/mountinfo; a host of containers has many */

struct search {
	const struct device_host *host;
	struct device *device;
};

/* dm-0 on top of sdb2, and what is on top of dm-0. */
static int add_holders(struct search *s, const char *name, struct err *e);

struct holders {
	struct search *search;
	const char *below;
};

static int add_holder(void *ctx, const char *name, struct err *e)
{
	const struct holders *h = ctx;
	struct device *d = h->search->device;
	device_use_add(d, USE_HOLDER, h->below, name, 0);
	if (strv_has(&d->names, name))
		return 0;
	strv_add(&d->names, name);
	return add_holders(h->search, name, e);
}

static int add_holders(struct search *s, const char *name, struct err *e)
{
	autofree char *dir = xasprintf("%s/sys/class/block/%s/holders", s->host->root, name);
	struct holders h = {s, name};
	return device_each(dir, add_holder, &h, e);
}

/* A loop device over the card itself is no holder to the kernel. */
static int add_loop(void *ctx, const char *name, struct err *e)
{
	struct search *s = ctx;
	(void)e;
	autofree char *dir = xasprintf("%s/sys/block/%s/loop", s->host->root, name);
	autofree char *file = str_starts(name, "loop") ? device_attr(dir, "backing_file") : NULL;
	if (!file || !str_starts(file, "/dev/") || !strv_has(&s->device->names, path_base(file)))
		return 0;
	device_use_add(s->device, USE_HOLDER, path_base(file), name, 0);
	strv_add(&s->device->names, name);
	return 0;
}

/* The kernel's name of what is called /dev/SOMETHING, owned. */
static char *node_name(const struct device_host *h, const char *node)
{
	autofree char *path = xasprintf("%s%s", h->root, node);
	autofree char *real = realpath(path, NULL);
	return xstrdup(path_base(real ? real : node));
}

/* Spaces and the like are \040 in files of /proc. */
static char *unescape(const char *text)
{
	auto_str out = STR_INIT;
	for (const char *p = text; *p; p++) {
		uint32_t value;
		char digits[4] = {0};
		if (*p == '\\' && strlen(p) > 3)
			memcpy(digits, p + 1, 3);
		if (*digits && parse_octal(digits, 3, 0377, &value)) {
			str_add(&out, &(char){(char)value}, 1);
			p += 3;
		} else {
			str_add(&out, p, 1);
		}
	}
	return str_steal(&out);
}

/*
 * proc(5), mountinfo: id, parent, major:minor, root, mount point, options, optional fields, "-",
 * type, source.  Btrfs has numbers of its own there, so the source is looked at, too.
 */
static void add_mount(struct search *s, char *line)
{
	unsigned maj, min;
	long long id;
	auto_strv fields = {0};
	strv_split(&fields, line, " ");
	char *dash = strstr(line, " - ");
	if (fields.n < 6 || !dash || !parse_number(fields.v[0], 0, LLONG_MAX, &id) ||
	    sscanf(fields.v[2], "%u:%u", &maj, &min) != 2)
		return;
	auto_strv tail = {0};
	strv_split(&tail, dash + 3, " ");
	autofree char *name = device_name(s->host, makedev(maj, min));
	autofree char *source = tail.n > 1 ? unescape(tail.v[1]) : NULL;
	if (!name && source && str_starts(source, "/dev/"))
		name = node_name(s->host, source);
	if (!name || !strv_has(&s->device->names, name))
		return;
	autofree char *at = unescape(fields.v[4]);
	device_use_add(s->device, USE_MOUNT, name, at, makedev(maj, min));
	s->device->uses[s->device->n_uses - 1].id = (uint64_t)id;
}

static void add_swap(struct search *s, char *line)
{
	auto_strv fields = {0};
	strv_split(&fields, line, " \t");
	if (fields.n < 2 || *fields.v[0] != '/')
		return;
	autofree char *node = unescape(fields.v[0]);
	autofree char *name = node_name(s->host, node);
	if (str_starts(node, "/dev/") && strv_has(&s->device->names, name))
		device_use_add(s->device, USE_SWAP, name, NULL, 0);
}

static int each_line(struct search *s, const char *file, void (*add)(struct search *, char *),
		     struct err *e)
{
	auto_str text = STR_INIT;
	auto_strv lines = {0};
	autofree char *path = xasprintf("%s%s", s->host->root, file);
	if (access(path, F_OK) < 0)
		return 0; /* a kernel without swap has no list of it */
	if (io_read_file(path, MOUNTS_MAX, &text, e) < 0)
		return -1;
	strv_split(&lines, str_text(&text), "\n");
	strv_foreach (line, &lines)
		add(s, *line);
	return 0;
}

int device_find_uses(const struct device_host *h, struct device *d, struct err *e)
{
	struct search s = {h, d};
	auto_strv own = {0};
	autofree char *block = xasprintf("%s/sys/block", h->root);
	strv_foreach (name, &d->names)
		strv_add(&own, *name);
	strv_foreach (name, &own) {
		if (add_holders(&s, *name, e) < 0)
			return -1;
	}
	if (device_each(block, add_loop, &s, e) < 0)
		return -1;
	return each_line(&s, "/proc/self/mountinfo", add_mount, e) < 0
		       ? -1
		       : each_line(&s, "/proc/swaps", add_swap, e);
}
