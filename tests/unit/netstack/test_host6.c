/* SPDX-License-Identifier: ISC */
/* What an IPv6 host does with its addresses: probes that come back (RFC 7527),
 * neighbour discovery in fragments (RFC 6980), temporary addresses (RFC 8981),
 * which to use (RFC 6724), and the search list (RFC 8106). */
#include <stdio.h>

#include "../lib/suite.h"
#include "ra_case.h"

#define DAY_S 86400

static void hear_ra(struct rig *r, const char *from)
{
    router = rig_addr(from);
    send_ra(r);
    rig_wait(r, 2 * S);
}

static struct ifaddr *find(struct rig *r, const char *prefix, bool temporary,
                           bool succeeded)
{
    struct ipaddr p = rig_addr(prefix);
    struct nif *nif = &r->net->nif[0];

    for (unsigned i = 0; i < nif->naddrs; i++) {
        struct ifaddr *a = &nif->addr[i];

        if (a->state != ADDR_NONE && addr_in_prefix(&a->addr, &p, 64) &&
            a->temporary == temporary && a->succeeded == succeeded)
            return a;
    }
    return NULL;
}

static unsigned temporaries(struct rig *r)
{
    unsigned n = 0;

    for (unsigned i = 0; i < ADDRS_MAX; i++)
        n += r->net->nif[0].addr[i].state != ADDR_NONE &&
             r->net->nif[0].addr[i].temporary;
    return n;
}

static void open_temporary(struct rig *r)
{
    struct netif_config c = rig_static();

    c.temporary6 = true;
    rig_open(r, &c);
    begin_ra(1800);
}

START_TEST(test_probe_that_comes_back_is_no_conflict)
{
    static const struct ipaddr unspecified;
    bool own = _i;
    struct netif_config c = rig_static();
    struct ipaddr us, group;
    uint8_t b[NDP_NS_BYTES + NDP_NONCE_BYTES];
    struct ifaddr *a;
    unsigned n;
    struct rig r;

    rig_open_raw(&r, &c);
    a = find(&r, "fe80::", false, false);
    us = a->addr;
    rig_wait(&r, S / 2);
    ck_assert_int_eq(a->state, ADDR_OPTIMISTIC);
    n = ndp_ns_emit(b, &us, 0);
    n += ndp_nonce_emit(b + n, a->nonce ^ (own ? 0 : 2));
    group = group_of_node(&us);
    o.n = 0;
    put_ndp(&o, &unspecified, &group, b, n);
    rig_in(&r, &o);
    ck_assert_uint_eq(r.net->count.address_conflicts, own ? 0 : 1);
    rig_wait(&r, 3 * S);
    ck_assert(ipaddr_eq(&us, &find(&r, "fe80::", false, false)->addr) == own);
    rig_close(&r);
}
END_TEST

START_TEST(test_nothing_of_discovery_comes_in_fragments)
{
    struct ipaddr peer = rig_addr("fe80::1"), us;
    uint8_t b[IP6_FRAG_BYTES + NDP_NS_BYTES];
    unsigned n;
    struct rig r;

    rig_open(&r, NULL);
    us = rig_link_local(&r);
    n = ndp_ns_emit(b + 8, &us, PEER_MAC);
    ip6_frag_emit(b, IPPROTO_ICMP6, 0, false, 7);
    o.n = 0;
    put_ndp(&o, &peer, &us, b + 8, n); /* for its checksum */
    memcpy(b + 8, o.b + 54, n);
    o.n = 14;
    put_ip6(&o, &peer, &us, IP6_NH_FRAGMENT, NDP_HOPS, n + 8);
    put_bytes(&o, b, n + 8);
    rig_in(&r, &o);
    ck_assert_ptr_null(rig_next(&r));
    ck_assert_uint_eq(drops(&r, ndp), 1);
    ck_assert_ptr_null(neigh_find(r.net, 1, &peer));
    o.n = 0; /* without the fragment header it is answered */
    put_ndp(&o, &peer, &us, b + 8, n);
    rig_in(&r, &o);
    ck_assert_ptr_nonnull(rig_next(&r));
    rig_wait(&r, 30 * S);
    rig_close(&r);
}
END_TEST

/* RFC 4861 7.2.3, 7.2.4: a solicitation to us alone need not show the address
 * of who asks; he is asked for it, then, and answered. */
