/* SPDX-License-Identifier: ISC */
/*
 * client_impl.h - what the files of the HTTP client share.
 *
 * A link is a connection, or the place for one.  It is free, kept for a next
 * request, or belongs to one fetch, which then points back to it.
 */
#ifndef HTTP_CLIENT_IMPL_H
#define HTTP_CLIENT_IMPL_H

#include <billet/app.h>
#include <billet/http_client.h>
#include <proto/http1.h>
#include <proto/url.h>

enum {
    CLIENT_OUT_BYTES = 5120, /* a request's head; a piece of its body */
    CLIENT_INTERIM_MAX = 8,  /* 1xx before an answer; beyond: refused */
    CLIENT_AGENT_MAX = 64,   /* characters; the rest is cut off */
    CLIENT_WORDS_MAX = 160   /* why TLS failed, likewise */
};

enum link_state {
    LINK_FREE,
    LINK_KEPT,     /* open, no fetch */
    LINK_DIALLING, /* and what TLS has to say */
    LINK_SENDING,  /* until the answer's head is complete */
    LINK_READING   /* its body */
};

struct http_link {
    struct http_client *client;
    struct http_fetch *fetch;
    struct stream *s;
    struct timer timer;
    struct task task;
    struct happy_eyeballs eyes;
    enum link_state state;
    uint32_t serial;  /* another fetch, another number */
    bool dialling;    /* `eyes` or what stands for it is at work */
    bool secured;     /* TLS is on it */
    bool reused;      /* it was kept */
    bool heard;       /* a byte of an answer */
    bool sent;        /* all of the request */
    bool waits_push;  /* until http_fetch_resume() */
    bool waits_take;  /* likewise, for on_body */
    bool until_close; /* the body's length is not said */
    bool eof;
    unsigned interim;
    ns_t since; /* something moved, or it was kept */
    struct http1_head head;
    struct http1_body body;
    struct url url;
    size_t head_n, out_at, out_n;
    char words[CLIENT_WORDS_MAX]; /* what fetch->why may point to */
    uint8_t text[HTTP_HEAD_MAX];
    uint8_t out[CLIENT_OUT_BYTES];
};

struct http_client {
    struct http_client_config config;
    struct loop *loop;
    struct net *net;
    /* Start and stop dialling link->url; client_dialled() says how it went. */
    enum err (*dial)(struct http_link *);
    void (*hang_up)(struct http_link *);
    unsigned nlinks;
    struct http_link *link;
};

/* `links` are zeroed.  Dials by the network unless `dial` is set after. */
void client_init(struct http_client *, struct loop *,
                 const struct http_client_config *, struct http_link *links);

void client_dialled(struct http_link *, enum err, struct stream *);

/* A link for the origin; NULL when all are in use. */
struct http_link *client_link_for(struct http_client *, const struct url *,
                                  bool fresh);
/* Begins f on the link, for link->url. */
MUST_USE enum err client_start(struct http_link *, struct http_fetch *);
/* The link is free again, its connection closed. */
void client_drop(struct http_link *);
/* The fetch ends; the link is kept when it can be. */
void client_end(struct http_link *, enum err, const char *why);
/* Leads the fetch on; true when it did, or ended it. */
bool client_redirect(struct http_link *);
bool client_fields_good(struct span fields);

/* Moves what can be moved. */
void client_pump(struct http_link *);
void client_time(struct http_link *);

void client_write_head(struct http_link *);
/* False: the fetch is over. */
bool client_send(struct http_link *);
bool client_read(struct http_link *);

#endif
