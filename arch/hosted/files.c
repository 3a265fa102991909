/* SPDX-License-Identifier: ISC */
/*
 * files.c - files that the owner gave along: those of the folder that
 * BILLET_FILES names.  What was read is in the record of a run.
 */
#include <billet/machine.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "record.h"

static size_t read_file(const char *name, struct mspan out)
{
    const char *folder = getenv("BILLET_FILES");
    char path[PATH_MAX];
    FILE *file;
    size_t n;

    if (!folder || strstr(name, "..") ||
        snprintf(path, sizeof(path), "%s/%s", folder, name) >=
            (int)sizeof(path) ||
        !(file = fopen(path, "rb")))
        return 0;
    setvbuf(file, NULL, _IONBF, 0); /* no copy of what may be a secret */
    n = fread(out.p, 1, out.n, file);
    fclose(file);
    return n;
}

size_t machine_file(const char *name, struct mspan out)
{
    struct span was;
    size_t n;

    if (record_mode() == RECORD_READ) {
        if (!record_is(RECORD_FILE, &was) && record_is_loose())
            return 0; /* other code reads at other times */
        if (!record_is(RECORD_FILE, &was) || was.n > out.n)
            record_differs("another file is asked for");
        if (was.n)
            memcpy(out.p, was.p, was.n);
        record_next();
        return was.n;
    }
    n = read_file(name, out);
    if (record_mode() == RECORD_WRITE)
        record_put(RECORD_FILE, (struct span){out.p, n}, (struct span){0});
    return n;
}
