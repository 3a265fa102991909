/* SPDX-License-Identifier: ISC */
/*
 * responder.c - see responder.h.
 */
#include "../pieces.h"
#include "../stack.h"

static struct ipaddr group(bool v4)
{
    static const struct ipaddr group6 = {{0xff, 2, [15] = 0xfb}};

    return v4 ? ip4_addr(UINT32_C(0xe00000fb)) : group6;
}

/* The addresses of a NIC that may be told; how many of that family. */
static unsigned collect(const struct nif *nif, bool v4, struct mdns_addrs *out)
{
    unsigned n = 0;

    for (unsigned i = 0; i < nif->naddrs && out->n < MDNS_ADDRS_MAX; i++) {
        const struct ifaddr *a = &nif->addr[i];

        if (a->state < ADDR_PREFERRED)
            continue;
        out->addr[out->n++] = a->addr;
        n += ipaddr_is_v4(&a->addr) == v4;
    }
    return n;
}

static enum err send_from(struct net *net, uint16_t from, const struct nif *nif,
                          const struct ipaddr *to, uint16_t port,
                          struct span msg)
{
    struct ip_path path = {.dst = *to, .netif = nif->index, .ttl = 255};
    enum err err = ip_path_find(net, &path);

    net->count.mdns_out++;
    return err ? err : udp_send_on(net, from, &path, port, msg);
}

static enum err send(struct net *net, const struct nif *nif,
                     const struct ipaddr *to, uint16_t port, const uint8_t *msg,
                     size_t n)
{
    return send_from(net, MDNS_PORT, nif, to, port, (struct span){msg, n});
}

enum err mdns_ask(struct net *net, uint16_t port, struct span msg)
{
    enum err err = E_UNREACH;

    for (unsigned i = 0; i < net->nnifs * 2u; i++) {
        struct ipaddr to = group(i % 2);

        if (net->mdns.link[i / 2][i % 2].state != MDNS_OFF &&
            !send_from(net, port, &net->nif[i / 2], &to, MDNS_PORT, msg))
            err = OK;
    }
    return err;
}

static void say_name(struct net *net)
{
    struct mdns_responder *r = &net->mdns;
    char label[DNS_LABEL_MAX + 1];

    r->core.conflicts = 0;
    mdns_label(&r->core, label);
    if (strncmp(r->said, label, strlen(label)) == 0 &&
        r->said[strlen(label)] == '.')
        return;
    memcpy(r->said, label, strlen(label));
    memcpy(r->said + strlen(label), ".local", sizeof(".local"));
    net_say(net, &(struct net_note){.kind = NET_NAME, .origin = r->said});
}

static void probe_all(struct net *net, ns_t now)
{
    struct mdns_responder *r = &net->mdns;

    r->core.conflict = false;
    for (unsigned i = 0; i < net->nnifs * 2u; i++) {
        struct mdns_link *l = &r->link[i / 2][i % 2];

        if (l->state != MDNS_OFF)
            mdns_probe(&r->core, l, now, rng_below(&net->rng, MDNS_PROBE_NS));
    }
    net_wake_at(net, now);
}

static ns_t link_tick(struct net *net, struct nif *nif, bool v4, ns_t now)
{
    struct mdns_responder *r = &net->mdns;
    struct mdns_link *l = &r->link[nif->index - 1][v4];
    struct mdns_addrs here = {.n = 0};
    bool usable = collect(nif, v4, &here) && nif->dev->link_up;
    struct ipaddr to = group(v4);
    uint8_t out[MDNS_OUT_MAX];
    size_t n;

    if (!usable) {
        l->state = MDNS_OFF;
        return NS_NEVER;
    }
    if (l->state == MDNS_OFF)
        mdns_probe(&r->core, l, now, rng_below(&net->rng, MDNS_PROBE_NS));
    while ((n = mdns_next(&r->core, l, &here, now, out)))
        (void)send(net, nif, &to, MDNS_PORT, out, n); /* lost: as on a wire */
    if (l->state == MDNS_RUNNING)
        say_name(net);
    return mdns_deadline(l);
}

ns_t mdns_tick(struct net *net, ns_t now)
{
    ns_t due = NS_NEVER;

    for (unsigned i = 0; net->mdns.on && i < net->nnifs * 2u; i++) {
        ns_t at = link_tick(net, &net->nif[i / 2], i % 2, now);

        due = at < due ? at : due;
    }
    return due;
}

