/* SPDX-License-Identifier: ISC */
/* The DHCP client on a NIC: packets, addresses, routes, conflicts. */
#include "../lib/suite.h"
#include "rig.h"

#define ME     RIG_MAC
#define SERVER PEER4
#define LEASED IP(10, 0, 0, 50)
#define S      NS_PER_SEC

static struct out o;

static size_t put_reply(uint8_t *b, uint8_t type, uint32_t xid)
{
    static const uint8_t options[] = {
        53,  1, 0, 54, 4,  10, 0, 0, 1, 51, 4,  0, 0, 3,  232, 1, 4, 255, 255,
        255, 0, 3, 4,  10, 0,  0, 1, 6, 4,  10, 0, 0, 53, 26,  2, 5, 120, 255};

    memset(b, 0, 240);
    b[0] = 2;
    b[1] = 1;
    b[2] = 6;
    put_be32(b + 4, xid);
    put_be32(b + 16, LEASED);
    mac_put(b + 28, ME);
    put_be32(b + 236, 0x63825363);
    memcpy(b + 240, options, sizeof(options));
    b[242] = type;
    return 240 + sizeof(options);
}

/* The next DHCP message sent, its type; 0: there is none. */
static uint8_t next_dhcp(struct rig *r, uint32_t *xid)
{
    const struct rig_frame *f;

    while ((f = rig_next(r)))
        if (be16(f->b + 12) == ETH_IP4 && be16(f->b + 36) == 67) {
            ck_assert(frame_is_sound(f));
            *xid = be32(f->b + 46);
            return f->b[42 + 242];
        }
    return 0;
}

static void answer(struct rig *r, uint8_t type, uint32_t xid, uint32_t dst)
{
    uint8_t b[512];
    size_t n = put_reply(b, type, xid);

    o.n = 0;
    put_udp4(&o, SERVER, 67, dst, 68, b, n);
    rig_in(r, &o);
}

static void open_dhcp(struct rig *r)
{
    struct netif_config c = {.dhcp4 = true, .none6 = true};

    rig_open_raw(r, &c);
    rig_wait(r, S);
    r->pkts_in_use = r->blocks_in_use = 0;
}

static void get_lease(struct rig *r, uint32_t to)
{
    uint32_t xid = 0;

    ck_assert_uint_eq(next_dhcp(r, &xid), DHCP4_DISCOVER);
    answer(r, DHCP4_OFFER, xid, to);
    ck_assert_uint_eq(next_dhcp(r, &xid), DHCP4_REQUEST);
    answer(r, DHCP4_ACK, xid, to);
}

static bool has(struct rig *r, const char *text, uint8_t bits)
{
    struct ipaddr want = rig_addr(text);
    struct net_addr a[8];
    unsigned n = net_addrs(r->net, a, 8);

    for (unsigned i = 0; i < n; i++)
        if (ipaddr_eq(&a[i].addr, &want) && !a[i].tentative)
            return a[i].prefix_bits == bits;
    return false;
}

static void get_and_check_lease(uint32_t to)
{
    struct ip_path path = {.dst = ip4_addr(IP(192, 0, 2, 1))};
    unsigned kinds = 0;
    struct net_note note;
    struct rig r;

    open_dhcp(&r);
    get_lease(&r, to);
    ck_assert(!has(&r, "10.0.0.50", 24)); /* probed first: RFC 5227 */
    rig_wait(&r, S);
    ck_assert(has(&r, "10.0.0.50", 24));
    ck_assert_int_eq(ip_path_find(r.net, &path), OK);
    ck_assert_uint_eq(ip4_of(&path.src), LEASED);
    ck_assert_uint_eq(path.mtu, 1400);
    ck_assert_uint_eq(r.net->dns.nservers, 1);
    while (net_note(r.net, &note)) {
        kinds |= 1u << note.kind;
        if (note.kind == NET_ADDR_ADDED) {
            ck_assert_uint_ge(note.seconds, 990);
            ck_assert_str_eq(note.origin, "dhcp");
        }
    }
    ck_assert_uint_eq(kinds, 1 << NET_ADDR_ADDED | 1 << NET_GATEWAY |
                                 1 << NET_DNS_SERVER);
    rig_close(&r);
}

