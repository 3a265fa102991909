/* SPDX-License-Identifier: ISC */
#include "rig.h"

#include <stdio.h>

struct rig rig;

struct span rig_file(const char *name)
{
    char path[512];
    static uint8_t files[32 << 16]; /* for a test, which is a process */
    static unsigned nfiles;
    uint8_t *bytes = files + (nfiles++ % 32 << 16);
    size_t n;
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", CERTS, name);
    file = fopen(path, "rb");
    ck_assert_msg(file, "no %s", path);
    n = fread(bytes, 1, 1 << 16, file);
    fclose(file);
    return (struct span){bytes, n};
}

struct tls_identity rig_identity(const char *name)
{
    char file[64];
    struct tls_identity id;

    snprintf(file, sizeof(file), "%s.crt", name);
    id.chain = rig_file(file);
    snprintf(file, sizeof(file), "%s.key", name);
    id.key = rig_file(file);
    return id;
}

struct tls_config rig_client(void)
{
    return (struct tls_config){.trust = rig_file("ca.crt"), .sessions = 8};
}

struct tls_config rig_server(void)
{
    return (struct tls_config){.identity = {rig_identity("server-p256")},
                               .nidentities = 1,
                               .sessions = 8};
}

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct side *side = user;
    struct span in;

    side->seen |= events;
    while (!side->deaf && (in = stream_peek(s)).n > 0) {
        ck_assert(side->n + in.n <= sizeof(side->got));
        memcpy(side->got + side->n, in.p, in.n);
        side->n += in.n;
        stream_consume(s, in.n);
    }
    if (!(events & STREAM_CLOSED))
        return;
    side->error = s->error;
    strcpy(side->failure, tls_failure(s));
    if (!side->keep) {
        side->s = NULL;
        stream_release(s);
    }
}

void rig_start(const struct tls_config *client, const struct tls_config *server)
{
    struct tls_config c = rig_client(), s = rig_server();
    const char *why;

    memset(&rig, 0, offsetof(struct rig, memory));
    arena_init(&rig.arena, (struct mspan){rig.memory, sizeof(rig.memory)});
    loop_init(&rig.loop, 0);
    rig.env.loop = &rig.loop;
    rig.env.arena = &rig.arena;
    rig.env.clock = &rig.clock;
    clock_set(&rig.clock, WALL_S * NS_PER_SEC, 0);
    rig.tls_client = tls_new(&rig.env, client ? client : &c, &why);
    ck_assert_msg(rig.tls_client != NULL, "client: %s (%.900s)", why,
                  client && client->nidentities
                      ? (const char *)client->identity[0].chain.p
                      : "");
    rig.tls_server = tls_new(&rig.env, server ? server : &s, &why);
    ck_assert_msg(rig.tls_server != NULL, "server: %s", why);
}

static void listen_to(struct side *side)
{
    memset(side, 0, offsetof(struct side, got));
}

void rig_connect(const char *host, size_t room)
{
    listen_to(&rig.client);
    listen_to(&rig.server);
    pipe_init(&rig.pipe, &rig.loop, (struct mspan){rig.to_client, room},
              (struct mspan){rig.to_server, room});
    ck_assert_int_eq(tls_connect(rig.tls_client, pipe_stream(&rig.pipe, 0),
                                 host, &rig.client.s),
                     OK);
    ck_assert_int_eq(
        tls_accept(rig.tls_server, pipe_stream(&rig.pipe, 1), &rig.server.s),
        OK);
    rig.client.s->on_event = rig.server.s->on_event = on_event;
    rig.client.s->user = &rig.client;
    rig.server.s->user = &rig.server;
}

void rig_run(void)
{
    for (int i = 0; i < 100000; i++)
        if (!loop_turn(&rig.loop, rig.now))
            return;
    ck_abort_msg("the loop never rests");
}

void rig_sleep(ns_t by)
{
    rig.now += by;
    rig_run();
}

void rig_shake(const struct tls_config *client, const struct tls_config *server)
{
    rig_start(client, server);
    rig_connect("localhost", sizeof(rig.to_client));
    rig_run();
}

bool rig_both_open(void)
{
    return rig.client.seen & rig.server.seen & STREAM_OPEN;
}

void rig_open(void)
{
    ck_assert_msg(rig_both_open(), "client: %s, %x; server: %s, %x",
                  rig.client.failure, rig.client.seen, rig.server.failure,
                  rig.server.seen);
}

void rig_quiet(void)
{
    ck_assert_uint_eq(rig.tls_client->sessions.in_use, 0);
    ck_assert_uint_eq(rig.tls_server->sessions.in_use, 0);
    ck_assert_uint_eq(rig.tls_client->mem.heap.in_use,
                      rig.tls_client->mem.common.in_use);
    ck_assert_uint_eq(rig.tls_server->mem.heap.in_use,
                      rig.tls_server->mem.common.in_use);
}

void rig_end(void)
{
    stream_shutdown(rig.client.s);
    stream_shutdown(rig.server.s);
    rig_run();
    ck_assert(rig.client.seen & rig.server.seen & STREAM_CLOSED);
    ck_assert_int_eq(rig.client.error, OK);
    ck_assert_int_eq(rig.server.error, OK);
    rig_quiet();
}
