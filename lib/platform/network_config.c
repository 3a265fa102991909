/* SPDX-License-Identifier: ISC */
/*
 * network_config.c - NoCloud's network-config, versions 1 and 2.
 */
#include <platform/network.h>

#include <base/bytes.h>
#include <base/fmt.h>

enum { TEXT_BYTES = 64 /* of what has to be kept; beyond: none */ };

struct text {
    uint8_t n, p[TEXT_BYTES];
};

/* A reader of either version.  What belongs together comes in any order, so it
 * is kept until the next of its kind begins. */
struct reader {
    struct networks *all;
    const struct yaml *y;
    unsigned first; /* 1 when all is below `network:` */
    /* Version 1: the element of `config`, and of its subnets. */
    bool in_item;
    unsigned item, subnet, route; /* + 1; 0: none */
    struct network net;
    struct network_list dns, search;
    struct text type, kind, address, netmask;
    /* A route of either. */
    struct network *of;
    struct text to, mask, via;
};

static struct span value(const struct reader *r)
{
    return (struct span){r->y->value, r->y->n};
}

static void keep(const struct reader *r, struct text *t)
{
    t->n = 0;
    if (r->y->n <= TEXT_BYTES) {
        t->n = (uint8_t)r->y->n;
        memcpy(t->p, r->y->value, r->y->n);
    }
}

static struct span kept(const struct text *t)
{
    return (struct span){t->p, t->n};
}

static bool is(const struct text *t, const char *word)
{
    return span_eq(kept(t), span_of(word));
}

static bool at(const struct reader *r, const char *path)
{
    return yaml_at(r->y, r->first, path);
}

static bool is_true(struct span v)
{
    static const char *const words[] = {"true", "True", "yes", "on", "1"};

    for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (span_eq(v, span_of(words[i])))
            return true;
    return false;
}

static void end_route(struct reader *r)
{
    if (r->of && r->via.n)
        network_route(r->of, kept(&r->to), kept(&r->mask), kept(&r->via));
    r->of = NULL;
    r->to.n = r->mask.n = r->via.n = 0;
}

/* A value below `routes`, in the step of the path with that index. */
static void take_route(struct reader *r, struct network *net, unsigned step)
{
    unsigned index = r->y->path[step].index + 1;

    if (r->of != net || r->route != index)
        end_route(r);
    r->of = net;
    r->route = index;
}

/* ethernets.NAME... */
static void take_v2(struct reader *r)
{
    const struct yaml_step *step = &r->y->path[r->first + 1];
    struct network *net = network_named(r->all, step->name);

    if (!net)
        return;
    if (at(r, "ethernets.*.match.macaddress"))
        network_mac(net, value(r));
    else if (at(r, "ethernets.*.dhcp4"))
        net->dhcp4 = is_true(value(r));
    else if (at(r, "ethernets.*.dhcp6"))
        net->dhcp6 = is_true(value(r));
    else if (at(r, "ethernets.*.accept-ra"))
        net->auto6 = is_true(value(r));
    else if (at(r, "ethernets.*.addresses.[]"))
        network_address(net, value(r), (struct span){0});
    else if (at(r, "ethernets.*.gateway4") || at(r, "ethernets.*.gateway6"))
        network_gateway(net, value(r));
    else if (at(r, "ethernets.*.nameservers.addresses.[]"))
        network_dns(&net->dns, value(r));
    else if (at(r, "ethernets.*.nameservers.search.[]"))
        network_search(&net->search, value(r));
    else if (at(r, "ethernets.*.routes.[].*")) {
        take_route(r, net, r->first + 3);
        if (at(r, "ethernets.*.routes.[].to"))
            keep(r, &r->to);
        else if (at(r, "ethernets.*.routes.[].via"))
            keep(r, &r->via);
    }
}

static void end_subnet(struct reader *r)
{
    struct network *net = &r->net;

    end_route(r);
    if (is(&r->kind, "dhcp") || is(&r->kind, "dhcp4"))
        net->dhcp4 = true;
    else if (is(&r->kind, "dhcp6") || is(&r->kind, "ipv6_dhcpv6-stateful"))
        net->dhcp6 = true;
    else if (is(&r->kind, "ipv6_slaac") ||
             is(&r->kind, "ipv6_dhcpv6-stateless"))
        net->auto6 = true;
    else if (is(&r->kind, "static") || is(&r->kind, "static6"))
        network_address(net, kept(&r->address), kept(&r->netmask));
    r->kind.n = r->address.n = r->netmask.n = 0;
    r->subnet = 0;
}

