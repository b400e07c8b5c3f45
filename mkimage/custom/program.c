/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <elf.h>
#include <string.h>

#include "inspect.h"
#include "mem.h"
#include "program.h"

int program_present(struct plan_ctx *ctx, const char *name, struct err *e)
{
	static const char *const dirs[] = {"/usr/sbin", "/sbin", "/usr/bin", "/bin"};
	int found = 0;
	for (size_t i = 0; !found && i < sizeof(dirs) / sizeof(*dirs); i++) {
		autofree char *path = path_join(dirs[i], name);
		found = plan_exists(ctx, path, e);
	}
	return found;
}

/* A shell may be a script or lie beyond a link that leads nowhere: the first program counts. */
int program_architecture(struct plan_ctx *ctx, char **ret, struct err *e)
{
	static const char *const programs[] = {"/bin/sh", "/bin/bash", "/bin/busybox", "/sbin/init",
					       "/usr/sbin/sshd"};
	*ret = NULL;
	for (size_t i = 0; !*ret && i < sizeof(programs) / sizeof(*programs); i++) {
		auto_str head = STR_INIT;
		if (plan_head(ctx, programs[i], sizeof(Elf64_Ehdr), &head, e) < 0)
			return -1;
		*ret = elf_architecture(head.data, head.len);
	}
	return 0;
}

/* GNU's name of the architecture, of which Debian makes a directory; NULL: not known. */
static const char *triplet(const char *architecture)
{
	static const char *const triplets[][2] = {{"arm64", "aarch64-linux-gnu"},
						  {"armhf", "arm-linux-gnueabihf"},
						  {"amd64", "x86_64-linux-gnu"}};
	for (size_t i = 0; i < sizeof(triplets) / sizeof(*triplets); i++) {
		if (strcmp(triplets[i][0], architecture) == 0)
			return triplets[i][1];
	}
	return NULL;
}

static int find_library(struct plan_ctx *ctx, const char *architecture, const char *name,
			char **ret, struct err *e)
{
	/* Debian's directories, then those of others, who call that of 64 bits so. */
	static const char *const dirs[] = {"/usr/lib", "/lib"}, *const plain[] = {"64", ""};
	const char *sub = triplet(architecture);
	auto_strv places = {0};
	for (size_t i = 0; sub && i < 2; i++)
		strv_printf(&places, "%s/%s/%s", dirs[i], sub, name);
	for (size_t i = 0; i < 4; i++)
		strv_printf(&places, "%s%s/%s", dirs[i % 2], plain[i / 2], name);
	strv_foreach (place, &places) {
		struct fs_stat st;
		if (plan_stat(ctx, *place, &st, e) < 0)
			return -1;
		if (st.type == FILE_REGULAR) {
			*ret = xstrdup(*place);
			return 0;
		}
	}
	*ret = NULL;
	return 0;
}

int program_mentions(struct plan_ctx *ctx, const char *path, const void *text, size_t len,
		     uint64_t max, struct err *e)
{
	static const uint64_t heads[] = {64u << 10, 256u << 10, PLAN_READ_MAX};
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		auto_str head = STR_INIT;
		uint64_t want = heads[i] < max ? heads[i] : max;
		if (plan_head(ctx, path, want, &head, e) < 0)
			return -1;
		if (head.len && memmem(head.data, head.len, text, len))
			return 1;
		if (head.len < want || want == max)
			break;
	}
	return 0;
}

int program_library(struct plan_ctx *ctx, const char *architecture, const char *name,
		    const char *version, struct err *e)
{
	autofree char *path = NULL;
	if (find_library(ctx, architecture, name, &path, e) < 0)
		return -1;
	if (!path || !version)
		return path != NULL;
	/* The names of versions are among the strings of the file, each with its NUL. */
	return program_mentions(ctx, path, version, strlen(version) + 1, PLAN_READ_MAX, e);
}
