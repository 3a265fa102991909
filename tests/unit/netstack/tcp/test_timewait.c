/* SPDX-License-Identifier: ISC */
/*
 * test_timewait.c - TIME-WAIT's answers: RFC 9293 3.10.7.4, RFC 6191, 5961.
 */
#include "tcp_suite.h"

#include <tcp/timewait.h>

enum { NXT = 5000, TS = 700 };

static struct tw record(bool ts)
{
    return (struct tw){
        .snd_nxt = 900, .rcv_nxt = NXT, .ts_recent = TS, .ts_ok = ts};
}

static enum tw_verdict on(bool ts, uint8_t flags, uint32_t seq, uint32_t len,
                          uint32_t tsval)
{
    struct tw w = record(ts);
    struct tcp_seg s = {.flags = flags,
                        .seq = seq,
                        .len = len,
                        .ack = 900,
                        .opts = tsval ? TCP_OPT_TS : 0,
                        .tsval = tsval};

    return tw_on_segment(&w, &s);
}

START_TEST(test_retransmitted_fin_restarts_the_wait)
{
    ck_assert_int_eq(on(false, TCP_FIN | TCP_ACK, NXT - 1, 0, 0), TW_RESTART);
    ck_assert_int_eq(on(false, TCP_FIN | TCP_ACK, NXT - 11, 10, 0), TW_RESTART);
    ck_assert_int_eq(on(true, TCP_FIN | TCP_ACK, NXT - 1, 0, TS), TW_RESTART);
}
END_TEST

START_TEST(test_everything_else_is_acked_or_ignored)
{
    ck_assert_int_eq(on(false, TCP_ACK, NXT, 0, 0), TW_IGNORE);
    ck_assert_int_eq(on(false, 0, NXT, 0, 0), TW_IGNORE);
    ck_assert_int_eq(on(false, TCP_ACK, NXT - 20, 20, 0), TW_ACK);
    ck_assert_int_eq(on(false, TCP_ACK, NXT + 99, 0, 0), TW_ACK);
    ck_assert_int_eq(on(true, TCP_FIN | TCP_ACK, NXT - 1, 0, TS - 1), TW_ACK);
}
END_TEST

START_TEST(test_exact_reset_ends_it)
{
    ck_assert_int_eq(on(false, TCP_RST, NXT, 0, 0), TW_END);
    ck_assert_int_eq(on(false, TCP_RST, NXT + 1, 0, 0), TW_IGNORE);
    ck_assert_int_eq(on(false, TCP_RST | TCP_ACK, NXT - 1, 0, 0), TW_IGNORE);
}
END_TEST

/* RFC 6191 2, each rule. */
START_TEST(test_rfc_6191_reuse)
{
    /* both with timestamps */
    ck_assert_int_eq(on(true, TCP_SYN, 1, 0, TS + 1), TW_REOPEN);
    ck_assert_int_eq(on(true, TCP_SYN, NXT + 1, 0, TS), TW_REOPEN);
    ck_assert_int_eq(on(true, TCP_SYN, NXT - 1, 0, TS), TW_ACK);
    ck_assert_int_eq(on(true, TCP_SYN, NXT + 1, 0, TS - 1), TW_ACK);
    /* the new one without */
    ck_assert_int_eq(on(true, TCP_SYN, NXT + 1, 0, 0), TW_REOPEN);
    ck_assert_int_eq(on(true, TCP_SYN, NXT - 1, 0, 0), TW_ACK);
    /* the old one without */
    ck_assert_int_eq(on(false, TCP_SYN, 1, 0, 5), TW_REOPEN);
    /* neither */
    ck_assert_int_eq(on(false, TCP_SYN, NXT + 1, 0, 0), TW_REOPEN);
    ck_assert_int_eq(on(false, TCP_SYN, NXT, 0, 0), TW_ACK);
    /* a SYN-ACK opens nothing */
    ck_assert_int_eq(on(false, TCP_SYN | TCP_ACK, NXT + 1, 0, 0), TW_ACK);
}
END_TEST

TCP_SUITE("tcp timewait", TEST(test_retransmitted_fin_restarts_the_wait),
          TEST(test_everything_else_is_acked_or_ignored),
          TEST(test_exact_reset_ends_it), TEST(test_rfc_6191_reuse))
