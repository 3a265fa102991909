/* SPDX-License-Identifier: ISC */
/* Flows of control with stacks of their own. */
#include <billet/machine.h>
#include <lib/suite.h>

static uint8_t stack[2][16384] __attribute__((aligned(16)));
static struct context outside, flow[2];
static unsigned steps;

static void count(void *arg)
{
    unsigned *n = arg;

    /* The stack is aligned as a function may expect. */
    ck_assert_uint_eq((uintptr_t)__builtin_frame_address(0) % 16, 0);
    for (;;) {
        ++*n;
        context_switch(&flow[0], &outside);
    }
}

START_TEST(test_a_flow_starts_with_its_argument_and_goes_on_where_it_was)
{
    context_init(&flow[0], (struct mspan){stack[0], sizeof(stack[0])}, count,
                 &steps);
    for (unsigned i = 1; i < 4; i++) {
        context_switch(&outside, &flow[0]);
        ck_assert_uint_eq(steps, i);
    }
}
END_TEST

static uint32_t mxcsr(void)
{
    uint32_t v;

    __asm__ volatile("stmxcsr %0" : "=m"(v));
    return v;
}

static void other_rounding(void *arg)
{
    uint32_t v = 0x7f80; /* towards zero */

    (void)arg;
    ck_assert_uint_eq(mxcsr() & 0xffc0, 0x1f80);
    __asm__ volatile("ldmxcsr %0" : : "m"(v));
    context_switch(&flow[1], &outside);
    ck_assert_uint_eq(mxcsr() & 0xffc0, 0x7f80);
    context_switch(&flow[1], &outside);
    abort();
}

START_TEST(test_each_flow_has_its_own_rounding)
{
    context_init(&flow[1], (struct mspan){stack[1], sizeof(stack[1])},
                 other_rounding, NULL);
    for (unsigned i = 0; i < 2; i++) {
        context_switch(&outside, &flow[1]);
        ck_assert_uint_eq(mxcsr() & 0xffc0, 0x1f80);
    }
}
END_TEST

static void spoil(void *arg)
{
    (void)arg;
    for (;;) {
        __asm__ volatile("xor %%ebx, %%ebx; xor %%r12d, %%r12d;"
                         "xor %%r13d, %%r13d; xor %%r14d, %%r14d;"
                         "xor %%r15d, %%r15d"
                         :
                         :
                         : "rbx", "r12", "r13", "r14", "r15");
        context_switch(&flow[0], &outside);
    }
}

START_TEST(test_registers_that_a_call_keeps_are_kept)
{
    uint64_t sum;

    context_init(&flow[0], (struct mspan){stack[0], sizeof(stack[0])}, spoil,
                 NULL);
    __asm__ volatile(
        "mov $1, %%ebx; mov $2, %%r12d; mov $4, %%r13d;"
        "mov $8, %%r14d; mov $16, %%r15d;"
        "sub $128, %%rsp; call context_switch;" /* red zone */
        "add $128, %%rsp; lea (%%rbx, %%r12), %%rax; add %%r13, %%rax;"
        "add %%r14, %%rax; add %%r15, %%rax"
        : "=a"(sum)
        : "D"(&outside), "S"(&flow[0])
        : "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
          "r15", "memory", "cc");
    ck_assert_uint_eq(sum, 31);
}
END_TEST

RUN_TESTS("context", PANICS(),
          test_a_flow_starts_with_its_argument_and_goes_on_where_it_was,
          test_each_flow_has_its_own_rounding,
          test_registers_that_a_call_keeps_are_kept)
