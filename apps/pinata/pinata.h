/* SPDX-License-Identifier: ISC */
#ifndef PINATA_H
#define PINATA_H

#include <billet/app.h>
#include <billet/http.h>
#include <billet/tls.h>
#include <billet/x509.h>

enum {
    SITE_SESSIONS = 48,  /* HTTPS */
    GATE_SESSIONS = 64,  /* 10000 */
    REACH_SESSIONS = 32, /* 10001 and 10002 */
    VISITS = 128,        /* connections to the gate, of all kinds */
    ATTEMPTS = 32,       /* the last ones, for the page */
    SOURCES = 256,       /* whose attempts are counted; beyond: the one that
                          * was quiet longest is forgotten */
    PORT_PAGE = 80,
    PORT_PAGE_TLS = 443,
    PORT_SERVER = 10000,   /* we are the server of TLS */
    PORT_CALLBACK = 10001, /* we call back, as client, at PORT_PEER */
    PORT_CLIENT = 10002,   /* we are the client, on the same connection */
    PORT_PEER = 40001,
    SECRET_BYTES = 1024,
    PAGE_CONNS = 64,
    ATTEMPT_BYTES = 200,
    CERT_DAYS = 365
};

#define PINATA_METRICS(M)                                                      \
    M(COUNTER, attempts, "", "connections to the gate")                        \
    M(COUNTER, refused, "", "attempts that failed")                            \
    M(COUNTER, limited, "", "attempts too many of one source")                 \
    M(COUNTER, given, "", "times that the secret was given")
METRICS_STRUCT(pinata, PINATA_METRICS);

struct attempt {
    uint64_t at_s;
    char text[ATTEMPT_BYTES];
};

/* One source's attempts within the minute that began at `since`. */
struct origin {
    struct ipaddr prefix;
    ns_t since;
    uint32_t n;
};

struct pinata;

struct visit {
    struct pinata *pinata;
    struct stream *stream;
    struct endpoint peer;
    uint16_t port;
    bool given, busy;
};

struct pinata {
    struct env *env;
    struct tls *site, *gate, *reach;
    struct http *http;
    struct pinata_metrics m;
    struct x509_pair ca;
    char secret[SECRET_BYTES];
    size_t secret_n;
    char ca_pem[2048];
    size_t ca_pem_n;
    uint32_t per_minute;
    struct visit visit[VISITS];
    struct attempt attempt[ATTEMPTS];
    uint64_t attempts; /* ever; the next is at this modulo ATTEMPTS */
    struct origin origin[SOURCES];
};

/* Text that grows in its place, terminated; what does not fit is cut. */
struct text {
    char *p;
    size_t room, n;
};
void text_add(struct text *, const char *);
void text_add_u64(struct text *, uint64_t);

/* ca.c: the CA, and the certificates of the three sides. */
enum err ca_start(struct pinata *, const char *name, bool test);
/* gate.c */
enum err gate_start(struct pinata *);
/* page.c */
enum err page_start(struct pinata *);

/* test_ca.c */
extern const char test_ca_cert[], test_ca_key[];

#endif
