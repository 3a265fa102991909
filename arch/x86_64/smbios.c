/* SPDX-License-Identifier: ISC */
/*
 * smbios.c - see smbios.h.
 */
#include "smbios.h"

enum {
    ENTRY_BYTES = 24, /* as much as is read of an entry point */
    SYSTEM = 1,       /* the type of structure that has the UUID... */
    SYSTEM_UUID = 8,  /* ...here */
    NAME_2 = 0x5f4d535f,
    NAME_3 = 0x334d535f /* "_SM_", "_SM3_" */
};

/* DSP0134 5.2.1, 5.2.2: where the structures are, and how many bytes. */
static struct span structures(const struct phys *m, const uint8_t *p)
{
    bool v3 = le32(p) == NAME_3;
    uint32_t n = v3 ? le32(p + 12) : le16(p + 22);

    if (n == 0 || n > SMBIOS_TABLE_MAX)
        return (struct span){0};
    return phys_at(m, v3 ? le64(p + 16) : le32(p + 24), n);
}

static bool is_entry(const uint8_t *p, size_t room)
{
    uint32_t name = le32(p);
    size_t n = p[name == NAME_3 ? 6 : 5];
    uint8_t sum = 0;

    if ((name != NAME_2 && name != NAME_3) || n < ENTRY_BYTES || n > room)
        return false;
    while (n > 0)
        sum = (uint8_t)(sum + p[--n]);
    return sum == 0;
}

static bool is_set(const uint8_t *uuid)
{
    uint64_t a = le64(uuid), b = le64(uuid + 8);

    return (a | b) != 0 && (a & b) != UINT64_MAX;
}

bool smbios_uuid(const struct phys *m, uint8_t out[SMBIOS_UUID_BYTES])
{
    struct span s = phys_at(m, SMBIOS_FROM, SMBIOS_END - SMBIOS_FROM), t = {0};

    for (size_t i = 0; i < s.n && t.n == 0; i += 16)
        if (is_entry(s.p + i, s.n - i))
            t = structures(m, s.p + i);
    while (t.n >= SYSTEM_UUID + SMBIOS_UUID_BYTES) {
        size_t at = t.p[1]; /* behind it come its texts, and two zeros */

        if (t.p[0] == SYSTEM && at >= SYSTEM_UUID + SMBIOS_UUID_BYTES) {
            memcpy(out, t.p + SYSTEM_UUID, SMBIOS_UUID_BYTES);
            return is_set(out);
        }
        while (at + 2 < t.n && le16(t.p + at) != 0)
            at++;
        if (at + 2 > t.n)
            break;
        t.p += at + 2;
        t.n -= at + 2;
    }
    return false;
}
