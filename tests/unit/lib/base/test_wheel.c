/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <base/wheel.h>
#include <string.h>

#define MS NS_PER_MS

enum { N = 200 };

/* A timer and what the model knows of it. */
struct probe {
    struct timer timer;
    bool set, late;
    ns_t deadline;
    unsigned fired;
};

static struct probe probe[N];
static struct wheel wheel;
static ns_t last_tick_fired;
static uint64_t seed = 1;

static uint64_t dice(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static ns_t tick_of(ns_t t)
{
    return t / MS + (t % MS != 0);
}

static void fired(struct timer *t, ns_t now)
{
    struct probe *p = CONTAINER(t, struct probe, timer);

    ck_assert(p->set);
    ck_assert(!timer_is_set(t));
    ck_assert_uint_ge(now, p->deadline); /* never early */
    if (!p->late) {
        /* in the order of ticks */
        ck_assert_uint_ge(tick_of(p->deadline), last_tick_fired);
        last_tick_fired = tick_of(p->deadline);
    }
    p->set = false;
    p->fired++;
}

static void setup(ns_t now)
{
    memset(probe, 0, sizeof(probe));
    for (unsigned i = 0; i < N; i++)
        probe[i].timer.fire = fired;
    wheel_init(&wheel, now);
}

static void set(unsigned i, ns_t deadline, ns_t turn)
{
    wheel_set(&wheel, &probe[i].timer, deadline);
    probe[i].set = true;
    probe[i].deadline = deadline;
    probe[i].late = deadline <= turn;
    ck_assert(timer_is_set(&probe[i].timer));
}

/* Whether the model wants it fired by a turn at `now`. */
static bool due(const struct probe *p, ns_t now)
{
    return p->set && (p->late || tick_of(p->deadline) <= now / MS);
}

static unsigned model_count(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < N; i++)
        n += probe[i].set;
    return n;
}

static ns_t model_earliest(void)
{
    ns_t earliest = NS_NEVER;

    for (unsigned i = 0; i < N; i++)
        if (probe[i].set) {
            ns_t at = probe[i].late ? 0 : tick_of(probe[i].deadline) * MS;

            earliest = at < earliest ? at : earliest;
        }
    return earliest;
}

static void turn(ns_t now)
{
    unsigned want = 0, overdue = 0, n;

    for (unsigned i = 0; i < N; i++)
        want += due(&probe[i], now);
    last_tick_fired = 0;
    n = wheel_turn(&wheel, now, 1000000);
    ck_assert_uint_eq(n, want);
    for (unsigned i = 0; i < N; i++)
        overdue += due(&probe[i], now);
    ck_assert_uint_eq(overdue, 0);
    ck_assert_uint_eq(wheel.count, model_count());
}

static ns_t random_distance(void)
{
    static const ns_t scale[] = {10,
                                 MS,
                                 70 * MS,
                                 5000 * MS,
                                 400000 * MS,
                                 UINT64_C(20000000) * MS,
                                 UINT64_C(200000000) * MS};

    return dice() % scale[dice() % (sizeof(scale) / sizeof(scale[0]))];
}

/* Random timers at all distances, moved, cleared, and time in leaps of all
 * sizes, against the plain list above. */
START_TEST(test_random_run_against_a_list)
{
    ns_t now = dice() % (UINT64_C(1) << 50);

    setup(now);
    for (unsigned round = 0; round < 30000; round++) {
        unsigned i = (unsigned)(dice() % N);

        switch (dice() % 8) {
        case 0:
            wheel_clear(&wheel, &probe[i].timer);
            probe[i].set = false;
            break;
        case 1:
            set(i, now - (dice() % 2 ? 0 : random_distance() % (now + 1)), now);
            break;
        case 2:
            if (wheel_deadline(&wheel) != NS_NEVER &&
                wheel_deadline(&wheel) > now)
                now = wheel_deadline(&wheel);
            turn(now);
            break;
        case 3:
            now += random_distance();
            turn(now);
            break;
        default:
            set(i, now + random_distance(), now);
        }
        ck_assert_uint_le(wheel_deadline(&wheel), model_earliest());
    }
}
END_TEST

START_TEST(test_going_from_deadline_to_deadline_fires_each_on_its_tick)
{
    ns_t now = 12345678;

    setup(now);
    for (unsigned i = 0; i < N; i++)
        set(i, now + random_distance() + 1, now);
    for (unsigned steps = 0; model_count(); steps++) {
        ck_assert_uint_lt(steps, N * 2000u);
        ck_assert_uint_ne(wheel_deadline(&wheel), NS_NEVER);
        ck_assert_uint_gt(wheel_deadline(&wheel), now);
        now = wheel_deadline(&wheel);
        turn(now);
        for (unsigned i = 0; i < N; i++)
            if (!probe[i].set && probe[i].fired == 1) {
                ck_assert_uint_eq(tick_of(probe[i].deadline) * MS, now);
                probe[i].fired = 2;
            }
    }
    ck_assert_uint_eq(wheel_deadline(&wheel), NS_NEVER);
}
END_TEST

