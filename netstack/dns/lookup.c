/* SPDX-License-Identifier: ISC */
/*
 * lookup.c - what applications ask of the resolver, and how they are told.
 */
#include "../stack.h"

static void put_address(struct dns_answer *a, const struct ipaddr *addr)
{
    bool v4 = ipaddr_is_v4(addr);

    dns_answer_add(a, (struct span){addr->b + (v4 ? 12 : 0), v4 ? 4 : 16});
}

static struct ipaddr get_address(struct span data)
{
    struct ipaddr a;

    if (data.n == 4)
        return ip4_addr(be32(data.p));
    memcpy(&a, data.p, sizeof(a));
    return a;
}

/* RFC 6724 6; what is equal stays in its order, IPv6 first. */
static void order(struct net *net, struct ipaddr *addr, unsigned n)
{
    uint32_t rank[DNS_ADDRS_MAX];

    for (unsigned i = 0; i < n; i++) {
        struct ip_path path = {.dst = addr[i]};
        struct ipaddr a = addr[i];
        uint32_t r = ip_path_find(net, &path) ? 0 : select_rank(net, &path);
        unsigned k = i;

        for (; k > 0 && rank[k - 1] < r; k--) {
            rank[k] = rank[k - 1];
            addr[k] = addr[k - 1];
        }
        rank[k] = r;
        addr[k] = a;
    }
}

/* The addresses of what is known so far, best first. */
static unsigned addresses(struct net *net, const struct dns_question *q,
                          struct ipaddr out[DNS_ADDRS_MAX])
{
    unsigned n = 0;

    for (unsigned i = 0; i < q->n; i++) {
        struct span data;
        size_t at = 0;

        /* Neither family may crowd the other out. */
        while (n < (i + 1) * DNS_ADDRS_MAX / 2 +
                       (q->half[!i].answer.n ? 0u : DNS_ADDRS_MAX / 2u) &&
               n < DNS_ADDRS_MAX &&
               dns_answer_next(&q->half[i].answer, &at, &data))
            out[n++] = get_address(data);
    }
    order(net, out, n);
    return n;
}

static void split(struct dns_record *r, uint16_t type, struct span data)
{
    unsigned head = type == DNS_MX ? 2 : type == DNS_SRV ? 6 : 0;

    *r = (struct dns_record){.type = type, .data = data};
    if (type == DNS_A || type == DNS_AAAA)
        r->addr = get_address(data);
    if (head)
        r->priority = be16(data.p);
    if (type == DNS_SRV) {
        r->weight = be16(data.p + 2);
        r->port = be16(data.p + 4);
    }
    if (head || type == DNS_PTR)
        r->name = (struct span){data.p + head, data.n - head};
}

static void tell_records(struct dns_slot *s)
{
    struct dns_answer a = s->q.half[0].answer;
    struct dns_record r[DNS_ADDRS_MAX];
    struct span data;
    size_t at = 0;
    unsigned n = 0;

    while (s->err == OK && n < DNS_ADDRS_MAX && dns_answer_next(&a, &at, &data))
        split(&r[n++], s->q.half[0].type, data);
    s->by.records(s->err, r, n, s->by.user);
}

static RARE void tell_addresses(struct net *net, struct dns_slot *s)
{
    struct ipaddr addr[DNS_ADDRS_MAX];
    unsigned n = s->err ? 0 : addresses(net, &s->q, addr);

    s->by.fn(s->err, addr, n, s->by.user);
}

static RARE void tell_early(struct net *net, struct dns_slot *s)
{
    struct ipaddr addr[DNS_ADDRS_MAX];
    unsigned n = addresses(net, &s->q, addr);
    dns_fn *early = s->by.early;

    s->early_due = false;
    s->by.early = NULL;
    early(OK, addr, n, s->by.user);
}

unsigned dns_dispatch(struct net *net)
{
    unsigned n = 0;

    if (!net->dns.any_done)
        return 0;
    net->dns.any_done = false;
    for (unsigned i = 0; i < DNS_QUESTIONS_MAX; i++) {
        struct dns_slot *s = &net->dns.slot[i];

        if (!s->used || (!s->done && !s->early_due))
            continue;
        n++;
        if (!s->done) {
            tell_early(net, s);
            continue;
        }
        s->used = false; /* the call may ask anew */
        net->dns.open--;
        if (s->by.records)
            tell_records(s);
        else
            tell_addresses(net, s);
    }
    return n;
}

