/* SPDX-License-Identifier: ISC */
/*
 * quote.c - ICMP errors about a segment of ours, which they quote:
 * `too-big 1400 . 1:1001(1000)`.
 */
#include "segment.h"

static bool icmp_kind(const char *name, bool v6, uint8_t *type, uint8_t *code)
{
    static const struct {
        const char *name;
        uint8_t type4, code4, type6, code6;
    } kinds[] = {{"net-unreachable", 3, 0, 1, 0},
                 {"host-unreachable", 3, 1, 1, 3},
                 {"protocol-unreachable", 3, 2, 4, 1},
                 {"port-unreachable", 3, 3, 1, 4},
                 {"too-big", 3, 4, 2, 0},
                 {"prohibited", 3, 13, 1, 1},
                 {"source-quench", 4, 0, 4, 0},
                 {"time-exceeded", 11, 0, 3, 0},
                 {"parameter-problem", 12, 0, 4, 0}};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (strcmp(kinds[i].name, name) == 0) {
            *type = v6 ? kinds[i].type6 : kinds[i].type4;
            *code = v6 ? kinds[i].code6 : kinds[i].code4;
            return true;
        }
    return false;
}

/* The start of a segment of ours, as a router would quote it. */
static uint32_t quote(struct script *s, const struct conn_view *c,
                      const struct seg *g, uint8_t *b)
{
    unsigned l3 = s->v6 ? 40 : 20;
    uint8_t frame[120] = {0};

    wrap_ip(s, frame, 20 + g->len, 6, 0);
    memcpy(b, frame + 14, l3);
    for (unsigned i = 0, n = s->v6 ? 16 : 4; i < n; i++) { /* from us */
        unsigned at = (s->v6 ? 8 : 12) + i;
        uint8_t x = b[at];

        b[at] = b[at + n];
        b[at + n] = x;
    }
    if (!s->v6) {
        put_be16(b + 10, 0);
        put_be16(b + 10, sum16(0, b, 20));
    }
    put_be16(b + l3, c->ours);
    put_be16(b + l3 + 2, c->theirs);
    put_be32(b + l3 + 4, (uint32_t)g->seq + c->our_isn);
    put_be32(b + l3 + 8, c->peer_isn + 1);
    b[l3 + 12] = 0x50;
    b[l3 + 13] = g->flags;
    return l3 + 20;
}

bool icmp_inject(struct script *s, struct conn_view *c, const char *text)
{
    uint8_t b[200] = {0}, *m = b + (s->v6 ? 54 : 34), proto = s->v6 ? 58 : 1;
    char kind[WORD_MAX], value[WORD_MAX];
    int64_t mtu = 0;
    struct seg g;
    uint32_t n;

    if (!word(&text, kind) || !icmp_kind(kind, s->v6, &m[0], &m[1]))
        return bad(s, "no ICMP error is called `%s`", kind);
    if (strcmp(kind, "too-big") == 0 &&
        (!word(&text, value) || !number(value, &mtu)))
        return bad(s, "too-big MTU");
    if (!segment_parse(s, text, &g))
        return false;
    put_be32(m + 4, (uint32_t)mtu);
    n = 8 + quote(s, c, &g, m + 8);
    n = wrap_ip(s, b, n, proto, 0);
    n -= (uint32_t)(m - b);
    put_be16(m + 2, 0);
    put_be16(m + 2, sum16(s->v6 ? pseudo(b + 14, 58, n) : 0, m, n));
    return host_inject(s, b, (uint32_t)(m - b) + n, false);
}
