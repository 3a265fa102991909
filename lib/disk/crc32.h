/* SPDX-License-Identifier: ISC */
/*
 * crc32.h - the checksum of GPT and of the log of kv: CRC-32 of IEEE 802.3.
 */
#ifndef DISK_CRC32_H
#define DISK_CRC32_H

#include <billet/base.h>

/* Goes on from `crc`, which is 0 at first. */
uint32_t crc32(uint32_t crc, struct span);

#endif
