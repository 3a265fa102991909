/* SPDX-License-Identifier: ISC */
/*
 * context.c - flows of control in a process, announced to AddressSanitizer.
 */
#include <billet/machine.h>
#include <string.h>

/* switch.S */
void hosted_switch(void **save, void *to);
void hosted_begin(void);

#ifdef BASE_ASAN_
void __sanitizer_start_switch_fiber(void **fake, const void *low, size_t n);
void __sanitizer_finish_switch_fiber(void *fake, const void **low, size_t *n);

/* The flow that is being left: the one arriving learns its stack from it. */
static struct context *leaving;

static void announce(struct context *from, struct context *to)
{
    leaving = from;
    __sanitizer_start_switch_fiber(&from->fake, to->stack, to->stack_bytes);
}

static void arrived(void *fake)
{
    __sanitizer_finish_switch_fiber(fake, &leaving->stack,
                                    &leaving->stack_bytes);
}
#else
static void announce(struct context *from, struct context *to)
{
    (void)from;
    (void)to;
}

static void arrived(void *fake)
{
    (void)fake;
}
#endif

/* What a new context finds on its stack, lowest address first: as if
 * hosted_switch() had been called from hosted_begin(). */
struct frame {
    uint32_t mxcsr;
    uint32_t x87;
    uint64_t r15, r14, r13, r12, rbx, rbp;
    void (*ret)(void);
};

struct start {
    void (*entry)(void *arg);
    void *arg;
};

static void first_steps(void *at)
{
    struct start s;

    arrived(NULL);
    memcpy(&s, at, sizeof(s));
    s.entry(s.arg);
    panic(__FILE__, __LINE__, "a context's entry returned");
}

void context_init(struct context *c, struct mspan stack,
                  void (*entry)(void *arg), void *arg)
{
    uint8_t *top = stack.p + stack.n - sizeof(struct start);
    struct start s = {.entry = entry, .arg = arg};
    struct frame f = {.mxcsr = 0x1f80, /* the ABI's: all masked, to nearest */
                      .x87 = 0x037f,
                      .r12 = (uintptr_t)first_steps,
                      .ret = hosted_begin};

    top -= (uintptr_t)top % 16;
    memcpy(top, &s, sizeof(s));
    f.r13 = (uintptr_t)top;
    memcpy(top - sizeof(f), &f, sizeof(f));
    *c = (struct context){
        .sp = top - sizeof(f), .stack = stack.p, .stack_bytes = stack.n};
}

void context_switch(struct context *from, struct context *to)
{
    announce(from, to);
    hosted_switch(&from->sp, to->sp);
    arrived(from->fake);
}