START_TEST(test_client_gets_a_lease)
{
    get_and_check_lease(UINT32_MAX);
}
END_TEST

/* As servers do that pay no heed to the broadcast flag. */
START_TEST(test_client_gets_a_lease_by_unicast)
{
    get_and_check_lease(LEASED);
}
END_TEST

START_TEST(test_client_probes_then_announces)
{
    unsigned probes = 0, announcements = 0;
    const struct rig_frame *f;
    struct arp_msg m;
    struct rig r;

    open_dhcp(&r);
    get_lease(&r, UINT32_MAX);
    rig_wait(&r, 5 * S);
    while ((f = rig_next(&r)))
        if (be16(f->b + 12) == ETH_ARP &&
            arp_parse(&m, (struct span){f->b + 14, f->n - 14})) {
            ck_assert_uint_eq(m.target, LEASED);
            probes += m.sender == 0;
            announcements += m.sender == LEASED;
        }
    ck_assert_uint_eq(probes, ACD_PROBES);
    ck_assert_uint_eq(announcements, ACD_ANNOUNCEMENTS);
    rig_close(&r);
}
END_TEST

START_TEST(test_client_declines_what_is_taken)
{
    struct arp_msg m = {.op = ARP_REPLY,
                        .sender_mac = OTHER_MAC,
                        .sender = LEASED,
                        .target_mac = ME,
                        .target = 0};
    uint32_t xid;
    struct rig r;

    open_dhcp(&r);
    get_lease(&r, UINT32_MAX);
    rig_wait(&r, 10 * NS_PER_MS);
    o.n = 0;
    put_arp(&o, RIG_MAC, &m);
    rig_in(&r, &o);
    ck_assert_uint_eq(next_dhcp(&r, &xid), DHCP4_DECLINE);
    ck_assert(!has(&r, "10.0.0.50", 24));
    rig_wait(&r, 11 * S);
    ck_assert_uint_eq(next_dhcp(&r, &xid), DHCP4_DISCOVER);
    rig_close(&r);
}
END_TEST

