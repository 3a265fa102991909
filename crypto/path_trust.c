/* SPDX-License-Identifier: ISC */
/*
 * path_trust.c - the roots that are believed.
 */
#include <string.h>

#include "path_impl.h"
#include "pem.h"

static const char *add_anchor(struct path_trust *t, struct crypto_mem *mem,
                              struct span der)
{
    struct path_anchor *a = &t->anchors[t->n];
    DecodedCert *c = path_read(mem, der);
    uint8_t *copy;

    if (!c)
        return "a trusted certificate cannot be read";
    memcpy(a->name, c->subjectHash, KEYID_SIZE);
    path_forget(c);
    if (!(copy = crypto_mem_get(mem, der.n)))
        return "no memory for the trusted certificates";
    memcpy(copy, der.p, der.n);
    a->der = (struct span){copy, der.n};
    t->n++;
    return NULL;
}

static const char *add_pem(struct path_trust *t, struct crypto_mem *mem,
                           struct span text)
{
    const char *why = NULL;
    struct pem pem;
    size_t at = 0;

    while (!why && pem_next(text, &at, &pem)) {
        uint8_t *room;
        size_t n;

        if (!pem_is(&pem, "CERTIFICATE") && !pem_is(&pem, "X509 CERTIFICATE"))
            continue;
        if (t->n == PATH_ANCHORS_MAX)
            return "there are too many trusted certificates";
        if (!(room = crypto_mem_get(mem, pem.text.n)))
            return "no memory for the trusted certificates";
        n = pem_bytes(&pem, room);
        why = n ? add_anchor(t, mem, (struct span){room, n})
                : "a trusted certificate is no base64";
        crypto_mem_put(room);
    }
    return why || t->n ? why : "there is no trusted certificate";
}

const char *path_trust_read(struct path_trust *t, struct crypto_mem *mem,
                            struct span text)
{
    const char *why;
    unsigned room = text.n / 256 < PATH_ANCHORS_MAX
                        ? (unsigned)(text.n / 256) + 1
                        : PATH_ANCHORS_MAX;

    *t = (struct path_trust){0};
    t->anchors = crypto_mem_get(mem, room * sizeof(*t->anchors));
    if (!t->anchors)
        return "no memory for the trusted certificates";
    why = text.n && text.p[0] == 0x30 ? add_anchor(t, mem, text)
                                      : add_pem(t, mem, text);
    if (why)
        path_trust_free(t);
    return why;
}

void path_trust_free(struct path_trust *t)
{
    for (unsigned i = 0; i < t->n; i++)
        crypto_mem_put((void *)(uintptr_t)t->anchors[i].der.p);
    crypto_mem_put(t->anchors);
    *t = (struct path_trust){0};
}
