/* SPDX-License-Identifier: ISC */
/*
 * test_dhcp_core.c - the machine of DHCPv4, by script on virtual time: whom it
 * asks, and whom it believes.
 */
#include "../lib/suite.h"
#include "dhcp_case.h"

START_TEST(test_states_are_reached)
{
    for (int s = DHCP_INIT; s <= DHCP_REBINDING; s++)
        ck_assert_int_eq(in_state((enum dhcp_state)s).state, s);
}
END_TEST

START_TEST(test_discover_is_repeated_ever_more_slowly)
{
    struct dhcp d = in_state(DHCP_INIT);
    ns_t now = dhcp_deadline(&d), gap;
    struct dhcp_out out;

    for (unsigned i = 0; i < 8; i++) {
        ck_assert_int_eq(dhcp_on_time(&d, now, RANDOM * (i + 1)), DHCP_NOTHING);
        out = sent(&d, now, DHCP4_DISCOVER);
        ck_assert(out.msg.broadcast && out.src == 0 && out.dst == UINT32_MAX);
        gap = dhcp_deadline(&d) - now;
        ck_assert_uint_ge(gap, (i < 4 ? 4 * S << i : 64 * S) - S);
        ck_assert_uint_le(gap, (i < 4 ? 4 * S << i : 64 * S) + S);
        now = dhcp_deadline(&d);
    }
    ck_assert_uint_ge(out.msg.secs, 4);
}
END_TEST

START_TEST(test_request_names_the_offer_and_its_server)
{
    struct dhcp d = in_state(DHCP_REQUESTING);
    struct dhcp_out out = sent(&d, 10 * S, DHCP4_REQUEST);

    ck_assert_uint_eq(out.msg.requested, LEASED);
    ck_assert_uint_eq(out.msg.server, SERVER);
    ck_assert_uint_eq(out.msg.ciaddr, 0);
    ck_assert_uint_eq(out.dst, UINT32_MAX);
}
END_TEST

/* RFC 2131 4.4.1: so that relays send both to the same servers. */
START_TEST(test_request_says_the_secs_of_its_discover)
{
    struct dhcp d = in_state(DHCP_SELECTING);
    struct dhcp4_reply r = reply(&d, DHCP4_OFFER);
    struct dhcp_out out;

    sent(&d, 10 * S, DHCP4_DISCOVER);
    dhcp_on_time(&d, 15 * S, RANDOM);
    out = sent(&d, 15 * S, DHCP4_DISCOVER);
    ck_assert_uint_eq(out.msg.secs, 5);
    dhcp_on_reply(&d, &r, 18 * S, RANDOM);
    out = sent(&d, 18 * S, DHCP4_REQUEST);
    ck_assert_uint_eq(out.msg.secs, 5);
}
END_TEST

START_TEST(test_request_unanswered_starts_over)
{
    struct dhcp d = in_state(DHCP_REQUESTING);

    for (unsigned i = 1; i < DHCP_REQUEST_TRIES; i++) {
        sent(&d, d.next, DHCP4_REQUEST);
        dhcp_on_time(&d, d.next, RANDOM);
        ck_assert_int_eq(d.state, DHCP_REQUESTING);
    }
    sent(&d, d.next, DHCP4_REQUEST);
    dhcp_on_time(&d, d.next, RANDOM);
    ck_assert_int_eq(d.state, DHCP_INIT);
}
END_TEST

START_TEST(test_nak_loses_the_lease)
{
    static const enum dhcp_state states[] = {DHCP_REBOOTING, DHCP_RENEWING,
                                             DHCP_REBINDING};

    for (unsigned i = 0; i < ARRAY_LEN(states); i++) {
        struct dhcp d = in_state(states[i]);
        struct dhcp4_reply r = reply(&d, DHCP4_NAK);

        ck_assert_int_eq(dhcp_on_reply(&d, &r, 600 * S, RANDOM), DHCP_LOST);
        ck_assert_int_eq(d.state, DHCP_INIT);
        ck_assert_uint_ge(dhcp_deadline(&d), 601 * S);
    }
}
END_TEST

START_TEST(test_nak_of_another_server_is_ignored)
{
    struct dhcp d = in_state(DHCP_REQUESTING);
    struct dhcp4_reply r = reply(&d, DHCP4_NAK);

    r.server = UINT32_C(0x0a000042);
    ck_assert_int_eq(dhcp_on_reply(&d, &r, 10 * S, RANDOM), DHCP_STRAY);
    r.server = SERVER;
    ck_assert_int_eq(dhcp_on_reply(&d, &r, 10 * S, RANDOM), DHCP_NOTHING);
    ck_assert_int_eq(d.state, DHCP_INIT);
}
END_TEST

