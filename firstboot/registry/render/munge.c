/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base64.h"
#include "registry/render.h"

bool munge_wanted(const struct view *v)
{
	return v->munge.len > 0;
}

/* What is not base64 was not written by us, and gives no key. */
void render_munge(const struct view *v, struct str *out)
{
	(void)base64_decode(out, str_text(&v->munge), v->munge.len);
}
