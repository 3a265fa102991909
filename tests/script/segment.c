/* SPDX-License-Identifier: ISC */
/*
 * segment.c - a TCP segment as a line: `S. 0:0(0) ack 1 win 65535 <mss 1460>`.
 * Numbers count from each side's SYN; a family is chosen by the run.
 */
#include "segment.h"

#include <wire/eth.h>

#include <stdio.h>

enum { F = 1, S = 2, R = 4, P = 8, ACK = 16, U = 32, E = 64, W = 128 };

static bool parse_flags(struct script *s, const char *text, uint8_t *flags)
{
    static const char letters[] = "FSRP.UEW";

    *flags = 0;
    for (; *text; text++) {
        const char *at = strchr(letters, *text);

        if (!at)
            return *text == '-' ? true
                                : bad(s, "no flag is written `%c`", *text);
        *flags |= (uint8_t)(1u << (at - letters));
    }
    return true;
}

static bool parse_range(struct script *s, const char *text, struct seg *g)
{
    long long from, to;
    unsigned len;
    char rest;

    if (sscanf(text, "%lld:%lld(%u)%c", &from, &to, &len, &rest) != 3 ||
        to - from != (long long)len)
        return bad(s, "`%s` is not FROM:TO(LENGTH)", text);
    g->seq = from;
    g->len = len;
    return true;
}

/* Cuts `<...>` out of the text. */
static bool cut_options(struct script *s, char *text, struct seg *g)
{
    char *from = strchr(text, '<'), *to = strchr(text, '>');

    if (!from)
        return true;
    if (!to || to < from || to - from > WORD_MAX)
        return bad(s, "options end with `>`");
    g->has_opts = true;
    memcpy(g->opts, from + 1, (size_t)(to - from - 1));
    g->opts[to - from - 1] = 0;
    memmove(from, to + 1, strlen(to + 1) + 1);
    return true;
}

static bool parse_field(struct script *s, const char *name, const char *value,
                        struct seg *g)
{
    int64_t v = 0;

    if (strcmp(name, "csum") == 0) {
        g->bad_sum = true;
        return true;
    }
    if (strcmp(name, "ack") == 0 && strcmp(value, "*") == 0) {
        g->any_ack = g->has_ack = true;
        return true;
    }
    if (!number(value, &v))
        return bad(s, "`%s %s`: no number", name, value);
    if (strcmp(name, "ack") == 0) {
        g->ack = v;
        g->has_ack = true;
    } else if (strcmp(name, "win") == 0) {
        g->win = (uint32_t)v;
        g->has_win = true;
    } else if (strcmp(name, "urg") == 0) {
        g->urg = (uint32_t)v;
        g->has_urg = true;
    } else if (strcmp(name, "data") == 0) {
        g->data = (uint8_t)v;
        g->has_data = true;
    } else if (strcmp(name, "tos") == 0) {
        g->tos = (uint8_t)v;
        g->any_tos = false;
    } else if (strcmp(name, "off") == 0) {
        g->hdr_off = (uint8_t)v;
    } else {
        return bad(s, "a segment has no `%s`", name);
    }
    return true;
}

bool segment_parse(struct script *s, const char *line, struct seg *g)
{
    char text[512], w[WORD_MAX], value[WORD_MAX];
    const char *at = text;

    *g = (struct seg){.any_tos = true};
    snprintf(text, sizeof(text), "%s", line);
    if (!cut_options(s, text, g) || !word(&at, w) ||
        !parse_flags(s, w, &g->flags))
        return false;
    if (!word(&at, w))
        return bad(s, "a segment has FROM:TO(LENGTH)");
    if (!parse_range(s, w, g))
        return false;
    while (word(&at, w)) {
        if (!word(&at, value))
            return bad(s, "`%s` of what?", w);
        if (!parse_field(s, w, value, g))
            return false;
    }
    return true;
}

/* ---- in ---- */

