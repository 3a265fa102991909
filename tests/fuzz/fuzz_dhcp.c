/* SPDX-License-Identifier: ISC */
/*
 * fuzz_dhcp.c - DHCP messages, and the client's machine under any events.
 *
 * An even first byte: the rest is one message.  An odd one: events, each a
 * byte and what it needs; the numbers that the client has shown are known to
 * the server, which otherwise says what it likes.
 */
#include <dhcp/core.h>

#include "input.h"

static void one_message(void)
{
    struct dhcp4_reply r;

    if (!dhcp4_parse(&r, fuzz_in))
        return;
    MUST(r.nrouters <= DHCP4_ROUTERS_MAX && r.nservers <= DHCP4_SERVERS_MAX);
    MUST(r.nroutes <= DHCP4_ROUTES_MAX);
    for (unsigned i = 0; i < r.nroutes; i++)
        MUST(r.route[i].bits <= 32);
    MUST(r.nntp <= DHCP4_NTP_MAX && r.nsearch <= DHCP4_SEARCH_MAX);
    MUST(dhcp_mask_bits(r.mask, r.yiaddr) <= 32);
}

static void reply(struct dhcp *d, ns_t now)
{
    uint8_t how = take8();
    struct dhcp4_reply r = {.type = how & 7,
                            .xid = how & 8 ? take32() : d->xid,
                            .mac = d->mac,
                            .yiaddr = 0x0a000005,
                            .server = 0x0a000001,
                            .has_lease = !(how & 16),
                            .lease_s = 100};

    if (how & 32)
        r.lease_s = take32();
    if (how & 64) {
        r.t1_s = take32();
        r.t2_s = take32();
    }
    if (how & 128) {
        r.yiaddr = take32();
        r.server = take32();
    }
    (void)dhcp_on_reply(d, &r, now, take32());
}

static void check(struct dhcp *d, ns_t now)
{
    uint8_t msg[DHCP4_OUT_MAX];
    struct dhcp_out out;
    unsigned n = 0;

    while (dhcp_next(d, now, &out)) {
        unsigned len = dhcp4_emit(msg, &out.msg);

        MUST(len >= DHCP4_OUT_MIN && len <= DHCP4_OUT_MAX && n++ < 2);
        MUST(out.dst != 0 && out.src != UINT32_MAX);
    }
    if (d->state >= DHCP_BOUND)
        MUST(d->t1 <= d->t2 && d->t2 <= d->expires && d->lease.yiaddr);
    if (d->state != DHCP_OFF && d->state != DHCP_CHECKING)
        MUST(dhcp_deadline(d) != NS_NEVER || d->expires == NS_NEVER);
}

static void many_events(void)
{
    struct dhcp_who who = {.mac = 0x020000000002, .hostname = SPAN("fuzz")};
    struct dhcp d;
    ns_t now = 0;

    if (take8() & 1)
        who.last = 0x0a000005;
    dhcp_start(&d, &who, now, take32());
    /* Leases of 136 years, one after the other: stop before time wraps. */
    for (unsigned i = 0; fuzz_in.n > 0 && i < 2000 && now < UINT64_MAX / 2;
         i++) {
        switch (take8() % 7) {
        case 0:
            now += take8() * (NS_PER_SEC / 4);
            (void)dhcp_on_time(&d, now, take32());
            break;
        case 1:
            if (dhcp_deadline(&d) != NS_NEVER && dhcp_deadline(&d) > now)
                now = dhcp_deadline(&d);
            (void)dhcp_on_time(&d, now, take32());
            break;
        case 2:
            reply(&d, now);
            break;
        case 3:
            dhcp_on_checked(&d);
            break;
        case 4:
            dhcp_on_conflict(&d, now);
            break;
        case 5:
            (void)dhcp_release(&d);
            check(&d, now);
            dhcp_start(&d, &who, now, take32());
            break;
        default:
            (void)dhcp_on_link_up(&d, now, take32());
        }
        check(&d, now);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_either((struct span){data, size}, one_message, many_events);
}
