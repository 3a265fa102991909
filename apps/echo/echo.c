/* SPDX-License-Identifier: ISC */
/*
 * echo - the peer to test a network with: echo, discard and chargen over TCP
 * and UDP, and a little HTTP.
 *
 * It holds back whom it cannot answer: what is read is what could be written.
 */
#include "echo.h"

METRICS_TABLE(echo, ECHO_METRICS);

/* RFC 864 2: each line begins one character later than the one before. */
struct span echo_pattern(struct echo *e)
{
    uint8_t *p = e->pattern;

    for (unsigned line = 0; !e->pattern_made && p < e->pattern + PATTERN_BYTES;
         line++) {
        for (unsigned i = 0; i < LINE_CHARS; i++)
            *p++ = (uint8_t)(' ' + (line + i) % VISIBLE);
        *p++ = '\r';
        *p++ = '\n';
    }
    e->pattern_made = true;
    return (struct span){e->pattern, PATTERN_BYTES};
}

static enum err start(struct env *env)
{
    struct echo *e = NEW(env, struct echo);
    enum err err;

    e->env = env;
    e->pattern = arena_raw(env->arena, PATTERN_BYTES, 64);
    metrics_add(env->metrics, &echo_metrics_group, (const uint64_t *)&e->m);
    if ((err = tcp_start(e)) || (err = udp_start(e)) || (err = dial_start(e)))
        return err;
    return page_start(e);
}

BILLET_NET_APP(start, .name = "echo", .nets = {"uplink"},
               .limits = {.tcp_conns = 102400,
                          .tcp_half_open = 1024,
                          .tcp_listeners = 4,
                          .udp_binds = 8,
                          .fibers = 1,
                          .arena_bytes = HTTP_ARENA_BYTES +
                                         HTTP_CONNS * HTTP_CONN_BYTES +
                                         PATTERN_BYTES + 400 * 1024});
