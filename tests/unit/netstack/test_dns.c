/* SPDX-License-Identifier: ISC */
/* The resolver: questions, servers, tries, what is believed. */
#include "dns_rig.h"

START_TEST(test_both_families_are_asked_and_sorted)
{
    struct asked q[2];
    struct rig r;

    open_with(&r, 1);
    ask(&r, "www.example.com", q);
    ck_assert(q[0].id != q[1].id && q[0].port != q[1].port);
    answer(&r, &q[0], 0, 1);
    ck_assert_uint_eq(got.calls, 0);
    answer(&r, &q[1], 0, 2);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_int_eq(got.err, OK);
    ck_assert_uint_eq(got.n, 3);
    /* There is no way to IPv6 hosts here, so IPv4 comes first. */
    ck_assert(ipaddr_is_v4(&got.addr[0]) && ipaddr_is_v4(&got.addr[1]));
    ck_assert(!ipaddr_is_v4(&got.addr[2]));
    ck_assert(!net_in_use(r.net));
    rig_close(&r);
}
END_TEST

START_TEST(test_text_and_localhost_need_no_server)
{
    struct rig r;

    open_with(&r, 0);
    ck_assert_int_eq(dns_resolve(r.net, "192.0.2.7", on_answer, NULL), OK);
    ck_assert_uint_eq(got.calls, 0); /* never from inside the call */
    rig_turn(&r);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_uint_eq(ip4_of(&got.addr[0]), IP(192, 0, 2, 7));
    ck_assert_int_eq(dns_resolve(r.net, "2001:db8::1", on_answer, NULL), OK);
    rig_turn(&r);
    ck_assert_uint_eq(got.n, 1);
    ck_assert_int_eq(dns_resolve(r.net, "LOCALHOST", on_answer, NULL), OK);
    rig_turn(&r);
    ck_assert_uint_eq(got.n, 2);
    ck_assert_int_eq(dns_resolve(r.net, "not..a.name", on_answer, NULL),
                     E_INVAL);
    rig_close(&r);
}
END_TEST

START_TEST(test_silence_is_asked_again_over_all_servers)
{
    struct asked q;
    unsigned n[2] = {0, 0};
    ns_t began;
    struct rig r;

    open_with(&r, 2);
    ck_assert_int_eq(dns_resolve(r.net, "a.b", on_answer, NULL), OK);
    began = r.now;
    rig_wait(&r, 60 * NS_PER_SEC);
    while (next_question(&r, &q))
        n[q.server == SERVER2]++;
    ck_assert_uint_eq(n[0], DNS_ROUNDS * 2); /* two families each */
    ck_assert_uint_eq(n[1], DNS_ROUNDS * 2);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_int_eq(got.err, E_TIMEOUT);
    ck_assert_uint_gt(r.now, began);
    rig_close(&r);
}
END_TEST

