/* SPDX-License-Identifier: ISC */
/*
 * networking.c - joins NICs, the stack and the loop; configures them by keys.
 *
 * An application that refers to billet_networking (BILLET_NET_APP) links this
 * file, and through it the stack and the drivers.
 */
#include <base/bytes.h>
#include <base/fmt.h>
#include <billet/machine.h>
#include <dns/search.h>
#include <net.h>
#include <ntp/client.h>

#include "addr_keys.h"
#include "config.h"
#include "consoles.h"
#include "nics.h"
#include "random.h"
#include "route_keys.h"
#include "syslog.h"
#include "system.h"
#include "tcp_keys.h"

enum {
    TURN_FRAMES = 64, /* from each NIC; more waits for the next turn */
    TX_WAITING = 128  /* frames a NIC has not taken yet; the stack keeps the
                       * rest, which is back-pressure */
};

#define LOOK_NS (1 * NS_PER_SEC) /* between two looks, while awake */

static const char *check_dns(struct span v);
static const char *check_ntp(struct span v);
static const char *check_search(struct span v);

KEY_ADDR(ipv4_last, "ipv4-last", NULL,
         "address that DHCP gave last time, to be asked for first",
         .per_net = true);
KEY_FLAG(ipv4_inform, "ipv4-inform", "off",
         "with an IPv4 address given, ask DHCP for all the rest");
KEY_ADDR(ipv4_gateway, "ipv4-gateway", NULL, "IPv4 default router",
         .per_net = true);
KEY_ADDR(ipv6_gateway, "ipv6-gateway", NULL, "IPv6 default router",
         .per_net = true);
KEY_STRING(
    dns, "dns", "ADDRESS,...", NULL,
    "name servers, at most three (default: what DHCP or the router says)",
    .per_net = true, .check = check_dns);
KEY_STRING(search, "search", "DOMAIN,...", NULL,
           "domains to look for short names in, at most six, or `none` "
           "(default: what DHCP or the router says)",
           .per_net = true, .check = check_search);
KEY_STRING(hostname, "hostname", "NAME", NULL,
           "name to tell the DHCP server (default: the image's name)");

KEY_STRING(ntp, "ntp", "SERVER,...", NULL,
           "time servers, at most four addresses or names, or `off` "
           "(default: what DHCP says)",
           .check = check_ntp);
KEY_FLAG(mdns, "mdns", "off",
         "answer as NAME.local by multicast DNS (RFC 6762), and ask for such "
         "names");

struct networking {
    struct source source;
    struct env *env;
    struct net *net;
    struct netif *nif[APP_NETS_MAX];
    bool said_failed[APP_NETS_MAX];
    bool said_link[APP_NETS_MAX];
    struct pktq tx[APP_NETS_MAX];
    unsigned n;
    struct ifaces ifaces;
    ns_t now;      /* of the last poll */
    ns_t poll_at;  /* a NIC wants to be looked at by then */
    ns_t look_at;  /* whether the machine stood still */
    ns_t renew_at; /* generators; while there is nothing to do, they wait */
};

static struct span until(struct span *rest, uint8_t mark)
{
    struct span head = *rest;
    const uint8_t *at = rest->n ? memchr(rest->p, mark, rest->n) : NULL;

    if (at) {
        head.n = (size_t)(at - rest->p);
        rest->p = at + 1;
        rest->n -= head.n + 1;
    } else {
        rest->p += rest->n;
        rest->n = 0;
    }
    return head;
}

static unsigned parse_servers(struct ipaddr out[3], struct span v)
{
    unsigned n = 0;

    while (v.n > 0) {
        if (n == 3 || !ipaddr_parse(&out[n], until(&v, ',')))
            return 0;
        n++;
    }
    return n;
}

static const char *check_dns(struct span v)
{
    struct ipaddr servers[3];

    return parse_servers(servers, v) ? NULL
                                     : "one to three addresses, commas between";
}

static const char *check_ntp(struct span v)
{
    return ntp_static(NULL, v) ? NULL
                               : "at most four addresses or names, or off";
}

static const char *check_search(struct span v)
{
    return dns_search_static(NULL, 0, v)
               ? NULL
               : "one to six domains, commas between, or none";
}

