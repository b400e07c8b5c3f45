/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sources and control data of a stranger's image, and what apt prints of them: no path of the image
 * is left in what the host's apt reads, and no name of a file leads out of its directory.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "apt_private.h"
#include "control.h"
#include "mem.h"

#define KEYS "/keys"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void try_sources(const char *text, bool deb822)
{
	auto_apt_sources first = {0}, second = {0};
	auto_str out = STR_INIT;
	apt_sources_read(text, deb822, KEYS, &first, &out);
	apt_sources_read(str_text(&out), deb822, KEYS, &second, NULL);
	autofree char *uris = strv_join(&first.uris, "\n"), *again = strv_join(&second.uris, "\n");
	expect(strcmp(uris, again) == 0);
	strv_foreach (path, &second.keyrings)
		expect(str_starts(*path, KEYS "/"));
}

static void try_control(const char *text)
{
	struct stanza s;
	for (const char *at = text; stanza_next(&at, &s);) {
		autofree char *name = stanza_get(&s, "Package");
		expect(s.len && s.text + s.len <= at);
		expect(!name || stanza_is(&s, "Package", name));
	}
}

static void try_output(const char *text)
{
	auto_apt_set set = {0};
	auto_err e = ERR_INIT;
	if (apt_read_uris(text, &set, &e) < 0) {
		expect(e.msg != NULL);
		return;
	}
	apt_read_sizes(text, &set);
	for (size_t i = 0; i < set.n; i++) {
		const struct apt_package *p = &set.v[i];
		expect(!strchr(p->file, '/') && *p->file != '.' && strlen(p->sha256) == 64);
		expect(!i || strcmp(set.v[i - 1].file, p->file) <= 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autofree char *text = xmemdup(data, size);
	free(apt_said(text, "heading"));
	try_sources(text, false);
	try_sources(text, true);
	try_control(text);
	try_output(text);
	return 0;
}
