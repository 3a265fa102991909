/* SPDX-License-Identifier: ISC */
/*
 * group_report.c - queries about groups, and reports.  Section numbers are of
 * RFC 3376 (which RFC 9776 has kept); RFC 3810 has the same for IPv6.
 */
#include <base/csum.h>

#include "../pieces.h"
#include "../stack.h"
#include "../wire/group.h"
#include "../wire/icmp6.h"

static struct group_family *family(struct nif *nif, bool v4)
{
    return &nif->groups.family[v4];
}

/* 7.2.1: as old as the oldest querier that was heard lately. */
static enum group_version mode(const struct group_family *f, ns_t now)
{
    return now < f->old_until[0]   ? GROUP_V1
           : now < f->old_until[1] ? GROUP_V2
                                   : GROUP_V3;
}

/* 4 and RFC 3810 5: on the link, not beyond it, with the router alert. */
static void push_ip4(struct pkt *p, uint32_t src, uint32_t dst)
{
    enum { HDR = IP4_BYTES + 4 };
    uint32_t n = p->len;
    uint8_t *h = pkt_push(p, HDR);

    ip4_emit(h, &(struct ip4_hdr){.src = src,
                                  .dst = dst,
                                  .total_len = (uint16_t)(n + HDR),
                                  .frag = IP4_DF,
                                  .tos = 0xc0,
                                  .ttl = 1,
                                  .proto = IPPROTO_IGMP_});
    h[0]++; /* one word more */
    put_be32(h + IP4_BYTES, UINT32_C(0x94040000));
    put_be16(h + 10, 0);
    put_be16(h + 10, (uint16_t)~csum_fold(csum_add(0, h, HDR, false)));
}

static void push_ip6(struct pkt *p, const struct ipaddr *src,
                     const struct ipaddr *dst)
{
    static const uint8_t alert[GROUP_ALERT_BYTES] = {
        [0] = IPPROTO_ICMP6, [2] = 5, [3] = 2, [6] = 1};
    uint16_t n;
    uint8_t *h;

    memcpy(pkt_push(p, sizeof(alert)), alert, sizeof(alert));
    n = (uint16_t)p->len;
    h = pkt_push(p, IP6_BYTES);
    ip6_emit(h, &(struct ip6_hdr){.src = *src,
                                  .dst = *dst,
                                  .payload_len = n,
                                  .next = IP6_NH_HOP_BY_HOP,
                                  .hop_limit = 1});
}

/* Sends the `n` bytes of a message, whose checksum field is 0.  Without an
 * address that is past doubt it comes from none: 4.2.13, RFC 3590. */
static void send(struct net *net, struct nif *nif, uint8_t *msg, unsigned n,
                 const struct ipaddr *dst)
{
    bool v4 = ipaddr_is_v4(dst);
    const struct ifaddr *from = addr_first(nif, v4);
    struct ipaddr src = from ? from->addr
                        : v4 ? ip4_addr(0)
                             : (struct ipaddr){0};
    uint64_t sum = v4 ? 0 : ip_pseudo_sum(&src, dst, false, IPPROTO_ICMP6, n);
    struct pkt *p;

    if ((!v4 && nif->none6) || !(p = net_pkt(net)))
        return;
    put_be16(msg + 2, (uint16_t)~csum_fold(csum_add(sum, msg, n, false)));
    if (!net_pkt_append(net, p, msg, n)) {
        pkt_put(p);
        return;
    }
    net->count.group_reports++;
    if (v4) {
        net->count.datagrams__ip4_out++;
        push_ip4(p, ip4_of(&src), ip4_of(dst));
    } else {
        net->count.datagrams__ip6_out++;
        push_ip6(p, &src, dst);
    }
    link_send_to(net, nif, group_mac(dst, v4), v4 ? ETH_IP4 : ETH_IP6, p);
}

/* A report being written. */
struct report {
    uint8_t msg[GROUP_REPORT_BYTES + GROUPS_MAX * GROUP_RECORD_BYTES +
                GROUP_SOURCES_MAX * 16];
    unsigned n, records;
};

static void add_record(struct report *r, enum group_record kind,
                       const struct group *g)
{
    if (r->n == 0) {
        memset(r->msg, 0, GROUP_REPORT_BYTES);
        r->n = GROUP_REPORT_BYTES;
    }
    r->n += group_record_emit(r->msg + r->n, kind, &g->addr,
                              kind == GROUP_IS_IN ? g->nsources : 0);
    r->records++;
}

static void send_report(struct net *net, struct nif *nif, bool v4,
                        struct report *r)
{
    static const struct ipaddr all_routers = {{0xff, 2, [15] = 0x16}};
    struct ipaddr dst = v4 ? ip4_addr(UINT32_C(0xe0000016)) : all_routers;

    if (r->records == 0)
        return;
    r->msg[0] = v4 ? IGMP_REPORT_3 : MLD_REPORT_2;
    put_be16(r->msg + 6, (uint16_t)r->records);
    send(net, nif, r->msg, r->n, &dst);
}

