/* SPDX-License-Identifier: ISC */
/*
 * ndp.c - see ndp.h.
 */
#include "ndp.h"

enum {
    OPT_SOURCE_LL = 1,
    OPT_TARGET_LL = 2,
    OPT_PREFIX = 3,
    OPT_MTU = 5,
    OPT_NONCE = 14,
    OPT_ROUTE = 24,
    OPT_RDNSS = 25,
    OPT_DNSSL = 31
};

/* RFC 4191 2.1: 01 high, 00 medium, 11 low; 10 is reserved and means medium,
 * but for routes, which are then ignored. */
static uint8_t pref_of(uint8_t bits)
{
    static const uint8_t pref[] = {NDP_PREF_MEDIUM, NDP_PREF_HIGH,
                                   NDP_PREF_MEDIUM, NDP_PREF_LOW};

    return pref[bits & 3];
}

static void take_prefix(struct ndp_msg *m, struct span opt)
{
    struct ndp_prefix *x = &m->prefix[m->nprefixes];

    if (opt.n != 32 || opt.p[2] > 128 || m->nprefixes == NDP_PREFIXES_MAX)
        return;
    *x = (struct ndp_prefix){.bits = opt.p[2],
                             .on_link = opt.p[3] & 0x80,
                             .autonomous = opt.p[3] & 0x40,
                             .valid_s = be32(opt.p + 4),
                             .preferred_s = be32(opt.p + 8)};
    memcpy(&x->addr, opt.p + 16, 16);
    m->nprefixes++;
}

/* RFC 4191 2.3: the prefix is shortened to 0, 8 or 16 bytes. */
static void take_route(struct ndp_msg *m, struct span opt)
{
    struct ndp_route *r = &m->route[m->nroutes];

    if (opt.n > 24 || opt.p[2] > 128 || opt.p[2] > (opt.n - 8) * 8 ||
        (opt.p[3] >> 3 & 3) == 2 || m->nroutes == NDP_ROUTES_MAX)
        return;
    *r = (struct ndp_route){.bits = opt.p[2],
                            .pref = pref_of(opt.p[3] >> 3),
                            .lifetime_s = be32(opt.p + 4)};
    memcpy(&r->prefix, opt.p + 8, opt.n - 8);
    m->nroutes++;
}

static void take_servers(struct ndp_msg *m, struct span opt)
{
    if (opt.n < 24 || opt.n % 16 != 8)
        return;
    for (size_t at = 8; at < opt.n && m->nservers < NDP_SERVERS_MAX; at += 16) {
        m->server_s[m->nservers] = be32(opt.p + 4);
        memcpy(&m->server[m->nservers++], opt.p + at, 16);
    }
}

static void take_option(struct ndp_msg *m, struct span opt)
{
    uint8_t wanted = m->type == NDP_NA || m->type == NDP_REDIRECT
                         ? OPT_TARGET_LL
                         : OPT_SOURCE_LL;

    if (opt.p[0] == wanted && opt.n == 8) {
        m->lladdr = mac_get(opt.p + 2);
        m->has_lladdr = true;
    } else if (m->type == NDP_RA && opt.p[0] == OPT_PREFIX) {
        take_prefix(m, opt);
    } else if (m->type == NDP_RA && opt.p[0] == OPT_MTU && opt.n == 8) {
        m->mtu = be32(opt.p + 4);
    } else if (m->type == NDP_RA && opt.p[0] == OPT_ROUTE) {
        take_route(m, opt);
    } else if (m->type == NDP_RA && opt.p[0] == OPT_RDNSS) {
        take_servers(m, opt);
    } else if (m->type == NDP_RA && opt.p[0] == OPT_DNSSL && opt.n >= 16) {
        m->search = (struct span){opt.p + 8, opt.n - 8};
        m->search_s = be32(opt.p + 4);
    } else if (m->type == NDP_NS && opt.p[0] == OPT_NONCE && opt.n == 8) {
        m->nonce = mac_get(opt.p + 2);
    }
}

static bool take_options(struct ndp_msg *m, struct span in, size_t at)
{
    for (unsigned i = 0; at < in.n; i++) {
        size_t len;

        if (i == NDP_OPTIONS_MAX || in.n - at < 8)
            return false;
        len = in.p[at + 1] * 8u;
        if (len == 0 || len > in.n - at)
            return false;
        take_option(m, (struct span){in.p + at, len});
        at += len;
    }
    return true;
}

static void take_ra(struct ndp_msg *m, const uint8_t *p)
{
    m->hop_limit = p[4];
    m->pref = pref_of(p[5] >> 3);
    m->managed = p[5] & 0x80;
    m->other = p[5] & 0x40;
    m->lifetime_s = be16(p + 6);
    m->reachable_ms = be32(p + 8);
    m->retrans_ms = be32(p + 12);
}

static size_t fixed_bytes(uint8_t type)
{
    switch (type) {
    case NDP_RS:
        return 8;
    case NDP_RA:
        return 16;
    case NDP_NS:
    case NDP_NA:
        return 24;
    case NDP_REDIRECT:
        return 40;
    }
    return 0;
}

bool ndp_parse(struct ndp_msg *out, struct span in)
{
    struct ndp_msg m = {0};
    size_t fixed;

    if (in.n < ICMP_BYTES || in.p[1] != 0)
        return false;
    m.type = in.p[0];
    fixed = fixed_bytes(m.type);
    if (fixed == 0 || in.n < fixed)
        return false;
    if (m.type == NDP_RA)
        take_ra(&m, in.p);
    if (fixed >= 24) {
        memcpy(&m.target, in.p + 8, 16);
        m.router = in.p[4] & 0x80;
        m.solicited = in.p[4] & NDP_NA_SOLICITED;
        m.override_ = in.p[4] & NDP_NA_OVERRIDE;
        if (ip6_is_multicast(&m.target))
            return false;
    }
    if (m.type == NDP_REDIRECT)
        memcpy(&m.dest, in.p + 24, 16);
    if (!take_options(&m, in, fixed))
        return false;
    *out = m;
    return true;
}

static unsigned put_lladdr(uint8_t *p, uint8_t kind, mac_t lladdr)
{
    if (lladdr == 0)
        return 0;
    p[0] = kind;
    p[1] = 1;
    mac_put(p + 2, lladdr);
    return 8;
}

unsigned ndp_ns_emit(uint8_t out[NDP_NS_BYTES], const struct ipaddr *target,
                     mac_t lladdr)
{
    icmp_emit(out, &(struct icmp_hdr){.type = NDP_NS});
    memcpy(out + 8, target, 16);
    return 24 + put_lladdr(out + 24, OPT_SOURCE_LL, lladdr);
}

unsigned ndp_nonce_emit(uint8_t out[NDP_NONCE_BYTES], uint64_t nonce)
{
    return put_lladdr(out, OPT_NONCE, nonce); /* six bytes as well */
}

unsigned ndp_na_emit(uint8_t out[NDP_NS_BYTES], const struct ipaddr *target,
                     mac_t lladdr, uint8_t flags)
{
    icmp_emit(
        out, &(struct icmp_hdr){.type = NDP_NA, .rest = (uint32_t)flags << 24});
    memcpy(out + 8, target, 16);
    return 24 + put_lladdr(out + 24, OPT_TARGET_LL, lladdr);
}

unsigned ndp_rs_emit(uint8_t out[NDP_RS_BYTES], mac_t lladdr)
{
    icmp_emit(out, &(struct icmp_hdr){.type = NDP_RS});
    return 8 + put_lladdr(out + 8, OPT_SOURCE_LL, lladdr);
}
