/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "mem.h"
#include "program.h"

int program_present(struct plan_ctx *ctx, const char *name, struct err *e)
{
	static const char *const dirs[] = {"/usr/sbin", "/sbin", "/usr/bin", "/bin"};
	int found = 0;
	for (size_t i = 0; !found && i < sizeof(dirs) / sizeof(*dirs); i++) {
		autofree char *path = path_join(dirs[i], name);
		found = plan_exists(ctx, path, e);
	}
	return found;
}
