/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>

#include "interrupt.h"
#include "options.h"

int main(int argc, char **argv)
{
	struct options o = {0};
	signal(SIGPIPE, SIG_IGN);
	interrupt_init();
	return cli_main(&mkimage_program, argc, argv, &o.cli);
}