void mdns_changed(struct net *net)
{
    if (!net->mdns.on)
        return;
    for (unsigned i = 0; i < net->nnifs * 2u; i++)
        mdns_announce(&net->mdns.link[i / 2][i % 2], net->now);
    net_wake_at(net, net->now);
}

void mdns_add(struct net *net, struct nif *nif)
{
    for (unsigned v4 = nif->none6; net->mdns.on && v4 < 2; v4++) {
        struct ipaddr g = group(v4);

        if (ip_join(net, nif->index, &g))
            net->mdns.on = false; /* cannot be: it is the first group */
    }
}

bool mdns_is_from_here(const struct net *net, const struct ip_rx *rx)
{
    const struct nif *nif = &net->nif[rx->netif - 1];
    struct ipaddr g = group(rx->v4);

    if (addr_same(&rx->dst, &g))
        return true;
    if (rx->not_unicast)
        return false;
    for (unsigned i = 0; i < nif->naddrs; i++) {
        const struct ifaddr *a = &nif->addr[i];

        if (a->state != ADDR_NONE && ipaddr_is_v4(&a->addr) == rx->v4 &&
            addr_in_prefix(&rx->src, &a->addr, a->bits + (rx->v4 ? 96u : 0u)))
            return true;
    }
    return false;
}

void mdns_input(struct net *net, const struct ip_rx *rx, uint16_t from,
                uint32_t at, uint32_t n, ns_t now)
{
    struct mdns_responder *r = &net->mdns;
    struct nif *nif = net_nif(net, rx->netif);
    struct mdns_link *l = &r->link[nif->index - 1][rx->v4];
    struct mdns_in in = {.from = rx->src,
                         .legacy = from != MDNS_PORT,
                         .unicast = !rx->not_unicast};
    struct mdns_addrs here = {.n = 0}, all = {.n = 0};
    uint8_t out[MDNS_OUT_MAX];
    size_t answer;

    in.msg.p = pkt_together(rx->pkt, at, n, net->scratch);
    in.msg.n = n;
    if (!in.msg.p || !mdns_is_from_here(net, rx)) {
        net->count.drops__mdns++;
        return;
    }
    net->count.mdns_in++;
    collect(nif, rx->v4, &here);
    for (unsigned i = 0; i < net->nnifs; i++)
        collect(&net->nif[i], rx->v4, &all);
    answer = mdns_on_message(&r->core, l, &here, &all, &in, now,
                             rng_u32(&net->rng), out);
    net->count.drops__mdns += l->messages > MDNS_MESSAGES_S;
    if (answer)
        (void)send(net, nif, &rx->src, from, out, answer);
    if (r->core.conflict) {
        net->count.mdns_conflicts++;
        probe_all(net, now);
    }
    net_wake_at(net, mdns_deadline(l));
}

bool mdns_stop(struct net *net, ns_t now)
{
    bool said = false;

    (void)now;
    for (unsigned i = 0; net->mdns.on && i < net->nnifs * 2u; i++) {
        struct nif *nif = &net->nif[i / 2];
        struct mdns_addrs here = {.n = 0};
        struct ipaddr to = group(i % 2);
        uint8_t out[MDNS_OUT_MAX];
        size_t n;

        collect(nif, i % 2, &here);
        n = mdns_goodbye(&net->mdns.core, &net->mdns.link[i / 2][i % 2], &here,
                         out);
        said |= n && !send(net, nif, &to, MDNS_PORT, out, n);
    }
    net->mdns.on = false;
    return said;
}

enum err mdns_publish(struct net *net, const char *type, uint16_t port,
                      struct span txt)
{
    struct mdns *m = &net->mdns.core;
    struct dns_name name;

    if (!dns_name_from(&name, span_of(type)) || name.n > DNS_LABEL_MAX ||
        port == 0 || txt.n > MDNS_TXT_MAX)
        return E_INVAL;
    if (m->nservices == MDNS_SERVICES_MAX)
        return E_FULL;
    m->service[m->nservices++] = (struct mdns_service){
        .type = type, .port = port, .txt = txt.n ? txt : SPAN("\0")};
    mdns_changed(net);
    return OK;
}
