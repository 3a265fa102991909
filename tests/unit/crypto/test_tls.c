/* SPDX-License-Identifier: ISC */
#include "../lib/suite.h"
#include "rig.h"

static void send_all(struct stream *s, const uint8_t *bytes, size_t n)
{
    size_t at = 0;

    for (int i = 0; at < n && i < 1000000; i++) {
        at += stream_write(s, (struct span){bytes + at, n - at});
        loop_turn(&rig.loop, rig.now);
    }
    ck_assert_uint_eq(at, n);
    rig_run();
}

static const uint8_t *pattern(size_t n)
{
    static uint8_t bytes[300000];

    ck_assert(n <= sizeof(bytes));
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(i * 7 >> 3 ^ i >> 11);
    return bytes;
}

static void both_ways(size_t n)
{
    const uint8_t *bytes = pattern(n);

    send_all(rig.client.s, bytes, n);
    ck_assert_uint_eq(rig.server.n, n);
    ck_assert(memcmp(rig.server.got, bytes, n) == 0);
    send_all(rig.server.s, bytes, n);
    ck_assert_uint_eq(rig.client.n, n);
    ck_assert(memcmp(rig.client.got, bytes, n) == 0);
}

/* A client of TLS 1.2. */
static void only_1_2(void)
{
    rig.tls_client->client->method->version.minor = TLSv1_2_MINOR;
    rig.tls_client->client->method->downgrade = 0;
}

START_TEST(test_tls_1_3_carries_data_both_ways_and_ends)
{
    struct tls_info info;

    rig_shake(NULL, NULL);
    rig_open();
    ck_assert(tls_info(rig.client.s, &info));
    ck_assert_str_eq(info.version, "TLSv1.3");
    ck_assert_str_eq(info.group, "X25519MLKEM768");
    ck_assert(info.peer.n > 100 && !info.resumed && !info.alpn);
    both_ways(300000);
    rig_end();
    ck_assert_uint_eq(rig.tls_server->count.handshakes, 1);
}
END_TEST

START_TEST(test_tls_1_2_carries_data_both_ways_and_ends)
{
    struct tls_info info;

    rig_start(NULL, NULL);
    only_1_2();
    rig_connect("localhost", sizeof(rig.to_client));
    rig_run();
    rig_open();
    ck_assert(tls_info(rig.server.s, &info));
    ck_assert_str_eq(info.version, "TLSv1.2");
    both_ways(100000);
    ck_assert(!tls_rekey(rig.client.s));
    rig_end();
}
END_TEST

START_TEST(test_tls_on_a_pipe_of_a_byte_at_a_time)
{
    for (size_t piece = 1; piece < 7; piece += 4) {
        rig_start(NULL, NULL);
        rig_connect("localhost", 7);
        pipe_pieces(&rig.pipe, piece);
        rig_run();
        rig_open();
        both_ways(40000);
        rig_end();
    }
}
END_TEST

START_TEST(test_tls_who_does_not_read_stops_who_writes)
{
    const uint8_t *bytes = pattern(300000);
    size_t sent = 0, n;

    rig_shake(NULL, NULL);
    rig.server.deaf = true;
    for (int i = 0; i < 100; i++) {
        while ((n = stream_write(rig.client.s,
                                 (struct span){bytes + sent, 300000 - sent})))
            sent += n;
        rig_run();
    }
    /* buffers of both sessions and of the pipe, no more */
    ck_assert_uint_gt(sent, 16384);
    ck_assert_uint_lt(sent, 100000);
    ck_assert_uint_lt(rig.tls_server->mem.heap.in_use, 64 << 10);
    rig.client.seen = 0;
    rig.server.deaf = false;
    rig.server.s->on_event(rig.server.s, 0, &rig.server);
    rig_run();
    ck_assert(rig.client.seen & STREAM_WRITABLE);
    ck_assert_uint_eq(rig.server.n, sent);
    ck_assert(memcmp(rig.server.got, bytes, sent) == 0);
    rig_end();
}
END_TEST

START_TEST(test_tls_half_closed_the_other_half_still_carries)
{
    rig_shake(NULL, NULL);
    stream_shutdown(rig.client.s);
    rig_run();
    ck_assert(rig.server.seen & STREAM_EOF);
    ck_assert(!(rig.server.seen & STREAM_CLOSED));
    send_all(rig.server.s, pattern(100000), 100000);
    ck_assert_uint_eq(rig.client.n, 100000);
    stream_shutdown(rig.server.s);
    rig_run();
    ck_assert(rig.client.seen & rig.server.seen & STREAM_CLOSED);
    ck_assert_int_eq(rig.client.error, OK);
    ck_assert_int_eq(rig.server.error, OK);
    rig_quiet();
}
END_TEST

