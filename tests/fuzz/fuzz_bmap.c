/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A block map file of a stranger: whatever it is, its ranges are in order and within the image that
 * it says it is for.
 */
#include <stdint.h>
#include <stdlib.h>

#include "bmap.h"
#include "io.h"
#include "mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_err e = ERR_INIT;
	auto_bmap m = {0};
	autoclose int fd = io_memfd("bmap", data, size, &e);
	autofree char *path = xasprintf("/proc/self/fd/%d", fd);
	if (bmap_read(path, &m, &e) < 0) {
		expect(e.msg && m.n == 0);
		return 0;
	}
	uint64_t end = 0;
	for (size_t i = 0; i < m.n; i++) {
		expect(m.ranges[i].start >= end && m.ranges[i].len > 0);
		end = m.ranges[i].start + m.ranges[i].len;
	}
	expect(end <= m.image_size);
	return 0;
}
