/* SPDX-License-Identifier: ISC */
/*
 * test_exhaustion.c - memory that runs out at any moment costs time, never a
 * byte, a leak or a crash.
 */
#include "../unit/lib/suite.h"
#include "scene.h"

enum { KIB = 1024, MS = 1000000, POOLS = 3, SIDES = 2, AFTER_MAX = 120 };

static const struct lan_quality quality = {.delay = 2 * MS,
                                           .bits_per_sec = 50000000};

static struct pool *pool_of(struct node *n, int which)
{
    struct pool *pools[POOLS] = {&n->pkts, &n->rx_blocks.blocks,
                                 &n->tx_blocks.blocks};

    return pools[which];
}

/* Every get from the n-th on is refused, until it heals. */
static void heal(struct world *w, void *arg)
{
    struct pool *p = arg;

    (void)w;
    p->fail_after = -1;
}

START_TEST(test_a_pool_that_is_empty_for_a_while)
{
    int which = _i % POOLS, side = _i / POOLS % SIDES;
    int after = _i / POOLS / SIDES;
    struct flow_script server = flow_echo(20 * KIB);
    struct flow_script client = flow_ask(20 * KIB);
    struct scene s;
    struct pool *p;

    scene_open(&s, &quality, 1 + (uint64_t)_i, NULL);
    p = pool_of(side ? s.server_node : s.client_node, which);
    p->fail_after = after;
    world_at(&s.world, 700 * MS, heal, p);
    scene_connect(&s, after & 1, &server, &client);
    scene_play(&s, 300 * NS_PER_SEC);
    scene_close(&s);
}
END_TEST

/* As little memory as the floors allow, and everything at once. */
START_TEST(test_too_little_for_everyone_is_enough_for_each)
{
    struct flow_script server = flow_echo(100 * KIB);
    struct flow_script client = flow_ask(100 * KIB);
    struct node_config c = {
        .limits = {.tcp_conns = FLOWS_MAX, .rx_blocks = 160, .tx_blocks = 80},
        .pkts = 256};
    struct flow flow[FLOWS_MAX];
    struct scene s;

    scene_open(&s, &quality, 5, &c);
    scene_play_many(&s, _i & 1, &server, &client, flow, FLOWS_MAX, NULL);
    scene_close(&s);
}
END_TEST

static bool closed(void *arg)
{
    const struct flow *f = arg;

    return f->closed;
}

/* All blocks but one are stuck with a host that is gone.  The last one is
 * still in the device when its acknowledgement comes, so it is free only later:
 * whoever waits for it must hear of that, too. */
START_TEST(test_the_last_block_goes_round)
{
    enum { BLOCKS = 8 };
    struct lan_quality at_once = {0};
    struct node_config c = {
        .limits = {.tx_blocks = BLOCKS, .tcp_sndbuf = 4096}};
    struct flow_script sink = {.expect = 40 * KIB}, talk = {.send = 40 * KIB};
    struct flow_script idle = {.close = FLOW_CLOSE_WHEN_TOLD};
    struct flow stuck[BLOCKS - 1];
    struct server gone;
    struct node *away;
    struct ipaddr to;
    struct scene s;

    scene_open(&s, &at_once, 7, &c);
    away = world_add(&s.world, &c);
    world_settle(&s.world);
    server_open(&gone, away, SCENE_PORT, &idle);
    ck_assert(node_addr(away, _i & 1, &to));
    for (unsigned i = 0; i < ARRAY_LEN(stuck); i++)
        ck_assert_int_eq(
            flow_connect(&stuck[i], s.client_node, &to, SCENE_PORT, &idle), OK);
    world_run(&s.world, NS_PER_SEC, NULL, NULL);
    away->nic.port.up = false;
    for (unsigned i = 0; i < ARRAY_LEN(stuck); i++) {
        ck_assert(stuck[i].open);
        ck_assert_uint_gt(stream_write(stuck[i].s, flow_pattern(0)), 0);
    }
    scene_connect(&s, _i & 1, &sink, &talk);
    ck_assert(world_run(&s.world, 60 * NS_PER_SEC, closed, &s.client));
    ck_assert_pstr_eq(flow_lacks(&s.client), NULL);
    away->nic.port.up = true;
    for (unsigned i = 0; i < ARRAY_LEN(stuck); i++)
        stream_release(stuck[i].s);
    for (unsigned i = 0; i < gone.n; i++)
        if (gone.flow[i].s)
            stream_release(gone.flow[i].s);
    scene_close(&s);
}
END_TEST

START_TEST(test_one_connection_too_many_is_not_answered)
{
    struct flow_script idle = {.close = FLOW_CLOSE_WHEN_TOLD};
    struct node_config c = {.limits = {.tcp_conns = 4}};
    struct flow flow[5];
    struct ipaddr to;
    struct scene s;

    scene_open(&s, &quality, 6, &c);
    server_open(&s.server, s.server_node, SCENE_PORT, &idle);
    ck_assert(node_addr(s.server_node, _i & 1, &to));
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(
            flow_connect(&flow[i], s.client_node, &to, SCENE_PORT, &idle), OK);
    ck_assert_int_eq(
        flow_connect(&flow[4], s.client_node, &to, SCENE_PORT, &idle), E_FULL);
    world_run(&s.world, NS_PER_SEC, NULL, NULL);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert(flow[i].open);
        flow_close_now(&flow[i]);
        flow_close_now(&s.server.flow[i]);
    }
    world_run(&s.world, 10 * NS_PER_SEC, NULL, NULL);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_pstr_eq(flow_lacks(&flow[i]), NULL);
    scene_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exhaustion");
    TCase *t = tcase_create("exhaustion");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_a_pool_that_is_empty_for_a_while, 0,
                        POOLS * SIDES * AFTER_MAX);
    tcase_add_loop_test(t, test_too_little_for_everyone_is_enough_for_each, 0,
                        2);
    tcase_add_loop_test(t, test_the_last_block_goes_round, 0, 2);
    tcase_add_loop_test(t, test_one_connection_too_many_is_not_answered, 0, 2);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
