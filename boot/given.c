/* SPDX-License-Identifier: ISC */
/*
 * given.c - files that the owner gave along, for applications.
 */
#include <billet/app.h>
#include <billet/machine.h>

size_t given_file(const char *name, struct mspan out)
{
    return machine_file(name, out);
}
