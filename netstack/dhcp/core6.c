/* SPDX-License-Identifier: ISC */
/*
 * core6.c - see core6.h.
 */
#include "core6_int.h"

/* What is sent in a state, and how often: RFC 8415 7.6 and 15. */
static const struct {
    uint8_t type, tries; /* tries 0: no limit */
    uint8_t first_s;     /* 0: nothing is sent */
    uint16_t most_s;     /* 0: none */
} exchange[] = {
    [DHCP6_SOLICITING] = {DHCP6_SOLICIT, 0, 1, 0}, /* most: sol_max_rt_s */
    [DHCP6_REQUESTING] = {DHCP6_REQUEST, DHCP6_REQ_TRIES, 1, 30},
    [DHCP6_RENEWING] = {DHCP6_RENEW, 0, 10, 600},
    [DHCP6_REBINDING] = {DHCP6_REBIND, 0, 10, 600},
    [DHCP6_CONFIRMING] = {DHCP6_CONFIRM, 0, 1, 4},
    [DHCP6_DECLINING] = {DHCP6_DECLINE, DHCP6_REL_TRIES, 1, 0},
    [DHCP6_INFORMING] = {DHCP6_INFORMATION, 0, 1, 0}, /* inf_max_rt_s */
    [DHCP6_INFORMED] = {0},
};

/* Which state may follow which. */
static const uint16_t may_follow[] = {
#define TO(s)  (1 << DHCP6_##s)
#define ALWAYS TO(OFF) | TO(SOLICITING) | TO(INFORMING)
    [DHCP6_OFF] = ALWAYS,
    [DHCP6_SOLICITING] = ALWAYS | TO(REQUESTING) | TO(BOUND),
    [DHCP6_REQUESTING] = ALWAYS | TO(BOUND) | TO(DECLINING) | TO(CONFIRMING),
    [DHCP6_BOUND] =
        ALWAYS | TO(RENEWING) | TO(REBINDING) | TO(CONFIRMING) | TO(DECLINING),
    [DHCP6_RENEWING] = ALWAYS | TO(BOUND) | TO(REQUESTING) | TO(REBINDING) |
                       TO(CONFIRMING) | TO(DECLINING),
    [DHCP6_REBINDING] =
        ALWAYS | TO(BOUND) | TO(REQUESTING) | TO(CONFIRMING) | TO(DECLINING),
    [DHCP6_CONFIRMING] = ALWAYS | TO(BOUND) | TO(CONFIRMING) | TO(DECLINING),
    [DHCP6_DECLINING] = ALWAYS | TO(BOUND) | TO(DECLINING) | TO(CONFIRMING),
    [DHCP6_INFORMING] = ALWAYS | TO(INFORMED),
    [DHCP6_INFORMED] = ALWAYS,
#undef ALWAYS
#undef TO
};

void dhcp6_enter(struct dhcp6 *d, enum dhcp6_state state, ns_t next)
{
    ASSERT(may_follow[d->state] >> state & 1);
    d->state = state;
    d->send = false;
    d->tries = 0;
    d->next = next;
}

void dhcp6_begin(struct dhcp6 *d, enum dhcp6_state state, ns_t when,
                 uint32_t random)
{
    dhcp6_enter(d, state, when);
    d->xid = random >> 8;
    d->give_up = NS_NEVER;
}

void dhcp6_solicit(struct dhcp6 *d, ns_t when, uint32_t random)
{
    dhcp6_begin(d, DHCP6_SOLICITING, when, random);
    d->naddrs = d->nwishes = 0;
    d->server.n = 0;
    d->offered = false;
    d->t1 = d->t2 = d->expires = 0;
}

enum dhcp6_event dhcp6_lose(struct dhcp6 *d, ns_t when, uint32_t random)
{
    bool had = d->naddrs > 0;

    dhcp6_solicit(d, when, random);
    return had ? DHCP6_LOST : DHCP6_NOTHING;
}

