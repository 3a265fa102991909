/* SPDX-License-Identifier: ISC */
/*
 * test_dns_cache.c - what is remembered of answers, and servers that know no
 * EDNS, change case or say nothing.
 */
#include "dns_rig.h"

START_TEST(test_answers_are_remembered_as_long_as_they_say)
{
    struct asked q[2];
    struct rig r;

    open_with(&r, 1);
    soa_ttl = 30;
    ask(&r, "a.b", q);
    answer(&r, &q[1], 0, 2);
    answer(&r, &q[0], 0, 0);
    rig_wait(&r, 29 * NS_PER_SEC);
    rig_forget(&r);
    ck_assert_int_eq(dns_resolve(r.net, "A.B.", on_answer, NULL), OK);
    rig_turn(&r);
    ck_assert_uint_eq(got.calls, 2);
    ck_assert_uint_eq(got.n, 2);
    ck_assert(!next_question(&r, &q[0]));
    ck_assert_uint_eq(r.net->count.dns_cache__hit, 1);
    ck_assert_uint_eq(r.net->count.dns_cache__negative, 1);
    rig_wait(&r, 2 * NS_PER_SEC); /* RFC 2308: the SOA's last field is less */
    ck_assert_int_eq(dns_resolve(r.net, "a.b", on_answer, NULL), OK);
    rig_turn(&r);
    ck_assert(next_question(&r, &q[0]) && !next_question(&r, &q[1]));
    ck_assert_uint_eq(q[0].type, DNS_AAAA);
    answer(&r, &q[0], 0, 0);
    rig_wait(&r, 30 * NS_PER_SEC);
    ask(&r, "a.b", q);
    rig_wait(&r, 60 * NS_PER_SEC);
    soa_ttl = 0;
    rig_close(&r);
}
END_TEST

START_TEST(test_ttl_has_bounds_and_nothing_is_remembered_without_soa)
{
    struct asked q[2];
    struct rig r;

    open_with(&r, 1);
    ttl = 0;
    ask(&r, "a.b", q);
    answer(&r, &q[1], 0, 1);
    answer(&r, &q[0], 0, 0);
    rig_wait(&r, (DNS_TTL_MIN_S - 1) * NS_PER_SEC);
    ck_assert_int_eq(dns_resolve(r.net, "a.b", on_answer, NULL), OK);
    rig_turn(&r);
    ck_assert(next_question(&r, &q[0]) && !next_question(&r, &q[1]));
    ck_assert_uint_eq(q[0].type, DNS_AAAA); /* RFC 2308 5: no SOA */
    rig_wait(&r, 60 * NS_PER_SEC);
    ttl = INT32_MAX;
    ask(&r, "a.b", q);
    answer(&r, &q[1], 0, 1);
    rig_wait(&r, (DNS_TTL_MAX_S + 1) * NS_PER_SEC);
    ttl = 60;
    rig_forget(&r);
    ask(&r, "a.b", q);
    rig_wait(&r, 60 * NS_PER_SEC);
    rig_close(&r);
}
END_TEST

START_TEST(test_full_cache_forgets_what_expires_first)
{
    struct asked q;
    char name[32];
    struct rig r;

    open_with(&r, 1);
    for (unsigned i = 0; i <= DNS_CACHE_MAX; i++) {
        ttl = i == 3 ? 50 : 100 + i;
        name_number(name, i);
        ck_assert_int_eq(dns_lookup(r.net, name, DNS_TYPE_A, on_records, NULL),
                         OK);
        rig_turn(&r);
        ck_assert(next_question(&r, &q));
        answer(&r, &q, 0, 1);
    }
    ttl = 60;
    ck_assert_uint_eq(r.net->count.dns_cache_evicted, 1);
    for (unsigned i = 0; i <= DNS_CACHE_MAX; i++) {
        if (i == 3)
            continue;
        name_number(name, i);
        ck_assert_int_eq(dns_lookup(r.net, name, DNS_TYPE_A, on_records, NULL),
                         OK);
        rig_turn(&r);
        ck_assert(!next_question(&r, &q));
    }
    name_number(name, 3);
    ck_assert_int_eq(dns_lookup(r.net, name, DNS_TYPE_A, on_records, NULL), OK);
    rig_turn(&r);
    ck_assert(next_question(&r, &q));
    rig_wait(&r, 60 * NS_PER_SEC);
    rig_close(&r);
}
END_TEST

START_TEST(test_edns_is_given_up_where_it_is_not_understood)
{
    struct asked q[2], again;
    struct rig r;

    open_with(&r, 1);
    ask(&r, "a.b", q);
    ck_assert(q[0].edns && q[1].edns);
    { /* RFC 6891 7: nothing but a header */
        uint8_t m[12] = {0};

        put_be16(m, q[0].id);
        put_be16(m + 2, 0x8181);
        reply(&r, &q[0], m, sizeof(m));
    }
    ck_assert(next_question(&r, &again));
    ck_assert(!again.edns && again.type == DNS_AAAA);
    ck_assert(again.id != q[0].id && again.port != q[0].port);
    answer(&r, &q[1], DNS_NOTIMP, 0);
    ck_assert(next_question(&r, &q[1]) && !q[1].edns);
    answer(&r, &q[1], 0, 1);
    answer(&r, &again, 0, 1);
    ck_assert_int_eq(got.err, OK);
    ask(&r, "c.d", q); /* remembered */
    ck_assert(!q[0].edns && !q[1].edns);
    answer(&r, &q[1], DNS_FORMERR, 0); /* now it is the server that cannot */
    ck_assert(next_question(&r, &again));
    rig_wait(&r, 60 * NS_PER_SEC);
    rig_close(&r);
}
END_TEST

