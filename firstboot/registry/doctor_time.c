/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <stdlib.h>

#include "doctor.h"
#include "mem.h"

#define WARN_MS 2000
#define MUNGE_MS 300000 /* its credentials live that long */

static char *set_clock(const struct answer *v)
{
	return xasprintf("ssh -t %s sudo systemctl try-restart systemd-timesyncd chrony ntpsec ntp",
			 v->record->name);
}

void look_clock(struct doctor *d, const struct answer *v)
{
	long long skew;
	if (!answer_skew(v, &skew) || llabs(skew) <= WARN_MS)
		return;
	doctor_find(d, v, llabs(skew) > MUNGE_MS ? FINDING_ERROR : FINDING_WARNING,
		    xasprintf("%lld.%lld s %s the master's", llabs(skew) / 1000,
			      llabs(skew) % 1000 / 100, skew > 0 ? "ahead of" : "behind"),
		    set_clock(v));
}

void look_time(struct doctor *d, const struct answer *v)
{
	if (v->vitals.synced == 0)
		doctor_find(d, v, FINDING_WARNING, xstrdup("no time server sets its clock"),
			    set_clock(v));
}
