/* SPDX-License-Identifier: ISC */
/*
 * http1_field.c - header lines (RFC 9112 5): name ":" OWS value OWS CRLF.
 *
 * Names are told apart by their length and a comparison of whole words; values
 * are searched for their end eight bytes at a time.
 */
#include <base/bytes.h>

#include "http1_impl.h"

#define EACH_BYTE(v) (UINT64_C(0x0101010101010101) * (v))

static uint64_t word(const uint8_t *p)
{
    uint64_t v;

    memcpy(&v, p, sizeof(v));
    return v;
}

/* The first byte in [p, end) that is a control character, or end.  SP to '~'
 * and obs-text are skipped in words of eight: a byte below 0x20 or equal to
 * 0x7f leaves its top bit set in `odd`, and so may bytes above such a one, but
 * none below it.  Little-endian, as is the machine. */
static const uint8_t *skip_text(const uint8_t *p, const uint8_t *end)
{
    while (end - p >= 8) {
        uint64_t v = word(p), del = v ^ EACH_BYTE(0x7f);
        uint64_t odd = ((v - EACH_BYTE(0x20)) & ~v) |
                       ((del - EACH_BYTE(0x01)) & ~del & ~v);

        odd &= EACH_BYTE(0x80);
        if (odd)
            return p + (__builtin_ctzll(odd) >> 3);
        p += 8;
    }
    while (p < end && *p >= 0x20 && *p != 0x7f)
        p++;
    return p;
}

bool http1_same(struct span a, struct span b)
{
    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        uint8_t x = a.p[i], y = b.p[i];

        if (x == y)
            continue;
        if ((x | 0x20) != (y | 0x20) || (x | 0x20) < 'a' || (x | 0x20) > 'z')
            return false;
    }
    return true;
}

/* Whether the `n` bytes of a token are `known`, which is in lower case and of 4
 * bytes at least: no other byte of a token is turned into a letter or '-' by
 * 0x20.  Compiled with a constant `known`, it is two comparisons of words. */
static inline bool named(const uint8_t *name, const char *known, size_t n)
{
    uint64_t low = 0, high = 0, want_low = 0, want_high = 0;
    size_t part = n < 8 ? 4 : 8, mid = n < 16 ? n - part : 8;

    if (n == 4)
        return (le32(name) | 0x20202020) == le32((const uint8_t *)known);
    memcpy(&low, name, part);
    memcpy(&want_low, known, part);
    memcpy(&high, name + mid, part);
    memcpy(&want_high, known + mid, part);
    low |= EACH_BYTE(0x20) >> (64 - 8 * part);
    high |= EACH_BYTE(0x20) >> (64 - 8 * part);
    if (low != want_low || high != want_high)
        return false;
    for (size_t i = mid + part; i < n; i++) {
        if ((name[i] | 0x20) != known[i])
            return false;
    }
    return true;
}

#define NAMED(known, field)                                                    \
    if (named(name, known, sizeof(known) - 1))                                 \
    return field

/* Those that few requests have, one after the other. */
static RARE unsigned seldom_field(const uint8_t *name, size_t n)
{
    static const struct {
        char name[20];
        uint8_t field;
    } known[] = {
        {"expect", HTTP_EXPECT},
        {"if-match", HTTP_IF_MATCH},
        {"if-range", HTTP_IF_RANGE},
        {"content-type", HTTP_CONTENT_TYPE},
        {"if-none-match", HTTP_IF_NONE_MATCH},
        {"if-modified-since", HTTP_IF_MODIFIED_SINCE},
        {"transfer-encoding", HTTP_TRANSFER_ENCODING},
        {"if-unmodified-since", HTTP_IF_UNMODIFIED_SINCE},
    };

    for (size_t k = 0; k < ARRAY_LEN(known); k++) {
        size_t i = 0;

        while (i < n && (char)(name[i] | 0x20) == known[k].name[i])
            i++;
        if (i == n && known[k].name[n] == '\0')
            return known[k].field;
    }
    return HTTP_FIELDS;
}

