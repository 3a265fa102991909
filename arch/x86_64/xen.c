/* SPDX-License-Identifier: ISC */
/*
 * xen.c - Xen's hypercalls, as far as they are needed; see xen.h.
 *
 * The page of calls that Xen would fill in has the same instruction in it that
 * stands here, and would have to be executable.
 */
#include "xen.h"

#include <string.h>

#include "bootinfo.h"
#include "cpu.h"
#include "io.h"
#include "memory.h"

enum {
    CALL_MEMORY = 12,
    CALL_CONSOLE_IO = 18,
    CALL_SCHED = 29,
    CALL_EVENT_CHANNEL = 32,
    CALL_HVM = 34,
    MEMORY_MAP = 9,
    CONSOLE_IO_WRITE = 0,
    SCHED_YIELD = 0,
    SCHED_SHUTDOWN = 2,
    EVENT_SEND = 4,
    HVM_GET_PARAM = 1,
    PARAM_CONSOLE_PAGE = 17,
    PARAM_CONSOLE_EVENT = 18,
    DOMAIN_SELF = 0x7ff0,
    LEAF_FIRST = 0x40000000,
    LEAF_AFTER_HYPERV = 0x40000100, /* where Xen claims to be Hyper-V, too */
    LEAF_TIME = 3,
    MAP_ENTRIES_MAX = 128, /* as many as Xen gives */
    YIELDS_MAX = 4096,     /* for the console daemon; then it is not there */
    PAGE_SHIFT = 12
};

static struct {
    volatile struct xen_console *ring; /* NULL: what is said goes by a call */
    uint64_t ring_at;
    uint32_t port;
    bool by_call;
    bool stuck; /* look once only, until it has moved on */
} console;

static bool is_xen(uint32_t leaf, uint32_t *max)
{
    struct cpuid r = cpuid(leaf, 0);
    uint32_t name[3] = {r.b, r.c, r.d};

    *max = r.a;
    return memcmp(name, "XenVMMXenVMM", sizeof(name)) == 0;
}

uint32_t xen_find(void)
{
    uint32_t max;

    if (is_xen(LEAF_FIRST, &max))
        return LEAF_FIRST;
    if (max >= LEAF_FIRST && is_xen(LEAF_AFTER_HYPERV, &max))
        return LEAF_AFTER_HYPERV;
    return 0;
}

/* Intel's processors and AMD's have an instruction each. */
static int64_t call(uint64_t number, uint64_t a, uint64_t b, uint64_t c)
{
    if (cpu.amd)
        __asm__ volatile("vmmcall"
                         : "+a"(number), "+D"(a), "+S"(b), "+d"(c)
                         :
                         : "memory", "r8", "r10");
    else
        __asm__ volatile("vmcall"
                         : "+a"(number), "+D"(a), "+S"(b), "+d"(c)
                         :
                         : "memory", "r8", "r10");
    return (int64_t)number;
}

/* 0: there is none. */
static uint64_t param(uint32_t index)
{
    struct {
        uint16_t domain, pad;
        uint32_t index;
        uint64_t value;
    } p = {DOMAIN_SELF, 0, index, 0};

    return call(CALL_HVM, HVM_GET_PARAM, (uintptr_t)&p, 0) == 0 ? p.value : 0;
}

void xen_start(void)
{
    uint64_t page, event;

    if (cpu.xen_leaf == 0)
        return;
    page = param(PARAM_CONSOLE_PAGE);
    event = param(PARAM_CONSOLE_EVENT);
    if (page != 0 && page < UINT64_C(1) << (32 - PAGE_SHIFT) && event != 0 &&
        event <= UINT32_MAX) {
        console.ring_at = page << PAGE_SHIFT;
        console.ring =
            (volatile struct xen_console *)(uintptr_t)console.ring_at;
        console.port = (uint32_t)event;
    } else {
        console.by_call = true;
    }
}

void xen_remap(void)
{
    if (console.ring)
        console.ring =
            memory_map_device(console.ring_at, sizeof(*console.ring));
}

static void write_ring(struct span text)
{
    unsigned yields = console.stuck ? 0 : YIELDS_MAX;

    while (text.n > 0) {
        size_t n = xen_console_put(console.ring, text);

        if (n > 0) {
            text.p += n;
            text.n -= n;
            console.stuck = false;
            (void)call(CALL_EVENT_CHANNEL, EVENT_SEND, (uintptr_t)&console.port,
                       0);
        } else if (yields-- > 0) {
            (void)call(CALL_SCHED, SCHED_YIELD, 0, 0);
        } else {
            console.stuck = true;
            return;
        }
    }
}

void xen_write(struct span text)
{
    if (console.ring)
        write_ring(text);
    else if (console.by_call && text.n > 0)
        console.by_call = call(CALL_CONSOLE_IO, CONSOLE_IO_WRITE, text.n,
                               (uintptr_t)text.p) == 0;
}

struct span xen_memory_map(void)
{
    static uint8_t entries[MAP_ENTRIES_MAX * BOOT_ENTRY_BYTES];
    struct {
        uint32_t n, pad;
        uint64_t at;
    } map = {MAP_ENTRIES_MAX, 0, (uintptr_t)entries};

    if (cpu.xen_leaf == 0 ||
        call(CALL_MEMORY, MEMORY_MAP, (uintptr_t)&map, 0) != 0 ||
        map.n > MAP_ENTRIES_MAX)
        return (struct span){NULL, 0};
    return (struct span){entries, map.n * BOOT_ENTRY_BYTES};
}

uint64_t xen_tsc_hz(void)
{
    return cpu.xen_leaf ? cpuid(cpu.xen_leaf + LEAF_TIME, 0).c * UINT64_C(1000)
                        : 0;
}

void xen_end(enum xen_shutdown why)
{
    uint32_t reason = why;

    if (cpu.xen_leaf)
        (void)call(CALL_SCHED, SCHED_SHUTDOWN, (uintptr_t)&reason, 0);
}