START_TEST(test_who_asks_without_his_address_is_asked_for_it)
{
    struct ipaddr peer = rig_addr("fe80::1"), us, group;
    uint8_t b[NDP_NS_BYTES];
    const struct rig_frame *f;
    unsigned n;
    struct rig r;

    rig_open(&r, NULL);
    us = rig_link_local(&r);
    group = group_of_node(&us);
    n = ndp_ns_emit(b, &us, 0);
    o.n = 0;
    put_ndp(&o, &peer, &group, b, n); /* to a group he must show it */
    rig_in(&r, &o);
    ck_assert_ptr_null(rig_next(&r));
    o.n = 0;
    put_ndp(&o, &peer, &us, b, n);
    rig_in(&r, &o);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f) && f->b[54] == NDP_NS);
    ck_assert_mem_eq(f->b + 62, &peer, 16);
    ck_assert_ptr_null(rig_next(&r));
    n = ndp_na_emit(b, &peer, PEER_MAC, NDP_NA_SOLICITED | NDP_NA_OVERRIDE);
    o.n = 0;
    put_ndp(&o, &peer, &us, b, n);
    rig_in(&r, &o);
    f = rig_next(&r);
    ck_assert(f && frame_is_sound(f) && f->b[54] == NDP_NA);
    ck_assert_uint_eq(mac_get(f->b), PEER_MAC);
    ck_assert_uint_eq(f->b[21], NDP_HOPS);
    ck_assert_uint_eq(f->b[58] & 0xe0, NDP_NA_SOLICITED | NDP_NA_OVERRIDE);
    ck_assert_mem_eq(f->b + 62, &us, 16);
    rig_wait(&r, 30 * S);
    rig_close(&r);
}
END_TEST

START_TEST(test_temporary_addresses_are_used_and_replaced_in_time)
{
    struct ip_path path = {.dst = rig_addr("2001:db8:ffff::1")};
    struct ipaddr first;
    struct ifaddr *t, *old;
    struct rig r;

    open_temporary(&r);
    add_prefix("2001:db8:1::", 64, 0xc0, 30 * DAY_S, 7 * DAY_S);
    hear_ra(&r, "fe80::1");
    t = find(&r, "2001:db8:1::", true, false);
    ck_assert(t && t->state == ADDR_PREFERRED);
    ck_assert_ptr_nonnull(find(&r, "2001:db8:1::", false, false));
    ck_assert_uint_le(t->preferred_until - r.now, DAY_S * S);
    ck_assert_uint_ge(t->preferred_until - r.now,
                      (DAY_S - TEMP_DESYNC_MAX_S - 3) * S);
    ck_assert_uint_le(t->valid_until - r.now, 2 * DAY_S * S);
    first = t->addr;
    ck_assert_int_eq(ip_path_find(r.net, &path), OK);
    ck_assert(ipaddr_eq(&path.src, &first)); /* RFC 6724 5, rule 7 */
    hear_ra(&r, "fe80::1");                  /* does not prolong it */
    ck_assert_uint_le(t->valid_until - r.now, 2 * DAY_S * S);
    rig_wait(&r, t->preferred_until - r.now - 2 * S);
    old = find(&r, "2001:db8:1::", true, true); /* the successor is ready */
    t = find(&r, "2001:db8:1::", true, false);
    ck_assert(old && t && ipaddr_eq(&old->addr, &first));
    ck_assert(t->state == ADDR_PREFERRED && old->state == ADDR_PREFERRED);
    rig_wait(&r, 5 * S);
    ck_assert_int_eq(old->state, ADDR_DEPRECATED);
    path = (struct ip_path){.dst = path.dst};
    hear_ra(&r, "fe80::1");
    ck_assert_int_eq(ip_path_find(r.net, &path), OK);
    ck_assert(ipaddr_eq(&path.src, &t->addr));
    for (unsigned i = 0; i < 400; i++) { /* months of it */
        rig_wait(&r, DAY_S / 4 * S);
        rig_forget(&r);
        hear_ra(&r, "fe80::1");
        rig_forget(&r);
        ck_assert_uint_le(temporaries(&r), TEMP_ADDRS_MAX);
        t = find(&r, "2001:db8:1::", true, false);
        ck_assert(t && t->state == ADDR_PREFERRED);
    }
    rig_close(&r);
}
END_TEST