START_TEST(test_failure_of_a_server_asks_the_next_at_once)
{
    struct asked q[2], again;
    struct rig r;

    open_with(&r, 2);
    ask(&r, "a.b", q);
    ck_assert_uint_eq(q[1].server, SERVER1);
    answer(&r, &q[1], DNS_SERVFAIL, 0);
    ck_assert(next_question(&r, &again));
    ck_assert_uint_eq(again.server, SERVER2);
    ck_assert_uint_eq(again.type, DNS_A);
    answer(&r, &again, 0, 1);
    answer(&r, &q[0], 0, 0);
    ck_assert_int_eq(got.err, OK);
    ck_assert_uint_eq(got.n, 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_refusal_of_all_servers_is_told)
{
    struct asked q;
    struct rig r;

    open_with(&r, 1);
    ck_assert_int_eq(dns_resolve(r.net, "a.b", on_answer, NULL), OK);
    rig_turn(&r);
    for (unsigned i = 0; next_question(&r, &q); i++) {
        ck_assert_uint_lt(i, 2 * DNS_ROUNDS);
        answer(&r, &q, 5, 0);
    }
    ck_assert_int_eq(got.err, E_REFUSED);
    rig_close(&r);
}
END_TEST

START_TEST(test_question_before_the_address_is_there)
{
    struct netif_config c = rig_static();
    struct asked q;
    struct rig r;

    c.ndns = 1;
    c.dns[0] = ip4_addr(SERVER1);
    rig_open_raw(&r, &c);
    rig_meet(&r, &c.dns[0], PEER_MAC);
    ck_assert_int_eq(dns_resolve(r.net, "a.b", on_answer, NULL), OK);
    rig_wait(&r, 50 * NS_PER_MS);
    ck_assert(!next_question(&r, &q));
    rig_wait(&r, 300 * NS_PER_MS);
    ck_assert(next_question(&r, &q));
    rig_wait(&r, 60 * NS_PER_SEC);
    rig_close(&r);
}
END_TEST

START_TEST(test_one_family_does_not_wait_long_for_the_other)
{
    struct asked q[2];
    struct rig r;

    open_with(&r, 1);
    ask(&r, "a.b", q);
    answer(&r, &q[1], 0, 1);
    ck_assert_uint_eq(got.calls, 0);
    rig_wait(&r, 510 * NS_PER_MS);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_int_eq(got.err, OK);
    rig_close(&r);
}
END_TEST

START_TEST(test_no_such_name)
{
    struct asked q[2];
    struct rig r;

    open_with(&r, 1);
    ask(&r, "a.b", q);
    answer(&r, &q[0], DNS_NXDOMAIN, 0);
    answer(&r, &q[1], DNS_NXDOMAIN, 0);
    ck_assert_int_eq(got.err, E_NOENT);
    ck_assert_uint_eq(got.n, 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_forged_answers_are_not_believed)
{
    struct asked q[2], lie;
    struct rig r;

    open_with(&r, 1);
    ask(&r, "a.b", q);
    lie = q[1];
    lie.msg[0] ^= 1; /* id */
    answer(&r, &lie, 0, 1);
    lie = q[1];
    lie.msg[13] ^= 1; /* question */
    answer(&r, &lie, 0, 1);
    lie = q[1];
    lie.port = q[0].port; /* the other one's port */
    answer(&r, &lie, 0, 1);
    lie = q[1];
    lie.server = PEER4; /* nobody we asked */
    answer(&r, &lie, 0, 1);
    lie = q[1];
    memcpy(lie.msg + lie.n - 4, "\0\34", 2); /* type */
    answer(&r, &lie, 0, 1);
    ck_assert_uint_eq(drops(&r, dns), 5);
    ck_assert_uint_eq(got.calls, 0);
    answer(&r, &q[1], 0, 1);
    answer(&r, &q[0], 0, 0);
    ck_assert_int_eq(got.err, OK);
    answer(&r, &q[1], 0, 1); /* the port is closed now */
    ck_assert_uint_eq(drops(&r, udp_no_port), 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_questions_wait_for_a_server_to_be_learnt)
{
    struct ipaddr s = ip4_addr(SERVER1);
    struct asked q;
    struct rig r;

    open_with(&r, 0);
    ck_assert_int_eq(dns_resolve(r.net, "a.b", on_answer, NULL), OK);
    rig_wait(&r, 5 * NS_PER_SEC);
    ck_assert(!next_question(&r, &q));
    rig_meet(&r, &s, PEER_MAC);
    dns_server_learnt(r.net, 1, &s, ORIGIN_DHCP, NS_NEVER);
    rig_wait(&r, NS_PER_MS);
    ck_assert(next_question(&r, &q));
    rig_wait(&r, 60 * NS_PER_SEC);
    ck_assert_uint_eq(got.calls, 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_without_any_server_it_ends)
{
    struct rig r;

    open_with(&r, 0);
    ck_assert_int_eq(dns_resolve(r.net, "a.b", on_answer, NULL), OK);
    rig_wait(&r, 21 * NS_PER_SEC);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_int_eq(got.err, E_TIMEOUT);
    rig_close(&r);
}
END_TEST

START_TEST(test_questions_are_bounded)
{
    struct rig r;

    open_with(&r, 1);
    for (unsigned i = 0; i < DNS_QUESTIONS_MAX; i++)
        ck_assert_int_eq(dns_resolve(r.net, "a.b", on_answer, NULL), OK);
    ck_assert_int_eq(dns_resolve(r.net, "a.b", on_answer, NULL), E_FULL);
    ck_assert_uint_eq(r.net->count.full__questions, 1);
    ck_assert(net_in_use(r.net));
    rig_wait(&r, 60 * NS_PER_SEC);
    ck_assert_uint_eq(got.calls, DNS_QUESTIONS_MAX);
    rig_close(&r);
}
END_TEST

RUN_TESTS("dns", PANICS(), test_both_families_are_asked_and_sorted,
          test_text_and_localhost_need_no_server,
          test_silence_is_asked_again_over_all_servers,
          test_failure_of_a_server_asks_the_next_at_once,
          test_refusal_of_all_servers_is_told,
          test_question_before_the_address_is_there,
          test_one_family_does_not_wait_long_for_the_other, test_no_such_name,
          test_forged_answers_are_not_believed,
          test_questions_wait_for_a_server_to_be_learnt,
          test_without_any_server_it_ends, test_questions_are_bounded)
