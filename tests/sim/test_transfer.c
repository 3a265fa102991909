/* SPDX-License-Identifier: ISC */
/*
 * test_transfer.c - bytes arrive, all, once and in order, over any link.
 */
#include "../unit/lib/suite.h"
#include "scene.h"

enum { KIB = 1024, MS = 1000000 };

static const struct lan_quality links[] = {
    {.delay = 1 * MS, .bits_per_sec = 1000000000},
    {.delay = 20 * MS, .bits_per_sec = 50000000, .loss_ppm = 10000},
    {.delay = 5 * MS,
     .jitter = 4 * MS,
     .bits_per_sec = 100000000,
     .loss_ppm = 30000,
     .dup_ppm = 20000,
     .reorder_ppm = 20000,
     .reorder_by = 15 * MS,
     .corrupt_ppm = 10000},
    /* a queue that overflows, as a home router's does */
    {.delay = 15 * MS, .bits_per_sec = 10000000, .queue = 50 * MS},
    /* more than all windows in flight, and a small MTU */
    {.delay = 150 * MS, .bits_per_sec = 20000000, .mtu = 1280},
};

static const uint32_t offloads[] = {0, NETIF_TX_CSUM,
                                    NETIF_TX_CSUM | NETIF_TSO4 | NETIF_TSO6};

enum { WAYS = 3, FAMILIES = 2 };
#define LINKS    ((int)ARRAY_LEN(links))
#define OFFLOADS ((int)ARRAY_LEN(offloads))

/* way 0: client to server, 1: server to client, 2: both at once. */
static void transfer(struct scene *s, unsigned way, bool v4, uint64_t bytes,
                     bool lend)
{
    struct flow_script server = {.expect = way != 1 ? bytes : 0,
                                 .send = way != 0 ? bytes : 0,
                                 .lend = lend};
    struct flow_script client = {
        .expect = server.send, .send = server.expect, .lend = lend};

    scene_connect(s, v4, &server, &client);
    scene_play(s, 600 * NS_PER_SEC);
}

START_TEST(test_every_byte_arrives)
{
    int i = _i;
    unsigned way = (unsigned)(i % WAYS);
    bool v4 = (i /= WAYS) % FAMILIES;
    const struct lan_quality *q = &links[(i /= FAMILIES) % LINKS];
    uint32_t caps = offloads[i / LINKS];
    struct node_config c = {.caps = caps};
    struct scene s;

    scene_open(&s, q, (uint64_t)_i + 1, &c);
    transfer(&s, way, v4, 200 * KIB, _i & 1);
    scene_close(&s);
}
END_TEST

/* A chaotic link, many times: each seed is another story. */
START_TEST(test_any_seed_ends_well)
{
    struct scene s;

    scene_open(&s, &links[2], 1000 + (uint64_t)_i, NULL);
    transfer(&s, (unsigned)_i % WAYS, _i & 1, 60 * KIB, false);
    scene_close(&s);
}
END_TEST

START_TEST(test_a_slow_reader_slows_its_sender)
{
    struct flow_script server = {
        .expect = 300 * KIB, .read_chunk = 3000, .read_every = 30 * MS};
    struct flow_script client = {.send = 300 * KIB};
    struct scene s;

    scene_open(&s, &links[_i], 7, NULL);
    scene_connect(&s, _i & 1, &server, &client);
    world_run(&s.world, NS_PER_SEC, NULL, NULL);
    /* The rest waits in the client, not in the server's memory. */
    ck_assert_uint_le(s.client.sent - s.server.flow[0].received,
                      3 * 65536 + 4096);
    scene_play(&s, 600 * NS_PER_SEC);
    scene_close(&s);
}
END_TEST

START_TEST(test_a_reader_that_stops_for_minutes_is_waited_for)
{
    struct flow_script server = {.expect = 150 * KIB,
                                 .read_chunk = 100 * KIB,
                                 .read_every = 240 * NS_PER_SEC};
    struct flow_script client = {.send = 150 * KIB};
    struct scene s;

    scene_open(&s, &links[_i], 8, NULL);
    scene_connect(&s, _i & 1, &server, &client);
    scene_play(&s, 1800 * NS_PER_SEC);
    scene_close(&s);
}
END_TEST

START_TEST(test_echo_with_back_pressure)
{
    struct flow_script server = flow_echo(400 * KIB);
    struct flow_script client = flow_ask(400 * KIB);
    struct scene s;

    scene_open(&s, &links[_i], 9, NULL);
    scene_connect(&s, _i & 1, &server, &client);
    scene_play(&s, 600 * NS_PER_SEC);
    scene_close(&s);
}
END_TEST

START_TEST(test_small_writes_are_not_small_packets)
{
    struct flow_script server = {.expect = 100 * KIB};
    struct flow_script client = {.send = 100 * KIB, .write_chunk = 10};
    struct scene s;

    scene_open(&s, &links[0], 10, NULL);
    scene_connect(&s, _i, &server, &client);
    scene_play(&s, 60 * NS_PER_SEC);
    ck_assert_uint_lt(s.world.link.sent, 100 * KIB / 1000 * 3);
    scene_close(&s);
}
END_TEST

static bool all_closed(void *arg)
{
    struct flow *f = arg;

    for (unsigned i = 0; i < FLOWS_MAX; i++)
        if (!f[i].closed)
            return false;
    return true;
}

START_TEST(test_many_connections_share_the_link)
{
    struct flow_script server = flow_echo(50 * KIB);
    struct flow_script client = flow_ask(50 * KIB);
    struct node_config c = {.limits = {.tcp_conns = FLOWS_MAX}};
    struct flow flow[FLOWS_MAX];
    struct scene s;

    scene_open(&s, &links[_i], 11, &c);
    scene_play_many(&s, _i & 1, &server, &client, flow, FLOWS_MAX, all_closed);
    scene_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("transfer");
    TCase *t = tcase_create("transfer");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_every_byte_arrives, 0,
                        WAYS * FAMILIES * LINKS * OFFLOADS);
    tcase_add_loop_test(t, test_any_seed_ends_well, 0, 60);
    tcase_add_loop_test(t, test_a_slow_reader_slows_its_sender, 0, LINKS);
    tcase_add_loop_test(t, test_a_reader_that_stops_for_minutes_is_waited_for,
                        0, LINKS);
    tcase_add_loop_test(t, test_echo_with_back_pressure, 0, LINKS);
    tcase_add_loop_test(t, test_small_writes_are_not_small_packets, 0,
                        FAMILIES);
    tcase_add_loop_test(t, test_many_connections_share_the_link, 0, LINKS);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
