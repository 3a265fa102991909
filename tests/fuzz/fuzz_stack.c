/* SPDX-License-Identifier: ISC */
/*
 * fuzz_stack.c - a whole stack, Ethernet to TCP, driven by the input.
 *
 * The bytes choose what happens: frames as they are, frames made right (with
 * lengths, checksums and the numbers that the stack has shown) and then bent,
 * time passing, calls of an application, memory running out.  After each step
 * the stack must be at rest within a bounded number of turns, and its books
 * must balance; at the end all memory is back.
 */
#include "stack_bench.h"

enum { STEPS_MAX = 400 };

static void on_udp(const struct udp_dgram *d, void *user)
{
    (void)user;
    if (d->remote.port != d->local.port)
        bench.last = udp_send(bench.net, d);
}

static void on_dns(enum err err, const struct ipaddr *a, unsigned n, void *user)
{
    (void)user;
    MUST(n <= DNS_ADDRS_MAX && (n > 0) == (err == OK) && a);
}

static void on_event(struct stream *s, unsigned events, void *user)
{
    struct stream **slot = user;

    if (events & STREAM_CLOSED) {
        *slot = NULL;
        stream_release(s);
    }
}

static bool keep_stream(struct stream *s)
{
    for (unsigned i = 0; i < STREAMS_MAX; i++)
        if (!bench.stream[i]) {
            bench.stream[i] = s;
            s->on_event = on_event;
            s->user = &bench.stream[i];
            return true;
        }
    return false;
}

static bool on_accept(struct stream *s, const struct endpoint *e, void *user)
{
    (void)e;
    (void)user;
    return keep_stream(s);
}

static void use_stream(uint8_t what)
{
    struct stream **slot = &bench.stream[take8() % STREAMS_MAX], *s = *slot;
    struct mspan room;
    struct span in;

    if (!s)
        return;
    if (what == 0) {
        room = stream_reserve(s);
        if (room.n) {
            memset(room.p, 'f', room.n);
            stream_commit(s, 1 + take16() % room.n);
        }
    } else if (what == 1) {
        in = stream_peek(s);
        stream_consume(s, in.n ? 1 + take16() % in.n : 0);
    } else if (what == 2) {
        stream_shutdown(s);
    } else if (what == 3) {
        stream_abort(s);
    } else {
        *slot = NULL;
        stream_release(s);
    }
}

static void call(void)
{
    static const uint8_t zeros[UINT16_MAX];
    struct endpoint to = {.addr = ip4_addr(PEER4 + take8() % 3), .port = 80};
    struct stream *s;
    uint8_t what = take8() % 12;

    switch (what) {
    case 0:
        bench.last = tcp_listen(bench.net, 80, on_accept, NULL);
        break;
    case 1:
        tcp_unlisten(bench.net, 80);
        break;
    case 2:
        if (tcp_connect(bench.net, &to, &s) == OK && !keep_stream(s))
            stream_release(s);
        break;
    case 3:
        bench.last = udp_bind(bench.net, &bench.port, on_udp, NULL);
        break;
    case 4:
        udp_unbind(bench.net, bench.port);
        break;
    case 5:
        bench.last =
            udp_send(bench.net, &(struct udp_dgram){.remote = to,
                                                    .local.port = bench.port,
                                                    .data = {zeros, take16()}});
        break;
    case 6:
        bench.last = dns_resolve(bench.net, "www.example.com", on_dns, NULL);
        break;
    default:
        use_stream((uint8_t)(what - 7));
    }
    bench_rest();
}

/* Memory that runs out for a while. */
static void fail(void)
{
    struct pool *pool[] = {&bench.pkts, &bench.tx.blocks, &bench.rx.blocks};
    struct pool *p = pool[take8() % 3];

    bench.failing = true;
    p->fail_after = take8() % 8;
    bench_wait(take8() * NS_PER_MS);
    p->fail_after = -1;
    bench.failing = false;
    bench_rest();
}

static void step(void)
{
    static uint8_t b[FRAME_MAX + 400];
    uint8_t what = take8() % 12;

    memset(b, 0, sizeof(b));
    switch (what) {
    case 0:
        bench_deliver(b, take_bytes(b, FRAME_MAX));
        break;
    case 1:
        send_arp(b);
        break;
    case 2:
        send_icmp(b);
        break;
    case 3:
    case 4:
        send_tcp_answer(b);
        break;
    case 5:
        send_syn(b);
        break;
    case 6:
        send_udp_answer(b);
        break;
    case 7:
        bench_wait(take16() * NS_PER_MS);
        break;
    case 8:
        bench.dev.link_up = take8() & 1;
        bench_rest();
        break;
    case 9:
        fail();
        break;
    default:
        call();
    }
}

/* Everything is let go, and time does the rest. */
static void finish(void)
{
    tcp_unlisten(bench.net, 80);
    udp_unbind(bench.net, bench.port);
    for (unsigned i = 0; i < STREAMS_MAX; i++)
        if (bench.stream[i]) {
            struct stream *s = bench.stream[i];

            bench.stream[i] = NULL;
            stream_release(s);
        }
    bench_wait(700 * NS_PER_SEC);
    MUST(!net_in_use(bench.net));
    MUST(bench.rx.blocks.in_use == 0);
    MUST(bench.tx.blocks.in_use == 0);
    MUST(bench.pkts.in_use == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memset(&bench, 0, sizeof(bench));
    fuzz_in = (struct span){data, size};
    bench_start();
    for (unsigned i = 0; fuzz_in.n > 0 && i < STEPS_MAX; i++)
        step();
    finish();
    return 0;
}
