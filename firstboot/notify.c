/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#include "notify.h"

/* Where nobody listens, libsystemd does nothing; nobody could be told of a failure either. */
void notify_ready(void)
{
	(void)sd_notify(0, "READY=1");
}

void notify_status(const char *text)
{
	(void)sd_notifyf(0, "STATUS=%s", text);
}

void notify_journal(const struct notify_entry *n)
{
	/* A NULL format ends the list: the step goes last, where there is one. */
	(void)sd_journal_send("MESSAGE=%s", n->message, "MESSAGE_ID=%s", n->id, "PRIORITY=%d",
			      (int)n->priority, "PHASE=%s", n->phase, "RESULT=%s", n->result,
			      "SYSLOG_IDENTIFIER=firstboot", n->step ? "STEP=%s" : NULL, n->step,
			      NULL);
}
