/* SPDX-License-Identifier: ISC */
/*
 * core.c - see core.h: names, and what is sent unasked.  Sections are those of
 * RFC 6762.
 */
#include "sets.h"

/* What whoever asks for `sets` will ask for next: RFC 6763 12. */
static uint32_t extras(const struct mdns *m, uint32_t sets)
{
    uint32_t more = 0, host = bit(MDNS_A) | bit(MDNS_AAAA);

    for (unsigned i = 0; i < m->nservices; i++) {
        uint32_t own = sets >> (MDNS_SERVICE + i * MDNS_SERVICE_SETS);

        if (own & (1u << MDNS_PTR))
            more |= (1u << MDNS_SRV | 1u << MDNS_TXT)
                    << (MDNS_SERVICE + i * MDNS_SERVICE_SETS);
        if (own & (1u << MDNS_PTR | 1u << MDNS_SRV))
            more |= host;
    }
    if (sets & host)
        more |= host;
    return more & ~sets;
}

void mdns_probe(const struct mdns *m, struct mdns_link *l, ns_t now, ns_t delay)
{
    *l = (struct mdns_link){.state = MDNS_PROBING,
                            .left = MDNS_PROBES,
                            .next = now + delay,
                            .answers_at = NS_NEVER};
    if (m->conflicts >= MDNS_CONFLICTS_MAX)
        l->next = now + 5 * NS_PER_SEC;
}

void mdns_announce(struct mdns_link *l, ns_t now)
{
    if (l->state < MDNS_ANNOUNCING)
        return; /* it will */
    l->state = MDNS_ANNOUNCING;
    l->left = MDNS_ANNOUNCEMENTS;
    l->next = now;
}

ns_t mdns_deadline(const struct mdns_link *l)
{
    if (l->state == MDNS_OFF)
        return NS_NEVER;
    return l->next < l->answers_at ? l->next : l->answers_at;
}

struct dns_out mdns_begin(uint8_t out[MDNS_OUT_MAX], uint16_t id,
                          uint16_t flags)
{
    struct dns_out o = {.p = out, .n = DNS_HDR_BYTES, .max = MDNS_OUT_MAX};

    memset(out, 0, DNS_HDR_BYTES);
    put_be16(out, id);
    put_be16(out + 2, flags);
    return o;
}

size_t mdns_finish(const struct mdns *m, const struct mdns_addrs *here,
                   uint32_t sets, uint32_t ttl, bool flush, struct dns_out *o)
{
    unsigned n = mdns_put_sets(m, here, sets, ttl, flush, o);

    put_be16(o->p + 6, (uint16_t)n);
    put_be16(o->p + 10,
             (uint16_t)mdns_put_sets(m, here, extras(m, sets), ttl, flush, o));
    return n ? o->n : 0;
}

/* 8.1: a question for each name, and what we would like it to be. */
static size_t probe(const struct mdns *m, const struct mdns_addrs *here,
                    uint8_t out[MDNS_OUT_MAX])
{
    struct dns_out o = mdns_begin(out, 0, 0);
    struct dns_name name;

    for (unsigned i = 0; i <= m->nservices; i++) {
        mdns_name(m, i, &name);
        dns_put_name(&o, &name);
        dns_put16(&o, DNS_ANY);
        dns_put16(&o, TOP_BIT | DNS_CLASS_IN);
    }
    put_be16(out + 4, (uint16_t)(m->nservices + 1));
    put_be16(out + 8, (uint16_t)mdns_put_sets(m, here, probed_sets(m),
                                              UINT32_MAX, false, &o));
    return o.n;
}

static size_t multicast(const struct mdns *m, struct mdns_link *l,
                        const struct mdns_addrs *here, uint32_t sets, ns_t now,
                        uint8_t out[MDNS_OUT_MAX])
{
    struct dns_out o = mdns_begin(out, 0, AUTHORITATIVE);

    for (unsigned set = 0; set < MDNS_ALL; set++)
        if (sets >> set & 1)
            l->last[set] = now;
    return mdns_finish(m, here, sets, UINT32_MAX, true, &o);
}

size_t mdns_next(const struct mdns *m, struct mdns_link *l,
                 const struct mdns_addrs *here, ns_t now,
                 uint8_t out[MDNS_OUT_MAX])
{
    if (l->state == MDNS_PROBING && now >= l->next) {
        l->next = now + MDNS_PROBE_NS;
        if (l->left > 0) {
            l->left--;
            return probe(m, here, out);
        }
        l->state = MDNS_ANNOUNCING;
        mdns_announce(l, now);
    }
    if (l->state == MDNS_ANNOUNCING && now >= l->next) {
        l->next = now + NS_PER_SEC;
        if (--l->left == 0) {
            l->state = MDNS_RUNNING;
            l->next = NS_NEVER;
        }
        return multicast(m, l, here, all_sets(m), now, out);
    }
    if (l->state != MDNS_OFF && now >= l->answers_at) {
        uint32_t sets = l->answers;

        l->answers = 0;
        l->answers_at = NS_NEVER;
        return multicast(m, l, here, sets, now, out);
    }
    return 0;
}

size_t mdns_goodbye(const struct mdns *m, struct mdns_link *l,
                    const struct mdns_addrs *here, uint8_t out[MDNS_OUT_MAX])
{
    struct dns_out o = mdns_begin(out, 0, AUTHORITATIVE);
    bool known = l->state >= MDNS_ANNOUNCING;

    l->state = MDNS_OFF;
    return known ? mdns_finish(m, here, all_sets(m), 0, true, &o) : 0;
}
