/* SPDX-License-Identifier: ISC */
/*
 * calibrate.c - see calibrate.h.
 */
#include "calibrate.h"

enum { HZ_MIN = 1000000 };
#define HZ_MAX UINT64_C(100000000000)

uint64_t calibrate_muldiv(uint64_t value, uint64_t numerator,
                          uint64_t denominator)
{
    unsigned __int128 product = (unsigned __int128)value * numerator;
    uint64_t quotient, rest;

    if ((uint64_t)(product >> 64) >= denominator)
        return UINT64_MAX;
    /* One instruction; the compiler would call a function for 128 bits. */
    __asm__("divq %4"
            : "=a"(quotient), "=d"(rest)
            : "0"((uint64_t)product), "1"((uint64_t)(product >> 64)),
              "rm"(denominator));
    return quotient;
}

uint64_t calibrate_hz(const struct reference *r, struct sample from,
                      struct sample to, uint64_t about_hz)
{
    uint64_t mask = (UINT64_C(1) << r->bits) - 1;
    uint64_t ticks = (to.reference - from.reference) & mask;
    uint64_t tsc = to.tsc - from.tsc, hz;

    if (to.tsc <= from.tsc)
        return 0;
    if (about_hz) {
        /* Nearest to what is expected. */
        uint64_t expected = calibrate_muldiv(tsc, r->hz, about_hz);
        uint64_t ahead = (ticks - expected) & mask;

        ticks = expected + ahead;
        if (ahead > mask / 2)
            ticks -= mask + 1;
    }
    if (ticks == 0 || ticks >> 63)
        return 0;
    hz = calibrate_muldiv(tsc, r->hz, ticks);
    return hz >= HZ_MIN && hz <= HZ_MAX ? hz : 0;
}

uint64_t calibrate_mult(uint64_t hz)
{
    return calibrate_muldiv(NS_PER_SEC, UINT64_C(1) << 32, hz);
}

uint64_t pvclock_ns(const struct pvclock *p, uint64_t tsc)
{
    uint64_t ticks = tsc > p->tsc ? tsc - p->tsc : 0;

    ticks = p->shift < 0 ? ticks >> (-p->shift & 63) : ticks << (p->shift & 63);
    return p->ns + scale(ticks, p->mult);
}

uint64_t pvclock_hz(const struct pvclock *p)
{
    uint64_t hz;

    if (p->mult == 0)
        return 0;
    hz = calibrate_muldiv(NS_PER_SEC, UINT64_C(1) << 32, p->mult);
    return p->shift < 0 ? hz << (-p->shift & 63) : hz >> (p->shift & 63);
}

uint64_t ticker_tsc(struct ticker *t, uint64_t tsc)
{
    if (tsc < t->last) {
        if (t->last - tsc <= t->hz / 1000)
            return t->last;
        t->ns0 += scale(t->last - t->tsc0, t->mult);
        t->tsc0 = tsc;
    }
    t->last = tsc;
    return tsc;
}

uint64_t counter_read(struct counter *c, uint32_t value)
{
    uint64_t range = UINT64_C(1) << c->bits;
    uint64_t gone = (value - c->last) & (range - 1);

    if (gone < range / 2) {
        c->count += gone;
        c->last = value;
    }
    return c->count;
}

uint32_t hpet_hz(uint32_t period)
{
    enum { PERIOD_MIN = 1000000, PERIOD_MAX = 100000000 }; /* 1 to 100 ns */

    return period >= PERIOD_MIN && period <= PERIOD_MAX
               ? (uint32_t)(UINT64_C(1000000000000000) / period)
               : 0;
}

uint64_t sleep_ns(struct sleep *s, uint64_t seconds, uint64_t now)
{
    enum { SEEN = 2 };
    uint64_t slept = 0, gone = now - s->ns;

    if (seconds == 0)
        return 0;
    if (s->seconds && seconds > s->seconds &&
        (seconds - s->seconds) * NS_PER_SEC >= gone + SEEN * NS_PER_SEC)
        slept = (seconds - s->seconds) * NS_PER_SEC - gone;
    s->seconds = seconds;
    s->ns = now;
    return slept;
}
