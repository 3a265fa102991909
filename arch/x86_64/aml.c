/* SPDX-License-Identifier: ISC */
/*
 * aml.c - the few facts that only AML holds, found without running it.
 *
 * Compilers write these objects in one way, so their bytes are looked for.
 */
#include <base/fmt.h>

#include "acpi_tables.h"

/* The next place of `word` at or behind `from`; s.n when there is none. */
static size_t find(struct span s, size_t from, struct span word)
{
    const uint8_t *p, *end;

    if (s.n < word.n)
        return s.n;
    p = s.p + from;
    end = s.p + s.n - word.n;
    for (uint8_t first = word.p[0]; p <= end; p++)
        if (*p == first && memcmp(p, word.p, word.n) == 0)
            return (size_t)(p - s.p);
    return s.n;
}

/* An integer constant at *at, which moves behind it. */
static bool take_integer(struct span s, size_t *at, uint32_t *v)
{
    enum { ZERO = 0x00, ONE = 0x01, BYTE = 0x0a, WORD = 0x0b, DWORD = 0x0c };
    size_t n;

    if (*at >= s.n)
        return false;
    n = s.p[*at] == BYTE ? 1 : s.p[*at] == WORD ? 2 : s.p[*at] == DWORD ? 4 : 0;
    if (n == 0 && s.p[*at] > ONE)
        return false;
    if (*at + 1 + n > s.n)
        return false;
    *v = n == 0 ? s.p[*at] : 0;
    for (size_t i = 0; i < n; i++)
        *v |= (uint32_t)s.p[*at + 1 + i] << 8 * i;
    *at += 1 + n;
    return true;
}

/* Name (_S5_, Package () { type a, type b, ... }) */
bool acpi_find_s5(struct span s, uint8_t *type_a, uint8_t *type_b)
{
    enum { PACKAGE = 0x12, NAME = 0x08, ROOT = '\\' };

    for (size_t i = find(s, 1, SPAN("_S5_")); i < s.n;
         i = find(s, i + 1, SPAN("_S5_"))) {
        uint32_t a, b = 0;
        size_t at = i + 5;

        if (at + 2 >= s.n || s.p[i + 4] != PACKAGE ||
            (s.p[i - 1] != NAME && s.p[i - 1] != ROOT))
            continue;
        at += 1 + (s.p[at] >> 6); /* the package's length: 1 to 4 bytes */
        at += 1;                  /* how many elements */
        if (!take_integer(s, &at, &a) || a > 7)
            continue;
        if (!take_integer(s, &at, &b) || b > 7)
            b = a;
        *type_a = (uint8_t)a;
        *type_b = (uint8_t)b;
        return true;
    }
    return false;
}

/* Resources behind a device's name: Memory32Fixed, then Interrupt. */
static bool find_resources(struct span s, struct mmio_virtio *out)
{
    static const uint8_t memory[] = {0x86, 9, 0}, irq[] = {0x89, 6, 0};
    size_t at = find(s, 0, (struct span){memory, sizeof(memory)});

    if (at + 12 > s.n)
        return false;
    out->addr = le32(s.p + at + 4);
    out->size = le32(s.p + at + 8);
    at = find(s, at + 12, (struct span){irq, sizeof(irq)});
    if (at + 9 > s.n || s.p[at + 4] != 1)
        return false;
    out->gsi = le32(s.p + at + 5);
    return true;
}

unsigned acpi_find_virtio(struct span s, struct mmio_virtio *out, unsigned max)
{
    enum { RESOURCES_WITHIN = 128 /* bytes of the name */ };
    const struct span name = SPAN("LNRO0005");
    unsigned n = 0;

    for (size_t at = find(s, 0, name); at < s.n && n < max;) {
        size_t next = find(s, at + name.n, name);
        size_t end =
            next < at + RESOURCES_WITHIN ? next : at + RESOURCES_WITHIN;

        if (end > s.n)
            end = s.n;
        if (find_resources((struct span){s.p + at, end - at}, &out[n]))
            n++;
        at = next;
    }
    return n;
}

