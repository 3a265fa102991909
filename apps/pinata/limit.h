/* SPDX-License-Identifier: ISC */
/*
 * limit.h - how often one source may come: an IPv4 address, or an IPv6 /64.
 *
 * So many a minute, evenly, and as many at once after a minute of quiet.
 */
#ifndef PINATA_LIMIT_H
#define PINATA_LIMIT_H

#include <billet/net.h>

enum {
    SOURCES = 256 /* beyond: who is nearest to its full share again is
                   * forgotten */
};

struct origin {
    struct ipaddr prefix;
    ns_t busy_until; /* when its share is whole again */
    bool told;       /* it was too many, and that was said */
};

struct limiter {
    uint32_t per_minute; /* 0: no limit */
    struct origin origin[SOURCES];
};

enum limit_answer { LIMIT_OK, LIMIT_FIRST, LIMIT_MORE };

/* One more of that source.  FIRST: too many, for the first time since it was
 * not; MORE: too many, again. */
enum limit_answer limit_take(struct limiter *, const struct ipaddr *, ns_t now);

#endif
