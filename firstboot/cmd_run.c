/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "board.h"
#include "bus.h"
#include "options.h"
#include "rootfs.h"
#include "settings.h"

static int run_step(struct ctx *ctx, const struct step *s)
{
	auto_str message = STR_INIT;
	auto_err e = ERR_INIT;
	int r = s->run(ctx, &message, &e);
	printf("%s: %s: %s\n", s->name,
	       r < 0 ? "failed"
	       : r   ? "changed"
		     : "unchanged",
	       r < 0 ? e.msg : str_text(&message));
	return r;
}

int cmd_run(const struct options *o, struct err *e)
{
	enum phase phase;
	auto_settings settings = {0};
	auto_board board = {0};
	struct ctx ctx = {o->root ? o->root : "", o->dry_run, &settings, &board, NULL};
	if (!o->phase || !phase_parse(o->phase, &phase))
		return err_set(e, ERR_USAGE, "run: --phase local or --phase network is missing");
	if (settings_load(&ctx, &settings, e) < 0)
		return -1;
	board_read(&ctx, &board);
	int failed = 0;
	for (size_t i = 0; steps[i]; i++)
		failed += steps[i]->phase == phase && run_step(&ctx, steps[i]) < 0;
	return failed ? err_set(e, ERR_FAILED, "%d steps failed", failed) : 0;
}
