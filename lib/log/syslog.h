/* SPDX-License-Identifier: ISC */
/*
 * syslog.h - the log as messages of RFC 5424: what to send, not how.
 *
 * The log's own ring is the queue: it is bounded, and what it forgets before
 * it was taken is counted.
 */
#ifndef LOG_SYSLOG_H
#define LOG_SYSLOG_H

#include "log_impl.h"

enum {
    SYSLOG_HOST_MAX = 128, /* characters of a server's name; longer: refused */
    SYSLOG_NAME_MAX = 64,  /* of ours; longer: cut */
    /* A line, and what stands before it; fits any IPv6 path in one piece. */
    SYSLOG_MESSAGE_MAX = LOG_PRINT_BYTES + 176
};

enum syslog_over { SYSLOG_UDP, SYSLOG_TCP, SYSLOG_TLS };
struct syslog_target {
    enum syslog_over over;
    uint16_t port; /* not said: 514, for TLS 6514 */
    char host[SYSLOG_HOST_MAX + 1];
};

/* "udp:192.0.2.1", "tcp:[2001:db8::1]:601", "tls:logs.example".  False, with
 * `out` in any state, when it is none of these. */
MUST_USE bool syslog_target_parse(struct syslog_target *out, struct span text);

#define SYSLOG_METRICS(X)                                                      \
    X(COUNTER, sent, "", "Messages sent to the log server")                    \
    X(COUNTER, dropped, "", "Lines forgotten before they could be sent")       \
    X(COUNTER, connections, "", "Connections made to the log server")          \
    X(COUNTER, failures, "", "Attempts to reach the log server that failed")
METRICS_STRUCT(syslog, SYSLOG_METRICS);
extern const struct metrics_group syslog_metrics_group;

struct syslog {
    struct log *log;
    const char *app;
    struct syslog_metrics count;
    struct span message; /* to be sent; empty: none */
    char host[SYSLOG_NAME_MAX + 1];
    char text[SYSLOG_MESSAGE_MAX];
};

/* From the oldest line on that the log still has.  `app` stays; bytes of `host`
 * that RFC 5424 does not have there become '-'. */
void syslog_start(struct syslog *, struct log *, const char *host,
                  const char *app);

/* Whether there is anything to send. */
static inline bool syslog_waiting(const struct syslog *s)
{
    return s->message.n > 0 || s->log->unsent != s->log->end;
}

/*
 * The message to send: the same until syslog_sent().  Empty: there is none.
 * `wall` is UTC at `now`, 0 when it is unknown; `counted`: its length goes
 * before it (RFC 6587 3.4.1).
 */
struct span syslog_next(struct syslog *, uint64_t wall, ns_t now, bool counted);
void syslog_sent(struct syslog *);

#endif
