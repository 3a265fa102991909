/* SPDX-License-Identifier: ISC */
/*
 * addr_keys.c - which addresses a NIC is to have, and how it comes by them.
 */
#include <base/fmt.h>
#include <billet/machine.h>
#include <ip/addr.h>

#include "addr_keys.h"

enum { STATIC_MAX = 4 }; /* of one family; the key's text says so */
_Static_assert(2 * (STATIC_MAX - 1) <= NET_EXTRA_MAX, "both families fit");

static const char *check_ipv4(struct span v);
static const char *check_ipv6(struct span v);
static const char *check_secret(struct span v);

KEY_STRING(ipv4, "ipv4", "ADDRESS/LENGTH,...", "dhcp",
           "IPv4 addresses, at most four, `dhcp` to ask for one, `link-local` "
           "for one of 169.254/16, or `none`",
           .per_net = true, .check = check_ipv4);
KEY_CHOICE(ipv4_fallback, "ipv4-fallback", "on|off", "on",
           "whether an address of 169.254/16 is taken while DHCP gives none",
           .per_net = true);
KEY_CHOICE(ipv4_probe, "ipv4-probe", "fast|full", "fast",
           "whether to look for 0.1 s or, as RFC 5227 has it, for 6 s if "
           "someone else has our address",
           .per_net = true);
KEY_STRING(ipv6, "ipv6", "ADDRESS/LENGTH,...", "auto",
           "IPv6 addresses, at most four, `auto` for what routers say (SLAAC, "
           "DHCPv6), `dhcp` to ask in any case, or `none`",
           .per_net = true, .check = check_ipv6);
KEY_STRING(ipv6_secret, "ipv6-secret", "HEX", NULL,
           "makes the IPv6 addresses that we make ourselves hard to guess, and "
           "keeps them the same over restarts (RFC 7217): up to 32 digits "
           "(default: the machine's UUID)",
           .per_net = true, .secret = true, .check = check_secret);

KEY_CHOICE(ipv6_temporary, "ipv6-temporary", "on|off", "off",
           "whether connections that we open come from IPv6 addresses that "
           "change every day (RFC 8981)",
           .per_net = true);

/* The parts of a list. */
struct wish {
    struct net_addr addr[STATIC_MAX];
    unsigned n;
    bool dhcp, link_local, automatic, none;
};

static struct span next_part(struct span *rest)
{
    struct span head = *rest;
    const uint8_t *at = memchr(rest->p, ',', rest->n);

    if (at) {
        head.n = (size_t)(at - rest->p);
        rest->p = at + 1;
        rest->n -= head.n + 1;
    } else {
        rest->n = 0;
    }
    return head;
}

/* "192.0.2.1/24". */
static bool parse_prefix(struct net_addr *out, struct span text, bool v4)
{
    const uint8_t *slash = text.n ? memchr(text.p, '/', text.n) : NULL;
    struct span addr = text;
    uint64_t bits;

    if (!slash)
        return false;
    addr.n = (size_t)(slash - text.p);
    text.p = slash + 1;
    text.n -= addr.n + 1;
    if (!ipaddr_parse(&out->addr, addr) || !parse_u64(text, &bits) ||
        ipaddr_is_v4(&out->addr) != v4 || bits == 0 || bits > (v4 ? 32 : 128) ||
        addr_is_zero(&out->addr))
        return false;
    out->prefix_bits = (uint8_t)bits;
    return true;
}

static bool *word(struct wish *w, struct span part, bool v4)
{
    if (span_eq(part, SPAN("none")))
        return &w->none;
    if (span_eq(part, SPAN("dhcp")))
        return &w->dhcp;
    if (v4 && span_eq(part, SPAN("link-local")))
        return &w->link_local;
    if (!v4 && span_eq(part, SPAN("auto")))
        return &w->automatic;
    return NULL;
}

static bool parse(struct wish *w, struct span v, bool v4)
{
    unsigned parts = 0;

    *w = (struct wish){.n = 0};
    for (bool more = true; more; parts++) {
        bool ends = v.n && v.p[v.n - 1] == ',';
        struct span part = next_part(&v);
        bool *flag = word(w, part, v4);

        more = v.n > 0;
        if (flag)
            *flag = true;
        else if (w->n == STATIC_MAX ||
                 !parse_prefix(&w->addr[w->n++], part, v4))
            return false;
        if (!more && ends)
            return false; /* a comma with nothing behind it */
    }
    return !w->none || parts == 1;
}

static const char *check_ipv4(struct span v)
{
    struct wish w;

    return parse(&w, v, true) ? NULL
                              : "up to four ADDRESS/LENGTH such as "
                                "192.0.2.2/24, dhcp, link-local, or none";
}

static const char *check_ipv6(struct span v)
{
    struct wish w;

    return parse(&w, v, false) ? NULL
                               : "up to four ADDRESS/LENGTH such as "
                                 "2001:db8::2/64, auto, dhcp, or none";
}

static bool parse_secret(uint8_t out[16], struct span v)
{
    memset(out, 0, 16);
    for (size_t i = 0; i < v.n; i++) {
        uint8_t c = v.p[i] | 0x20, digit;

        if (v.p[i] >= '0' && v.p[i] <= '9')
            digit = (uint8_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            digit = (uint8_t)(c - 'a' + 10);
        else
            return false;
        out[i / 2 % 16] |= (uint8_t)(i & 1 ? digit : digit << 4);
    }
    return v.n > 0 && v.n <= 32;
}

static const char *check_secret(struct span v)
{
    uint8_t secret[16];

    return parse_secret(secret, v) ? NULL : "one to 32 hexadecimal digits";
}

/* The first address has a field of its own. */
static void take_addrs(struct netif_config *c, struct net_addr *first,
                       const struct wish *w)
{
    for (unsigned i = 0; i < w->n; i++)
        if (i == 0)
            *first = w->addr[0];
        else
            c->extra[c->nextra++] = w->addr[i];
}

static bool is_on(const struct keys *k, const struct key *key, const char *name,
                  const char *yes)
{
    const char *v = key_string_for(k, key, name);

    return v && strcmp(v, yes) == 0;
}

void addr_keys_config(const struct keys *k, const char *name,
                      struct netif_config *c)
{
    const char *secret = key_string_for(k, &key_ipv6_secret, name);
    struct wish w;

    if (parse(&w, span_of(key_string_for(k, &key_ipv4, name)), true)) {
        c->dhcp4 = w.dhcp;
        c->link_local4 = w.link_local ? NET_ALWAYS
                         : w.dhcp && is_on(k, &key_ipv4_fallback, name, "on")
                             ? NET_FALLBACK
                             : NET_NEVER;
        take_addrs(c, &c->static4, &w);
    }
    c->full_probe4 = is_on(k, &key_ipv4_probe, name, "full");
    if (parse(&w, span_of(key_string_for(k, &key_ipv6, name)), false)) {
        c->auto6 = w.automatic;
        c->dhcp6 = w.dhcp;
        c->none6 = w.none;
        take_addrs(c, &c->static6, &w);
    }
    c->temporary6 = is_on(k, &key_ipv6_temporary, name, "on");
    if (secret)
        (void)parse_secret(c->stable_secret, span_of(secret));
    else if (!machine_id(c->stable_secret)) /* the MAC has to do, then */
        memset(c->stable_secret, 0, sizeof(c->stable_secret));
}
