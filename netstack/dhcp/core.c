/* SPDX-License-Identifier: ISC */
/*
 * core.c - see core.h.
 */
#include "core.h"

#include "../wire/ip4.h"

#define NEVER_S UINT32_MAX

/* Which state may follow which. */
static const uint16_t may_follow[] = {
#define TO(s) (1 << DHCP_##s)
    [DHCP_OFF] = TO(INIT),
    [DHCP_INIT] = TO(SELECTING) | TO(INIT),
    [DHCP_SELECTING] = TO(REQUESTING) | TO(INIT),
    [DHCP_REQUESTING] = TO(CHECKING) | TO(INIT),
    [DHCP_REBOOTING] = TO(BOUND) | TO(INIT) | TO(REBOOTING),
    [DHCP_CHECKING] = TO(BOUND) | TO(INIT),
    /* Straight to rebinding after a sleep of the whole machine. */
    [DHCP_BOUND] = TO(RENEWING) | TO(REBINDING) | TO(REBOOTING) | TO(INIT),
    [DHCP_RENEWING] = TO(BOUND) | TO(REBINDING) | TO(REBOOTING) | TO(INIT),
    [DHCP_REBINDING] = TO(BOUND) | TO(REBOOTING) | TO(INIT),
#undef TO
};

static void enter(struct dhcp *d, enum dhcp_state state)
{
    ASSERT(may_follow[d->state] >> state & 1);
    d->state = state;
    d->tries = 0;
    d->send = 0;
}

static void restart(struct dhcp *d, ns_t next)
{
    enter(d, DHCP_INIT);
    d->lease = (struct dhcp4_reply){0};
    d->next = next;
}

void dhcp_start(struct dhcp *d, mac_t mac, struct span hostname, ns_t now,
                uint32_t random)
{
    *d = (struct dhcp){.mac = mac, .hostname = hostname};
    /* RFC 2131 4.4.1 wants 1 to 10 s, to spread hosts that start together;
     * a tenth of that at most does it for machines that boot this fast. */
    restart(d, now + random % (100 * NS_PER_MS));
}

static ns_t min_ns(ns_t a, ns_t b)
{
    return a < b ? a : b;
}

/* RFC 2131 4.1: 4, 8, 16, 32, 64 s, each a second more or less. */
static ns_t backoff(unsigned tries, uint32_t random)
{
    ns_t base = tries < 5 ? DHCP_BACKOFF_NS << tries : DHCP_BACKOFF_MAX_NS;

    return min_ns(base, DHCP_BACKOFF_MAX_NS) - NS_PER_SEC +
           random % (uint32_t)(2 * NS_PER_SEC);
}

static void ask(struct dhcp *d, uint8_t type, ns_t now, uint32_t random)
{
    d->send = type;
    d->next = now + backoff(d->tries, random);
    d->tries++;
}

static void begin(struct dhcp *d, enum dhcp_state state, ns_t now,
                  uint32_t random)
{
    enter(d, state);
    d->xid = random;
    d->started = now;
}

enum dhcp_event dhcp_on_link_up(struct dhcp *d, ns_t now, uint32_t random)
{
    switch (d->state) {
    case DHCP_BOUND:
    case DHCP_RENEWING:
    case DHCP_REBINDING:
    case DHCP_REBOOTING:
        begin(d, DHCP_REBOOTING, now, random);
        d->asked = now;
        ask(d, DHCP4_REQUEST, now, random);
        break;
    case DHCP_INIT:
    case DHCP_SELECTING:
        restart(d, now); /* do not sit out a back-off from before */
        break;
    default:
        break;
    }
    return DHCP_NOTHING;
}

/* Between answers of a lease that runs out: half of what is left, a minute at
 * least (RFC 2131 4.4.5). */
static ns_t half_way(ns_t now, ns_t end)
{
    ns_t half = end > now ? (end - now) / 2 : 0;

    return min_ns(now + (half > DHCP_RENEW_MIN_NS ? half : DHCP_RENEW_MIN_NS),
                  end);
}

static enum dhcp_event time_of_lease(struct dhcp *d, ns_t now, uint32_t random)
{
    if (now >= d->expires) {
        restart(d, now);
        return DHCP_LOST;
    }
    if (now >= d->t2) {
        if (d->state != DHCP_REBINDING)
            begin(d, DHCP_REBINDING, now, random);
        d->next = half_way(now, d->expires);
    } else {
        if (d->state != DHCP_RENEWING)
            begin(d, DHCP_RENEWING, now, random);
        d->next = half_way(now, d->t2);
    }
    d->asked = now;
    d->tries++;
    d->send = DHCP4_REQUEST;
    return DHCP_NOTHING;
}

enum dhcp_event dhcp_on_time(struct dhcp *d, ns_t now, uint32_t random)
{
    if (now < d->next)
        return DHCP_NOTHING;
    switch (d->state) {
    case DHCP_OFF:
    case DHCP_CHECKING:
        break;
    case DHCP_INIT:
        begin(d, DHCP_SELECTING, now, random);
        ask(d, DHCP4_DISCOVER, now, random);
        break;
    case DHCP_SELECTING:
        ask(d, DHCP4_DISCOVER, now, random);
        break;
    case DHCP_REQUESTING:
        if (d->tries == DHCP_REQUEST_TRIES)
            restart(d, now);
        else
            ask(d, DHCP4_REQUEST, now, random);
        break;
    case DHCP_REBOOTING: /* RFC 2131 3.2, 3: unanswered, the lease may stand */
        if (d->tries == DHCP_REBOOT_TRIES) {
            enter(d, DHCP_BOUND);
            d->next = now < d->t1 ? d->t1 : now;
        } else {
            ask(d, DHCP4_REQUEST, now, random);
        }
        if (now >= d->expires) {
            restart(d, now);
            return DHCP_LOST;
        }
        break;
    case DHCP_BOUND:
    case DHCP_RENEWING:
    case DHCP_REBINDING:
        return time_of_lease(d, now, random);
    }
    return DHCP_NOTHING;
}

