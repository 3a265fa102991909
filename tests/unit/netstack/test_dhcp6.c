/* SPDX-License-Identifier: ISC */
/*
 * test_dhcp6.c - DHCPv6: the messages, and the client on a NIC.
 */
#include "../lib/suite.h"
#include "chew.h"
#include "rig.h"

#include <dhcp/core6.h>

#define IAID UINT32_C(0x00000002)
#define S    NS_PER_SEC

/* A reply with an address, name servers, a domain, time servers. */
static size_t message(uint8_t *b, uint8_t type, uint32_t xid)
{
    static const uint8_t options[] = {
        0, 1,  0, 10, 0,    3, 0,    1,    2,    0,   0, 0, 0, 2,       /**/
        0, 2,  0, 4,  0,    2, 0,    'a',                               /**/
        0, 3,  0, 46, 0,    0, 0,    2,    0,    0,   1, 0, 0, 0, 2, 0, /**/
        0, 5,  0, 24, 0x20, 1, 0xd,  0xb8, 0,    0,   0, 0, 0, 0, 0, 0,
        0, 0,                                       /**/
        0, 5,  0, 0,  4,    0, 0,    0,    8,    0, /**/
        0, 13, 0, 2,  0,    0,                      /**/
        0, 23, 0, 16, 0xfd, 0, 0,    0,    0,    0,   0, 0, 0, 0, 0, 0,
        0, 0,                                                           /**/
        0, 53, 0, 24, 0,    5, 3,    'l',  'a',  'b', 0,                /**/
        0, 56, 0, 20, 0,    1, 0,    16,   0xfd, 0,   0, 0, 0, 0, 0, 0, /**/
        0, 0,  0, 0,  0,    0, 0,    123,  0,    7,   0, 1, 9,          /**/
        0, 32, 0, 4,  0,    0, 0x12, 0x34, 0,    14,  0, 0};

    put_be32(b, (uint32_t)type << 24 | xid);
    memcpy(b + 4, options, sizeof(options));
    return 4 + sizeof(options);
}

static bool parse(struct span in)
{
    struct dhcp6_reply r;

    return dhcp6_parse(&r, in, IAID);
}

START_TEST(test_reply_is_read)
{
    struct dhcp6_reply r;
    uint8_t b[400];
    size_t n = message(b, DHCP6_REPLY, 0x123456);
    struct ipaddr a = rig_addr("2001:db8::5");

    ck_assert(dhcp6_parse(&r, (struct span){b, n}, IAID));
    ck_assert_uint_eq(r.xid, 0x123456);
    ck_assert(r.has_ia && r.rapid);
    ck_assert_uint_eq(r.client.n, 10);
    ck_assert_uint_eq(r.server.n, 4);
    ck_assert_uint_eq(r.t1_s, 256);
    ck_assert_uint_eq(r.naddrs, 1);
    ck_assert(ipaddr_eq(&r.addr[0].addr, &a));
    ck_assert_uint_eq(r.addr[0].valid_s, 2048);
    ck_assert_uint_eq(r.options.ndns, 1);
    ck_assert_uint_eq(r.options.nntp, 1);
    ck_assert_uint_eq(r.options.ntp[0].b[15], 123);
    ck_assert_uint_eq(r.options.nsearch, 5);
    ck_assert_uint_eq(r.preference, 9);
    ck_assert_uint_eq(r.refresh_s, 0x1234);
    chew(parse, b, n);
    ck_assert(dhcp6_parse(&r, (struct span){b, n}, IAID + 1));
    ck_assert(!r.has_ia && r.naddrs == 0); /* for another NIC of ours */
    b[0] = DHCP6_RECONFIGURE;
    ck_assert(!parse((struct span){b, n}));
}
END_TEST

START_TEST(test_reply_that_contradicts_itself)
{
    struct dhcp6_reply r;
    uint8_t b[400];
    size_t n = message(b, DHCP6_REPLY, 1);

    put_be32(b + 4 + 14 + 8 + 8, 0x300); /* T1 > T2: RFC 8415 21.4 */
    ck_assert(dhcp6_parse(&r, (struct span){b, n}, IAID));
    ck_assert(!r.has_ia && r.naddrs == 0);
    n = message(b, DHCP6_REPLY, 1);
    put_be32(b + 4 + 14 + 8 + 16 + 20, 0x900); /* preferred > valid: 21.6 */
    ck_assert(dhcp6_parse(&r, (struct span){b, n}, IAID));
    ck_assert(r.has_ia && r.naddrs == 0);
    n = message(b, DHCP6_REPLY, 1);
    b[4 + 14 + 8 + 16 + 4] = 0xff; /* a group */
    ck_assert(dhcp6_parse(&r, (struct span){b, n}, IAID));
    ck_assert(r.has_ia && r.naddrs == 0);
    n = message(b, DHCP6_REPLY, 1);
    b[n - 4 + 3] = 1; /* the last option runs over the end */
    ck_assert(!parse((struct span){b, n}));
}
END_TEST

static struct out o;

