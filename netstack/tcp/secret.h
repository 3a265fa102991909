/* SPDX-License-Identifier: ISC */
/*
 * secret.h - what a stranger must not guess: initial sequence numbers,
 * timestamp offsets, SYN cookies.  Pure functions of keys, addresses and time.
 */
#ifndef TCP_SECRET_H
#define TCP_SECRET_H

#include "../wire/tcp.h"

#include <base/siphash.h>
#include <billet/net.h>

/* The four values that name a connection; local is us. */
struct tcp_key {
    struct ipaddr local, remote;
    uint16_t lport, rport;
};

struct tcp_secrets {
    struct siphash_key table, name, cookie, source;
};

/* What a keyed hash of the four makes of a connection.  The timestamps of all
 * connections of one name have one offset (RFC 7323 5.4), so that they go on
 * rising from one to the next. */
struct secret_name {
    uint32_t isn_base, ts_offset;
};
struct secret_name secret_of(const struct tcp_secrets *,
                             const struct tcp_key *);

/* RFC 6528: the hash, plus a clock that ticks every 4 us. */
static inline uint32_t secret_isn(const struct secret_name *n, ns_t now)
{
    return (uint32_t)(now >> 12) + n->isn_base;
}

/* What a SYN cookie carries. */
struct cookie {
    uint16_t mss; /* rounded down to one of eight */
    uint8_t wscale;
    bool ts, sack, has_wscale, ecn;
};

/* An ISN that says `mss`; `irs` is the number of the SYN. */
uint32_t cookie_isn(const struct tcp_secrets *, const struct tcp_key *,
                    uint32_t irs, uint16_t mss, ns_t now);
/* The timestamp of the SYN-ACK, which carries the rest. */
uint32_t cookie_tsval(uint32_t ts_offset, const struct cookie *, ns_t now);
/* Whether what is acknowledged may be a cookie, whoever's SYN it answered: what
 * is wrong is believed to be with a chance of 2^-7. */
bool cookie_could_be(const struct tcp_secrets *, const struct tcp_key *,
                     uint32_t ack, ns_t now);
/* Reads both back from an ACK.  False: not one of ours, or older than two
 * periods of 69 seconds. */
bool cookie_check(struct cookie *, const struct tcp_secrets *,
                  const struct tcp_key *, const struct tcp_seg *ack,
                  uint32_t ts_offset, ns_t now);

#endif
