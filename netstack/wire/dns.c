/* SPDX-License-Identifier: ISC */
/*
 * dns.c - see dns.h: names.
 */
#include "dns.h"

#include <base/fmt.h>

bool dns_name_from(struct dns_name *out, struct span text)
{
    struct dns_name name = {0};
    size_t label = 0; /* where the length byte of this label is */

    if (text.n > 0 && text.p[text.n - 1] == '.')
        text.n--;
    if (text.n == 0 || text.n > DNS_NAME_MAX - 2)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] <= ' ' || text.p[i] > '~' || text.p[i] == '\\')
            return false;
        if (text.p[i] != '.') {
            name.b[1 + i] = text.p[i];
            continue;
        }
        if (i == label || i - label > DNS_LABEL_MAX)
            return false;
        name.b[label] = (uint8_t)(i - label);
        label = i + 1;
    }
    if (text.n == label || text.n - label > DNS_LABEL_MAX)
        return false;
    name.b[label] = (uint8_t)(text.n - label);
    name.n = (uint8_t)(text.n + 2);
    *out = name;
    return true;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

bool dns_name_eq(const struct dns_name *a, const struct dns_name *b)
{
    if (a->n != b->n)
        return false;
    for (unsigned i = 0; i < a->n; i++) /* a length byte is below 'A' */
        if (lower(a->b[i]) != lower(b->b[i]))
            return false;
    return true;
}

bool dns_name_within(const struct dns_name *name, const char *domain)
{
    struct dns_name end, tail;
    unsigned at = 0;

    if (!dns_name_from(&end, span_of(domain)))
        return false;
    while (name->n - at > end.n)
        at += name->b[at] + 1u;
    tail.n = (uint8_t)(name->n - at);
    memcpy(tail.b, name->b + at, tail.n);
    return dns_name_eq(&tail, &end);
}

unsigned dns_name_mix(struct dns_name *name, const uint8_t bits[32])
{
    unsigned letters = 0;

    for (unsigned i = 0; i < name->n; i++) { /* no length byte is a letter */
        uint8_t c = lower(name->b[i]);

        if (c < 'a' || c > 'z')
            continue;
        letters++;
        if (bits[i / 8] >> i % 8 & 1)
            name->b[i] ^= 0x20;
    }
    return letters;
}

size_t dns_name_text(char out[DNS_NAME_TEXT_BYTES], struct span name)
{
    size_t n = 0;

    for (size_t at = 0; at < name.n && name.p[at]; at += name.p[at] + 1u) {
        for (size_t i = at + 1; i <= at + name.p[at] && i < name.n; i++) {
            uint8_t c = name.p[i];

            if (n + 6 > DNS_NAME_TEXT_BYTES)
                break;
            if (c <= ' ' || c > '~') {
                out[n++] = '\\';
                out[n++] = (char)('0' + c / 100);
                out[n++] = (char)('0' + c / 10 % 10);
                c = (uint8_t)('0' + c % 10);
            } else if (c == '.' || c == '\\') {
                out[n++] = '\\';
            }
            out[n++] = (char)c;
        }
        out[n++] = '.';
    }
    n -= n > 0; /* without the last dot */
    out[n] = 0;
    return n;
}

bool dns_name_read(struct dns_name *out, struct span msg, size_t *at)
{
    size_t from = *at, limit = *at, n = 0;
    unsigned jumps = 0;

    for (;;) {
        uint8_t len;

        if (from >= msg.n)
            return false;
        len = msg.p[from];
        if (len >> 6 == 3) { /* a pointer, to before where we came from */
            size_t to;

            if (msg.n - from < 2 || jumps == DNS_JUMPS_MAX)
                return false;
            to = (size_t)(be16(msg.p + from) & 0x3fff);
            if (to >= limit)
                return false;
            if (jumps++ == 0)
                *at = from + 2;
            from = limit = to;
            continue;
        }
        if (len > DNS_LABEL_MAX || len >= msg.n - from ||
            n + len + 1u > DNS_NAME_MAX)
            return false;
        memcpy(out->b + n, msg.p + from, len + 1u);
        n += len + 1u;
        from += len + 1u;
        if (len == 0)
            break;
    }
    if (jumps == 0)
        *at = from;
    out->n = (uint8_t)n;
    return true;
}

void dns_reverse(char out[DNS_REVERSE_BYTES], const struct ipaddr *a)
{
    const uint8_t *b = a->b;

    if (ipaddr_is_v4(a)) {
        fmt(out, DNS_REVERSE_BYTES, "%u.%u.%u.%u.in-addr.arpa", b[15], b[14],
            b[13], b[12]);
        return;
    }
    for (unsigned i = 16; i-- > 0; out += 4)
        fmt(out, 5, "%x.%x.", b[i] & 15, b[i] >> 4);
    memcpy(out, "ip6.arpa", 9);
}