START_TEST(test_tls_ended_below_without_close_notify_is_truncated)
{
    rig_shake(NULL, NULL);
    stream_write(rig.client.s, SPAN("half a message"));
    rig_run();
    stream_shutdown(pipe_stream(&rig.pipe, 0)); /* FIN, of nobody's will */
    rig_run();
    ck_assert(rig.server.seen & STREAM_CLOSED);
    ck_assert(!(rig.server.seen & STREAM_EOF));
    ck_assert_int_eq(rig.server.error, E_RESET);
    ck_assert_uint_eq(rig.tls_server->count.truncated, 1);
    ck_assert_ptr_nonnull(strstr(rig.server.failure, "close_notify"));
    rig_sleep(5 * NS_PER_SEC);
    ck_assert_uint_eq(rig.tls_server->sessions.in_use, 0);
}
END_TEST

/* Raw bytes instead of a client; what comes back is looked at. */
static void raw(const uint8_t *bytes, size_t n)
{
    rig_start(NULL, NULL);
    memset(&rig.server, 0, offsetof(struct side, got));
    pipe_init(&rig.pipe, &rig.loop,
              (struct mspan){rig.to_client, sizeof(rig.to_client)},
              (struct mspan){rig.to_server, sizeof(rig.to_server)});
    ck_assert_int_eq(
        tls_accept(rig.tls_server, pipe_stream(&rig.pipe, 1), &rig.server.s),
        OK);
    stream_write(pipe_stream(&rig.pipe, 0), (struct span){bytes, n});
    rig_run();
}

static void raw_end(void)
{
    stream_release(pipe_stream(&rig.pipe, 0));
    rig_run();
    rig_quiet();
}

/* What is no hello gets the alert that RFC 8446 has for it, in the clear. */
static const struct {
    const char *what;
    uint8_t bytes[16];
    size_t n;
    uint8_t alert; /* 0: any */
} malformed[] = {
    {"http", "GET / HTTP/1.1\r\n", 16, 0},
    {"data before the handshake", {23, 3, 3, 0, 2, 1, 1}, 7, 10},
    {"a record too long", {22, 3, 1, 0xff, 0xff, 1, 0, 0, 1}, 9, 22},
    {"an empty handshake record", {22, 3, 1, 0, 0}, 5, 0},
    {"a type that is none", {99, 3, 3, 0, 2, 1, 1}, 7, 10},
    {"a hello that lies about its length",
     {22, 3, 1, 0, 6, 1, 0, 0, 2, 3, 3},
     11,
     50},
    {"a server's hello", {22, 3, 1, 0, 6, 2, 0, 0, 2, 3, 3}, 11, 10},
    {"a finish", {22, 3, 1, 0, 6, 20, 0, 0, 2, 3, 3}, 11, 10},
};

static void malformed_gets_its_alert(int at)
{
    struct span out;

    raw(malformed[at].bytes, malformed[at].n);
    ck_assert_msg(rig.tls_server->count.failures == 1, "%s: not refused",
                  malformed[at].what);
    out = stream_peek(pipe_stream(&rig.pipe, 0));
    ck_assert_msg(out.n == 7 && out.p[0] == 21 && out.p[5] == 2,
                  "%s: no fatal alert (%zu bytes, alert %u)",
                  malformed[at].what, out.n, out.n > 6 ? out.p[6] : 0);
    ck_assert_msg(!malformed[at].alert || out.p[6] == malformed[at].alert,
                  "%s: alert %u", malformed[at].what, out.p[6]);
    raw_end();
}

START_TEST(test_tls_malformed_gets_its_alert)
{
    for (unsigned i = 0; i < ARRAY_LEN(malformed); i++)
        malformed_gets_its_alert((int)i);
}
END_TEST

START_TEST(test_tls_changed_record_kills_its_session_alone)
{
    struct span out;
    struct mspan in;

    rig_shake(NULL, NULL);
    rig.server.deaf = true;
    /* a record of nonsense in the place of the client's next */
    in = stream_reserve(pipe_stream(&rig.pipe, 0));
    ck_assert_uint_ge(in.n, 40);
    memset(in.p, 0x5a, 40);
    memcpy(in.p, (uint8_t[]){23, 3, 3, 0, 35}, 5);
    stream_commit(pipe_stream(&rig.pipe, 0), 40);
    rig_run();
    ck_assert(rig.server.seen & STREAM_CLOSED);
    ck_assert_int_eq(rig.server.error, E_PROTO);
    ck_assert_ptr_nonnull(strstr(rig.server.failure, "bad_record_mac"));
    ck_assert_ptr_nonnull(strstr(rig.client.failure, "bad_record_mac"));
    (void)out;
    rig_sleep(5 * NS_PER_SEC);
    rig_quiet();
    rig_connect("localhost", 16384);
    rig_run();
    rig_open();
    rig_end();
}
END_TEST

