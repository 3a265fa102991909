/* SPDX-License-Identifier: ISC */
/* The resolver: questions, servers, tries, what is believed, the cache. */
#include "../lib/suite.h"
#include "rig.h"

#include <wire/dns.h>

enum { S1 = 53, S2 = 54 };
#define SERVER1 IP(10, 0, 0, 53)
#define SERVER2 IP(10, 0, 0, 54)

static struct out o;

static struct {
    unsigned calls, n;
    enum err err;
    struct ipaddr addr[DNS_ADDRS_MAX];
} got;

static void on_answer(enum err err, const struct ipaddr *a, unsigned n,
                      void *user)
{
    (void)user;
    got.calls++;
    got.err = err;
    got.n = n;
    memcpy(got.addr, a, n * sizeof(*a));
}

static void open_with(struct rig *r, unsigned servers)
{
    struct netif_config c = rig_static();
    struct ipaddr s;

    c.ndns = servers;
    c.dns[0] = ip4_addr(SERVER1);
    c.dns[1] = ip4_addr(SERVER2);
    rig_open(r, &c);
    for (unsigned i = 0; i < servers; i++) {
        s = c.dns[i];
        rig_meet(r, &s, PEER_MAC);
    }
    memset(&got, 0, sizeof(got));
}

/* A question that was sent. */
struct asked {
    uint32_t server;
    uint16_t port, id, type;
    size_t n;
    uint8_t msg[512];
};

static bool next_question(struct rig *r, struct asked *q)
{
    const struct rig_frame *f;

    while ((f = rig_next(r)))
        if (be16(f->b + 12) == ETH_IP4 && be16(f->b + 36) == DNS_PORT) {
            ck_assert(frame_is_sound(f));
            q->server = be32(f->b + 30);
            q->port = be16(f->b + 34);
            q->n = f->n - 42;
            memcpy(q->msg, f->b + 42, q->n);
            q->id = be16(q->msg);
            q->type = be16(q->msg + q->n - 4);
            return true;
        }
    return false;
}

/* Answers with `n` addresses, or with an error code. */
static void answer(struct rig *r, const struct asked *q, uint8_t rcode,
                   unsigned n)
{
    uint8_t m[1024];
    size_t at = q->n;

    memcpy(m, q->msg, q->n);
    put_be16(m + 2, (uint16_t)(0x8180 | rcode));
    put_be16(m + 6, (uint16_t)n);
    for (unsigned i = 0; i < n; i++) {
        uint16_t len = q->type == DNS_A ? 4 : 16;

        put_be16(m + at, 0xc00c);
        put_be16(m + at + 2, q->type);
        put_be16(m + at + 4, 1);
        put_be32(m + at + 6, 60);
        put_be16(m + at + 10, len);
        memset(m + at + 12, 0, len);
        if (q->type == DNS_A)
            put_be32(m + at + 12, IP(192, 0, 2, 1 + i));
        else
            put_be32(m + at + 12, 0x20010db8);
        at += 12u + len;
    }
    o.n = 0;
    put_udp4(&o, q->server, DNS_PORT, OUR4, q->port, m, at);
    rig_in(r, &o);
}

static void ask(struct rig *r, const char *name, struct asked q[2])
{
    ck_assert_int_eq(dns_resolve(r->net, name, on_answer, NULL), OK);
    rig_turn(r);
    ck_assert(next_question(r, &q[0]) && next_question(r, &q[1]));
    ck_assert_uint_eq(q[0].type, DNS_AAAA);
    ck_assert_uint_eq(q[1].type, DNS_A);
}

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

START_TEST(test_truncated_answer_with_addresses_is_used)
{
    struct asked q[2], again;
    struct rig r;

    open_with(&r, 2);
    ask(&r, "a.b", q);
    q[1].msg[2] = 0;
    answer(&r, &q[0], 0, 0);
    { /* by hand: answer() clears the flag */
        uint8_t m[600];

        memcpy(m, q[1].msg, q[1].n);
        put_be16(m + 2, 0x8380);
        put_be16(m + 6, 9); /* says nine, has none */
        o.n = 0;
        put_udp4(&o, q[1].server, DNS_PORT, OUR4, q[1].port, m, q[1].n);
        rig_in(&r, &o);
    }
    ck_assert(next_question(&r, &again)); /* none in it: the next server */
    ck_assert_uint_eq(again.server, SERVER2);
    {
        uint8_t m[600];

        memcpy(m, again.msg, again.n);
        put_be16(m + 2, 0x8380);
        put_be16(m + 6, 9);
        memcpy(m + again.n, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1\xc0", 17);
        o.n = 0;
        put_udp4(&o, again.server, DNS_PORT, OUR4, again.port, m, again.n + 17);
        rig_in(&r, &o);
    }
    ck_assert_int_eq(got.err, OK);
    ck_assert_uint_eq(got.n, 1);
    rig_close(&r);
}
END_TEST

START_TEST(test_answers_are_remembered_as_long_as_they_say)
{
    struct asked q[2];
    struct rig r;

    open_with(&r, 1);
    ask(&r, "a.b", q);
    answer(&r, &q[1], 0, 2);
    answer(&r, &q[0], 0, 0);
    rig_wait(&r, 4 * NS_PER_SEC); /* no SOA: that there is no AAAA is known
                                   * for the shortest time only */
    rig_forget(&r);
    ck_assert_int_eq(dns_resolve(r.net, "A.B.", on_answer, NULL), OK);
    rig_turn(&r);
    ck_assert_uint_eq(got.calls, 2);
    ck_assert_uint_eq(got.n, 2);
    ck_assert(!next_question(&r, &q[0]));
    rig_wait(&r, 61 * NS_PER_SEC);
    ask(&r, "a.b", q);
    rig_wait(&r, 60 * NS_PER_SEC);
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
          test_truncated_answer_with_addresses_is_used,
          test_answers_are_remembered_as_long_as_they_say,
          test_questions_wait_for_a_server_to_be_learnt,
          test_without_any_server_it_ends, test_questions_are_bounded)
