/* SPDX-License-Identifier: ISC */
/*
 * fw_cfg.c - QEMU's firmware configuration device, by its two ports.
 */
#include "fw_cfg.h"

#include <base/bytes.h>
#include <base/fmt.h>
#include <billet/machine.h>

#include "cpu.h"
#include "io.h"

enum {
    SELECT_PORT = 0x510,
    DATA_PORT = 0x511,
    SIGNATURE = 0x00,
    DIRECTORY = 0x19,
    FILES_MAX = 256, /* beyond: not seen */
    ENTRY_BYTES = 64,
    NAME_AT = 8
};

static const uint8_t *take(uint8_t *at, size_t n)
{
    in8_many(DATA_PORT, at, n);
    return at;
}

size_t fw_cfg_read(const char *name, struct mspan out)
{
    uint8_t e[ENTRY_BYTES];
    uint32_t files;

    if (cpu.hypervisor == HYPERVISOR_NONE)
        return 0;
    out16(SELECT_PORT, SIGNATURE);
    if (memcmp(take(e, 4), "QEMU", 4) != 0)
        return 0;
    out16(SELECT_PORT, DIRECTORY);
    files = be32(take(e, 4));
    for (uint32_t i = 0; i < files && i < FILES_MAX; i++)
        if (strncmp((const char *)take(e, ENTRY_BYTES) + NAME_AT, name,
                    ENTRY_BYTES - NAME_AT) == 0) {
            size_t n = be32(e) < out.n ? be32(e) : out.n;

            out16(SELECT_PORT, be16(e + 4));
            take(out.p, n);
            return n;
        }
    return 0;
}

size_t machine_file(const char *name, struct mspan out)
{
    char path[ENTRY_BYTES - NAME_AT];

    if (fmt(path, sizeof(path), "opt/billet/%s", name) >= sizeof(path) - 1)
        return 0; /* a name that no file there can have */
    return fw_cfg_read(path, out);
}

size_t machine_config(struct mspan out)
{
    size_t n = fw_cfg_read("opt/org.billet/config", out);

    return n ? n : machine_file("config", out);
}
