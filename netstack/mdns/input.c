/* SPDX-License-Identifier: ISC */
/*
 * input.c - see core.h: what others ask and say.  Sections are those of RFC
 * 6762.
 */
#include "sets.h"

static bool same_data(const struct mdns_record *r, const uint8_t *data, int n)
{
    struct dns_name a, b;

    if (n < 0 || (unsigned)n != r->n)
        return false;
    if (!r->named)
        return memcmp(r->data, data, r->n) == 0;
    a.n = b.n = (uint8_t)(r->n - r->head);
    memcpy(a.b, r->data + r->head, a.n);
    memcpy(b.b, data + r->head, b.n);
    return memcmp(r->data, data, r->head) == 0 && dns_name_eq(&a, &b);
}

/* Which sets a question is about. */
static uint32_t asked_for(const struct mdns *m, const struct mdns_addrs *here,
                          const struct dns_name *name, uint16_t type)
{
    uint32_t sets = 0;
    struct mdns_record r;
    struct dns_name own;

    if (!dns_name_within(name, "local") && !dns_name_within(name, "arpa"))
        return 0;
    for (unsigned set = 0; set < MDNS_SETS; set++)
        for (unsigned k = 0; mdns_record(m, here, set, k, &r); k++)
            if ((type == r.type || type == DNS_ANY) &&
                dns_name_eq(name, &r.owner))
                sets |= bit(set);
    for (unsigned i = 0; sets == 0 && i <= m->nservices; i++) {
        mdns_name(m, i, &own);
        if (dns_name_eq(name, &own))
            return bit(MDNS_NSEC + i); /* 6.1 */
    }
    return sets;
}

/* 7.1: the sets of which the message, from *at on, knows every record for at
 * least half of its time. */
static uint32_t known(const struct mdns *m, const struct mdns_addrs *here,
                      uint32_t sets, struct span msg, size_t *at)
{
    unsigned n = be16(msg.p + 6);
    uint8_t count[MDNS_ALL] = {0};
    struct mdns_record r;
    struct dns_rr rr;
    uint32_t all = 0;

    for (unsigned i = 0; i < n && i < MDNS_RECORDS_MAX; i++) {
        uint8_t data[sizeof(r.data)];
        int got;

        if (!dns_rr_read(&rr, msg, at))
            return 0;
        got = dns_rr_data(data, sizeof(data), msg, &rr);
        for (unsigned set = 0; set < MDNS_SETS; set++)
            for (unsigned k = 0;
                 sets >> set & 1 && mdns_record(m, here, set, k, &r); k++)
                if (rr.type == r.type && rr.ttl >= r.ttl / 2 &&
                    dns_name_eq(&rr.owner, &r.owner) &&
                    same_data(&r, data, got))
                    count[set]++;
    }
    for (unsigned set = 0; set < MDNS_SETS; set++)
        if (count[set] && !mdns_record(m, here, set, count[set], &r))
            all |= bit(set);
    return all;
}

/* 8.2: who probes for one of our names at the same time, and has the later
 * records, has it; we look again in a second. */
struct item {
    uint16_t type, n;
    const uint8_t *p;
};

enum { ITEMS_MAX = 10, ITEMS_BYTES = 640 };

struct items {
    unsigned n;
    size_t bytes;
    struct item item[ITEMS_MAX];
    uint8_t data[ITEMS_BYTES];
};

static int order(const struct item *a, const struct item *b)
{
    unsigned n = a->n < b->n ? a->n : b->n;
    int d;

    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    d = memcmp(a->p, b->p, n);
    return d ? d : (int)a->n - (int)b->n;
}

static void add_item(struct items *all, uint16_t type, const uint8_t *p, int n)
{
    struct item one = {.type = type, .p = all->data + all->bytes};
    unsigned i;

    if (n < 0 || all->n == ITEMS_MAX || (size_t)n > ITEMS_BYTES - all->bytes)
        return;
    one.n = (uint16_t)n;
    memcpy(all->data + all->bytes, p, one.n);
    all->bytes += one.n;
    for (i = all->n++; i > 0 && order(&all->item[i - 1], &one) > 0; i--)
        all->item[i] = all->item[i - 1];
    all->item[i] = one;
}

