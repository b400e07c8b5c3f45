/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdbool.h>

/* Debug lines on stderr, off unless CARDSTOCK_DEBUG is set or --debug was given. */
void log_set_debug(bool on);
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
