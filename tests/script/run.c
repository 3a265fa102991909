/* SPDX-License-Identifier: ISC */
/*
 * run.c - runs scripts: `script FILE...`.  README.md has the language.
 *
 * Each script runs once for each family that it has, and once more with the
 * peer's sequence numbers about to wrap.
 */
#include "script.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <wire/eth.h>

enum { LINE_MAX = 1024, PLAIN_ISN = 1000000, WRAP_ISN = -600 };
#define TOLERANCE (4 * NS_PER_MS)

enum families { BOTH, ONLY_4, ONLY_6 };

bool bad(struct script *s, const char *format, ...)
{
    va_list args;

    if (s->message[0])
        return false;
    va_start(args, format);
    vsnprintf(s->message, sizeof(s->message), format, args);
    va_end(args);
    return false;
}

bool word(const char **at, char out[WORD_MAX])
{
    unsigned n = 0;

    while (**at == ' ' || **at == '\t')
        ++*at;
    while (**at && **at != ' ' && **at != '\t' && n < WORD_MAX - 1)
        out[n++] = *(*at)++;
    out[n] = 0;
    return n > 0;
}

bool word_is(const char **at, const char *want)
{
    const char *look = *at;
    char w[WORD_MAX];

    if (!word(&look, w) || strcmp(w, want) != 0)
        return false;
    *at = look;
    return true;
}

bool number(const char *text, int64_t *out)
{
    char *end;

    *out = strtoll(text, &end, 0);
    while (*end == ' ')
        end++;
    return end != text && *end == 0;
}

bool seconds(const char *text, ns_t *out, const char **end)
{
    char *stop;
    double t = strtod(text, &stop);

    if (stop == text || t < 0)
        return false;
    if (end)
        *end = stop;
    *out = (ns_t)(t * 1e9 + 0.5);
    return true;
}

/* ---- settings, before the first line with a time ---- */

static void defaults(struct script *s)
{
    s->tolerance = TOLERANCE;
    s->settle = true;
    s->mtu = 1500;
    s->pkts = 512;
    s->limits = (struct limits){.tcp_conns = 16,
                                .tcp_half_open = 8,
                                .tcp_listeners = 4,
                                .tcp_rcvbuf = 65535,
                                .tcp_sndbuf = 65536,
                                .rx_blocks = 256,
                                .tx_blocks = 128,
                                .udp_binds = 4,
                                .fibers = 1,
                                .fiber_stack = 16384,
                                .arena_bytes = 65536};
    for (unsigned i = 0; i < CONNS_MAX; i++)
        s->conn[i] = (struct conn_view){.ours = 80,
                                        .theirs = (uint16_t)(4000 + i),
                                        .peer_isn = s->wrap ? (uint32_t)WRAP_ISN
                                                            : PLAIN_ISN};
}

static bool set_number(struct script *s, const char *name, int64_t v)
{
    struct limits *l = &s->limits;
    struct {
        const char *name;
        uint32_t *to;
    } numbers[] = {
        {"conns", &l->tcp_conns},         {"half_open", &l->tcp_half_open},
        {"listeners", &l->tcp_listeners}, {"rcvbuf", &l->tcp_rcvbuf},
        {"sndbuf", &l->tcp_sndbuf},       {"rx_blocks", &l->rx_blocks},
        {"tx_blocks", &l->tx_blocks},     {"caps", &s->caps}};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        if (strcmp(numbers[i].name, name) == 0) {
            *numbers[i].to = (uint32_t)v;
            return true;
        }
    if (strcmp(name, "mtu") == 0) {
        s->mtu = (uint16_t)v;
        return true;
    }
    return bad(s, "nothing is set by `%s`", name);
}

static bool set(struct script *s, const char *rest)
{
    static const char *const switches[] = {"show",    "settle", "autoread",
                                           "dhcp4",   "auto6",  "none6",
                                           "gateway", "peer"};
    char name[WORD_MAX], v[WORD_MAX];
    int64_t n;
    bool on;

    if (!word(&rest, name) || !word(&rest, v))
        return bad(s, "set NAME VALUE");
    if (strcmp(name, "tolerance") == 0)
        return seconds(v, &s->tolerance, NULL) || bad(s, "set tolerance S");
    on = strcmp(v, "on") == 0;
    for (unsigned i = 0; i < ARRAY_LEN(switches); i++) {
        bool *to[] = {&s->show_all, &s->settle, &s->auto_read, &s->dhcp4,
                      &s->auto6,    &s->none6,  &s->gateway,   &s->no_peer};

        if (strcmp(switches[i], name) == 0) {
            *to[i] = i == 7 ? !on : on;
            return true;
        }
    }
    return number(v, &n) ? set_number(s, name, n)
                         : bad(s, "`%s` is no number", v);
}

