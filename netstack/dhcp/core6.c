/* SPDX-License-Identifier: ISC */
/*
 * core6.c - see core6.h.
 */
#include "core6.h"

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

static ns_t min_ns(ns_t a, ns_t b)
{
    return a < b ? a : b;
}

static ns_t after(ns_t now, uint32_t seconds)
{
    return seconds == UINT32_MAX ? NS_NEVER : now + seconds * NS_PER_SEC;
}

static void enter(struct dhcp6 *d, enum dhcp6_state state, ns_t next)
{
    ASSERT(may_follow[d->state] >> state & 1);
    d->state = state;
    d->send = false;
    d->tries = 0;
    d->next = next;
}

/* A new exchange, with an identifier of its own. */
static void begin(struct dhcp6 *d, enum dhcp6_state state, ns_t when,
                  uint32_t random)
{
    enter(d, state, when);
    d->xid = random >> 8;
    d->give_up = NS_NEVER;
}

static void solicit(struct dhcp6 *d, ns_t when, uint32_t random)
{
    begin(d, DHCP6_SOLICITING, when, random);
    d->naddrs = d->nwishes = 0;
    d->server.n = 0;
    d->offered = false;
    d->t1 = d->t2 = d->expires = 0;
}

/* Solicits anew; whatever addresses there were are not ours any more. */
static enum dhcp6_event lose(struct dhcp6 *d, ns_t when, uint32_t random)
{
    bool had = d->naddrs > 0;

    solicit(d, when, random);
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
        solicit(d, now, random);
    else
        begin(d, DHCP6_INFORMING, now, random);
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

static void transmit(struct dhcp6 *d, ns_t now, uint32_t random)
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

    begin(d, late ? DHCP6_REBINDING : DHCP6_RENEWING, now, random);
    d->give_up = late ? d->expires : d->t2;
    transmit(d, now, random);
}

static void bound(struct dhcp6 *d)
{
    enter(d, DHCP6_BOUND, min_ns(d->t1, d->expires));
}

static enum dhcp6_event declined(struct dhcp6 *d, ns_t now, uint32_t random)
{
    if (d->naddrs == 0)
        return lose(d, now + DHCP6_DECLINED_NS, random);
    bound(d);
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
        bound(d);
        return DHCP6_NOTHING;
    case DHCP6_DECLINING:
        return declined(d, now, random);
    default:
        return lose(d, now, random);
    }
}

enum dhcp6_event dhcp6_on_time(struct dhcp6 *d, ns_t now, uint32_t random)
{
    uint8_t tries = exchange[d->state].tries;

    if (now < d->next || d->state == DHCP6_OFF)
        return DHCP6_NOTHING;
    if (d->naddrs && now >= d->expires && d->state != DHCP6_DECLINING)
        return lose(d, now, random);
    if (d->state == DHCP6_BOUND) {
        renew(d, now, random);
    } else if (d->state == DHCP6_INFORMED) {
        begin(d, DHCP6_INFORMING, now, random);
        transmit(d, now, random);
    } else if (d->state == DHCP6_SOLICITING && d->offered) {
        begin(d, DHCP6_REQUESTING, now, random);
        transmit(d, now, random);
    } else if ((tries && d->tries == tries) || now >= d->give_up) {
        return unanswered(d, now, random);
    } else {
        transmit(d, now, random);
    }
    return DHCP6_NOTHING;
}

static void take_max_rt(uint32_t *to, uint32_t said)
{
    if (said >= DHCP6_MAX_RT_LEAST_S && said <= DHCP6_MAX_RT_MOST_S)
        *to = said;
}

/* 18.2.9: the best preference, of equals the first.  255 is not waited for,
 * nor is any when none came in the first second. */
static enum dhcp6_event take_offer(struct dhcp6 *d, const struct dhcp6_reply *r,
                                   ns_t now, uint32_t random)
{
    if (d->state != DHCP6_SOLICITING || d->tries == 0)
        return DHCP6_STRAY;
    take_max_rt(&d->sol_max_rt_s, r->sol_max_rt_s);
    if (r->status || r->ia_status || r->naddrs == 0)
        return DHCP6_NOTHING;
    if (!d->offered || r->preference > d->preference) {
        d->offered = true;
        d->preference = r->preference;
        d->server = r->server;
        d->nwishes = r->naddrs;
        for (unsigned i = 0; i < r->naddrs; i++)
            d->wish[i] = r->addr[i].addr;
    }
    if (d->preference == 255 || d->tries > 1) {
        begin(d, DHCP6_REQUESTING, now, random);
        transmit(d, now, random);
    }
    return DHCP6_NOTHING;
}