/* By length first. */
static unsigned field_of(const uint8_t *name, size_t n)
{
    switch (n) {
    case 4:
        NAMED("host", HTTP_HOST);
        break;
    case 5:
        NAMED("range", HTTP_RANGE);
        break;
    case 10:
        NAMED("connection", HTTP_CONNECTION);
        break;
    case 14:
        NAMED("content-length", HTTP_CONTENT_LENGTH);
        break;
    case 15:
        NAMED("accept-encoding", HTTP_ACCEPT_ENCODING);
        break;
    case 6:
        NAMED("accept", HTTP_ACCEPT);
        return seldom_field(name, n);
    case 8:
    case 12:
    case 13:
    case 17:
    case 19:
        return seldom_field(name, n);
    default:
        break;
    }
    return HTTP_FIELDS;
}

bool http1_list_next(struct span *rest, struct span *element)
{
    const uint8_t *p = rest->p, *end = p + rest->n, *start;
    bool quoted = false;

    while (p < end && (*p == ',' || *p == ' ' || *p == '\t'))
        p++;
    for (start = p; p < end && (quoted || *p != ','); p++) {
        if (*p == '"')
            quoted = !quoted;
        else if (quoted && *p == '\\' && end - p > 1)
            p++;
    }
    *rest = (struct span){p, (size_t)(end - p)};
    while (p > start && (p[-1] == ' ' || p[-1] == '\t'))
        p--;
    *element = (struct span){start, (size_t)(p - start)};
    return element->n > 0;
}

static RARE unsigned take_length(struct http1_head *h, struct span v)
{
    uint64_t n = 0;

    if (h->flags & HTTP1_HAS_LENGTH || v.n == 0 || v.n > 19)
        return http1_refuse(h, HTTP1_SMUGGLING, 400);
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return http1_refuse(h, HTTP1_SMUGGLING, 400);
        n = n * 10 + (v.p[i] - '0'); /* 19 digits fit */
    }
    if (n > INT64_MAX)
        return http1_refuse(h, HTTP1_TOO_LARGE, 413);
    h->flags |= HTTP1_HAS_LENGTH;
    h->length = n;
    return 200;
}

/* RFC 9112 6.1: "chunked" once and alone is what we decode. */
static RARE unsigned take_coding(struct http1_head *h, struct span v)
{
    struct span coding;
    unsigned n = 0;
    bool last_chunked = h->flags & HTTP1_CHUNKED;

    while (http1_list_next(&v, &coding)) {
        if (last_chunked) /* chunked must be the last, and once */
            return http1_refuse(h, HTTP1_SMUGGLING, 400);
        last_chunked = http1_same(coding, SPAN("chunked"));
        n++;
    }
    if (n == 0 || (h->repeated & 1u << HTTP_TRANSFER_ENCODING))
        return http1_refuse(h, HTTP1_SMUGGLING, 400);
    if (n > 1 || !last_chunked)
        return http1_refuse(h, HTTP1_SYNTAX, 501);
    h->flags |= HTTP1_CHUNKED;
    return 200;
}

/* RFC 3986 3.2.2, 3.2.3: a name, an IPv4 address or [IPv6], then :port. */
bool http1_host(struct span v)
{
    const uint8_t *p = v.p, *end = p + v.n;

    if (p < end && *p == '[') {
        for (p++;
             p < end && (http1_is(*p, HTTP1_HEX) || *p == ':' || *p == '.');)
            p++;
        if (p == end || *p++ != ']')
            return false;
    } else {
        p = http1_skip(p, end, HTTP1_HOST);
    }
    if (p < end && *p++ != ':')
        return false;
    while (p < end && *p >= '0' && *p <= '9')
        p++;
    return p == end;
}

static unsigned take_host(struct http1_head *h, struct span v)
{
    if (h->repeated & 1u << HTTP_HOST)
        return http1_refuse(h, HTTP1_SMUGGLING, 400);
    return http1_host(v) ? 200 : http1_refuse(h, HTTP1_SYNTAX, 400);
}

