/* SPDX-License-Identifier: ISC */
/*
 * key_log.c - see key_log.h.
 */
#include "key_log.h"

#include <keys/keys.h>
#include <log/log_impl.h>
#include <string.h>

#include "start.h"

enum { EXIT_USAGE = 2 /* a key or value that is not accepted */ };

KEY_STRING(logs, "logs", "LEVEL,SOURCE:LEVEL,...", "info",
           "what to log: quiet, error, warn, info or debug",
           .check = log_levels_check);

_Noreturn void key_log_refuse(struct env *env, const char *error)
{
    billet_last_words();
    print_line(env->log, "%s: %s", env->manifest->name, error);
    billet_fail(EXIT_USAGE);
}

void key_log_levels(struct env *env)
{
    const char *levels = key_string(env->keys, &key_logs);

    log_levels(env->log,
               (struct span){(const uint8_t *)levels, strlen(levels)});
}

/* Names, never values: one of them may be a secret. */
void key_log_given(struct env *env, const char *source)
{
    const struct keys *k = env->keys;
    char name[64];

    for (unsigned i = 0; i < k->ngiven; i++) {
        if (source && strcmp(k->given[i].source, source) != 0)
            continue;
        keys_given_name(k, &k->given[i], name, sizeof(name));
        log_info(env->log, "keys", "%s from the %s", name, k->given[i].source);
        if (k->given[i].times > 1)
            log_warn(env->log, "keys", "%s was given %u times, the last counts",
                     name, k->given[i].times);
    }
}
