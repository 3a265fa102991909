/* SPDX-License-Identifier: ISC */
/*
 * panic.c - the last words of an image.
 *
 * It may be called in any state, so it uses no memory but the stack, trusts no
 * pointer it has not looked up, and when it fails itself says so and goes.
 */
#include <base/fmt.h>
#include <billet/machine.h>
#include <string.h>

#include "backtrace.h"
#include "boot_memory.h"
#include "cpu.h"
#include "fault.h"
#include "memory.h"
#include "paging.h"
#include "power.h"
#include "symbols.h"

extern const uint8_t text_end[], build_id_start[], build_id_end[];

static unsigned depth;
static void (*show)(struct span text);

void panic_shows(void (*to)(struct span text))
{
    show = to;
}

/* It lies where anybody may have written. */
static bool is_code(void (*f)(struct span))
{
    return (uintptr_t)f >= (uintptr_t)image_base &&
           (uintptr_t)f < (uintptr_t)text_end;
}

static void say(const char *format, ...)
{
    char line[256];
    va_list args;
    size_t n;

    va_start(args, format);
    n = vfmt(line, sizeof(line), format, args);
    va_end(args);
    machine_log((struct span){(const uint8_t *)line, n});
    if (is_code(show))
        show((struct span){(const uint8_t *)line, n});
}

static void say_address(const char *before, uint64_t address, uint64_t call,
                        const char *after)
{
    uint64_t origin = (uintptr_t)image_base, into;
    char name[SYMBOL_NAME_BYTES];

    if (address >= origin &&
        symbol_find(image_symbols, address - origin - call, name, &into))
        say("%s0x%lx %s+0x%lx%s\n", before, address, name, into + call, after);
    else
        say("%s0x%lx%s\n", before, address, after);
}

static void say_registers(const struct registers *r)
{
    say("  rax %016lx  rbx %016lx  rcx %016lx\n", r->rax, r->rbx, r->rcx);
    say("  rdx %016lx  rsi %016lx  rdi %016lx\n", r->rdx, r->rsi, r->rdi);
    say("  rbp %016lx  rsp %016lx  r8  %016lx\n", r->rbp, r->rsp, r->r8);
    say("  r9  %016lx  r10 %016lx  r11 %016lx\n", r->r9, r->r10, r->r11);
    say("  r12 %016lx  r13 %016lx  r14 %016lx\n", r->r12, r->r13, r->r14);
    say("  r15 %016lx  flags %014lx  cr2 %016lx\n", r->r15, r->rflags,
        read_cr2());
}

/* As much above the stack pointer as is memory.  An overflowed one points into
 * its guard page, below the stack itself. */
static struct span readable_stack(uint64_t sp)
{
    uint64_t end;

    sp &= ~(uint64_t)7;
    if (memory_is_guard(sp))
        sp = (sp | (PAGE_BYTES - 1)) + 1;
    for (end = sp; end - sp < 8 * BACKTRACE_WORDS_MAX && memory_readable(end);)
        end = (end | (PAGE_BYTES - 1)) + 1;
    return (struct span){(const uint8_t *)(uintptr_t)sp, (size_t)(end - sp)};
}

static void say_backtrace(const struct registers *r)
{
    struct image image = {.base = (uintptr_t)image_base,
                          .origin = (uintptr_t)image_base,
                          .symbols = image_symbols};
    bool called = r->vector == UINT64_MAX; /* rip is a return address */
    struct frame frames[BACKTRACE_MAX];
    unsigned n;

    image.text = (struct span){image_base, (size_t)(text_end - image_base)};
    say_address("  at ", r->rip, called, "");
    n = backtrace_find(&image, r->rip - called, readable_stack(r->rsp), frames);
    for (unsigned i = 0; i < n; i++)
        say_address("  by ", frames[i].address, 1, frames[i].sure ? "" : " ?");
}

static void say_build(void)
{
    /* An ELF note: three words and "GNU", then the hash. */
    const uint8_t *id = build_id_start + 16;
    char text[33] = "none";

    for (unsigned i = 0; i < 16 && id + i < build_id_end; i++)
        fmt(text + 2 * i, 3, "%02x", id[i]);
    say("  build id %s\n", text);
}

_Noreturn void panic_report(const char *what, const struct registers *r)
{
    depth++;
    if (depth == 1) {
        say("PANIC: %s\n", what);
        say_backtrace(r);
        say_registers(r);
        say_build();
    } else if (depth == 2) {
        say("PANIC inside a panic: %s, at 0x%lx\n", what, r->rip);
    }
    power_panic();
}
