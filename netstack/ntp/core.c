/* SPDX-License-Identifier: ISC */
/*
 * core.c - see core.h.
 */
#include "core.h"

#define KISS(a, b, c, d)                                                       \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))
#define LATE_NS  (NS_PER_MS / 4)  /* a trip this much too short is rounding */
#define LEAST_NS (NS_PER_MS / 10) /* no measurement is better than this */

void ntp_peer_start(struct ntp_peer *p, ns_t now, uint32_t random)
{
    *p = (struct ntp_peer){.used = true,
                           .burst = NTP_BURST,
                           .next = now + random % (uint32_t)(50 * NS_PER_MS)};
}

/* After a burst, a sixteenth part more or less, so that hosts that started
 * together do not ask together. */
static ns_t pause(const struct ntp_peer *p, unsigned poll, uint32_t random)
{
    ns_t base;

    poll = poll > NTP_POLL_MIN ? poll : NTP_POLL_MIN;
    poll = p->rate > poll ? p->rate : poll;
    poll = p->quiet > poll ? p->quiet : poll;
    base = NS_PER_SEC << poll;

    return base - base / 16 + base / 8 / 1024 * (random % 1024);
}

void ntp_peer_asked(struct ntp_peer *p, uint64_t cookie, unsigned poll,
                    ns_t now, uint32_t random)
{
    p->waiting = true;
    p->unsent = 0;
    p->cookie = cookie;
    p->sent = now;
    p->reach = (uint8_t)(p->reach << 1);
    if (p->reach == 0 && p->nsamples) {
        p->nsamples = 0; /* eight questions without an answer */
        p->burst = 0;
    }
    if (p->burst)
        p->burst--;
    if (p->burst) {
        p->next = now + NTP_BURST_NS;
        return;
    }
    if (p->reach == 0 && p->quiet < NTP_POLL_MAX)
        p->quiet = p->quiet ? p->quiet + 1 : NTP_POLL_MIN;
    p->next = now + pause(p, poll, random);
}

void ntp_peer_burst(struct ntp_peer *p, ns_t now)
{
    if (!p->used || p->denied || p->rate || p->burst)
        return;
    p->burst = NTP_BURST;
    if (p->next > now + NTP_BURST_NS)
        p->next = now + NTP_BURST_NS;
}

void ntp_peer_unsent(struct ntp_peer *p, ns_t now)
{
    p->next = now + (NTP_UNSENT_NS << p->unsent);
    if (p->unsent < NTP_UNSENT_MAX)
        p->unsent++;
}

/* RFC 5905 7.4: the answer to our question, and the server wants no more. */
static void kissed(struct ntp_peer *p, uint32_t kiss, ns_t now)
{
    p->burst = 0;
    if (kiss == KISS('D', 'E', 'N', 'Y') || kiss == KISS('R', 'S', 'T', 'R')) {
        p->denied = true;
        p->next = NS_NEVER;
        p->nsamples = 0;
    } else if (kiss == KISS('R', 'A', 'T', 'E')) {
        if (p->rate < NTP_POLL_MAX)
            p->rate = p->rate ? p->rate + 1 : NTP_POLL_MIN + 1;
        p->next = now + (NS_PER_SEC << p->rate);
    }
}

/* RFC 5905 9.2.2 and RFC 4330 5: a server that knows the time says so. */
static bool knows(const struct ntp_packet *k)
{
    return k->leap != NTP_LEAP_UNKNOWN && k->stratum <= NTP_STRATUM_MAX &&
           k->received_ns && k->sent_ns >= k->received_ns &&
           k->root_delay / 2 + k->root_disp < NTP_DISTANCE_NS;
}

static void add_sample(struct ntp_peer *p, const struct ntp_packet *k, ns_t now)
{
    uint64_t trip = now - p->sent, there = k->sent_ns - k->received_ns;
    int64_t out = (int64_t)(k->received_ns - p->sent);
    int64_t back = (int64_t)(k->sent_ns - now);
    int precision = k->precision < -30 ? -30 : k->precision;

    p->newest = p->nsamples ? (p->newest + 1) % NTP_SAMPLES : 0;
    if (p->nsamples < NTP_SAMPLES)
        p->nsamples++;
    p->sample[p->newest] = (struct ntp_sample){
        .offset = out + (back - out) / 2,
        .delay = trip > there ? trip - there : 0,
        .disp =
            LEAST_NS + (precision < 0 ? NS_PER_SEC >> -precision : NS_PER_SEC),
        .at = now};
}

enum ntp_event ntp_on_packet(struct ntp_peer *p, const struct ntp_packet *k,
                             ns_t now)
{
    if (!p->used || !p->waiting || k->origin != p->cookie ||
        now - p->sent > NTP_WAIT_NS)
        return NTP_STRAY;
    p->waiting = false; /* one question, one answer */
    if (k->stratum == NTP_STRATUM_KISS) {
        kissed(p, k->refid, now);
        return NTP_KISSED;
    }
    /* It cannot have thought about it for longer than it took. */
    if (!knows(k) || k->sent_ns - k->received_ns > now - p->sent + LATE_NS)
        return NTP_BAD;
    p->reach |= 1;
    p->quiet = 0;
    p->stratum = k->stratum;
    p->root_delay = k->root_delay;
    p->root_disp = k->root_disp;
    add_sample(p, k, now);
    return NTP_SAMPLE;
}

static uint64_t aged(const struct ntp_sample *s, ns_t now)
{
    return s->delay / 2 + s->disp + (now - s->at) / 1000000 * NTP_PHI_PPM;
}

