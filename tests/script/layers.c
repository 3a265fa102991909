/* SPDX-License-Identifier: ISC */
/*
 * layers.c - a frame as a line of layers, outermost first, each with fields:
 * `ip4 ttl=1 df=1 udp dport=9 hex 0011`.  To inject, lengths, checksums and
 * "what follows" are filled in unless the line says them; to expect, only the
 * fields that the line names are compared, and `$name` keeps a field's value.
 */
#include "script.h"

#include <wire/eth.h>

#include <stdio.h>
#include <stdlib.h>

#include "layers.h"

enum { LAYERS_MAX = 16 };

struct part {
    const struct layer *layer;
    uint32_t at;
    uint64_t said; /* fields that the line has set, by index */
};

/* ---- bits ---- */

static uint64_t get_bits(const uint8_t *b, unsigned at, unsigned n)
{
    uint64_t v = 0;

    for (unsigned i = 0; i < n; i++)
        v = v << 1 | ((unsigned)b[(at + i) / 8] >> (7 - (at + i) % 8) & 1u);
    return v;
}

static void put_bits(uint8_t *b, unsigned at, unsigned n, uint64_t v)
{
    for (unsigned i = 0; i < n; i++) {
        uint8_t mask = (uint8_t)(0x80u >> (at + i) % 8);

        if (v >> (n - 1 - i) & 1)
            b[(at + i) / 8] |= mask;
        else
            b[(at + i) / 8] &= (uint8_t)~mask;
    }
}

/* ---- values ---- */

static struct variable *variable(struct script *s, const char *name, bool make)
{
    struct variable *v;

    for (unsigned i = 0; i < s->vars; i++)
        if (strcmp(s->var[i].name, name) == 0)
            return &s->var[i];
    if (!make || s->vars == VARS_MAX)
        return NULL;
    v = &s->var[s->vars++];
    snprintf(v->name, sizeof(v->name), "%s", name);
    return v;
}

/* A field's 128 bits, right-aligned, for any width. */
static void take(const uint8_t *b, const struct field *f, uint8_t out[16])
{
    memset(out, 0, 16);
    if (f->bits == 128) {
        memcpy(out, b + f->at / 8, 16);
        return;
    }
    put_be64(out + 8, get_bits(b, f->at, f->bits));
}

static bool parse_mac(const char *text, uint8_t out[16])
{
    unsigned m[6];

    if (sscanf(text, "%x:%x:%x:%x:%x:%x", m, m + 1, m + 2, m + 3, m + 4,
               m + 5) != 6)
        return false;
    for (unsigned i = 0; i < 6; i++)
        out[10 + i] = (uint8_t)m[i];
    return true;
}

static bool name_value(const struct script *s, const char *text,
                       const struct field *f, uint8_t out[16])
{
    struct ipaddr a = {{0}};
    bool v6 = f->bits == 128;

    if (strcmp(text, "us") == 0 && f->bits == 48)
        put_be64(out + 8, OUR_MAC);
    else if (strcmp(text, "peer") == 0 && f->bits == 48)
        put_be64(out + 8, PEER_MAC);
    else if (strcmp(text, "us") == 0 || strcmp(text, "peer") == 0)
        a = *text == 'u' ? addr_us(s, v6) : addr_peer(s, v6);
    else if (strcmp(text, "us-ll") == 0)
        a = s->us_ll;
    else if (!ipaddr_parse(&a, span_of(text)) || ipaddr_is_v4(&a) == v6)
        return false;
    if (f->bits != 48)
        memcpy(out, a.b, 16);
    if (f->bits == 32)
        memset(out, 0, 12);
    return true;
}

static bool value(struct script *s, const char *text, const struct field *f,
                  uint8_t out[16])
{
    const struct variable *v;
    int64_t n;

    memset(out, 0, 16);
    if (*text == '$') {
        if (!(v = variable(s, text + 1, false)))
            return bad(s, "`%s` has no value yet", text);
        memcpy(out, v->bytes, 16);
        return true;
    }
    if ((f->bits == 48 && parse_mac(text, out)) || name_value(s, text, f, out))
        return true;
    if (!number(text, &n))
        return bad(s, "`%s` is no value for `%s`", text, f->name);
    put_be64(out + 8, (uint64_t)n);
    return true;
}

static void set_field(uint8_t *b, const struct field *f, const uint8_t v[16])
{
    if (f->bits == 128)
        memcpy(b + f->at / 8, v, 16);
    else
        put_bits(b, f->at, f->bits, be64(v + 8));
}

static const struct field *field_of(const struct layer *l, const char *name,
                                    unsigned *index)
{
    for (unsigned i = 0; i < FIELDS_MAX && l->field[i].name; i++)
        if (strcmp(l->field[i].name, name) == 0) {
            *index = i;
            return &l->field[i];
        }
    return NULL;
}

static bool said(const struct part *p, const char *name)
{
    unsigned i;

    return field_of(p->layer, name, &i) && p->said >> i & 1;
}

