/* SPDX-License-Identifier: ISC */
/*
 * fault.h - exceptions, and what is said of the last one.
 */
#ifndef X86_64_FAULT_H
#define X86_64_FAULT_H

#include <billet/base.h>

/* As vectors.S pushes them. */
struct registers {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rdi, rsi, rbp, rbx, rdx, rcx, rax;
    uint64_t vector, error;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* Descriptor tables, with a stack of its own for each fault that may come of
 * a bad stack.  Every exception is a panic from here on. */
void fault_start(void);

/* Let interrupt `vector`, 32 or higher, enter at `handler`. */
void fault_set_vector(unsigned vector, const void *handler);
enum { VECTORS = 0x70 };

/* From vectors.S. */
_Noreturn void exception_panic(const struct registers *);
_Noreturn void panic_with(const char *file, int line, const char *what,
                          const struct registers *);

/* Hand what a panic says to this function as well, in any state. */
void panic_shows(void (*)(struct span text));

/* Say what went wrong, registers and backtrace, and leave.  `what` is whole. */
_Noreturn void panic_report(const char *what, const struct registers *);

#endif
