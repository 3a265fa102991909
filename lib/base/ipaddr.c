/* SPDX-License-Identifier: ISC */
/*
 * ipaddr.c - IP addresses and endpoints as text, both ways.
 *
 * Declared in <billet/net.h>; here and not in the stack because keys are
 * parsed with it in images without a network, too.
 */
#include <base/bytes.h>
#include <base/fmt.h>
#include <billet/net.h>

enum { GROUPS = 8 };

static const uint8_t v4_prefix[12] = {[10] = 0xff, [11] = 0xff};

bool ipaddr_is_v4(const struct ipaddr *a)
{
    return memcmp(a->b, v4_prefix, sizeof(v4_prefix)) == 0;
}

bool ipaddr_eq(const struct ipaddr *a, const struct ipaddr *b)
{
    return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

struct ipaddr ipaddr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
    struct ipaddr addr = {.b = {[10] = 0xff, 0xff, a, b, c, d}};

    return addr;
}

/* RFC 5952 4.2: the longest run of zero groups, the first of equals, and only
 * one of two groups or more. */
static void longest_zeros(const uint16_t *group, unsigned *start, unsigned *n)
{
    *start = *n = 0;
    for (unsigned i = 0; i < GROUPS; i++) {
        unsigned run = 0;

        while (i + run < GROUPS && group[i + run] == 0)
            run++;
        if (run > *n && run > 1) {
            *start = i;
            *n = run;
        }
        i += run;
    }
}

static void format_v6(char *out, const struct ipaddr *a)
{
    uint16_t group[GROUPS];
    unsigned start, n;
    size_t at = 0;

    for (unsigned i = 0; i < GROUPS; i++)
        group[i] = be16(a->b + 2 * i);
    longest_zeros(group, &start, &n);
    for (unsigned i = 0; i < GROUPS; i++) {
        if (n && i == start) {
            at += fmt(out + at, IPADDR_TEXT_BYTES - at, "::");
            i += n - 1;
            continue;
        }
        at += fmt(out + at, IPADDR_TEXT_BYTES - at, "%s%x",
                  at && out[at - 1] != ':' ? ":" : "", group[i]);
    }
}

void ipaddr_format(char out[IPADDR_TEXT_BYTES], const struct ipaddr *a)
{
    const uint8_t *b = a->b + 12;

    if (ipaddr_is_v4(a))
        fmt(out, IPADDR_TEXT_BYTES, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
    else
        format_v6(out, a);
}

/* Exactly four decimal numbers; no leading zeros, which some read as octal. */
static bool parse_v4(uint8_t out[4], struct span t)
{
    unsigned part = 0, value = 0, digits = 0;

    for (size_t i = 0; i <= t.n; i++) {
        if (i == t.n || t.p[i] == '.') {
            if (digits == 0 || part == 4)
                return false;
            out[part++] = (uint8_t)value;
            value = digits = 0;
        } else {
            if (t.p[i] < '0' || t.p[i] > '9' || (digits && value == 0))
                return false;
            value = value * 10 + t.p[i] - '0';
            digits++;
            if (value > 255)
                return false;
        }
    }
    return part == 4;
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One to four hexadecimal digits; returns how many bytes of text they are. */
static size_t parse_group(uint16_t *out, struct span t)
{
    unsigned v = 0;
    size_t n = 0;

    for (; n < t.n && n < 4 && hex_digit(t.p[n]) >= 0; n++)
        v = v << 4 | (unsigned)hex_digit(t.p[n]);
    *out = (uint16_t)v;
    return n;
}

static struct span skip(struct span t, size_t n)
{
    return (struct span){t.p + n, t.n - n};
}

/* Groups, and at the end perhaps a dotted quad, separated by single colons:
 * one side of "::", or the whole.  Returns how many groups; -1: bad. */
static int parse_groups(uint16_t group[GROUPS], struct span t)
{
    int n = 0;

    if (t.n == 0)
        return 0;
    for (;;) {
        uint8_t quad[4];
        size_t used;

        if (n <= GROUPS - 2 && parse_v4(quad, t)) {
            group[n] = be16(quad);
            group[n + 1] = be16(quad + 2);
            return n + 2;
        }
        if (n == GROUPS)
            return -1;
        used = parse_group(&group[n++], t);
        t = skip(t, used);
        if (used == 0)
            return -1;
        if (t.n == 0)
            return n;
        if (t.p[0] != ':')
            return -1;
        t = skip(t, 1);
    }
}

static size_t find_gap(struct span t)
{
    for (size_t i = 0; i + 1 < t.n; i++)
        if (t.p[i] == ':' && t.p[i + 1] == ':')
            return i;
    return t.n;
}

/* RFC 4291 2.2. */
static bool parse_v6(struct ipaddr *out, struct span t)
{
    uint16_t head[GROUPS], tail[GROUPS];
    size_t gap = find_gap(t);
    int nhead = parse_groups(head, (struct span){t.p, gap}), ntail = 0;
    struct ipaddr a = {0};

    if (gap != t.n) {
        /* A dotted quad may only stand at the very end. */
        for (size_t i = 0; i < gap; i++)
            if (t.p[i] == '.')
                return false;
        ntail = parse_groups(tail, skip(t, gap + 2));
        if (nhead < 0 || ntail < 0 || nhead + ntail > GROUPS - 1)
            return false;
    } else if (nhead != GROUPS) {
        return false;
    }
    for (int i = 0; i < nhead; i++)
        put_be16(a.b + 2 * i, head[i]);
    for (int i = 0; i < ntail; i++)
        put_be16(a.b + 2 * (GROUPS - ntail + i), tail[i]);
    *out = a;
    return true;
}

bool ipaddr_parse(struct ipaddr *out, struct span text)
{
    uint8_t q[4];

    if (!parse_v4(q, text))
        return parse_v6(out, text);
    *out = ipaddr_v4(q[0], q[1], q[2], q[3]);
    return true;
}

void endpoint_format(char out[ENDPOINT_TEXT_BYTES], const struct endpoint *e)
{
    char addr[IPADDR_TEXT_BYTES];

    ipaddr_format(addr, &e->addr);
    fmt(out, ENDPOINT_TEXT_BYTES, ipaddr_is_v4(&e->addr) ? "%s:%u" : "[%s]:%u",
        addr, e->port);
}

bool endpoint_parse(struct endpoint *out, struct span text)
{
    struct endpoint e = {0};
    size_t colon = text.n;
    struct span addr;
    uint64_t port;

    while (colon && text.p[colon - 1] != ':')
        colon--;
    if (colon == 0 || !parse_u64(skip(text, colon), &port) || port > 65535)
        return false;
    addr = (struct span){text.p, colon - 1};
    if (addr.n >= 2 && addr.p[0] == '[' && addr.p[addr.n - 1] == ']') {
        addr = (struct span){addr.p + 1, addr.n - 2};
        if (!parse_v6(&e.addr, addr))
            return false;
    } else {
        uint8_t q[4];

        if (!parse_v4(q, addr))
            return false;
        e.addr = ipaddr_v4(q[0], q[1], q[2], q[3]);
    }
    e.port = (uint16_t)port;
    *out = e;
    return true;
}
