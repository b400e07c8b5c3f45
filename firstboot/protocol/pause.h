/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef REGISTRY_PAUSE_H
#define REGISTRY_PAUSE_H

/* Seconds that the master may have a board wait between its first visit and its second. */
#define REPLY_PAUSE_MAX 300

#endif
