/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "identity.h"

#include <stddef.h>

#define BIT(n) (1u << (n))
#define LIVE (BIT(STATE_REGISTERED) | BIT(STATE_READY) | BIT(STATE_STALE))
#define ANY_STATE (BIT(STATES) - 1)
#define ANY_CRED (BIT(CREDENTIALS) - 1)
#define OWN (BIT(CRED_CURRENT) | BIT(CRED_NEXT))

enum match { OTHER, SAME, EITHER };

/* The first row that fits decides. */
static const struct rule {
	unsigned credentials, states;
	enum match card, board;
	enum verdict verdict;
} rules[] = {
	{BIT(CRED_REVOKED), ANY_STATE, EITHER, EITHER, VERDICT_REFUSE},
	{BIT(CRED_RETIRED), ANY_STATE, EITHER, EITHER, VERDICT_COPY},
	{ANY_CRED, BIT(STATE_QUARANTINED), EITHER, EITHER, VERDICT_HELD},
	{BIT(CRED_ISSUED), BIT(STATE_PLANNED) | BIT(STATE_RETIRED), EITHER, EITHER,
	 VERDICT_REGISTER},
	{BIT(CRED_ISSUED), LIVE, EITHER, SAME, VERDICT_REFLASHED},
	{BIT(CRED_ISSUED), LIVE, EITHER, OTHER, VERDICT_CLAIM},
	{OWN, LIVE, SAME, SAME, VERDICT_REBOOT},
	{OWN, LIVE, SAME, OTHER, VERDICT_MOVED},
	{OWN, LIVE, OTHER, SAME, VERDICT_NEW_CARD},
	{OWN, LIVE, OTHER, OTHER, VERDICT_COPY},
};

static bool fits(enum match wanted, bool same)
{
	return wanted == EITHER || (wanted == SAME) == same;
}

enum verdict identity_judge(enum credential c, const struct record *node, const struct facts *seen)
{
	bool card = facts_same_card(&node->facts, seen);
	bool board = facts_same_board(&node->facts, seen);
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		const struct rule *r = &rules[i];
		if ((r->credentials & BIT(c)) && (r->states & BIT(node->state)) &&
		    fits(r->card, card) && fits(r->board, board))
			return r->verdict;
	}
	return VERDICT_REFUSE; /* a key of its own, but no board: no registry has that */
}

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = {
		[VERDICT_REGISTER] = "registered", [VERDICT_REBOOT] = "back",
		[VERDICT_MOVED] = "moved",	   [VERDICT_NEW_CARD] = "new-card",
		[VERDICT_REFLASHED] = "reflashed", [VERDICT_CLAIM] = "claim",
		[VERDICT_COPY] = "copy",	   [VERDICT_HELD] = "held",
		[VERDICT_REFUSE] = "refused",
	};
	return names[v];
}
