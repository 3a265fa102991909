/* SPDX-License-Identifier: ISC */
/*
 * network.c - addresses, routers and names as platforms write them: each is
 * parsed, and nothing else gets into a key.
 */
#include <platform/network.h>

#include <base/bytes.h>
#include <base/fmt.h>

static bool is_zero(const struct ipaddr *a)
{
    static const struct ipaddr zero;
    struct ipaddr zero4 = ipaddr_v4(0, 0, 0, 0);

    return ipaddr_eq(a, &zero) || ipaddr_eq(a, &zero4);
}

struct network *network_named(struct networks *all, struct span name)
{
    struct network *net;

    if (name.n >= NETWORK_NAME_BYTES)
        return NULL;
    for (unsigned i = 0; i < all->n; i++)
        if (span_eq(span_of(all->net[i].name), name))
            return &all->net[i];
    if (all->n == NETWORKS_MAX)
        return NULL;
    net = &all->net[all->n++];
    *net = (struct network){.has_mac = false};
    if (name.n > 0)
        memcpy(net->name, name.p, name.n);
    return net;
}

static int hex(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void network_mac(struct network *net, struct span text)
{
    uint8_t mac[6];

    if (text.n != 17)
        return;
    for (unsigned i = 0; i < 6; i++) {
        const uint8_t *p = text.p + 3 * (size_t)i;

        if (hex(p[0]) < 0 || hex(p[1]) < 0 ||
            (i < 5 && p[2] != ':' && p[2] != '-'))
            return;
        mac[i] = (uint8_t)(hex(p[0]) << 4 | hex(p[1]));
    }
    memcpy(net->mac, mac, sizeof(mac));
    net->has_mac = true;
}

static void append(struct network_list *l, unsigned max, const char *text)
{
    size_t n = strlen(l->text), more = strlen(text);

    if (l->n == max || n + 1 + more + 1 > sizeof(l->text))
        return;
    if (l->n++ > 0)
        l->text[n++] = ',';
    memcpy(l->text + n, text, more + 1);
}

/* "64", "255.255.255.0", "ffff:ffff::". */
static bool mask_bits(struct span text, bool v4, unsigned *bits)
{
    struct ipaddr mask;
    unsigned n = 0, first = v4 ? 96 : 0;
    uint64_t number;

    if (parse_u64(text, &number)) {
        *bits = (unsigned)(number < 129 ? number : 129);
        return number > 0 && number <= (v4 ? 32 : 128);
    }
    if (!ipaddr_parse(&mask, text) || ipaddr_is_v4(&mask) != v4)
        return false;
    while (first + n < 128 &&
           mask.b[(first + n) / 8] & (0x80 >> (first + n) % 8))
        n++;
    for (unsigned i = first + n; i < 128; i++)
        if (mask.b[i / 8] & (0x80 >> i % 8))
            return false;
    *bits = n;
    return n > 0;
}

void network_address(struct network *net, struct span text, struct span netmask)
{
    const uint8_t *slash = text.n ? memchr(text.p, '/', text.n) : NULL;
    char said[IPADDR_TEXT_BYTES], out[IPADDR_TEXT_BYTES + 4];
    struct ipaddr addr;
    unsigned bits;
    bool v4;

    if (slash) {
        size_t n = (size_t)(slash - text.p);

        netmask = (struct span){slash + 1, text.n - n - 1};
        text.n = n;
    }
    if (!ipaddr_parse(&addr, text) || is_zero(&addr))
        return;
    v4 = ipaddr_is_v4(&addr);
    if (netmask.n == 0)
        bits = v4 ? 24 : 64; /* what is usual where nothing is said */
    else if (!mask_bits(netmask, v4, &bits))
        return;
    ipaddr_format(said, &addr);
    fmt(out, sizeof(out), "%s/%u", said, bits);
    append(v4 ? &net->ipv4 : &net->ipv6, NETWORK_ADDRS_MAX, out);
}

void network_gateway(struct network *net, struct span text)
{
    struct ipaddr addr;

    if (!ipaddr_parse(&addr, text))
        return;
    if (ipaddr_is_v4(&addr))
        net->gateway4 = addr;
    else
        net->gateway6 = addr;
}

void network_route(struct network *net, struct span to, struct span netmask,
                   struct span via)
{
    static const char *const all[] = {"default", "0.0.0.0/0", "::/0"};
    bool is_default =
        (span_eq(to, SPAN("0.0.0.0")) && span_eq(netmask, SPAN("0.0.0.0"))) ||
        (span_eq(to, SPAN("::")) &&
         (span_eq(netmask, SPAN("::")) || span_eq(netmask, SPAN("0"))));

    for (unsigned i = 0; i < 3; i++)
        is_default |= span_eq(to, span_of(all[i]));
    if (is_default)
        network_gateway(net, via);
}

void network_dns(struct network_list *l, struct span text)
{
    char said[IPADDR_TEXT_BYTES];
    struct ipaddr addr;

    if (!ipaddr_parse(&addr, text))
        return;
    ipaddr_format(said, &addr);
    append(l, NETWORK_DNS_MAX, said);
}

void network_search(struct network_list *l, struct span text)
{
    char name[64];

    if (text.n == 0 || text.n >= sizeof(name))
        return;
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];

        if (hex(c) < 0 && !((c | 0x20) >= 'a' && (c | 0x20) <= 'z') &&
            c != '-' && c != '.' && c != '_')
            return;
    }
    memcpy(name, text.p, text.n);
    name[text.n] = 0;
    append(l, NETWORK_SEARCH_MAX, name);
}