/* ---- lines ---- */

struct when {
    ns_t from, to;
    bool any; /* `*`: whenever it comes */
};

static bool parse_when(struct script *s, const char **at, struct when *w)
{
    *w = (struct when){0};
    while (**at == ' ')
        ++*at;
    if (**at == '*') {
        w->any = true;
        w->to = 100000 * NS_PER_SEC;
        ++*at;
        return true;
    }
    if (**at != '+' || !seconds(*at + 1, &w->from, at))
        return bad(s, "a line begins with its time, `+SECONDS` or `*`");
    w->to = w->from;
    if (**at == '~' && !seconds(*at + 1, &w->to, at))
        return bad(s, "+FROM~TO");
    return true;
}

static bool expect(struct script *s, struct conn_view *c, const struct when *w,
                   const char *rest)
{
    ns_t slack = s->tolerance + (w->to - w->from ? 0 : w->to / 100);
    ns_t last = s->base + w->to + slack, early;
    struct frame *f;
    char got[400];
    bool fits;

    while (*rest == ' ')
        rest++;
    if (!host_run_for_frame(s, last))
        return bad(s, "nothing was sent");
    f = &s->frame[s->first % FRAMES_MAX];
    fits = *rest >= 'a' && *rest <= 'z' ? layers_match(s, rest, f)
                                        : segment_match(s, c, rest, f);
    early = s->base + w->from;
    early = early > slack ? early - slack : 0;
    if (fits && !w->any && (f->at < early || f->at > last))
        fits = bad(s, "it was sent at +%.6f",
                   (double)(int64_t)(f->at - s->base) / 1e9);
    if (!fits) {
        size_t n = strlen(s->message);

        frame_print(s, f, got, sizeof(got));
        snprintf(s->message + n, sizeof(s->message) - n,
                 "\n  expected: %s\n  sent:     %s (at +%.6f)", rest, got,
                 (double)(int64_t)(f->at - s->base) / 1e9);
        return false;
    }
    s->base = f->at > s->base ? f->at : s->base;
    s->first++;
    free(f->b);
    f->b = NULL;
    return true;
}

bool expect_segment(struct script *s, struct conn_view *c, const char *text)
{
    static const struct when at_once;

    return expect(s, c, &at_once, text);
}

static bool quiet(struct script *s)
{
    char got[400];

    if (s->first == s->last)
        return true;
    frame_print(s, &s->frame[s->first % FRAMES_MAX], got, sizeof(got));
    return bad(s, "something was sent: %s", got);
}

static bool inject(struct script *s, struct conn_view *c, const char *rest,
                   bool hold)
{
    static uint8_t b[FRAME_MAX + 300];
    uint32_t n;

    while (*rest == ' ')
        rest++;
    if (*rest < 'a' || *rest > 'z')
        return segment_inject(s, c, rest, hold);
    return layers_build(s, rest, b, &n) && host_inject(s, b, n, hold);
}

static bool repeat(struct script *s, struct conn_view *c, const char *rest);

static bool act(struct script *s, struct conn_view *c, const struct when *w,
                const char *verb, const char *rest)
{
    if (strcmp(verb, ">") == 0)
        return expect(s, c, w, rest);
    host_run_to(s, s->base + w->from);
    s->base = s->now;
    if (s->message[0])
        return false;
    if (strcmp(verb, "<") == 0 || strcmp(verb, "<<") == 0)
        return inject(s, c, rest, verb[1]);
    if (strcmp(verb, "icmp") == 0)
        return icmp_inject(s, c, rest);
    if (strcmp(verb, "quiet") == 0)
        return quiet(s);
    if (strcmp(verb, "forget") == 0) { /* whatever was sent is not compared */
        while (s->first != s->last)
            free(s->frame[s->first++ % FRAMES_MAX].b);
        return true;
    }
    if (strcmp(verb, "times") == 0)
        return repeat(s, c, rest);
    return call(s, c, verb, rest);
}

