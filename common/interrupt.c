/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <signal.h>
#include <string.h>

#include "interrupt.h"
#include "run.h"

static volatile sig_atomic_t signal_came;

static void on_signal(int number)
{
	signal_came = number;
}

/*
 * No SA_RESTART: a blocking call returns and the loop above sees the flag.  SA_RESETHAND: a second
 * Ctrl-C ends a program that is stuck.  What the caller (nohup, a shell's &) ignores stays ignored,
 * but for SIGCHLD: nobody could say how our children ended.
 */
void interrupt_init(void)
{
	static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESETHAND}, old;
	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (sigaction(numbers[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
			sigaction(numbers[i], &action, NULL);
	}
	signal(SIGCHLD, SIG_DFL);
	run_set_interrupt(interrupted, RUN_PATIENCE_MS);
}

int interrupted(void)
{
	return signal_came != 0;
}

int interrupt_check(struct err *e)
{
	if (!signal_came)
		return 0;
	return err_set(e, ERR_INTERRUPT, "interrupted by signal %d (%s)", (int)signal_came,
		       strsignal(signal_came));
}
