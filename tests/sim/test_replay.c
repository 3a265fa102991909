/* SPDX-License-Identifier: ISC */
/*
 * test_replay.c - the same seed gives the same run, to the last bit.
 */
#include "../unit/lib/suite.h"
#include "scene.h"

enum { KIB = 1024, MS = 1000000 };

static uint64_t run(uint64_t seed, uint32_t caps)
{
    struct lan_quality q = {.delay = 5 * MS,
                            .jitter = 5 * MS,
                            .bits_per_sec = 50000000,
                            .loss_ppm = 20000,
                            .dup_ppm = 10000,
                            .corrupt_ppm = 5000};
    struct flow_script server = flow_echo(80 * KIB);
    struct flow_script client = flow_ask(80 * KIB);
    struct node_config c = {.caps = caps};
    struct scene s;
    uint64_t hash;

    scene_open(&s, &q, seed, &c);
    scene_connect(&s, seed & 1, &server, &client);
    scene_play(&s, 600 * NS_PER_SEC);
    hash = world_hash(&s.world);
    world_close(&s.world);
    return hash;
}

START_TEST(test_same_seed_same_hash)
{
    uint64_t seed = 40 + (uint64_t)_i;
    uint32_t caps = _i & 2 ? NETIF_TX_CSUM | NETIF_TSO4 | NETIF_TSO6 : 0;

    ck_assert_uint_eq(run(seed, caps), run(seed, caps));
}
END_TEST

START_TEST(test_another_seed_another_hash)
{
    ck_assert_uint_ne(run(40, 0), run(42, 0));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("replay");
    TCase *t = tcase_create("replay");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, test_same_seed_same_hash, 0, 8);
    tcase_add_test(t, test_another_seed_another_hash);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
