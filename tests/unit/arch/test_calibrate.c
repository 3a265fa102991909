/* SPDX-License-Identifier: ISC */
/* Rates from counters, time from ticks. */
#include <calibrate.h>
#include <lib/suite.h>

static const struct reference pm = {.hz = 3579545, .bits = 24};
static const struct reference pit = {.hz = 1193182, .bits = 16};

static struct sample at(const struct reference *r, uint64_t tsc_hz, double s)
{
    uint64_t ticks = (uint64_t)(1e6 + s * r->hz);

    return (struct sample){
        .tsc = 5000 + (uint64_t)(s * (double)tsc_hz),
        .reference = (uint32_t)(ticks & ((UINT64_C(1) << r->bits) - 1))};
}

static void within(uint64_t hz, uint64_t want, uint64_t ppm)
{
    ck_assert_uint_le(hz > want ? hz - want : want - hz, want / 1000000 * ppm);
}

START_TEST(test_two_milliseconds_give_half_a_thousandth)
{
    static const uint64_t rates[] = {UINT64_C(1000000000), UINT64_C(2596134000),
                                     UINT64_C(5200000000)};

    for (unsigned i = 0; i < ARRAY_LEN(rates); i++)
        for (double start = 0; start < 5; start += 0.37) {
            within(calibrate_hz(&pm, at(&pm, rates[i], start),
                                at(&pm, rates[i], start + 0.002), 0),
                   rates[i], 200);
            within(calibrate_hz(&pit, at(&pit, rates[i], start),
                                at(&pit, rates[i], start + 0.002), 0),
                   rates[i], 500);
        }
}
END_TEST

START_TEST(test_wraps_are_counted_by_what_is_known)
{
    const uint64_t hz = UINT64_C(2596134000);
    struct sample from = at(&pit, hz, 0);

    for (double s = 0.1; s < 200; s *= 3.1)
        within(calibrate_hz(&pit, from, at(&pit, hz, s), hz + hz / 20000), hz,
               s < 1 ? 20 : 2);
    within(calibrate_hz(&pm, at(&pm, hz, 0), at(&pm, hz, 100), hz - hz / 5000),
           hz, 1);
}
END_TEST

START_TEST(test_samples_that_cannot_be_give_nothing)
{
    struct sample a = {1000, 10}, b = {1000, 20}, c = {900, 20};

    ck_assert_uint_eq(calibrate_hz(&pm, a, b, 0), 0);
    ck_assert_uint_eq(calibrate_hz(&pm, a, c, 0), 0);
    ck_assert_uint_eq(calibrate_hz(&pm, a, (struct sample){2000, 10}, 0), 0);
    /* a gigahertz times a million */
    ck_assert_uint_eq(
        calibrate_hz(&pm, a, (struct sample){UINT64_C(1) << 50, 11}, 0), 0);
    ck_assert_uint_eq(calibrate_hz(&pm, a, (struct sample){1001, 9999}, 0), 0);
}
END_TEST

START_TEST(test_muldiv_is_exact_and_saturates)
{
    ck_assert_uint_eq(calibrate_muldiv(7, 9, 2), 31);
    ck_assert_uint_eq(calibrate_muldiv(UINT64_MAX, 1000, 1000), UINT64_MAX);
    ck_assert_uint_eq(calibrate_muldiv(UINT64_MAX, UINT64_MAX, UINT64_MAX),
                      UINT64_MAX);
    ck_assert_uint_eq(calibrate_muldiv(UINT64_MAX, 2, 1), UINT64_MAX);
    ck_assert_uint_eq(calibrate_muldiv(5, 5, 0), UINT64_MAX);
    ck_assert_uint_eq(calibrate_muldiv(0, 5, 3), 0);
}
END_TEST

START_TEST(test_an_hour_of_ticks_is_an_hour)
{
    const uint64_t hz = UINT64_C(2596134000);
    uint64_t ns = scale(hz * 3600, calibrate_mult(hz));

    ck_assert_uint_le(3600 * NS_PER_SEC - ns, 3600 * 3);
    ck_assert_uint_eq(calibrate_mult(NS_PER_SEC), UINT64_C(1) << 32);
    ck_assert_uint_eq(scale(123, UINT64_C(1) << 32), 123);
}
END_TEST

START_TEST(test_kvms_clock_with_shifts_both_ways)
{
    /* 2 GHz: ticks << 0, times a half; 0.5 GHz: << 1, times 1 - 2^-32 */
    struct pvclock p = {.tsc = 1000, .ns = 70, .mult = 0x80000000, .shift = 0};

    ck_assert_uint_eq(pvclock_ns(&p, 1000), 70);
    ck_assert_uint_eq(pvclock_ns(&p, 3000), 1070);
    ck_assert_uint_eq(pvclock_ns(&p, 900), 70); /* another CPU's TSC lags */
    ck_assert_uint_eq(pvclock_hz(&p), UINT64_C(2000000000));
    p.shift = 2;
    ck_assert_uint_eq(pvclock_ns(&p, 3000), 4070);
    ck_assert_uint_eq(pvclock_hz(&p), UINT64_C(500000000));
    p.shift = -1;
    ck_assert_uint_eq(pvclock_ns(&p, 3000), 570);
    ck_assert_uint_eq(pvclock_hz(&p), UINT64_C(4000000000));
    p.mult = 0;
    ck_assert_uint_eq(pvclock_hz(&p), 0);
}
END_TEST