static const struct layer *layer_of(const struct script *s, const char *name)
{
    if (strcmp(name, "ip") == 0)
        name = s->v6 ? "ip6" : "ip4";
    for (const struct layer *l = layers; l->name; l++)
        if (strcmp(l->name, name) == 0)
            return l;
    return NULL;
}

/* ---- to inject ---- */

static bool put_pair(struct script *s, struct part *p, uint8_t *out, char *pair)
{
    char *eq = strchr(pair, '=');
    const struct field *f;
    uint8_t v[16];
    unsigned i;

    *eq = 0;
    f = field_of(p->layer, pair, &i);
    if (!f)
        return bad(s, "%s has no field `%s`", p->layer->name, pair);
    if (!value(s, eq + 1, f, v))
        return false;
    set_field(out + p->at, f, v);
    p->said |= UINT64_C(1) << i;
    return true;
}

static bool put_bytes(struct script *s, const char *kind, const char *text,
                      uint8_t *out, uint32_t *n)
{
    int64_t count;

    if (strcmp(kind, "hex") == 0) {
        for (; text[0] && text[1]; text += 2) {
            unsigned v;

            if (sscanf(text, "%2x", &v) != 1)
                return bad(s, "`%s` is not hexadecimal", text);
            out[(*n)++] = (uint8_t)v;
        }
        return true;
    }
    if (!number(text, &count) || count < 0 || *n + count > FRAME_MAX)
        return bad(s, "`%s %s`: how many?", kind, text);
    for (int64_t i = 0; i < count; i++)
        out[(*n)++] = kind[0] == 'z' ? 0 : stream_byte((uint64_t)i);
    return true;
}

/* The link-layer header that a line leaves out. */
static uint32_t default_eth(const struct layer *first, uint8_t *out)
{
    mac_put(out, OUR_MAC);
    mac_put(out + 6, PEER_MAC);
    put_be16(out + 12, strcmp(first->name, "ip6") == 0   ? ETH_IP6
                       : strcmp(first->name, "arp") == 0 ? ETH_ARP
                                                         : ETH_IP4);
    return ETH_BYTES;
}

/* A group's frame goes to the group's station address. */
static void group_mac(uint8_t *out, const uint8_t *ip)
{
    if (ip[0] >> 4 == 6 && ip[24] == 0xff) {
        out[0] = out[1] = 0x33;
        memcpy(out + 2, ip + 36, 4);
    } else if (ip[0] >> 4 == 4 && be32(ip + 16) == UINT32_MAX) {
        memset(out, 0xff, 6);
    } else if (ip[0] >> 4 == 4 && ip[16] >> 4 == 14) {
        mac_put(out, UINT64_C(0x01005e000000) | (be32(ip + 16) & 0x7fffff));
    }
}

/* From the inside out: lengths, types, checksums. */
static void finish(struct part *p, unsigned i, unsigned n, uint8_t *out,
                   uint32_t end)
{
    const struct layer *l = p[i].layer;
    uint8_t *b = out + p[i].at;
    uint32_t len = end - p[i].at;

    if (i + 1 < n && l->next_bits && p[i + 1].layer->proto >= 0 &&
        !said(&p[i], l->next_name))
        put_bits(b, l->next_at, l->next_bits, (uint64_t)p[i + 1].layer->proto);
    if (l->proto == ETH_IP4 && !said(&p[i], "len"))
        put_be16(b + 2, (uint16_t)len);
    if (l->proto == ETH_IP4 && !said(&p[i], "csum"))
        put_be16(b + 10, sum16(0, b, (b[0] & 15u) * 4));
    if (l->proto == ETH_IP6 && !said(&p[i], "len"))
        put_be16(b + 4, (uint16_t)(len - 40));
    if (l->proto == 17 && !said(&p[i], "len"))
        put_be16(b + 4, (uint16_t)len);
}

static void finish_sum(struct part *p, unsigned i, uint8_t *out, uint32_t end)
{
    const struct layer *l = p[i].layer;
    uint8_t *b = out + p[i].at;
    uint32_t len = end - p[i].at, start = 0;
    unsigned outer = i;

    if (l->sum_at < 0 || said(&p[i], "csum"))
        return;
    while (outer > 0 && p[outer].layer->proto < 0x600)
        outer--;
    if (l->proto != 1) /* ICMP for IPv4 covers no pseudo-header */
        start = pseudo(out + p[outer].at, (uint8_t)l->proto, len);
    put_be16(b + l->sum_at, sum16(start, b, len));
}

static bool build(struct script *s, const char *text, uint8_t *out,
                  struct part *p, unsigned *np, uint32_t *n)
{
    char w[WORD_MAX], arg[WORD_MAX];

