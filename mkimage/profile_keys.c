/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>
#include <string.h>

#include "custom.h"
#include "mem.h"
#include "pattern.h"
#include "profile_private.h"
#include "validate.h"

#define TABLES_MAX 64
#define SIZE_LIMIT (2ull << 40) /* bytes: what an MBR can describe */

static int check_base(const char *text, struct err *e)
{
	return *text ? 0 : err_set(e, ERR_PROFILE, "is empty: give a name, a path or a URL");
}

static int check_sha256(const char *text, struct err *e)
{
	if (strlen(text) == 64 && text[strspn(text, "0123456789abcdefABCDEF")] == '\0')
		return 0;
	return err_set(e, ERR_PROFILE, "'%s' is no SHA-256 sum: 64 hex digits", text);
}

static int check_member(const char *text, struct err *e)
{
	return *text ? 0 : err_set(e, ERR_PROFILE, "is empty: give the name of a profile");
}

static int check_size(const char *text, struct err *e)
{
	unsigned long long size;
	if (parse_size(text, &size) && size && size <= SIZE_LIMIT)
		return 0;
	return err_set(e, ERR_PROFILE,
		       "'%s' is no size: use a number and K, M, G or T, as '8G', at most 2T", text);
}

const struct key profile_core_keys[] = {
	{.name = "role",
	 .type = KEY_STRING,
	 .help = "what nodes of this profile are for, as 'worker'; required",
	 .check = validate_role},
	{.name = "base",
	 .type = KEY_STRING,
	 .help = "the image to start from: name in bases.conf, path or URL; required",
	 .check = check_base},
	{.name = "base-sha256",
	 .type = KEY_STRING,
	 .help = "SHA-256 that the base must have, as downloaded",
	 .check = check_sha256},
	{.name = "cluster",
	 .type = KEY_STRING,
	 .fallback = "cluster",
	 .help = "name of the cluster, and domain of its nodes",
	 .check = validate_hostname},
	{.name = "members",
	 .type = KEY_LIST,
	 .help = "profiles that make up the cluster; not set: this one alone",
	 .check = check_member},
	{.name = "planned",
	 .type = KEY_INT,
	 .fallback = "1",
	 .help = "how many nodes of this role the cluster may get",
	 .min = 1,
	 .max = 9999},
	{.name = "hostname",
	 .type = KEY_STRING,
	 .help = "name of the nodes, as 'worker%03d'; not set: the role, with %03d if several",
	 .check = pattern_check},
	{.name = "address",
	 .type = KEY_STRING,
	 .help = "IPv4 address and prefix of the nodes, as '10.0.0.%d/24'; not set: DHCP",
	 .check = pattern_check_address},
	{.name = "first-address",
	 .type = KEY_INT,
	 .fallback = "1",
	 .help = "what %d in the address is for the first node",
	 .min = 0,
	 .max = 255},
	{.name = "image-size",
	 .type = KEY_STRING,
	 .help = "grow the image and its root file system to this, as '8G'; not set: as the base",
	 .check = check_size},
	{.name = "root-partition",
	 .type = KEY_INT,
	 .help = "number of the root partition; not set: found by its content",
	 .min = 1,
	 .max = 128},
	{.name = NULL},
};

const struct key *const *profile_key_tables(void)
{
	/* Filled with the same pointers each time: the one list that cannot be made by the linker.
	 */
	static const struct key *tables[TABLES_MAX];
	size_t n = 0;
	tables[n++] = profile_core_keys;
	for (const struct custom *const *c = customs; *c && n + 1 < TABLES_MAX; c++) {
		if ((*c)->keys)
			tables[n++] = (*c)->keys;
	}
	return tables;
}
