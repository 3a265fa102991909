/* SPDX-License-Identifier: ISC */
/*
 * json_out.c - writing JSON, and base64url for what is signed with it.
 */
#include <base/bytes.h>
#include <base/fmt.h>

#include "json.h"

static void put(struct json_out *o, const void *p, size_t n)
{
    if (o->full || n > o->room.n - o->n) {
        o->full = true;
        return;
    }
    memcpy(o->room.p + o->n, p, n);
    o->n += n;
}

static void before_value(struct json_out *o)
{
    if (o->follows)
        put(o, ",", 1);
    o->follows = true;
}

void json_open(struct json_out *o, char bracket)
{
    before_value(o);
    put(o, &bracket, 1);
    o->follows = false;
}

void json_close(struct json_out *o, char bracket)
{
    put(o, &bracket, 1);
    o->follows = true;
}

void json_name(struct json_out *o, const char *name)
{
    json_string(o, span_of(name));
    put(o, ":", 1);
    o->follows = false;
}

void json_string(struct json_out *o, struct span text)
{
    before_value(o);
    put(o, "\"", 1);
    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];
        char escaped[7];

        if (c >= 0x20 && c != '"' && c != '\\')
            put(o, &c, 1);
        else
            put(o, escaped,
                c < 0x20 ? fmt(escaped, sizeof(escaped), "\\u%04x", c)
                         : fmt(escaped, sizeof(escaped), "\\%c", c));
    }
    put(o, "\"", 1);
}

void json_number(struct json_out *o, uint64_t v)
{
    char text[20];

    before_value(o);
    put(o, text, fmt_u64(text, v));
}

void json_raw(struct json_out *o, struct span value)
{
    before_value(o);
    put(o, value.p, value.n);
}

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url(char *out, struct span in)
{
    uint32_t bits = 0;
    unsigned have = 0;

    for (size_t i = 0; i < in.n; i++) {
        bits = bits << 8 | in.p[i];
        for (have += 8; have >= 6;) {
            have -= 6;
            *out++ = alphabet[bits >> have & 63];
        }
    }
    if (have)
        *out = alphabet[bits << (6 - have) & 63];
}

bool base64url_decode(struct span in, struct mspan out, size_t *n)
{
    uint32_t bits = 0;
    unsigned have = 0;
    size_t at = 0;

    if (in.n % 4 == 1)
        return false;
    for (size_t i = 0; i < in.n; i++) {
        const char *digit = in.p[i] ? strchr(alphabet, in.p[i]) : NULL;

        if (!digit)
            return false;
        bits = bits << 6 | (uint32_t)(digit - alphabet);
        have += 6;
        if (have < 8)
            continue;
        have -= 8;
        if (at == out.n)
            return false;
        out.p[at++] = (uint8_t)(bits >> have);
    }
    *n = at;
    return (bits & ((1u << have) - 1)) == 0; /* one text for each value */
}
