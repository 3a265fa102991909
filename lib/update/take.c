/* SPDX-License-Identifier: ISC */
/*
 * take.c - a request with an image.
 *
 * Nothing of a stranger's is stored beyond the header until its signature is
 * found good; until then anyone else may begin instead, so that nobody keeps
 * the owner out by beginning and never ending.
 */
#include "update_impl.h"

#include <base/bytes.h>
#include <base/fmt.h>

#define NO_STORE "Cache-Control: no-store\r\n"

/* Of one request, in its exchange. */
struct upload {
    struct update *update;
    struct http_exchange *x;
};
_Static_assert(sizeof(struct upload) <= HTTP_STATE_BYTES, "http_state()");

static void say(struct http_exchange *x, unsigned status, const char *text)
{
    char line[96];
    size_t n = fmt(line, sizeof(line), "%s\n", text);

    http_reply_copy(x, &(struct http_reply){
                           .status = status,
                           .type = SPAN("text/plain"),
                           .fields = status == 503
                                         ? SPAN(NO_STORE "Retry-After: 10\r\n")
                                         : SPAN(NO_STORE),
                           .body = {(const uint8_t *)line, n}});
}

static void refuse(struct update *u, unsigned status, const char *text)
{
    if (!u->no.text)
        u->no = (struct update_no){status, text};
}

/* Whom it is from, whom it is for, and whether it is new: in that order, for
 * only the owner is told more than that it is not signed. */
static void judge(struct update *u)
{
    const struct update_header *h = &u->header;
    struct span text = {u->raw, UPDATE_SIGNED_BYTES};

    if (!update_header_parse(&u->header, u->raw)) {
        refuse(u, 400, "not made by `billet sign`");
    } else if (!x509_verify_ed25519(u->key, text, u->raw + UPDATE_SIGNED_BYTES,
                                    u->work)) {
        refuse(u, 403, "not signed by the key of updates");
    } else if (strncmp(h->name, u->env->manifest->name, sizeof(h->name)) != 0) {
        refuse(u, 409, "another application");
    } else if (h->sequence <= u->block.sequence) {
        refuse(u, 409, "its sequence is not higher than what was here before");
    } else if (h->bytes == 0 || h->bytes > u->memory.n ||
               h->bytes > u->slots.bytes) {
        refuse(u, 413, "it does not fit into a slot");
    } else {
        u->trusted = true;
        sha256_start(&u->hash);
    }
}

static void take(struct update *u, struct span data)
{
    size_t n = UPDATE_HEADER_BYTES - u->raw_n;

    if (n > 0) {
        n = n < data.n ? n : data.n;
        memcpy(u->raw + u->raw_n, data.p, n);
        u->raw_n += n;
        data.p += n;
        data.n -= n;
        if (u->raw_n == UPDATE_HEADER_BYTES)
            judge(u);
    }
    if (!u->trusted || u->no.text || data.n == 0)
        return;
    if (data.n > u->header.bytes - u->got) {
        refuse(u, 400, "longer than its header says");
        return;
    }
    memcpy(u->memory.p + u->got, data.p, data.n);
    sha256_add(&u->hash, data.p, data.n);
    u->got += data.n;
}

static void finish(struct update *u)
{
    uint8_t digest[SHA256_BYTES];

    if (u->raw_n < UPDATE_HEADER_BYTES ||
        (u->trusted && !u->no.text && u->got < u->header.bytes))
        refuse(u, 400, "it is cut short");
    if (u->no.text)
        return;
    sha256_end(&u->hash, digest);
    if (memcmp(digest, u->header.digest, sizeof(digest)) != 0)
        refuse(u, 400, "damaged on its way: the hash is another");
}

static void answer(struct http_exchange *x, void *user)
{
    struct update *u = ((struct upload *)user)->update;

    u->owner = NULL;
    if (u->no.text)
        say(x, u->no.status, u->no.text);
    else
        say(x, 200, "written: restarting, to try it");
}

static void gone(void *user)
{
    const struct upload *upload = user;
    struct update *u = upload->update;

    if (u->owner != upload->x)
        return;
    u->owner = NULL;
    if (u->state == UPDATE_TAKING)
        u->state = UPDATE_IDLE;
}

static void on_body(struct http_exchange *x, struct span data, void *user)
{
    struct update *u = ((struct upload *)user)->update;

    if (u->owner != x) { /* another has begun */
        if (data.n == 0)
            say(x, 503, "another update is under way");
        return;
    }
    if (data.n > 0) {
        take(u, data);
        return;
    }
    finish(u);
    if (!u->no.text)
        update_install(u);
    if (u->state == UPDATE_INSTALLING) {
        http_later(x, answer, gone, user);
        return;
    }
    log_warn(u->env->log, "update", "refused: %s", u->no.text);
    u->m.refused++;
    u->state = UPDATE_IDLE;
    answer(x, user);
}

static void begin(struct update *u, struct http_exchange *x)
{
    struct upload *upload = http_state(x);

    *upload = (struct upload){u, x};
    u->state = UPDATE_TAKING;
    u->owner = x;
    u->raw_n = u->got = 0;
    u->trusted = false;
    u->no = (struct update_no){0};
    http_read_body(x, on_body, gone, upload);
}

static void show(const struct update *u, struct http_exchange *x)
{
    char text[128];
    size_t n = fmt(text, sizeof(text),
                   "{\"slot\":\"%c\",\"trial\":%s,\"sequence\":%lu}\n",
                   'a' + u->running, u->trial ? "true" : "false",
                   (unsigned long)u->block.sequence);

    http_reply_copy(x,
                    &(struct http_reply){.status = 200,
                                         .type = SPAN("application/json"),
                                         .fields = SPAN(NO_STORE),
                                         .body = {(const uint8_t *)text, n}});
}

void update_answer(struct update *u, struct http_exchange *x,
                   const struct http_request *rq)
{
    if (!u || !u->has_slots || !u->has_key)
        http_reply_page(x, 404, SPAN(""));
    else if (!http_is_secure(x))
        http_to_secure(x, rq, NULL);
    else if (rq->method & (HTTP_GET | HTTP_HEAD))
        show(u, x);
    else if (u->trial)
        say(x, 409, "what runs is on trial itself");
    else if (u->state > UPDATE_TAKING ||
             (u->state == UPDATE_TAKING && u->trusted))
        say(x, 503, "another update is under way");
    else
        begin(u, x);
}