uint32_t wrap_ip(const struct script *s, uint8_t *b, uint32_t n, uint8_t proto,
                 uint8_t tos)
{
    struct ipaddr src = addr_peer(s, s->v6), dst = addr_us(s, s->v6);

    mac_put(b, OUR_MAC);
    mac_put(b + 6, PEER_MAC);
    put_be16(b + 12, s->v6 ? ETH_IP6 : ETH_IP4);
    if (s->v6) {
        uint8_t head[8] = {0x60, 0, 0, 0, 0, 0, proto, 64};

        head[0] |= tos >> 4;
        head[1] = (uint8_t)(tos << 4);
        put_be16(head + 4, (uint16_t)n);
        memcpy(b + 14, head, 8);
        memcpy(b + 22, src.b, 16);
        memcpy(b + 38, dst.b, 16);
        return 54 + n;
    }
    memset(b + 14, 0, 20);
    b[14] = 0x45;
    b[15] = tos;
    put_be16(b + 16, (uint16_t)(n + 20));
    b[22] = 64;
    b[23] = proto;
    memcpy(b + 26, src.b + 12, 4);
    memcpy(b + 30, dst.b + 12, 4);
    put_be16(b + 24, sum16(0, b + 14, 20));
    return 34 + n;
}

bool segment_inject(struct script *s, struct conn_view *c, const char *text,
                    bool hold)
{
    static uint8_t b[FRAME_MAX];
    unsigned l3 = s->v6 ? 54 : 34, opts = 0;
    uint8_t *t = b + l3;
    struct seg g;
    uint32_t n;

    if (!segment_parse(s, text, &g))
        return false;
    if (g.len > FRAME_MAX - 200)
        return bad(s, "a segment of %u bytes", g.len);
    memset(b, 0, 200);
    put_be16(t, c->theirs);
    put_be16(t + 2, c->ours);
    put_be32(t + 4, (uint32_t)g.seq + c->peer_isn);
    if (g.has_ack)
        put_be32(t + 8, (uint32_t)g.ack + c->our_isn);
    put_be16(t + 14, (uint16_t)(g.has_win ? g.win : 65535));
    put_be16(t + 18, (uint16_t)g.urg);
    if (!put_options(s, c, g.opts, t + TCP_HDR, &opts))
        return false;
    t[12] = (uint8_t)((g.hdr_off ? g.hdr_off : 5 + opts / 4) << 4);
    t[13] = g.flags;
    for (uint32_t i = 0; i < g.len; i++)
        t[TCP_HDR + opts + i] =
            g.has_data ? g.data
                       : stream_byte((uint64_t)(g.seq - !(g.flags & S)) + i);
    n = TCP_HDR + opts + g.len;
    wrap_ip(s, b, n, 6, g.tos);
    put_be16(t + 16, sum16(pseudo(b + 14, 6, n), t, n));
    if (g.bad_sum)
        t[17] ^= 1;
    return host_inject(s, b, l3 + n, hold);
}

/* ---- out ---- */

struct view { /* of a frame */
    const uint8_t *ip, *t;
    uint32_t n; /* TCP header and payload */
    uint32_t hdr;
};

static bool view_of(const struct frame *f, struct view *v)
{
    uint16_t type = be16(f->b + 12);
    uint32_t l3;

    v->ip = f->b + ETH_BYTES;
    if (type == ETH_IP4 && f->n >= 54 && v->ip[9] == 6)
        l3 = (v->ip[0] & 15u) * 4;
    else if (type == ETH_IP6 && f->n >= 74 && v->ip[6] == 6)
        l3 = 40;
    else
        return false;
    v->t = v->ip + l3;
    v->n = f->n - ETH_BYTES - l3;
    v->hdr = (v->t[12] >> 4) * 4u;
    return v->hdr >= TCP_HDR && v->hdr <= v->n;
}

struct conn_view *conn_of(struct script *s, uint16_t ours, uint16_t theirs)
{
    for (unsigned i = 0; i < CONNS_MAX; i++)
        if (s->conn[i].theirs == theirs && s->conn[i].ours == ours)
            return &s->conn[i];
    return NULL;
}

/* Learns where our side's numbers begin. */
static void learn(struct conn_view *c, const struct view *v)
{
    uint8_t flags = v->t[13];

    if (!c->ours)
        c->ours = be16(v->t);
    if (flags & S) {
        c->our_isn = be32(v->t + 4);
        c->our_isn_known = true;
    }
    for (uint32_t i = TCP_HDR; i + 10 <= v->hdr;) {
        uint32_t len = v->t[i] <= 1 ? 1 : v->t[i + 1];

        if (v->t[i] == 8) {
            c->last_ts = be32(v->t + i + 2);
            if (!c->our_ts_known || flags & S)
                c->our_ts = c->last_ts;
            c->our_ts_known = true;
        }
        i += len ? len : 1;
    }
}