static unsigned take_options(struct http1_head *h, unsigned field,
                             struct span v)
{
    struct span option;

    while (http1_list_next(&v, &option)) {
        if (field == HTTP_EXPECT)
            h->flags |= http1_same(option, SPAN("100-continue"))
                            ? HTTP1_CONTINUE
                            : HTTP1_EXPECT_OTHER;
        else if (http1_same(option, SPAN("close")))
            h->flags |= HTTP1_CLOSE;
        else if (http1_same(option, SPAN("keep-alive")))
            h->flags |= HTTP1_KEEP_ALIVE;
    }
    return 200;
}

static unsigned take_field(struct http1_head *h, unsigned field,
                           const uint8_t *text, struct span v)
{
    uint32_t bit = 1u << field;

    if (h->have & bit)
        h->repeated |= bit;
    else
        h->field[field] = http1_ref_of(text, v.p, v.p + v.n);
    h->have |= bit;
    switch (field) {
    case HTTP_HOST:
        return take_host(h, v);
    case HTTP_CONTENT_LENGTH:
        return take_length(h, v);
    case HTTP_TRANSFER_ENCODING:
        return take_coding(h, v);
    case HTTP_CONNECTION:
    case HTTP_EXPECT:
        return take_options(h, field, v);
    default:
        return 200;
    }
}

unsigned http1_field_line(struct http1_head *h, struct span in)
{
    const uint8_t *name = in.p + h->at, *end = in.p + in.n, *p = name;
    const uint8_t *value, *stop;
    unsigned field, status;
    size_t n;

    p = http1_skip(p, end, HTTP1_TOKEN);
    if (p == end || (p == name && *p == '\r' && end - p < 2))
        return 0;
    if (*p != ':' || p == name) /* a blank before the colon, a folded line */
        return http1_refuse(h,
                            *p == ' ' || *p == '\t' || *p == '\n'
                                ? HTTP1_SMUGGLING
                                : HTTP1_SYNTAX,
                            400);
    n = (size_t)(p - name);
    for (p++; p < end && (*p == ' ' || *p == '\t');)
        p++;
    for (value = p; (p = skip_text(p, end)) < end && *p == '\t';)
        p++;
    if (end - p < 2)
        return p < end && *p != '\r' ? http1_refuse(h, HTTP1_SYNTAX, 400) : 0;
    if (p[0] != '\r' || p[1] != '\n')
        return http1_refuse(
            h, *p == '\n' || *p == '\r' ? HTTP1_SMUGGLING : HTTP1_SYNTAX, 400);
    for (stop = p; stop > value && (stop[-1] == ' ' || stop[-1] == '\t');)
        stop--;
    if (h->lines > HTTP1_FIELDS_MAX)
        return http1_refuse(h, HTTP1_TOO_LARGE, 431);
    field = field_of(name, n);
    if (field != HTTP_FIELDS &&
        (status = take_field(h, field, in.p,
                             (struct span){value, (size_t)(stop - value)})) !=
            200)
        return status;
    h->lines++;
    h->at = (uint16_t)(p + 2 - in.p);
    return 200;
}

bool http1_line_next(const struct http1_head *h, const uint8_t *text,
                     uint32_t *at, struct span *name, struct span *value)
{
    const uint8_t *p = text + *at, *end = text + h->bytes - 2, *colon, *stop;

    if (p >= end)
        return false;
    colon = memchr(p, ':', (size_t)(end - p));
    *name = (struct span){p, (size_t)(colon - p)};
    for (p = colon + 1; *p == ' ' || *p == '\t';)
        p++;
    stop = memchr(p, '\r', (size_t)(end - p));
    *at = (uint32_t)(stop + 2 - text);
    while (stop > p && (stop[-1] == ' ' || stop[-1] == '\t'))
        stop--;
    *value = (struct span){p, (size_t)(stop - p)};
    return true;
}
