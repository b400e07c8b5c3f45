/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "crowd.h"

#define MIN 40	/* boards */
#define RATE 12 /* boards a second; as firstboot spreads them, ten come */

int crowd_pause(struct store *s, long long now, long long *ret, struct err *e)
{
	struct store_arrivals came;
	long long before;
	*ret = 0;
	if (store_arrivals(s, now, &came, e) < 0)
		return -1;
	if (came.boards < MIN || came.boards < RATE * came.seconds)
		return 0;
	if (store_count_unsettled(s, &before, e) < 0)
		return -1;
	long long seconds = before * came.seconds / came.boards;
	*ret = seconds < REPLY_PAUSE_MAX ? seconds : REPLY_PAUSE_MAX;
	return 0;
}
