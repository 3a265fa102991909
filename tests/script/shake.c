/* SPDX-License-Identifier: ISC */
/*
 * shake.c - whole handshakes as one line, for scripts that are about what
 * comes after: `open [OPTIONS] [win N]` and `dial [OPTIONS] [win N]`, where
 * OPTIONS are the peer's SYN's (mss 1000 if not said).
 */
#include "segment.h"

#include <stdio.h>

enum { TEXT = 400 };

struct terms {
    char syn[TEXT], ts[TEXT];
    unsigned win;
};

static bool parse_terms(struct script *s, const char *rest, struct terms *t)
{
    const char *win = strstr(rest, "win "), *ts;
    size_t n = win ? (size_t)(win - rest) : strlen(rest);
    unsigned val;

    *t = (struct terms){.win = 65535};
    if (win && sscanf(win, "win %u", &t->win) != 1)
        return bad(s, "win N");
    while (n && rest[n - 1] == ' ')
        n--;
    snprintf(t->syn, sizeof(t->syn), "%.*s", (int)n, n ? rest : "");
    if (!n)
        strcpy(t->syn, "mss 1000");
    ts = strstr(t->syn, "TS val ");
    if (ts && sscanf(ts, "TS val %u", &val) == 1)
        snprintf(t->ts, sizeof(t->ts), " <nop,nop,TS val %u ecr last>", val);
    return true;
}

static bool in(struct script *s, struct conn_view *c, const char *format,
               const char *a, unsigned win, const char *b)
{
    char text[3 * TEXT];

    snprintf(text, sizeof(text), format, a, win, b);
    return segment_inject(s, c, text, false);
}

bool shake_open(struct script *s, struct conn_view *c, const char *rest)
{
    struct terms t;

    if (!parse_terms(s, rest, &t))
        return false;
    if (!s->listening && !call(s, c, "listen", "80"))
        return false;
    return in(s, c, "S 0:0(0)%s win %u <%s>", "", t.win, t.syn) &&
           expect_segment(s, c, "S. 0:0(0) ack 1") &&
           in(s, c, ". 1:1(0) ack 1%s win %u%s", "", t.win, t.ts) &&
           (s->refuse || call(s, c, "accepted", "")) &&
           call(s, c, "events", "");
}

bool shake_dial(struct script *s, struct conn_view *c, const char *rest)
{
    struct terms t;

    return parse_terms(s, rest, &t) && call(s, c, "connect", "") &&
           expect_segment(s, c, "S 0:0(0)") &&
           in(s, c, "S. 0:0(0) ack 1%s win %u <%s>", "", t.win, t.syn) &&
           expect_segment(s, c, ". 1:1(0) ack 1") &&
           call(s, c, "events", "open");
}
