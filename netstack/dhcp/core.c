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
    [DHCP_OFF] = TO(INIT) | TO(INFORMING),
    [DHCP_INIT] = TO(SELECTING) | TO(REBOOTING) | TO(INIT),
    [DHCP_SELECTING] = TO(REQUESTING) | TO(INIT),
    [DHCP_REQUESTING] = TO(CHECKING) | TO(INIT),
    [DHCP_REBOOTING] = TO(BOUND) | TO(CHECKING) | TO(INIT) | TO(REBOOTING),
    [DHCP_CHECKING] = TO(BOUND) | TO(INIT),
    /* Straight to rebinding after a sleep of the whole machine. */
    [DHCP_BOUND] = TO(RENEWING) | TO(REBINDING) | TO(REBOOTING) | TO(INIT),
    [DHCP_RENEWING] = TO(BOUND) | TO(REBINDING) | TO(REBOOTING) | TO(INIT),
    [DHCP_REBINDING] = TO(BOUND) | TO(REBOOTING) | TO(INIT),
    [DHCP_INFORMING] = TO(INFORMING),
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
    d->t1 = d->t2 = d->expires = 0;
    d->lease = (struct dhcp4_reply){0};
    d->next = next;
}

static void identify(struct dhcp *d, const struct dhcp_who *who)
{
    ASSERT(who->client.n <= DHCP4_CLIENT_MAX);
    *d = (struct dhcp){.mac = who->mac,
                       .hostname = who->hostname,
                       .last = who->last,
                       .nclient = (uint8_t)who->client.n};
    if (who->client.n)
        memcpy(d->client, who->client.p, who->client.n);
}

