/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"
#include "inspect.h"
#include "mem.h"

/* What e_flags of a program for ARM says of its ABI; elf.h has other names for these bits. */
#define ARM_SOFT_FLOAT 0x200
#define ARM_HARD_FLOAT 0x400

static uint32_t get_number(const unsigned char *p, size_t len, bool big)
{
	uint32_t value = 0;
	for (size_t i = 0; i < len; i++)
		value = value << 8 | p[big ? i : len - 1 - i];
	return value;
}

static const char *arm_abi(const unsigned char *p, size_t len, bool big)
{
	if (len < sizeof(Elf32_Ehdr))
		return "arm";
	uint32_t flags = get_number(p + offsetof(Elf32_Ehdr, e_flags), 4, big);
	if (flags & ARM_HARD_FLOAT)
		return "armhf";
	return flags & ARM_SOFT_FLOAT ? "armel" : "arm";
}

char *elf_architecture(const void *data, size_t len)
{
	static const struct {
		unsigned machine;
		const char *name;
	} machines[] = {{EM_AARCH64, "arm64"},
			{EM_X86_64, "amd64"},
			{EM_386, "i386"},
			{EM_RISCV, "riscv64"}};
	const unsigned char *p = data;
	if (len < offsetof(Elf32_Ehdr, e_machine) + 2 || memcmp(p, ELFMAG, SELFMAG) != 0)
		return NULL;
	bool big = p[EI_DATA] == ELFDATA2MSB;
	unsigned machine = get_number(p + offsetof(Elf32_Ehdr, e_machine), 2, big);
	if (machine == EM_ARM)
		return xstrdup(arm_abi(p, len, big));
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++) {
		if (machines[i].machine == machine)
			return xstrdup(machines[i].name);
	}
	return xasprintf("ELF machine %u", machine);
}

/* "@cert-authority worker001,worker001.beowulf,10.0.0.11 ssh-ed25519 …": "beowulf", owned. */
static char *domain_of(const char *line)
{
	auto_strv words = {0};
	strv_split(&words, line, " ,");
	size_t len = words.n > 2 ? strlen(words.v[1]) : 0;
	if (!len || strncmp(words.v[1], words.v[2], len) != 0 || words.v[2][len] != '.')
		return NULL;
	return xstrdup(words.v[2] + len + 1);
}

char *known_hosts_cluster(const char *text, size_t *ret_nodes)
{
	const char *begin = strstr(text, "# BEGIN cardstock ssh\n");
	const char *end = begin ? strstr(begin, "# END cardstock ssh") : NULL;
	if (!end)
		return NULL;
	autofree char *block = xstrndup(begin, (size_t)(end - begin));
	autofree char *name = NULL;
	auto_strv lines = {0};
	strv_split(&lines, block, "\n");
	size_t nodes = 0;
	strv_foreach (line, &lines) {
		if (!str_starts(*line, "@cert-authority "))
			continue;
		nodes++;
		if (!name)
			name = domain_of(*line);
	}
	*ret_nodes = nodes;
	return steal(&name);
}
