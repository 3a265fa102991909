/* SPDX-License-Identifier: ISC */
/*
 * tcp_suite.h - a test program: TCP_SUITE("name", TEST(a), LOOP(b, 0, 2)).
 */
#ifndef TCP_SUITE_H
#define TCP_SUITE_H

#include "../../lib/suite.h"

#define TCP_SUITE RUN_CASES

#endif
