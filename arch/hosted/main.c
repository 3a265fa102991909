/* SPDX-License-Identifier: ISC */
/*
 * main.c - the first instruction of ours in a process.
 */
#include <start.h>

#include "hosted.h"

int main(int argc, char **argv)
{
    static const char *const none[] = {0};

    hosted_init(argc > 0 ? (const char *const *)argv + 1 : none);
    billet_main();
}
