/* SPDX-License-Identifier: ISC */
/*
 * memory.c - the machine's page tables, and who owns what memory is left.
 */
#include "memory.h"

#include <billet/machine.h>

#include "boot_memory.h"
#include "cpu.h"
#include "paging.h"

enum {
    LOW_BYTES = 0x10000,  /* what firmware and hardware keep for themselves */
    ROOM_BASE = 0x100000, /* machine_memory() gives none below */
    POOL_PAGES = 28,      /* image, devices and firmware tables */
    GUARD_PAGES = 64,     /* at most: each splits up 2 MiB */
    FLUSH_MAX = 64        /* pages; beyond, the whole TLB goes */
};
#define HUGE_BYTES  (UINT64_C(1) << 30)
#define LARGE_BYTES (UINT64_C(1) << 21)
#define ROOM_END    (UINT64_C(1) << 32) /* the entry code has mapped so far */

/* From image.ld and entry.S. */
extern uint8_t image_base[], text_end[], rodata_end[], late_ro_start[],
    late_ro_end[], image_end[];
extern uint8_t boot_tables[], boot_tables_end[];
extern uint8_t boot_stack_guard[], fault_stack_guard[], nmi_stack_guard[];

static struct page_tables tables;
static struct regions ram, room; /* all there is, and what is free of it */
static uint64_t total;
static bool taken;

static uint64_t at(const void *p)
{
    return (uintptr_t)p;
}

/* Tables are read-only memory; only here is that not so. */
static bool set(uint64_t base, uint64_t end, enum page_use use)
{
    struct cpu_guards was = cpu_open_pages();
    bool done = paging_set(&tables, base, end, use);

    cpu_close_pages(was);
    return done;
}

static void flush(uint64_t base, uint64_t end)
{
    if (end - base > (uint64_t)FLUSH_MAX * PAGE_BYTES) {
        write_cr3(read_cr3());
        return;
    }
    for (; base < end; base += PAGE_BYTES)
        __asm__ volatile("invlpg (%0)" : : "r"(base) : "memory");
}

/* Pages that the tables may take, now and later. */
static size_t pool_bytes(void)
{
    uint64_t image = at(image_end) - at(image_base);
    uint64_t pages = POOL_PAGES + 2 * ram.n + 2 * (image / LARGE_BYTES);
    uint64_t guards = regions_bytes(&room) / LARGE_BYTES;

    for (unsigned i = 0; i < ram.n; i++)
        pages +=
            2 + (cpu.huge_pages ? ram.r[i].end / (512 * HUGE_BYTES)
                                : (ram.r[i].end - ram.r[i].base) / HUGE_BYTES);
    pages += guards < GUARD_PAGES ? guards : GUARD_PAGES;
    return (size_t)pages * PAGE_BYTES;
}

static bool map_memory(void)
{
    bool done = true;

    for (unsigned i = 0; i < ram.n; i++) {
        uint64_t base = ram.r[i].base < ROOM_BASE ? ROOM_BASE : ram.r[i].base;

        if (base < ram.r[i].end)
            done &= paging_set(&tables, base, ram.r[i].end, PAGE_DATA);
    }
    return done;
}

/* In the upper half only: no frame of the image is to be had at a second
 * address. */
static bool map_image(void)
{
    uint64_t text = (at(text_end) + PAGE_BYTES - 1) & ~(uint64_t)0xfff;
    uint8_t *const guards[] = {boot_stack_guard, fault_stack_guard,
                               nmi_stack_guard};
    bool done;

    done = paging_set(&tables, dma_address(image_base), dma_address(image_end),
                      PAGE_ABSENT) &&
           paging_set(&tables, at(image_base), text, PAGE_TEXT) &&
           paging_set(&tables, text, at(rodata_end), PAGE_CONST) &&
           paging_set(&tables, at(rodata_end), at(image_end), PAGE_DATA) &&
           paging_set(&tables, at(boot_tables), at(boot_tables_end),
                      PAGE_ABSENT) &&
           paging_set(&tables, dma_address(boot_tables),
                      dma_address(boot_tables_end), PAGE_CONST);
    for (unsigned i = 0; i < ARRAY_LEN(guards); i++)
        done &= paging_set(&tables, at(guards[i]), at(guards[i]) + PAGE_BYTES,
                           PAGE_GUARD);
    return done;
}

