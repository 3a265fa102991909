/* SPDX-License-Identifier: ISC */
/*
 * random.c - the slow sources of randomness, and what the log and the counters
 * say of all.
 */
#include "random.h"

#include <billet/machine.h>
#include <entropy/entropy.h>
#include <log/log_impl.h>
#include <metrics/metrics_impl.h>

#include "nics.h"
#include "start.h"

/* In the order of struct entropy_counters. */
#define RANDOM_METRICS(X)                                                      \
    X(COUNTER, reseeds, "", "Times something went into the generator")         \
    X(COUNTER, failed_sources, "", "Sources shut off by their health tests")   \
    X(COUNTER, restores, "", "Times the machine went on from a snapshot")
METRICS_TABLE(random, RANDOM_METRICS);

enum { EXIT_FAILED = 1 };

static struct {
    struct env *env;
    uint64_t seen[2]; /* the epoch in which the device was asked */
    unsigned said;    /* bits: sources whose failure is in the log */
} state;

static void say_failures(struct env *env)
{
    static const char *const names[ENTROPY_SOURCES] = {
        "RDRAND", "virtio-rng", "the seed by fw_cfg", "the loader's seed",
        "timing jitter"};
    const struct entropy *e = machine_entropy();

    for (unsigned i = 0; e && i < ENTROPY_SOURCES; i++)
        if (e->from[i].failed && !(state.said >> i & 1)) {
            state.said |= 1u << i;
            log_warn(env->log, "random",
                     "%s fails its health test and is shut off", names[i]);
        }
}

/* A device's bytes of before a restore are in the snapshot, so it is asked
 * again, and waited for, before the first byte is drawn after one. */
static bool seed(struct mspan out)
{
    const volatile uint64_t *epoch = machine_epoch();

    if (epoch[0] != state.seen[0] || epoch[1] != state.seen[1]) {
        state.seen[0] = epoch[0];
        state.seen[1] = epoch[1];
        log_info(state.env->log, "random",
                 "another life of this machine: all is seeded anew");
        random_renew(state.env);
    }
    return machine_random(out);
}

static bool only_jitter(const struct entropy *e)
{
    return e && entropy_bits(e, ENTROPY_CPU) + entropy_bits(e, ENTROPY_DEVICE) +
                        entropy_bits(e, ENTROPY_HOST) ==
                    0;
}

static const char cure[] = "give the machine -device virtio-rng-pci (-M "
                           "microvm: virtio-rng-device) or -cpu max";

const struct rng_feed *random_up(struct env *env, uint8_t first[32])
{
    static struct rng_feed feed;
    const struct entropy *e = machine_entropy();
    bool good;

    state.env = env;
    feed = (struct rng_feed){.epoch = machine_epoch(), .seed = seed};
    state.seen[0] = feed.epoch[0];
    state.seen[1] = feed.epoch[1];
    (void)nics_seed(env);
    good = machine_random((struct mspan){first, 32});
    say_failures(env);
    if (!good) {
        print_line(env->log, "%s: no source of randomness can be believed; %s",
                   env->manifest->name, cure);
        billet_fail(EXIT_FAILED);
    }
    if (only_jitter(e))
        log_warn(env->log, "random",
                 "all that is secret rests on timing jitter; %s", cure);
    if (e)
        metrics_add(env->metrics, &random_metrics_group, &e->count.reseeds);
    return &feed;
}

void random_renew(struct env *env)
{
    (void)nics_seed(env);
    say_failures(env);
}
