/* SPDX-License-Identifier: ISC */
/*
 * flow.c - scripted applications, on <billet/net.h> and <billet/stream.h>
 * alone.
 */
#include "flow.h"

#include <string.h>

/* A prime, so that bytes from a wrong place never match. */
enum { PATTERN_BYTES = 65521 };

static void pump(struct flow *f);

struct span flow_pattern(uint64_t at)
{
    static uint8_t bytes[PATTERN_BYTES];
    size_t off = at % PATTERN_BYTES;

    if (!bytes[0]) {
        struct dice d = {1};

        for (size_t i = 0; i < PATTERN_BYTES; i++)
            bytes[i] = (uint8_t)(dice_roll(&d) | (i == 0));
    }
    return (struct span){bytes + off, PATTERN_BYTES - off};
}

static void fail(struct flow *f, const char *what)
{
    if (!f->fault)
        f->fault = what;
}

static void check_bytes(struct flow *f, struct span in)
{
    while (in.n > 0) {
        struct span want = flow_pattern(f->received);
        size_t n = in.n < want.n ? in.n : want.n;

        if (memcmp(in.p, want.p, n) != 0)
            fail(f, "a byte that was not sent, or not there");
        f->received += n;
        in.p += n;
        in.n -= n;
    }
}

static void give_back(struct loan *loan)
{
    struct flow_loan *l = CONTAINER(loan, struct flow_loan, loan);

    if (!l->out)
        fail(l->flow, "a loan was done twice");
    l->out = false;
    l->flow->loans_out--;
    loop_defer(&l->flow->node->loop, &l->flow->again);
}

static void lend_again(struct task *t, ns_t now)
{
    struct flow *f = CONTAINER(t, struct flow, again);

    (void)now;
    if (!f->closed)
        pump(f);
}

static struct flow_loan *free_loan(struct flow *f)
{
    for (unsigned i = 0; i < FLOW_LOANS; i++)
        if (!f->loan[i].out)
            return &f->loan[i];
    return NULL;
}

static size_t lend(struct flow *f, struct span bytes)
{
    struct flow_loan *l = free_loan(f);

    if (!l)
        return 0; /* lend_again() follows */
    if (bytes.n > FLOW_LOAN_BYTES)
        bytes.n = FLOW_LOAN_BYTES;
    l->flow = f;
    l->loan = (struct loan){.bytes = bytes, .done = give_back};
    l->out = true;
    f->loans_out++;
    if (stream_lend(f->s, &l->loan))
        return bytes.n;
    l->out = false;
    f->loans_out--;
    return 0;
}

static void send_more(struct flow *f)
{
    while (f->sent < f->script.send && !f->shut) {
        struct span out = flow_pattern(f->sent);
        size_t n;

        if (out.n > f->script.send - f->sent)
            out.n = f->script.send - f->sent;
        if (f->script.write_chunk && out.n > f->script.write_chunk)
            out.n = f->script.write_chunk;
        n = f->script.lend ? lend(f, out) : stream_write(f->s, out);
        f->sent += n;
        if (n == 0)
            return;
    }
}

static void echo_more(struct flow *f)
{
    struct span in;

    while ((in = stream_peek(f->s)).n > 0) {
        size_t n = stream_write(f->s, in);

        if (n == 0)
            return;
        check_bytes(f, (struct span){in.p, n});
        stream_consume(f->s, n);
        f->sent += n;
    }
}

static void read_all(struct flow *f)
{
    struct span in;

    while ((in = stream_peek(f->s)).n > 0) {
        check_bytes(f, in);
        stream_consume(f->s, in.n);
    }
}

static void read_slowly(struct timer *t, ns_t now)
{
    struct flow *f = CONTAINER(t, struct flow, reader);
    size_t left = f->script.read_chunk;
    struct span in;

    while (left > 0 && (in = stream_peek(f->s)).n > 0) {
        if (in.n > left)
            in.n = left;
        check_bytes(f, in);
        stream_consume(f->s, in.n);
        left -= in.n;
    }
    pump(f);
    if (!f->closed)
        timer_set(&f->node->loop, t, now + f->script.read_every);
}

static void shut(struct flow *f)
{
    if (!f->shut)
        stream_shutdown(f->s);
    f->shut = true;
}

static bool all_read(const struct flow *f)
{
    return f->eof && stream_peek(f->s).n == 0;
}

/* Everything that can go on without another event. */
static void pump(struct flow *f)
{
    if (f->script.echo)
        echo_more(f);
    else if (!f->script.read_every)
        read_all(f);
    send_more(f);
    if (f->script.close == FLOW_CLOSE_WHEN_SENT && f->sent >= f->script.send)
        shut(f);
    if (f->script.close == FLOW_ABORT_WHEN_SENT && !f->shut &&
        f->sent >= f->script.send) {
        f->shut = true;
        stream_abort(f->s);
    }
    if (f->script.close == FLOW_CLOSE_ON_EOF && all_read(f) &&
        f->sent >= f->script.send)
        shut(f);
}

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct flow *f = user;

    if (f->closed)
        fail(f, "an event after STREAM_CLOSED");
    f->open |= (events & STREAM_OPEN) != 0;
    f->eof |= (events & STREAM_EOF) != 0;
    if (events & STREAM_CLOSED) {
        f->error = s->error;
        read_all(f);
        f->closed = true;
        f->closed_at = loop_now(&f->node->loop);
        timer_clear(&f->node->loop, &f->reader);
        stream_release(s);
        f->s = NULL;
        return;
    }
    if (f->open)
        pump(f);
}

static void adopt(struct flow *f, struct node *n, struct stream *s,
                  const struct flow_script *script)
{
    *f = (struct flow){.script = *script, .s = s, .node = n};
    f->opened_at = loop_now(&n->loop);
    s->user = f;
    s->on_event = on_event;
    f->reader.fire = read_slowly;
    f->again.run = lend_again;
    if (script->read_every)
        timer_set(&n->loop, &f->reader, f->opened_at + script->read_every);
}

static bool on_accept(struct stream *s, const struct endpoint *peer, void *user)
{
    struct server *sv = user;

    (void)peer;
    if (sv->n == FLOWS_MAX) {
        sv->refused++;
        return false;
    }
    adopt(&sv->flow[sv->n], sv->node, s, &sv->script);
    sv->flow[sv->n].open = true;
    pump(&sv->flow[sv->n++]);
    return true;
}

void server_open(struct server *sv, struct node *n, uint16_t port,
                 const struct flow_script *script)
{
    enum err err;

    memset(sv, 0, sizeof(*sv));
    sv->node = n;
    sv->script = *script;
    err = tcp_listen(n->net, port, on_accept, sv);
    ASSERT(!err);
}

enum err flow_connect(struct flow *f, struct node *n, const struct ipaddr *to,
                      uint16_t port, const struct flow_script *script)
{
    struct endpoint e = {.addr = *to, .port = port};
    struct stream *s;
    enum err err = tcp_connect(n->net, &e, &s);

    if (err)
        *f = (struct flow){.closed = true, .error = err};
    else
        adopt(f, n, s, script);
    return err;
}

void flow_close_now(struct flow *f)
{
    if (f->s)
        shut(f);
}

const char *flow_lacks(const struct flow *f)
{
    if (f->fault)
        return f->fault;
    if (f->error)
        return err_name(f->error);
    if (f->received != f->script.expect)
        return "bytes to receive";
    if (f->sent < f->script.send)
        return "bytes to send";
    if (!f->closed)
        return "its close";
    return f->loans_out ? "loans that were never done" : NULL;
}