START_TEST(test_last_round_is_without_edns)
{
    struct asked q;
    unsigned n = 0;
    struct rig r;

    open_with(&r, 1);
    ck_assert_int_eq(dns_lookup(r.net, "a.b", DNS_TYPE_TXT, on_records, NULL),
                     OK);
    rig_wait(&r, 60 * NS_PER_SEC);
    while (next_question(&r, &q))
        ck_assert(q.edns == (++n < DNS_ROUNDS));
    ck_assert_uint_eq(n, DNS_ROUNDS);
    rig_close(&r);
}
END_TEST

/* How many letters are large. */
static unsigned large(const struct asked *q)
{
    unsigned n = 0;

    for (size_t i = DNS_HDR_BYTES; i + 4 < q->n; i++)
        n += q->msg[i] >= 'A' && q->msg[i] <= 'Z';
    return n;
}

static bool next_syn(struct rig *r)
{
    const struct rig_frame *f;

    while ((f = rig_next(r)))
        if (f->b[23] == IPPROTO_TCP_ && be16(f->b + 36) == DNS_PORT)
            return true;
    return false;
}

START_TEST(test_case_is_random_and_must_come_back)
{
    const char *name = "abcdefghijklmnop.example";
    struct asked q, next;
    struct rig r;

    open_with(&r, 1);
    ck_assert_int_eq(dns_lookup(r.net, name, DNS_TYPE_A, on_records, NULL), OK);
    rig_turn(&r);
    ck_assert(next_question(&r, &q));
    ck_assert(large(&q) > 2 && large(&q) < 21);
    answer(&r, &q, 0, 1);
    ck_assert(r.net->dns.server[0].keeps_case);
    ck_assert_int_eq(
        dns_lookup(r.net, "qrstuvwxyz.example", DNS_TYPE_A, on_records, NULL),
        OK);
    rig_turn(&r);
    ck_assert(next_question(&r, &q));
    next = q;
    make_small(&q);
    answer(&r, &q, 0, 1); /* it has shown that it can: so this is a lie */
    ck_assert_uint_eq(r.net->count.dns_other_case, 1);
    ck_assert_uint_eq(records.calls, 1);
    ck_assert(!next_syn(&r));
    answer(&r, &next, 0, 1);
    ck_assert_uint_eq(records.calls, 2);
    rig_close(&r);
}
END_TEST

START_TEST(test_lies_about_case_lead_to_tcp)
{
    struct asked q;
    struct rig r;

    open_with(&r, 1);
    r.net->dns.server[0].keeps_case = true;
    ck_assert_int_eq(
        dns_lookup(r.net, "qrstuvwxyz.example", DNS_TYPE_A, on_records, NULL),
        OK);
    rig_turn(&r);
    ck_assert(next_question(&r, &q));
    make_small(&q);
    answer(&r, &q, 0, 1);
    rig_wait(&r, 1100 * NS_PER_MS);
    ck_assert(next_syn(&r));
    dns_cancel(r.net, NULL);
    rig_wait(&r, 10 * NS_PER_SEC);
    ck_assert_uint_eq(records.calls, 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_silent_server_is_asked_last)
{
    struct asked q[2];
    struct rig r;

    open_with(&r, 2);
    ask(&r, "a.b", q);
    rig_wait(&r, 1100 * NS_PER_MS);
    ck_assert(next_question(&r, &q[0]) && next_question(&r, &q[1]));
    ck_assert_uint_eq(q[0].server, SERVER2);
    answer(&r, &q[0], 0, 1);
    answer(&r, &q[1], 0, 1);
    ask(&r, "c.d", q); /* without a second's loss now */
    ck_assert_uint_eq(q[0].server, SERVER2);
    answer(&r, &q[0], 0, 1);
    answer(&r, &q[1], 0, 1);
    rig_wait(&r, DNS_SILENT_NS);
    ask(&r, "e.f", q); /* it gets another chance */
    ck_assert_uint_eq(q[0].server, SERVER1);
    answer(&r, &q[0], 0, 1);
    answer(&r, &q[1], 0, 1);
    ask(&r, "g.h", q);
    ck_assert_uint_eq(q[0].server, SERVER1);
    rig_wait(&r, 60 * NS_PER_SEC);
    rig_close(&r);
}
END_TEST

RUN_TESTS("dns cache", PANICS(),
          test_answers_are_remembered_as_long_as_they_say,
          test_ttl_has_bounds_and_nothing_is_remembered_without_soa,
          test_full_cache_forgets_what_expires_first,
          test_edns_is_given_up_where_it_is_not_understood,
          test_last_round_is_without_edns,
          test_case_is_random_and_must_come_back,
          test_lies_about_case_lead_to_tcp, test_silent_server_is_asked_last)
