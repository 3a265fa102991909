/* SPDX-License-Identifier: ISC */
/*
 * test_dns_names.c - which names are asked for: the search list, special names,
 * reverse names, other types.
 */
#include "dns_rig.h"

/* Whether the question is for that name. */
static bool asks_for(const struct asked *q, const char *text)
{
    struct dns_name want, is;
    size_t at = DNS_HDR_BYTES;

    ck_assert(dns_name_from(&want, span_of(text)));
    return dns_name_read(&is, (struct span){q->msg, q->n}, &at) &&
           dns_name_eq(&is, &want);
}

static void expect(struct rig *r, const char *name, uint8_t rcode, unsigned n)
{
    struct asked q[2];

    for (unsigned i = 0; i < 2; i++) {
        ck_assert_msg(next_question(r, &q[i]), "%s", name);
        ck_assert_msg(asks_for(&q[i], name), "%s", name);
    }
    answer(r, &q[1], rcode, n);
    answer(r, &q[0], rcode, 0);
}

START_TEST(test_search_list)
{
    struct dns_name domain;
    struct rig r;

    open_with(&r, 1);
    ck_assert(dns_search_static(r.net, 0, SPAN("one.example,two.example")));
    ck_assert(dns_name_from(&domain, SPAN("late.example")));
    dns_search_learnt(r.net, 1, &domain, ORIGIN_DHCP, NS_NEVER);
    ck_assert_int_eq(dns_resolve(r.net, "www", on_answer, NULL), OK);
    rig_turn(&r);
    expect(&r, "www.one.example", DNS_NXDOMAIN, 0);
    expect(&r, "www.two.example", 0, 0);
    expect(&r, "www", 0, 1);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_int_eq(got.err, OK);
    /* With a dot, as it is first. */
    ck_assert_int_eq(dns_resolve(r.net, "a.b", on_answer, NULL), OK);
    rig_turn(&r);
    expect(&r, "a.b", DNS_NXDOMAIN, 0);
    expect(&r, "a.b.one.example", 0, 1);
    ck_assert_uint_eq(got.calls, 2);
    /* With one at its end, only as it is. */
    ck_assert_int_eq(dns_resolve(r.net, "host.", on_answer, NULL), OK);
    rig_turn(&r);
    expect(&r, "host", DNS_NXDOMAIN, 0);
    ck_assert_uint_eq(got.calls, 3);
    ck_assert_int_eq(got.err, E_NOENT);
    rig_close(&r);
}
END_TEST

START_TEST(test_search_list_is_bounded_and_expires)
{
    struct dns_search *s;
    struct dns_name domain;
    char name[32];
    struct rig r;

    open_with(&r, 1);
    s = &r.net->dns.search;
    for (unsigned i = 0; i < DNS_SEARCH_MAX + 3; i++) {
        name_number(name, i);
        ck_assert(dns_name_from(&domain, span_of(name)));
        dns_search_learnt(r.net, 1, &domain, ORIGIN_RA,
                          r.now + (i + 1) * NS_PER_SEC);
    }
    ck_assert_uint_eq(s->n, DNS_SEARCH_MAX);
    ck_assert_uint_eq(r.net->count.full__domains, 3);
    rig_wait(&r, 2500 * NS_PER_MS);
    ck_assert_uint_eq(s->n, DNS_SEARCH_MAX - 2);
    dns_search_clear(r.net, 1, ORIGIN_RA);
    ck_assert_uint_eq(s->n, 0);
    ck_assert(dns_search_static(r.net, 0, SPAN("none")));
    dns_search_learnt(r.net, 1, &domain, ORIGIN_DHCP, NS_NEVER);
    ck_assert_uint_eq(s->n, 0);
    ck_assert(!dns_search_static(NULL, 0, SPAN("a..b")));
    ck_assert(!dns_search_static(NULL, 0, SPAN("a,b,c,d,e,f,g")));
    ck_assert(!dns_search_static(NULL, 0, SPAN("")));
    rig_close(&r);
}
END_TEST

START_TEST(test_special_names_are_never_asked_for)
{
    static const char *const none[] = {"x.invalid", "x.onion"};
    static const char *const bad[] = {
        "10.0.0.256", "1.2.3", "7", "1.2.3.4.", "b\303\274cher.example",
        "a b",        "a\\b"};
    struct asked q;
    struct rig r;

    open_with(&r, 1);
    for (unsigned i = 0; i < ARRAY_LEN(none); i++) {
        ck_assert_int_eq(dns_resolve(r.net, none[i], on_answer, NULL), OK);
        rig_turn(&r);
        ck_assert_uint_eq(got.calls, i + 1);
        ck_assert_int_eq(got.err, E_NOENT);
    }
    ck_assert_int_eq(dns_resolve(r.net, "a.localhost.", on_answer, NULL), OK);
    rig_turn(&r);
    ck_assert_uint_eq(got.n, 2);
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_int_eq(dns_resolve(r.net, bad[i], on_answer, NULL), E_INVAL);
    ck_assert(!next_question(&r, &q));
    ck_assert_int_eq(
        dns_resolve(r.net, "xn--bcher-kva.example", on_answer, NULL), OK);
    rig_turn(&r);
    ck_assert(next_question(&r, &q));
    rig_wait(&r, 60 * NS_PER_SEC);
    rig_close(&r);
}
END_TEST

