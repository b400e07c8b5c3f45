/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boot loaders' files and U-Boot scripts of a hostile image, whose ids are replaced. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "identity.h"
#include "mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct id_change changes[] = {
	{ID_DISK, 0, "deadbeef", "01234567"},
	{ID_PARTUUID, 1, "deadbeef-01", "01234567-01"},
	{ID_UUID, 1, "ABCD-1234", "0F1E-2D3C"},
	{ID_UUID, 2, "5e0cae14-3d3b-4b3c-8a2f-3c7c1b6b0d11",
	 "0edf85e2-c408-451a-9577-e537041ddf4b"},
};

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static size_t replace(const struct str *text, struct str *out)
{
	return id_changes_replace(changes, sizeof(changes) / sizeof(*changes), str_text(text),
				  text->len, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_str text = STR_INIT, once = STR_INIT, twice = STR_INIT;
	str_add(&text, data, size);
	size_t n = replace(&text, &once);
	expect(once.len == size);
	expect(n || !size || memcmp(once.data, data, size) == 0);
	expect(replace(&once, &twice) == 0);
	if (!size || !script_image_seal(once.data, once.len))
		return 0;
	str_done(&twice);
	str_add(&twice, once.data, once.len);
	expect(script_image_seal(twice.data, twice.len));
	expect(memcmp(once.data, twice.data, once.len) == 0);
	return 0;
}