    while (word(&text, w)) {
        const struct layer *l = layer_of(s, w);

        if (strchr(w, '=') && *np) {
            if (!put_pair(s, &p[*np - 1], out, w))
                return false;
            continue;
        }
        if (!l) {
            if (!word(&text, arg))
                return bad(s, "no layer is called `%s`", w);
            if (!put_bytes(s, w, arg, out, n))
                return false;
            continue;
        }
        if (*np == LAYERS_MAX || *n + l->bytes > FRAME_MAX)
            return bad(s, "too many layers");
        if (*np == 0 && strcmp(l->name, "eth") != 0)
            *n = default_eth(l, out);
        p[(*np)++] = (struct part){.layer = l, .at = *n};
        for (unsigned i = 0; i < l->bytes; i++)
            out[*n + i] = i < LAYER_START ? l->start[i] : 0;
        *n += l->bytes;
    }
    return *np > 0 || bad(s, "a frame has a layer at least");
}

static void default_addrs(struct script *s, struct part *p, uint8_t *out)
{
    struct ipaddr us = addr_us(s, p->layer->proto == ETH_IP6);
    struct ipaddr peer = addr_peer(s, p->layer->proto == ETH_IP6);
    uint8_t *b = out + p->at;

    if (p->layer->proto == ETH_IP6) {
        if (!said(p, "src"))
            memcpy(b + 8, peer.b, 16);
        if (!said(p, "dst"))
            memcpy(b + 24, us.b, 16);
    } else if (p->layer->proto == ETH_IP4) {
        if (!said(p, "src"))
            memcpy(b + 12, peer.b + 12, 4);
        if (!said(p, "dst"))
            memcpy(b + 16, us.b + 12, 4);
    }
}

bool layers_build(struct script *s, const char *text, uint8_t *out, uint32_t *n)
{
    struct part p[LAYERS_MAX] = {{0}};
    unsigned np = 0;

    *n = 0;
    if (!build(s, text, out, p, &np, n))
        return false;
    for (unsigned i = 0; i < np; i++)
        default_addrs(s, &p[i], out);
    if (p[0].at == ETH_BYTES)
        group_mac(out, out + ETH_BYTES);
    for (unsigned i = np; i-- > 0;)
        finish(p, i, np, out, *n);
    for (unsigned i = np; i-- > 0;)
        finish_sum(p, i, out, *n);
    return true;
}

/* ---- to expect ---- */

static bool fits_pair(struct script *s, const struct layer *l, const uint8_t *b,
                      char *pair)
{
    char *eq = strchr(pair, '=');
    const struct field *f;
    uint8_t want[16], got[16];
    struct variable *v;
    unsigned i;

    *eq = 0;
    f = field_of(l, pair, &i);
    if (!f)
        return bad(s, "%s has no field `%s`", l->name, pair);
    take(b, f, got);
    if (eq[1] == '$' && !variable(s, eq + 2, false)) {
        v = variable(s, eq + 2, true);
        if (!v)
            return bad(s, "too many variables");
        memcpy(v->bytes, got, 16);
        return true;
    }
    if (!value(s, eq + 1, f, want))
        return false;
    if (memcmp(want, got, 16))
        return bad(s, "%s.%s is 0x%llx", l->name, pair,
                   (unsigned long long)be64(got + 8));
    return true;
}

static bool fits_bytes(struct script *s, const char *kind, const char *text,
                       const struct frame *f, uint32_t at)
{
    static uint8_t want[FRAME_MAX];
    uint32_t n = 0;
    int64_t len;

    if (strcmp(kind, "rest") == 0) {
        if (!number(text, &len))
            return bad(s, "rest HOW MANY");
        return f->n - at == len || bad(s, "%u bytes are left", f->n - at);
    }
    if (!put_bytes(s, kind, text, want, &n))
        return false;
    if (f->n < at + n || memcmp(f->b + at, want, n))
        return bad(s, "other bytes");
    return true;
}

/* How long the layer really is, and where it says what follows. */
static uint32_t real_bytes(const struct layer *l, const uint8_t *b)
{
    if (l->proto == ETH_IP4)
        return (b[0] & 15u) * 4;
    if (l->ext)
        return (b[1] + 1u) * 8;
    return l->bytes;
}

static bool follows(const struct layer *l, const uint8_t *b,
                    const struct layer *next)
{
    return !l->next_bits || next->proto < 0 ||
           get_bits(b, l->next_at, l->next_bits) == (uint64_t)next->proto;
}

bool layers_match(struct script *s, const char *text, const struct frame *f)
{
    const struct layer *l = &layers[0]; /* Ethernet */
    uint32_t at = 0, end = ETH_BYTES;
    char w[WORD_MAX], arg[WORD_MAX];
    bool first = true;

    while (word(&text, w)) {
        const struct layer *next = layer_of(s, w);

        if (strchr(w, '=')) {
            if (!fits_pair(s, l, f->b + at, w))
                return false;
        } else if (next == &layers[0] && first) {
            first = false;
        } else if (next) {
            if (!follows(l, f->b + at, next) || end + next->bytes > f->n)
                return bad(s, "what was sent has no %s there", next->name);
            at = end;
            l = next;
            end = at + real_bytes(l, f->b + at);
        } else {
            if (!word(&text, arg))
                return bad(s, "no layer is called `%s`", w);
            if (!fits_bytes(s, w, arg, f, end))
                return false;
        }
    }
    return true;
}
