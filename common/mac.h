/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_MAC_H
#define COMMON_MAC_H

/* Addresses of network devices. */

#include <stdbool.h>

/* "dc:a6:32:01:02:03": lower case, of one station, not all zeros. */
bool mac_is_valid(const char *text);
/*
 * The six bytes as people write them ("DC-A6-32-01-02-03", "dca6.3201.0203", "dca632010203") in our
 * notation; false: they are no MAC.
 */
bool mac_parse(const char *text, char ret[18]);

#endif