static bool they_win(const struct mdns *m, const struct mdns_addrs *here,
                     unsigned name, struct span msg, size_t at)
{
    struct items ours = {.n = 0}, theirs = {.n = 0};
    unsigned n = be16(msg.p + 8), common;
    struct mdns_record r;
    struct dns_name own;
    struct dns_rr rr;

    mdns_name(m, name, &own);
    for (unsigned i = 0; i < n && i < MDNS_RECORDS_MAX; i++) {
        uint8_t data[sizeof(r.data)];

        if (!dns_rr_read(&rr, msg, &at))
            break;
        if (dns_name_eq(&rr.owner, &own))
            add_item(&theirs, rr.type, data,
                     dns_rr_data(data, sizeof(data), msg, &rr));
    }
    for (unsigned set = 0; set < MDNS_SETS; set++)
        for (unsigned k = 0;
             probed_sets(m) >> set & 1 && mdns_record(m, here, set, k, &r); k++)
            if (dns_name_eq(&r.owner, &own))
                add_item(&ours, r.type, r.data, (int)r.n);
    common = ours.n < theirs.n ? ours.n : theirs.n;
    for (unsigned i = 0; i < common; i++) {
        int d = order(&ours.item[i], &theirs.item[i]);

        if (d)
            return d < 0;
    }
    return theirs.n > ours.n;
}

/* 9: a response that says something else about a name of ours. */
static bool contradicts(const struct mdns *m, const struct mdns_link *l,
                        const struct mdns_addrs *all, const struct dns_rr *rr,
                        struct span msg)
{
    bool address = rr->type == DNS_A || rr->type == DNS_AAAA;
    bool typed = l->state == MDNS_PROBING || address || rr->type == DNS_SRV ||
                 rr->type == DNS_TXT;
    uint8_t data[DNS_NAME_MAX + 6];
    struct mdns_record r;
    struct dns_name own;
    unsigned name = 0;
    int n;

    for (;; name++) {
        if (name > m->nservices)
            return false;
        mdns_name(m, name, &own);
        if (dns_name_eq(&rr->owner, &own))
            break;
    }
    n = dns_rr_data(data, sizeof(data), msg, rr);
    for (unsigned set = 0; set < MDNS_SETS; set++)
        for (unsigned k = 0;
             probed_sets(m) >> set & 1 && mdns_record(m, all, set, k, &r); k++)
            if (rr->type == r.type && same_data(&r, data, n) &&
                dns_name_eq(&rr->owner, &r.owner))
                return false;
    return typed;
}

static void on_response(struct mdns *m, const struct mdns_link *l,
                        const struct mdns_addrs *all, struct span msg)
{
    unsigned n = (unsigned)be16(msg.p + 6) + be16(msg.p + 8) + be16(msg.p + 10);
    size_t at = DNS_HDR_BYTES;
    struct dns_rr rr;

    if (be16(msg.p + 4)) /* 6: there are no questions in a response */
        return;
    for (unsigned i = 0; i < n && i < MDNS_RECORDS_MAX; i++) {
        if (!dns_rr_read(&rr, msg, &at))
            return;
        if ((rr.class_ & ~TOP_BIT) != DNS_CLASS_IN || rr.ttl == 0 ||
            !dns_name_within(&rr.owner, "local") ||
            !contradicts(m, l, all, &rr, msg))
            continue;
        m->conflict = true;
        if (l->state == MDNS_PROBING) {
            m->conflicts++;
            m->suffix = m->suffix < 2      ? 2
                        : m->suffix < 9999 ? m->suffix + 1
                                           : 2;
        }
        return;
    }
}

/* What a query wants, and how. */
struct wanted {
    uint32_t multicast, unicast;
    struct dns_name name; /* the first question's */
    uint16_t type, class_;
};

static bool read_questions(const struct mdns *m, const struct mdns_addrs *here,
                           const struct mdns_in *in, size_t *at,
                           struct wanted *w)
{
    unsigned n = be16(in->msg.p + 4);

    *w = (struct wanted){0};
    if (n > MDNS_QUESTIONS_MAX)
        return false;
    for (unsigned i = 0; i < n; i++) {
        uint16_t type, class_;
        struct dns_name name;
        uint32_t sets;

        if (!dns_name_read(&name, in->msg, at) || in->msg.n - *at < 4)
            return false;
        type = be16(in->msg.p + *at);
        class_ = be16(in->msg.p + *at + 2);
        *at += 4;
        if (i == 0) {
            w->name = name;
            w->type = type;
            w->class_ = class_;
        }
        if ((class_ & ~TOP_BIT) != DNS_CLASS_IN &&
            (class_ & ~TOP_BIT) != DNS_ANY)
            continue;
        sets = asked_for(m, here, &name, type);
        if (in->legacy || in->unicast || class_ & TOP_BIT)
            w->unicast |= sets;
        else
            w->multicast |= sets;
    }
    return true;
}

/* 5.4: who wants a unicast answer gets one, and all the others, too, when they
 * have not heard it for a quarter of its time. */