void dhcp6_start(struct dhcp6 *d, const uint8_t duid[DUID_BYTES], uint32_t iaid,
                 struct span hostname, bool stateful, ns_t now, uint32_t random)
{
    *d = (struct dhcp6){.iaid = iaid,
                        .hostname = hostname,
                        .sol_max_rt_s = DHCP6_SOL_MAX_RT_S,
                        .inf_max_rt_s = DHCP6_INF_MAX_RT_S};
    memcpy(d->duid, duid, DUID_BYTES);
    now += random % (uint32_t)DHCP6_DELAY_NS;
    if (stateful)
        dhcp6_solicit(d, now, random);
    else
        dhcp6_begin(d, DHCP6_INFORMING, now, random);
}

/* RAND of section 15: a tenth of `base` less to a tenth more. */
static ns_t fuzzy(ns_t base, uint32_t random)
{
    return base - base / 10 + base / 10 / 1000 * (random % 2001);
}

/* Section 15.  The first SOLICIT waits no less than its second, so that the
 * advertisements of several servers can be compared. */
static ns_t next_rt(const struct dhcp6 *d, uint32_t random)
{
    ns_t first = exchange[d->state].first_s * NS_PER_SEC;
    ns_t most = exchange[d->state].most_s * NS_PER_SEC, rt;

    if (d->state == DHCP6_SOLICITING)
        most = d->sol_max_rt_s * NS_PER_SEC;
    if (d->state == DHCP6_INFORMING)
        most = d->inf_max_rt_s * NS_PER_SEC;
    if (d->tries == 0 && d->state == DHCP6_SOLICITING)
        return first + 1 + first / 10 / 1000 * (random % 1000);
    if (d->tries == 0)
        return fuzzy(first, random);
    rt = d->rt + fuzzy(d->rt, random);
    return most && rt > most ? fuzzy(most, random) : rt;
}

void dhcp6_transmit(struct dhcp6 *d, ns_t now, uint32_t random)
{
    if (d->tries == 0)
        d->started = now;
    d->rt = next_rt(d, random);
    d->tries++;
    d->send = true;
    d->next = min_ns(now + d->rt, d->give_up);
}

/* The valid lifetimes run: what is to be done, and when? */
static void renew(struct dhcp6 *d, ns_t now, uint32_t random)
{
    bool late = now >= d->t2;

    dhcp6_begin(d, late ? DHCP6_REBINDING : DHCP6_RENEWING, now, random);
    d->give_up = late ? d->expires : d->t2;
    dhcp6_transmit(d, now, random);
}

void dhcp6_bound(struct dhcp6 *d)
{
    dhcp6_enter(d, DHCP6_BOUND, min_ns(d->t1, d->expires));
}

enum dhcp6_event dhcp6_declined(struct dhcp6 *d, ns_t now, uint32_t random)
{
    if (d->naddrs == 0)
        return dhcp6_lose(d, now + DHCP6_DECLINED_NS, random);
    dhcp6_bound(d);
    return DHCP6_NOTHING;
}

/* An exchange has come to its end without an answer. */
static enum dhcp6_event unanswered(struct dhcp6 *d, ns_t now, uint32_t random)
{
    switch (d->state) {
    case DHCP6_RENEWING:
        renew(d, now, random);
        return DHCP6_NOTHING;
    case DHCP6_CONFIRMING: /* 18.2.3: then go on as before */
        dhcp6_bound(d);
        return DHCP6_NOTHING;
    case DHCP6_DECLINING:
        return dhcp6_declined(d, now, random);
    default:
        return dhcp6_lose(d, now, random);
    }
}

enum dhcp6_event dhcp6_on_time(struct dhcp6 *d, ns_t now, uint32_t random)
{
    uint8_t tries = exchange[d->state].tries;

    if (now < d->next || d->state == DHCP6_OFF)
        return DHCP6_NOTHING;
    if (d->naddrs && now >= d->expires && d->state != DHCP6_DECLINING)
        return dhcp6_lose(d, now, random);
    if (d->state == DHCP6_BOUND) {
        renew(d, now, random);
    } else if (d->state == DHCP6_INFORMED) {
        dhcp6_begin(d, DHCP6_INFORMING, now, random);
        dhcp6_transmit(d, now, random);
    } else if (d->state == DHCP6_SOLICITING && d->offered) {
        dhcp6_begin(d, DHCP6_REQUESTING, now, random);
        dhcp6_transmit(d, now, random);
    } else if ((tries && d->tries == tries) || now >= d->give_up) {
        return unanswered(d, now, random);
    } else {
        dhcp6_transmit(d, now, random);
    }
    return DHCP6_NOTHING;
}

