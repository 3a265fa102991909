/* SPDX-License-Identifier: ISC */
/*
 * tcp_suite.h - a test program: TCP_SUITE("name", TEST(a), LOOP(b, 0, 2)).
 */
#ifndef TCP_SUITE_H
#define TCP_SUITE_H

#include <check.h>

struct tcp_test {
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

static inline int tcp_run(const char *name, const struct tcp_test *t, size_t n)
{
    Suite *s = suite_create(name);
    TCase *tc = tcase_create(name);
    SRunner *r;
    int failed;

    tcase_set_timeout(tc, 60);
    for (size_t i = 0; i < n; i++)
        tcase_add_loop_test(tc, t[i].test, t[i].from, t[i].to);
    suite_add_tcase(s, tc);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}

#define TCP_SUITE(name, ...)                                                   \
    int main(void)                                                             \
    {                                                                          \
        const struct tcp_test all[] = {__VA_ARGS__};                           \
                                                                               \
        return tcp_run(name, all, sizeof(all) / sizeof(all[0]));               \
    }

#endif
