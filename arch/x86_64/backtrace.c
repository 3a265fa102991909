/* SPDX-License-Identifier: ISC */
/*
 * backtrace.c - see backtrace.h.
 */
#include "backtrace.h"

#include <base/bytes.h>

#include "symbols.h"

enum call { NO_CALL, CALL_ELSEWHERE, CALL_INDIRECT, CALL_SURE };

/* The start of the function around `at`; 0 when no symbol says. */
static uint64_t function_start(const struct image *m, uint64_t at)
{
    char name[SYMBOL_NAME_BYTES];
    uint64_t into;

    if (at < m->origin || !symbol_find(m->symbols, at - m->origin, name, &into))
        return 0;
    return at - into;
}

/* Whether the bytes before `end` are `call *...`: ff /2, of two bytes to
 * seven, with or without a prefix. */
static bool is_indirect_call(const uint8_t *end, size_t before)
{
    for (size_t n = 2; n <= 7 && n <= before; n++) {
        const uint8_t *p = end - n;
        uint8_t mod, rm;
        size_t want = 2;

        if (p[0] != 0xff || (p[1] >> 3 & 7) != 2)
            continue;
        mod = p[1] >> 6;
        rm = p[1] & 7;
        if (mod != 3 && rm == 4)
            want++; /* a scaled index */
        if (mod == 1)
            want += 1;
        else if (mod == 2 || (mod == 0 && rm == 5))
            want += 4;
        if (want == n)
            return true;
    }
    return false;
}

static enum call call_before(const struct image *m, uint64_t address,
                             uint64_t callee)
{
    uint64_t into = address - m->base;
    const uint8_t *end = m->text.p + into;

    if (address < m->base || into > m->text.n)
        return NO_CALL;
    if (into >= 5 && end[-5] == 0xe8) {
        uint64_t target = address + (uint64_t)(int64_t)(int32_t)le32(end - 4);

        if (callee == 0)
            return CALL_INDIRECT; /* as good as any */
        if (target >= m->base && target - m->base < m->text.n)
            return target == callee ? CALL_SURE : CALL_ELSEWHERE;
    }
    return is_indirect_call(end, (size_t)into) ? CALL_INDIRECT : NO_CALL;
}

/* The caller of `callee`, searched from word *at on, which moves behind it.
 * 0 when there is none. */
static struct frame find_caller(const struct image *m, uint64_t callee,
                                struct span stack, size_t *at)
{
    struct frame best = {0};
    enum call best_call = NO_CALL;
    size_t words = stack.n / 8, behind = *at;

    if (words > BACKTRACE_WORDS_MAX)
        words = BACKTRACE_WORDS_MAX;
    if (words > *at + BACKTRACE_GAP_MAX)
        words = *at + BACKTRACE_GAP_MAX;
    for (size_t i = *at; i < words && best_call != CALL_SURE; i++) {
        uint64_t address = le64(stack.p + 8 * i);
        enum call call = call_before(m, address, callee);

        if (call > best_call) {
            best_call = call;
            best = (struct frame){address, call == CALL_SURE};
            behind = i + 1;
        }
    }
    *at = behind;
    return best;
}

unsigned backtrace_find(const struct image *m, uint64_t pc, struct span stack,
                        struct frame out[BACKTRACE_MAX])
{
    uint64_t callee = function_start(m, pc);
    unsigned n;
    size_t at = 0;

    for (n = 0; n < BACKTRACE_MAX; n++) {
        out[n] = find_caller(m, callee, stack, &at);
        if (out[n].address == 0)
            break;
        callee = function_start(m, out[n].address - 1);
    }
    return n;
}
