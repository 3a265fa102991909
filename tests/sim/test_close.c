/* SPDX-License-Identifier: ISC */
/*
 * test_close.c - connections begin and end in every order there is.
 */
#include "../unit/lib/suite.h"
#include "scene.h"

enum { KIB = 1024, MS = 1000000, FAMILIES = 2 };

static const struct lan_quality good = {.delay = 10 * MS,
                                        .bits_per_sec = 100000000};
static const struct lan_quality bad = {.delay = 10 * MS,
                                       .jitter = 5 * MS,
                                       .bits_per_sec = 100000000,
                                       .loss_ppm = 100000,
                                       .dup_ppm = 50000};

/* Even numbers on the good link, odd ones on the bad. */
static const struct lan_quality *link_of(int i)
{
    return i / FAMILIES & 1 ? &bad : &good;
}

static void close_both(struct world *w, void *arg)
{
    struct scene *s = arg;

    (void)w;
    flow_close_now(&s->client);
    flow_close_now(&s->server.flow[0]);
}

START_TEST(test_both_close_in_the_same_instant)
{
    struct flow_script quiet = {
        .send = 1000, .expect = 1000, .close = FLOW_CLOSE_WHEN_TOLD};
    struct scene s;

    scene_open(&s, link_of(_i), 100 + (uint64_t)_i, NULL);
    scene_connect(&s, _i & 1, &quiet, &quiet);
    world_run(&s.world, 60 * NS_PER_SEC, NULL, NULL);
    ck_assert_uint_eq(s.server.n, 1);
    world_at(&s.world, 1, close_both, &s);
    scene_play(&s, 600 * NS_PER_SEC);
    scene_close(&s);
}
END_TEST

START_TEST(test_the_client_closes_first)
{
    struct flow_script server = {
        .send = 20 * KIB, .expect = 5, .close = FLOW_CLOSE_ON_EOF};
    struct flow_script client = {.send = 5, .expect = 20 * KIB};
    struct scene s;

    scene_open(&s, link_of(_i), 200 + (uint64_t)_i, NULL);
    scene_connect(&s, _i & 1, &server, &client);
    scene_play(&s, 600 * NS_PER_SEC);
    scene_close(&s);
}
END_TEST

START_TEST(test_the_server_closes_first)
{
    struct flow_script server = {.send = 5, .expect = 20 * KIB};
    struct flow_script client = {
        .send = 20 * KIB, .expect = 5, .close = FLOW_CLOSE_ON_EOF};
    struct scene s;

    scene_open(&s, link_of(_i), 300 + (uint64_t)_i, NULL);
    scene_connect(&s, _i & 1, &server, &client);
    scene_play(&s, 600 * NS_PER_SEC);
    scene_close(&s);
}
END_TEST

static bool client_closed(void *arg)
{
    const struct scene *s = arg;

    return s->client.closed;
}

static bool nobody_open(void *arg)
{
    const struct scene *s = arg;

    return s->client.closed && (s->server.n == 0 || s->server.flow[0].closed);
}

START_TEST(test_an_abort_reaches_the_other_side)
{
    struct flow_script server = {.close = FLOW_CLOSE_WHEN_TOLD};
    struct flow_script client = {.send = 1000, .close = FLOW_ABORT_WHEN_SENT};
    struct scene s;

    scene_open(&s, &good, 400, NULL);
    scene_connect(&s, _i & 1, &server, &client);
    ck_assert(world_run(&s.world, 60 * NS_PER_SEC, nobody_open, &s));
    if (s.server.n > 0)
        ck_assert_int_eq(s.server.flow[0].error, E_RESET);
    scene_close(&s);
}
END_TEST

START_TEST(test_a_port_without_listener_refuses)
{
    struct flow_script script = {.send = 1};
    struct ipaddr to;
    struct scene s;

    scene_open(&s, link_of(_i), 500 + (uint64_t)_i, NULL);
    ck_assert(node_addr(s.server_node, _i & 1, &to));
    ck_assert_int_eq(flow_connect(&s.client, s.client_node, &to, 81, &script),
                     OK);
    ck_assert(world_run(&s.world, 300 * NS_PER_SEC, client_closed, &s));
    ck_assert_int_eq(s.client.error, E_REFUSED);
    scene_close(&s);
}
END_TEST