const char *memory_start(const struct boot_info *b)
{
    uint64_t pool;
    size_t n;

    ram = b->memory;
    room = b->free;
    total = b->total;
    regions_remove(&room, 0, LOW_BYTES);
    regions_remove(&room, dma_address(image_base), dma_address(image_end));
    regions_align(&room, PAGE_BYTES);

    n = pool_bytes();
    pool = regions_carve(&room, n, 0, ROOM_END);
    tables.no_execute = cpu.nx ? UINT64_C(1) << 63 : 0;
    tables.huge = cpu.huge_pages;
    if (pool == 0 || !paging_start(&tables, (void *)(uintptr_t)pool, n) ||
        !map_memory() || !map_image() ||
        !paging_set(&tables, pool, pool + n, PAGE_CONST))
        return "there is no memory for the page tables";
    write_cr3(at(tables.root));
    /* What the entry code used is of use again. */
    tables.next2 = (uint8_t *)(uintptr_t)dma_address(boot_tables);
    tables.end2 = (uint8_t *)(uintptr_t)dma_address(boot_tables_end);
    return NULL;
}

void memory_seal(void)
{
    ASSERT(set(at(late_ro_start), at(late_ro_end), PAGE_CONST));
    flush(at(late_ro_start), at(late_ro_end));
}

static bool is_used_as(uint64_t base, uint64_t end, enum page_use use)
{
    for (; base < end; base += PAGE_BYTES)
        if (paging_use(&tables, base) != use)
            return false;
    return true;
}

/* Whole pages around [phys, phys + n), outside of memory. */
static bool foreign_pages(uint64_t phys, size_t n, struct region *out)
{
    uint64_t limit = UINT64_C(1)
                     << (cpu.address_bits < 46 ? cpu.address_bits : 46);

    if (n == 0 || phys < PAGE_BYTES || phys >= limit || n > limit - phys)
        return false;
    out->base = phys & ~(uint64_t)(PAGE_BYTES - 1);
    out->end = (phys + n + PAGE_BYTES - 1) & ~(uint64_t)(PAGE_BYTES - 1);
    return true;
}

volatile void *memory_map_device(uint64_t phys, size_t n)
{
    struct region r;

    if (!foreign_pages(phys, n, &r) || regions_overlap(&ram, r.base, r.end))
        return NULL;
    if (!is_used_as(r.base, r.end, PAGE_DEVICE)) {
        if (!set(r.base, r.end, PAGE_DEVICE))
            return NULL;
        flush(r.base, r.end);
    }
    return (volatile void *)(uintptr_t)phys;
}

const void *memory_map_firmware(uint64_t phys, size_t n)
{
    struct region r;

    if (!foreign_pages(phys, n, &r))
        return NULL;
    for (; r.base < r.end; r.base += PAGE_BYTES)
        if (paging_use(&tables, r.base) == PAGE_ABSENT &&
            !set(r.base, r.base + PAGE_BYTES, PAGE_CONST))
            return NULL;
    return (const void *)(uintptr_t)phys;
}

bool memory_is_guard(uint64_t address)
{
    return tables.root && paging_use(&tables, address) == PAGE_GUARD;
}

bool memory_readable(uint64_t address)
{
    enum page_use use =
        tables.root ? paging_use(&tables, address) : PAGE_ABSENT;

    return use == PAGE_CONST || use == PAGE_DATA || use == PAGE_TEXT;
}

uint64_t memory_free_bytes(void)
{
    return regions_bytes(&room);
}

struct mspan machine_memory(void)
{
    struct region r;

    if (taken)
        return (struct mspan){0};
    taken = true;
    r = regions_take_largest(&room, ROOM_BASE);
    return (struct mspan){(uint8_t *)(uintptr_t)r.base,
                          (size_t)(r.end - r.base)};
}

uint64_t machine_memory_total(void)
{
    return total;
}

void machine_guard(void *p, size_t n)
{
    ASSERT(((uintptr_t)p | n) % PAGE_BYTES == 0);
    ASSERT(set(at(p), at(p) + n, PAGE_GUARD));
    flush(at(p), at(p) + n);
}
