/* SPDX-License-Identifier: ISC */
/*
 * test_dhcp_lease.c - a lease of DHCPv4: its times, renewed, lost, given back.
 */
#include "../lib/suite.h"
#include "dhcp_case.h"

START_TEST(test_times_of_the_lease)
{
    struct dhcp d = in_state(DHCP_BOUND);

    /* A thirty-second part more or less: RFC 2131 4.4.5. */
    ck_assert_uint_ge(d.t1, 10 * S + 500 * S * 31 / 32);
    ck_assert_uint_le(d.t1, 10 * S + 500 * S * 33 / 32);
    ck_assert_uint_ge(d.t2, 10 * S + 875 * S * 31 / 32);
    ck_assert_uint_le(d.t2, 10 * S + 875 * S * 33 / 32);
    ck_assert_uint_eq(d.expires, 1010 * S);
    ck_assert_uint_eq(dhcp_deadline(&d), d.t1);
}
END_TEST

START_TEST(test_renewing_asks_the_server_alone)
{
    struct dhcp d = in_state(DHCP_RENEWING);
    struct dhcp_out out = sent(&d, d.t1, DHCP4_REQUEST);

    ck_assert_uint_eq(out.dst, SERVER);
    ck_assert_uint_eq(out.src, LEASED);
    ck_assert_uint_eq(out.msg.ciaddr, LEASED);
    ck_assert_uint_eq(out.msg.requested, 0); /* RFC 2131 4.3.6 */
    ck_assert_uint_eq(out.msg.server, 0);
    ck_assert(!out.msg.broadcast);
    /* Half of what is left until T2. */
    ck_assert_uint_eq(dhcp_deadline(&d), d.t1 + (d.t2 - d.t1) / 2);
}
END_TEST

START_TEST(test_rebinding_asks_everyone)
{
    struct dhcp d = in_state(DHCP_REBINDING);
    struct dhcp_out out = sent(&d, d.t2, DHCP4_REQUEST);

    ck_assert_uint_eq(out.dst, UINT32_MAX);
    ck_assert_uint_eq(out.msg.ciaddr, LEASED);
    ck_assert_uint_eq(out.src, LEASED);
}
END_TEST

START_TEST(test_renewal_starts_the_lease_anew)
{
    for (int s = DHCP_RENEWING; s <= DHCP_REBINDING; s++) {
        struct dhcp d = in_state((enum dhcp_state)s);
        ns_t asked = s == DHCP_RENEWING ? d.t1 : d.t2;
        struct dhcp4_reply r = reply(&d, DHCP4_ACK);

        ck_assert_int_eq(dhcp_on_reply(&d, &r, asked + 3 * S, RANDOM),
                         DHCP_RENEWED);
        ck_assert_int_eq(d.state, DHCP_BOUND);
        ck_assert_uint_eq(d.expires, asked + 1000 * S);
    }
}
END_TEST

START_TEST(test_lease_that_nobody_renews_is_lost)
{
    struct dhcp d = in_state(DHCP_BOUND);
    ns_t now = 0;
    enum dhcp_event e = DHCP_NOTHING;
    struct dhcp_out out;
    unsigned n = 0;

    while (e != DHCP_LOST) {
        ck_assert_uint_lt(n, 20);
        now = dhcp_deadline(&d);
        e = dhcp_on_time(&d, now, RANDOM);
        if (e == DHCP_NOTHING)
            ck_assert(dhcp_next(&d, now, &out)), n++;
    }
    ck_assert_uint_eq(now, d.expires ? d.expires : 1010 * S);
    ck_assert_int_eq(d.state, DHCP_INIT);
    ck_assert_uint_ge(n, 4);
}
END_TEST

START_TEST(test_machine_that_slept_past_t2_rebinds)
{
    struct dhcp d = in_state(DHCP_BOUND);

    ck_assert_int_eq(dhcp_on_time(&d, d.t2 + S, RANDOM), DHCP_NOTHING);
    ck_assert_int_eq(d.state, DHCP_REBINDING);
}
END_TEST

START_TEST(test_absurd_times_become_sane)
{
    static const struct {
        uint32_t lease, t1, t2;
    } bad[] = {{0, 0, 0},      {1, 1, 1},         {1000, 900, 100},
               {1000, 0, 900}, {1000, 100, 2000}, {UINT32_MAX - 1, 0, 0},
               {1000, 1000, 0}};

    for (unsigned i = 0; i < ARRAY_LEN(bad); i++) {
        struct dhcp d = in_state(DHCP_REQUESTING);
        struct dhcp4_reply r = reply(&d, DHCP4_ACK);

        r.lease_s = bad[i].lease;
        r.t1_s = bad[i].t1;
        r.t2_s = bad[i].t2;
        ck_assert_int_eq(dhcp_on_reply(&d, &r, 10 * S, RANDOM), DHCP_CHECK);
        ck_assert_uint_gt(d.t1, 10 * S);
        ck_assert_uint_gt(d.t2, d.t1);
        ck_assert_uint_gt(d.expires, d.t2);
    }
}
END_TEST

START_TEST(test_lease_for_ever)
{
    struct dhcp d = in_state(DHCP_REQUESTING);
    struct dhcp4_reply r = reply(&d, DHCP4_ACK);

    r.lease_s = UINT32_MAX;
    ck_assert_int_eq(dhcp_on_reply(&d, &r, 10 * S, RANDOM), DHCP_CHECK);
    dhcp_on_checked(&d);
    ck_assert_uint_eq(dhcp_deadline(&d), NS_NEVER);
}
END_TEST

START_TEST(test_release_goes_to_the_server_alone)
{
    for (int s = DHCP_INIT; s <= DHCP_REBINDING; s++) {
        struct dhcp d = in_state((enum dhcp_state)s);
        struct dhcp_out out;

        ck_assert_int_eq(dhcp_release(&d),
                         s >= DHCP_CHECKING || s == DHCP_REBOOTING);
        if (d.send) {
            out = sent(&d, 20 * S, DHCP4_RELEASE);
            ck_assert_uint_eq(out.msg.ciaddr, LEASED);
            ck_assert_uint_eq(out.msg.server, SERVER);
            ck_assert_uint_eq(out.dst, SERVER);
            ck_assert_uint_eq(out.msg.client.n, sizeof(id));
        }
        ck_assert_uint_eq(dhcp_deadline(&d), NS_NEVER);
    }
}
END_TEST

RUN_TESTS("dhcp lease", PANICS(), test_times_of_the_lease,
          test_renewing_asks_the_server_alone, test_rebinding_asks_everyone,
          test_renewal_starts_the_lease_anew,
          test_lease_that_nobody_renews_is_lost,
          test_machine_that_slept_past_t2_rebinds,
          test_absurd_times_become_sane, test_lease_for_ever,
          test_release_goes_to_the_server_alone)
