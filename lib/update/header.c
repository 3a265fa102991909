/* SPDX-License-Identifier: ISC */
/*
 * header.c - reading what stands before an application.
 */
#include "header.h"

#include <base/bytes.h>

enum { NAME_AT = 16, SEQUENCE_AT = 32, BYTES_AT = 40, DIGEST_AT = 48 };
enum { REST_AT = DIGEST_AT + UPDATE_DIGEST_BYTES };

bool update_header_parse(struct update_header *out,
                         const uint8_t in[UPDATE_HEADER_BYTES])
{
    if (memcmp(in, "billet update 1\n", NAME_AT) != 0 ||
        in[NAME_AT + APP_NAME_BYTES - 1] != 0)
        return false;
    for (unsigned i = REST_AT; i < UPDATE_SIGNED_BYTES; i++)
        if (in[i] != 0)
            return false;
    *out = (struct update_header){.sequence = be64(in + SEQUENCE_AT),
                                  .bytes = be64(in + BYTES_AT)};
    memcpy(out->name, in + NAME_AT, APP_NAME_BYTES);
    memcpy(out->digest, in + DIGEST_AT, UPDATE_DIGEST_BYTES);
    return true;
}
