/* SPDX-License-Identifier: ISC */
/*
 * secret.c - initial sequence numbers, timestamp offsets, SYN cookies.
 *
 * A cookie is C = H0 + (T << 24) + ((H1(T, IRS) + M) mod 2^24): H0 and H1 are
 * keyed hashes of the connection's name, T counts periods of 69 s, M is one of
 * eight MSS values.  A guess is right with a chance of 2^-28: two periods of
 * 256, eight values of 2^24.  What else the SYN offered is in the low bits of
 * our timestamp, which the peer echoes; a peer that lies there hurts itself.
 */
#include <base/sip.h>

#include "secret.h"

#include "core.h"

enum {
    COOKIE_PERIODS = 2,
    COOKIE_MSS_N = 8,
    TS_BITS = 6, /* window scale, SACK permitted, ECN */
    TS_SACK = 16,
    TS_ECN = 32,
    TS_NO_WSCALE = 15,
    NAME_WORDS = 6
};
#define COOKIE_LOW UINT32_C(0xffffff)

static const uint16_t cookie_mss[COOKIE_MSS_N] = {
    TCP_MSS_FLOOR, 536, 1220, 1300, 1400, 1440, 1460, 8940};

/* An IPv4 name is short, and so is its hash. */
static uint64_t hash4(const struct siphash_key *k, const struct tcp_key *key,
                      uint32_t salt, uint32_t irs)
{
    uint64_t ports = key->lport | (uint32_t)key->rport << 16;
    uint64_t word[NAME_WORDS], n = 0;
    struct sip s = sip_start(k);

    if (ipaddr_is_v4(&key->remote)) {
        word[n++] = le32(key->local.b + 12) | (uint64_t)le32(key->remote.b + 12)
                                                  << 32;
    } else {
        memcpy(word, key->local.b, 16);
        memcpy(word + 2, key->remote.b, 16);
        n = 4;
    }
    word[n++] = ports | (uint64_t)salt << 32;
    word[n] = irs | (8 * n + 4) << 56;
    for (unsigned i = 0; i <= n; i++)
        sip_word(&s, word[i], 2);
    return sip_end(&s, 4);
}

struct secret_name secret_of(const struct tcp_secrets *s,
                             const struct tcp_key *key)
{
    uint64_t h = hash4(&s->name, key, 0, 0);

    return (struct secret_name){.isn_base = (uint32_t)h,
                                .ts_offset = (uint32_t)(h >> 32)};
}

static uint32_t period(ns_t now)
{
    return (uint32_t)(now >> 36);
}

static uint32_t low_hash(const struct tcp_secrets *s, const struct tcp_key *key,
                         uint32_t t, uint32_t irs)
{
    return (uint32_t)hash4(&s->cookie, key, t + 1, irs) & COOKIE_LOW;
}

uint32_t cookie_isn(const struct tcp_secrets *s, const struct tcp_key *key,
                    uint32_t irs, uint16_t mss, ns_t now)
{
    uint32_t t = period(now), m = COOKIE_MSS_N - 1;

    while (m != 0 && cookie_mss[m] > mss)
        m--;
    return (uint32_t)hash4(&s->cookie, key, 0, 0) + (t << 24) +
           ((low_hash(s, key, t, irs) + m) & COOKIE_LOW);
}

uint32_t cookie_tsval(uint32_t ts_offset, const struct cookie *c, ns_t now)
{
    uint32_t ticks = tcp_ticks(now), bits, said;

    bits = (c->has_wscale ? c->wscale : TS_NO_WSCALE) |
           (c->sack ? TS_SACK : 0) | (c->ecn ? TS_ECN : 0);
    said = (ticks >> TS_BITS << TS_BITS) | bits;
    if (seq_lt(ticks, said)) /* a timestamp must not come before its time */
        said -= 1u << TS_BITS;
    return said + ts_offset;
}

/* What is left of the cookie without its first hash: T and M with theirs. */
static uint32_t rest_of(const struct tcp_secrets *s, const struct tcp_key *key,
                        uint32_t ack)
{
    return ack - 1 - (uint32_t)hash4(&s->cookie, key, 0, 0);
}

static uint32_t age_of(uint32_t rest, ns_t now)
{
    return (period(now) - (rest >> 24)) & 0xff;
}

bool cookie_could_be(const struct tcp_secrets *s, const struct tcp_key *key,
                     uint32_t ack, ns_t now)
{
    return age_of(rest_of(s, key, ack), now) < COOKIE_PERIODS;
}

bool cookie_check(struct cookie *c, const struct tcp_secrets *s,
                  const struct tcp_key *key, const struct tcp_seg *ack,
                  uint32_t ts_offset, ns_t now)
{
    uint32_t irs = ack->seq - 1;
    uint32_t rest = rest_of(s, key, ack->ack), age = age_of(rest, now), m, bits;

    if (age >= COOKIE_PERIODS)
        return false;
    m = (rest - low_hash(s, key, period(now) - age, irs)) & COOKIE_LOW;
    if (m >= COOKIE_MSS_N)
        return false;
    *c = (struct cookie){.mss = cookie_mss[m]};
    if (!(ack->opts & TCP_OPT_TS))
        return true;
    bits = ack->tsecr - ts_offset;
    c->ts = true;
    c->sack = bits & TS_SACK;
    c->ecn = bits & TS_ECN;
    c->has_wscale = (bits & 15) != TS_NO_WSCALE;
    c->wscale = c->has_wscale ? bits & 15 : 0;
    return true;
}
