/* SPDX-License-Identifier: ISC */
/*
 * fuzz_pem.c - any bytes as the certificates, keys and trust that an owner
 * gives along: PEM or DER.
 *
 * Two bytes say where the chain ends and the key begins.  What is read is
 * written again, and must then be the same; nothing is left of what is not
 * taken.
 */
#include <billet/x509.h>
#include <loop/loop_impl.h>
#include <string.h>

#include "tls_world.h"

/* What blocks of the heap are rounded to depends on what was freed before. */
enum { ROUNDING = 4096 };

static struct {
    size_t before;
    struct loop loop;
    struct tls *tls;
    struct tls_identity usual;
    uint8_t work[X509_WORK_BYTES] __attribute__((aligned(16)));
} w;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    struct tls_config c = {.nidentities = 1, .sessions = 4};

    (void)argc;
    (void)argv;
    world_begin();
    c.identity[0] = w.usual = world_identity("server-p256");
    loop_init(&w.loop, 0);
    w.tls = world_side(&w.loop, &c);
    w.before = w.tls->mem.heap.in_use;
    return 0;
}

/* A copy of its own, for a sanitizer to see a byte too far. */
static struct span copy(const uint8_t *p, size_t n)
{
    uint8_t *bytes = malloc(n + !n);

    MUST(bytes);
    if (n)
        memcpy(bytes, p, n);
    return (struct span){bytes, n};
}

static void as_identity(struct span chain, struct span key)
{
    struct tls_identity id = {chain, key};

    /* whatever was taken goes again, with all of its memory */
    tls_replace(w.tls, 0, &id);
    MUST(!tls_replace(w.tls, 0, &w.usual));
}

static void as_trust(struct span text)
{
    struct path_trust t;

    if (!path_trust_read(&t, &w.tls->mem, text)) {
        MUST(t.n > 0 && t.n <= PATH_ANCHORS_MAX);
        for (unsigned i = 0; i < t.n; i++)
            MUST(t.anchors[i].der.n > 0);
    }
    path_trust_free(&t);
}

static void as_pair(struct span chain, struct span key)
{
    static struct x509_pair first, second;
    const char *why =
        x509_read(&first, chain, key, (struct mspan){w.work, sizeof(w.work)});

    for (size_t i = 0; i < sizeof(w.work); i++)
        MUST(w.work[i] == 0);
    if (why)
        return;
    MUST(first.cert_n <= sizeof(first.cert));
    MUST(first.key_n <= sizeof(first.key));
    MUST(!x509_read(&second, chain, key,
                    (struct mspan){w.work, sizeof(w.work)}));
    MUST(first.cert_n == second.cert_n && first.key_n == second.key_n);
    MUST(memcmp(first.cert, second.cert, first.cert_n) == 0);
    x509_wipe(&first);
    x509_wipe(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t chain_n;
    struct span chain, key;

    fuzz_in = (struct span){data, size};
    chain_n = take16();
    chain_n = chain_n < fuzz_in.n ? chain_n : fuzz_in.n;
    chain = copy(fuzz_in.p, chain_n);
    key = copy(fuzz_in.p + chain_n, fuzz_in.n - chain_n);
    world_begin();
    crypto_mem_enter(&w.tls->mem, NULL);
    as_identity(chain, key);
    as_trust(chain);
    as_pair(chain, key);
    MUST(w.tls->mem.heap.in_use < w.before + ROUNDING);
    free((uint8_t *)chain.p);
    free((uint8_t *)key.p);
    return 0;
}
