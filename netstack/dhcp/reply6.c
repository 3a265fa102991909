/* SPDX-License-Identifier: ISC */
/*
 * reply6.c - what the DHCPv6 machine makes of replies: see core6.h.
 */
#include "core6_int.h"

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
        dhcp6_begin(d, DHCP6_REQUESTING, now, random);
        dhcp6_transmit(d, now, random);
    }
    return DHCP6_NOTHING;
}

static void take_addrs(struct dhcp6 *d, const struct dhcp6_reply *r, ns_t now)
{
    for (unsigned i = 0; i < d->naddrs;)
        if (now >= d->addr[i].valid_until)
            dhcp6_forget(d, &d->addr[i]);
        else
            i++;
    for (unsigned i = 0; i < r->naddrs; i++) {
        const struct dhcp6_addr *a = &r->addr[i];
        struct dhcp6_lease *l = dhcp6_find(d, &a->addr);

        if (a->valid_s == 0) {
            if (l)
                dhcp6_forget(d, l);
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
        return dhcp6_lose(d, now + DHCP6_DELAY_NS, random);
    if (r->status || !r->has_ia)
        return DHCP6_NOTHING; /* asked again when its time comes */
    if (r->ia_status == DHCP6_NO_BINDING && !fresh) {
        d->server = r->server;
        d->nwishes = d->naddrs;
        for (unsigned i = 0; i < d->naddrs; i++)
            d->wish[i] = d->addr[i].addr;
        dhcp6_begin(d, DHCP6_REQUESTING, now, random);
        dhcp6_transmit(d, now, random);
        return DHCP6_NOTHING;
    }
    if (r->ia_status == DHCP6_NO_ADDRS && d->state == DHCP6_REQUESTING)
        return dhcp6_lose(d, now + NS_PER_SEC, random);
    if (r->ia_status || r->naddrs == 0)
        return DHCP6_NOTHING;
    take_addrs(d, r, now);
    d->options = r->options;
    if (d->naddrs == 0) {
        dhcp6_solicit(d, now + NS_PER_SEC, random);
        return DHCP6_LOST;
    }
    d->server = r->server;
    take_times(d, r, now);
    dhcp6_bound(d);
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
    dhcp6_enter(d, DHCP6_INFORMED,
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
            return dhcp6_lose(d, now, random);
        if (r->status == DHCP6_SUCCESS)
            dhcp6_bound(d);
        return DHCP6_NOTHING;
    case DHCP6_DECLINING:
        return dhcp6_declined(d, now, random);
    case DHCP6_INFORMING:
        return take_information(d, r, now, random);
    default:
        return DHCP6_STRAY;
    }
}
