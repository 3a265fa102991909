/* SPDX-License-Identifier: ISC */
/*
 * header.h - what stands before an application in the file that is sent: what
 * it is, and the signature of that.  `billet sign` writes it.
 *
 *     0 "billet update 1\n"   16 name   32 sequence   40 bytes   48 SHA-256
 *     80 zeros   192 Ed25519 signature of the 192 bytes before it
 *
 * Integers are of 64 bits, big-endian.  The image follows.
 */
#ifndef UPDATE_HEADER_H
#define UPDATE_HEADER_H

#include <billet/app.h>
#include <billet/update.h>

enum { UPDATE_SIGNED_BYTES = 192, UPDATE_DIGEST_BYTES = 32 };

struct update_header {
    char name[APP_NAME_BYTES];
    uint64_t sequence; /* higher than any that was taken before */
    uint64_t bytes;    /* of the image */
    uint8_t digest[UPDATE_DIGEST_BYTES];
};

/* False: it is none. */
MUST_USE bool update_header_parse(struct update_header *out,
                                  const uint8_t in[UPDATE_HEADER_BYTES]);

#endif
