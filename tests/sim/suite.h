/* SPDX-License-Identifier: ISC */
/*
 * suite.h - the main() of a simulation test: one Check case, and its tests.
 */
#ifndef SIM_SUITE_H
#define SIM_SUITE_H

#include <check.h>
#include <stdlib.h>

static inline int suite_run(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    int failed;

    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
