/* SPDX-License-Identifier: ISC */
/*
 * proof.h - that the secret is in here, without telling it.
 *
 * The commitment is SHA-256 of the secret.  A key of P-256 is made of the
 * secret (x509_key_of()), and signs what a visitor asks for: who has the secret
 * later finds that both are of it, and who published them before has shown
 * that it was here all the time.
 */
#ifndef PINATA_PROOF_H
#define PINATA_PROOF_H

#include <billet/http.h>
#include <billet/x509.h>

#include "text.h"

enum {
    CHALLENGE_MAX = 128,
    PUBLIC_PEM_BYTES = 256,
    SIGNED_BYTES = 512,
    SHA256_HEX_BYTES = 65
};

struct prover {
    struct x509_pair key;
    char commitment[SHA256_HEX_BYTES];
    char public_pem[PUBLIC_PEM_BYTES];
    uint32_t per_minute; /* of all visitors; 0: any number */
    ns_t busy_until;     /* when the share is whole again */
};

struct pinata;

/* After the secret and the CA are there. */
enum err proof_start(struct pinata *);

http_handler proof_page, proof_text, proof_signature, proof_public,
    proof_commitment;

#endif
