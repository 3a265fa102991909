/* SPDX-License-Identifier: ISC */
/*
 * suite.h - a test program in one line: RUN_TESTS(name, test_a, test_b, ...).
 */
#ifndef SUITE_H
#define SUITE_H

#include <check.h>
#include <signal.h>
#include <stdlib.h>

static inline int run_suite(const char *name, const TTest **tests, size_t n,
                            const TTest **panics, size_t npanics)
{
    Suite *s = suite_create(name);
    TCase *tc = tcase_create(name);
    SRunner *runner;
    int failed;

    tcase_set_timeout(tc, 60);
    for (size_t i = 0; i < n; i++)
        tcase_add_test(tc, tests[i]);
    for (size_t i = 0; i < npanics; i++)
        tcase_add_test_raise_signal(tc, panics[i], SIGABRT);
    suite_add_tcase(s, tc);
    runner = srunner_create(s);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
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

#endif