/* Left at zero when the key is not given; a bad value stopped the boot. */
static void gateway_from_key(struct ipaddr *out, const char *text)
{
    if (text && !ipaddr_parse(out, span_of(text)))
        *out = (struct ipaddr){0};
}

static RARE void config_from_keys(const struct keys *k, const char *name,
                                  struct netif_config *c)
{
    struct ipaddr last = {0};
    const char *text;

    addr_keys_config(k, name, c);
    gateway_from_key(&last, key_string_for(k, &key_ipv4_last, name));
    c->last4 = ipaddr_is_v4(&last) ? be32(last.b + 12) : 0;
    c->inform4 = key_flag(k, &key_ipv4_inform);
    gateway_from_key(&c->gateway4, key_string_for(k, &key_ipv4_gateway, name));
    gateway_from_key(&c->gateway6, key_string_for(k, &key_ipv6_gateway, name));
    if ((text = key_string_for(k, &key_dns, name)))
        c->ndns = parse_servers(c->dns, span_of(text));
    c->search = key_string_for(k, &key_search, name);
    c->metric = route_keys_metric(k, name);
}

/* " (it was 3.141 s behind)" */
static void say_off(char *out, size_t room, int64_t ns)
{
    uint64_t ms = (uint64_t)(ns < 0 ? -ns : ns) / NS_PER_MS;

    fmt(out, room, " (it was %lu.%03u s %s)", (unsigned long)(ms / 1000),
        (unsigned)(ms % 1000), ns < 0 ? "ahead" : "behind");
}

static RARE void say_note(struct networking *w, const struct net_note *n)
{
    static const char *const words[] = {
        [NET_ADDR_ADDED] = "address",
        [NET_ADDR_LOST] = "lost address",
        [NET_ADDR_CONFLICT] = "address in use by another host, not taken:",
        [NET_GATEWAY] = "router",
        [NET_DNS_SERVER] = "name server",
        [NET_DHCP_WAIT] = "no DHCP server has answered yet",
        [NET_NAMESERVER_SILENT] = "silent name server",
        [NET_TIME_SERVER] = "time server",
        [NET_TIME_SET] = "time set by"};
    char text[IPADDR_TEXT_BYTES] = "", bits[8] = "", life[48] = "";
    const char *name = n->netif > 0 && n->netif <= w->ifaces.n
                           ? w->ifaces.name[n->netif - 1]
                           : "net";
    bool warn = n->kind == NET_ADDR_CONFLICT || n->kind == NET_DHCP_WAIT ||
                n->kind == NET_NAMESERVER_SILENT;

    if (n->kind == NET_NAME) {
        log_info(w->env->log, "net", "known as %s", n->origin);
        return;
    }
    if (n->kind != NET_DHCP_WAIT)
        ipaddr_format(text, &n->addr);
    if (n->prefix_bits)
        fmt(bits, sizeof(bits), "/%u", n->prefix_bits);
    if (n->kind == NET_TIME_SET)
        say_off(life, sizeof(life), n->off_ns);
    if (n->kind == NET_ADDR_ADDED && n->seconds != UINT32_MAX && n->seconds)
        fmt(life, sizeof(life), " for %u s", n->seconds);
    log_line(w->env->log, warn ? LOG_WARN : LOG_INFO, "net",
             "%s: %s %s%s%s%s%s%s", name, words[n->kind], text, bits, life,
             n->origin ? " (" : "", n->origin ? n->origin : "",
             n->origin ? ")" : "");
}

/* A device that lied is shut off by its driver; say so once. */
static RARE void say_device(struct networking *w, unsigned i)
{
    struct netif *nif = w->nif[i];

    if (nif->failed && !w->said_failed[i]) {
        w->said_failed[i] = true;
        log_error(w->env->log, "net", "%s: %s shut off: %s", nif->name,
                  nif->kind, nif->failure ? nif->failure : "it failed");
    }
    if (nif->link_up != w->said_link[i]) {
        w->said_link[i] = nif->link_up;
        log_info(w->env->log, "net", "%s: link %s", nif->name,
                 nif->link_up ? "up" : "down");
    }
}