START_TEST(test_budget_is_kept_and_nothing_is_lost)
{
    ns_t now = 0;
    unsigned total = 0, turns = 0;

    setup(0);
    for (unsigned i = 0; i < N; i++)
        set(i, 100 * MS + i % 7 * 100 * MS, 0);
    now = 5000 * MS;
    while (model_count()) {
        unsigned n = wheel_turn(&wheel, now, 3);

        ck_assert_uint_le(n, 3);
        if (model_count())
            ck_assert_uint_le(wheel_deadline(&wheel), now);
        total += n;
        ck_assert_uint_lt(turns++, N);
        last_tick_fired = 0;
    }
    ck_assert_uint_eq(total, N);
}
END_TEST

static void again(struct timer *t, ns_t now)
{
    struct probe *p = CONTAINER(t, struct probe, timer);

    p->fired++;
    wheel_set(&wheel, t, now);
}

START_TEST(test_a_timer_set_for_now_by_itself_fires_once_a_turn)
{
    setup(0);
    probe[0].timer.fire = again;
    wheel_set(&wheel, &probe[0].timer, 5 * MS);
    for (unsigned i = 1; i < 20; i++) {
        ck_assert_uint_eq(wheel_turn(&wheel, 5 * MS, 100), 1);
        ck_assert_uint_eq(probe[0].fired, i);
        ck_assert_uint_le(wheel_deadline(&wheel), 5 * MS);
    }
}
END_TEST

static void clear_next(struct timer *t, ns_t now)
{
    struct probe *p = CONTAINER(t, struct probe, timer);

    (void)now;
    p->fired++;
    for (unsigned i = 0; i < 3; i++)
        wheel_clear(&wheel, &probe[i].timer);
}

START_TEST(test_fire_may_clear_others_that_are_due_with_it)
{
    setup(0);
    for (unsigned i = 0; i < 3; i++) {
        probe[i].timer.fire = clear_next;
        wheel_set(&wheel, &probe[i].timer, 5 * MS);
    }
    ck_assert_uint_eq(wheel_turn(&wheel, 6 * MS, 100), 1);
    ck_assert_uint_eq(probe[0].fired + probe[1].fired + probe[2].fired, 1);
    ck_assert_uint_eq(wheel.count, 0);
    ck_assert_uint_eq(wheel_deadline(&wheel), NS_NEVER);
}
END_TEST

START_TEST(test_setting_moves_and_never_clears)
{
    setup(0);
    set(0, 100 * MS, 0);
    set(0, 50 * MS, 0);
    ck_assert_uint_eq(wheel.count, 1);
    turn(60 * MS);
    ck_assert_uint_eq(probe[0].fired, 1);
    set(0, 100 * MS, 60 * MS);
    wheel_set(&wheel, &probe[0].timer, NS_NEVER);
    probe[0].set = false;
    ck_assert(!timer_is_set(&probe[0].timer));
    ck_assert_uint_eq(wheel.count, 0);
    wheel_clear(&wheel, &probe[0].timer);
    ck_assert_uint_eq(wheel.count, 0);
}
END_TEST

START_TEST(test_late_timers_come_before_leftovers)
{
    setup(0);
    for (unsigned i = 0; i < 10; i++)
        set(i, 5 * MS, 0);
    ck_assert_uint_eq(wheel_turn(&wheel, 6 * MS, 4), 4);
    set(20, 1 * MS, 6 * MS);
    ck_assert_uint_eq(wheel_turn(&wheel, 6 * MS, 1), 1);
    ck_assert_uint_eq(probe[20].fired, 1);
    last_tick_fired = 0;
    ck_assert_uint_eq(wheel_turn(&wheel, 6 * MS, 100), 6);
}
END_TEST

RUN_TESTS("wheel", PANICS(), test_random_run_against_a_list,
          test_going_from_deadline_to_deadline_fires_each_on_its_tick,
          test_budget_is_kept_and_nothing_is_lost,
          test_a_timer_set_for_now_by_itself_fires_once_a_turn,
          test_fire_may_clear_others_that_are_due_with_it,
          test_setting_moves_and_never_clears,
          test_late_timers_come_before_leftovers)
