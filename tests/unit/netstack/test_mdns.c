/* SPDX-License-Identifier: ISC */
/*
 * test_mdns.c - the responder for multicast DNS: whom it answers, with what and
 * how often; numbers are sections of RFC 6762.
 */
#include "../lib/suite.h"
#include "mdns_case.h"

START_TEST(test_it_answers_for_its_name)
{
    struct said s;
    struct dns_rr rr;

    open_known();
    ask("RIG.local", DNS_A);
    ck_assert(next4(&s) && s.multicast);
    ck_assert_uint_eq(count(&s, 0, DNS_A, &rr), 1);
    ck_assert_uint_eq(be32(s.msg.p + rr.data), OUR4);
    ck_assert_uint_eq(rr.class_, 0x8001);
    ck_assert_uint_eq(count(&s, 2, DNS_AAAA, NULL), 1);
    ask("2.0.0.10.in-addr.arpa", DNS_PTR);
    ck_assert(next4(&s));
    ck_assert_uint_eq(count(&s, 0, DNS_PTR, &rr), 1);
    ask("other.local", DNS_A);
    ask("rig.example", DNS_A);
    ask("rig", DNS_A);
    rig_wait(&r, NS_PER_SEC);
    ck_assert(!next_said(&s));
    rig_close(&r);
}
END_TEST

START_TEST(test_6_not_again_within_a_second)
{
    struct said s;

    open_known();
    ask("rig.local", DNS_A);
    ck_assert(next4(&s));
    for (unsigned i = 0; i < 9; i++) {
        rig_wait(&r, 100 * MS);
        ask("rig.local", DNS_A);
        ck_assert(!next4(&s));
    }
    rig_wait(&r, 100 * MS);
    ask("rig.local", DNS_A);
    ck_assert(next4(&s));
    rig_close(&r);
}
END_TEST

START_TEST(test_6_1_there_is_nothing_else)
{
    struct said s;
    struct dns_rr rr;
    static const uint8_t map[] = {0, 4, 0x40, 0, 0, 8};

    open_known();
    ask("rig.local", DNS_MX);
    ck_assert(next4(&s));
    ck_assert_uint_eq(count(&s, 0, DNS_NSEC, &rr), 1);
    ck_assert(owned_by(&rr, "rig.local"));
    ck_assert(memcmp(s.msg.p + rr.data + rr.n - 6, map, 6) == 0);
    ask("rig._http._tcp.local", DNS_A);
    ck_assert(next4(&s));
    ck_assert_uint_eq(count(&s, 0, DNS_NSEC, &rr), 1);
    ck_assert_uint_eq(s.msg.p[rr.data + rr.n - 1], 0x40); /* SRV */
    rig_close(&r);
}
END_TEST

START_TEST(test_7_1_known_answers_are_not_repeated)
{
    struct said s;

    open_known();
    begin(0);
    question("rig.local", DNS_A, false);
    record4(0, "rig.local", 60, OUR4);
    in();
    ck_assert(!next4(&s));
    begin(0); /* less than half of its time is left */
    question("rig.local", DNS_A, false);
    record4(0, "rig.local", 59, OUR4);
    in();
    ck_assert(next4(&s));
    rig_wait(&r, NS_PER_SEC);
    begin(0); /* another address */
    question("rig.local", DNS_A, false);
    record4(0, "rig.local", 120, OTHER4);
    in();
    ck_assert(next4(&s));
    rig_close(&r);
}
END_TEST

START_TEST(test_7_2_more_known_answers_follow)
{
    struct said s;

    open_known();
    begin(0x0200);
    question("rig.local", DNS_A, false);
    in();
    rig_wait(&r, 300 * MS);
    ck_assert(!next4(&s));
    begin(0);
    record4(0, "rig.local", 120, OUR4);
    in();
    rig_wait(&r, NS_PER_SEC);
    ck_assert(!next4(&s) || count(&s, 0, DNS_A, NULL) == 0);
    begin(0x0200);
    question("rig.local", DNS_A, false);
    in();
    rig_wait(&r, 510 * MS);
    ck_assert(next4(&s));
    rig_close(&r);
}
END_TEST

START_TEST(test_5_4_unicast_answer)
{
    struct said s;

    open_known();
    begin(0);
    question("rig.local", DNS_A, true);
    in();
    ck_assert(next4(&s)); /* nobody has heard it for long: both */
    ck_assert(next4(&s));
    rig_forget(&r);
    in();
    ck_assert(next4(&s));
    ck_assert(!s.multicast && s.port == MDNS_PORT);
    ck_assert_uint_eq(be16(s.msg.p + 4), 0);
    ck_assert_uint_eq(count(&s, 0, DNS_A, NULL), 1);
    ck_assert(!next4(&s));
    begin(0); /* 5.5: asked for by unicast */
    question("rig.local", DNS_A, false);
    in_from(PEER4, MDNS_PORT, OUR4);
    ck_assert(next4(&s) && !s.multicast);
    rig_close(&r);
}
END_TEST