static void renew(struct networking *w, ns_t now)
{
    random_renew(w->env);
    net_renew(w->net);
    w->renew_at = now + RANDOM_RENEW_NS;
}

/* Nobody is woken for it: what is asked before anything happens is old. */
static RARE void look_for_sleep(struct networking *w, ns_t now)
{
    struct clock *c = &boot_system.clock;
    uint64_t wall = clock_wall_ns(c, now);
    ns_t slept = machine_slept();

    w->look_at = now + LOOK_NS;
    if (slept == 0)
        return;
    log_warn(w->env->log, "net", "the world went on for %lu s without us",
             (unsigned long)(slept / NS_PER_SEC));
    if (wall)
        clock_set(c, wall + slept, now);
    net_slept(w->net, now);
}

static unsigned poll_net(struct source *s, ns_t now, unsigned budget)
{
    struct networking *w = CONTAINER(s, struct networking, source);
    unsigned done = 0, most = budget < TURN_FRAMES ? budget : TURN_FRAMES;
    struct net_note note UNSET;

    w->now = now;
    if (now >= w->look_at)
        look_for_sleep(w, now);
    for (unsigned i = 0; i < w->n; i++) {
        struct netif *nif = w->nif[i];
        struct pktq in = {0};

        if (!nif->failed)
            done += nif->ops->rx(nif, &in, most);
        for (struct pkt *p = in.head; p; p = p->next)
            p->netif = (uint8_t)(i + 1);
        if (in.head)
            net_input(w->net, &in, now);
        if (nif->failed != w->said_failed[i] || nif->link_up != w->said_link[i])
            say_device(w, i);
    }
    if (now >= w->renew_at)
        renew(w, now);
    net_tick(w->net, now);
    done += net_dispatch(w->net, now);
    while (net_note(w->net, &note))
        say_note(w, &note);
    return done;
}

/* What a failed device is given is lost, as on a cut cable. */
static RARE void discard(struct pktq *q)
{
    for (struct pkt *p; (p = pktq_pop(q));)
        pkt_put(p);
}

/* What does not fit into the device stays here, up to TX_WAITING frames; the
 * stack keeps the rest, and its deadline brings us back. */
static void flush_net(struct source *s, ns_t now)
{
    struct networking *w = CONTAINER(s, struct networking, source);

    for (unsigned i = 0; i < w->n; i++) {
        struct netif *nif = w->nif[i];
        struct pktq *q = &w->tx[i];

        if (q->count < TX_WAITING)
            net_output(w->net, (uint8_t)(i + 1), q, TX_WAITING - q->count, now);
        if (nif->failed) {
            discard(q);
            net_hold(w->net, (uint8_t)(i + 1), false);
            continue;
        }
        if (q->head)
            nif->ops->tx(nif, q);
        net_hold(w->net, (uint8_t)(i + 1), q->head != NULL);
        nif->ops->flush(nif);
    }
}

static RARE void look_again(struct networking *w, const struct netif *nif)
{
    ns_t at = w->now + nif->poll_us * NS_PER_US;

    w->poll_at = at < w->poll_at ? at : w->poll_at;
}

static bool arm_net(struct source *s)
{
    struct networking *w = CONTAINER(s, struct networking, source);
    bool busy = false;

    w->poll_at = NS_NEVER;
    for (unsigned i = 0; i < w->n; i++) {
        struct netif *nif = w->nif[i];

        if (nif->failed)
            continue;
        busy |= nif->ops->arm(nif);
        if (nif->poll_us)
            look_again(w, nif);
    }
    return busy;
}

static ns_t deadline_net(const struct source *s)
{
    const struct networking *w = CONTAINER(s, struct networking, source);
    ns_t at = net_deadline(w->net);

    return at < w->poll_at ? at : w->poll_at;
}

