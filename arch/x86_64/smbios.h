/* SPDX-License-Identifier: ISC */
/*
 * smbios.h - what firmware says of the machine (DMTF DSP0134): of it all, the
 * UUID alone.
 */
#ifndef X86_64_SMBIOS_H
#define X86_64_SMBIOS_H

#include "phys.h"

enum {
    SMBIOS_FROM = 0xf0000,      /* where a BIOS puts the entry point... */
    SMBIOS_END = 0x100000,      /* ...on 16 bytes; UEFI puts it elsewhere */
    SMBIOS_TABLE_MAX = 1 << 20, /* beyond: not a table */
    SMBIOS_UUID_BYTES = 16
};

/* False when there is none, or one that says that it is not set. */
MUST_USE bool smbios_uuid(const struct phys *, uint8_t out[SMBIOS_UUID_BYTES]);

#endif