enum dhcp6_event dhcp6_on_link_up(struct dhcp6 *d, ns_t now, uint32_t random)
{
    switch (d->state) {
    case DHCP6_OFF:
        return DHCP6_NOTHING;
    case DHCP6_INFORMING:
    case DHCP6_INFORMED:
        dhcp6_begin(d, DHCP6_INFORMING, now, random);
        return DHCP6_NOTHING;
    default:
        if (d->naddrs == 0) {
            dhcp6_solicit(d, now, random);
            return DHCP6_NOTHING;
        }
    }
    dhcp6_begin(d, DHCP6_CONFIRMING, now, random);
    d->give_up = now + DHCP6_CONFIRM_NS;
    return DHCP6_NOTHING;
}

struct dhcp6_lease *dhcp6_find(struct dhcp6 *d, const struct ipaddr *a)
{
    for (unsigned i = 0; i < d->naddrs; i++)
        if (ipaddr_eq(&d->addr[i].addr, a))
            return &d->addr[i];
    return NULL;
}

void dhcp6_forget(struct dhcp6 *d, const struct dhcp6_lease *l)
{
    unsigned at = (unsigned)(l - d->addr);

    d->naddrs--;
    memmove(&d->addr[at], &d->addr[at + 1],
            (d->naddrs - at) * sizeof(d->addr[0]));
}

void dhcp6_on_conflict(struct dhcp6 *d, const struct ipaddr *a, ns_t now,
                       uint32_t random)
{
    struct dhcp6_lease *l = dhcp6_find(d, a);

    if (!l)
        return;
    dhcp6_forget(d, l);
    if (d->state != DHCP6_DECLINING)
        d->nwishes = 0;
    if (d->nwishes < DHCP6_ADDRS_MAX)
        d->wish[d->nwishes++] = *a;
    dhcp6_begin(d, DHCP6_DECLINING, now, random);
}

bool dhcp6_release(struct dhcp6 *d, uint32_t random)
{
    if (d->state == DHCP6_OFF)
        return false;
    dhcp6_enter(d, DHCP6_OFF, NS_NEVER);
    d->send = d->release = d->naddrs > 0;
    d->xid = random >> 8;
    d->nwishes = d->naddrs;
    for (unsigned i = 0; i < d->naddrs; i++)
        d->wish[i] = d->addr[i].addr;
    d->naddrs = 0;
    return d->release;
}

/* 18.2: what stands in which message. */
bool dhcp6_next(struct dhcp6 *d, ns_t now, struct dhcp6_message *m)
{
    enum dhcp6_state s = d->state;
    bool held =
        s == DHCP6_RENEWING || s == DHCP6_REBINDING || s == DHCP6_CONFIRMING;
    bool one = d->release || s == DHCP6_REQUESTING || s == DHCP6_RENEWING ||
               s == DHCP6_DECLINING;
    ns_t elapsed = (now - d->started) / (10 * NS_PER_MS);

    if (!d->send)
        return false;
    if (d->tries <= 1)
        elapsed = 0;
    *m = (struct dhcp6_message){
        .type = d->release ? DHCP6_RELEASE : exchange[s].type,
        .rapid = s == DHCP6_SOLICITING,
        .has_ia = s != DHCP6_INFORMING,
        .xid = d->xid,
        .iaid = d->iaid,
        .elapsed_cs = elapsed > UINT16_MAX ? UINT16_MAX : (uint16_t)elapsed,
        .client = {d->duid, DUID_BYTES},
        .hostname = d->hostname};
    if (one)
        m->server = (struct span){d->server.b, d->server.n};
    for (unsigned i = 0; held && i < d->naddrs; i++)
        m->addr[m->naddrs++] = d->addr[i].addr;
    for (unsigned i = 0; one && !held && i < d->nwishes; i++)
        m->addr[m->naddrs++] = d->wish[i];
    d->send = d->release = false;
    return true;
}

ns_t dhcp6_deadline(const struct dhcp6 *d)
{
    if (d->send)
        return 0;
    return d->state == DHCP6_OFF ? NS_NEVER : d->next;
}
