/* SPDX-License-Identifier: ISC */
/* IPv4 link-local addresses (RFC 3927), RFC 5227 at its own pace, and several
 * addresses of one NIC. */
#include "../lib/suite.h"
#include "rig.h"

#define S NS_PER_SEC

static struct out o;

static void open_rig(struct rig *r, enum net_when when)
{
    struct netif_config c = {.dhcp4 = true, .link_local4 = when, .none6 = true};

    rig_open_raw(r, &c);
}

static uint32_t link_local(struct rig *r)
{
    struct nif *nif = &r->net->nif[0];

    for (unsigned i = 0; i < nif->naddrs; i++)
        if (nif->addr[i].state && nif->addr[i].origin == ORIGIN_LINK_LOCAL)
            return ip4_of(&nif->addr[i].addr);
    return 0;
}

static struct ifaddr *in_use(struct rig *r, uint32_t addr)
{
    struct ipaddr a = ip4_addr(addr);

    return addr_find(&r->net->nif[0], &a);
}

/* The next ARP message sent, skipping all else. */
static bool next_arp(struct rig *r, struct arp_msg *m)
{
    const struct rig_frame *f;

    while ((f = rig_next(r)))
        if (be16(f->b + 12) == ETH_ARP) {
            ck_assert_uint_eq(mac_get(f->b), MAC_BROADCAST);
            return arp_parse(m, (struct span){f->b + 14, ARP_BYTES});
        }
    return false;
}

static void claim(struct rig *r, uint32_t addr)
{
    o.n = 0;
    put_arp(&o, MAC_BROADCAST,
            &(struct arp_msg){.op = ARP_REQUEST,
                              .sender_mac = OTHER_MAC,
                              .sender = addr,
                              .target = addr});
    rig_in(r, &o);
}

START_TEST(test_silent_dhcp_ends_in_a_link_local_address)
{
    unsigned probes = 0, announcements = 0;
    struct arp_msg m;
    uint32_t addr;
    struct rig r;

    open_rig(&r, NET_FALLBACK);
    rig_wait(&r, 10 * S - 1);
    ck_assert_uint_eq(link_local(&r), 0); /* DHCP's time */
    rig_wait(&r, 2);
    addr = link_local(&r);
    ck_assert_uint_ge(addr, IP(169, 254, 1, 0)); /* RFC 3927 2.1 */
    ck_assert_uint_le(addr, IP(169, 254, 254, 255));
    rig_wait(&r, 4 * S - 2);
    ck_assert_ptr_null(in_use(&r, addr)); /* 1 to 2 s apart, and 2 s more */
    rig_wait(&r, 10 * S);
    ck_assert_ptr_nonnull(in_use(&r, addr));
    while (next_arp(&r, &m)) {
        ck_assert_uint_eq(m.target, addr);
        probes += m.sender == 0;
        announcements += m.sender == addr;
    }
    ck_assert_uint_eq(probes, ACD_PROBES);
    ck_assert_uint_eq(announcements, ACD_ANNOUNCEMENTS);
    rig_forget(&r);
    rig_wait(&r, 200 * S);
    ck_assert_ptr_nonnull(rig_next(&r)); /* DHCP goes on asking */
    rig_close(&r);
}
END_TEST

