/* SPDX-License-Identifier: ISC */
/* DHCPv6: the messages, the machine by script on virtual time, and the client
 * on a NIC. */
#include "../lib/suite.h"
#include "chew.h"
#include "rig.h"

#include <dhcp/core6.h>

#define RANDOM UINT32_C(0x12345678)
#define IAID   UINT32_C(0x00000002)
#define S      NS_PER_SEC

static const uint8_t us[DUID_BYTES] = {0, 3, 0, 1, 2, 0, 0, 0, 0, 2};
static const struct dhcp6_duid server_a = {.n = 4, .b = {0, 2, 0, 'a'}};
static const struct dhcp6_duid server_b = {.n = 4, .b = {0, 2, 0, 'b'}};

static struct dhcp6_reply reply(const struct dhcp6 *d, uint8_t type)
{
    struct dhcp6_reply r = {.type = type,
                            .xid = d->xid,
                            .has_ia = true,
                            .client = {.n = DUID_BYTES},
                            .server = server_a,
                            .t1_s = 500,
                            .t2_s = 800,
                            .naddrs = 2};

    memcpy(r.client.b, us, sizeof(us));
    for (unsigned i = 0; i < 2; i++)
        r.addr[i] = (struct dhcp6_addr){.preferred_s = 1000, .valid_s = 2000};
    r.addr[0].addr = rig_addr("2001:db8::1");
    r.addr[1].addr = rig_addr("2001:db8::2");
    return r;
}

static struct dhcp6_message sent(struct dhcp6 *d, ns_t now, uint8_t type)
{
    struct dhcp6_message m = {0}, none;

    ck_assert(dhcp6_next(d, now, &m));
    ck_assert_uint_eq(m.type, type);
    ck_assert_uint_eq(m.xid, d->xid);
    ck_assert_mem_eq(m.client.p, us, sizeof(us));
    ck_assert(!dhcp6_next(d, now, &none));
    return m;
}

/* What the next deadline brings. */
static enum dhcp6_event due(struct dhcp6 *d)
{
    return dhcp6_on_time(d, d->next, RANDOM + d->tries);
}

static struct dhcp6 in_state(enum dhcp6_state s)
{
    struct dhcp6_reply r;
    struct dhcp6 d;

    dhcp6_start(&d, us, IAID, SPAN("me"), s < DHCP6_INFORMING, 10 * S, RANDOM);
    due(&d);
    if (s == DHCP6_SOLICITING || s == DHCP6_INFORMING)
        return d;
    sent(&d, 10 * S, s == DHCP6_INFORMED ? DHCP6_INFORMATION : DHCP6_SOLICIT);
    r = reply(&d, s == DHCP6_INFORMED ? DHCP6_REPLY : DHCP6_ADVERTISE);
    if (s == DHCP6_INFORMED) {
        ck_assert_int_eq(dhcp6_on_reply(&d, &r, 11 * S, RANDOM), DHCP6_OPTIONS);
        return d;
    }
    ck_assert_int_eq(dhcp6_on_reply(&d, &r, 10 * S, RANDOM), DHCP6_NOTHING);
    due(&d);
    if (s == DHCP6_REQUESTING)
        return d;
    sent(&d, 11 * S, DHCP6_REQUEST);
    r = reply(&d, DHCP6_REPLY);
    ck_assert_int_eq(dhcp6_on_reply(&d, &r, 100 * S, RANDOM), DHCP6_ADDRS);
    if (s == DHCP6_CONFIRMING)
        dhcp6_on_link_up(&d, 200 * S, RANDOM + 1);
    if (s == DHCP6_DECLINING)
        dhcp6_on_conflict(&d, &r.addr[0].addr, 101 * S, RANDOM + 1);
    if (s != DHCP6_BOUND)
        due(&d);
    if (s == DHCP6_REBINDING) {
        while (d.state == DHCP6_RENEWING)
            due(&d);
    }
    return d;
}

START_TEST(test_states_are_reached)
{
    for (int s = DHCP6_SOLICITING; s <= DHCP6_INFORMED; s++)
        ck_assert_int_eq(in_state((enum dhcp6_state)s).state, s);
}
END_TEST