static uint32_t stale(const struct mdns_link *l, uint32_t sets, ns_t now)
{
    uint32_t old = 0;

    for (unsigned set = 0; set < MDNS_ALL; set++)
        if (sets >> set & 1 &&
            now - l->last[set] > MDNS_HOST_TTL_S / 4 * NS_PER_SEC)
            old |= bit(set);
    return old;
}

/* 6: a record is not multicast again within a second; to defend it against a
 * probe, within a quarter. */
static uint32_t not_yet(const struct mdns_link *l, uint32_t sets, bool is_probe,
                        ns_t now)
{
    ns_t least = is_probe ? MDNS_PROBE_NS : NS_PER_SEC;
    uint32_t recent = 0;

    for (unsigned set = 0; set < MDNS_ALL; set++)
        if (sets >> set & 1 && l->last[set] && now - l->last[set] < least)
            recent |= bit(set);
    return recent;
}

/* 6: at once where nobody else can answer; else a little later, not all
 * together; much later when more known answers follow. */
static void schedule(const struct mdns *m, struct mdns_link *l, uint32_t sets,
                     bool more, const struct ipaddr *from, ns_t now,
                     uint32_t random)
{
    uint32_t shared = of_services(m, 1u << MDNS_ENUM | 1u << MDNS_PTR);
    ns_t delay = sets & shared ? 20 + random % 100 : 0;

    if (sets == 0)
        return;
    if (more) {
        delay = 400 + random % 100;
        l->more_from = *from;
    }
    l->answers |= sets;
    delay = now + delay * NS_PER_MS;
    l->answers_at = delay < l->answers_at ? delay : l->answers_at;
}

static size_t on_query(struct mdns *m, struct mdns_link *l,
                       const struct mdns_addrs *here, const struct mdns_in *in,
                       ns_t now, uint32_t random, uint8_t out[MDNS_OUT_MAX])
{
    struct span msg = in->msg;
    bool more = be16(msg.p + 2) & MORE, is_probe = be16(msg.p + 8);
    size_t at = DNS_HDR_BYTES;
    struct dns_out o;
    struct wanted w;
    uint32_t suppressed;

    if (!read_questions(m, here, in, &at, &w))
        return 0;
    if (be16(msg.p + 4) == 0 && ipaddr_eq(&l->more_from, &in->from)) {
        l->answers &= ~known(m, here, l->answers, msg, &at);
        return 0;
    }
    suppressed = known(m, here, w.multicast | w.unicast, msg, &at);
    if (l->state == MDNS_PROBING) {
        for (unsigned i = 0; is_probe && i <= m->nservices; i++)
            if (they_win(m, here, i, msg, at)) {
                l->left = MDNS_PROBES;
                l->next = now + NS_PER_SEC;
                break;
            }
        return 0;
    }
    w.unicast &= ~suppressed;
    w.multicast &= ~suppressed;
    if (!in->legacy && !in->unicast)
        w.multicast |= stale(l, w.unicast, now);
    w.multicast &= ~not_yet(l, w.multicast, is_probe, now);
    schedule(m, l, w.multicast, more, &in->from, now, random);
    if (w.unicast == 0)
        return 0;
    o = mdns_begin(out, in->legacy ? be16(msg.p) : 0, AUTHORITATIVE);
    if (in->legacy) { /* 6.7 */
        put_be16(out + 4, 1);
        dns_put_name(&o, &w.name);
        dns_put16(&o, w.type);
        dns_put16(&o, w.class_ & (uint16_t)~TOP_BIT);
    }
    return mdns_finish(m, here, w.unicast,
                       in->legacy ? MDNS_LEGACY_TTL_S : UINT32_MAX, !in->legacy,
                       &o);
}

size_t mdns_on_message(struct mdns *m, struct mdns_link *l,
                       const struct mdns_addrs *here,
                       const struct mdns_addrs *all, const struct mdns_in *in,
                       ns_t now, uint32_t random, uint8_t out[MDNS_OUT_MAX])
{
    if (l->state == MDNS_OFF || in->msg.n < DNS_HDR_BYTES ||
        be16(in->msg.p + 2) & OPCODE_OR_RCODE) /* 18.3, 18.11 */
        return 0;
    if (now - l->second >= NS_PER_SEC) {
        l->second = now;
        l->messages = 0;
    }
    if (l->messages++ >= MDNS_MESSAGES_S)
        return 0;
    if (!(be16(in->msg.p + 2) & RESPONSE))
        return on_query(m, l, here, in, now, random, out);
    if (!in->legacy) /* 6: from port 5353 alone */
        on_response(m, l, all, in->msg);
    return 0;
}
