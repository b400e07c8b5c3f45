/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdio.h>

#include "engine.h"
#include "options.h"

int cmd_status(const struct options *o, struct err *e)
{
	auto_engine engine;
	auto_str why = STR_INIT, out = STR_INIT;
	if (engine_init(&engine, o, e) < 0)
		return -1;
	engine_load_state(&engine, &why);
	if (why.len)
		return err_set(e, ERR_FAILED, "%s; the next run begins again", str_text(&why));
	if (!engine.state.begun)
		return err_set(e, ERR_FAILED,
			       "%s" STATE_PATH ": there is no state: firstboot did not run yet, or "
			       "could not write; 'journalctl -t firstboot' says which",
			       engine.ctx.root);
	if (o->cli.json)
		report_json(&engine.report, &out);
	else
		report_text(&engine.report, &out);
	fputs(str_text(&out), stdout);
	return 0;
}
