/* SPDX-License-Identifier: ISC */
/*
 * test_goodput.c - how fast TCP is on links of several kinds, against the
 * stored table goodput.txt.
 *
 * Virtual time makes the numbers exact, so a change of the stack that makes
 * any of them worse by more than 2 % is seen.  SIM_GOODPUT_WRITE=1 renews the
 * table: look at the difference before committing it.
 */
#include "../unit/lib/suite.h"
#include "scene.h"

#include <stdio.h>
#include <string.h>

enum { KIB = 1024, MS = 1000000, ROWS_MAX = 64, WORSE_PERCENT = 98 };

/* The seeds of a row.  A run has a few dozen losses, and what they hit decides
 * much: of 4 runs the mean is right to a tenth, of 40 to a thirtieth. */
enum { RUNS = 40 };

static const uint32_t losses[] = {0, 1000, 10000, 30000};
static const uint32_t rtts_ms[] = {10, 50, 200};
static const uint32_t windows[] = {16 * KIB, 64 * KIB, 256 * KIB};

struct row {
    uint32_t loss_ppm, rtt_ms, window, kib_per_s;
};

static bool received_all(void *arg)
{
    const struct scene *s = arg;

    return s->server.n == 1 &&
           s->server.flow[0].received == s->server.flow[0].script.expect;
}

static uint32_t measure(const struct row *r, uint64_t seed)
{
    struct lan_quality q = {.delay = r->rtt_ms * (ns_t)MS / 2,
                            .bits_per_sec = 100000000,
                            .queue = 100 * MS,
                            .loss_ppm = r->loss_ppm};
    struct node_config c = {.limits = {.tcp_rcvbuf = r->window,
                                       .tcp_sndbuf = r->window,
                                       .rx_blocks = 512,
                                       .tx_blocks = 512},
                            .pkts = 1024};
    uint64_t bytes = 1024 * KIB;
    struct flow_script server = {.expect = bytes};
    struct flow_script client = {.send = bytes};
    struct scene s;
    ns_t began;

    scene_open(&s, &q, seed, &c);
    began = s.world.now;
    scene_connect(&s, seed & 1, &server, &client);
    ck_assert_msg(world_run(&s.world, 3600 * NS_PER_SEC, received_all, &s),
                  "no end at loss %u, rtt %u, window %u", r->loss_ppm,
                  r->rtt_ms, r->window);
    began = s.world.now - began;
    world_close(&s.world);
    return (uint32_t)(bytes * NS_PER_SEC / began / KIB);
}

static unsigned measure_all(struct row *out)
{
    unsigned n = 0;

    for (size_t l = 0; l < ARRAY_LEN(losses); l++)
        for (size_t t = 0; t < ARRAY_LEN(rtts_ms); t++)
            for (size_t w = 0; w < ARRAY_LEN(windows); w++) {
                struct row *r = &out[n++];
                uint64_t sum = 0;

                *r = (struct row){losses[l], rtts_ms[t], windows[w], 0};
                for (unsigned i = 0; i < RUNS; i++)
                    sum += measure(r, 500 + i);
                r->kib_per_s = (uint32_t)(sum / RUNS);
            }
    return n;
}

static void write_table(const char *path, const struct row *r, unsigned n)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    fprintf(file, "# Goodput of 1 MiB over 100 Mbit/s, by test_goodput.c.\n"
                  "# loss/million  rtt/ms  window/bytes  KiB/s\n");
    for (unsigned i = 0; i < n; i++)
        fprintf(file, "%8u %8u %8u %8u\n", r[i].loss_ppm, r[i].rtt_ms,
                r[i].window, r[i].kib_per_s);
    ck_assert_int_eq(fclose(file), 0);
}

static unsigned read_table(const char *path, struct row *out)
{
    FILE *file = fopen(path, "r");
    char line[128];
    unsigned n = 0;

    ck_assert_msg(file, "no table at %s", path);
    while (fgets(line, sizeof(line), file)) {
        struct row *r = &out[n];

        if (line[0] == '#')
            continue;
        ck_assert_uint_lt(n, ROWS_MAX);
        ck_assert_int_eq(sscanf(line, "%u %u %u %u", &r->loss_ppm, &r->rtt_ms,
                                &r->window, &r->kib_per_s),
                         4);
        n++;
    }
    fclose(file);
    return n;
}

START_TEST(test_no_row_of_the_table_is_worse)
{
    struct row stored[ROWS_MAX], now[ROWS_MAX];
    const char *path = getenv("SIM_GOODPUT");
    unsigned n = measure_all(now), worse = 0;

    ck_assert_msg(path, "SIM_GOODPUT must name the table");
    if (getenv("SIM_GOODPUT_WRITE")) {
        write_table(path, now, n);
        return;
    }
    ck_assert_uint_eq(read_table(path, stored), n);
    for (unsigned i = 0; i < n; i++) {
        ck_assert_uint_eq(stored[i].loss_ppm, now[i].loss_ppm);
        ck_assert_uint_eq(stored[i].rtt_ms, now[i].rtt_ms);
        ck_assert_uint_eq(stored[i].window, now[i].window);
        if (now[i].kib_per_s * 100 < stored[i].kib_per_s * WORSE_PERCENT) {
            printf("loss %u, rtt %u ms, window %u: %u KiB/s, stored %u\n",
                   now[i].loss_ppm, now[i].rtt_ms, now[i].window,
                   now[i].kib_per_s, stored[i].kib_per_s);
            worse++;
        }
    }
    ck_assert_uint_eq(worse, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("goodput");
    TCase *t = tcase_create("goodput");

    tcase_set_timeout(t, 240);
    tcase_add_test(t, test_no_row_of_the_table_is_worse);
    suite_add_tcase(suite, t);
    return suite_run(suite);
}
