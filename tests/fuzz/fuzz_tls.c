/* SPDX-License-Identifier: ISC */
/*
 * fuzz_tls.c - what a peer may send to a session of ours, as server and client.
 *
 * The first byte chooses who is tried, and how; the second, in what pieces it
 * comes.  Then either the rest is what the peer sends, or a peer of our own
 * shakes hands and every five bytes are a change: of the bytes on their way, or
 * of what the peer is about to encrypt, so that what is inside is not what it
 * should be though its tag is right; or something that happens meanwhile.
 *
 * Whatever came, one minute later nothing is left of the session; and where
 * both ends think that they have shaken hands, they agree on the keys.
 */
#include <loop/loop_impl.h>
#include <stream/pipe.h>
#include <string.h>

#include "tls_world.h"

enum {
    CHANGES = 16,        /* beyond: left out */
    WINDOW = 4096,       /* of each pipe, each way */
    TURNS_MAX = 1 << 17, /* beyond: it never rests */
    RECORD_MAX = 20000
};

/* The first byte. */
enum { AS_CLIENT = 1, OLD = 2, DEMAND = 4, RAW = 8, RSA = 16, TALKS = 32 };

struct end {
    struct stream *s;
    unsigned seen;
    size_t got;
};

static struct world {
    struct loop ours, theirs;
    ns_t now;
    struct tls *plain, *demanding, *client;    /* tried */
    struct tls *peer, *peer_rsa, *peer_server; /* who tries */
    size_t shared[6];
    uint8_t to_us[WINDOW], from_us[WINDOW], to_peer[WINDOW], from_peer[WINDOW];
    struct pipe near, far; /* the peer's, and that of who is tried */
    bool peer_turn, far_shut, near_shut;
    struct end tried, other;
    struct stream *from, *to; /* of who is in the middle */
    struct change change[CHANGES];
    unsigned nchanges, records;
    size_t passed;
    uint8_t flags;
} w;

static struct tls **const sides[] = {&w.plain, &w.demanding, &w.client,
                                     &w.peer,  &w.peer_rsa,  &w.peer_server};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct span ca = world_file("ca.crt");
    struct tls_config server = {
        .identity = {world_identity("server-p256"), world_identity("other")},
        .nidentities = 2,
        .trust = ca,
        .alpn = "h2,http/1.1",
        .sessions = 4};
    struct tls_config client = {.identity = {world_identity("client-inter")},
                                .nidentities = 1,
                                .trust = ca,
                                .alpn = "http/1.1",
                                .sessions = 4};
    struct tls_config rsa = client;

    (void)argc;
    (void)argv;
    world_begin();
    loop_init(&w.ours, 0);
    loop_init(&w.theirs, 0);
    rsa.identity[0] = world_identity("client-rsa2048");
    w.plain = world_side(&w.ours, &server);
    server.demand = true;
    w.demanding = world_side(&w.ours, &server);
    w.peer_server = world_side(&w.theirs, &server);
    w.client = world_side(&w.ours, &client);
    w.peer = world_side(&w.theirs, &client);
    w.peer_rsa = world_side(&w.theirs, &rsa);
    for (unsigned i = 0; i < ARRAY_LEN(sides); i++)
        w.shared[i] = (*sides[i])->mem.heap.in_use;
    return 0;
}

/* The peer's cipher, with --wrap of the linker. */
int __real_wc_AesGcmEncrypt_ex(Aes *, byte *, const byte *, word32, byte *,
                               word32, byte *, word32, const byte *, word32);
int __wrap_wc_AesGcmEncrypt_ex(Aes *, byte *, const byte *, word32, byte *,
                               word32, byte *, word32, const byte *, word32);