/* The clock filter (10): the sample with the shortest way, and newest. */
static const struct ntp_sample *best_sample(const struct ntp_peer *p, ns_t now)
{
    const struct ntp_sample *best = NULL;

    for (unsigned i = 0; i < p->nsamples; i++)
        if (!best || aged(&p->sample[i], now) < aged(best, now))
            best = &p->sample[i];
    return best;
}

/* What a server says, and how far from the truth it can be: its root distance
 * (11.1). */
struct opinion {
    int64_t offset;
    int64_t distance;
    unsigned peer;
};

static unsigned opinions(const struct ntp_peer *p, unsigned n, int64_t freq_ppb,
                         ns_t now, struct opinion out[NTP_SERVERS_MAX])
{
    unsigned found = 0;

    for (unsigned i = 0; i < n; i++, p++) {
        const struct ntp_sample *s = best_sample(p, now);
        uint64_t distance;

        if (!p->used || p->denied || !s)
            continue;
        distance = aged(s, now) + p->root_delay / 2 + p->root_disp;
        if (distance > NTP_DISTANCE_NS)
            continue;
        out[found++] = (struct opinion){
            .offset = s->offset +
                      (int64_t)((now - s->at) / NS_PER_MS) * freq_ppb / 1000,
            .distance = (int64_t)distance,
            .peer = i};
    }
    return found;
}

static bool holds(const struct opinion *o, int64_t point)
{
    return o->offset - o->distance <= point && point <= o->offset + o->distance;
}

/* The intersection (11.2.1): a point that most intervals hold begins one of
 * them.  Of equals the narrowest counts. */
static unsigned agreement(const struct opinion *o, unsigned n, int64_t *point)
{
    unsigned most = 0;

    for (unsigned i = 0; i < n; i++) {
        unsigned agree = 0;

        for (unsigned k = 0; k < n; k++)
            agree += holds(&o[k], o[i].offset - o[i].distance);
        if (agree > most) {
            most = agree;
            *point = o[i].offset - o[i].distance;
        }
    }
    return most;
}

bool ntp_choose(const struct ntp_peer *p, unsigned n, int64_t freq_ppb,
                ns_t now, struct ntp_choice *out)
{
    struct opinion o[NTP_SERVERS_MAX];
    unsigned found, agree, best = NTP_SERVERS_MAX;
    int64_t point = 0, sum = 0, weight = 0;

    found = opinions(p, n, freq_ppb, now, o);
    agree = agreement(o, found, &point);
    if (agree == 0 || agree * 2 <= found)
        return false; /* no majority: better no time than a wrong one */
    for (unsigned i = 0; i < found; i++)
        if (holds(&o[i], point) &&
            (best == NTP_SERVERS_MAX || o[i].distance < o[best].distance))
            best = i;
    /* The combining (11.2.3): each as much as it can be relied upon. */
    for (unsigned i = 0; i < found; i++) {
        int64_t w = (int64_t)NTP_DISTANCE_NS / (o[i].distance + 1) + 1;

        if (!holds(&o[i], point))
            continue;
        sum += (o[i].offset - o[best].offset) / 1000 * w;
        weight += w;
    }
    *out = (struct ntp_choice){.offset = o[best].offset + sum / weight * 1000,
                               .bound = (uint64_t)o[best].distance,
                               .servers = agree,
                               .best = o[best].peer};
    return true;
}

static int64_t magnitude(int64_t v)
{
    return v < 0 ? -v : v;
}

/* How much our oscillator is off, from two offsets far enough apart; half
 * of the news each time, for a busy network shows slopes of its own. */
static void see_slope(struct ntp_state *s, const struct ntp_choice *c,
                      struct clock *clock, ns_t now)
{
    int64_t length, seen;

    if (s->slope_at && now - s->slope_at < NTP_SLOPE_NS)
        return;
    if (s->slope_at) {
        length = (int64_t)((now - s->slope_at) / NS_PER_MS);
        seen = (c->offset - s->slope_offset) * 1000 / length;
        if (magnitude(seen) <= 2 * CLOCK_FREQ_MAX_PPB)
            clock_freq(clock, clock->freq_ppb + (seen - clock->freq_ppb) / 2,
                       now);
    }
    s->slope_at = now;
    s->slope_offset = c->offset;
}

static void jump(struct ntp_state *s, const struct ntp_choice *c,
                 struct clock *clock, ns_t now)
{
    clock_set(clock, (uint64_t)c->offset + now, now);
    clock->disciplined = s->synced = true;
    s->spikes = s->calm = 0;
    s->slope_at = 0;
    s->poll = NTP_POLL_MIN;
}

/* RFC 5905 11.3 and 12: small errors are slewed; a large one must be seen
 * several times.  The first time of all is simply taken. */
bool ntp_discipline(struct ntp_state *s, const struct ntp_choice *c,
                    struct clock *clock, ns_t now)
{
    uint64_t wall = clock_wall_ns(clock, now);

    s->error = (int64_t)((uint64_t)c->offset + now - wall);
    if (!s->synced || wall == 0) {
        jump(s, c, clock, now);
        return true;
    }
    if ((uint64_t)magnitude(s->error) > NTP_STEP_NS) {
        if (++s->spikes < NTP_SPIKES)
            return false;
        jump(s, c, clock, now);
        return true;
    }
    s->spikes = 0;
    see_slope(s, c, clock, now);
    clock_slew(clock, s->error, now);
    if ((uint64_t)magnitude(s->error) > 10 * NS_PER_MS + c->bound) {
        s->calm = 0;
        s->poll = NTP_POLL_MIN;
    } else if (++s->calm >= NTP_CALM) {
        s->calm = 0;
        if (s->poll < NTP_POLL_MAX)
            s->poll++;
    }
    return false;
}
