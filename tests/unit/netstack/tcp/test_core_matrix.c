/* SPDX-License-Identifier: ISC */
/*
 * test_core_matrix.c - every state, every kind of segment, with and without
 * payload: RFC 9293 3.10.7.3 and 3.10.7.4 as one table.
 *
 * A cell says what becomes of the state ("=": it stays), and what is done:
 *   A  an ACK goes out at once       T  the payload is taken
 *   a  an ACK is owed for later      O  it opens (STREAM_OPEN)
 *   R  the segment is answered by a  E  the peer's stream ends (STREAM_EOF)
 *      reset                         W  it is over, in order
 *   S  SYN-ACK                       Z  over: reset.  F: refused
 * and, after '!', why the segment went no further.
 */
#include "../../lib/suite.h"
#include "core_rig.h"

#include <stdio.h>
#include <string.h>

enum kind {
    K_NONE,        /* no flag at all */
    K_ACK,         /* of all that was sent, our SYN and FIN included */
    K_ACK_DUP,     /* of nothing new */
    K_ACK_UNSENT,  /* of the number after the next */
    K_ACK_ANCIENT, /* older than the largest window */
    K_SYN,         /* at RCV.NXT */
    K_SYN_OLD,     /* the peer's own SYN once more */
    K_SYN_ACK,     /* at RCV.NXT, of all */
    K_SYN_ACK_OLD, /* the peer's SYN, with an ACK of all */
    K_RST,         /* at RCV.NXT exactly */
    K_RST_NEAR,    /* in the window, not at its edge */
    K_RST_FAR,     /* outside */
    K_RST_ACK,     /* at RCV.NXT, of all */
    K_FIN_ACK,     /* of all */
    K_FIN_DUP,     /* FIN, ACK of nothing new */
    K_FIN_BARE,    /* FIN without ACK */
    K_OLD,         /* ACK of all, numbers already received */
    K_AHEAD,       /* ACK of all, in the window but not next */
    K_BEYOND,      /* ACK of all, outside of the window */
    KINDS
};

static const char *const state_names[] = {"SS", "SR", "ES", "F1", "F2",
                                          "CL", "TW", "CW", "LA", "DN"};
static const char *const drop_names[] = {"",
#define X(name, help) #name,
                                         TCP_DROPS(X)
#undef X
};

struct row {
    const char *cell[2]; /* without payload, with 10 bytes of it */
};

#include "core_matrix.h"

static struct tcp_act stimulate(struct tcb *t, enum kind k, uint32_t len)
{
    uint32_t una = t->snd_una - t->snd_nxt;

    switch (k) {
    case K_NONE:
        return on(t, T0, 0, .len = len);
    case K_ACK:
        return on(t, T0, TCP_ACK, .len = len);
    case K_ACK_DUP:
        return on(t, T0, TCP_ACK, .len = len, .ack_off = una);
    case K_ACK_UNSENT:
        return on(t, T0, TCP_ACK, .len = len, .ack_off = 1);
    case K_ACK_ANCIENT:
        return on(t, T0, TCP_ACK, .len = len, .ack_off = una - WND - 1);
    case K_SYN:
        return on(t, T0, TCP_SYN, .len = len);
    case K_SYN_OLD:
        return on(t, T0, TCP_SYN, .len = len, .seq = IRS);
    case K_SYN_ACK:
        return on(t, T0, TCP_SYN | TCP_ACK, .len = len);
    case K_SYN_ACK_OLD:
        return on(t, T0, TCP_SYN | TCP_ACK, .len = len, .seq = IRS);
    case K_RST:
        return on(t, T0, TCP_RST, .len = len);
    case K_RST_NEAR:
        return on(t, T0, TCP_RST, .len = len, .seq_off = 1);
    case K_RST_FAR:
        return on(t, T0, TCP_RST, .len = len, .seq_off = WND + 1);
    case K_RST_ACK:
        return on(t, T0, TCP_RST | TCP_ACK, .len = len);
    case K_FIN_ACK:
        return on(t, T0, TCP_FIN | TCP_ACK, .len = len);
    case K_FIN_DUP:
        return on(t, T0, TCP_FIN | TCP_ACK, .len = len, .ack_off = una);
    case K_FIN_BARE:
        return on(t, T0, TCP_FIN, .len = len);
    case K_OLD:
        return on(t, T0, TCP_ACK, .len = len, .seq_off = (uint32_t)-20);
    case K_AHEAD:
        return on(t, T0, TCP_ACK, .len = len, .seq_off = 5);
    default:
        return on(t, T0, TCP_ACK, .len = len, .seq_off = WND + 1);
    }
}

/* The outcome in the language of the table. */
static void describe(char *out, const struct tcb *t, enum tcp_state was,
                     const struct tcp_act *a)
{
    bool over = a->events & STREAM_CLOSED;

    out += sprintf(out, "%s", t->state == was ? "=" : state_names[t->state]);
    out += sprintf(out, "%s%s%s%s%s%s%s", a->events & STREAM_OPEN ? " O" : "",
                   t->syn_pending ? " S" : "", a->take_len ? " T" : "",
                   a->events & STREAM_EOF ? " E" : "",
                   t->ack_now || t->dup_acks ? " A"
                   : t->ack_at != NS_NEVER   ? " a"
                                             : "",
                   a->reset ? " R" : "",
                   !over                   ? ""
                   : a->error == E_CLOSED  ? " W"
                   : a->error == E_RESET   ? " Z"
                   : a->error == E_REFUSED ? " F"
                                           : " ?");
    if (a->drop)
        sprintf(out, " !%s", drop_names[a->drop]);
}

START_TEST(test_every_state_and_segment)
{
    unsigned state = (unsigned)_i / (KINDS * 2);
    unsigned kind = (unsigned)_i / 2 % KINDS, data = (unsigned)_i % 2;
    static struct seq_set ooo;
    struct tcb t = at(state);
    struct tcp_act a;
    char got[80];

    seq_set_clear(&ooo);
    t.ooo = &ooo;
    a = stimulate(&t, kind, data ? 10 : 0);
    describe(got, &t, state, &a);
    ck_assert_msg(strcmp(got, matrix[state][kind].cell[data]) == 0,
                  "%s, kind %u, data %u: \"%s\", not \"%s\"",
                  state_names[state], kind, data, got,
                  matrix[state][kind].cell[data]);
}
END_TEST

RUN_CASES("tcp core matrix",
          LOOP(test_every_state_and_segment, 0, TCP_STATES *KINDS * 2))
