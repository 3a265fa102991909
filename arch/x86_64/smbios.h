/* SPDX-License-Identifier: ISC */
/*
 * smbios.h - what firmware says of the machine (DMTF DSP0134): where its
 * structures are, and the UUID.  lib/platform/detect.h reads the rest.
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

/* All structures, one after the other; empty: there are none.  `efi` is the
 * system table of UEFI, 0 where a BIOS is. */
struct span smbios_table(const struct phys *, uint64_t efi);

/* Of a BIOS's.  False when there is none, or one that says that it is not set.
 */
MUST_USE bool smbios_uuid(const struct phys *, uint8_t out[SMBIOS_UUID_BYTES]);

#endif