/* OperationRegion (EREG, SystemMemory, address, ...), and an Interrupt. */
bool acpi_find_ged(struct span s, struct acpi_ged *out)
{
    enum { WITHIN = 256 /* bytes of the id */, EDGE = 1 << 1 };
    static const uint8_t irq[] = {0x89, 6, 0};
    size_t at = find(s, 0, SPAN("ACPI0013"));
    uint32_t events;

    if (at == s.n)
        return false;
    s = (struct span){s.p + at, s.n - at < WITHIN ? s.n - at : WITHIN};
    at = find(s, 0, SPAN("EREG\0")) + 5; /* 0: in memory */
    if (!take_integer(s, &at, &events))
        return false;
    at = find(s, 0, (struct span){irq, sizeof(irq)});
    if (at + 9 > s.n || s.p[at + 4] != 1)
        return false;
    out->events = events;
    out->gsi = le32(s.p + at + 5);
    out->level = !(s.p[at + 3] & EDGE);
    return true;
}

/* The device has VM_Gen_Counter as an id.  Beside it stands, by QEMU,
 * Name (VGIA, base), and the ID 40 bytes behind that; by others Name (ADDR,
 * Package () {low, high}). */
uint64_t acpi_find_generation(struct span s)
{
    enum { QEMU_OFFSET = 40 };
    static const uint8_t addr[] = {0x08, 'A', 'D', 'D', 'R', 0x12};
    size_t at = find(s, 0, SPAN("VM_Gen_Counter"));
    uint32_t low, high;

    if (at == s.n)
        return 0;
    at = find(s, 0, SPAN("\x08VGIA")) + 5;
    if (take_integer(s, &at, &low) && low)
        return (uint64_t)low + QEMU_OFFSET;
    at = find(s, 0, (struct span){addr, sizeof(addr)}) + sizeof(addr);
    at += 2; /* the package's length and how many elements */
    if (take_integer(s, &at, &low) && take_integer(s, &at, &high))
        return (uint64_t)high << 32 | low;
    return 0;
}

static unsigned digit(uint8_t c)
{
    return c >= '0' && c <= '9'   ? c - (unsigned)'0'
           : c >= 'a' && c <= 'f' ? c - (unsigned)'a' + 10
           : c >= 'A' && c <= 'F' ? c - (unsigned)'A' + 10
                                  : 16;
}

/* A number and the mark behind it, or the end of the text when it may end
 * there.  Sizes may have a K or an M, as in Linux. */
static bool take_number(struct span *s, uint8_t mark, bool may_end,
                        uint64_t *out)
{
    unsigned base = 10, digits = 0;
    uint64_t v = 0;

    if (s->n > 2 && s->p[0] == '0' && (s->p[1] | 0x20) == 'x') {
        base = 16;
        *s = (struct span){s->p + 2, s->n - 2};
    }
    for (; s->n > 0 && digit(s->p[0]) < base; s->p++, s->n--, digits++) {
        if (v >> 59)
            return false;
        v = v * base + digit(s->p[0]);
    }
    if (mark == '@' && s->n > 0 && (s->p[0] == 'K' || s->p[0] == 'M')) {
        v <<= s->p[0] == 'K' ? 10 : 20;
        *s = (struct span){s->p + 1, s->n - 1};
    }
    *out = v;
    if (digits == 0 || s->n == 0)
        return digits > 0 && may_end;
    if (s->p[0] != mark)
        return false;
    *s = (struct span){s->p + 1, s->n - 1};
    return true;
}

bool virtio_from_argument(const char *argument, struct mmio_virtio *out)
{
    const struct span key = SPAN("virtio_mmio.device=");
    struct span s = span_of(argument);
    uint64_t size, addr, gsi;

    if (s.n < key.n || memcmp(s.p, key.p, key.n) != 0)
        return false;
    s = (struct span){s.p + key.n, s.n - key.n};
    if (!take_number(&s, '@', false, &size) ||
        !take_number(&s, ':', false, &addr) ||
        !take_number(&s, ':', true, &gsi) || size > UINT32_MAX ||
        gsi > UINT16_MAX)
        return false;
    *out = (struct mmio_virtio){
        .addr = addr, .size = (uint32_t)size, .gsi = (uint32_t)gsi};
    return true;
}