static bool usable(uint32_t addr)
{
    return ip4_is_unicast(addr) && !ip4_is_loopback(addr);
}

static ns_t after(ns_t from, uint32_t seconds)
{
    return seconds == NEVER_S ? NS_NEVER : from + seconds * NS_PER_SEC;
}

/* RFC 2131 4.4.5: T1 < T2 < lease; a server that says otherwise gets the
 * defaults, one half and seven eighths. */
static void take_times(struct dhcp *d)
{
    uint32_t lease = d->lease.lease_s;
    uint32_t t1 = d->lease.t1_s, t2 = d->lease.t2_s;

    if (lease < DHCP_LEASE_MIN_S)
        lease = DHCP_LEASE_MIN_S;
    if (t1 == 0 || t2 == 0 || t1 >= t2 || t2 >= lease) {
        t1 = lease / 2;
        t2 = lease - lease / 8;
    }
    d->lease.lease_s = lease;
    d->expires = after(d->asked, lease);
    d->t1 = lease == NEVER_S ? NS_NEVER : after(d->asked, t1);
    d->t2 = lease == NEVER_S ? NS_NEVER : after(d->asked, t2);
}

static enum dhcp_event take_ack(struct dhcp *d, const struct dhcp4_reply *r)
{
    bool fresh = d->state == DHCP_REQUESTING;

    if (!r->has_lease || r->yiaddr != d->lease.yiaddr || !usable(r->server) ||
        (fresh && r->server != d->lease.server))
        return DHCP_STRAY;
    d->lease = *r;
    take_times(d);
    enter(d, fresh ? DHCP_CHECKING : DHCP_BOUND);
    d->next = fresh ? NS_NEVER : d->t1;
    return fresh ? DHCP_CHECK : DHCP_RENEWED;
}

static enum dhcp_event take_nak(struct dhcp *d, const struct dhcp4_reply *r,
                                ns_t now)
{
    bool had = d->state != DHCP_REQUESTING;

    /* Another server may not answer for the one that was asked alone. */
    if ((d->state == DHCP_REQUESTING || d->state == DHCP_RENEWING) &&
        r->server != d->lease.server)
        return DHCP_STRAY;
    restart(d, now + DHCP_NAK_NS);
    return had ? DHCP_LOST : DHCP_NOTHING;
}

enum dhcp_event dhcp_on_reply(struct dhcp *d, const struct dhcp4_reply *r,
                              ns_t now, uint32_t random)
{
    bool asked = d->state == DHCP_REQUESTING || d->state == DHCP_REBOOTING ||
                 d->state == DHCP_RENEWING || d->state == DHCP_REBINDING;

    if (r->xid != d->xid || r->mac != d->mac)
        return DHCP_STRAY;
    if (d->state == DHCP_SELECTING && r->type == DHCP4_OFFER &&
        usable(r->yiaddr) && usable(r->server)) {
        d->lease = *r; /* the first offer that can be used is taken */
        enter(d, DHCP_REQUESTING);
        d->asked = now;
        ask(d, DHCP4_REQUEST, now, random);
        return DHCP_NOTHING;
    }
    if (asked && r->type == DHCP4_ACK)
        return take_ack(d, r);
    if (asked && r->type == DHCP4_NAK)
        return take_nak(d, r, now);
    return DHCP_STRAY;
}

void dhcp_on_checked(struct dhcp *d)
{
    if (d->state != DHCP_CHECKING)
        return;
    enter(d, DHCP_BOUND);
    d->next = d->t1;
}

void dhcp_on_conflict(struct dhcp *d, ns_t now)
{
    struct dhcp4_reply lease = d->lease;

    if (d->state < DHCP_REBOOTING)
        return;
    restart(d, now + DHCP_DECLINED_NS);
    d->lease.yiaddr = lease.yiaddr; /* dhcp_next() says it once */
    d->lease.server = lease.server;
    d->send = DHCP4_DECLINE;
}

/* RFC 2131 4.3.6, table 4, and 4.4.1, table 5. */
bool dhcp_next(struct dhcp *d, ns_t now, struct dhcp_out *out)
{
    bool has_addr = d->state >= DHCP_BOUND;
    ns_t secs = (now - d->started) / NS_PER_SEC;

    if (d->send == 0)
        return false;
    *out = (struct dhcp_out){
        .msg = {.type = d->send,
                .xid = d->xid,
                .secs = secs > UINT16_MAX ? UINT16_MAX : (uint16_t)secs,
                .mac = d->mac,
                .hostname = d->hostname},
        .dst = UINT32_MAX};
    if (d->send == DHCP4_DECLINE) {
        out->msg.requested = d->lease.yiaddr;
        out->msg.server = d->lease.server;
        out->msg.secs = 0;
    } else if (has_addr) {
        out->msg.ciaddr = out->src = d->lease.yiaddr;
        if (d->state == DHCP_RENEWING)
            out->dst = d->lease.server;
    } else {
        out->msg.broadcast = true;
        if (d->send == DHCP4_REQUEST)
            out->msg.requested = d->lease.yiaddr;
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
