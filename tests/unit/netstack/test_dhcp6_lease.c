/* SPDX-License-Identifier: ISC */
/*
 * test_dhcp6_lease.c - addresses that DHCPv6 has brought: kept, confirmed,
 * declined, given back.
 */
#include "../lib/suite.h"
#include "dhcp6_case.h"

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

RUN_TESTS("dhcp6 lease", PANICS(), test_renew_then_rebind_then_lost,
          test_renewal_and_what_it_takes_away,
          test_no_binding_requests_the_same_again,
          test_confirm_after_the_link_came_back,
          test_decline_names_the_address_and_keeps_the_other,
          test_release_says_what_is_given_back,
          test_times_that_are_left_to_us_or_absurd)
