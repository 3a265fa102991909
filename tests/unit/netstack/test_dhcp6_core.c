/* SPDX-License-Identifier: ISC */
/*
 * test_dhcp6_core.c - the machine of DHCPv6, by script on virtual time: until
 * there is an address.
 */
#include "../lib/suite.h"
#include "dhcp6_case.h"

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

RUN_TESTS("dhcp6 core", PANICS(), test_states_are_reached,
          test_section_15_retransmission,
          test_best_advertisement_of_the_first_second_is_taken,
          test_preference_255_and_late_ones_are_not_compared,
          test_advertisement_without_addresses_only_says_sol_max_rt,
          test_rapid_commit, test_request_is_given_up_after_ten,
          test_information_is_refreshed, test_lies_are_strays)