/* Section 15: each wait twice the last, a tenth more or less; the first of a
 * SOLICIT not less than a second. */
START_TEST(test_section_15_retransmission)
{
    struct dhcp6 d = in_state(DHCP6_SOLICITING);
    ns_t rt = d.rt, now = d.next, cs;

    ck_assert_uint_gt(rt, S);
    ck_assert_uint_le(rt, S * 11 / 10 + 1);
    d.sol_max_rt_s = 100;
    for (unsigned i = 0; i < 12; i++) {
        struct dhcp6_message m;

        now = d.next;
        due(&d);
        m = sent(&d, now, DHCP6_SOLICIT);
        ck_assert(m.rapid && m.has_ia && m.server.n == 0);
        cs = (now - d.started) / (10 * NS_PER_MS);
        ck_assert_uint_eq(m.elapsed_cs, cs < 0xffff ? cs : 0xffff); /* 21.9 */
        if (rt * 19 / 10 < 100 * S) {
            ck_assert_uint_ge(d.rt, rt * 19 / 10);
            ck_assert_uint_le(d.rt, rt * 21 / 10);
        }
        ck_assert_uint_le(d.rt, 110 * S); /* MRT + RAND * MRT */
        ck_assert_uint_eq(d.next, now + d.rt);
        rt = d.rt;
    }
    ck_assert_uint_ge(rt, 90 * S);
}
END_TEST

START_TEST(test_best_advertisement_of_the_first_second_is_taken)
{
    struct dhcp6 d = in_state(DHCP6_SOLICITING);
    struct dhcp6_reply r = reply(&d, DHCP6_ADVERTISE);
    struct dhcp6_message m;

    sent(&d, 10 * S, DHCP6_SOLICIT);
    r.preference = 5;
    dhcp6_on_reply(&d, &r, 10 * S, RANDOM);
    r.server = server_b;
    r.preference = 7;
    r.naddrs = 1;
    dhcp6_on_reply(&d, &r, 10 * S, RANDOM);
    r.server = server_a;
    dhcp6_on_reply(&d, &r, 10 * S, RANDOM);
    ck_assert_int_eq(d.state, DHCP6_SOLICITING);
    due(&d);
    m = sent(&d, 11 * S, DHCP6_REQUEST);
    ck_assert_mem_eq(m.server.p, server_b.b, 4);
    ck_assert_uint_eq(m.naddrs, 1);
}
END_TEST

START_TEST(test_preference_255_and_late_ones_are_not_compared)
{
    struct dhcp6 d = in_state(DHCP6_SOLICITING);
    struct dhcp6_reply r = reply(&d, DHCP6_ADVERTISE);

    r.preference = 255;
    dhcp6_on_reply(&d, &r, 10 * S, RANDOM);
    sent(&d, 10 * S, DHCP6_REQUEST);
    d = in_state(DHCP6_SOLICITING);
    due(&d); /* nobody in the first second */
    r = reply(&d, DHCP6_ADVERTISE);
    dhcp6_on_reply(&d, &r, 13 * S, RANDOM);
    sent(&d, 13 * S, DHCP6_REQUEST);
}
END_TEST

START_TEST(test_advertisement_without_addresses_only_says_sol_max_rt)
{
    struct dhcp6 d = in_state(DHCP6_SOLICITING);
    struct dhcp6_reply r = reply(&d, DHCP6_ADVERTISE);

    r.status = DHCP6_NO_ADDRS;
    r.sol_max_rt_s = 60;
    dhcp6_on_reply(&d, &r, 10 * S, RANDOM);
    ck_assert(!d.offered);
    ck_assert_uint_eq(d.sol_max_rt_s, 60);
    r.sol_max_rt_s = 59; /* 21.24: out of bounds, so ignored */
    dhcp6_on_reply(&d, &r, 10 * S, RANDOM);
    ck_assert_uint_eq(d.sol_max_rt_s, 60);
}
END_TEST

