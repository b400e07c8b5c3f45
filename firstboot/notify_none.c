/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For systems without systemd. */
#include "notify.h"

void notify_ready(void)
{
}

void notify_status(const char *text)
{
	(void)text;
}

void notify_journal(const struct notify_entry *n)
{
	(void)n;
}