static void end_item(struct reader *r)
{
    struct network *net;

    end_subnet(r);
    if (!r->in_item)
        return;
    if (is(&r->type, "nameserver")) {
        r->all->dns = r->dns;
        r->all->search = r->search;
    } else if (is(&r->type, "physical")) {
        net = network_named(r->all, span_of(r->net.name));
        if (net)
            *net = r->net;
    } else {
        r->all->ignored++;
    }
    r->in_item = false;
}

static void take_subnet(struct reader *r)
{
    unsigned index = r->y->path[r->first + 3].index + 1;

    if (r->subnet != index)
        end_subnet(r);
    r->subnet = index;
    if (at(r, "config.[].subnets.[].type"))
        keep(r, &r->kind);
    else if (at(r, "config.[].subnets.[].address"))
        keep(r, &r->address);
    else if (at(r, "config.[].subnets.[].netmask"))
        keep(r, &r->netmask);
    else if (at(r, "config.[].subnets.[].gateway"))
        network_gateway(&r->net, value(r));
    else if (at(r, "config.[].subnets.[].dns_nameservers") ||
             at(r, "config.[].subnets.[].dns_nameservers.[]"))
        network_dns(&r->net.dns, value(r));
    else if (at(r, "config.[].subnets.[].dns_search") ||
             at(r, "config.[].subnets.[].dns_search.[]"))
        network_search(&r->net.search, value(r));
    else if (at(r, "config.[].subnets.[].routes.[].*")) {
        take_route(r, &r->net, r->first + 5);
        if (at(r, "config.[].subnets.[].routes.[].network"))
            keep(r, &r->to);
        else if (at(r, "config.[].subnets.[].routes.[].netmask"))
            keep(r, &r->mask);
        else if (at(r, "config.[].subnets.[].routes.[].gateway"))
            keep(r, &r->via);
    }
}

/* config.[]... */
static void take_v1(struct reader *r)
{
    unsigned index = r->y->path[r->first + 1].index;

    if (!r->in_item || r->item != index) {
        end_item(r);
        r->in_item = true;
        r->item = index;
        r->net = (struct network){.has_mac = false};
        r->dns = r->search = (struct network_list){0};
        r->type.n = 0;
    }
    if (at(r, "config.[].type"))
        keep(r, &r->type);
    else if (at(r, "config.[].name") && r->y->n < NETWORK_NAME_BYTES)
        memcpy(r->net.name, r->y->value, r->y->n);
    else if (at(r, "config.[].mac_address"))
        network_mac(&r->net, value(r));
    else if (at(r, "config.[].address") || at(r, "config.[].address.[]"))
        network_dns(&r->dns, value(r));
    else if (at(r, "config.[].search") || at(r, "config.[].search.[]"))
        network_search(&r->search, value(r));
    else if (r->y->depth > r->first + 4 &&
             span_eq(r->y->path[r->first + 2].name, SPAN("subnets")) &&
             r->y->path[r->first + 3].is_list)
        take_subnet(r);
}

static void take(struct reader *r)
{
    struct span root = r->y->path[0].name;

    r->first = span_eq(root, SPAN("network")) ? 1 : 0;
    if (r->y->depth < r->first + 2)
        return;
    root = r->y->path[r->first].name;
    if (span_eq(root, SPAN("ethernets")) && !r->y->path[r->first + 1].is_list)
        take_v2(r);
    else if (span_eq(root, SPAN("config")) && r->y->path[r->first + 1].is_list)
        take_v1(r);
    else
        r->all->ignored++;
}

bool network_config(struct networks *all, struct settings *s, struct span text)
{
    struct reader r = {.all = all, .y = &s->yaml};

    yaml_start(&s->yaml, text, NULL);
    while (yaml_next(&s->yaml))
        take(&r);
    end_route(&r);
    end_item(&r);
    if (!s->yaml.why)
        return true;
    fmt(s->why, sizeof(s->why), "line %u: %s", s->yaml.line, s->yaml.why);
    return false;
}
