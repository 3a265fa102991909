/* SPDX-License-Identifier: ISC */
/*
 * watchdog.c - a loop that turns no more is ended from outside, if the owner
 * wants it.
 */
#include "watchdog.h"

#include <billet/machine.h>

KEY_UINT(watchdog, "watchdog", "SECONDS", 0, MACHINE_WATCHDOG_MAX, "0",
         "the machine's watchdog (i6300esb) ends an image that hangs for so "
         "long; 0: never");

static struct {
    struct source source;
    unsigned seconds;
    ns_t at; /* when it is to be fed next */
} watchdog;

static unsigned poll_watchdog(struct source *s, ns_t now, unsigned budget)
{
    (void)s;
    (void)budget;
    if (now < watchdog.at)
        return 0;
    watchdog.at = now + watchdog.seconds * (NS_PER_SEC / 4);
    return machine_feed(watchdog.seconds);
}

static bool arm_watchdog(struct source *s)
{
    (void)s;
    return false;
}

static ns_t deadline_watchdog(const struct source *s)
{
    (void)s;
    return watchdog.at;
}

bool watchdog_up(struct env *env)
{
    watchdog.seconds = (unsigned)key_uint(env->keys, &key_watchdog);
    if (watchdog.seconds == 0)
        return true;
    if (!machine_feed(watchdog.seconds)) {
        log_error(env->log, "boot",
                  "--watchdog: there is none; give the machine -device "
                  "i6300esb");
        return false;
    }
    watchdog.source = (struct source){.name = "watchdog",
                                      .poll = poll_watchdog,
                                      .arm = arm_watchdog,
                                      .deadline = deadline_watchdog};
    loop_add(env->loop, &watchdog.source);
    return true;
}
