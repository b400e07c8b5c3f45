/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A profile of any bytes: an error or a profile, never a crash, a hang or a leak. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "io.h"
#include "profile_private.h"
#include "validate.h"

static const struct key inner[] = {
	{.name = "uid", .type = KEY_INT, .help = "", .min = 1, .max = 65535},
	{.name = "groups", .type = KEY_LIST, .help = "", .check = validate_username},
	{.name = "sudo", .type = KEY_STRING, .help = "", .allowed = "nopasswd|none"},
	{.name = NULL},
};
static const struct key outer[] = {
	{.name = "text", .type = KEY_STRING, .help = ""},
	{.name = "list", .type = KEY_LIST, .help = ""},
	{.name = "on", .type = KEY_BOOL, .help = ""},
	{.name = "user", .type = KEY_SECTION, .help = "", .keys = inner},
	{.name = "time", .type = KEY_SECTION, .help = "", .keys = inner, .untitled = true},
	{.name = NULL},
};
static const struct key *const tables[] = {outer, NULL};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_err e = ERR_INIT;
	char path[64];
	int fd = io_memfd("profile", data, size, &e);
	if (fd < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	const struct strv search = {0};
	auto_profile *p = NULL;
	int status = profile_load_tables(path, &search, tables, &p, &e);
	close(fd);
	if ((status < 0) != (e.msg != NULL) || (status == 0) != (p != NULL))
		abort();
	return 0;
}
