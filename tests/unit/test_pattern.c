/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses with the number of a node in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "pattern.h"

static void a_number_may_lead_to_no_hosts_address(void **state)
{
	(void)state;
	struct address a;
	assert_true(pattern_expand_address("%d.0.0.1/8", 126, &a));
	assert_false(pattern_expand_address("%d.0.0.1/8", 127, &a));
	assert_false(pattern_expand_address("%d.0.0.1/8", 224, &a));
}

static void the_last_number_counts_on_through_the_network(void **state)
{
	(void)state;
	struct address a;
	assert_true(pattern_expand_address("10.0.1.%d/16", 256, &a));
	assert_int_equal(a.ip, 10u << 24 | 2u << 8);
	assert_true(pattern_expand_address("10.0.1.%d/16", 65278, &a));
	assert_false(pattern_expand_address("10.0.1.%d/16", 65279, &a));
	assert_false(pattern_expand_address("10.0.1.%d/16", 65280, &a));
	assert_false(pattern_expand_address("10.0.0.%d/24", 256, &a));
	assert_false(pattern_expand_address("10.0.0.%d/24", UINT32_MAX, &a));
	assert_false(pattern_expand_address("10.0.%d.1/16", 256, &a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_may_lead_to_no_hosts_address),
		cmocka_unit_test(the_last_number_counts_on_through_the_network),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
