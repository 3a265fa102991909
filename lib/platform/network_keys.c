/* SPDX-License-Identifier: ISC */
/*
 * network_keys.c - networks of a platform to keys for the NICs of ours.
 */
#include <platform/network.h>

#include <base/bytes.h>
#include <base/fmt.h>

static bool put(struct settings *s, const struct networks *all, const char *net,
                const char *key, const char *value)
{
    char name[64];
    struct span v = span_of(value);

    if (v.n == 0)
        return true;
    fmt(name, sizeof(name), "%s.%s", net, key);
    return settings_add(s, all->source, span_of(name), &v);
}

static bool put_gateway(struct settings *s, const struct networks *all,
                        const char *net, const char *key,
                        const struct ipaddr *a)
{
    static const struct ipaddr none;
    char text[IPADDR_TEXT_BYTES] = "";

    if (!ipaddr_eq(a, &none))
        ipaddr_format(text, a);
    return put(s, all, net, key, text);
}

/* "addresses,word" */
static const char *with(char *out, size_t size, const struct network_list *l,
                        const char *word)
{
    fmt(out, size, "%s%s%s", l->text, l->n && word[0] ? "," : "", word);
    return out;
}

/* A family that nothing is said of stays as it is where it does no harm:
 * routers may announce IPv6; but nobody is asked for IPv4 that is not wanted.
 */
static bool put_addresses(struct settings *s, const struct networks *all,
                          const char *name, const struct network *net)
{
    static const struct ipaddr none;
    char text[300];
    bool v6 = net->ipv6.n || net->dhcp6 || net->auto6;
    bool v4 = net->ipv4.n || net->dhcp4;
    const char *word6 = net->dhcp6 ? "auto,dhcp" : "";

    if (!net->dhcp6 && (net->auto6 || ipaddr_eq(&net->gateway6, &none)))
        word6 = "auto"; /* no router is named: one will say so */
    if (v4 || v6)
        with(text, sizeof(text), &net->ipv4,
             net->dhcp4 ? "dhcp"
             : v4       ? ""
                        : "none");
    else
        text[0] = 0;
    return put(s, all, name, "ipv4", text) &&
           (!v6 || put(s, all, name, "ipv6",
                       with(text, sizeof(text), &net->ipv6, word6)));
}

static bool put_network(struct settings *s, const struct networks *all,
                        const char *name, const struct network *net)
{
    return put_addresses(s, all, name, net) &&
           put_gateway(s, all, name, "ipv4-gateway", &net->gateway4) &&
           put_gateway(s, all, name, "ipv6-gateway", &net->gateway6) &&
           put(s, all, name, "dns",
               net->dns.n ? net->dns.text : all->dns.text) &&
           put(s, all, name, "search",
               net->search.n ? net->search.text : all->search.text);
}

/* The NIC with that MAC. */
static unsigned by_mac(const struct network *net,
                       const struct network_nic *nics, unsigned n)
{
    unsigned i = 0;

    while (i < n && memcmp(nics[i].mac, net->mac, 6) != 0)
        i++;
    return i;
}

bool network_keys(const struct networks *all, struct settings *s,
                  const struct network_nic *nics, unsigned n, unsigned *left)
{
    uint32_t taken = 0;

    *left = 0;
    for (unsigned pass = 0; pass < 2; pass++)
        for (unsigned i = 0; i < all->n; i++) {
            const struct network *net = &all->net[i];
            unsigned nic = 0;

            if (net->has_mac != (pass == 0))
                continue;
            if (net->has_mac)
                nic = by_mac(net, nics, n);
            else
                while (nic < n && taken >> nic & 1)
                    nic++;
            if (nic == n || taken >> nic & 1) {
                ++*left;
                continue;
            }
            taken |= UINT32_C(1) << nic;
            if (!put_network(s, all, nics[nic].name, net))
                return false;
        }
    return true;
}
