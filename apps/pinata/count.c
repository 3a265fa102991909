/* SPDX-License-Identifier: ISC */
/*
 * count.c - the live figures, as JSON, and as a page that loads itself again
 * where there are no scripts.
 */
#include <string.h>

#include "page.h"
#include "pinata.h"

enum { COUNTERS_BYTES = HTTP_COPY_MAX - 128 };

struct figure {
    const char *key, *words;
    uint64_t value;
};

enum { FIGURES_MAX = 24 };

static unsigned figures(struct pinata *p, struct figure *f)
{
    const struct pinata_metrics *m = &p->m;
    struct image_status s;
    unsigned n = 0;

    image_status(p->env, &s);
#define FIGURE(k, w, v) f[n++] = (struct figure){k, w, v}
    FIGURE("attempts", "attempts",
           m->attempts__10000 + m->attempts__10001 + m->attempts__10002);
    FIGURE("attempts_10000", "at port 10000", m->attempts__10000);
    FIGURE("attempts_10001", "at port 10001", m->attempts__10001);
    FIGURE("attempts_10002", "at port 10002", m->attempts__10002);
    FIGURE("handshakes", "handshakes done", m->handshakes);
    FIGURE("failures", "attempts that failed", m->failures);
    FIGURE("limited", "refused, too many of one source", m->limited);
    FIGURE("full", "refused, all places taken", m->full);
    FIGURE("open_sessions", "open at the moment", m->open);
    FIGURE("open_sessions_max", "open at once, at most", p->visits);
    FIGURE("secrets_given", "times the secret was given", m->given);
    FIGURE("proofs", "proofs signed", m->proofs);
    FIGURE("page_connections", "connections to these pages",
           p->http ? http_conns(p->http) : 0);
    FIGURE("renewals", "renewals of the certificates", m->renewals);
    FIGURE("certificates_end", "certificates end, s since 1970",
           m->certificates_end_seconds);
    FIGURE("memory_bytes", "bytes of memory in use", s.memory_used);
    FIGURE("uptime_s", "seconds since the first instruction",
           s.uptime_ns / NS_PER_SEC);
#undef FIGURE
    return n;
}

bool figure_add(struct pinata *p, struct span name, struct text *t)
{
    struct figure f[FIGURES_MAX];
    unsigned n = figures(p, f);

    for (unsigned i = 0; i < n; i++)
        if (strlen(f[i].key) == name.n &&
            memcmp(f[i].key, name.p, name.n) == 0) {
            text_add_u64(t, f[i].value);
            return true;
        }
    return false;
}

static void write_json(struct text *t, const struct figure *f, unsigned n)
{
    text_add(t, "{");
    for (unsigned i = 0; i < n; i++)
        text_add_member(t, f[i].key, f[i].value);
    text_add(t, "}\n");
}

static void write_page(struct text *t, const struct figure *f, unsigned n)
{
    text_add(t, "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">"
                "\n<meta http-equiv=\"refresh\" content=\"2\">\n<link "
                "rel=\"stylesheet\" href=\"/style.css\">\n<title>Counters"
                "</title>\n<table>\n");
    for (unsigned i = 0; i < n; i++) {
        text_add(t, "<tr><td>");
        text_add_u64(t, f[i].value);
        text_add(t, "<td>");
        text_add(t, f[i].words);
        text_add(t, "\n");
    }
    text_add(t, "</table>\n</html>\n");
}

void counters_page(struct http_exchange *x, const struct http_request *rq,
                   void *user)
{
    bool person = http_prefers(rq, SPAN("text/html"), SPAN("application/json"));
    struct figure f[FIGURES_MAX];
    unsigned n = figures(user, f);
    char body[COUNTERS_BYTES];
    struct text t = {body, sizeof(body), 0};

    (person ? write_page : write_json)(&t, f, n);
    http_reply_copy(x, &(struct http_reply){
                           .status = 200,
                           .type = person ? SPAN("text/html; charset=utf-8")
                                          : SPAN("application/json"),
                           .fields = SPAN(NO_STORE "Vary: Accept\r\n"),
                           .body = text_span(&t)});
}