START_TEST(test_rapid_commit)
{
    struct dhcp6 d = in_state(DHCP6_SOLICITING);
    struct dhcp6_reply r = reply(&d, DHCP6_REPLY);

    ck_assert_int_eq(dhcp6_on_reply(&d, &r, 10 * S, RANDOM), DHCP6_STRAY);
    r.rapid = true;
    ck_assert_int_eq(dhcp6_on_reply(&d, &r, 10 * S, RANDOM), DHCP6_ADDRS);
    ck_assert_int_eq(d.state, DHCP6_BOUND);
    ck_assert_uint_eq(d.naddrs, 2);
}
END_TEST

START_TEST(test_request_is_given_up_after_ten)
{
    struct dhcp6 d = in_state(DHCP6_REQUESTING);
    unsigned n = 0;

    for (; d.state == DHCP6_REQUESTING; n++) {
        sent(&d, d.next, DHCP6_REQUEST);
        ck_assert_uint_le(d.rt, 33 * S);
        due(&d);
    }
    ck_assert_uint_eq(n, DHCP6_REQ_TRIES);
    ck_assert_int_eq(d.state, DHCP6_SOLICITING);
}
END_TEST

START_TEST(test_renew_then_rebind_then_lost)
{
    struct dhcp6 d = in_state(DHCP6_BOUND);
    struct dhcp6_message m;
    enum dhcp6_event e = DHCP6_NOTHING;

    ck_assert_uint_eq(d.next, 600 * S);
    due(&d);
    m = sent(&d, 600 * S, DHCP6_RENEW);
    ck_assert_uint_eq(m.naddrs, 2);
    ck_assert_uint_eq(m.server.n, 4);
    while (d.state == DHCP6_RENEWING) {
        ck_assert_uint_le(d.next, 900 * S);
        due(&d);
    }
    m = sent(&d, 900 * S, DHCP6_REBIND);
    ck_assert_uint_eq(m.server.n, 0);
    ck_assert_uint_eq(m.naddrs, 2);
    while (e == DHCP6_NOTHING) {
        ck_assert_uint_le(d.next, 2100 * S);
        e = due(&d);
    }
    ck_assert_int_eq(e, DHCP6_LOST);
    ck_assert_int_eq(d.state, DHCP6_SOLICITING);
}
END_TEST

START_TEST(test_renewal_and_what_it_takes_away)
{
    for (int s = DHCP6_RENEWING; s <= DHCP6_REBINDING; s++) {
        struct dhcp6 d = in_state((enum dhcp6_state)s);
        struct dhcp6_reply r = reply(&d, DHCP6_REPLY);

        r.addr[1].valid_s = r.addr[1].preferred_s = 0;
        ck_assert_int_eq(dhcp6_on_reply(&d, &r, 1000 * S, RANDOM), DHCP6_ADDRS);
        ck_assert_int_eq(d.state, DHCP6_BOUND);
        ck_assert_uint_eq(d.naddrs, 1);
        ck_assert_uint_eq(d.addr[0].valid_until, 3000 * S);
        ck_assert_uint_eq(d.t1, 1500 * S);
    }
}
END_TEST

START_TEST(test_no_binding_requests_the_same_again)
{
    struct dhcp6 d = in_state(DHCP6_REBINDING);
    struct dhcp6_reply r = reply(&d, DHCP6_REPLY);
    struct dhcp6_message m;

    r.ia_status = DHCP6_NO_BINDING;
    r.naddrs = 0;
    r.server = server_b;
    ck_assert_int_eq(dhcp6_on_reply(&d, &r, 1000 * S, RANDOM), DHCP6_NOTHING);
    m = sent(&d, 1000 * S, DHCP6_REQUEST);
    ck_assert_uint_eq(m.naddrs, 2);
    ck_assert_mem_eq(m.server.p, server_b.b, 4);
}
END_TEST

