/* SPDX-License-Identifier: ISC */
/*
 * network_json.c - OpenStack's network_data.json.
 */
#include <platform/network.h>

#include <base/bytes.h>

enum { TEXT_BYTES = 64 /* of an address, a type, a name; beyond: none */ };

/* The text of a member; empty when there is none. */
static struct span text_of(const struct json *o, const char *name,
                           uint8_t room[TEXT_BYTES])
{
    struct json v;
    size_t n;

    if (!json_get(o, name, &v) ||
        !json_text(&v, (struct mspan){room, TEXT_BYTES}, &n))
        return (struct span){0};
    return (struct span){room, n};
}

static bool next(const struct json *list, size_t *at, struct json *out)
{
    struct json name;

    return json_next(list, at, &name, out);
}

static void take_links(struct networks *all, const struct json *root)
{
    uint8_t id[TEXT_BYTES], mac[TEXT_BYTES];
    struct json links, link;
    size_t at = 0;

    if (!json_get(root, "links", &links))
        return;
    while (next(&links, &at, &link)) {
        struct span name = text_of(&link, "id", id);
        struct network *net = name.n ? network_named(all, name) : NULL;

        if (net)
            network_mac(net, text_of(&link, "ethernet_mac_address", mac));
    }
}

static void take_dns(struct network_list *l, const struct json *o,
                     const char *member)
{
    uint8_t room[TEXT_BYTES], kind[TEXT_BYTES];
    struct json list, v;
    size_t at = 0, n;

    if (!json_get(o, member, &list) || list.kind != JSON_ARRAY)
        return;
    while (next(&list, &at, &v)) {
        if (v.kind == JSON_OBJECT &&
            span_eq(text_of(&v, "type", kind), SPAN("dns")))
            network_dns(l, text_of(&v, "address", room));
        else if (json_text(&v, (struct mspan){room, sizeof(room)}, &n))
            network_dns(l, (struct span){room, n});
    }
}

static void take_routes(struct network *net, const struct json *o)
{
    uint8_t to[TEXT_BYTES], mask[TEXT_BYTES], via[TEXT_BYTES];
    struct json routes, route;
    size_t at = 0;

    if (!json_get(o, "routes", &routes) || routes.kind != JSON_ARRAY)
        return;
    while (next(&routes, &at, &route))
        network_route(net, text_of(&route, "network", to),
                      text_of(&route, "netmask", mask),
                      text_of(&route, "gateway", via));
}

static void take_network(struct networks *all, const struct json *o)
{
    uint8_t room[TEXT_BYTES], mask[TEXT_BYTES];
    struct span link = text_of(o, "link", room), type;
    struct network *net = link.n ? network_named(all, link) : NULL;

    if (!net)
        return;
    type = text_of(o, "type", room);
    if (span_eq(type, SPAN("ipv4_dhcp"))) {
        net->dhcp4 = true;
    } else if (span_eq(type, SPAN("ipv6_slaac")) ||
               span_eq(type, SPAN("ipv6_dhcpv6-stateless"))) {
        net->auto6 = true;
    } else if (span_eq(type, SPAN("ipv6_dhcp")) ||
               span_eq(type, SPAN("ipv6_dhcpv6-stateful"))) {
        net->dhcp6 = true;
    } else {
        struct span addr = text_of(o, "ip_address", room);

        network_address(net, addr, text_of(o, "netmask", mask));
        network_gateway(net, text_of(o, "gateway", room));
    }
    take_routes(net, o);
    take_dns(&net->dns, o, "dns_nameservers");
    take_dns(&net->dns, o, "services");
}

bool network_json(struct networks *all, struct span text)
{
    struct json root, list, v;
    size_t at = 0;

    if (!json_parse(&root, text) || root.kind != JSON_OBJECT)
        return false;
    take_links(all, &root);
    if (json_get(&root, "networks", &list))
        while (next(&list, &at, &v))
            take_network(all, &v);
    take_dns(&all->dns, &root, "services");
    return true;
}
