/* SPDX-License-Identifier: ISC */
/*
 * test_shell_matrix.c - the states that have no tcb: LISTEN, half-open,
 * TIME-WAIT.  Every kind of segment, with and without payload, as one table;
 * test_core_matrix.c has the other states.
 *
 * A cell says what is sent (S SYN-ACK, A ACK, R reset, RA reset with ACK, a an
 * ACK within 40 ms, - nothing) and what is known of the connection afterwards
 * (LI nothing: LISTEN goes on; HO half-open; ES, CW; TW).
 */
#include "rig.h"
#include "tcp_suite.h"

#include <stdio.h>
#include <string.h>

enum kind {
    K_NONE,       /* no flag at all */
    K_ACK,        /* of all that was sent */
    K_ACK_DUP,    /* of less: our SYN, in TIME-WAIT our FIN, is not */
    K_ACK_UNSENT, /* of the number after the next */
    K_SYN,        /* at RCV.NXT */
    K_SYN_OLD,    /* the peer's own SYN once more */
    K_SYN_NEW,    /* far ahead */
    K_SYN_ACK,    /* at RCV.NXT, of all */
    K_RST,        /* at RCV.NXT exactly */
    K_RST_NEAR,   /* in the window, not at its edge */
    K_RST_FAR,    /* outside */
    K_RST_ACK,    /* at RCV.NXT, of all */
    K_FIN_ACK,    /* of all */
    K_FIN_BARE,   /* FIN without ACK */
    K_OLD,        /* ACK of all, number before RCV.NXT */
    K_AHEAD,      /* ACK of all, in the window but not next */
    K_BEYOND,     /* ACK of all, outside of the window */
    KINDS
};
enum state { LISTEN, HALF, TIME_WAIT, STATES };

static const char *const matrix[STATES][KINDS][2] = {
#include "shell_matrix.h"
};

struct scene {
    struct net *net;
    struct rig_end end;
    uint32_t irs, rcv_nxt, iss, snd_nxt;
};

static void say(struct scene *s, uint8_t flags, uint32_t seq, uint32_t ack,
                uint32_t len)
{
    static const uint8_t data[16];
    struct tcp_seg g = {
        .seq = seq, .ack = ack, .flags = flags, .wnd = 60000, .len = len};

    rig_in(s->net, &g, data);
}

static void to_half(struct scene *s)
{
    struct tcp_seg syn = {.seq = s->irs, .flags = TCP_SYN, .wnd = 60000};

    rig_in(s->net, &syn, NULL);
    s->iss = rig_out(s->net).h.seg.seq;
    s->rcv_nxt = s->irs + 1;
    s->snd_nxt = s->iss + 1;
}

static void to_time_wait(struct scene *s)
{
    to_half(s);
    say(s, TCP_ACK, s->rcv_nxt, s->snd_nxt, 0);
    stream_shutdown(s->end.s);
    rig_turn(s->net);
    s->snd_nxt++;
    say(s, TCP_FIN | TCP_ACK, s->rcv_nxt, s->snd_nxt, 0);
    s->rcv_nxt++;
    rig_forget(s->net);
}

static void stimulate(struct scene *s, enum kind k, uint32_t len)
{
    static const struct {
        uint8_t flags;
        int32_t seq, ack;
    } kinds[KINDS] = {[K_NONE] = {0, 0, 0},
                      [K_ACK] = {TCP_ACK, 0, 0},
                      [K_ACK_DUP] = {TCP_ACK, 0, -1},
                      [K_ACK_UNSENT] = {TCP_ACK, 0, 1},
                      [K_SYN] = {TCP_SYN, 0, 0},
                      [K_SYN_NEW] = {TCP_SYN, 10000000, 0},
                      [K_SYN_ACK] = {TCP_SYN | TCP_ACK, 0, 0},
                      [K_RST] = {TCP_RST, 0, 0},
                      [K_RST_NEAR] = {TCP_RST, 5, 0},
                      [K_RST_FAR] = {TCP_RST, 100000, 0},
                      [K_RST_ACK] = {TCP_RST | TCP_ACK, 0, 0},
                      [K_FIN_ACK] = {TCP_FIN | TCP_ACK, 0, 0},
                      [K_FIN_BARE] = {TCP_FIN, 0, 0},
                      [K_OLD] = {TCP_ACK, -20, 0},
                      [K_AHEAD] = {TCP_ACK, 5, 0},
                      [K_BEYOND] = {TCP_ACK, 100000, 0}};

    if (k == K_SYN_OLD)
        say(s, TCP_SYN, s->irs, 0, len);
    else
        say(s, kinds[k].flags, s->rcv_nxt + (uint32_t)kinds[k].seq,
            s->snd_nxt + (uint32_t)kinds[k].ack, len);
}

static const char *known(struct net *net)
{
    struct tcp *t = net->tcp;
    struct tcp_key k = {.local = rig_local(net),
                        .remote = rig_remote(net),
                        .lport = RIG_PORT,
                        .rport = RIG_PEER_PORT};
    uint32_t i = tcp_find(t, &k, key_hash(t, &k));

    if (i == TABLE_NONE)
        return "LI";
    if (i >= t->tw_from)
        return "TW";
    if (i >= t->half_from)
        return "HO";
    return conn_at(t, i)->tcb.state == TCP_ESTABLISHED  ? "ES"
           : conn_at(t, i)->tcb.state == TCP_CLOSE_WAIT ? "CW"
                                                        : "??";
}

static void describe(struct scene *s, char out[40])
{
    char sent[20] = "";
    bool late = rig_quiet(s->net);

    if (late)
        rig_after(s->net, 50 * NS_PER_MS);
    while (!rig_quiet(s->net) && strlen(sent) < 12) {
        uint8_t f = rig_out(s->net).h.seg.flags;

        strcat(sent, f & TCP_SYN                ? "S"
                     : f == (TCP_RST | TCP_ACK) ? "RA"
                     : f & TCP_RST              ? "R"
                     : late                     ? "a"
                                                : "A");
    }
    sprintf(out, "%s %s", sent[0] ? sent : "-", known(s->net));
}

static void play(int i, char out[40])
{
    static struct scene s;
    enum state state = (enum state)(i / (KINDS * 2));
    bool v6 = i & 1;

    memset(&s, 0, sizeof(s));
    s.net = rig_new(v6);
    s.irs = 1000;
    s.rcv_nxt = s.irs;
    s.snd_nxt = 77;
    s.end.release_when_closed = true;
    rig_listen(s.net, RIG_PORT, &s.end);
    if (state == HALF)
        to_half(&s);
    else if (state == TIME_WAIT)
        to_time_wait(&s);
    stimulate(&s, (enum kind)(i / 2 % KINDS), i & 1 ? 10 : 0);
    describe(&s, out);
    if (s.end.s)
        stream_abort(s.end.s);
    tcp_unlisten(s.net, RIG_PORT);
    rig_after(s.net, 200 * NS_PER_SEC);
    rig_forget(s.net);
    rig_free(s.net);
}

START_TEST(test_every_state_without_a_tcb_and_segment)
{
    const char *want = matrix[_i / (KINDS * 2)][_i / 2 % KINDS][_i & 1];
    char got[40];

    play(_i, got);
    ck_assert_msg(want && strcmp(got, want) == 0,
                  "state %d, kind %d, data %d: \"%s\", not \"%s\"",
                  _i / (KINDS * 2), _i / 2 % KINDS, _i & 1, got, want);
}
END_TEST

TCP_SUITE("tcp shell matrix", LOOP(test_every_state_without_a_tcb_and_segment,
                                   0, STATES *KINDS * 2))
