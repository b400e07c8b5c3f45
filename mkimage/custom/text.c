/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <string.h>

#include "text.h"

int text_read_optional(struct plan_ctx *ctx, const char *path, struct str *out, struct err *e)
{
	int found = plan_read_optional(ctx, path, out, e);
	if (found > 0 && strlen(str_text(out)) != out->len)
		return err_set(e, ERR_IMAGE,
			       "%s: has NUL bytes in the image and cannot be edited; repair or "
			       "replace it, by an overlay for example",
			       path);
	return found;
}

int text_read(struct plan_ctx *ctx, const char *path, struct str *out, struct err *e)
{
	int found = text_read_optional(ctx, path, out, e);
	if (found == 0)
		return err_set(e, ERR_IMAGE, "%s: no such file in the image", path);
	return found < 0 ? -1 : 0;
}