bool dns_in_use(const struct net *net)
{
    return net->dns.open > 0;
}

static bool ends_with_a_number(const struct dns_name *name)
{
    unsigned at = 0;

    while (at + name->b[at] + 2u < name->n)
        at += name->b[at] + 1u;
    for (unsigned i = 1; i <= name->b[at]; i++)
        if (name->b[at + i] < '0' || name->b[at + i] > '9')
            return false;
    return true;
}

/* Answers that need nobody else: an address in text form; this host's own
 * name, and names that nobody may have (RFC 6761 6.3, 6.4, RFC 7686). */
static bool answer_at_once(struct net *net, struct dns_slot *s,
                           const struct ipaddr *literal)
{
    struct ipaddr loopback[2] = {{{0}}, ip4_addr(UINT32_C(0x7f000001))};
    bool local = dns_name_within(&s->typed, "localhost");

    if (!literal && !local && !dns_name_within(&s->typed, "invalid") &&
        !dns_name_within(&s->typed, "onion"))
        return false;
    loopback[0].b[15] = 1;
    for (unsigned i = 0; i < s->q.n; i++) {
        struct dns_half *h = &s->q.half[i];
        const struct ipaddr *a =
            literal ? literal : &loopback[h->type == DNS_A];
        struct dns_answer known = {0};

        if ((literal || local) &&
            h->type == (ipaddr_is_v4(a) ? DNS_A : DNS_AAAA))
            put_address(&known, a);
        dns_known(&s->q, i, &known);
    }
    dns_advance(net, s);
    return true;
}

static enum err start(struct net *net, const char *text, const uint16_t type[2],
                      const struct dns_asker *by)
{
    struct dns *d = &net->dns;
    struct span t = span_of(text);
    struct dns_name name = {.n = 1};
    struct ipaddr literal;
    bool is_literal = ipaddr_parse(&literal, t);
    struct dns_slot *s = NULL;

    if (!is_literal && (!dns_name_from(&name, t) || ends_with_a_number(&name)))
        return E_INVAL;
    for (unsigned i = 0; !s && i < DNS_QUESTIONS_MAX; i++)
        if (!d->slot[i].used)
            s = &d->slot[i];
    if (!s) {
        net->count.full__questions++;
        return E_FULL;
    }
    memset(s, 0, sizeof(*s));
    s->by = *by;
    s->used = true;
    s->typed = name;
    s->absolute = is_literal || !s->by.fn || t.p[t.n - 1] == '.';
    d->open++;
    dns_ask(&s->q, &name, type, net->now);
    if (answer_at_once(net, s, is_literal ? &literal : NULL))
        return OK;
    dns_search_name(&d->search, &s->typed, s->absolute, 0, &name);
    dns_begin(net, s, &name, type);
    dns_advance(net, s);
    return OK;
}

enum err dns_resolve_early(struct net *net, const char *name, dns_fn *early,
                           dns_fn *fn, void *user)
{
    static const uint16_t both[2] = {DNS_AAAA, DNS_A};
    struct dns_asker by = {.fn = fn, .early = early, .user = user};

    return start(net, name, both, &by);
}

enum err dns_resolve(struct net *net, const char *name, dns_fn *fn, void *user)
{
    return dns_resolve_early(net, name, NULL, fn, user);
}

enum err dns_lookup(struct net *net, const char *name,
                    enum dns_record_type type, dns_records_fn *fn, void *user)
{
    const uint16_t one[2] = {(uint16_t)type, 0};
    struct dns_asker by = {.records = fn, .user = user};

    return start(net, name, one, &by);
}

void dns_cancel(struct net *net, const void *user)
{
    for (unsigned i = 0; i < DNS_QUESTIONS_MAX; i++) {
        struct dns_slot *s = &net->dns.slot[i];

        if (s->used && s->by.user == user) {
            s->used = false;
            net->dns.open--;
        }
    }
    dns_tcp_sweep(net);
}
