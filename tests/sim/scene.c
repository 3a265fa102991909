/* SPDX-License-Identifier: ISC */
/*
 * scene.c - two hosts and a connection.
 */
#include "scene.h"

#include <string.h>

#include <check.h>

void scene_open(struct scene *s, const struct lan_quality *q, uint64_t seed,
                const struct node_config *c)
{
    static const struct node_config plain;

    memset(s, 0, sizeof(*s));
    world_open(&s->world, q, seed);
    s->server_node = world_add(&s->world, c ? c : &plain);
    s->client_node = world_add(&s->world, c ? c : &plain);
    world_settle(&s->world);
}

void scene_connect(struct scene *s, bool v4, const struct flow_script *server,
                   const struct flow_script *client)
{
    struct ipaddr to;

    server_open(&s->server, s->server_node, SCENE_PORT, server);
    ck_assert(node_addr(s->server_node, v4, &to));
    ck_assert_int_eq(
        flow_connect(&s->client, s->client_node, &to, SCENE_PORT, client), OK);
}

static bool both_closed(void *arg)
{
    const struct scene *s = arg;

    return s->client.closed && s->server.n == 1 && s->server.flow[0].closed;
}

void scene_play(struct scene *s, ns_t most)
{
    const char *lacks;

    world_run(&s->world, most, both_closed, s);
    lacks = flow_lacks(&s->client);
    ck_assert_msg(!lacks, "the client lacks: %s (%llu sent, %llu received)",
                  lacks, (unsigned long long)s->client.sent,
                  (unsigned long long)s->client.received);
    ck_assert_uint_eq(s->server.n, 1);
    lacks = flow_lacks(&s->server.flow[0]);
    ck_assert_msg(!lacks, "the server lacks: %s (%llu sent, %llu received)",
                  lacks, (unsigned long long)s->server.flow[0].sent,
                  (unsigned long long)s->server.flow[0].received);
}

void scene_play_many(struct scene *s, bool v4, const struct flow_script *server,
                     const struct flow_script *client, struct flow *flow,
                     unsigned n, bool (*over)(void *flows))
{
    struct ipaddr to;

    server_open(&s->server, s->server_node, SCENE_PORT, server);
    ck_assert(node_addr(s->server_node, v4, &to));
    for (unsigned i = 0; i < n; i++)
        ck_assert_int_eq(
            flow_connect(&flow[i], s->client_node, &to, SCENE_PORT, client),
            OK);
    world_run(&s->world, 900 * NS_PER_SEC, over, flow);
    for (unsigned i = 0; i < n; i++)
        ck_assert_pstr_eq(flow_lacks(&flow[i]), NULL);
}

void scene_close(struct scene *s)
{
    const char *loud = world_quiet(&s->world);

    ck_assert_msg(!loud, "not quiet in the end: %s", loud);
    world_close(&s->world);
}
