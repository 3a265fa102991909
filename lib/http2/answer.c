/* SPDX-License-Identifier: ISC */
/*
 * answer.c - from the head of an answer, as the server writes it, to HEADERS.
 */
#include "http2_impl.h"

enum { STATUS_AT = 9, STATUS_BYTES = 3 }; /* "HTTP/1.1 200" */

static const uint8_t *find(const uint8_t *p, const uint8_t *end,
                           const char *what)
{
    size_t n = strlen(what);

    for (; (size_t)(end - p) >= n; p++) {
        if (!(p = memchr(p, what[0], (size_t)(end - p) - n + 1)))
            return NULL;
        if (memcmp(p, what, n) == 0)
            return p;
    }
    return NULL;
}

/* RFC 9113 8.2.2: these say how HTTP/1.1 is framed. */
static bool is_framing(struct span name)
{
    return span_eq(name, SPAN("connection")) ||
           span_eq(name, SPAN("transfer-encoding")) ||
           span_eq(name, SPAN("keep-alive")) || span_eq(name, SPAN("upgrade"));
}

/* One line; names are in lower case in HTTP/2. */
static bool take_line(nghttp2_nv *nv, uint8_t *p, const uint8_t *end)
{
    uint8_t *colon = memchr(p, ':', (size_t)(end - p));

    if (!colon)
        return false;
    *nv = (nghttp2_nv){.name = p, .namelen = (size_t)(colon - p)};
    for (; p < colon; p++)
        *p = (uint8_t)(*p >= 'A' && *p <= 'Z' ? *p + 0x20 : *p);
    for (p = colon + 1; p < end && *p == ' ';)
        p++;
    nv->value = p;
    nv->valuelen = (size_t)(end - p);
    return true;
}

static bool is_zero_length(const nghttp2_nv *nv)
{
    return span_eq((struct span){nv->name, nv->namelen},
                   SPAN("content-length")) &&
           nv->valuelen == 1 && nv->value[0] == '0';
}

/* `head` is complete, its empty line included. */
static bool submit(struct h2_stream *st, struct mspan head)
{
    nghttp2_session *session = st->conn->session;
    const nghttp2_data_provider2 body = {.read_callback = h2_read_data};
    nghttp2_nv nv[H2_FIELDS];
    static uint8_t status_name[] = ":status";
    uint8_t *p = head.p + STATUS_AT;
    const uint8_t *end = head.p + head.n - 2;
    bool interim = p[0] == '1', empty = st->head_only;
    size_t n = 1;

    nv[0] = (nghttp2_nv){.name = status_name,
                         .namelen = sizeof(status_name) - 1,
                         .value = p,
                         .valuelen = STATUS_BYTES};
    empty |= memcmp(p, "204", STATUS_BYTES) == 0 ||
             memcmp(p, "304", STATUS_BYTES) == 0;
    p = (uint8_t *)find(p, end, "\r\n") + 2;
    while (!interim && p < end) {
        uint8_t *stop = (uint8_t *)find(p, end, "\r\n");

        if (n == H2_FIELDS || !stop || !take_line(&nv[n], p, stop))
            return false;
        empty |= is_zero_length(&nv[n]);
        n += !is_framing((struct span){nv[n].name, nv[n].namelen});
        p = stop + 2;
    }
    if (interim)
        return nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, st->id, NULL,
                                      nv, n, NULL) == 0;
    st->answered = true;
    st->no_body = empty;
    return nghttp2_submit_response2(session, st->id, nv, n,
                                    empty ? NULL : &body) == 0;
}

/* A head that does not come in one piece: it found no room at once. */
static bool gather(struct h2_stream *st, struct mspan text, size_t *taken)
{
    enum { MOST = 2 * HTTP_REPLY_MAX };
    uint32_t had = st->out_head_n;
    const uint8_t *end;
    bool sent;

    if (!st->out_head && !(st->out_head = h2_get(st->conn, MOST)))
        return false;
    *taken = text.n < MOST - had ? text.n : MOST - had;
    memcpy(st->out_head + had, text.p, *taken);
    st->out_head_n += (uint32_t)*taken;
    end = find(st->out_head, st->out_head + st->out_head_n, "\r\n\r\n");
    if (!end)
        return st->out_head_n < MOST;
    *taken = (size_t)(end + 4 - st->out_head) - had;
    sent = submit(
        st, (struct mspan){st->out_head, (size_t)(end + 4 - st->out_head)});
    h2_put(st->conn, st->out_head);
    st->out_head = NULL;
    st->out_head_n = 0;
    return sent;
}

bool h2_answer(struct h2_stream *st, struct mspan text, size_t *taken)
{
    const uint8_t *end =
        st->out_head ? NULL : find(text.p, text.p + text.n, "\r\n\r\n");

    if (!end)
        return gather(st, text, taken);
    *taken = (size_t)(end + 4 - text.p);
    return *taken > STATUS_AT + STATUS_BYTES + 4 &&
           submit(st, (struct mspan){text.p, *taken});
}