START_TEST(test_temporary_addresses_end_with_the_prefix_and_are_bounded)
{
    struct rig r;

    open_temporary(&r);
    add_prefix("2001:db8:1::", 64, 0xc0, 8000, 4);
    hear_ra(&r, "fe80::1");
    ck_assert_uint_eq(temporaries(&r), 0); /* RFC 8981 3.4: not worth it */
    for (unsigned i = 2; i < 9; i++) {
        char text[32];

        begin_ra(1800);
        snprintf(text, sizeof(text), "2001:db8:%u::", i);
        add_prefix(text, 64, 0xc0, 9000, 100);
        hear_ra(&r, "fe80::1");
    }
    ck_assert_uint_le(temporaries(&r), TEMP_ADDRS_MAX);
    rig_forget(&r);
    rig_wait(&r, 200 * S); /* and no more of them without an advertisement */
    ck_assert_uint_le(temporaries(&r), TEMP_ADDRS_MAX);
    rig_wait(&r, 9000 * S);
    ck_assert_uint_eq(temporaries(&r), 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_none_are_made_unless_wanted)
{
    struct rig r;

    rig_open(&r, NULL);
    begin_ra(1800);
    add_prefix("2001:db8:1::", 64, 0xc0, 30 * DAY_S, 7 * DAY_S);
    hear_ra(&r, "fe80::1");
    ck_assert_uint_eq(temporaries(&r), 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_source_is_of_the_prefix_that_the_router_advertised)
{
    struct ip_path path = {.dst = rig_addr("2001:db8:2:ffff::1")};
    struct ipaddr one = rig_addr("2001:db8:1::");
    struct rig r;

    rig_open(&r, NULL);
    begin_ra(1800);
    ra.b[5] = 0x08; /* preferred: RFC 4191 */
    add_prefix("2001:db8:1::", 64, 0xc0, DAY_S, DAY_S);
    hear_ra(&r, "fe80::1");
    begin_ra(1800);
    add_prefix("2001:db8:2::", 64, 0xc0, DAY_S,
               DAY_S); /* rule 8 would take this */
    hear_ra(&r, "fe80::2");
    ck_assert_int_eq(ip_path_find(r.net, &path), OK);
    ck_assert(addr_in_prefix(&path.src, &one, 64)); /* rule 5.5 */
    rig_close(&r);
}
END_TEST

static uint32_t rank(struct rig *r, const char *to)
{
    struct ip_path path = {.dst = rig_addr(to)};

    return ip_path_find(r->net, &path) ? 0 : select_rank(r->net, &path);
}

START_TEST(test_destinations_are_ranked_as_rfc_6724_has_it)
{
    struct rig r;

    rig_open(&r, NULL);
    ck_assert_uint_eq(rank(&r, "2001:db8::1"), 0); /* 1: no way there */
    ck_assert_uint_gt(rank(&r, "198.51.100.1"), 0);
    begin_ra(1800);
    add_prefix("2001:db8:1::", 64, 0xc0, DAY_S, DAY_S);
    add_prefix("fd00:1::", 64, 0xc0, DAY_S, DAY_S);
    hear_ra(&r, "fe80::1");
    /* 6: IPv6, then IPv4, then the rest */
    ck_assert_uint_gt(rank(&r, "2001:db8::1"), rank(&r, "198.51.100.1"));
    ck_assert_uint_gt(rank(&r, "198.51.100.1"), rank(&r, "2002:c633:6401::1"));
    ck_assert_uint_gt(rank(&r, "198.51.100.1"), rank(&r, "fd00:1::9"));
    /* 5: a label that we have */
    ck_assert_uint_gt(rank(&r, "fd00:1::9"), rank(&r, "2002:c633:6401::1"));
    /* 8 and 9: nearer in scope, nearer in number */
    ck_assert_uint_gt(rank(&r, "fe80::9"), rank(&r, "2001:db8::1"));
    ck_assert_uint_gt(rank(&r, "2001:db8:1::9"), rank(&r, "2001:db8:f000::9"));
    /* not for far IPv4 addresses, whose order is the server's */
    ck_assert_uint_eq(rank(&r, "198.51.100.1"), rank(&r, "11.0.0.1"));
    ck_assert_uint_gt(rank(&r, "10.0.0.77"), rank(&r, "11.0.0.1"));
    /* 3: the source is deprecated */
    begin_ra(1800);
    add_prefix("2001:db8:1::", 64, 0xc0, DAY_S, 0);
    hear_ra(&r, "fe80::1");
    ck_assert_uint_gt(rank(&r, "198.51.100.1"), rank(&r, "2001:db8:1::9"));
    rig_wait(&r, 30 * S);
    rig_close(&r);
}
END_TEST

START_TEST(test_living_router_is_preferred_to_a_longer_prefix)
{
    struct route near = {.dst = rig_addr("2001:db8:5::"),
                         .via = rig_addr("fe80::5"),
                         .bits = 48,
                         .netif = 1,
                         .origin = ORIGIN_RA,
                         .has_via = true,
                         .until = NS_NEVER};
    struct ipaddr to = rig_addr("2001:db8:5::1"), far = rig_addr("fe80::1");
    struct rig r;

    rig_open(&r, NULL);
    begin_ra(1800);
    hear_ra(&r, "fe80::1");
    ck_assert(route_add(r.net, &near));
    ck_assert(ipaddr_eq(&route_find(r.net, &to, 0)->via, &near.via));
    route_gateway_lost(r.net, 1, &near.via);
    ck_assert(ipaddr_eq(&route_find(r.net, &to, 0)->via, &far));
    route_gateway_lost(r.net, 1, &far);
    ck_assert(ipaddr_eq(&route_find(r.net, &to, 0)->via, &near.via));
    rig_close(&r);
}
END_TEST

static uint32_t label_of(struct rig *r, uint16_t port, size_t n)
{
    static uint8_t text[3000];
    struct udp_dgram d = {
        .local.port = port,
        .remote = {.addr = rig_addr("fe80::1"), .port = 9, .netif = 1},
        .data = {text, n}};
    const struct rig_frame *f;

    ck_assert_int_eq(udp_send(r->net, &d), OK);
    rig_turn(r);
    f = rig_next(r);
    ck_assert(f && be16(f->b + 12) == ETH_IP6);
    return be32(f->b + 14) & 0xfffff;
}

static void ignore(const struct udp_dgram *d, void *user)
{
    (void)d;
    (void)user;
}

START_TEST(test_flow_label_is_one_for_each_flow_rfc_6437)
{
    struct ipaddr peer = rig_addr("fe80::1");
    uint16_t one = 1000, two = 2000;
    uint32_t label;
    struct rig r;

    rig_open(&r, NULL);
    rig_meet(&r, &peer, PEER_MAC);
    ck_assert_int_eq(udp_bind(r.net, &one, ignore, NULL), OK);
    ck_assert_int_eq(udp_bind(r.net, &two, ignore, NULL), OK);
    label = label_of(&r, one, 1);
    ck_assert_uint_ne(label, 0);
    ck_assert_uint_eq(label_of(&r, one, 1), label);
    ck_assert_uint_ne(label_of(&r, two, 1), label);
    r.net->path_gen++; /* found anew, it is the same */
    ck_assert_uint_eq(label_of(&r, one, 3000), label); /* in fragments, too */
    for (const struct rig_frame *f; (f = rig_next(&r));)
        ck_assert_uint_eq(be32(f->b + 14) & 0xfffff, label);
    udp_unbind(r.net, one);
    udp_unbind(r.net, two);
    rig_close(&r);
}
END_TEST

START_TEST(test_search_list_of_a_router_is_learnt_and_expires)
{
    /* "example.com", "a", and zeros to a multiple of eight */
    static const uint8_t opt[24] = "\37\3\0\0\0\0\0\144\7example\3com\0\1a\0";
    struct rig r;

    rig_open(&r, NULL);
    begin_ra(1800);
    put_bytes(&ra, opt, sizeof(opt));
    hear_ra(&r, "fe80::1");
    ck_assert_uint_eq(r.net->dns.search.n, 2);
    ck_assert_mem_eq(r.net->dns.search.domain[0].b, opt + 8, 13);
    rig_wait(&r, 100 * S);
    ck_assert_uint_eq(r.net->dns.search.n, 0);
    rig_close(&r);
}
END_TEST

RUN_CASES("host6", TEST(test_nothing_of_discovery_comes_in_fragments),
          TEST(test_who_asks_without_his_address_is_asked_for_it),
          TEST(test_temporary_addresses_are_used_and_replaced_in_time),
          TEST(test_temporary_addresses_end_with_the_prefix_and_are_bounded),
          TEST(test_none_are_made_unless_wanted),
          TEST(test_source_is_of_the_prefix_that_the_router_advertised),
          TEST(test_destinations_are_ranked_as_rfc_6724_has_it),
          TEST(test_living_router_is_preferred_to_a_longer_prefix),
          TEST(test_flow_label_is_one_for_each_flow_rfc_6437),
          TEST(test_search_list_of_a_router_is_learnt_and_expires),
          LOOP(test_probe_that_comes_back_is_no_conflict, 0, 2))
