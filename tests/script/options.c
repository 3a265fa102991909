/* SPDX-License-Identifier: ISC */
/*
 * options.c - TCP options as text: `mss 1460,sackOK,TS val 1 ecr 0,wscale 7`.
 */
#include "segment.h"

#include <stdio.h>
#include <stdlib.h>

enum { TS_SLACK = 4 }; /* ticks that a time stamp of ours may be off */

static bool hex_bytes(const char *text, uint8_t *out, unsigned *n,
                      unsigned most)
{
    for (; text[0] && text[1]; text += 2) {
        unsigned v;

        if (*n >= most || sscanf(text, "%2x", &v) != 1)
            return false;
        out[(*n)++] = (uint8_t)v;
    }
    return text[0] == 0;
}

static bool put_ts(struct script *s, const struct conn_view *c,
                   const char *text, uint8_t *o)
{
    long long val, ecr;

    if (sscanf(text, "TS val %lld ecr last", &val) == 1 &&
        strstr(text, "last")) {
        ecr = c->last_ts;
    } else if (sscanf(text, "TS val %lld ecr %lld", &val, &ecr) == 2) {
        ecr += c->our_ts;
    } else {
        return bad(s, "`%s` is not `TS val N ecr N` or `ecr last`", text);
    }
    o[0] = 8;
    o[1] = 10;
    put_be32(o + 2, (uint32_t)val);
    put_be32(o + 6, (uint32_t)ecr);
    return true;
}

static bool put_sacks(struct script *s, const struct conn_view *c,
                      const char *text, uint8_t *o, unsigned *n)
{
    unsigned start = *n;
    const char *at = text + 4;
    char w[WORD_MAX];

    o[(*n)++] = 5;
    o[(*n)++] = 0;
    while (word(&at, w)) {
        long long from, to;

        if (*n + 8 > OPTION_BYTES || sscanf(w, "%lld:%lld", &from, &to) != 2)
            return bad(s, "`%s` is not FROM:TO, or one too many", w);
        put_be32(o + *n, (uint32_t)from + c->our_isn);
        put_be32(o + *n + 4, (uint32_t)to + c->our_isn);
        *n += 8;
    }
    o[start + 1] = (uint8_t)(*n - start);
    return true;
}

static bool put_option(struct script *s, const struct conn_view *c,
                       const char *text, uint8_t *o, unsigned *n)
{
    unsigned v;

    if (*n + 10 > OPTION_BYTES && text[0] == 'T')
        return bad(s, "too many options");
    if (sscanf(text, "mss %u", &v) == 1) {
        o[(*n)++] = 2;
        o[(*n)++] = 4;
        put_be16(o + *n, (uint16_t)v);
        *n += 2;
    } else if (sscanf(text, "wscale %u", &v) == 1) {
        o[(*n)++] = 3;
        o[(*n)++] = 3;
        o[(*n)++] = (uint8_t)v;
    } else if (strcmp(text, "sackOK") == 0) {
        o[(*n)++] = 4;
        o[(*n)++] = 2;
    } else if (strncmp(text, "TS ", 3) == 0) {
        if (!put_ts(s, c, text, o + *n))
            return false;
        *n += 10;
    } else if (strncmp(text, "sack ", 5) == 0) {
        return put_sacks(s, c, text, o, n);
    } else if (strcmp(text, "nop") == 0 || strcmp(text, "eol") == 0) {
        o[(*n)++] = text[0] == 'n';
    } else if (strncmp(text, "hex ", 4) != 0 ||
               !hex_bytes(text + 4, o, n, OPTION_BYTES)) {
        return bad(s, "no option is written `%s`", text);
    }
    return true;
}

bool put_options(struct script *s, const struct conn_view *c, const char *list,
                 uint8_t *o, unsigned *n)
{
    char text[WORD_MAX], *save = NULL;

    snprintf(text, sizeof(text), "%s", list);
    for (char *t = strtok_r(text, ",", &save); t;
         t = strtok_r(NULL, ",", &save)) {
        while (*t == ' ')
            t++;
        if (!put_option(s, c, t, o, n))
            return false;
    }
    while (*n % 4 && *n < OPTION_BYTES)
        o[(*n)++] = 0;
    return true;
}

/* What a segment carries, written as scripts write it. */
void options_text(const struct conn_view *c, const uint8_t *o, unsigned n,
                  char *out, size_t room)
{
    size_t at = 0;

    out[0] = 0;
#define SAY(...) at += (size_t)snprintf(out + at, room - at, __VA_ARGS__)
    for (unsigned i = 0; i < n;) {
        unsigned kind = o[i], len = i + 1 < n ? o[i + 1] : 0;
        const char *comma = at ? "," : "";

        if (kind == 0 || kind == 1) {
            i++;
            continue;
        }
        if (len < 2 || i + len > n || at + 80 > room) {
            SAY("%sBROKEN", comma);
            return;
        }
        if (kind == 2)
            SAY("%smss %u", comma, be16(o + i + 2));
        else if (kind == 3)
            SAY("%swscale %u", comma, o[i + 2]);
        else if (kind == 4)
            SAY("%ssackOK", comma);
        else if (kind == 8)
            SAY("%sTS val %u ecr %u", comma, be32(o + i + 2) - c->our_ts,
                be32(o + i + 6));
        else
            SAY("%s%s", comma, kind == 5 ? "sack" : "unknown");
        for (unsigned k = 2; kind == 5 && k + 8 <= len && at + 40 < room;
             k += 8)
            SAY(" %u:%u", be32(o + i + k) - c->peer_isn,
                be32(o + i + k + 4) - c->peer_isn);
        i += len;
    }
#undef SAY
}

/* One option: equal, but `*` stands for any word, and time stamps of ours may
 * be a few ticks off. */
static bool option_fits(const char *want, const char *got)
{
    char a[WORD_MAX], b[WORD_MAX];
    bool val = false;

    for (;;) {
        bool more = word(&want, a);

        if (word(&got, b) != more)
            return false;
        if (!more)
            return true;
        if (strcmp(a, "*") && strcmp(a, b) &&
            !(val && llabs(atoll(a) - atoll(b)) <= TS_SLACK))
            return false;
        val = strcmp(a, "val") == 0;
    }
}

bool options_fit(const char *want, const char *got, bool v6)
{
    char a[WORD_MAX], b[WORD_MAX];
    char full4[] = "mss 1460", full6[] = "mss 1440";
    char *wants = a, *w;
    unsigned nwant = 0, ngot = got[0] != 0;

    for (const char *p = got; *p; p++)
        ngot += *p == ',';
    snprintf(a, sizeof(a), "%s", want);
    while ((w = strsep(&wants, ","))) {
        char *gots = b, *g;
        bool found = false;

        while (*w == ' ')
            w++;
        if (!*w || strcmp(w, "nop") == 0 || strcmp(w, "eol") == 0)
            continue;
        nwant++;
        if (strcmp(w, "mss mtu") == 0) /* what 1500 bytes carry */
            w = v6 ? full6 : full4;
        snprintf(b, sizeof(b), "%s", got);
        while ((g = strsep(&gots, ",")) && !found)
            found = option_fits(w, g);
        if (!found)
            return false;
    }
    return nwant == ngot;
}
