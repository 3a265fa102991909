/* SPDX-License-Identifier: ISC */
/*
 * pinata.h - what the files of the Pinata share.
 */
#ifndef PINATA_H
#define PINATA_H

#include <billet/app.h>
#include <billet/blk.h>
#include <billet/http.h>
#include <billet/tls.h>
#include <billet/x509.h>

#include "ca.h"
#include "limit.h"
#include "proof.h"
#include "text.h"

enum {
    HANDSHAKES_MAX = 4000,
    OUT_MAX = 1000,
    SITE_MAX = 1000,
    LEAST_MIB = 24,       /* for everything but handshakes at 10000 */
    PAGE_CONNS_MORE = 64, /* of HTTP, besides those of HTTPS */
    ATTEMPTS = 64,        /* the last ones, for the page */
    ATTEMPT_BYTES = 160,
    PORT_PAGE = 80,
    PORT_PAGE_TLS = 443,
    PORT_SERVER = 10000,   /* we are the server of TLS */
    PORT_CALLBACK = 10001, /* we call back, as client, at PORT_PEER */
    PORT_CLIENT = 10002,   /* we are the client, on the same connection */
    PORT_PEER = 40001,
    GATE_PORTS = 3, /* those three, in order from PORT_SERVER */
    SECRET_BYTES = 1024,
    SECRET_DISK_BYTES = BLK_BLOCK_MAX /* of a disk, that are read */
};

#define PINATA_METRICS(M)                                                      \
    M(COUNTER, attempts__10000, "port=\"10000\"", "connections to the gate")   \
    M(COUNTER, attempts__10001, "port=\"10001\"", "")                          \
    M(COUNTER, attempts__10002, "port=\"10002\"", "")                          \
    M(COUNTER, handshakes, "", "handshakes done at the gate")                  \
    M(COUNTER, failures, "", "attempts that failed")                           \
    M(COUNTER, limited, "", "attempts too many of one source")                 \
    M(COUNTER, full, "", "attempts refused, for all places were taken")        \
    M(COUNTER, given, "", "times that the secret was given")                   \
    M(COUNTER, proofs, "", "challenges signed")                                \
    M(COUNTER, proofs_limited, "", "challenges too many")                      \
    M(COUNTER, renewals, "", "times that certificates were made anew")         \
    M(GAUGE, open, "", "attempts that go on")                                  \
    M(GAUGE, open_high, "", "the most that ever were")                         \
    M(GAUGE, certificates_end_seconds, "",                                     \
      "since 1970: those made here are valid until; 0: none is")
METRICS_STRUCT(pinata, PINATA_METRICS);

/* One that is over, for the page; equal ones in a row are one. */
struct attempt {
    uint64_t at_s;
    uint32_t times;
    uint16_t port;
    char from[IPADDR_TEXT_BYTES]; /* shortened */
    char result[ATTEMPT_BYTES];
};

struct pinata;

/* An attempt that goes on. */
struct visit {
    struct visit *next_free;
    struct pinata *pinata;
    struct stream *stream;
    struct stream *caller; /* who asked to be called back, while it is there */
    struct timer timer;    /* then the peer has to go */
    struct endpoint peer;
    uint16_t port;
    bool given, over;
};

struct pinata {
    struct env *env;
    struct tls *site, *gate, *reach;
    struct http *http;
    struct pinata_metrics m;
    struct limiter limit, site_limit;
    uint32_t visits; /* at most at once; each key's number, added up */
    struct visit *free_visit, *visit;
    struct attempt attempt[ATTEMPTS];
    uint64_t attempts; /* lines ever; the next is at this modulo ATTEMPTS */
    ns_t full_told_at; /* "all places are taken" was said */
    uint8_t secret[SECRET_BYTES];
    size_t secret_n;
    struct authority ca;
    struct prover prover;
};

/* secret.c: from a key, a file that was given along, or a disk.  `work` is of
 * SECRET_DISK_BYTES, aligned as disks want it; wiped.  Waits. */
enum err secret_start(struct pinata *, uint8_t *work);

/* attempt.c */
/* An attempt is over: for the log, and for the page. */
void attempt_note(struct pinata *, uint16_t port, const struct endpoint *peer,
                  const char *result);

/* ca.c: the CA, and the three sides with their certificates. */
struct sessions {
    uint32_t gate, reach, site;
};
enum err ca_start(struct pinata *, const struct sessions *);

/* gate.c: its memory, and then its ports. */
void gate_prepare(struct pinata *);
enum err gate_start(struct pinata *);

/* page.c: at most so many connections at once, HTTPS included. */
enum err page_start(struct pinata *, uint32_t conns);

/* test_ca.c */
extern const char test_ca_cert[], test_ca_key[];

/* Made by bake.py of site/. */
extern const struct http_site web_site;

#endif
