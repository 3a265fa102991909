/* SPDX-License-Identifier: ISC */
/*
 * backtrace.h - who called whom, read off a stack without frame pointers.
 */
#ifndef X86_64_BACKTRACE_H
#define X86_64_BACKTRACE_H

#include <billet/base.h>

enum {
    BACKTRACE_MAX = 24,         /* frames */
    BACKTRACE_WORDS_MAX = 4096, /* of stack, looked at in all */
    BACKTRACE_GAP_MAX = 512     /* of them, for one frame's caller */
};

struct frame {
    uint64_t address; /* in the function; behind its call */
    bool sure;        /* the call there is to the function before */
};

struct image {
    struct span text; /* the code, where `base` is its first address */
    uint64_t base;
    struct span symbols; /* see symbols.h; addresses count from `origin` */
    uint64_t origin;
};

/*
 * The callers of the function around `pc`, innermost first.  `stack` is what
 * lies above the stack pointer.  A word is taken for a return address when it
 * stands behind a call instruction, and is sure when that call goes to the
 * function found last; when no sure one is near, the first likely one is
 * taken.  Returns how many.
 */
unsigned backtrace_find(const struct image *, uint64_t pc, struct span stack,
                        struct frame out[BACKTRACE_MAX]);

#endif