/* The older versions have a message for each group: RFC 2236, RFC 2710. */
static void send_old(struct net *net, struct nif *nif, const struct group *g,
                     enum group_version version)
{
    static const struct ipaddr all_routers = {{0xff, 2, [15] = 2}};
    bool v4 = ipaddr_is_v4(&g->addr);
    struct ipaddr dst = g->addr;
    uint8_t msg[24] = {0};

    if (g->users) {
        msg[0] = !v4                   ? MLD_REPORT_1
                 : version == GROUP_V1 ? IGMP_REPORT_1
                                       : IGMP_REPORT_2;
    } else {
        if (version == GROUP_V1)
            return; /* it has no word for leaving */
        msg[0] = v4 ? IGMP_LEAVE : MLD_DONE;
        dst = v4 ? ip4_addr(UINT32_C(0xe0000002)) : all_routers;
    }
    if (v4)
        memcpy(msg + 4, g->addr.b + 12, 4);
    else
        memcpy(msg + 8, &g->addr, 16);
    send(net, nif, msg, v4 ? 8 : 24, &dst);
}

/* Tells about all groups of the family that have changed, or (for an answer to
 * a general query) about all that we belong to. */
static void tell_all(struct net *net, struct nif *nif, bool v4, bool changed,
                     ns_t now)
{
    struct group_family *f = family(nif, v4);
    enum group_version version = mode(f, now);
    struct report r = {.n = 0};

    for (unsigned i = 0; i < nif->groups.n; i++) {
        struct group *g = &nif->groups.group[i];

        if (ipaddr_is_v4(&g->addr) != v4 ||
            (changed ? g->changes == 0
                     : g->users == 0 || !group_is_told(&g->addr)))
            continue;
        if (version == GROUP_V3)
            add_record(&r,
                       !changed   ? GROUP_IS_EX
                       : g->users ? GROUP_TO_EX
                                  : GROUP_TO_IN,
                       g);
        else
            send_old(net, nif, g, version);
        if (changed && --g->changes) {
            if (version != GROUP_V3 && g->users == 0)
                g->changes = 0; /* once is enough: RFC 2236 3 */
            else
                f->change_at =
                    now +
                    (1 + rng_below(&net->rng, GROUP_CHANGE_MS)) * NS_PER_MS;
        }
    }
    send_report(net, nif, v4, &r);
}

/* 5.2, the answer to a query about one group, or some of its sources: these
 * we want as any other. */
static void tell_one(struct net *net, struct nif *nif, struct group *g,
                     ns_t now)
{
    bool v4 = ipaddr_is_v4(&g->addr);
    enum group_version version = mode(family(nif, v4), now);
    struct report r = {.n = 0};

    g->answer_at = NS_NEVER;
    if (version != GROUP_V3) {
        send_old(net, nif, g, version);
        return;
    }
    add_record(&r, g->nsources ? GROUP_IS_IN : GROUP_IS_EX, g);
    for (unsigned i = 0; i < g->nsources; i++) {
        unsigned n = v4 ? 4 : 16;

        memcpy(r.msg + r.n, g->source[i].b + 16 - n, n);
        r.n += n;
    }
    send_report(net, nif, v4, &r);
    g->nsources = 0;
}

ns_t groups_tick(struct net *net, struct nif *nif, ns_t now)
{
    ns_t due = NS_NEVER;

    for (unsigned v4 = 0; v4 < 2; v4++) {
        struct group_family *f = family(nif, v4);

        if (now >= f->answer_at) {
            f->answer_at = NS_NEVER;
            tell_all(net, nif, v4, false, now);
        }
        if (now >= f->change_at) {
            f->change_at = NS_NEVER;
            tell_all(net, nif, v4, true, now);
        }
        due = f->answer_at < due ? f->answer_at : due;
        due = f->change_at < due ? f->change_at : due;
    }
    for (unsigned i = 0; i < nif->groups.n; i++) {
        struct group *g = &nif->groups.group[i];

        if (!g->users)
            continue;
        if (now >= g->answer_at)
            tell_one(net, nif, g, now);
        due = g->answer_at < due ? g->answer_at : due;
    }
    return due;
}

/* 7.2.1: an older querier is there: what was to be said is forgotten. */
static void take_version(struct nif *nif, bool v4, const struct group_query *q,
                         ns_t now)
{
    struct group_family *f = family(nif, v4);
    enum group_version before = mode(f, now);

    if (q->version == GROUP_V3) {
        f->robustness = q->robustness ? q->robustness : GROUP_ROBUSTNESS;
        f->interval_s = q->interval_s ? q->interval_s : GROUP_INTERVAL_S;
        return;
    }
    f->old_until[q->version - 1] =
        now + (uint64_t)f->robustness * f->interval_s * NS_PER_SEC +
        q->delay_ms * NS_PER_MS;
    if (mode(f, now) == before)
        return;
    f->answer_at = f->change_at = NS_NEVER;
    for (unsigned i = 0; i < nif->groups.n; i++) {
        struct group *g = &nif->groups.group[i];

        if (ipaddr_is_v4(&g->addr) == v4) {
            g->changes = 0;
            g->answer_at = NS_NEVER;
        }
    }
}

