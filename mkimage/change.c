/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "change.h"

void change_done(struct change *c)
{
	if (c->secret && c->data)
		explicit_bzero(c->data, c->len);
	free(c->path);
	free(c->data);
	free(c->host_path);
	free(c->target);
	free(c->why);
	*c = (struct change){0};
}