START_TEST(test_client_renews_and_loses)
{
    struct ip_path path = {.dst = ip4_addr(IP(192, 0, 2, 1))};
    struct ipaddr server = ip4_addr(SERVER);
    uint32_t xid;
    struct rig r;

    open_dhcp(&r);
    get_lease(&r, UINT32_MAX);
    rig_wait(&r, 480 * S);
    rig_forget(&r);
    rig_meet(&r, &server, PEER_MAC);
    rig_wait(&r, 40 * S); /* T1 is 500 s, a thirty-second part more or less */
    ck_assert_uint_eq(next_dhcp(&r, &xid), DHCP4_REQUEST);
    answer(&r, DHCP4_ACK, xid, LEASED);
    rig_wait(&r, 490 * S); /* past the end of the first lease soon */
    rig_wait(&r, 100 * S);
    ck_assert(has(&r, "10.0.0.50", 24));
    rig_wait(&r, 600 * S); /* nobody answers any more */
    ck_assert(!has(&r, "10.0.0.50", 24));
    ck_assert_int_eq(ip_path_find(r.net, &path), E_UNREACH);
    ck_assert_uint_eq(r.net->dns.nservers, 0);
    ck_assert_uint_eq(r.net->routes.n, 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_client_gives_the_lease_back)
{
    struct ipaddr server = ip4_addr(SERVER);
    uint32_t xid;
    struct rig r;

    open_dhcp(&r);
    get_lease(&r, UINT32_MAX);
    rig_wait(&r, 5 * S);
    rig_forget(&r);
    rig_meet(&r, &server, PEER_MAC);
    ck_assert(net_stop(r.net, r.now));
    rig_turn(&r);
    ck_assert_uint_eq(next_dhcp(&r, &xid), DHCP4_RELEASE);
    ck_assert(!has(&r, "10.0.0.50", 24));
    ck_assert(!net_stop(r.net, r.now));
    rig_wait(&r, 100 * S);
    ck_assert_uint_eq(next_dhcp(&r, &xid), 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_address_of_before_is_asked_for_and_probed)
{
    struct netif_config c = {.dhcp4 = true, .none6 = true, .last4 = LEASED};
    uint32_t xid;
    struct rig r;

    rig_open_raw(&r, &c);
    rig_wait(&r, S);
    r.pkts_in_use = r.blocks_in_use = 0;
    ck_assert_uint_eq(next_dhcp(&r, &xid), DHCP4_REQUEST);
    answer(&r, DHCP4_ACK, xid, UINT32_MAX);
    ck_assert(!has(&r, "10.0.0.50", 24));
    rig_wait(&r, S);
    ck_assert(has(&r, "10.0.0.50", 24));
    rig_close(&r);
}
END_TEST

/* RFC 2131 4.4.3: the address is ours, the rest is asked for. */
START_TEST(test_static_host_is_informed)
{
    struct netif_config c = rig_static();
    struct ip_path path = {.dst = ip4_addr(IP(192, 0, 2, 1))};
    uint32_t xid;
    struct rig r;

    c.none6 = true;
    c.inform4 = true;
    c.gateway4 = (struct ipaddr){{0}};
    rig_open_raw(&r, &c);
    rig_wait(&r, S);
    r.pkts_in_use = r.blocks_in_use = 0;
    ck_assert_uint_eq(next_dhcp(&r, &xid), DHCP4_INFORM);
    answer(&r, DHCP4_ACK, xid, OUR4);
    ck_assert(!has(&r, "10.0.0.50", 24));
    ck_assert(has(&r, "10.0.0.2", 24));
    ck_assert_uint_eq(r.net->dns.nservers, 1);
    ck_assert_int_eq(ip_path_find(r.net, &path), OK);
    rig_wait(&r, 300 * S);
    ck_assert_uint_eq(next_dhcp(&r, &xid), 0);
    ck_assert(!net_stop(r.net, r.now));
    rig_close(&r);
}
END_TEST

START_TEST(test_client_says_when_nobody_answers)
{
    struct net_note note;
    unsigned said = 0;
    struct rig r;

    open_dhcp(&r);
    rig_wait(&r, 300 * S);
    while (net_note(r.net, &note))
        said += note.kind == NET_DHCP_WAIT;
    ck_assert_uint_eq(said, 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_client_defends_once_then_gives_up)
{
    struct arp_msg m = {.op = ARP_REQUEST,
                        .sender_mac = OTHER_MAC,
                        .sender = LEASED,
                        .target = LEASED};
    const struct rig_frame *f;
    struct rig r;

    open_dhcp(&r);
    get_lease(&r, UINT32_MAX);
    rig_wait(&r, 20 * S);
    rig_forget(&r);
    o.n = 0;
    put_arp(&o, MAC_BROADCAST, &m);
    rig_in(&r, &o);
    f = rig_next(&r); /* RFC 5227 2.4 (b) */
    ck_assert(f && be16(f->b + 12) == ETH_ARP && be32(f->b + 28) == LEASED);
    ck_assert(has(&r, "10.0.0.50", 24));
    rig_in(&r, &o);
    ck_assert(!has(&r, "10.0.0.50", 24));
    rig_close(&r);
}
END_TEST

START_TEST(test_static_address_is_defended_for_ever)
{
    struct arp_msg m = {.op = ARP_REQUEST,
                        .sender_mac = OTHER_MAC,
                        .sender = OUR4,
                        .target = OUR4};
    unsigned answers = 0;
    struct rig r;

    rig_open(&r, NULL);
    o.n = 0;
    put_arp(&o, MAC_BROADCAST, &m);
    for (unsigned i = 0; i < 21; i++) { /* RFC 5227 2.4 (c): once in 10 s */
        rig_in(&r, &o);
        while (rig_next(&r))
            answers++;
        rig_wait(&r, S);
    }
    ck_assert_uint_eq(answers, 3);
    ck_assert(has(&r, "10.0.0.2", 24));
    ck_assert_uint_eq(r.net->count.address_conflicts, 21);
    rig_close(&r);
}
END_TEST

RUN_TESTS("dhcp_client", PANICS(), test_client_gets_a_lease,
          test_client_gets_a_lease_by_unicast,
          test_client_probes_then_announces, test_client_declines_what_is_taken,
          test_client_renews_and_loses, test_client_gives_the_lease_back,
          test_address_of_before_is_asked_for_and_probed,
          test_static_host_is_informed, test_client_says_when_nobody_answers,
          test_client_defends_once_then_gives_up,
          test_static_address_is_defended_for_ever)