START_TEST(test_records_of_other_types)
{
    static const uint8_t mx[] = "\xc0\x0c\0\x0f\0\1\0\0\1\0\0\x9\0\x14"
                                "\4mail\xc0\x0c";
    static const uint8_t srv[] = "\xc0\x0c\0\x21\0\1\0\0\1\0\0\xd"
                                 "\0\1\0\2\x1f\x90\4host\xc0\x0c";
    static const uint8_t txt[] = "\xc0\x0c\0\x10\0\1\0\0\1\0\0\6"
                                 "\2v=\2 1";
    static const uint8_t ptr[] = "\xc0\x0c\0\x0c\0\1\0\0\1\0\0\6"
                                 "\3a.b\xc0\x0c";
    static const struct {
        enum dns_record_type type;
        struct span tail;
        const char *name;
    } cases[] = {{DNS_TYPE_MX, {mx, sizeof(mx) - 1}, "mail.x.example"},
                 {DNS_TYPE_SRV, {srv, sizeof(srv) - 1}, "host.x.example"},
                 {DNS_TYPE_TXT, {txt, sizeof(txt) - 1}, ""},
                 {DNS_TYPE_PTR, {ptr, sizeof(ptr) - 1}, "a\\.b.x.example"}};
    struct asked q;
    struct rig r;

    open_with(&r, 1);
    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t m[600];

        ck_assert_int_eq(
            dns_lookup(r.net, "x.example", cases[i].type, on_records, NULL),
            OK);
        rig_turn(&r);
        ck_assert(next_question(&r, &q));
        make_small(&q);
        r.net->dns.server[0].no_case = true;
        r.net->dns.slot[0].q.half[0].plain = true; /* for names to compare */
        memcpy(m, q.msg, q.n);
        put_be16(m + 2, 0x8180);
        put_be16(m + 6, 1);
        memcpy(m + q.n, cases[i].tail.p, cases[i].tail.n);
        reply(&r, &q, m, q.n + cases[i].tail.n);
        ck_assert_uint_eq(records.calls, i + 1);
        ck_assert_int_eq(records.err, OK);
        ck_assert_uint_eq(records.n, 1);
        ck_assert_uint_eq(records.r.type, cases[i].type);
        ck_assert_str_eq(records.name, cases[i].name);
        ck_assert_uint_eq(records.r.port, i == 1 ? 8080 : 0);
        ck_assert_uint_eq(records.r.priority, i == 0 ? 20 : i == 1);
        if (i == 2)
            ck_assert_uint_eq(records.data_n, 6);
    }
    rig_close(&r);
}
END_TEST

START_TEST(test_reverse_names)
{
    struct ipaddr a = rig_addr("192.0.2.17"), b = rig_addr("2001:db8::f1");
    char text[DNS_REVERSE_BYTES];

    dns_reverse(text, &a);
    ck_assert_str_eq(text, "17.2.0.192.in-addr.arpa");
    dns_reverse(text, &b);
    ck_assert_str_eq(text, "1.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0."
                           "8.b.d.0.1.0.0.2.ip6.arpa");
}
END_TEST

START_TEST(test_answers_for_other_names_are_not_used)
{
    struct asked q;
    uint8_t m[600];
    struct rig r;

    open_with(&r, 1);
    ck_assert_int_eq(dns_lookup(r.net, "a.b", DNS_TYPE_A, on_records, NULL),
                     OK);
    rig_turn(&r);
    ck_assert(next_question(&r, &q));
    memcpy(m, q.msg, q.n);
    put_be16(m + 2, 0x8180);
    put_be16(m + 6, 2); /* RFC 5452 6: out of what was asked for */
    memcpy(m + q.n,
           "\3www\4bank\0\0\1\0\1\0\0\1\0\0\4\12\0\0\1"
           "\xc0\x0c\0\1\0\1\0\0\1\0\0\4\12\0\0\2",
           40);
    reply(&r, &q, m, q.n + 40);
    ck_assert_uint_eq(records.n, 1);
    ck_assert_uint_eq(ip4_of(&records.r.addr), IP(10, 0, 0, 2));
    ck_assert_int_eq(
        dns_lookup(r.net, "www.bank", DNS_TYPE_A, on_records, NULL), OK);
    rig_turn(&r);
    ck_assert(next_question(&r, &q)); /* not remembered */
    rig_wait(&r, 60 * NS_PER_SEC);
    rig_close(&r);
}
END_TEST

START_TEST(test_cancelled_question_is_not_answered)
{
    struct asked q[2];
    int me;
    struct rig r;

    open_with(&r, 1);
    ck_assert_int_eq(dns_resolve(r.net, "a.b", on_answer, &me), OK);
    rig_turn(&r);
    ck_assert(next_question(&r, &q[0]));
    dns_cancel(r.net, &me);
    ck_assert(!net_in_use(r.net));
    answer(&r, &q[0], 0, 1);
    rig_wait(&r, 60 * NS_PER_SEC);
    ck_assert_uint_eq(got.calls, 0);
    rig_close(&r);
}
END_TEST

START_TEST(test_name_servers_are_bounded)
{
    struct rig r;

    open_with(&r, 0);
    for (unsigned i = 0; i < DNS_SERVERS_MAX + 2; i++) {
        struct ipaddr a = ip4_addr(SERVER1 + i);

        dns_server_learnt(r.net, 1, &a, ORIGIN_RA, NS_NEVER);
    }
    ck_assert_uint_eq(r.net->dns.nservers, DNS_SERVERS_MAX);
    ck_assert_uint_eq(r.net->count.full__name_servers, 2);
    rig_close(&r);
}
END_TEST

RUN_TESTS("dns names", PANICS(), test_search_list,
          test_search_list_is_bounded_and_expires,
          test_special_names_are_never_asked_for, test_records_of_other_types,
          test_reverse_names, test_answers_for_other_names_are_not_used,
          test_cancelled_question_is_not_answered,
          test_name_servers_are_bounded)