int __wrap_wc_AesGcmEncrypt_ex(Aes *aes, byte *out, const byte *in, word32 n,
                               byte *iv, word32 iv_n, byte *tag, word32 tag_n,
                               const byte *also, word32 also_n)
{
    static byte inside[RECORD_MAX];

    if (w.peer_turn && n <= sizeof(inside)) {
        memcpy(inside, in, n);
        for (unsigned i = 0; i < w.nchanges; i++) {
            struct change *c = &w.change[i];

            if (c->kind != INSIDE || c->op >> 4 != (w.records & 15) || c->done)
                continue;
            c->done = true;
            world_change(c, inside, n, c->at);
        }
        w.records++;
        in = inside;
    }
    return __real_wc_AesGcmEncrypt_ex(aes, out, in, n, iv, iv_n, tag, tag_n,
                                      also, also_n);
}

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct end *e = user;
    struct span in;

    e->seen |= events;
    while ((in = stream_peek(s)).n > 0) {
        e->got += in.n;
        stream_consume(s, in.n);
    }
    if (events & STREAM_OPEN && w.flags & TALKS) {
        struct mspan room = stream_reserve(s);

        if (room.n)
            memset(room.p, 'x', room.n);
        stream_commit(s, room.n);
    }
    if (events & STREAM_EOF)
        stream_shutdown(s);
    if (events & STREAM_CLOSED) {
        stream_release(s);
        e->s = NULL;
    }
}

/* The middle's ends: their bytes are looked for, not waited for. */
static void on_middle(struct stream *s, unsigned events, void *user)
{
    (void)s;
    if (events & (STREAM_EOF | STREAM_CLOSED))
        *(bool *)user = true;
}

static void meanwhile(const struct change *c)
{
    struct stream *s = w.tried.s;

    if (!s && c->op % 8 != 5)
        return;
    switch (c->op % 8) {
    case 0:
        stream_write(s, SPAN("a word"));
        break;
    case 1:
        if (!tls_rekey(s))
            stream_write(s, SPAN("no new keys"));
        break;
    case 2:
        stream_shutdown(s);
        break;
    case 3:
        stream_abort(s);
        break;
    case 4:
        s->on_event = NULL;
        stream_release(s);
        w.tried.s = NULL;
        break;
    case 5:
        w.now += c->value * NS_PER_SEC / 8;
        break;
    case 6:
        if (w.other.s && !tls_rekey(w.other.s))
            stream_write(w.other.s, SPAN("another"));
        break;
    default:
        if (w.other.s)
            stream_shutdown(w.other.s);
    }
}

static bool turn(void)
{
    bool more = loop_turn(&w.ours, w.now);

    w.peer_turn = true;
    more |= loop_turn(&w.theirs, w.now);
    w.peer_turn = false;
    return more;
}

/* From the peer to who is tried, one piece; false: there is none. */
static bool pass(void)
{
    struct span in = stream_peek(w.from);
    struct mspan room = stream_reserve(w.to);
    size_t n = in.n < room.n ? in.n : room.n;

    if (n == 0)
        return false;
    memcpy(room.p, in.p, n);
    for (unsigned i = 0; i < w.nchanges; i++) {
        struct change *c = &w.change[i];

        if (c->done || c->kind == INSIDE || c->at < w.passed ||
            c->at >= w.passed + n)
            continue;
        c->done = true;
        if (c->kind == MEANWHILE)
            meanwhile(c);
        else
            world_change(c, room.p, n, c->at - w.passed);
    }
    stream_consume(w.from, n);
    stream_commit(w.to, n);
    w.passed += n;
    return true;
}

static bool pass_back(void)
{
    struct span in = stream_peek(w.to);
    size_t n = in.n ? stream_write(w.from, in) : 0;

    stream_consume(w.to, n);
    return n > 0;
}

static void run(void)
{
    for (unsigned i = 0; i < TURNS_MAX; i++) {
        bool more = turn();

        more |= pass();
        more |= pass_back();
        if (w.near_shut && !stream_peek(w.from).n)
            stream_shutdown(w.to);
        if (w.far_shut && !stream_peek(w.to).n)
            stream_shutdown(w.from);
        if (!more && !turn())
            return;
    }
    fuzz_broken(__LINE__, "it rests");
}

static void feed(struct span in)
{
    for (unsigned i = 0; in.n && w.tried.s && i < TURNS_MAX; i++) {
        size_t n = stream_write(w.to, in);
        struct span out;

        in.p += n;
        in.n -= n;
        loop_turn(&w.ours, w.now);
        while ((out = stream_peek(w.to)).n)
            stream_consume(w.to, out.n);
    }
    stream_shutdown(w.to);
}

static void agree(void)
{
    uint8_t a[32], b[32];

    if (!w.tried.s || !w.other.s ||
        !tls_export(w.tried.s, "label", SPAN("context"),
                    (struct mspan){a, sizeof(a)}) ||
        !tls_export(w.other.s, "label", SPAN("context"),
                    (struct mspan){b, sizeof(b)}))
        return;
    MUST(memcmp(a, b, sizeof(a)) == 0);
}