static struct dhcp6_lease *find(struct dhcp6 *d, const struct ipaddr *a)
{
    for (unsigned i = 0; i < d->naddrs; i++)
        if (ipaddr_eq(&d->addr[i].addr, a))
            return &d->addr[i];
    return NULL;
}

static void forget(struct dhcp6 *d, const struct dhcp6_lease *l)
{
    unsigned at = (unsigned)(l - d->addr);

    d->naddrs--;
    memmove(&d->addr[at], &d->addr[at + 1],
            (d->naddrs - at) * sizeof(d->addr[0]));
}

static void take_addrs(struct dhcp6 *d, const struct dhcp6_reply *r, ns_t now)
{
    for (unsigned i = 0; i < d->naddrs;)
        if (now >= d->addr[i].valid_until)
            forget(d, &d->addr[i]);
        else
            i++;
    for (unsigned i = 0; i < r->naddrs; i++) {
        const struct dhcp6_addr *a = &r->addr[i];
        struct dhcp6_lease *l = find(d, &a->addr);

        if (a->valid_s == 0) {
            if (l)
                forget(d, l);
            continue;
        }
        if (!l && d->naddrs == DHCP6_ADDRS_MAX)
            continue;
        if (!l)
            l = &d->addr[d->naddrs++];
        *l = (struct dhcp6_lease){.addr = a->addr,
                                  .preferred_until = after(now, a->preferred_s),
                                  .valid_until = after(now, a->valid_s)};
    }
}

/* 14.2 and 21.4: where the server leaves it to us, a half and eight tenths of
 * the shortest preferred lifetime. */
static void take_times(struct dhcp6 *d, const struct dhcp6_reply *r, ns_t now)
{
    ns_t preferred = NS_NEVER, least = now + DHCP6_T1_LEAST_S * NS_PER_SEC;

    d->expires = 0;
    for (unsigned i = 0; i < d->naddrs; i++) {
        preferred = min_ns(preferred, d->addr[i].preferred_until);
        if (d->addr[i].valid_until > d->expires)
            d->expires = d->addr[i].valid_until;
    }
    d->t1 = after(now, r->t1_s);
    d->t2 = after(now, r->t2_s);
    if (r->t1_s == 0)
        d->t1 = preferred == NS_NEVER ? NS_NEVER : now + (preferred - now) / 2;
    if (r->t2_s == 0)
        d->t2 =
            preferred == NS_NEVER ? NS_NEVER : now + (preferred - now) / 5 * 4;
    if (d->t1 < least)
        d->t1 = least;
    if (d->t2 < d->t1)
        d->t2 = d->t1;
    d->t1 = min_ns(d->t1, d->expires);
    d->t2 = min_ns(d->t2, d->expires);
}

/* 18.2.10.1, for SOLICIT with rapid commit, REQUEST, RENEW and REBIND. */
static enum dhcp6_event take_reply(struct dhcp6 *d, const struct dhcp6_reply *r,
                                   ns_t now, uint32_t random)
{
    bool fresh = d->state == DHCP6_SOLICITING || d->state == DHCP6_REQUESTING;

    take_max_rt(&d->sol_max_rt_s, r->sol_max_rt_s);
    if (r->status == DHCP6_NOT_ON_LINK || r->ia_status == DHCP6_NOT_ON_LINK)
        return lose(d, now + DHCP6_DELAY_NS, random);
    if (r->status || !r->has_ia)
        return DHCP6_NOTHING; /* asked again when its time comes */
    if (r->ia_status == DHCP6_NO_BINDING && !fresh) {
        d->server = r->server;
        d->nwishes = d->naddrs;
        for (unsigned i = 0; i < d->naddrs; i++)
            d->wish[i] = d->addr[i].addr;
        begin(d, DHCP6_REQUESTING, now, random);
        transmit(d, now, random);
        return DHCP6_NOTHING;
    }
    if (r->ia_status == DHCP6_NO_ADDRS && d->state == DHCP6_REQUESTING)
        return lose(d, now + NS_PER_SEC, random);
    if (r->ia_status || r->naddrs == 0)
        return DHCP6_NOTHING;
    take_addrs(d, r, now);
    d->options = r->options;
    if (d->naddrs == 0) {
        solicit(d, now + NS_PER_SEC, random);
        return DHCP6_LOST;
    }
    d->server = r->server;
    take_times(d, r, now);
    bound(d);
    return DHCP6_ADDRS;
}

