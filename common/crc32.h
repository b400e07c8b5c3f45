/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef COMMON_CRC32_H
#define COMMON_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* CRC-32 of IEEE 802.3, reflected: what GPT, U-Boot and zip use. */
uint32_t crc32_of(const void *data, size_t len);

#endif
