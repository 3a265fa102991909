/* SPDX-License-Identifier: ISC */
/*
 * hello - says something four times, one second apart, and powers off.
 *
 * The smallest whole application: a key, a loop, a sleep.
 */
#include <billet/app.h>

KEY_STRING(hello, "hello", "TEXT", "Hello, world", "what to say");

static enum err start(struct env *env)
{
    for (unsigned i = 0; i < 4; i++) {
        if (i > 0)
            fiber_sleep(env, NS_PER_SEC);
        print_line(env->log, "%s", key_string(env->keys, &key_hello));
    }
    return OK;
}

BILLET_APP(start, .name = "hello", .limits = {.fibers = 1});
