/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef TESTS_ASSERT_ERR_H
#define TESTS_ASSERT_ERR_H

/* What calls that take a struct err say, in the test's output. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "err.h"

/* The call succeeds; if not, its message is in the test's output. */
#define assert_ok(call, e)                        \
	do {                                      \
		if ((call) < 0)                   \
			fail_msg("%s", (e)->msg); \
	} while (0)

/* The call fails with this code, and says this. */
#define assert_fails(call, e, expected, fragment)                             \
	do {                                                                  \
		assert_int_equal((call), -1);                                 \
		assert_non_null((e)->msg);                                    \
		if ((e)->code != (expected) || !strstr((e)->msg, (fragment))) \
			fail_msg("code %d: %s", (int)(e)->code, (e)->msg);    \
		err_done(e);                                                  \
	} while (0)

#endif