/* 1 GHz: a tick is a nanosecond. */
static struct ticker ghz(void)
{
    return (struct ticker){.tsc0 = 1000,
                           .ns0 = 50,
                           .last = 1000,
                           .hz = NS_PER_SEC,
                           .mult = calibrate_mult(NS_PER_SEC)};
}

START_TEST(test_a_processor_that_lags_stops_time_for_a_moment)
{
    struct ticker t = ghz();

    ck_assert_uint_eq(ticker_ns(&t, 5000000), 4999050);
    ck_assert_uint_eq(ticker_ns(&t, 4000000), 4999050);
    ck_assert_uint_eq(ticker_ns(&t, 4999999), 4999050);
    ck_assert_uint_eq(ticker_ns(&t, 5000001), 4999051);
}
END_TEST

/* A host whose TSC is younger, or a snapshot: time neither goes back nor stands
 * still until that one has caught up. */
START_TEST(test_time_goes_on_by_another_tsc)
{
    struct ticker t = ghz();

    ck_assert_uint_eq(ticker_ns(&t, UINT64_C(90000000000)), 89999999050);
    ck_assert_uint_eq(ticker_ns(&t, 70), 89999999050);
    ck_assert_uint_eq(ticker_ns(&t, 1070), 90000000050);
    ck_assert_uint_eq(ticker_ns(&t, 0), 90000000050); /* by a little */
}
END_TEST

START_TEST(test_sleep_is_what_the_board_says_more)
{
    struct sleep s = {0};

    ck_assert_uint_eq(sleep_ns(&s, 100, 5 * NS_PER_SEC), 0); /* the first */
    ck_assert_uint_eq(sleep_ns(&s, 101, 6 * NS_PER_SEC), 0);
    ck_assert_uint_eq(sleep_ns(&s, 112, 7 * NS_PER_SEC), 10 * NS_PER_SEC);
    ck_assert_uint_eq(sleep_ns(&s, 113, 8 * NS_PER_SEC), 0); /* told once */
    /* Seconds are read anywhere within themselves. */
    ck_assert_uint_eq(sleep_ns(&s, 115, 8 * NS_PER_SEC + 10), 0);
    ck_assert_uint_eq(sleep_ns(&s, 0, 9 * NS_PER_SEC), 0);   /* unreadable */
    ck_assert_uint_eq(sleep_ns(&s, 90, 10 * NS_PER_SEC), 0); /* set back */
    ck_assert_uint_eq(sleep_ns(&s, 91, 11 * NS_PER_SEC), 0);
    ck_assert_uint_eq(sleep_ns(&s, 91 + 86400, 12 * NS_PER_SEC),
                      86399 * NS_PER_SEC);
}
END_TEST

START_TEST(test_a_counter_goes_on_where_the_hardware_wraps)
{
    static const unsigned bits[] = {24, 32};

    for (unsigned i = 0; i < ARRAY_LEN(bits); i++) {
        uint64_t mask = (UINT64_C(1) << bits[i]) - 1, step = mask / 3;
        struct counter c = {.last = (uint32_t)(mask - 5), .bits = bits[i]};

        for (uint64_t n = 1; n <= 20; n++)
            ck_assert_uint_eq(
                counter_read(&c, (uint32_t)((mask - 5 + n * step) & mask)),
                n * step);
    }
}
END_TEST

START_TEST(test_a_counter_that_is_back_stands_still)
{
    struct counter c = {.last = 1000, .bits = 24};

    ck_assert_uint_eq(counter_read(&c, 1500), 500);
    ck_assert_uint_eq(counter_read(&c, 1400), 500);
    ck_assert_uint_eq(counter_read(&c, 1500), 500);
    ck_assert_uint_eq(counter_read(&c, 1600), 600);
    for (unsigned i = 0; i < 100; i++)
        ck_assert_uint_eq(counter_read(&c, 1600), 600);
}
END_TEST

START_TEST(test_an_hpets_period_is_believed_within_reason)
{
    ck_assert_uint_eq(hpet_hz(10000000), 100000000); /* QEMU's */
    ck_assert_uint_eq(hpet_hz(69841279), 14318179);  /* real ones */
    ck_assert_uint_eq(hpet_hz(0), 0);
    ck_assert_uint_eq(hpet_hz(999999), 0);
    ck_assert_uint_eq(hpet_hz(100000000), 10000000);
    ck_assert_uint_eq(hpet_hz(100000001), 0); /* more than it may be */
    ck_assert_uint_eq(hpet_hz(UINT32_MAX), 0);
}
END_TEST

RUN_TESTS("calibrate", PANICS(), test_two_milliseconds_give_half_a_thousandth,
          test_wraps_are_counted_by_what_is_known,
          test_samples_that_cannot_be_give_nothing,
          test_muldiv_is_exact_and_saturates, test_an_hour_of_ticks_is_an_hour,
          test_kvms_clock_with_shifts_both_ways,
          test_a_processor_that_lags_stops_time_for_a_moment,
          test_time_goes_on_by_another_tsc,
          test_sleep_is_what_the_board_says_more,
          test_a_counter_goes_on_where_the_hardware_wraps,
          test_a_counter_that_is_back_stands_still,
          test_an_hpets_period_is_believed_within_reason)