START_TEST(test_a_host_that_is_not_there_is_given_up)
{
    struct flow_script script = {.send = 1};
    struct ipaddr to;
    struct scene s;

    scene_open(&s, &good, 600, NULL);
    ck_assert(node_addr(s.server_node, _i & 1, &to));
    to.b[15] = 99;
    ck_assert_int_eq(flow_connect(&s.client, s.client_node, &to, 80, &script),
                     OK);
    ck_assert(world_run(&s.world, 600 * NS_PER_SEC, client_closed, &s));
    ck_assert(s.client.error == E_TIMEOUT || s.client.error == E_UNREACH);
    scene_close(&s);
}
END_TEST

START_TEST(test_a_peer_that_vanishes_is_given_up)
{
    struct flow_script server = {.close = FLOW_CLOSE_WHEN_TOLD};
    struct flow_script client = {.send = 10 * KIB,
                                 .close = FLOW_CLOSE_WHEN_TOLD};
    struct scene s;

    scene_open(&s, &good, 700, NULL);
    scene_connect(&s, _i & 1, &server, &client);
    world_run(&s.world, 15 * MS, NULL, NULL); /* between SYN and data */
    s.server_node->nic.port.up = false;
    ck_assert(world_run(&s.world, 1200 * NS_PER_SEC, client_closed, &s));
    ck_assert(s.client.error == E_TIMEOUT || s.client.error == E_UNREACH);
    if (s.server.n > 0 && s.server.flow[0].s) {
        stream_release(s.server.flow[0].s);
        s.server.flow[0].s = NULL;
    }
    s.server_node->nic.port.up = true;
    scene_close(&s);
}
END_TEST

START_TEST(test_a_released_stream_leaves_nothing)
{
    struct flow_script server = {.send = 50 * KIB};
    struct flow_script client = {.send = 50 * KIB,
                                 .close = FLOW_CLOSE_WHEN_TOLD};
    struct scene s;

    scene_open(&s, link_of(_i), 800 + (uint64_t)_i, NULL);
    scene_connect(&s, _i & 1, &server, &client);
    world_run(&s.world, (ns_t)(15 + 7 * _i) * MS, NULL, NULL);
    if (s.client.s)
        stream_release(s.client.s);
    s.client.closed = true;
    ck_assert(world_run(&s.world, 600 * NS_PER_SEC, nobody_open, &s));
    scene_close(&s);
}
END_TEST

/* One after the other, many more than there are slots: slots and TIME-WAIT
 * records come back. */
START_TEST(test_slots_are_used_again)
{
    struct flow_script server = flow_echo(100);
    struct flow_script client = flow_ask(100);
    struct node_config c = {.limits = {.tcp_conns = 2}};
    struct ipaddr to;
    struct scene s;

    scene_open(&s, &good, 900, &c);
    server_open(&s.server, s.server_node, SCENE_PORT, &server);
    ck_assert(node_addr(s.server_node, _i & 1, &to));
    for (unsigned i = 0; i < 100; i++) {
        s.server.n = 0; /* the last one's flow is over */
        ck_assert_int_eq(
            flow_connect(&s.client, s.client_node, &to, SCENE_PORT, &client),
            OK);
        scene_play(&s, 10 * NS_PER_SEC);
    }
    scene_close(&s);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("close");
    TCase *t = tcase_create("close");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_both_close_in_the_same_instant, 0, 20);
    tcase_add_loop_test(t, test_the_client_closes_first, 0, 20);
    tcase_add_loop_test(t, test_the_server_closes_first, 0, 20);
    tcase_add_loop_test(t, test_an_abort_reaches_the_other_side, 0, FAMILIES);
    tcase_add_loop_test(t, test_a_port_without_listener_refuses, 0, 8);
    tcase_add_loop_test(t, test_a_host_that_is_not_there_is_given_up, 0,
                        FAMILIES);
    tcase_add_loop_test(t, test_a_peer_that_vanishes_is_given_up, 0, FAMILIES);
    tcase_add_loop_test(t, test_a_released_stream_leaves_nothing, 0, 20);
    tcase_add_loop_test(t, test_slots_are_used_again, 0, FAMILIES);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
