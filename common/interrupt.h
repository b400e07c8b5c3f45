/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_INTERRUPT_H
#define COMMON_INTERRUPT_H

#include "err.h"

/*
 * Install handlers for SIGINT, SIGTERM, SIGHUP; afterwards interrupted() says whether one came.
 * Programs that run() has started are ended by one.
 */
void interrupt_init(void);
int interrupted(void);
/* 0, or -1 with ERR_INTERRUPT once a signal came: long loops call it. */
int interrupt_check(struct err *e) must_check;

#endif
