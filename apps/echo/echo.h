/* SPDX-License-Identifier: ISC */
/*
 * echo.h - what the files of the test peer share.
 *
 *     echo.c  the application: what is started, and its limits
 *     tcp.c   echo, discard and chargen over TCP
 *     udp.c   the same over UDP, without becoming a weapon
 *     dial.c  connections that we open, when --peer=on says we may
 *     page.c  HTTP: the page, /bytes/N, and the way to the dials
 */
#ifndef ECHO_H
#define ECHO_H

#include <billet/app.h>
#include <billet/http.h>

enum {
    ECHO_PORT = 7,
    DISCARD_PORT = 9,
    CHARGEN_PORT = 19,
    HTTP_PORT = 80,

    LINE_CHARS = 72, /* RFC 864: of 95 visible ones, and CR LF */
    LINE_BYTES = LINE_CHARS + 2,
    VISIBLE = 95,
    PERIOD_BYTES = VISIBLE * LINE_BYTES,
    PATTERN_BYTES = 9 * PERIOD_BYTES, /* 63,270: nearly a whole big segment */

    CHARGENS_MAX = 64, /* at once; beyond: reset */
    DIALS_MAX = 16,    /* at once; beyond: 503 */
    HTTP_CONNS = 64,
    TRANSCRIPT_BYTES = 1024 /* of what came, that is shown */
};

#define ECHO_METRICS(X)                                                        \
    X(COUNTER, accepted__echo, "port=\"echo\"", "TCP connections accepted")    \
    X(COUNTER, accepted__discard, "port=\"discard\"",                          \
      "TCP connections accepted")                                              \
    X(COUNTER, accepted__chargen, "port=\"chargen\"",                          \
      "TCP connections accepted")                                              \
    X(COUNTER, bytes__echo, "port=\"echo\"", "Bytes over TCP")                 \
    X(COUNTER, bytes__discard, "port=\"discard\"", "Bytes over TCP")           \
    X(COUNTER, bytes__chargen, "port=\"chargen\"", "Bytes over TCP")           \
    X(GAUGE, open, "", "TCP connections open")                                 \
    X(COUNTER, stalled, "", "Chargen connections ended for not reading")       \
    X(COUNTER, datagrams__echo, "port=\"echo\"", "Datagrams received")         \
    X(COUNTER, datagrams__discard, "port=\"discard\"", "Datagrams received")   \
    X(COUNTER, datagrams__chargen, "port=\"chargen\"", "Datagrams received")   \
    X(COUNTER, refused__broadcast, "reason=\"broadcast\"",                     \
      "Datagrams not answered")                                                \
    X(COUNTER, refused__source_port, "reason=\"source_port\"",                 \
      "Datagrams not answered")                                                \
    X(COUNTER, refused__send, "reason=\"send\"", "Datagrams not answered")     \
    X(COUNTER, dials, "", "Connections opened for /connect")                   \
    X(COUNTER, dials_failed, "", "Connections that did not open")
METRICS_STRUCT(echo, ECHO_METRICS);

struct chargen;
struct dial;

struct echo {
    struct env *env;
    struct echo_metrics m;
    uint8_t *pattern; /* PATTERN_BYTES, made when first asked for */
    bool pattern_made;
    struct chargen *idle_chargens;
    struct dial *idle_dials;
    uint16_t udp_port; /* where our own datagrams come from; 0: no peers */
};

/* The pattern of RFC 864, whole periods of it. */
struct span echo_pattern(struct echo *);

/* Start what the file is for; memory from env->arena. */
MUST_USE enum err tcp_start(struct echo *);
MUST_USE enum err udp_start(struct echo *);
MUST_USE enum err dial_start(struct echo *);
MUST_USE enum err page_start(struct echo *);

http_handler dial_connect, dial_datagram;

#endif