void dhcp_start(struct dhcp *d, const struct dhcp_who *who, ns_t now,
                uint32_t random)
{
    identify(d, who);
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

void dhcp_inform(struct dhcp *d, const struct dhcp_who *who, ns_t now,
                 uint32_t random)
{
    identify(d, who);
    begin(d, DHCP_INFORMING, now, random);
    d->lease.yiaddr = d->last;
    d->t1 = d->t2 = d->expires = NS_NEVER;
    d->next = now + DHCP_INFORM_NS;
}

/* INIT-REBOOT: is the address of before still ours?  RFC 2131 3.2. */
static void reboot(struct dhcp *d, ns_t now, uint32_t random)
{
    begin(d, DHCP_REBOOTING, now, random);
    d->asked = now;
    ask(d, DHCP4_REQUEST, now, random);
}

enum dhcp_event dhcp_on_link_up(struct dhcp *d, ns_t now, uint32_t random)
{
    switch (d->state) {
    case DHCP_BOUND:
    case DHCP_RENEWING:
    case DHCP_REBINDING:
    case DHCP_REBOOTING:
        reboot(d, now, random);
        break;
    case DHCP_INIT:
    case DHCP_SELECTING:
        restart(d, now); /* do not sit out a back-off from before */
        break;
    case DHCP_INFORMING:
        begin(d, DHCP_INFORMING, now, random);
        ask(d, DHCP4_INFORM, now, random);
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

/* An address that is remembered from before a restart is asked for once. */
static enum dhcp_event start_over(struct dhcp *d, ns_t now, uint32_t random)
{
    if (d->last && !d->rebooted) {
        d->rebooted = true;
        reboot(d, now, random);
        d->lease.yiaddr = d->last;
        return DHCP_NOTHING;
    }
    d->rebooted = true;
    begin(d, DHCP_SELECTING, now, random);
    ask(d, DHCP4_DISCOVER, now, random);
    return DHCP_NOTHING;
}

/* RFC 2131 3.2, 3: unanswered, a lease that has not ended may stand. */
static enum dhcp_event still_rebooting(struct dhcp *d, ns_t now,
                                       uint32_t random)
{
    bool tried = d->tries == DHCP_REBOOT_TRIES;

    if (d->expires == 0 && tried) {
        restart(d, now); /* nothing is known of that lease but the address */
    } else if (d->expires && now >= d->expires) {
        restart(d, now);
        return DHCP_LOST;
    } else if (tried) {
        enter(d, DHCP_BOUND);
        d->next = now < d->t1 ? d->t1 : now;
    } else {
        ask(d, DHCP4_REQUEST, now, random);
    }
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
        return start_over(d, now, random);
    case DHCP_SELECTING:
        ask(d, DHCP4_DISCOVER, now, random);
        break;
    case DHCP_REQUESTING:
        if (d->tries == DHCP_REQUEST_TRIES)
            restart(d, now);
        else
            ask(d, DHCP4_REQUEST, now, random);
        break;
    case DHCP_REBOOTING:
        return still_rebooting(d, now, random);
    case DHCP_INFORMING:
        if (d->tries == DHCP_INFORM_TRIES)
            d->next = NS_NEVER;
        else
            ask(d, DHCP4_INFORM, now, random);
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

/* A thirty-second part more or less, so that hosts that were started together
 * do not renew together: RFC 2131 4.4.5. */
static ns_t fuzzy(ns_t length, uint32_t random)
{
    return length - length / 32 + length / (16 * 1024) * (random % 1024);
}

/* RFC 2131 4.4.5: T1 < T2 < lease; a server that says otherwise gets the
 * defaults, one half and seven eighths. */
static void take_times(struct dhcp *d, uint32_t random)
{
    uint32_t lease = d->lease.lease_s;
    uint32_t t1 = d->lease.t1_s, t2 = d->lease.t2_s;

    if (lease < DHCP_LEASE_MIN_S)
        lease = DHCP_LEASE_MIN_S;
    d->lease.lease_s = lease;
    d->expires = after(d->asked, lease);
    d->t1 = d->t2 = NS_NEVER;
    if (lease == NEVER_S)
        return;
    if (t1 == 0 || t2 == 0 || t1 >= t2 || t2 >= lease) {
        t1 = lease / 2;
        t2 = lease - lease / 8;
    }
    d->t1 = d->asked + fuzzy(t1 * NS_PER_SEC, random);
    d->t2 = d->asked + fuzzy(t2 * NS_PER_SEC, random >> 16);
    d->t2 = min_ns(d->t2, d->expires - NS_PER_SEC / 2);
    d->t1 = min_ns(d->t1, d->t2 - NS_PER_SEC / 4);
}

static enum dhcp_event take_ack(struct dhcp *d, const struct dhcp4_reply *r,
                                uint32_t random)
{
    bool known = d->expires != 0 && d->state != DHCP_REQUESTING;

    if (!r->has_lease || r->yiaddr != d->lease.yiaddr || !usable(r->server) ||
        (d->state == DHCP_REQUESTING && r->server != d->lease.server))
        return DHCP_STRAY;
    d->lease = *r;
    d->last = r->yiaddr;
    take_times(d, random);
    enter(d, known ? DHCP_BOUND : DHCP_CHECKING);
    d->next = known ? d->t1 : NS_NEVER;
    return known ? DHCP_RENEWED : DHCP_CHECK;
}

static enum dhcp_event take_nak(struct dhcp *d, const struct dhcp4_reply *r,
                                ns_t now)
{
    bool had = d->state != DHCP_REQUESTING;

    /* Another server may not answer for the one that was asked alone. */
    if ((d->state == DHCP_REQUESTING || d->state == DHCP_RENEWING) &&
        r->server != d->lease.server)
        return DHCP_STRAY;
    d->last = 0;
    restart(d, now + DHCP_NAK_NS);
    return had ? DHCP_LOST : DHCP_NOTHING;
}

/* RFC 6842 3: an identifier that is not ours is somebody else's reply. */
static bool echoes_us(const struct dhcp *d, const struct dhcp4_reply *r)
{
    return r->nclient == 0 || d->nclient == 0 ||
           (r->nclient == d->nclient &&
            memcmp(r->client, d->client, d->nclient) == 0);
}

enum dhcp_event dhcp_on_reply(struct dhcp *d, const struct dhcp4_reply *r,
                              ns_t now, uint32_t random)
{
    bool asked = d->state == DHCP_REQUESTING || d->state == DHCP_REBOOTING ||
                 d->state == DHCP_RENEWING || d->state == DHCP_REBINDING;

    if (r->xid != d->xid || r->mac != d->mac || !echoes_us(d, r))
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
        return take_ack(d, r, random);
    if (asked && r->type == DHCP4_NAK)
        return take_nak(d, r, now);
    if (d->state == DHCP_INFORMING && d->next != NS_NEVER &&
        r->type == DHCP4_ACK && usable(r->server)) {
        d->lease = *r;
        d->lease.yiaddr = d->last;
        d->next = NS_NEVER;
        d->send = 0;
        return DHCP_INFORMED;
    }
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

    if (d->state < DHCP_REBOOTING || d->state == DHCP_INFORMING)
        return;
    d->last = 0;
    restart(d, now + DHCP_DECLINED_NS);
    d->lease.yiaddr = lease.yiaddr; /* dhcp_next() says it once */
    d->lease.server = lease.server;
    d->send = DHCP4_DECLINE;
}

bool dhcp_release(struct dhcp *d)
{
    bool held = d->expires != 0 && d->state >= DHCP_REBOOTING &&
                d->state != DHCP_INFORMING && usable(d->lease.server);

    d->state = DHCP_OFF;
    d->send = held ? DHCP4_RELEASE : 0;
    d->xid = ~d->xid;
    return held;
}