static ns_t answer_time(struct net *net, const struct group_query *q, ns_t now)
{
    uint32_t most =
        q->delay_ms > GROUP_ANSWER_MIN_MS ? q->delay_ms : GROUP_ANSWER_MIN_MS;
    ns_t at = now + rng_below(&net->rng, most + 1) * NS_PER_MS;

    net_wake_at(net, at);
    return at;
}

static void add_source(struct group *g, const uint8_t *from, bool v4)
{
    struct ipaddr a = {{0}};

    if (v4)
        a = ip4_addr(be32(from));
    else
        memcpy(&a, from, 16);
    for (unsigned i = 0; i < g->nsources; i++)
        if (addr_same(&g->source[i], &a))
            return;
    if (g->nsources < GROUP_SOURCES_MAX)
        g->source[g->nsources] = a;
    g->nsources++;
}

/* 5.2, rules 3 to 5. */
static void asked_about(struct group *g, const struct group_query *q, bool v4,
                        ns_t at)
{
    bool pending = g->answer_at != NS_NEVER;

    if (!pending)
        g->nsources = 0;
    if (q->nsources == 0 || (pending && g->nsources == 0))
        g->nsources = 0;
    else
        for (unsigned i = 0;
             i < q->nsources && g->nsources <= GROUP_SOURCES_MAX; i++)
            add_source(g, q->source + i * (v4 ? 4 : 16), v4);
    if (g->nsources > GROUP_SOURCES_MAX)
        g->nsources = 0;
    g->answer_at = at < g->answer_at ? at : g->answer_at;
}

static void take_query(struct net *net, struct nif *nif, bool v4,
                       const struct group_query *q, ns_t now)
{
    struct group_family *f = family(nif, v4);
    struct group *g;
    ns_t at;

    net->count.group_queries++;
    take_version(nif, v4, q, now);
    if (q->general && mode(f, now) == GROUP_V3) {
        at = answer_time(net, q, now);
        f->answer_at = at < f->answer_at ? at : f->answer_at;
        return;
    }
    for (unsigned i = 0; i < nif->groups.n; i++) {
        g = &nif->groups.group[i];
        if (!g->users || !group_is_told(&g->addr) ||
            ipaddr_is_v4(&g->addr) != v4 ||
            (!q->general && !addr_same(&g->addr, &q->group)))
            continue;
        at = answer_time(net, q, now);
        if (f->answer_at > at) /* else it is told soon enough: rule 1 */
            asked_about(g, q, v4, at);
    }
}

/* The whole message, and where its IP header's options are.  Takes nothing. */
static bool gather(struct net *net, const struct ip_rx *rx, struct span *msg,
                   uint8_t room[IP6_EXT_BYTES_MAX], struct span *options)
{
    uint32_t hdr = rx->v4 ? IP4_BYTES : IP6_BYTES;
    uint32_t n = rx->l4 - rx->l3 - hdr;

    msg->n = rx->len;
    msg->p = pkt_together(rx->pkt, rx->l4, rx->len, net->scratch);
    options->n = n;
    options->p = n > IP6_EXT_BYTES_MAX
                     ? NULL
                     : pkt_together(rx->pkt, rx->l3 + hdr, n,
                                    (struct mspan){room, IP6_EXT_BYTES_MAX});
    return msg->p && options->p;
}

/* Old routers alone send version 1 without a router alert: 9.1. */
void igmp_input(struct net *net, struct ip_rx *rx, ns_t now)
{
    uint8_t room[IP6_EXT_BYTES_MAX];
    struct span msg, options;
    struct group_query q;

    if (!gather(net, rx, &msg, room, &options) || msg.n < 8 ||
        csum_fold(csum_add(0, msg.p, msg.n, false)) != 0xffff)
        net->count.drops__group++;
    else if (msg.p[0] != IGMP_QUERY)
        net->count.drops__icmp_ignored++; /* what others belong to */
    else if (rx->ttl != 1 || !igmp_query_parse(&q, msg) ||
             (q.version != GROUP_V1 && !ip4_has_alert(options)) ||
             (q.general && ip4_of(&rx->dst) != UINT32_C(0xe0000001) &&
              rx->not_unicast))
        net->count.drops__group++;
    else
        take_query(net, net_nif(net, rx->netif), true, &q, now);
    pkt_put(rx->pkt);
}

/* RFC 3810 6.2: from a router on the link, with the router alert. */
void mld_input(struct net *net, struct ip_rx *rx, ns_t now)
{
    uint8_t room[IP6_EXT_BYTES_MAX];
    struct span msg, options;
    struct group_query q;

    if (rx->ttl != 1 || !ip6_is_link_local(&rx->src) ||
        !gather(net, rx, &msg, room, &options) || !ip6_has_alert(options) ||
        !mld_query_parse(&q, msg))
        net->count.drops__group++;
    else
        take_query(net, net_nif(net, rx->netif), false, &q, now);
    pkt_put(rx->pkt);
}