/* `times N LINE`, in which %d is 0, 1, ...: only for what is injected. */
static bool repeat(struct script *s, struct conn_view *c, const char *rest)
{
    static const struct when at_once;
    char w[WORD_MAX], line[LINE_MAX], verb[WORD_MAX];
    int64_t n;

    if (!word(&rest, w) || !number(w, &n) || !word(&rest, verb) ||
        n > CONNS_MAX * 100)
        return bad(s, "times N WHAT");
    for (int64_t i = 0; i < n; i++) {
        const char *mark = strstr(rest, "%d");

        if (mark)
            snprintf(line, sizeof(line), "%.*s%lld%s", (int)(mark - rest), rest,
                     (long long)i, mark + 2);
        else
            snprintf(line, sizeof(line), "%s", rest);
        if (!act(s, c, &at_once, verb, line))
            return false;
    }
    return true;
}

static bool run_line(struct script *s, const char *line)
{
    struct conn_view *c = &s->conn[0];
    const char *at = line, *look;
    char verb[WORD_MAX];
    struct when when;

    if (word_is(&at, "set"))
        return s->started ? bad(s, "set comes before all lines with a time")
                          : set(s, at);
    if (!parse_when(s, &at, &when))
        return false;
    if (!s->started && !host_start(s))
        return false;
    look = at;
    if (word(&look, verb) && verb[0] == 'c' && verb[1] >= '1' &&
        verb[1] <= '9') {
        int i = atoi(verb + 1);

        if (i > CONNS_MAX)
            return bad(s, "connections are c1 to c%d", CONNS_MAX);
        c = &s->conn[i - 1];
        at = look;
    }
    if (!word(&at, verb))
        return bad(s, "a time, and nothing to do");
    while (*at == ' ')
        at++;
    return act(s, c, &when, verb, at);
}

/* The comment that every script has: which text it is about. */
static bool names_rfc(const char *line)
{
    unsigned rfc;

    return sscanf(line, "# RFC %u", &rfc) == 1;
}

static bool run_lines(struct script *s, FILE *in, enum families *f)
{
    static char line[LINE_MAX];
    bool named = false;

    while (fgets(line, sizeof(line), in)) {
        char *end = strpbrk(line, "\r\n");

        s->line_no++;
        s->line = line;
        if (end)
            *end = 0;
        end = strstr(line, " #");
        named |= names_rfc(line);
        if (line[0] == '#' || line[0] == 0)
            continue;
        if (!named)
            return bad(s, "the RFC section comes first: `# RFC 9293 3.10.7.4`");
        if (end)
            *end = 0;
        for (size_t n = strlen(line); n && line[n - 1] == ' '; n--)
            line[n - 1] = 0;
        if (strncmp(line, "family ", 7) == 0) {
            *f = line[7] == '4' ? ONLY_4 : ONLY_6;
            if ((*f == ONLY_6) != s->v6)
                return true; /* not a script of this run */
            continue;
        }
        if (!run_line(s, line))
            return false;
    }
    s->line = "(the end)";
    if (!s->started)
        return bad(s, "a script without a line");
    host_rest(s);
    return quiet(s) && host_end(s);
}

static bool run(const char *file, bool v6, bool wrap, enum families *f)
{
    struct script *s = calloc(1, sizeof(*s));
    FILE *in = fopen(file, "r");
    bool good;

    ASSERT(s);
    s->file = file;
    s->v6 = v6;
    s->wrap = wrap;
    defaults(s);
    good = in ? run_lines(s, in, f) : bad(s, "cannot be opened");
    if (!good)
        printf("%s:%u: [IPv%d%s] %s\n  line:     %s\n", file, s->line_no,
               v6 ? 6 : 4, wrap ? ", wrapping" : "", s->message,
               s->line ? s->line : "");
    if (in)
        fclose(in);
    host_free(s);
    free(s);
    return good;
}

int main(int argc, char **argv)
{
    unsigned failed = 0, runs = 0;

    for (int i = 1; i < argc; i++) {
        enum families f = BOTH;
        bool good = run(argv[i], false, false, &f);

        runs++;
        if (good && f != ONLY_4) {
            good = run(argv[i], true, f == BOTH, &f);
            runs++;
        }
        failed += !good;
    }
    printf("%d scripts, %u runs, %u failed\n", argc - 1, runs, failed);
    return failed != 0 || argc == 1;
}