START_TEST(test_confirm_after_the_link_came_back)
{
    struct dhcp6 d = in_state(DHCP6_CONFIRMING);
    struct dhcp6_message m = sent(&d, 200 * S, DHCP6_CONFIRM);
    struct dhcp6_reply r = reply(&d, DHCP6_REPLY);

    ck_assert_uint_eq(m.naddrs, 2);
    ck_assert_uint_eq(m.server.n, 0);
    r.naddrs = 0;
    r.has_ia = false;
    ck_assert_int_eq(dhcp6_on_reply(&d, &r, 201 * S, RANDOM), DHCP6_NOTHING);
    ck_assert_int_eq(d.state, DHCP6_BOUND);
    d = in_state(DHCP6_CONFIRMING);
    r.xid = d.xid;
    r.status = DHCP6_NOT_ON_LINK;
    ck_assert_int_eq(dhcp6_on_reply(&d, &r, 201 * S, RANDOM), DHCP6_LOST);
    d = in_state(DHCP6_CONFIRMING); /* 18.2.3: nobody answers: as before */
    while (d.state == DHCP6_CONFIRMING)
        ck_assert_int_eq(due(&d), DHCP6_NOTHING);
    ck_assert_int_eq(d.state, DHCP6_BOUND);
    ck_assert_uint_eq(d.naddrs, 2);
}
END_TEST

START_TEST(test_decline_names_the_address_and_keeps_the_other)
{
    struct dhcp6 d = in_state(DHCP6_DECLINING);
    struct dhcp6_message m = sent(&d, 101 * S, DHCP6_DECLINE);
    struct dhcp6_reply r = reply(&d, DHCP6_REPLY);
    unsigned n = 1;

    ck_assert_uint_eq(m.naddrs, 1);
    ck_assert(ipaddr_eq(&m.addr[0], &r.addr[0].addr));
    ck_assert_uint_eq(m.server.n, 4);
    while (d.state == DHCP6_DECLINING) {
        due(&d);
        n += d.send;
    }
    ck_assert_uint_eq(n, DHCP6_REL_TRIES);
    ck_assert_int_eq(d.state, DHCP6_BOUND);
    ck_assert_uint_eq(d.naddrs, 1);
    dhcp6_on_conflict(&d, &r.addr[1].addr, 300 * S, RANDOM);
    due(&d);
    r.xid = d.xid;
    dhcp6_on_reply(&d, &r, 301 * S, RANDOM);
    ck_assert_int_eq(d.state, DHCP6_SOLICITING);
    ck_assert_uint_eq(d.next, 301 * S + DHCP6_DECLINED_NS);
}
END_TEST

START_TEST(test_release_says_what_is_given_back)
{
    struct dhcp6 d = in_state(DHCP6_RENEWING);
    struct dhcp6_message m;

    ck_assert(dhcp6_release(&d, RANDOM));
    m = sent(&d, 601 * S, DHCP6_RELEASE);
    ck_assert_uint_eq(m.naddrs, 2);
    ck_assert_uint_eq(m.server.n, 4);
    ck_assert_uint_eq(dhcp6_deadline(&d), NS_NEVER);
    d = in_state(DHCP6_SOLICITING);
    ck_assert(!dhcp6_release(&d, RANDOM));
    ck_assert(!dhcp6_next(&d, 11 * S, &m));
}
END_TEST

START_TEST(test_information_is_refreshed)
{
    struct dhcp6 d = in_state(DHCP6_INFORMED);
    struct dhcp6_reply r;
    struct dhcp6_message m;

    ck_assert_uint_ge(d.next, (11 + DHCP6_REFRESH_S) * S);
    due(&d);
    m = sent(&d, d.started, DHCP6_INFORMATION);
    ck_assert(!m.has_ia && m.server.n == 0);
    r = reply(&d, DHCP6_REPLY);
    r.refresh_s = 1; /* 7.6: IRT_MINIMUM */
    dhcp6_on_reply(&d, &r, 100000 * S, RANDOM);
    ck_assert_uint_ge(d.next, (100000 + DHCP6_REFRESH_LEAST_S) * S);
    due(&d);
    r.xid = d.xid;
    r.refresh_s = UINT32_MAX;
    dhcp6_on_reply(&d, &r, 200000 * S, RANDOM);
    ck_assert_uint_eq(dhcp6_deadline(&d), NS_NEVER);
}
END_TEST

