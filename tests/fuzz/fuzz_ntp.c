/* SPDX-License-Identifier: ISC */
/*
 * fuzz_ntp.c - NTP messages, and the client's machine with its clock under any
 * events.
 *
 * An even first byte: the rest is one message.  An odd one: events, each a
 * byte and what it needs.  The servers know what the client asked, and say
 * what they like, at times in bytes of their own.
 */
#include <ntp/core.h>

#include "input.h"

#define WALL      UINT64_C(1700000000000000000)
#define PAUSE_MAX ((NS_PER_SEC << NTP_POLL_MAX) / 16 * 17)

static void one_message(void)
{
    struct ntp_packet p;

    if (!ntp_parse(&p, fuzz_in))
        return;
    MUST(fuzz_in.n >= NTP_BYTES && p.leap <= NTP_LEAP_UNKNOWN &&
         p.version >= 3);
    MUST(p.root_delay < 65536 * NS_PER_SEC);
    MUST(p.root_disp < 65536 * NS_PER_SEC);
}

struct world {
    struct ntp_peer peer[NTP_SERVERS_MAX];
    struct ntp_state state;
    struct clock clock;
    ns_t now;
    uint64_t last; /* what the clock said */
};

/* Between jumps it goes forward, whatever is done to it. */
static void look_at_clock(struct world *w, bool jumped)
{
    uint64_t wall = clock_wall_ns(&w->clock, w->now);

    MUST(jumped || wall >= w->last);
    w->last = wall;
}

static void pass(struct world *w, ns_t time)
{
    w->now += time;
    look_at_clock(w, false);
}

static void check_peer(const struct world *w, const struct ntp_peer *p)
{
    MUST(p->nsamples <= NTP_SAMPLES && p->newest < NTP_SAMPLES);
    MUST(p->burst <= NTP_BURST && p->rate <= NTP_POLL_MAX);
    MUST(p->quiet <= NTP_POLL_MAX && p->unsent <= NTP_UNSENT_MAX);
    MUST(!p->denied || (p->next == NS_NEVER && p->nsamples == 0));
    MUST(p->denied || p->next <= w->now + PAUSE_MAX);
    for (unsigned i = 0; i < p->nsamples; i++)
        MUST(p->sample[i].at <= w->now && p->sample[i].delay <= NTP_WAIT_NS);
}

static void ask(struct world *w, struct ntp_peer *p)
{
    if (p->denied)
        return;
    if (p->next > w->now)
        pass(w, p->next - w->now);
    ntp_peer_asked(p, take8(), w->state.poll, w->now, take32());
    MUST(p->next >= w->now + NTP_BURST_NS);
}

/* From a server that is `off` and whose packets take a while each way. */
static void answer(struct world *w, struct ntp_peer *p)
{
    static const int64_t unit[] = {1000, 1000000, 1000000000, 3600000000000};
    uint8_t how = take8();
    int64_t off = (int64_t)(int8_t)take8() * unit[how & 3];
    struct ntp_packet k = {.version = 4, .stratum = 2, .origin = p->cookie};
    enum ntp_event e;

    if (how & 4)
        k.stratum = take8();
    if (how & 8)
        k.leap = take8() & 3;
    k.precision = how & 16 ? (int8_t)take8() : -20;
    k.refid = how & 32 ? UINT32_C(0x52415445) : take32(); /* RATE */
    k.root_delay = k.root_disp = (how & 64 ? take32() : take8()) * 1000u;
    k.received_ns = WALL + p->sent + (uint64_t)off + take8() * 1000000u;
    k.sent_ns = k.received_ns;
    k.sent_ns += how & 128 ? take32() : take8();
    pass(w, take8() * NS_PER_MS);
    e = ntp_on_packet(p, &k, w->now);
    MUST(e != NTP_SAMPLE || (k.stratum && p->reach & 1 && !p->waiting));
    MUST(ntp_on_packet(p, &k, w->now) == NTP_STRAY); /* once alone */
}

static void answer_in_bytes(struct world *w, struct ntp_peer *p)
{
    uint8_t b[NTP_BYTES] = {0};
    struct ntp_packet k;
    bool known = take8() & 1;

    for (unsigned i = 0; i < sizeof(b) && fuzz_in.n; i++)
        b[i] = take8();
    if (known)
        put_be64(b + 24, p->cookie);
    if (ntp_parse(&k, (struct span){b, sizeof(b)}))
        (void)ntp_on_packet(p, &k, w->now);
}

static void decide(struct world *w)
{
    struct ntp_choice c;
    unsigned answering = 0;
    bool jumped;

    if (!ntp_choose(w->peer, NTP_SERVERS_MAX, w->clock.freq_ppb, w->now, &c))
        return;
    for (unsigned i = 0; i < NTP_SERVERS_MAX; i++)
        answering += w->peer[i].used && w->peer[i].nsamples;
    MUST(c.servers > 0 && c.servers <= answering && c.best < NTP_SERVERS_MAX);
    MUST(c.bound <= NTP_DISTANCE_NS && !w->peer[c.best].denied);
    jumped = ntp_discipline(&w->state, &c, &w->clock, w->now);
    MUST(w->state.synced || !jumped);
    MUST(w->state.poll <= NTP_POLL_MAX && w->state.spikes < NTP_SPIKES);
    MUST(w->clock.freq_ppb <= CLOCK_FREQ_MAX_PPB &&
         w->clock.freq_ppb >= -CLOCK_FREQ_MAX_PPB);
    look_at_clock(w, jumped);
}

static void many_events(void)
{
    struct world w = {.now = NS_PER_SEC};

    for (unsigned i = 0; i < NTP_SERVERS_MAX; i++)
        ntp_peer_start(&w.peer[i], w.now, take32());
    /* Ten years: the times of a message end in 2104. */
    for (unsigned i = 0;
         fuzz_in.n > 0 && i < 2000 && w.now < UINT64_C(300000000) * NS_PER_SEC;
         i++) {
        uint8_t what = take8();
        struct ntp_peer *p = &w.peer[what >> 6];

        switch (what & 7) {
        case 0:
            pass(&w, take8() * (NS_PER_SEC / 4));
            break;
        case 1:
            ask(&w, p);
            break;
        case 2:
            answer(&w, p);
            break;
        case 3:
            answer_in_bytes(&w, p);
            break;
        case 4:
            ntp_peer_burst(p, w.now);
            break;
        case 5:
            if (!p->denied)
                ntp_peer_unsent(p, w.now);
            break;
        case 6:
            ntp_peer_start(p, w.now, take32());
            break;
        default:
            decide(&w);
        }
        check_peer(&w, p);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    return fuzz_either((struct span){data, size}, one_message, many_events);
}
