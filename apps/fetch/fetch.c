/* SPDX-License-Identifier: ISC */
/*
 * fetch - gets a URL, some times over, says what came of it and powers off.
 *
 * Shows the HTTP client on a fiber, with a body that is made as it is sent.
 */
#include "fetch.h"

#include <string.h>

enum { TRIES_MAX = 200 }; /* for an address to come */

KEY_STRING(url, "url", "URL", "http://192.0.2.1/", "what to get");
KEY_UINT(times, "times", "COUNT", 1, 1000, "1", "so many times");
KEY_FLAG(head, "head", "off", "only the head");
KEY_UINT(upload, "upload", "BYTES", 0, 1 << 30, "0",
         "send so many bytes by POST, in chunks");

/* What came, and Adler-32 of it (RFC 1950 8). */
struct sum {
    uint32_t a, b;
    uint64_t left; /* of the upload */
    uint64_t upload;
};

static size_t on_body(struct http_fetch *f, struct span data)
{
    struct sum *s = f->user;

    for (size_t i = 0; i < data.n; i++) {
        s->a = (s->a + data.p[i]) % 65521;
        s->b = (s->b + s->a) % 65521;
    }
    return data.n;
}

static size_t push(struct http_fetch *f, struct mspan room)
{
    struct sum *s = f->user;
    size_t n = s->left < room.n ? (size_t)s->left : room.n;

    memset(room.p, 'u', n);
    s->left -= n;
    return n;
}

static void rewind_upload(struct http_fetch *f)
{
    struct sum *s = f->user;

    s->left = s->upload;
}

static enum err fetch(struct env *env, struct http_client *c)
{
    uint64_t upload = key_uint(env->keys, &key_upload);
    struct sum s = {.a = 1, .left = upload, .upload = upload};
    struct http_fetch f = {.url = key_string(env->keys, &key_url),
                           .method = key_flag(env->keys, &key_head) ? HTTP_HEAD
                                     : upload                       ? HTTP_POST
                                                                    : HTTP_GET,
                           .body_bytes = upload ? HTTP_ANY_LENGTH : 0,
                           .body_max = UINT64_MAX,
                           .push = push,
                           .rewind = rewind_upload,
                           .on_body = on_body,
                           .user = &s};
    enum err err = fiber_fetch(env, c, &f);

    if (err)
        print_line(env->log, "failed: %s", f.why ? f.why : err_name(err));
    else
        print_line(env->log, "%u, %llu bytes, sum %08x, %u redirects", f.status,
                   (unsigned long long)f.got, (unsigned)(s.b << 16 | s.a),
                   f.hops);
    return err;
}

static enum err start(struct env *env)
{
    struct http_client_config config = {.connections = 2};
    struct http_client *c;
    enum err err = E_UNREACH;

    if (!fetch_secure(env, &config))
        return E_INVAL;
    c = http_client_new(env, &config);
    for (uint64_t n = key_uint(env->keys, &key_times); n > 0; n--) {
        /* The machine has just started, and may have no address yet. */
        for (unsigned i = 0; i < TRIES_MAX; i++) {
            err = fetch(env, c);
            if (err != E_UNREACH || fiber_sleep(env, 100 * NS_PER_MS))
                break;
        }
        if (err)
            return err;
    }
    http_client_rest(c);
    return OK;
}

BILLET_NET_APP_WISH(start, fetch_wish, .name = "fetch", .nets = {"uplink"},
                    .limits = {.arena_bytes = 2 * HTTP_CLIENT_BYTES + 4096,
                               .fibers = 1});