START_TEST(test_decline_when_the_address_is_taken)
{
    struct dhcp d = in_state(DHCP_CHECKING);
    struct dhcp_out out;

    dhcp_on_conflict(&d, 20 * S);
    out = sent(&d, 20 * S, DHCP4_DECLINE);
    ck_assert_uint_eq(out.msg.requested, LEASED);
    ck_assert_uint_eq(out.msg.server, SERVER);
    ck_assert_uint_eq(out.dst, UINT32_MAX);
    ck_assert_uint_eq(out.src, 0);
    ck_assert_uint_eq(dhcp_deadline(&d), 30 * S); /* RFC 2131 3.1, 5 */
    dhcp_on_time(&d, 30 * S, RANDOM);
    sent(&d, 30 * S, DHCP4_DISCOVER);
}
END_TEST

START_TEST(test_link_up_asks_for_the_same_address)
{
    struct dhcp d = in_state(DHCP_REBOOTING);
    struct dhcp_out out = sent(&d, 10 * S, DHCP4_REQUEST);
    struct dhcp4_reply r = reply(&d, DHCP4_ACK);

    ck_assert_uint_eq(out.msg.requested, LEASED);
    ck_assert_uint_eq(out.msg.server, 0); /* RFC 2131 4.3.2 */
    ck_assert_uint_eq(out.msg.ciaddr, 0);
    ck_assert_int_eq(dhcp_on_reply(&d, &r, 11 * S, RANDOM), DHCP_RENEWED);
    d = in_state(DHCP_REBOOTING); /* nobody answers: the lease still stands */
    for (unsigned i = 0; i < DHCP_REBOOT_TRIES; i++)
        ck_assert_int_eq(dhcp_on_time(&d, d.next, RANDOM), DHCP_NOTHING);
    ck_assert_int_eq(d.state, DHCP_BOUND);
    ck_assert_uint_eq(d.expires, 1010 * S);
}
END_TEST

/* Nothing that a lying server says is taken. */
START_TEST(test_lies_are_strays)
{
    struct dhcp d = in_state(DHCP_SELECTING), before = d;
    struct dhcp4_reply r;

#define LIE(change)                                                            \
    do {                                                                       \
        r = reply(&d, d.state == DHCP_SELECTING ? DHCP4_OFFER : DHCP4_ACK);    \
        change;                                                                \
        ck_assert_int_eq(dhcp_on_reply(&d, &r, 10 * S, RANDOM), DHCP_STRAY);   \
        ck_assert_mem_eq(&d, &before, sizeof(d));                              \
    } while (0)
    LIE(r.xid++);
    LIE(r.mac++);
    LIE(r.yiaddr = 0);
    LIE(r.yiaddr = UINT32_MAX);
    LIE(r.yiaddr = UINT32_C(0x7f000001));
    LIE(r.yiaddr = UINT32_C(0xe0000001));
    LIE(r.server = 0);
    LIE(r.type = DHCP4_ACK);
    LIE(r.type = 99);
    d = before = in_state(DHCP_REQUESTING);
    LIE(r.yiaddr++);
    LIE(r.server++);
    LIE(r.has_lease = false);
    d = before = in_state(DHCP_RENEWING);
    LIE(r.yiaddr++);
    LIE(r.type = DHCP4_OFFER);
    d = before = in_state(DHCP_BOUND);
    LIE((void)0);
#undef LIE
}
END_TEST

START_TEST(test_remembered_address_is_asked_for_once)
{
    struct dhcp_who again = who;
    struct dhcp4_reply r;
    struct dhcp_out out;
    struct dhcp d;

    again.last = LEASED;
    dhcp_start(&d, &again, 0, 0);
    dhcp_on_time(&d, S, RANDOM);
    ck_assert_int_eq(d.state, DHCP_REBOOTING);
    out = sent(&d, S, DHCP4_REQUEST); /* RFC 2131 4.3.2, INIT-REBOOT */
    ck_assert_uint_eq(out.msg.requested, LEASED);
    ck_assert_uint_eq(out.msg.server, 0);
    ck_assert_uint_eq(out.msg.ciaddr, 0);
    r = reply(&d, DHCP4_ACK);
    ck_assert_int_eq(dhcp_on_reply(&d, &r, S, RANDOM), DHCP_CHECK);

    dhcp_start(&d, &again, 0, 0); /* no server knows it */
    for (unsigned i = 0; i < 8 && d.state != DHCP_SELECTING; i++) {
        dhcp_on_time(&d, d.next, RANDOM);
        (void)dhcp_next(&d, d.next, &out);
    }
    ck_assert_int_eq(d.state, DHCP_SELECTING);
    ck_assert_uint_eq(out.msg.requested, LEASED); /* 4.4.1: a wish */

    dhcp_start(&d, &again, 0, 0); /* one says that it is wrong here */
    dhcp_on_time(&d, S, RANDOM);
    sent(&d, S, DHCP4_REQUEST);
    r = reply(&d, DHCP4_NAK);
    dhcp_on_reply(&d, &r, S, RANDOM);
    dhcp_on_time(&d, d.next, RANDOM);
    out = sent(&d, d.next, DHCP4_DISCOVER);
    ck_assert_uint_eq(out.msg.requested, 0);
}
END_TEST

