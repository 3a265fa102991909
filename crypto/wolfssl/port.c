/* SPDX-License-Identifier: ISC */
/*
 * port.c - what wolfSSL asks its surroundings for.
 */
#include <billet/app.h>
#include <billet/machine.h>
#include <string.h>
#include <wolfssl/internal.h>

#include "../mem.h"

BILLET_PART("wolfSSL\0" LIBWOLFSSL_VERSION_STRING "\0GPL-3.0-or-later");

/* Seconds since 1970.  A machine without a clock has no time at which a
 * certificate could be valid: 0 fails each check. */
time_t billet_wolfssl_time(time_t *out)
{
    time_t t = (time_t)(machine_wall_ns() / NS_PER_SEC);

    if (out)
        *out = t;
    return t;
}

/* Days since 1970 as a date of the Gregorian calendar; eras of 400 years that
 * begin on a first of March. */
static void date_of(int64_t days, struct tm *out)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int64_t month = mp < 10 ? mp + 3 : mp - 9;

    out->tm_mday = (int)(doy - (153 * mp + 2) / 5 + 1);
    out->tm_mon = (int)month - 1;
    out->tm_year = (int)(yoe + era * 400 + (month <= 2) - 1900);
    out->tm_wday = (int)((days % 7 + 11) % 7);
}

struct tm *billet_wolfssl_gmtime(const time_t *t, struct tm *out)
{
    int64_t days = *t / 86400, rest = *t % 86400;

    if (rest < 0) {
        rest += 86400;
        days--;
    }
    memset(out, 0, sizeof(*out));
    date_of(days, out);
    out->tm_hour = (int)(rest / 3600);
    out->tm_min = (int)(rest / 60 % 60);
    out->tm_sec = (int)(rest % 60);
    return out;
}

word32 LowResTimer(void)
{
    return (word32)(machine_now() / NS_PER_SEC);
}

sword64 TimeNowInMilliseconds(void)
{
    return (sword64)(machine_now() / NS_PER_MS);
}

int billet_wolfssl_random(unsigned char *out, unsigned n)
{
    return machine_random((struct mspan){out, n}) ? 0 : RNG_FAILURE_E;
}

void *XMALLOC(size_t n, void *heap, int type)
{
    (void)type;
    return crypto_mem_get(heap, n);
}

void XFREE(void *p, void *heap, int type)
{
    (void)heap;
    (void)type;
    crypto_mem_put(p);
}

void *XREALLOC(void *p, size_t n, void *heap, int type)
{
    void *grown = XMALLOC(n, heap, type);
    size_t had = crypto_mem_size(p);

    if (!grown || !p)
        return grown;
    memcpy(grown, p, had < n ? had : n);
    XFREE(p, heap, type);
    return grown;
}

/* There is no cache of sessions: tickets leave their state with the client. */
int TlsSessionCacheGetAndRdLock(const byte *id, const WOLFSSL_SESSION **out,
                                word32 *row, byte side)
{
    (void)id;
    (void)row;
    (void)side;
    *out = NULL;
    return -1;
}

void TlsSessionCacheUnlockRow(word32 row)
{
    (void)row;
}
