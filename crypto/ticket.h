/* SPDX-License-Identifier: ISC */
/*
 * ticket.h - the keys of session tickets (RFC 5077, RFC 8446 4.6.1).
 *
 * A ticket's state is with the client, sealed under a key that is replaced
 * each hour and forgotten an hour later: who takes the machine then cannot
 * read what was said before.
 */
#ifndef CRYPTO_TICKET_H
#define CRYPTO_TICKET_H

#include <billet/base.h>

enum {
    TICKET_KEY_S = 3600, /* seals for so long, and opens for as long again */
    TICKET_KEY_BYTES = 32,
    TICKET_NAME_BYTES = 16,
    TICKET_NONCE_BYTES = 12,
    TICKET_TAG_BYTES = 16
};

struct ticket_key {
    uint8_t key[TICKET_KEY_BYTES], name[TICKET_NAME_BYTES];
    ns_t made; /* 0: there is none */
};

struct ticket_keys {
    struct ticket_key now, before;
};

/* In place.  False: no randomness. */
bool ticket_seal(struct ticket_keys *, ns_t now, struct mspan ticket,
                 uint8_t name[TICKET_NAME_BYTES],
                 uint8_t nonce[TICKET_NONCE_BYTES],
                 uint8_t tag[TICKET_TAG_BYTES]);
/* False: not ours, too old, or changed. */
bool ticket_open(struct ticket_keys *, ns_t now, struct mspan ticket,
                 const uint8_t name[TICKET_NAME_BYTES],
                 const uint8_t nonce[TICKET_NONCE_BYTES],
                 const uint8_t tag[TICKET_TAG_BYTES]);

#endif
