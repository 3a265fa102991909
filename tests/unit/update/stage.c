/* SPDX-License-Identifier: ISC */
#include "stage.h"

#include <base/bytes.h>
#include <check.h>
#include <mem.h>
#include <string.h>
#include <wolfssl/wolfcrypt/ed25519.h>

struct stage stage;

static _Alignas(16) uint8_t memory[SLOT_BYTES], work[X509_WORK_BYTES];
static _Alignas(16) uint8_t heap[1 << 17];
static struct crypto_mem owner;

/* What stands in for lib/http, lib/fiber and lib/log. */

void log_line(struct log *log, enum log_level level, const char *source,
              const char *format, ...)
{
    (void)log;
    (void)level;
    (void)source;
    (void)format;
}

enum err fiber_spawn(struct env *env, void (*run)(struct env *, void *),
                     void *arg, struct fiber **out)
{
    ck_assert_ptr_eq(env, &stage.env);
    ck_assert_ptr_null(out);
    if (stage.no_fibers)
        return E_FULL;
    stage.fibers++;
    stage.run = run;
    stage.arg = arg;
    return OK;
}

void *http_state(struct http_exchange *x)
{
    return x->state;
}

bool http_is_secure(const struct http_exchange *x)
{
    return x->secure;
}

void http_read_body(struct http_exchange *x, http_body_fn *fn,
                    void (*gone)(void *), void *user)
{
    x->body = fn;
    x->gone = gone;
    x->user = user;
}

void http_later(struct http_exchange *x,
                void (*ready)(struct http_exchange *, void *),
                void (*gone)(void *), void *user)
{
    x->ready = ready;
    x->gone = gone;
    x->user = user;
}

void http_ready(struct http_exchange *x)
{
    ck_assert_ptr_nonnull(x->ready);
    x->gone = NULL;
    x->ready(x, x->user);
}

void http_reply(struct http_exchange *x, const struct http_reply *r)
{
    ck_assert_uint_eq(x->status, 0);
    x->status = r->status;
    ck_assert_uint_lt(r->body.n, sizeof(x->text));
    memcpy(x->text, r->body.p, r->body.n);
    x->text[r->body.n] = 0;
}

void http_reply_copy(struct http_exchange *x, const struct http_reply *r)
{
    http_reply(x, r);
}

void http_reply_page(struct http_exchange *x, unsigned status,
                     struct span fields)
{
    (void)fields;
    ck_assert_uint_eq(x->status, 0);
    x->status = status;
}

void http_to_secure(struct http_exchange *x, const struct http_request *rq,
                    void *user)
{
    (void)rq;
    (void)user;
    x->status = 308;
}

static enum err io(struct slots *s, enum blk_op op, uint64_t sector,
                   struct mspan m)
{
    uint8_t *at = sector == 0 ? stage.block : stage.slot[sector == 1000];

    ck_assert_ptr_eq(s, &stage.u.slots);
    if (op == BLK_FLUSH)
        return OK;
    if (op == BLK_READ) {
        memcpy(m.p, at, m.n);
        return OK;
    }
    stage.writes++;
    if (stage.disk_fails)
        return E_IO;
    ck_assert_uint_ne(sector, 500); /* the slot that runs */
    memcpy(at, m.p, m.n);
    return OK;
}

static bool ready(void *user)
{
    ck_assert_ptr_eq(user, &stage);
    return stage.ready;
}

static void key_of(ed25519_key *k, bool other)
{
    uint8_t secret[32], public[32];

    crypto_mem_init(&owner, (struct mspan){heap, sizeof(heap)}, 1);
    memset(secret, other ? 2 : 1, sizeof(secret));
    ck_assert_int_eq(wc_ed25519_init_ex(k, &owner, INVALID_DEVID), 0);
    ck_assert_int_eq(wc_ed25519_import_private_only(secret, 32, k), 0);
    ck_assert_int_eq(wc_ed25519_make_public(k, public, 32), 0);
    ck_assert_int_eq(wc_ed25519_import_private_key(secret, 32, public, 32, k),
                     0);
    if (!other)
        memcpy(stage.u.key, public, sizeof(public));
}

void stage_start(void)
{
    struct boot_block b = {.sequence = 100};
    ed25519_key k;

    memset(&stage, 0, sizeof(stage));
    memset(stage.slot[0], 0xaa, SLOT_BYTES);
    loop_init(&stage.loop, 1);
    memcpy(stage.manifest.name, "shop", 5);
    stage.env.loop = &stage.loop;
    stage.env.manifest = &stage.manifest;
    boot_block_write(&b, stage.block);
    stage.u = (struct update){
        .env = &stage.env,
        .config = {.ready = ready, .user = &stage},
        .slots = {.io = io, .slot = {500, 1000}, .bytes = SLOT_BYTES},
        .block = b,
        .has_slots = true,
        .has_key = true,
        .memory = {memory, sizeof(memory)},
        .work = {work, sizeof(work)}};
    key_of(&k, false);
    wc_ed25519_free(&k);
}

size_t stage_sign(uint8_t out[FILE_MAX], const struct offer *o)
{
    uint8_t *image = out + UPDATE_HEADER_BYTES;
    word32 n = 64;
    struct sha256 h;
    ed25519_key k;

    memset(out, 0, UPDATE_HEADER_BYTES);
    for (size_t i = 0; i < o->bytes; i++)
        image[i] = (uint8_t)(i * 31 + i / 250);
    memcpy(out, "billet update 1\n", 16);
    memcpy(out + 16, o->name ? o->name : "shop",
           strlen(o->name ? o->name : "shop"));
    put_be64(out + 32, o->sequence ? o->sequence : 101);
    put_be64(out + 40, o->bytes);
    sha256_start(&h);
    sha256_add(&h, image, o->bytes);
    sha256_end(&h, out + 48);
    key_of(&k, o->other_key);
    ck_assert_int_eq(wc_ed25519_sign_msg(out, UPDATE_SIGNED_BYTES,
                                         out + UPDATE_SIGNED_BYTES, &n, &k),
                     0);
    wc_ed25519_free(&k);
    return UPDATE_HEADER_BYTES + o->bytes;
}

void stage_begin(struct http_exchange *x, enum http_method method)
{
    bool secure = x->secure;

    memset(x, 0, sizeof(*x));
    x->secure = secure;
    update_answer(&stage.u, x, &(struct http_request){.method = method});
}

void stage_send(struct http_exchange *x, const uint8_t *p, size_t n)
{
    x->body(x, (struct span){p, n}, x->user);
    ck_assert_uint_eq(x->status, 0); /* lib/http wants it so */
}

void stage_end(struct http_exchange *x)
{
    x->body(x, (struct span){0}, x->user);
}

unsigned stage_put(struct http_exchange *x, const uint8_t *p, size_t n,
                   size_t piece)
{
    x->secure = true;
    stage_begin(x, HTTP_PUT);
    if (x->status)
        return x->status;
    for (size_t at = 0; at < n; at += piece)
        stage_send(x, p + at, n - at < piece ? n - at : piece);
    stage_end(x);
    stage_fiber();
    return x->status;
}

void stage_fiber(void)
{
    void (*run)(struct env *, void *) = stage.run;

    stage.run = NULL;
    if (run)
        run(&stage.env, stage.arg);
}
