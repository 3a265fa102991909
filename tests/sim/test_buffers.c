/* SPDX-License-Identifier: ISC */
/*
 * test_buffers.c - one connection fills a long path with the limits that an
 * image has by default, though its buffers begin small.
 */
#include "../unit/lib/suite.h"
#include "scene.h"

enum { MIB = 1 << 20, MS = 1000000, MBIT = 1000000 };

static const struct {
    uint32_t rtt_ms, mbit;
} paths[] = {{50, 100}, {100, 80}, {200, 50}};

static bool all_received(void *arg)
{
    const struct scene *s = arg;
    const struct flow *f = &s->client;

    if (!f->script.expect)
        f = s->server.n ? &s->server.flow[0] : NULL;
    return f && f->received == f->script.expect;
}

/* Each path, each direction. */
START_TEST(test_a_long_path_is_filled)
{
    struct lan_quality q = {.delay = paths[_i / 2].rtt_ms * (ns_t)MS / 2,
                            .bits_per_sec = paths[_i / 2].mbit * (uint64_t)MBIT,
                            .queue = 200 * MS};
    struct node_config c = {.limits = {.tcp_rcvbuf = 4 * MIB,
                                       .tcp_sndbuf = 4 * MIB,
                                       .rx_blocks = 4096,
                                       .tx_blocks = 2048},
                            .pkts = 4096};
    uint64_t bytes = 32 * MIB, mbit;
    struct flow_script server = {.expect = _i & 1 ? bytes : 0,
                                 .send = _i & 1 ? 0 : bytes};
    struct flow_script client = {.expect = server.send, .send = server.expect};
    struct scene s;
    ns_t began;

    scene_open(&s, &q, 7, &c);
    began = s.world.now;
    scene_connect(&s, _i / 2 & 1, &server, &client);
    ck_assert(world_run(&s.world, 600 * NS_PER_SEC, all_received, &s));
    mbit = bytes * 8 * 1000 / ((s.world.now - began) / MS) / MBIT;
    ck_assert_msg(mbit >= paths[_i / 2].mbit * 7 / 10,
                  "%u Mbit/s of %u at %u ms", (unsigned)mbit,
                  paths[_i / 2].mbit, paths[_i / 2].rtt_ms);
    world_close(&s.world);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("buffers");
    TCase *t = tcase_create("buffers");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_a_long_path_is_filled, 0,
                        2 * (int)ARRAY_LEN(paths));
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
