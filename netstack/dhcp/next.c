/* SPDX-License-Identifier: ISC */
/*
 * next.c - what the DHCPv4 client's machine says next, and when.
 */
#include "core.h"

/* RFC 2131 4.3.6, table 4, and 4.4.1, table 5. */
bool dhcp_next(struct dhcp *d, ns_t now, struct dhcp_out *out)
{
    bool has_addr = d->state >= DHCP_BOUND;
    ns_t secs = (now - d->started) / NS_PER_SEC;

    if (d->send == 0)
        return false;
    if (d->state != DHCP_REQUESTING) /* which repeats what DISCOVER said */
        d->secs = secs > UINT16_MAX ? UINT16_MAX : (uint16_t)secs;
    *out = (struct dhcp_out){.msg = {.type = d->send,
                                     .xid = d->xid,
                                     .secs = d->secs,
                                     .mac = d->mac,
                                     .client = {d->client, d->nclient},
                                     .hostname = d->hostname},
                             .dst = UINT32_MAX};
    if (d->send == DHCP4_RELEASE) { /* 4.4.6: to the server alone */
        out->msg.ciaddr = out->src = d->lease.yiaddr;
        out->msg.server = out->dst = d->lease.server;
        out->msg.secs = 0;
    } else if (d->send == DHCP4_DECLINE) {
        out->msg.requested = d->lease.yiaddr;
        out->msg.server = d->lease.server;
        out->msg.secs = 0;
    } else if (has_addr) {
        out->msg.ciaddr = out->src = d->lease.yiaddr;
        if (d->state == DHCP_RENEWING)
            out->dst = d->lease.server;
    } else {
        out->msg.broadcast = true;
        out->msg.requested =
            d->send == DHCP4_REQUEST ? d->lease.yiaddr : d->last;
        if (d->state == DHCP_REQUESTING)
            out->msg.server = d->lease.server;
    }
    d->send = 0;
    return true;
}

ns_t dhcp_deadline(const struct dhcp *d)
{
    if (d->send)
        return 0;
    return d->state == DHCP_OFF || d->state == DHCP_CHECKING ? NS_NEVER
                                                             : d->next;
}

uint8_t dhcp_mask_bits(uint32_t mask, uint32_t addr)
{
    uint32_t holes = ~mask & (~mask + 1);

    if (mask == 0 || holes != 0)
        return addr >> 31 == 0 ? 8 : addr >> 30 == 2 ? 16 : 24;
    return (uint8_t)__builtin_popcount(mask);
}
