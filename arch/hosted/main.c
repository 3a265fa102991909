/* SPDX-License-Identifier: ISC */
/*
 * main.c - the first instruction of ours in a process.
 */
#include <start.h>

#include "hosted.h"
#include "record.h"

int main(int argc, char **argv)
{
    static const char *const none[] = {0};

    const char *const *args = argc > 0 ? (const char *const *)argv + 1 : none;

    record_init(argc > 0 ? argv[0] : "", args);
    hosted_init(args);
    billet_main();
}
