/* SPDX-License-Identifier: ISC */
/*
 * group.c - see group.h.
 */
#include "group.h"

enum {
    IGMP_OLD_BYTES = 8,
    IGMP_QUERY_BYTES = 12,
    MLD_OLD_BYTES = 24,
    MLD_QUERY_BYTES = 28,
    OLD_DELAY_MS = 10000, /* version 1 does not say: RFC 9776 8.3 */
    IP4_OPT_ALERT = 148,
    IP6_OPT_ALERT = 5
};

/* RFC 9776 4.1.1 and 4.1.7: beyond half of the range, a floating point. */
static uint32_t code8(uint8_t c)
{
    return c < 128 ? c : ((c & 15u) | 16) << ((c >> 4 & 7) + 3);
}

/* RFC 9777 5.1.3. */
static uint32_t code16(uint16_t c)
{
    return c < 32768 ? c : ((c & 0xfffu) | 0x1000) << ((c >> 12 & 7) + 3);
}

/* The tail that the newest version alone has. */
static bool take_tail(struct group_query *q, struct span in, size_t at,
                      size_t addr_bytes)
{
    q->version = GROUP_V3;
    q->robustness = in.p[at] & 7;
    q->interval_s = code8(in.p[at + 1]);
    q->nsources = be16(in.p + at + 2);
    q->source = in.p + at + 4;
    return in.n - at - 4 >= q->nsources * addr_bytes &&
           !(q->general && q->nsources);
}

bool igmp_query_parse(struct group_query *out, struct span in)
{
    struct group_query q = {.version = GROUP_V2};
    uint32_t group;

    /* RFC 9776 8.1: the length tells the version; others are ignored. */
    if (in.n != IGMP_OLD_BYTES && in.n < IGMP_QUERY_BYTES)
        return false;
    group = be32(in.p + 4);
    q.general = group == 0;
    q.group = (struct ipaddr){.b = {[10] = 0xff, [11] = 0xff}};
    put_be32(q.group.b + 12, group);
    if (in.n == IGMP_OLD_BYTES) {
        q.delay_ms = in.p[1] * 100u;
        if (in.p[1] == 0) {
            q.version = GROUP_V1;
            q.delay_ms = OLD_DELAY_MS;
        }
    } else {
        q.delay_ms = code8(in.p[1]) * 100;
        if (!take_tail(&q, in, 8, 4))
            return false;
    }
    if (!q.general && group >> 28 != 14)
        return false;
    *out = q;
    return true;
}

bool mld_query_parse(struct group_query *out, struct span in)
{
    struct group_query q = {.version = GROUP_V2};

    if (in.n != MLD_OLD_BYTES && in.n < MLD_QUERY_BYTES)
        return false;
    memcpy(&q.group, in.p + 8, 16);
    q.general = (be64(q.group.b) | be64(q.group.b + 8)) == 0;
    q.delay_ms = be16(in.p + 4);
    if (in.n > MLD_OLD_BYTES) {
        q.delay_ms = code16(be16(in.p + 4));
        if (!take_tail(&q, in, 24, 16))
            return false;
    }
    if (!q.general && q.group.b[0] != 0xff)
        return false;
    *out = q;
    return true;
}

/* Both kinds of options are a type, a length and so many bytes, but for the
 * one byte of padding; IPv4 counts type and length. */
static bool has_option(struct span in, uint8_t pad, uint8_t wanted,
                       unsigned counted)
{
    for (size_t at = 0; at < in.n;) {
        if (in.p[at] == pad) {
            at++;
            continue;
        }
        if (in.n - at < 2 || in.p[at + 1] + 2u - counted < 2)
            return false;
        if (in.p[at] == wanted)
            return in.p[at + 1] == 2 + counted && in.n - at >= 4 &&
                   be16(in.p + at + 2) == 0;
        at += in.p[at + 1] + 2u - counted;
    }
    return false;
}

bool ip4_has_alert(struct span options)
{
    return has_option(options, 1, IP4_OPT_ALERT, 2);
}

bool ip6_has_alert(struct span ext)
{
    size_t n;

    if (ext.n < 8)
        return false;
    n = (ext.p[1] + 1u) * 8;
    return n <= ext.n &&
           has_option((struct span){ext.p + 2, n - 2}, 0, IP6_OPT_ALERT, 0);
}

unsigned group_record_emit(uint8_t *out, enum group_record kind,
                           const struct ipaddr *group, unsigned nsources)
{
    bool v4 = ipaddr_is_v4(group);

    put_be32(out, (uint32_t)kind << 24 | nsources);
    if (v4)
        memcpy(out + 4, group->b + 12, 4);
    else
        memcpy(out + 4, group, 16);
    return v4 ? 8 : 20;
}
