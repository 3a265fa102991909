/* SPDX-License-Identifier: ISC */
/*
 * fault.c - GDT, TSS and IDT, and naming exceptions.
 */
#include "fault.h"

#include <base/fmt.h>
#include <string.h>

#include "cpu.h"
#include "memory.h"
#include "symbols.h"

enum {
    EXCEPTIONS = 32,
    STUB_BYTES = 16,
    CODE = 0x08,
    DATA = 0x10,
    TASK = 0x18,
    GATE_INTERRUPT = 0x8e, /* present, interrupts off */
    IST_FAULT = 1,
    IST_NMI = 2
};
enum vector { NMI = 2, DOUBLE_FAULT = 8, PAGE_FAULT = 14, MACHINE_CHECK = 18 };

struct task {
    uint32_t reserved0;
    uint32_t rsp[6];
    uint32_t reserved1[2];
    uint32_t ist[14];
    uint32_t reserved2[2];
    uint16_t reserved3, io_map;
};
_Static_assert(sizeof(struct task) == 104, "as the processor wants it");

struct gate {
    uint16_t low, selector;
    uint8_t ist, type;
    uint16_t middle;
    uint32_t high, reserved;
};
_Static_assert(sizeof(struct gate) == 16, "as the processor wants it");

/* Read-only once the machine stands. */
static struct {
    struct gate idt[VECTORS];
    uint64_t gdt[5];
    struct task task;
} tables __attribute__((section(".bss.late_ro"), aligned(64)));

extern const uint8_t exception_stubs[];
extern uint8_t fault_stack_top[], nmi_stack_top[];

static void set_gate(unsigned vector, const void *handler, uint8_t ist)
{
    uint64_t at = (uintptr_t)handler;

    tables.idt[vector] = (struct gate){.low = (uint16_t)at,
                                       .selector = CODE,
                                       .ist = ist,
                                       .type = GATE_INTERRUPT,
                                       .middle = (uint16_t)(at >> 16),
                                       .high = (uint32_t)(at >> 32)};
}

void fault_set_vector(unsigned vector, const void *handler)
{
    ASSERT(vector >= EXCEPTIONS && vector < VECTORS);
    set_gate(vector, handler, 0);
}

static void set_stack(unsigned ist, const uint8_t *top)
{
    uint64_t at = (uintptr_t)top;

    tables.task.ist[2 * (ist - 1)] = (uint32_t)at;
    tables.task.ist[2 * (ist - 1) + 1] = (uint32_t)(at >> 32);
}

static void load_table(const char *which, const void *base, size_t n)
{
    struct {
        uint16_t pad[3], limit;
        const void *base;
    } pointer = {.limit = (uint16_t)(n - 1), .base = base};

    if (*which == 'g')
        __asm__ volatile("lgdt %0" : : "m"(pointer.limit), "m"(pointer.base));
    else
        __asm__ volatile("lidt %0" : : "m"(pointer.limit), "m"(pointer.base));
}

void fault_start(void)
{
    uint64_t task = (uintptr_t)&tables.task;

    set_stack(IST_FAULT, fault_stack_top);
    set_stack(IST_NMI, nmi_stack_top);
    tables.task.io_map = sizeof(tables.task);
    tables.gdt[CODE / 8] = 0x00af9b000000ffff;
    tables.gdt[DATA / 8] = 0x00cf93000000ffff;
    tables.gdt[TASK / 8] = (sizeof(tables.task) - 1) | (task & 0xffffff) << 16 |
                           UINT64_C(0x89) << 40 | (task >> 24 & 0xff) << 56;
    tables.gdt[TASK / 8 + 1] = task >> 32;
    load_table("gdt", tables.gdt, sizeof(tables.gdt));
    __asm__ volatile("ltr %w0" : : "r"(TASK));

    for (unsigned v = 0; v < EXCEPTIONS; v++)
        set_gate(v, exception_stubs + STUB_BYTES * v,
                 v == NMI || v == MACHINE_CHECK         ? IST_NMI
                 : v == DOUBLE_FAULT || v == PAGE_FAULT ? IST_FAULT
                                                        : 0);
    load_table("idt", tables.idt, sizeof(tables.idt));
}

static const char *exception_name(uint64_t vector)
{
    static const char *const names[EXCEPTIONS] = {
        "division error",
        "debug exception",
        "non-maskable interrupt",
        "breakpoint",
        "overflow",
        "bound range exceeded",
        "invalid instruction",
        "no floating-point unit",
        "double fault",
        "coprocessor overrun",
        "invalid task state",
        "segment not present",
        "stack segment fault",
        "general protection fault",
        "page fault",
        NULL,
        "floating-point error",
        "misaligned access",
        "machine check",
        "SIMD floating-point error",
        "virtualization exception",
        "control protection violation"};

    return vector < EXCEPTIONS && names[vector] ? names[vector]
                                                : "unknown exception";
}

/* What the access was, and why it failed. */
static void name_page_fault(char *out, size_t size, uint64_t error, uint64_t at)
{
    enum { PROTECTION = 1, WRITE = 2, RESERVED = 8, FETCH = 16 };
    const char *access = error & FETCH   ? "execution"
                         : error & WRITE ? "write"
                                         : "read";
    const char *why = error & RESERVED ? "broken page table" : "not mapped";

    if (memory_is_guard(at)) {
        fmt(out, size, "stack overflow: %s at 0x%lx", access, at);
        return;
    }
    if (error & PROTECTION)
        why = error & WRITE   ? "read-only"
              : error & FETCH ? "not executable"
                              : "not readable";
    if (at < 4096)
        why = "a NULL pointer";
    fmt(out, size, "page fault: %s at 0x%lx, %s", access, at, why);
}

void exception_panic(const struct registers *r)
{
    char what[128];

    if (r->vector == PAGE_FAULT)
        name_page_fault(what, sizeof(what), r->error, read_cr2());
    else if (r->vector == DOUBLE_FAULT && memory_is_guard(r->rsp - 8))
        fmt(what, sizeof(what), "stack overflow");
    else if (r->error)
        fmt(what, sizeof(what), "%s, error 0x%lx", exception_name(r->vector),
            r->error);
    else
        fmt(what, sizeof(what), "%s", exception_name(r->vector));
    panic_report(what, r);
}

#ifdef _FORTIFY_SOURCE
/* A copy that would not fit.  Who calls it is seen only when all is linked. */
_Noreturn void __chk_fail(void) __attribute__((used));
void __chk_fail(void)
{
    panic(__FILE__, __LINE__, "a copy is larger than where it goes");
}
#endif

/* By __stack_chk_fail, which the function that was hit has called. */
static void name_smash(char *out, size_t size, uint64_t at)
{
    char name[SYMBOL_NAME_BYTES];
    uint64_t into;

    if (!symbol_find(image_symbols, at - 1 - (uintptr_t)image_base, name,
                     &into))
        strcpy(name, "a function");
    fmt(out, size, "stack smashed: %s wrote behind one of its arrays", name);
}

void panic_with(const char *file, int line, const char *what,
                const struct registers *r)
{
    char text[192];

    if (file)
        fmt(text, sizeof(text), "%s, %s:%d", what, file, line);
    else
        name_smash(text, sizeof(text), r->rip);
    panic_report(text, r);
}
