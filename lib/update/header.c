/* SPDX-License-Identifier: ISC */
/*
 * header.c - reading what stands before an application, and the key that must
 * have signed it.
 */
#include "header.h"

#include <base/bytes.h>
#include <https/https_impl.h>

enum { NAME_AT = 16, SEQUENCE_AT = 32, BYTES_AT = 40, DIGEST_AT = 48 };
enum { REST_AT = DIGEST_AT + UPDATE_DIGEST_BYTES, TEXT_MAX = 128 };

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

/* What is between the marks of a PEM; all of it where there are none. */
static struct span inside(struct span text)
{
    static const char begin[] = "-----BEGIN PUBLIC KEY-----";
    size_t at = sizeof(begin) - 1, end;

    if (text.n < at || memcmp(text.p, begin, at) != 0)
        return text;
    for (end = at; end < text.n && text.p[end] != '-'; end++)
        ;
    return (struct span){text.p + at, end - at};
}

bool update_key_parse(uint8_t out[UPDATE_KEY_BYTES], struct span text)
{
    static const uint8_t spki[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                   0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};
    uint8_t der[sizeof(spki) + UPDATE_KEY_BYTES];
    char words[TEXT_MAX];
    size_t n;

    text = inside(text);
    if (text.n >= sizeof(words) || memchr(text.p, 0, text.n))
        return false;
    memcpy(words, text.p, text.n);
    words[text.n] = 0;
    n = identity_base64(words, (struct mspan){der, sizeof(der)});
    if (n == sizeof(der) && memcmp(der, spki, sizeof(spki)) == 0)
        memcpy(out, der + sizeof(spki), UPDATE_KEY_BYTES);
    else if (n == UPDATE_KEY_BYTES)
        memcpy(out, der, UPDATE_KEY_BYTES);
    else
        return false;
    return true;
}