START_TEST(test_lies_are_strays)
{
    struct dhcp6 d = in_state(DHCP6_REQUESTING), before = d;
    struct dhcp6_reply r;

#define LIE(change)                                                            \
    do {                                                                       \
        r = reply(&d, DHCP6_REPLY);                                            \
        change;                                                                \
        ck_assert_int_eq(dhcp6_on_reply(&d, &r, 12 * S, RANDOM), DHCP6_STRAY); \
        ck_assert_mem_eq(&d, &before, sizeof(d));                              \
    } while (0)
    LIE(r.xid ^= 1);
    LIE(r.client.n = 0);
    LIE(r.client.b[9] ^= 1);
    LIE(r.server.n = 0);
    LIE(r.server = server_b);
    LIE(r.type = DHCP6_ADVERTISE);
    d = before = in_state(DHCP6_BOUND);
    LIE((void)0);
    d = before = in_state(DHCP6_INFORMED);
    LIE((void)0);
#undef LIE
}
END_TEST

START_TEST(test_times_that_are_left_to_us_or_absurd)
{
    struct dhcp6 d = in_state(DHCP6_REQUESTING);
    struct dhcp6_reply r = reply(&d, DHCP6_REPLY);

    r.t1_s = r.t2_s = 0;
    dhcp6_on_reply(&d, &r, 100 * S, RANDOM);
    ck_assert_uint_eq(d.t1, 600 * S); /* 14.2: 0.5 and 0.8 of preferred */
    ck_assert_uint_eq(d.t2, 900 * S);
    d = in_state(DHCP6_REQUESTING);
    r.xid = d.xid;
    r.t1_s = r.t2_s = 1;
    dhcp6_on_reply(&d, &r, 100 * S, RANDOM);
    ck_assert_uint_eq(d.t1, (100 + DHCP6_T1_LEAST_S) * S);
    d = in_state(DHCP6_REQUESTING);
    r.xid = d.xid;
    r.t1_s = r.t2_s = UINT32_MAX;
    for (unsigned i = 0; i < 2; i++)
        r.addr[i].valid_s = r.addr[i].preferred_s = UINT32_MAX;
    dhcp6_on_reply(&d, &r, 100 * S, RANDOM);
    ck_assert_uint_eq(dhcp6_deadline(&d), NS_NEVER);
}
END_TEST

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

START_TEST(test_managed_flag_brings_an_address)
{
    uint32_t xid;
    struct rig r;

    open_auto(&r);
    advertise(&r, 0);
    rig_wait(&r, 5 * S);
    ck_assert_uint_eq(next_dhcp6(&r, &xid), 0); /* no flag, no question */
    advertise(&r, 0x80);
    rig_wait(&r, S / 2);
    ck_assert_uint_eq(next_dhcp6(&r, &xid), DHCP6_SOLICIT);
    answer(&r, DHCP6_ADVERTISE, xid);
    rig_wait(&r, S);
    ck_assert_uint_eq(next_dhcp6(&r, &xid), DHCP6_REQUEST);
    answer(&r, DHCP6_REPLY, xid);
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
    advertise(&r, 0x80);
    rig_wait(&r, S / 2);
    ck_assert_uint_eq(next_dhcp6(&r, &xid), DHCP6_SOLICIT);
    answer(&r, DHCP6_ADVERTISE, xid);
    rig_wait(&r, S);
    ck_assert_uint_eq(next_dhcp6(&r, &xid), DHCP6_REQUEST);
    answer(&r, DHCP6_REPLY, xid);
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

RUN_TESTS("dhcp6", PANICS(), test_states_are_reached,
          test_section_15_retransmission,
          test_best_advertisement_of_the_first_second_is_taken,
          test_preference_255_and_late_ones_are_not_compared,
          test_advertisement_without_addresses_only_says_sol_max_rt,
          test_rapid_commit, test_request_is_given_up_after_ten,
          test_renew_then_rebind_then_lost, test_renewal_and_what_it_takes_away,
          test_no_binding_requests_the_same_again,
          test_confirm_after_the_link_came_back,
          test_decline_names_the_address_and_keeps_the_other,
          test_release_says_what_is_given_back, test_information_is_refreshed,
          test_lies_are_strays, test_times_that_are_left_to_us_or_absurd,
          test_reply_is_read, test_reply_that_contradicts_itself,
          test_managed_flag_brings_an_address, test_other_flag_brings_the_rest,
          test_duplicate_is_declined)