static void flags_text(uint8_t flags, char out[10])
{
    static const char letters[] = "FSRP.UEW";

    for (unsigned i = 0; i < 8; i++)
        if (flags & 1u << i)
            *out++ = letters[i];
    *out = 0;
}

static void view_text(const struct conn_view *c, const struct view *v,
                      char *out, size_t n)
{
    uint32_t len = v->n - v->hdr, seq = be32(v->t + 4) - c->our_isn;
    char flags[10], opts[WORD_MAX], ack[24] = "";

    flags_text(v->t[13], flags);
    if (v->t[13] & ACK)
        snprintf(ack, sizeof(ack), " ack %d",
                 (int32_t)(be32(v->t + 8) - c->peer_isn));
    options_text(c, v->t + TCP_HDR, v->hdr - TCP_HDR, opts, sizeof(opts));
    snprintf(out, n, "%s %d:%d(%u)%s win %u <%s>", flags[0] ? flags : "-",
             (int32_t)seq, (int32_t)(seq + len), len, ack, be16(v->t + 14),
             opts);
}

void frame_print(const struct script *s, const struct frame *f, char *out,
                 size_t n)
{
    struct view v;
    size_t at = 0;

    if (view_of(f, &v)) {
        struct conn_view *c =
            conn_of((struct script *)(uintptr_t)s, be16(v.t), be16(v.t + 2));
        static const struct conn_view none;

        if (c && s->conn != c)
            at = (size_t)snprintf(out, n, "c%u ", (unsigned)(c - s->conn) + 1);
        view_text(c ? c : &none, &v, out + at, n - at);
        return;
    }
    for (uint32_t i = 0; i < f->n && at + 4 < n; i++)
        at += (size_t)snprintf(out + at, n - at, "%02x%s", f->b[i],
                               i == 13 || i == 33 ? " " : "");
}

static bool payload_fits(const struct view *v, const struct seg *g)
{
    for (uint32_t i = 0; i < g->len; i++) {
        uint64_t off = (uint64_t)(g->seq - !(v->t[13] & S)) + i;

        if (v->t[v->hdr + i] != (g->has_data ? g->data : stream_byte(off)))
            return false;
    }
    return true;
}

static uint8_t tos_of(const struct view *v)
{
    if (v->ip[0] >> 4 == 4)
        return v->ip[1];
    return (uint8_t)((unsigned)v->ip[0] << 4 | (unsigned)v->ip[1] >> 4);
}

static const char *differs(const struct conn_view *c, const struct view *v,
                           const struct seg *g)
{
    char opts[WORD_MAX];
    uint8_t flags = v->t[13], ignore = P;
    bool v6;

    if (g->flags & P)
        ignore = 0;
    if (flags & S && !(g->flags & (E | W)))
        ignore |= E | W; /* whether ECN is offered */
    if ((flags & ~ignore) != (g->flags & ~ignore))
        return "flags";
    if (be32(v->t + 4) - c->our_isn != (uint32_t)g->seq)
        return "sequence number";
    if (v->n - v->hdr != g->len)
        return "length";
    if (!payload_fits(v, g))
        return "payload";
    if (g->has_ack && !g->any_ack &&
        be32(v->t + 8) - c->peer_isn != (uint32_t)g->ack)
        return "acknowledgement";
    if (g->has_win && be16(v->t + 14) != g->win)
        return "window";
    if (be16(v->t + 18) != g->urg)
        return "urgent pointer";
    if (!g->any_tos && tos_of(v) != g->tos)
        return "TOS or traffic class";
    options_text(c, v->t + TCP_HDR, v->hdr - TCP_HDR, opts, sizeof(opts));
    v6 = v->ip[0] >> 4 == 6;
    return g->has_opts && !options_fit(g->opts, opts, v6) ? "options" : NULL;
}

bool segment_match(struct script *s, struct conn_view *c, const char *text,
                   const struct frame *f)
{
    const char *what;
    struct view v;
    struct seg g;

    if (!segment_parse(s, text, &g))
        return false;
    if (!view_of(f, &v))
        return bad(s, "what was sent is no TCP segment");
    if (be16(v.t + 2) != c->theirs || (c->ours && be16(v.t) != c->ours))
        return bad(s, "ports: sent from %u to %u", be16(v.t), be16(v.t + 2));
    learn(c, &v);
    what = differs(c, &v, &g);
    return what ? bad(s, "another %s", what) : true;
}
