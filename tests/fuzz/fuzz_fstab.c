/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fstab and cmdline.txt of a stranger's root tarball: whatever they are, the result names the new
 * source, and what was edited is not edited again.  The input is two texts separated by a NUL
 * byte.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "assemble_private.h"
#include "fstab.h"
#include "mem.h"

#define SOURCE "PARTUUID=00000001-02"
#define LINE SOURCE " / ext4 defaults 0 1\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void fuzz_fstab(const char *text)
{
	auto_str once = STR_INIT, twice = STR_INIT;
	fstab_set_source(&once, text, "/", SOURCE, LINE);
	fstab_set_source(&twice, str_text(&once), "/", SOURCE, LINE);
	expect(strstr(str_text(&once), SOURCE) != NULL);
	expect(strcmp(str_text(&once), str_text(&twice)) == 0);
}

static void fuzz_cmdline(const char *text)
{
	auto_str once = STR_INIT, twice = STR_INIT;
	cmdline_set_root(&once, text, SOURCE);
	cmdline_set_root(&twice, str_text(&once), SOURCE);
	const char *root = strstr(str_text(&once), "root=" SOURCE);
	expect(root && root < str_text(&once) + strcspn(str_text(&once), "\n"));
	expect(strcmp(str_text(&once), str_text(&twice)) == 0);
}

/* libmount reads any text; what it can read is found by its mount point. */
static void fuzz_mounts(const char *text)
{
	auto_fstab f = {0};
	fstab_parse(text, &f);
	for (size_t i = 0; i < f.n; i++) {
		expect(f.entries[i].wrong || f.entries[i].target);
		expect(!f.entries[i].target || fstab_find(&f, f.entries[i].target));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *first = xmemdup(data, size);
	const char *second = first + strlen(first);
	second += second < first + size;
	fuzz_fstab(first);
	fuzz_mounts(first);
	fuzz_cmdline(second);
	return 0;
}