START_TEST(test_tls_silent_client_is_given_up)
{
    raw((const uint8_t *)"", 0);
    ck_assert_uint_eq(rig.tls_server->sessions.in_use, 1);
    rig_sleep(14 * NS_PER_SEC);
    ck_assert_uint_eq(rig.tls_server->count.timeouts, 0);
    rig_sleep(2 * NS_PER_SEC);
    ck_assert_uint_eq(rig.tls_server->count.timeouts, 1);
    rig_sleep(5 * NS_PER_SEC);
    raw_end();
}
END_TEST

/* One more than there is room for costs nothing, and is told so. */
START_TEST(test_tls_sessions_are_bounded)
{
    static struct pipe pipes[9];
    static uint8_t buffers[9][2][256];
    struct stream *s[9];
    size_t before;

    rig_start(NULL, NULL);
    for (int i = 0; i < 9; i++) {
        pipe_init(&pipes[i], &rig.loop, (struct mspan){buffers[i][0], 256},
                  (struct mspan){buffers[i][1], 256});
        before = rig.tls_server->mem.heap.in_use;
        ck_assert_int_eq(
            tls_accept(rig.tls_server, pipe_stream(&pipes[i], 1), &s[i]),
            i < 8 ? OK : E_FULL);
    }
    ck_assert_uint_eq(rig.tls_server->mem.heap.in_use, before);
    ck_assert_uint_eq(rig.tls_server->count.refused, 1);
    for (int i = 0; i < 9; i++) {
        if (i < 8)
            stream_release(s[i]);
        stream_release(pipe_stream(&pipes[i], 0));
    }
    rig_run();
    rig_quiet();
}
END_TEST

START_TEST(test_tls_idle_session_is_small)
{
    size_t before, idle;

    rig_start(NULL, NULL);
    before = rig.tls_server->mem.heap.in_use;
    rig_connect("localhost", 16384);
    rig_run();
    both_ways(300000);
    idle =
        rig.tls_server->mem.heap.in_use - before + sizeof(struct tls_session);
    ck_assert_msg(idle < 8 << 10, "%zu bytes idle", idle);
    ck_assert_msg(CONTAINER(rig.server.s, struct tls_session, stream)
                          ->account.high_water < 64 << 10,
                  "%zu at most",
                  CONTAINER(rig.server.s, struct tls_session, stream)
                      ->account.high_water);
    rig_end();
}
END_TEST

static void released_after(int turns)
{
    rig_start(NULL, NULL);
    rig_connect("localhost", 16384);
    for (int i = 0; i < turns; i++)
        loop_turn(&rig.loop, rig.now);
    if (rig.client.s) {
        rig.client.s->on_event = NULL;
        stream_release(rig.client.s);
        rig.client.s = NULL;
    }
    rig_run();
    rig_sleep(20 * NS_PER_SEC);
    rig_quiet();
}

START_TEST(test_tls_released_at_once_gives_all_back)
{
    for (int turns = 0; turns < 12; turns++)
        released_after(turns);
}
END_TEST

START_TEST(test_tls_aborted_ends_both)
{
    rig_shake(NULL, NULL);
    stream_abort(rig.client.s);
    rig_run();
    ck_assert(rig.client.seen & rig.server.seen & STREAM_CLOSED);
    ck_assert_int_ne(rig.server.error, OK);
    rig_quiet();
}
END_TEST

/* Every allocation fails once: a session may end, nothing else. */
START_TEST(test_tls_out_of_memory_ends_the_session_only)
{
    rig_start(NULL, NULL);
    for (size_t limit = 2000; limit < 40000; limit += 997) {
        memset(&rig.client, 0, offsetof(struct side, got));
        rig_connect("localhost", 16384);
        CONTAINER(rig.server.s, struct tls_session, stream)->account.limit =
            limit;
        rig_run();
        if (rig_both_open())
            break;
        rig_sleep(20 * NS_PER_SEC);
        rig_quiet();
    }
    rig_open();
    rig_end();
}
END_TEST

RUN_TESTS("tls", PANICS(), test_tls_1_3_carries_data_both_ways_and_ends,
          test_tls_1_2_carries_data_both_ways_and_ends,
          test_tls_on_a_pipe_of_a_byte_at_a_time,
          test_tls_who_does_not_read_stops_who_writes,
          test_tls_half_closed_the_other_half_still_carries,
          test_tls_ended_below_without_close_notify_is_truncated,
          test_tls_malformed_gets_its_alert,
          test_tls_changed_record_kills_its_session_alone,
          test_tls_silent_client_is_given_up, test_tls_sessions_are_bounded,
          test_tls_idle_session_is_small,
          test_tls_released_at_once_gives_all_back, test_tls_aborted_ends_both,
          test_tls_out_of_memory_ends_the_session_only)
