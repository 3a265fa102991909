/* SPDX-License-Identifier: ISC */
/*
 * no_interrupts.c - for images that are to be small: each device gets the best
 * that it has.
 */
#include "interrupts.h"

void interrupts_limit(const struct env *env)
{
    (void)env;
}
