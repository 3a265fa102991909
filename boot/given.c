/* SPDX-License-Identifier: ISC */
/*
 * given.c - files that the owner gave along, for applications: at the start,
 * else to the build.
 */
#include "given.h"

#include <billet/app.h>
#include <billet/machine.h>
#include <string.h>

size_t given_file(const char *name, struct mspan out)
{
    size_t n = machine_file(name, out);

    for (const struct given_baked *b = given_baked; n == 0 && b->name; b++) {
        if (strcmp(b->name, name) == 0) {
            n = b->bytes.n < out.n ? b->bytes.n : out.n;
            memcpy(out.p, b->bytes.p, n);
        }
    }
    return n;
}
