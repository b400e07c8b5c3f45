/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine.h"
#include "options.h"

int cmd_run(const struct options *o, struct err *e)
{
	enum phase phase;
	if (!o->phase)
		return err_set(e, ERR_USAGE, "run: needs --phase local or --phase network");
	if (!phase_parse(o->phase, &phase))
		return err_set(e, ERR_USAGE, "--phase: '%s' is neither local nor network",
			       o->phase);
	auto_engine engine;
	if (engine_init(&engine, o, e) < 0)
		return -1;
	return o->retry ? engine_run_until_done(&engine, phase, &o->again, e)
			: engine_run(&engine, phase, &o->again, e);
}