START_TEST(test_no_fallback_where_it_is_not_wanted)
{
    struct rig r;

    open_rig(&r, NET_NEVER);
    rig_wait(&r, 100 * S);
    ck_assert_uint_eq(link_local(&r), 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_routable_address_takes_its_place_and_back)
{
    struct ifaddr a = {.addr = ip4_addr(OUR4),
                       .bits = 24,
                       .origin = ORIGIN_STATIC,
                       .preferred_until = NS_NEVER,
                       .valid_until = NS_NEVER};
    uint32_t first;
    struct rig r;

    open_rig(&r, NET_FALLBACK);
    rig_wait(&r, 30 * S);
    first = link_local(&r);
    ck_assert_ptr_nonnull(in_use(&r, first));
    ck_assert_ptr_nonnull(addr_add(r.net, &r.net->nif[0], &a, r.now));
    ck_assert_ptr_nonnull(
        in_use(&r, first)); /* until the other is past doubt */
    rig_wait(&r, S);
    ck_assert_uint_eq(link_local(&r), 0);
    addr_remove(r.net, &r.net->nif[0], addr_find_any(&r.net->nif[0], &a.addr),
                r.now);
    net_wake_at(r.net, r.now);
    rig_wait(&r, 9 * S);
    ck_assert_uint_eq(link_local(&r), 0);
    rig_wait(&r, 20 * S);
    ck_assert_uint_eq(link_local(&r), first); /* the same again */
    rig_close(&r);
}
END_TEST

START_TEST(test_conflicts_lead_to_others_then_more_slowly)
{
    struct arp_msg m;
    uint32_t addr, last = 0;
    struct rig r;

    open_rig(&r, NET_ALWAYS);
    for (unsigned i = 0; i <= LL4_CONFLICTS_MAX; i++) {
        rig_wait(&r, S);
        addr = link_local(&r);
        ck_assert(addr != 0 && addr != last);
        last = addr;
        claim(&r, addr);
    }
    rig_wait(&r, 58 * S);
    ck_assert_uint_eq(link_local(&r), 0); /* RFC 3927 2.2.1 */
    rig_wait(&r, 3 * S);
    addr = link_local(&r);
    ck_assert(addr != 0 && addr != last);
    rig_wait(&r, 20 * S);
    ck_assert_ptr_nonnull(in_use(&r, addr));
    rig_forget(&r);
    claim(&r, addr); /* 2.5 (b): defended once */
    ck_assert(next_arp(&r, &m) && m.sender == addr && m.target == addr);
    rig_wait(&r, 11 * S);
    claim(&r, addr); /* and again, ten seconds later */
    ck_assert_ptr_nonnull(in_use(&r, addr));
    rig_wait(&r, 5 * S);
    claim(&r, addr); /* but not twice within ten */
    ck_assert_ptr_null(in_use(&r, addr));
    rig_close(&r);
}
END_TEST

START_TEST(test_answers_from_a_link_local_address_are_broadcast)
{
    struct arp_msg m;
    struct rig r;
    uint32_t us;

    open_rig(&r, NET_ALWAYS);
    rig_wait(&r, 20 * S);
    us = link_local(&r);
    rig_forget(&r);
    o.n = 0;
    put_arp(&o, MAC_BROADCAST,
            &(struct arp_msg){.op = ARP_REQUEST,
                              .sender_mac = PEER_MAC,
                              .sender = IP(169, 254, 9, 9),
                              .target = us});
    rig_in(&r, &o);
    ck_assert(next_arp(&r, &m)); /* checks that it is broadcast */
    ck_assert_uint_eq(m.op, ARP_REPLY);
    o.n = 0;
    put_echo4(&o, IP(169, 254, 9, 9), us, 8);
    rig_in(&r, &o);
    ck_assert_uint_eq(r.net->count.echoes, 1);
    rig_wait(&r, 30 * S);
    rig_close(&r);
}
END_TEST

START_TEST(test_full_probes_take_the_time_of_rfc_5227)
{
    bool full = _i;
    struct netif_config c = rig_static();
    ns_t at[ACD_PROBES + 1];
    unsigned n = 0;
    struct rig r;

    c.full_probe4 = full;
    c.none6 = true;
    rig_open_raw(&r, &c);
    for (ns_t start = r.now; n < ACD_PROBES && r.now < start + 10 * S;) {
        struct arp_msg m;

        rig_wait(&r, S / 1000);
        if (next_arp(&r, &m))
            at[n++] = r.now;
    }
    ck_assert_uint_eq(n, ACD_PROBES);
    for (unsigned i = 1; i < n && full; i++) {
        ck_assert_uint_ge(at[i] - at[i - 1], 999 * NS_PER_MS);
        ck_assert_uint_le(at[i] - at[i - 1], 2 * S + NS_PER_MS);
    }
    rig_wait(&r, full ? 2 * S - NS_PER_MS * 2 : 0);
    ck_assert_ptr_null(in_use(&r, OUR4));
    rig_wait(&r, 100 * NS_PER_MS);
    ck_assert_ptr_nonnull(in_use(&r, OUR4));
    rig_wait(&r, 5 * S);
    rig_close(&r);
}
END_TEST

START_TEST(test_several_addresses_are_all_ours)
{
    struct netif_config c = rig_static();
    struct ip_path path = {.dst = rig_addr("172.16.5.9")};
    struct ipaddr global = rig_addr("2001:db8::7");
    struct ipaddr wanted = rig_addr("172.16.5.2");
    struct arp_msg m;
    struct rig r;

    c.extra[0] =
        (struct net_addr){.addr = rig_addr("10.0.0.9"), .prefix_bits = 24};
    c.extra[1] = (struct net_addr){.addr = wanted, .prefix_bits = 16};
    c.extra[2] = (struct net_addr){.addr = global, .prefix_bits = 64};
    c.nextra = 3;
    rig_open(&r, &c);
    ck_assert_ptr_nonnull(in_use(&r, OUR4));
    ck_assert_ptr_nonnull(in_use(&r, IP(10, 0, 0, 9)));
    ck_assert_ptr_nonnull(addr_find(&r.net->nif[0], &global));
    o.n = 0;
    put_echo4(&o, PEER4, IP(10, 0, 0, 9), 8);
    rig_in(&r, &o);
    ck_assert_uint_eq(r.net->count.echoes, 1);
    ck_assert(next_arp(&r, &m));
    ck_assert_uint_eq(m.sender, IP(10, 0, 0, 9)); /* RFC 4861 7.2.2's way */
    ck_assert_int_eq(ip_path_find(r.net, &path), OK);
    ck_assert(ipaddr_eq(&path.src, &wanted)); /* of the network it is in */
    rig_wait(&r, 5 * S);
    rig_close(&r);
}
END_TEST

RUN_CASES("linklocal", TEST(test_silent_dhcp_ends_in_a_link_local_address),
          TEST(test_no_fallback_where_it_is_not_wanted),
          TEST(test_routable_address_takes_its_place_and_back),
          TEST(test_conflicts_lead_to_others_then_more_slowly),
          TEST(test_answers_from_a_link_local_address_are_broadcast),
          TEST(test_several_addresses_are_all_ours),
          LOOP(test_full_probes_take_the_time_of_rfc_5227, 0, 2))