/* The next DHCPv6 message sent, its type; 0: there is none. */
static uint8_t next_dhcp6(struct rig *r, uint32_t *xid)
{
    const struct rig_frame *f;

    while ((f = rig_next(r)))
        if (be16(f->b + 12) == ETH_IP6 && f->b[20] == 17 &&
            be16(f->b + 56) == DHCP6_SERVER_PORT) {
            ck_assert(frame_is_sound(f));
            ck_assert_uint_eq(be32(f->b), 0x33330001);
            *xid = be32(f->b + 62) & 0xffffff;
            return f->b[62];
        }
    return 0;
}

static void answer(struct rig *r, uint8_t type, uint32_t xid)
{
    struct ipaddr from = rig_addr("fe80::1"), to = rig_link_local(r);
    uint8_t b[400];
    size_t n = message(b, type, xid);

    put_be32(b + 4 + 14 + 8 + 4,
             iaid_of(r->net->nif[0].mac, r->net->nif[0].index));
    n -= 4; /* no rapid commit */
    o.n = 0;
    put_udp6(&o, &from, DHCP6_SERVER_PORT, &to, DHCP6_CLIENT_PORT, b, n);
    rig_in(r, &o);
}

static void advertise(struct rig *r, uint8_t flags)
{
    struct ipaddr from = rig_addr("fe80::1"), all = rig_addr("ff02::1");
    uint8_t ra[16] = {NDP_RA, 0, 0, 0, 64, flags, 7, 8};

    o.n = 0;
    put_ndp(&o, &from, &all, ra, sizeof(ra));
    rig_in(r, &o);
}

static void open_auto(struct rig *r)
{
    struct netif_config c = {.auto6 = true};

    rig_open_raw(r, &c);
    rig_wait(r, 3 * S);
    r->pkts_in_use = r->blocks_in_use = 0;
    rig_forget(r);
}

static bool has(struct rig *r, const char *text)
{
    struct ipaddr want = rig_addr(text);
    struct net_addr a[8];
    unsigned n = net_addrs(r->net, a, 8);

    for (unsigned i = 0; i < n; i++)
        if (ipaddr_eq(&a[i].addr, &want) && !a[i].tentative)
            return a[i].prefix_bits == 128;
    return false;
}

/* A flag of a router, questions and answers: an address, not checked yet. */
static void get_address(struct rig *r)
{
    uint32_t xid;

    advertise(r, 0x80);
    rig_wait(r, S / 2);
    ck_assert_uint_eq(next_dhcp6(r, &xid), DHCP6_SOLICIT);
    answer(r, DHCP6_ADVERTISE, xid);
    rig_wait(r, S);
    ck_assert_uint_eq(next_dhcp6(r, &xid), DHCP6_REQUEST);
    answer(r, DHCP6_REPLY, xid);
}

START_TEST(test_managed_flag_brings_an_address)
{
    uint32_t xid;
    struct rig r;

    open_auto(&r);
    advertise(&r, 0);
    rig_wait(&r, 5 * S);
    ck_assert_uint_eq(next_dhcp6(&r, &xid), 0); /* no flag, no question */
    get_address(&r);
    ck_assert(!has(&r, "2001:db8::5")); /* RFC 4862 5.4: checked first */
    rig_wait(&r, 2 * S);
    ck_assert(has(&r, "2001:db8::5"));
    ck_assert_uint_eq(r.net->dns.nservers, 1);
    ck_assert_uint_eq(r.net->dns.search.n, 1);
    rig_forget(&r);
    ck_assert(net_stop(r.net, r.now));
    rig_turn(&r);
    ck_assert_uint_eq(next_dhcp6(&r, &xid), DHCP6_RELEASE);
    ck_assert(!has(&r, "2001:db8::5"));
    ck_assert_uint_eq(r.net->dns.nservers, 0);
    ck_assert_uint_eq(r.net->dns.search.n, 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_other_flag_brings_the_rest)
{
    uint32_t xid;
    struct rig r;

    open_auto(&r);
    advertise(&r, 0x40);
    rig_wait(&r, S / 2);
    ck_assert_uint_eq(next_dhcp6(&r, &xid), DHCP6_INFORMATION);
    answer(&r, DHCP6_REPLY, xid);
    rig_wait(&r, 2 * S);
    ck_assert(!has(&r, "2001:db8::5"));
    ck_assert_uint_eq(r.net->dns.nservers, 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_duplicate_is_declined)
{
    static const uint8_t na[24] = {NDP_NA, 0,    0, 0,   0x20, 0,       0,
                                   0,      0x20, 1, 0xd, 0xb8, [23] = 5};
    struct ipaddr from = rig_addr("2001:db8::5"), all = rig_addr("ff02::1");
    uint32_t xid;
    struct rig r;

    open_auto(&r);
    get_address(&r);
    o.n = 0;
    put_ndp(&o, &from, &all, na, sizeof(na));
    rig_in(&r, &o);
    rig_wait(&r, S / 10);
    ck_assert_uint_eq(next_dhcp6(&r, &xid), DHCP6_DECLINE);
    answer(&r, DHCP6_REPLY, xid);
    rig_wait(&r, 11 * S);
    ck_assert(!has(&r, "2001:db8::5"));
    ck_assert_uint_eq(next_dhcp6(&r, &xid), DHCP6_SOLICIT);
    rig_close(&r);
}
END_TEST

RUN_TESTS("dhcp6", PANICS(), test_reply_is_read,
          test_reply_that_contradicts_itself,
          test_managed_flag_brings_an_address, test_other_flag_brings_the_rest,
          test_duplicate_is_declined)