static void listen_to(struct end *e)
{
    e->s->on_event = on_event;
    e->s->user = e;
}

/* Who is tried, on the far pipe. */
static void begin(uint8_t pieces)
{
    struct tls *tls = w.flags & AS_CLIENT ? w.client
                      : w.flags & DEMAND  ? w.demanding
                                          : w.plain;
    struct stream *lower;

    pipe_init(&w.far, &w.ours, (struct mspan){w.from_us, WINDOW},
              (struct mspan){w.to_us, WINDOW});
    pipe_pieces(&w.far, pieces);
    w.to = pipe_stream(&w.far, 0);
    w.to->on_event = on_middle;
    w.to->user = &w.far_shut;
    lower = pipe_stream(&w.far, 1);
    if (w.flags & AS_CLIENT) {
        world_only_1_2(tls, (w.flags & OLD) != 0);
        MUST(tls_connect(tls, lower, NULL, &w.tried.s) == OK);
    } else {
        MUST(tls_accept(tls, lower, &w.tried.s) == OK);
    }
    listen_to(&w.tried);
}

/* And a peer of our own, on the near one. */
static void begin_peer(void)
{
    struct tls *tls = w.flags & AS_CLIENT ? w.peer_server
                      : w.flags & RSA     ? w.peer_rsa
                                          : w.peer;
    struct stream *lower;

    pipe_init(&w.near, &w.theirs, (struct mspan){w.to_peer, WINDOW},
              (struct mspan){w.from_peer, WINDOW});
    lower = pipe_stream(&w.near, 0);
    w.from = pipe_stream(&w.near, 1);
    w.from->on_event = on_middle;
    w.from->user = &w.near_shut;
    w.peer_turn = true;
    if (w.flags & AS_CLIENT) {
        MUST(tls_accept(tls, lower, &w.other.s) == OK);
    } else {
        world_only_1_2(tls, (w.flags & OLD) != 0);
        MUST(tls_connect(tls, lower, NULL, &w.other.s) == OK);
    }
    w.peer_turn = false;
    listen_to(&w.other);
}

static void shake(void)
{
    w.nchanges = world_changes(w.change, CHANGES);
    begin_peer();
    run();
    agree();
    for (unsigned i = 0; i < w.nchanges; i++)
        if (w.change[i].kind == MEANWHILE && !w.change[i].done) {
            meanwhile(&w.change[i]);
            run();
        }
}

/* Time passes until nobody has anything any more. */
static void finish(void)
{
    if (w.tried.s)
        stream_shutdown(w.tried.s);
    if (w.other.s)
        stream_shutdown(w.other.s);
    for (int i = 0; i < 16; i++) {
        w.now += 4 * NS_PER_SEC;
        if (w.flags & RAW)
            for (unsigned k = 0; k < TURNS_MAX && turn(); k++)
                continue;
        else
            run();
    }
    if (w.tried.s)
        stream_release(w.tried.s);
    if (w.other.s)
        stream_release(w.other.s);
    stream_release(w.to);
    if (w.from)
        stream_release(w.from);
    w.now += 60 * NS_PER_SEC;
    for (unsigned k = 0; k < TURNS_MAX && turn(); k++)
        continue;
    for (unsigned i = 0; i < ARRAY_LEN(sides); i++)
        world_quiet(*sides[i], w.shared[i]);
    MUST(loop_pending(&w.ours) == 0 && loop_pending(&w.theirs) == 0);
}

static void anew(void)
{
    size_t keep = offsetof(struct world, near);

    world_begin();
    memset((uint8_t *)&w + keep, 0, sizeof(w) - keep);
    for (unsigned i = 0; i < ARRAY_LEN(sides); i++) {
        memset(&(*sides[i])->tickets, 0, sizeof((*sides[i])->tickets));
        memset(&(*sides[i])->count, 0, sizeof((*sides[i])->count));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t pieces;

    fuzz_in = (struct span){data, size};
    anew();
    w.flags = take8();
    pieces = take8();
    begin(pieces < 128 ? 0 : (uint8_t)(pieces - 127));
    if (w.flags & RAW)
        feed(fuzz_in);
    else
        shake();
    finish();
    return 0;
}