static RARE void stack_config(const struct env *env, struct net_config *c)
{
    *c = (struct net_config){.limits = env->limits,
                             .pkts = &boot_system.pkts,
                             .tx_blocks = &boot_system.tx_blocks,
                             .rx_blocks = &boot_system.rx_blocks.blocks,
                             .arena = &boot_system.arena,
                             .wall_ns = machine_wall_ns()};
    tcp_keys_config(env, c);
    c->clock = &boot_system.clock;
    clock_set(c->clock, c->wall_ns, machine_now());
    c->ntp = key_string(env->keys, &key_ntp);
    c->hostname = key_string(env->keys, &key_hostname);
    if (!c->hostname)
        c->hostname = env->manifest->name;
    c->mdns = key_flag(env->keys, &key_mdns);
}

/* The VLANs follow the NICs. */
static RARE enum err add_vlans(struct networking *w, ns_t now)
{
    for (unsigned i = 0; i < w->n; i++) {
        unsigned vid;

        for (unsigned k = 0;
             (vid = route_keys_vlan(w->env->keys, w->nif[i]->name, k)); k++) {
            struct netif_config nc = {0};
            char name[IFACE_NAME_BYTES];

            if (w->ifaces.n == w->n + NET_VLANS_MAX) {
                log_error(w->env->log, "net", "more than %d VLANs are given",
                          NET_VLANS_MAX);
                return E_FULL;
            }
            fmt(name, sizeof(name), "%s.%u", w->nif[i]->name, vid);
            config_from_keys(w->env->keys, name, &nc);
            ifaces_add(&w->ifaces, name, &nc);
            net_add_vlan(w->net, (uint8_t)(i + 1), (uint16_t)vid,
                         w->ifaces.name[w->ifaces.n - 1], &nc, now);
        }
    }
    return route_keys_up(w->env, &w->ifaces);
}

static RARE enum err networking_up(struct env *env)
{
    static struct networking networking;
    struct networking *w = &networking;
    ns_t now = machine_now();
    struct net_config c;
    enum err err;

    w->env = env;
    if ((err = nics_find(env, w->nif, &w->n)))
        return err;
    if (boot_config)
        config_nets(env, w->nif, w->n);
    stack_config(env, &c);
    c.feed = random_up(env, c.seed);
    env->net = w->net = net_new(&c, now);
    ASSERT(w->net); /* the plan has counted its bytes */
    for (unsigned i = 0; i < w->n; i++) {
        struct netif_config nc = {0};

        config_from_keys(env->keys, w->nif[i]->name, &nc);
        ifaces_add(&w->ifaces, w->nif[i]->name, &nc);
        net_add(w->net, w->nif[i], &nc, now);
        w->said_link[i] = true; /* say only when it is not so */
        log_info(env->log, "net",
                 "%s: %s %02x:%02x:%02x:%02x:%02x:%02x, MTU %u",
                 w->nif[i]->name, w->nif[i]->kind, w->nif[i]->mac[0],
                 w->nif[i]->mac[1], w->nif[i]->mac[2], w->nif[i]->mac[3],
                 w->nif[i]->mac[4], w->nif[i]->mac[5], w->nif[i]->mtu);
    }
    if ((err = add_vlans(w, now)))
        return err;
    net_metrics(w->net, env->metrics);
    w->renew_at = now + RANDOM_RENEW_NS;
    w->source = (struct source){.name = "net",
                                .poll = poll_net,
                                .flush = flush_net,
                                .arm = arm_net,
                                .deadline = deadline_net};
    loop_add(env->loop, &w->source);
    return syslog_up(env) ? OK : E_INVAL;
}

static RARE bool networking_down(struct net *net, enum net_down how, ns_t now)
{
    bool said;

    if (how == NET_DOWN_CLOSE && syslog_busy())
        return true; /* the lines before the end */
    said = how == NET_DOWN_LEAVE ? net_stop(net, now) : net_down(net, how, now);
    return syslog_busy() || said;
}

static RARE void networking_wish(const struct env *env, struct limits *limits)
{
    tcp_keys_wish(env, limits);
    syslog_wish(env, limits);
}

const struct service billet_networking = {.name = "networking",
                                          .wish = networking_wish,
                                          .bytes = net_bytes,
                                          .nics_bytes = nics_bytes,
                                          .in_use = net_in_use,
                                          .down = networking_down,
                                          .up = networking_up,
                                          .settle = config_service,
                                          .seeded = machine_new_canary,
                                          .last_words = console_last_words};
