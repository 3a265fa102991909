/* SPDX-License-Identifier: ISC */
/*
 * fuzz_x509.c - any bytes as the certificates that a peer shows.
 *
 * The first byte chooses what is asked, the second for whom; then each
 * certificate is two bytes of length and its DER.  Half of the time every
 * signature is taken for good, so that what is behind that check is reached;
 * the last certificate may then be the trust.
 */
#include <string.h>

#include "tls_world.h"

enum { HEAP_BYTES = 512 << 10, CERTS_MAX = PATH_CERTS_MAX + 1 };

/* The first byte. */
enum { SERVER = 1, ALL_SIGNED = 2, OWN_TRUST = 4, NO_CLOCK = 8 };

static struct {
    uint8_t memory[HEAP_BYTES];
    struct crypto_mem mem;
    struct path_trust trust;
    bool all_signed;
    unsigned signatures;
} w;

int __real_ConfirmSignature(SignatureCtx *, const byte *, word32, const byte *,
                            word32, word32, const byte *, word32, word32,
                            const byte *, word32, byte *);
int __wrap_ConfirmSignature(SignatureCtx *, const byte *, word32, const byte *,
                            word32, word32, const byte *, word32, word32,
                            const byte *, word32, byte *);
int __wrap_ConfirmSignature(SignatureCtx *ctx, const byte *in, word32 in_n,
                            const byte *key, word32 key_n, word32 key_kind,
                            const byte *sig, word32 sig_n, word32 sig_kind,
                            const byte *params, word32 params_n, byte *at)
{
    int answer;

    w.signatures++;
    answer = __real_ConfirmSignature(ctx, in, in_n, key, key_n, key_kind, sig,
                                     sig_n, sig_kind, params, params_n, at);
    return w.all_signed ? 0 : answer;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    crypto_mem_init(&w.mem, (struct mspan){w.memory, sizeof(w.memory)}, 1);
    MUST(!path_trust_read(&w.trust, &w.mem, world_file("ca.crt")));
    return 0;
}

static void judge(uint8_t how, uint8_t whom, const struct span *certs,
                  unsigned n)
{
    static const char *const hosts[] = {NULL, "localhost", "a.good.test",
                                        "10.1.2.3", "fd00::2"};
    struct path_trust own = {0};
    struct path_question q = {.trust = &w.trust,
                              .host = hosts[whom % ARRAY_LEN(hosts)],
                              .server = how & SERVER,
                              .now_s = how & NO_CLOCK ? 0 : 1782043200};
    struct path_answer a, again;

    if (how & OWN_TRUST && n > 0 && certs[n - 1].n > 0 &&
        !path_trust_read(&own, &w.mem, certs[--n]))
        q.trust = &own;
    a = path_check(&q, &w.mem, certs, n);
    MUST(!a.alert == !a.why);
    MUST(a.alert || !(how & NO_CLOCK));
    MUST(w.signatures <= 12);
    again = path_check(&q, &w.mem, certs, n);
    MUST(a.alert == again.alert && a.why == again.why);
    for (unsigned i = 0; i < n; i++)
        path_is_for(&w.mem, certs[i], "a.wild.test");
    path_trust_free(&own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span certs[CERTS_MAX];
    size_t before = w.mem.heap.in_use;
    uint8_t how, whom;
    unsigned n = 0;

    fuzz_in = (struct span){data, size};
    how = take8();
    whom = take8();
    while (n < CERTS_MAX && fuzz_in.n > 0) {
        size_t bytes = take16();

        bytes = bytes < fuzz_in.n ? bytes : fuzz_in.n;
        /* a copy of its own, for a sanitizer to see a byte too far */
        certs[n] = (struct span){malloc(bytes + !bytes), bytes};
        MUST(certs[n].p);
        memcpy((uint8_t *)certs[n++].p, fuzz_in.p, bytes);
        fuzz_in = (struct span){fuzz_in.p + bytes, fuzz_in.n - bytes};
    }
    w.all_signed = how & ALL_SIGNED;
    w.signatures = 0;
    crypto_mem_enter(&w.mem, NULL);
    judge(how, whom, certs, n);
    for (unsigned i = 0; i < n; i++)
        free((uint8_t *)certs[i].p);
    MUST(w.mem.heap.in_use == before);
    return 0;
}
