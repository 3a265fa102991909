/* SPDX-License-Identifier: ISC */
/*
 * suite.h - a test program in one line: RUN_TESTS(name, PANICS(), test_a, ...),
 * or RUN_CASES() with tests that run more than once.
 */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <signal.h>
#include <stdlib.h>

/* Runs it; the exit status of the program. */
static inline int suite_run(Suite *s)
{
    SRunner *runner = srunner_create(s);
    int failed;

    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static inline int run_suite(const char *name, const TTest **tests, size_t n,
                            const TTest **panics, size_t npanics)
{
    Suite *s = suite_create(name);
    TCase *tc = tcase_create(name);

    tcase_set_timeout(tc, 60);
    for (size_t i = 0; i < n; i++)
        tcase_add_test(tc, tests[i]);
    for (size_t i = 0; i < npanics; i++)
        tcase_add_test_raise_signal(tc, panics[i], SIGABRT);
    suite_add_tcase(s, tc);
    return suite_run(s);
}

/* PANICS(...) are tests that must end in a panic; `PANICS()` if there are
 * none. */
#define PANICS(...)                                                            \
    (const TTest *[]){NULL, ##__VA_ARGS__} + 1,                                \
        sizeof((const TTest *[]){NULL, ##__VA_ARGS__}) / sizeof(TTest *) - 1
#define RUN_TESTS(name, panics, ...)                                           \
    int main(void)                                                             \
    {                                                                          \
        const TTest *tests[] = {__VA_ARGS__};                                  \
                                                                               \
        return run_suite(name, tests, sizeof(tests) / sizeof(tests[0]),        \
                         panics);                                              \
    }

/* How often each runs, _i counting: RUN_CASES(name, TEST(a), LOOP(b, 0, 2)). */
struct suite_case {
    const TTest *test;
    int from, to;
};
#define TEST(name)                                                             \
    {                                                                          \
        name, 0, 1                                                             \
    }
#define LOOP(name, from, to)                                                   \
    {                                                                          \
        name, from, to                                                         \
    }

static inline int run_cases(const char *name, const struct suite_case *c,
                            size_t n)
{
    Suite *s = suite_create(name);
    TCase *tc = tcase_create(name);

    tcase_set_timeout(tc, 60);
    for (size_t i = 0; i < n; i++)
        tcase_add_loop_test(tc, c[i].test, c[i].from, c[i].to);
    suite_add_tcase(s, tc);
    return suite_run(s);
}

#define RUN_CASES(name, ...)                                                   \
    int main(void)                                                             \
    {                                                                          \
        const struct suite_case all[] = {__VA_ARGS__};                         \
                                                                               \
        return run_cases(name, all, sizeof(all) / sizeof(all[0]));             \
    }

#endif
