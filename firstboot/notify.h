/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef FIRSTBOOT_NOTIFY_H
#define FIRSTBOOT_NOTIFY_H

/*
 * What systemd and its journal are told.  Without either, and in firstboot-static, nothing happens:
 * nobody is left without the report.
 *
 * Each entry of the journal has a MESSAGE_ID, which overlays/firstboot's catalog explains, and the
 * fields named there.
 */

/* A step changed something or found nothing to do: STEP=, PHASE=, RESULT=changed|unchanged. */
#define NOTIFY_STEP "f37d3c692434482ca94c26e7a0d5df7b"
/* A step failed: STEP=, PHASE=, RESULT=failed. */
#define NOTIFY_STEP_FAILED "6545f0ab400446da9aa754b6cc7aa703"
/* All steps of a phase ran: PHASE=, RESULT=done|failed. */
#define NOTIFY_PHASE "8932e854a1fc45e18762b116f4d4d781"

/* The state was of another board or image, or damaged: steps run again.  PHASE=, RESULT=. */
#define NOTIFY_STATE "fb5cc481fdbf4f8c9d4635fcdf39ca88"

enum notify_priority { NOTIFY_ERROR = 3, NOTIFY_INFO = 6 }; /* as syslog(3) */

struct notify_entry {
	const char *id; /* one of the above */
	enum notify_priority priority;
	const char *message;
	const char *step; /* NULL: of a whole phase */
	const char *phase, *result;
};

/* The service is up: what waits for it goes on. */
void notify_ready(void);
/* The line that `systemctl status` shows. */
void notify_status(const char *text);
void notify_journal(const struct notify_entry *entry);

#endif
