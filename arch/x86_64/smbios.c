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

static struct span of_bios(const struct phys *m)
{
    struct span s = phys_at(m, SMBIOS_FROM, SMBIOS_END - SMBIOS_FROM), t = {0};

    for (size_t i = 0; i < s.n && t.n == 0; i += 16)
        if (is_entry(s.p + i, s.n - i))
            t = structures(m, s.p + i);
    return t;
}

/* UEFI 4.6: the entry point is behind one of two GUIDs. */
static struct span of_efi(const struct phys *m, uint64_t table)
{
    static const uint8_t guids[2][16] = {
        {0x44, 0x15, 0xfd, 0xf2, 0x94, 0x97, 0x2c, 0x4a, 0x99, 0x2e, 0xe5, 0xbb,
         0xcf, 0x20, 0xe3, 0x94},
        {0x31, 0x2d, 0x9d, 0xeb, 0x88, 0x2d, 0xd3, 0x11, 0x9a, 0x16, 0x00, 0x90,
         0x27, 0x3f, 0xc1, 0x4d}};
    enum { TABLE_BYTES = 120, ROW_BYTES = 24, ROWS_MAX = 256 };
    struct span system = phys_at(m, table, TABLE_BYTES), rows;
    uint64_t n;

    if (system.n == 0 || (n = le64(system.p + 104)) == 0 || n > ROWS_MAX)
        return (struct span){0};
    rows = phys_at(m, le64(system.p + 112), (size_t)n * ROW_BYTES);
    for (unsigned g = 0; g < 2; g++)
        for (size_t at = 0; at < rows.n; at += ROW_BYTES) {
            struct span entry = {0};

            if (memcmp(rows.p + at, guids[g], 16) == 0)
                entry = phys_at(m, le64(rows.p + at + 16), 31);
            if (entry.n > 0 && is_entry(entry.p, entry.n))
                return structures(m, entry.p);
        }
    return (struct span){0};
}

struct span smbios_table(const struct phys *m, uint64_t efi)
{
    struct span t = of_bios(m);

    return t.n == 0 && efi ? of_efi(m, efi) : t;
}

bool smbios_uuid(const struct phys *m, uint8_t out[SMBIOS_UUID_BYTES])
{
    struct span t = of_bios(m);

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
