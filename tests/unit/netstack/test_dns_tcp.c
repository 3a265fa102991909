/* SPDX-License-Identifier: ISC */
/* The resolver falls back on TCP; the name server is another stack. */
#include "../lib/suite.h"
#include "pair.h"

#include <wire/dns.h>

static struct pair w;

static struct {
    unsigned calls, n;
    enum err err;
    size_t bytes;
    struct ipaddr addr;
} got;

static void on_records(enum err err, const struct dns_record *r, unsigned n,
                       void *user)
{
    (void)user;
    got.calls++;
    got.err = err;
    got.n = n;
    for (unsigned i = 0; i < n; i++)
        got.bytes += r[i].data.n;
    if (n)
        got.addr = r[0].addr;
}

/* What the server does. */
static struct {
    bool truncate, small;    /* by UDP: sets TC; changes the case */
    unsigned records, extra; /* of TCP's answer; bytes it lies about */
    bool split, silent, hang_up, other_id;
    unsigned udp, tcp;
} server;

static size_t respond(uint8_t *m, size_t n, bool tcp)
{
    unsigned records = tcp ? server.records : 1;
    bool text;

    put_be16(m + 2, 0x8180);
    put_be16(m + 10, 0);
    n -= be16(m + n - DNS_OPT_BYTES + 1) == DNS_OPT ? DNS_OPT_BYTES : 0;
    text = be16(m + n - 4) == DNS_TXT;
    for (size_t i = DNS_HDR_BYTES; server.small && i < n - 4; i++)
        if (m[i] >= 'A' && m[i] <= 'Z')
            m[i] |= 0x20;
    if (server.truncate && !tcp) {
        put_be16(m + 2, 0x8380);
        records = server.extra;
    }
    put_be16(m + 6, (uint16_t)records);
    for (unsigned i = 0; i < records; i++) {
        memcpy(m + n, "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2", 15);
        m[n + 15] = (uint8_t)(i + 1);
        n += 16;
        if (!text)
            continue;
        n -= 16;
        m[n + 3] = DNS_TXT;
        put_be16(m + n + 10, 101);
        m[n + 12] = 100;
        memset(m + n + 13, 'x', 100);
        n += 113;
    }
    return n;
}

static void on_question(const struct udp_dgram *d, void *user)
{
    struct udp_dgram out = *d;
    uint8_t m[8192];

    (void)user;
    server.udp++;
    memcpy(m, d->data.p, d->data.n);
    out.data = (struct span){m, respond(m, d->data.n, false)};
    ck_assert_int_eq(udp_send(w.b.net, &out), OK);
}

static uint8_t reply[8192];
static size_t reply_n, reply_at;
static struct stream *conn;

static void on_stream(struct stream *s, unsigned events, void *user)
{
    struct span in = stream_peek(s);

    (void)user;
    if (events & STREAM_CLOSED) {
        conn = NULL;
        stream_release(s);
        return;
    }
    if (in.n >= 2 && in.n == be16(in.p) + 2u) {
        server.tcp++;
        memcpy(reply + 2, in.p + 2, in.n - 2);
        reply_n = respond(reply + 2, in.n - 2, true) + 2;
        if (server.other_id)
            reply[2] ^= 1;
        put_be16(reply, (uint16_t)(reply_n - 2 + server.extra));
        reply_at = 0;
        stream_consume(s, in.n);
        if (server.hang_up)
            stream_shutdown(s);
    }
    if (events & STREAM_EOF)
        stream_shutdown(s);
}

static bool on_accept(struct stream *s, const struct endpoint *peer, void *user)
{
    (void)peer;
    (void)user;
    conn = s;
    s->on_event = on_stream;
    return true;
}

/* In one piece, or byte by byte. */
static void write_reply(struct pair *p)
{
    struct mspan room;
    size_t n = server.split ? 1 : reply_n - reply_at;

    (void)p;
    if (!conn || reply_at == reply_n || server.silent || server.hang_up)
        return;
    room = stream_reserve(conn);
    n = n < room.n ? n : room.n;
    memcpy(room.p, reply + reply_at, n);
    stream_commit(conn, n);
    reply_at += n;
}

static void open_with_tcp(bool tcp)
{
    uint16_t port = DNS_PORT;

    memset(&server, 0, sizeof(server));
    memset(&got, 0, sizeof(got));
    reply_n = reply_at = 0;
    conn = NULL;
    pair_open(&w);
    w.turn = write_reply;
    server.records = 1;
    ck_assert_int_eq(udp_bind(w.b.net, &port, on_question, NULL), OK);
    if (tcp)
        ck_assert_int_eq(tcp_listen(w.b.net, port, on_accept, NULL), OK);
}

static void ask(const char *name, enum dns_record_type type, ns_t patience)
{
    ck_assert_int_eq(dns_lookup(w.a.net, name, type, on_records, NULL), OK);
    pair_wait(&w, patience);
}

static void close_all(void)
{
    ck_assert(!dns_in_use(w.a.net));
    for (unsigned i = 0; i < DNS_TCP_MAX; i++)
        ck_assert_ptr_null(w.a.net->dns.tcp[i].s);
    pair_wait(&w, 5 * NS_PER_SEC);
    pair_close(&w);
}

START_TEST(test_truncated_answer_is_fetched_by_tcp)
{
    open_with_tcp(true);
    server.truncate = true;
    server.records = 4;
    ask("a.example", DNS_TYPE_A, NS_PER_SEC);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_uint_eq(got.n, 4);
    ck_assert_uint_eq(server.udp, 1);
    ck_assert_uint_eq(server.tcp, 1);
    ask("a.example", DNS_TYPE_A, NS_PER_MS); /* and remembered */
    ck_assert_uint_eq(got.calls, 2);
    ck_assert_uint_eq(server.udp, 1);
    close_all();
}
END_TEST