START_TEST(test_6_7_plain_dns)
{
    struct said s;
    struct dns_rr rr;

    open_known();
    begin(0x0100);
    put_be16(m, 0x1234);
    question("rig.local", DNS_A, false);
    in_from(PEER4, 40000, GROUP4);
    ck_assert(next4(&s));
    ck_assert(!s.multicast && s.port == 40000);
    ck_assert_uint_eq(be16(s.msg.p), 0x1234);
    ck_assert_uint_eq(be16(s.msg.p + 4), 1);
    ck_assert_uint_eq(count(&s, 0, DNS_A, &rr), 1);
    ck_assert_uint_eq(rr.ttl, 10);
    ck_assert_uint_eq(rr.class_, 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_11_only_from_here)
{
    struct said s;

    open_known();
    begin(0);
    question("rig.local", DNS_A, true);
    in_from(IP(192, 0, 2, 1), MDNS_PORT, OUR4);
    in_from(IP(192, 0, 2, 1), 40000, OUR4);
    ck_assert(!next4(&s));
    ck_assert_uint_eq(drops(&r, mdns), 2);
    rig_close(&r);
}
END_TEST

START_TEST(test_services_rfc_6763)
{
    struct said s;
    struct dns_rr rr;

    open_known();
    ask("_services._dns-sd._udp.local", DNS_PTR);
    ck_assert(!next4(&s)); /* 6: others may have answers, too */
    rig_wait(&r, 130 * MS);
    ck_assert(next4(&s));
    ck_assert_uint_eq(count(&s, 0, DNS_PTR, &rr), 1);
    ck_assert_uint_eq(rr.ttl, 4500);
    ck_assert_uint_eq(rr.class_, 1); /* shared: nothing is flushed */
    ask("_http._tcp.local", DNS_PTR);
    rig_wait(&r, 130 * MS);
    ck_assert(next4(&s));
    ck_assert_uint_eq(count(&s, 0, DNS_PTR, &rr), 1);
    ck_assert_uint_eq(count(&s, 2, DNS_SRV, &rr), 1);
    ck_assert(owned_by(&rr, "rig._http._tcp.local"));
    ck_assert_uint_eq(be16(s.msg.p + rr.data + 4), 80);
    ck_assert_uint_eq(count(&s, 2, DNS_TXT, &rr), 1);
    ck_assert_uint_eq(rr.n, 7);
    ck_assert_uint_eq(count(&s, 2, DNS_A, NULL), 1);
    ask("rig._http._tcp.local", DNS_SRV);
    ck_assert(next4(&s));
    ck_assert_uint_eq(count(&s, 0, DNS_SRV, NULL), 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_services_are_bounded)
{
    open_raw();
    for (unsigned i = 0; i < MDNS_SERVICES_MAX; i++)
        ck_assert_int_eq(mdns_publish(r.net, "_x._tcp", 1, (struct span){0}),
                         OK);
    ck_assert_int_eq(mdns_publish(r.net, "_x._tcp", 1, (struct span){0}),
                     E_FULL);
    ck_assert_int_eq(mdns_publish(r.net, "", 1, (struct span){0}), E_INVAL);
    ck_assert_int_eq(mdns_publish(r.net, "_x._tcp", 0, (struct span){0}),
                     E_INVAL);
    ck_assert_int_eq(mdns_publish(r.net, "_x._tcp", 1, (struct span){m, 201}),
                     E_INVAL);
    rig_wait(&r, 5 * NS_PER_SEC); /* and all fits into a message */
    rig_close(&r);
}
END_TEST

START_TEST(test_nothing_without_being_told_to)
{
    struct said s;

    rig_open(&r, NULL);
    ck_assert_int_eq(mdns_publish(r.net, "_http._tcp", 80, (struct span){0}),
                     OK);
    begin(0);
    question("rig.local", DNS_A, true);
    in();
    in_from(PEER4, MDNS_PORT, OUR4);
    rig_wait(&r, 10 * NS_PER_SEC);
    ck_assert(!next_said(&s));
    ck_assert(!net_stop(r.net, r.now));
    r.pkts_in_use = r.pkts.in_use; /* what waits for an unknown neighbour */
    free(r.sent);
    free(r.memory);
}
END_TEST

START_TEST(test_floods_and_long_lists_are_bounded)
{
    struct said s;
    unsigned n = 0;

    open_known();
    begin(0);
    for (unsigned i = 0; i <= MDNS_QUESTIONS_MAX; i++)
        question("rig.local", DNS_A, true);
    in();
    ck_assert(!next4(&s));
    begin(0);
    question("rig.local", DNS_A, false);
    rig_wait(&r, 2 * NS_PER_SEC);
    for (unsigned i = 0; i < 3 * MDNS_MESSAGES_S; i++) {
        in_from(PEER4, 40000, GROUP4);
        while (next4(&s))
            n++;
        rig_forget(&r);
    }
    ck_assert_uint_eq(n, MDNS_MESSAGES_S);
    ck_assert_uint_eq(drops(&r, mdns), 2 * MDNS_MESSAGES_S);
    rig_close(&r);
}
END_TEST

RUN_TESTS("mdns", PANICS(), test_it_answers_for_its_name,
          test_6_not_again_within_a_second, test_6_1_there_is_nothing_else,
          test_7_1_known_answers_are_not_repeated,
          test_7_2_more_known_answers_follow, test_5_4_unicast_answer,
          test_6_7_plain_dns, test_11_only_from_here, test_services_rfc_6763,
          test_services_are_bounded, test_nothing_without_being_told_to,
          test_floods_and_long_lists_are_bounded)