static enum dhcp6_event take_information(struct dhcp6 *d,
                                         const struct dhcp6_reply *r, ns_t now,
                                         uint32_t random)
{
    uint32_t refresh = r->refresh_s ? r->refresh_s : DHCP6_REFRESH_S;
    ns_t at;

    take_max_rt(&d->inf_max_rt_s, r->inf_max_rt_s);
    if (r->status)
        return DHCP6_NOTHING;
    if (refresh < DHCP6_REFRESH_LEAST_S)
        refresh = DHCP6_REFRESH_LEAST_S;
    d->options = r->options;
    at = after(now, refresh);
    enter(d, DHCP6_INFORMED,
          at == NS_NEVER ? at : at + random % (uint32_t)NS_PER_SEC);
    return DHCP6_OPTIONS;
}

/* 16.3, 16.10: for us, from whom we asked, about what we asked. */
static bool belongs(const struct dhcp6 *d, const struct dhcp6_reply *r)
{
    bool one = d->state == DHCP6_REQUESTING || d->state == DHCP6_RENEWING ||
               d->state == DHCP6_DECLINING;

    if (r->xid != d->xid || d->tries == 0 || r->server.n == 0 ||
        r->client.n != DUID_BYTES || memcmp(r->client.b, d->duid, DUID_BYTES))
        return false;
    return !one || (r->server.n == d->server.n &&
                    memcmp(r->server.b, d->server.b, d->server.n) == 0);
}

enum dhcp6_event dhcp6_on_reply(struct dhcp6 *d, const struct dhcp6_reply *r,
                                ns_t now, uint32_t random)
{
    if (!belongs(d, r))
        return DHCP6_STRAY;
    if (r->type == DHCP6_ADVERTISE)
        return take_offer(d, r, now, random);
    switch (d->state) {
    case DHCP6_SOLICITING:
        return r->rapid ? take_reply(d, r, now, random) : DHCP6_STRAY;
    case DHCP6_REQUESTING:
    case DHCP6_RENEWING:
    case DHCP6_REBINDING:
        return take_reply(d, r, now, random);
    case DHCP6_CONFIRMING:
        if (r->status == DHCP6_NOT_ON_LINK)
            return lose(d, now, random);
        if (r->status == DHCP6_SUCCESS)
            bound(d);
        return DHCP6_NOTHING;
    case DHCP6_DECLINING:
        return declined(d, now, random);
    case DHCP6_INFORMING:
        return take_information(d, r, now, random);
    default:
        return DHCP6_STRAY;
    }
}

enum dhcp6_event dhcp6_on_link_up(struct dhcp6 *d, ns_t now, uint32_t random)
{
    switch (d->state) {
    case DHCP6_OFF:
        return DHCP6_NOTHING;
    case DHCP6_INFORMING:
    case DHCP6_INFORMED:
        begin(d, DHCP6_INFORMING, now, random);
        return DHCP6_NOTHING;
    default:
        if (d->naddrs == 0) {
            solicit(d, now, random);
            return DHCP6_NOTHING;
        }
    }
    begin(d, DHCP6_CONFIRMING, now, random);
    d->give_up = now + DHCP6_CONFIRM_NS;
    return DHCP6_NOTHING;
}

void dhcp6_on_conflict(struct dhcp6 *d, const struct ipaddr *a, ns_t now,
                       uint32_t random)
{
    struct dhcp6_lease *l = find(d, a);

    if (!l)
        return;
    forget(d, l);
    if (d->state != DHCP6_DECLINING)
        d->nwishes = 0;
    if (d->nwishes < DHCP6_ADDRS_MAX)
        d->wish[d->nwishes++] = *a;
    begin(d, DHCP6_DECLINING, now, random);
}

bool dhcp6_release(struct dhcp6 *d, uint32_t random)
{
    if (d->state == DHCP6_OFF)
        return false;
    enter(d, DHCP6_OFF, NS_NEVER);
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