START_TEST(test_tcp_answer_byte_by_byte)
{
    open_with_tcp(true);
    server.truncate = server.split = true;
    server.records = 2;
    ask("a.example", DNS_TYPE_TXT, NS_PER_SEC);
    ck_assert_uint_eq(got.n, 2);
    ck_assert_uint_eq(got.bytes, 202);
    close_all();
}
END_TEST

START_TEST(test_long_tcp_answer_is_bounded)
{
    open_with_tcp(true);
    server.truncate = true;
    server.records = 60; /* 6780 bytes: more than a block */
    ask("a.example", DNS_TYPE_TXT, NS_PER_SEC);
    ck_assert_int_eq(got.err, OK);
    ck_assert_uint_eq(got.n, 4); /* what fits into 512 bytes */
    close_all();
}
END_TEST

START_TEST(test_truncated_answer_is_used_when_tcp_is_refused)
{
    open_with_tcp(false);
    server.truncate = true;
    server.extra = 2; /* records in it all the same */
    ask("a.example", DNS_TYPE_A, NS_PER_SEC);
    ck_assert_int_eq(got.err, OK);
    ck_assert_uint_eq(got.n, 2);
    ck_assert_uint_eq(server.udp, 1);
    close_all();
}
END_TEST

START_TEST(test_empty_truncated_answer_without_tcp_is_a_failure)
{
    open_with_tcp(false);
    server.truncate = true;
    ask("a.example", DNS_TYPE_A, 20 * NS_PER_SEC);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_int_eq(got.err, E_REFUSED);
    ck_assert_uint_eq(server.udp, DNS_ROUNDS);
    close_all();
}
END_TEST

START_TEST(test_tcp_that_falls_silent_is_given_up)
{
    open_with_tcp(true);
    server.truncate = server.silent = true;
    ask("a.example", DNS_TYPE_A, 4900 * NS_PER_MS);
    ck_assert_uint_eq(server.udp, 1);
    pair_wait(&w, NS_PER_SEC);
    ck_assert_uint_eq(server.udp, 2); /* the next round */
    dns_cancel(w.a.net, NULL);
    pair_wait(&w, NS_PER_SEC);
    ck_assert_uint_eq(got.calls, 0);
    close_all();
}
END_TEST

START_TEST(test_tcp_that_ends_early_or_lies)
{
    open_with_tcp(true);
    server.truncate = server.hang_up = true;
    ask("a.example", DNS_TYPE_A, 10 * NS_PER_SEC);
    ck_assert_int_eq(got.err, E_REFUSED);
    ck_assert_uint_eq(server.tcp, DNS_ROUNDS);
    server.hang_up = false;
    server.other_id = true;
    ask("a.example", DNS_TYPE_A, 10 * NS_PER_SEC);
    ck_assert_uint_eq(got.calls, 2);
    ck_assert_int_eq(got.err, E_REFUSED);
    close_all();
}
END_TEST

START_TEST(test_server_that_changes_case_is_asked_by_tcp_then_plainly)
{
    open_with_tcp(true);
    server.small = true;
    ask("abcdefghijkl.example", DNS_TYPE_A, NS_PER_SEC);
    ck_assert_int_eq(got.err, OK);
    ck_assert_uint_eq(server.udp, 1);
    ck_assert_uint_eq(server.tcp, 1);
    ck_assert(w.a.net->dns.server[0].no_case);
    ask("mnopqrst.example", DNS_TYPE_A, NS_PER_SEC);
    ck_assert_uint_eq(server.udp, 2);
    ck_assert_uint_eq(server.tcp, 1);
    ck_assert_uint_eq(got.calls, 2);
    close_all();
}
END_TEST

START_TEST(test_server_that_changes_case_and_has_no_tcp)
{
    open_with_tcp(false);
    server.small = true;
    ask("abcdefghijkl.example", DNS_TYPE_A, NS_PER_SEC);
    ck_assert_uint_eq(got.calls, 1);
    ck_assert_int_eq(got.err, OK);
    ck_assert_uint_eq(server.udp, 2);
    close_all();
}
END_TEST

START_TEST(test_tcp_exchanges_are_bounded)
{
    open_with_tcp(true);
    server.truncate = server.silent = true;
    for (unsigned i = 0; i < DNS_QUESTIONS_MAX; i++)
        ck_assert_int_eq(
            dns_lookup(w.a.net, "a.example", DNS_TYPE_A, on_records, NULL), OK);
    pair_wait(&w, NS_PER_SEC);
    ck_assert_uint_eq(server.tcp, DNS_TCP_MAX);
    pair_wait(&w, 60 * NS_PER_SEC);
    ck_assert_uint_eq(got.calls, DNS_QUESTIONS_MAX);
    close_all();
}
END_TEST

RUN_TESTS("dns_tcp", PANICS(), test_truncated_answer_is_fetched_by_tcp,
          test_tcp_answer_byte_by_byte, test_long_tcp_answer_is_bounded,
          test_truncated_answer_is_used_when_tcp_is_refused,
          test_empty_truncated_answer_without_tcp_is_a_failure,
          test_tcp_that_falls_silent_is_given_up,
          test_tcp_that_ends_early_or_lies,
          test_server_that_changes_case_is_asked_by_tcp_then_plainly,
          test_server_that_changes_case_and_has_no_tcp,
          test_tcp_exchanges_are_bounded)
