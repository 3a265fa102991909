/* SPDX-License-Identifier: ISC */
/*
 * screens_hosted.c - a file and the standard input as the screen and the
 * keyboard of a process.
 */
#include "screens.h"

#include <host/keys.h>
#include <host/picture.h>
#include <hosted/record.h>
#include <log/log_impl.h>

KEY_STRING(screen_dump, "screen-dump", "FILE", NULL,
           "keep the picture in this file, in the format PPM");

static struct {
    struct picture picture;
    struct host_keys keys;
} found;

size_t screens_devices_bytes(void)
{
    return 0;
}

bool screens_given_size(uint32_t *width, uint32_t *height)
{
    (void)width, (void)height;
    return false;
}

enum err screens_find_display(struct env *env, struct screen *s, bool wanted,
                              struct display **out)
{
    const char *path = key_string(env->keys, &key_screen_dump);
    const char *why;

    (void)wanted;
    *out = NULL;
    if (record_mode() != RECORD_OFF) {
        log_error(env->log, "screen",
                  "a run with a screen cannot be recorded or replayed");
        return E_INVAL;
    }
    if (!path)
        return OK;
    if ((why = picture_open(&found.picture, path, s))) {
        log_error(env->log, "screen", "%s: %s", path, why);
        return E_IO;
    }
    *out = &found.picture.display;
    return OK;
}

const char *screens_find_keyboards(struct env *env, const struct keymap *map)
{
    (void)env;
    host_keys_open(&found.keys, map);
    return found.keys.raw ? "the terminal" : "the standard input";
}

unsigned screens_poll_keys(unsigned budget, key_fn *key, void *user)
{
    return host_keys_poll(&found.keys, budget, key, user);
}

bool screens_arm_keys(void)
{
    return false;
}

ns_t screens_keys_deadline(ns_t now)
{
    (void)now;
    return NS_NEVER;
}

void screens_close(struct display *d)
{
    if (d)
        picture_close(&found.picture);
    host_keys_close(&found.keys);
}
