/* SPDX-License-Identifier: ISC */
/*
 * err.c - the words for enum err.
 */
#include <billet/base.h>

const char *err_name(enum err e)
{
    static const char *const name[] = {
        [OK] = "ok",
        [E_AGAIN] = "nothing now",
        [E_FULL] = "a limit is reached",
        [E_INVAL] = "invalid argument",
        [E_CLOSED] = "closed",
        [E_RESET] = "reset by the peer",
        [E_REFUSED] = "refused",
        [E_TIMEOUT] = "timed out",
        [E_UNREACH] = "unreachable",
        [E_PROTO] = "protocol broken by the peer",
        [E_NOENT] = "no such name",
        [E_IO] = "device failure",
    };

    if ((unsigned)e >= ARRAY_LEN(name))
        return "unknown error";
    return name[e];
}