START_TEST(test_rfc_6842_reply_to_another_client_is_ignored)
{
    struct dhcp d = in_state(DHCP_REQUESTING);
    struct dhcp4_reply r = reply(&d, DHCP4_ACK);

    r.nclient = sizeof(id);
    memcpy(r.client, id, sizeof(id));
    r.client[14] ^= 1;
    ck_assert_int_eq(dhcp_on_reply(&d, &r, 10 * S, RANDOM), DHCP_STRAY);
    r.client[14] ^= 1;
    r.nclient = 200;
    ck_assert_int_eq(dhcp_on_reply(&d, &r, 10 * S, RANDOM), DHCP_STRAY);
    r.nclient = sizeof(id);
    ck_assert_int_eq(dhcp_on_reply(&d, &r, 10 * S, RANDOM), DHCP_CHECK);
}
END_TEST

START_TEST(test_inform_is_asked_four_times)
{
    struct dhcp_who me = who;
    struct dhcp4_reply r;
    struct dhcp_out out;
    struct dhcp d;
    unsigned n = 0;

    me.last = LEASED;
    dhcp_inform(&d, &me, 0, RANDOM);
    while (dhcp_deadline(&d) != NS_NEVER) {
        ck_assert_int_eq(dhcp_on_time(&d, d.next, RANDOM), DHCP_NOTHING);
        if (dhcp_next(&d, d.next, &out)) {
            n++;
            ck_assert_uint_eq(out.msg.type, DHCP4_INFORM);
            ck_assert_uint_eq(out.msg.ciaddr, LEASED);
            ck_assert_uint_eq(out.src, LEASED);
            ck_assert(!out.msg.requested && !out.msg.broadcast);
        }
    }
    ck_assert_uint_eq(n, DHCP_INFORM_TRIES);
    dhcp_inform(&d, &me, 0, RANDOM);
    dhcp_on_time(&d, d.next, RANDOM);
    r = reply(&d, DHCP4_ACK);
    r.yiaddr = 0;
    r.has_lease = false;
    ck_assert_int_eq(dhcp_on_reply(&d, &r, S, RANDOM), DHCP_INFORMED);
    ck_assert_int_eq(dhcp_on_reply(&d, &r, S, RANDOM), DHCP_STRAY);
    ck_assert_uint_eq(dhcp_deadline(&d), NS_NEVER);
}
END_TEST

START_TEST(test_masks)
{
    ck_assert_uint_eq(dhcp_mask_bits(0xffffff00, LEASED), 24);
    ck_assert_uint_eq(dhcp_mask_bits(0xffffffff, LEASED), 32);
    ck_assert_uint_eq(dhcp_mask_bits(0xff00ff00, LEASED), 8); /* holes */
    ck_assert_uint_eq(dhcp_mask_bits(0, UINT32_C(0xac100001)), 16);
    ck_assert_uint_eq(dhcp_mask_bits(0, UINT32_C(0xc0a80001)), 24);
}
END_TEST

RUN_TESTS("dhcp core", PANICS(), test_states_are_reached,
          test_discover_is_repeated_ever_more_slowly,
          test_request_names_the_offer_and_its_server,
          test_request_says_the_secs_of_its_discover,
          test_request_unanswered_starts_over, test_nak_loses_the_lease,
          test_nak_of_another_server_is_ignored,
          test_decline_when_the_address_is_taken,
          test_link_up_asks_for_the_same_address, test_lies_are_strays,
          test_remembered_address_is_asked_for_once,
          test_rfc_6842_reply_to_another_client_is_ignored,
          test_inform_is_asked_four_times, test_masks)
