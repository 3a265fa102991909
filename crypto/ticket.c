/* SPDX-License-Identifier: ISC */
/*
 * ticket.c - sealing by ChaCha20-Poly1305; the key's name is authenticated.
 */
#include "ticket.h"

#include <billet/machine.h>
#include <string.h>
#include <wolfssl/internal.h>
#include <wolfssl/wolfcrypt/chacha20_poly1305.h>

#include "mem.h"

static bool expired(const struct ticket_key *k, ns_t now, uint64_t after_s)
{
    return k->made == 0 || now - k->made >= after_s * NS_PER_SEC;
}

static bool random_bytes(uint8_t *out, size_t n)
{
    return machine_random((struct mspan){out, n});
}

/* Forgets what is too old, and has a key to seal with. */
static bool turn(struct ticket_keys *k, ns_t now)
{
    struct ticket_key fresh = {.made = now += now == 0};

    if (k->before.made && expired(&k->before, now, 2 * TICKET_KEY_S))
        crypto_wipe(&k->before, sizeof(k->before));
    if (!expired(&k->now, now, TICKET_KEY_S))
        return true;
    if (!random_bytes(fresh.key, sizeof(fresh.key)) ||
        !random_bytes(fresh.name, sizeof(fresh.name)))
        return false;
    k->before = k->now;
    if (k->before.made && expired(&k->before, now, 2 * TICKET_KEY_S))
        crypto_wipe(&k->before, sizeof(k->before));
    k->now = fresh;
    crypto_wipe(&fresh, sizeof(fresh));
    return true;
}

bool ticket_seal(struct ticket_keys *k, ns_t now, struct mspan ticket,
                 uint8_t name[TICKET_NAME_BYTES],
                 uint8_t nonce[TICKET_NONCE_BYTES],
                 uint8_t tag[TICKET_TAG_BYTES])
{
    if (!turn(k, now) || !random_bytes(nonce, TICKET_NONCE_BYTES))
        return false;
    memcpy(name, k->now.name, TICKET_NAME_BYTES);
    return wc_ChaCha20Poly1305_Encrypt(k->now.key, nonce, name,
                                       TICKET_NAME_BYTES, ticket.p,
                                       (word32)ticket.n, ticket.p, tag) == 0;
}

bool ticket_open(struct ticket_keys *k, ns_t now, struct mspan ticket,
                 const uint8_t name[TICKET_NAME_BYTES],
                 const uint8_t nonce[TICKET_NONCE_BYTES],
                 const uint8_t tag[TICKET_TAG_BYTES])
{
    const struct ticket_key *key = NULL;

    if (!turn(k, now))
        return false;
    if (memcmp(name, k->now.name, TICKET_NAME_BYTES) == 0)
        key = &k->now;
    else if (k->before.made &&
             memcmp(name, k->before.name, TICKET_NAME_BYTES) == 0)
        key = &k->before;
    return key && wc_ChaCha20Poly1305_Decrypt(
                      key->key, nonce, name, TICKET_NAME_BYTES, ticket.p,
                      (word32)ticket.n, tag, ticket.p) == 0;
}
