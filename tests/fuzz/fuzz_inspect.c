/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What inspect reads of a hostile image: programs, os-release, sudoers, groups, known hosts. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "custom/os_release.h"
#include "edit_sudoers.h"
#include "inspect.h"
#include "mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t nodes;
	auto_strv doubts = {0};
	auto_str rest = STR_INIT, included = STR_INIT;
	auto_sudoer who = {.name = "pi", .uid = 1000};
	autofree char *text = xmemdup(data, size);
	autofree char *architecture = elf_architecture(data, size);
	autofree char *name = os_release_get(text, "PRETTY_NAME");
	autofree char *cluster = known_hosts_cluster(text, &nodes);
	groups_of(text, "pi", "1000", &who.groups);
	sudoers_aliases(text, &who);
	const char *sudo = sudoers_allow(text, &who);
	sudoers_without(&rest, text, &who);
	sudoers_include_last(&included, text, &who);
	sudoers_doubts(&doubts, text, &who, true);
	if ((name && strlen(name) > size) || (cluster && strlen(cluster) > size) || !*sudo ||
	    rest.len > size || (architecture && !*architecture))
		abort();
	return 0;
}
