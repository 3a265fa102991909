/* SPDX-License-Identifier: ISC */
/*
 * fuzz_dhcp6.c - DHCPv6 messages, and the client's machine under any events.
 *
 * An even first byte: the rest is one message.  An odd one: events, each a
 * byte and what it needs; the server knows the numbers that the client has
 * shown, and says what it likes, at times in bytes of its own.
 */
#include <dhcp/core6.h>

#include "input.h"

enum { IAID = 7 };
static const uint8_t duid[DUID_BYTES] = {0, 3, 0, 1, 2, 0, 0, 0, 0, 2};

static void check_reply(const struct dhcp6_reply *r)
{
    const struct dhcp6_options *o = &r->options;

    MUST(r->type == DHCP6_ADVERTISE || r->type == DHCP6_REPLY);
    MUST(r->client.n <= DHCP6_DUID_MAX && r->server.n <= DHCP6_DUID_MAX);
    MUST(r->naddrs <= DHCP6_ADDRS_MAX && o->ndns <= DHCP6_DNS_MAX);
    MUST(o->nntp <= DHCP6_NTP_MAX && o->nsearch <= DHCP6_SEARCH_MAX);
    MUST(r->has_ia || r->naddrs == 0);
    for (unsigned i = 0; i < r->naddrs; i++)
        MUST(r->addr[i].preferred_s <= r->addr[i].valid_s &&
             r->addr[i].addr.b[0] != 0xff);
}

static void one_message(void)
{
    struct dhcp6_reply r;

    if (dhcp6_parse(&r, fuzz_in, IAID))
        check_reply(&r);
}

/* Bytes of the input as a message; else one made of a few of them. */
static void reply(struct dhcp6 *d, ns_t now)
{
    uint8_t how = take8();
    struct dhcp6_reply r = {0};

    if (how & 1) {
        size_t n = take8();

        n = n < fuzz_in.n ? n : fuzz_in.n;
        if (!dhcp6_parse(&r, (struct span){fuzz_in.p, n}, IAID))
            return;
        fuzz_in.p += n;
        fuzz_in.n -= n;
    } else {
        r.type = how & 2 ? DHCP6_ADVERTISE : DHCP6_REPLY;
        r.has_ia = how & 4;
        r.naddrs = r.has_ia ? how >> 3 & 3 : 0;
        for (unsigned i = 0; i < r.naddrs; i++) {
            r.addr[i].addr.b[0] = 0x20;
            r.addr[i].addr.b[15] = take8() & 7;
            r.addr[i].valid_s = how & 128 ? take32() : take8();
            r.addr[i].preferred_s = r.addr[i].valid_s / 2;
        }
        r.status = how & 32 ? take8() & 7 : 0;
        r.ia_status = how & 64 ? take8() & 7 : 0;
        r.t1_s = how & 128 ? take32() : 0;
        r.t2_s = how & 128 ? take32() : 0;
        r.rapid = r.status == 1;
        r.preference = take8();
        r.sol_max_rt_s = r.inf_max_rt_s = take8() * 3u;
        r.refresh_s = take8() * 16u;
    }
    r.xid = d->xid;
    r.client.n = DUID_BYTES;
    memcpy(r.client.b, duid, DUID_BYTES);
    if (r.server.n == 0)
        r.server = (struct dhcp6_duid){.n = 3, .b = {how & 2}};
    (void)dhcp6_on_reply(d, &r, now, take32());
}

static void check(struct dhcp6 *d, ns_t now)
{
    uint8_t msg[DHCP6_OUT_MAX];
    struct dhcp6_message m;
    unsigned n = 0;

    while (dhcp6_next(d, now, &m)) {
        MUST(dhcp6_emit(msg, &m) <= DHCP6_OUT_MAX && n++ == 0);
        MUST(m.naddrs <= DHCP6_ADDRS_MAX);
        MUST(m.type == DHCP6_SOLICIT || m.type == DHCP6_CONFIRM ||
             m.type == DHCP6_REBIND || m.type == DHCP6_INFORMATION ||
             m.server.n > 0);
    }
    MUST(d->naddrs <= DHCP6_ADDRS_MAX && d->nwishes <= DHCP6_ADDRS_MAX);
    if (d->state == DHCP6_BOUND)
        MUST(d->naddrs && d->t1 <= d->t2 && d->t2 <= d->expires);
    /* It never goes to sleep for good, but for what is leased for ever. */
    if (d->state != DHCP6_OFF && d->state != DHCP6_INFORMED)
        MUST(dhcp6_deadline(d) != NS_NEVER || d->expires == NS_NEVER);
}

static void many_events(void)
{
    struct dhcp6 d;
    struct ipaddr a = {{0x20}};
    ns_t now = 0;

    dhcp6_start(&d, duid, IAID, SPAN("fuzz"), take8() & 1, now, take32());
    for (unsigned i = 0; fuzz_in.n > 0 && i < 2000 && now < UINT64_MAX / 2;
         i++) {
        switch (take8() % 6) {
        case 0:
            now += take8() * (NS_PER_SEC / 4);
            (void)dhcp6_on_time(&d, now, take32());
            break;
        case 1:
            if (dhcp6_deadline(&d) != NS_NEVER && dhcp6_deadline(&d) > now)
                now = dhcp6_deadline(&d);
            (void)dhcp6_on_time(&d, now, take32());
            break;
        case 2:
            reply(&d, now);
            break;
        case 3:
            a.b[15] = take8() & 7;
            dhcp6_on_conflict(&d, &a, now, take32());
            break;
        case 4:
            (void)dhcp6_release(&d, take32());
            check(&d, now);
            dhcp6_start(&d, duid, IAID, SPAN("fuzz"), take8() & 1, now,
                        take32());
            break;
        default:
            (void)dhcp6_on_link_up(&d, now, take32());
        }
        check(&d, now);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_either((struct span){data, size}, one_message, many_events);
}
