/* SPDX-License-Identifier: ISC */
/*
 * test_soak.c - 10,000 handshakes of every kind and ending: whole, resumed, of
 * TLS 1.2, refused, changed on their way, cut off in the middle, left by their
 * owner.  Afterwards all memory is as before.
 */
#include "../lib/suite.h"
#include "rig.h"

enum {
    HANDSHAKES = 10000,
    ROUND = 1000,
    CUTS = 24,
    ROUNDING = 1024 /* of what a client remembers, and blocks of the heap */
};

static struct {
    unsigned whole, resumed, refused, changed, cut, left;
} soak;

static void only_1_2(bool old)
{
    WOLFSSL_METHOD *m = rig.tls_client->client->method;

    m->version.minor = old ? TLSv1_2_MINOR : TLSv1_3_MINOR;
    m->downgrade = !old;
}

static void say_something(void)
{
    rig.client.n = rig.server.n = 0;
    stream_write(rig.client.s, SPAN("to the server"));
    stream_write(rig.server.s, SPAN("to the client"));
    rig_run();
    ck_assert_uint_eq(rig.client.n, 13);
    ck_assert_uint_eq(rig.server.n, 13);
}

/* By a host the client remembers how the last one ended. */
static void whole(const char *host)
{
    struct tls_info info;

    rig_connect(host, sizeof(rig.to_client));
    rig_run();
    rig_open();
    say_something();
    ck_assert(tls_info(rig.server.s, &info));
    soak.resumed += info.resumed;
    soak.whole += !info.resumed;
    stream_shutdown(rig.client.s);
    stream_shutdown(rig.server.s);
    rig_run();
}

static void refused(void)
{
    rig_connect("nobody.test", sizeof(rig.to_client));
    rig_run();
    ck_assert(!rig_both_open());
    soak.refused++;
}

/* After so many turns either owner leaves, or the transport ends. */
static void cut(unsigned turns, unsigned how)
{
    rig_connect(NULL, sizeof(rig.to_client));
    for (unsigned i = 0; i < turns; i++)
        loop_turn(&rig.loop, rig.now);
    if (how < 2) {
        stream_abort(pipe_stream(&rig.pipe, how));
        soak.cut++;
        return;
    }
    if (how == 2 && rig.client.s) {
        stream_release(rig.client.s);
        rig.client.s = NULL;
    } else if (rig.server.s) {
        stream_release(rig.server.s);
        rig.server.s = NULL;
    }
    soak.left++;
}

/* Something that is no record, in the midst of the server's. */
static void changed(unsigned turns)
{
    struct mspan room;

    rig_connect(NULL, sizeof(rig.to_client));
    for (unsigned i = 0; i < turns; i++)
        loop_turn(&rig.loop, rig.now);
    room = stream_reserve(pipe_stream(&rig.pipe, 1));
    if (room.n >= 8) {
        memset(room.p, 0x41, 8);
        stream_commit(pipe_stream(&rig.pipe, 1), 8);
    }
    rig_run();
    soak.changed++;
}

static void one(unsigned i)
{
    only_1_2(i % 16 >= 8);
    switch (i % 8) {
    case 0:
        whole(NULL);
        break;
    case 1:
    case 2:
        whole(i % 16 >= 8 ? "billet.test" : "localhost");
        break;
    case 3:
        refused();
        break;
    case 4:
        changed(i / 8 % 4);
        break;
    default:
        cut(i / 8 % CUTS, i % 4);
    }
    rig_run();
    rig_sleep(20 * NS_PER_SEC);
}

START_TEST(test_soak_10000_handshakes_and_memory_returns)
{
    struct crypto_mem *client, *server;
    size_t client_then = 0, server_start, high = 0;

    rig_start(NULL, NULL);
    client = &rig.tls_client->mem;
    server = &rig.tls_server->mem;
    server_start = server->heap.in_use;
    for (unsigned i = 0; i < HANDSHAKES; i++) {
        one(i);
        ck_assert_uint_eq(rig.tls_server->sessions.in_use, 0);
        ck_assert_uint_eq(rig.tls_client->sessions.in_use, 0);
        ck_assert_uint_eq(server->heap.in_use, server_start);
        if (i == ROUND) {
            high = server->heap.high_water;
            client_then = client->heap.in_use;
        }
    }
    ck_assert_uint_le(server->heap.high_water, high + ROUNDING);
    ck_assert_uint_le(client->heap.in_use, client_then + ROUNDING);
    ck_assert_uint_eq(soak.whole + soak.resumed, HANDSHAKES / 8 * 3);
    ck_assert_uint_gt(soak.resumed, HANDSHAKES / 5);
    ck_assert_uint_eq(soak.refused, HANDSHAKES / 8);
    ck_assert_uint_eq(soak.changed, HANDSHAKES / 8);
    ck_assert_uint_gt(soak.cut, 1000);
    ck_assert_uint_gt(soak.left, 1000);
}
END_TEST

RUN_TESTS("tls_soak", PANICS(), test_soak_10000_handshakes_and_memory_returns)
