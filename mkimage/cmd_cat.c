/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <unistd.h>

#include "commands.h"
#include "image.h"
#include "io.h"

#define CAT_MAX (1ull << 30)

int cmd_cat(const struct options *o, struct err *e)
{
	const struct image_open open = {.path = o->cli.operands.v[0]};
	auto_image *image = NULL;
	auto_str content = STR_INIT;
	if (image_open(&open, &image, e) < 0 ||
	    tree_read(image->tree, o->cli.operands.v[1], CAT_MAX, &content, e) < 0)
		return -1;
	return io_write_fd(STDOUT_FILENO, "standard output", content.data, content.len, e);
}
