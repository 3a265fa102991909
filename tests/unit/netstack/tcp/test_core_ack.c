/* SPDX-License-Identifier: ISC */
/*
 * test_core_ack.c - the ACK field and what attackers do with it: RFC 9293
 * 3.10.7.4 fifth step, RFC 5961; closing in every order.
 */
#include "core_rig.h"
#include "tcp_suite.h"

START_TEST(test_ack_frees_what_was_sent)
{
    struct tcb t = at(TCP_ESTABLISHED);
    struct tcp_act a = on(&t, T0, TCP_ACK, .ack_off = (uint32_t)-40);

    ck_assert_uint_eq(a.acked, SENT - 40);
    ck_assert_uint_eq(t.snd_una, ISS + 1 + SENT - 40);
    ck_assert_uint_ne(t.rtx_at, NS_NEVER);
    a = on(&t, T0, TCP_ACK);
    ck_assert_uint_eq(a.acked, 40);
    ck_assert_uint_eq(t.rtx_at, NS_NEVER); /* RFC 6298 5.2 */
    ck_assert(silent(&t, T0));
}
END_TEST

START_TEST(test_old_ack_is_ignored_but_its_text_is_not)
{
    struct tcb t = at(TCP_ESTABLISHED);
    struct tcp_act a;

    on(&t, T0, TCP_ACK);
    a = on(&t, T0, TCP_ACK, .len = 5, .ack_off = (uint32_t)-SENT, .wnd = 77);
    ck_assert_uint_eq(a.acked, 0);
    ck_assert_uint_eq(a.take_len, 5);
    ck_assert_uint_eq(t.snd_una, ISS + 1 + SENT);
    ck_assert_uint_eq(t.snd_wnd, WND);
}
END_TEST

START_TEST(test_window_is_taken_from_newer_segments_only)
{
    struct tcb t = at_rest();

    on(&t, T0, TCP_ACK, .len = 10);
    on(&t, T0, TCP_ACK, .len = 10, .wnd = 500);
    ck_assert_uint_eq(t.snd_wnd, 500);
    /* older by sequence number: SND.WL1 */
    on(&t, T0, TCP_ACK, .seq_off = (uint32_t)-20, .len = 30, .wnd = 900);
    ck_assert_uint_eq(t.snd_wnd, 500);
    on(&t, T0, TCP_ACK, .wnd = 600);
    ck_assert_uint_eq(t.snd_wnd, 600);
}
END_TEST

START_TEST(test_window_is_scaled_after_the_handshake)
{
    struct tcb t = at_rest();

    t.snd_wscale = 7;
    on(&t, T0, TCP_ACK, .wnd = 1000);
    ck_assert_uint_eq(t.snd_wnd, 1000 << 7);
}
END_TEST

/* RFC 5961 7: limited, and by a count of each connection's own. */
START_TEST(test_challenge_acks_are_limited_per_connection)
{
    struct tcb t = at_rest(), other = at_rest();
    ns_t now = T0;
    unsigned sent = 0;

    for (int i = 0; i < 100; i++) {
        on(&t, now, TCP_RST, .seq_off = 5);
        sent += !silent(&t, now);
    }
    ck_assert_uint_eq(sent, TCP_CHALLENGE_MAX);
    on(&other, now, TCP_RST, .seq_off = 5);
    ck_assert(!silent(&other, now));
    now += 6 * NS_PER_SEC;
    on(&t, now, TCP_SYN);
    ck_assert(!silent(&t, now));
}
END_TEST

START_TEST(test_challenge_ack_says_where_we_are)
{
    struct tcb t = at(TCP_ESTABLISHED);
    struct tcp_seg s;

    on(&t, T0, TCP_SYN, .seq_off = 12345);
    s = next(&t, T0);
    ck_assert_uint_eq(s.flags, TCP_ACK);
    ck_assert_uint_eq(s.seq, t.snd_nxt);
    ck_assert_uint_eq(s.ack, t.rcv_nxt);
}
END_TEST

/* A stranger sweeps all sequence numbers in steps of our window: only the
 * exact one resets. */
START_TEST(test_blind_resets_do_no_harm)
{
    struct tcb t = at_rest();
    unsigned acks = 0;

    for (uint32_t seq = 0; seq < UINT32_MAX - WND; seq += WND) {
        struct tcp_act a;

        if (seq == t.rcv_nxt)
            continue;
        a = on(&t, T0, TCP_RST, .seq = seq + 1);
        ck_assert_uint_eq(a.events, 0);
        acks += !silent(&t, T0);
    }
    ck_assert_uint_eq(t.state, TCP_ESTABLISHED);
    ck_assert_uint_eq(acks, 1);
}
END_TEST

START_TEST(test_blind_data_needs_a_believable_ack)
{
    struct tcb t = at(TCP_ESTABLISHED);
    unsigned taken = 0;

    for (unsigned i = 0; i < 1000; i++) {
        uint32_t ack = 77 + i * 4294967; /* all over the space */

        taken += on(&t, T0, TCP_ACK, .len = 1, .ack = ack).take_len;
    }
    ck_assert_uint_le(taken, 1);
}
END_TEST

START_TEST(test_ack_of_unsent_frees_nothing)
{
    struct tcb t = at(TCP_ESTABLISHED);
    struct tcp_act a = on(&t, T0, TCP_ACK, .len = 10, .ack_off = 1);

    ck_assert_uint_eq(a.acked, 0);
    ck_assert_uint_eq(a.take_len, 0);
    ck_assert_uint_eq(a.drop, TCP_DROP_ack_unsent);
    ck_assert(a.challenged);
}
END_TEST

START_TEST(test_sequence_numbers_wrap)
{
    struct tcb t = at_rest();
    uint32_t shift = UINT32_MAX - t.snd_una - 49;
    struct tcp_act a;

    t.iss += shift;
    t.snd_una += shift;
    t.snd_nxt += shift;
    t.snd_end += shift;
    t.snd_wl2 += shift;
    t.recover += shift;
    tcp_on_write(&t, 100);
    ck_assert_uint_eq(next(&t, T0).len, 100);
    ck_assert_uint_eq(t.snd_nxt, 50);
    a = on(&t, T0, TCP_ACK);
    ck_assert_uint_eq(a.acked, 100);
    ck_assert_uint_eq(t.snd_una, 50);
}
END_TEST

/* ---- closing ---- */

START_TEST(test_we_close_first)
{
    struct tcb t = at_rest();
    struct tcp_seg s;

    tcp_on_write(&t, 10);
    tcp_on_shutdown(&t);
    ck_assert_uint_eq(t.state, TCP_FIN_WAIT_1);
    s = next(&t, T0);
    ck_assert_uint_eq(s.len, 10);
    ck_assert(s.flags & TCP_FIN);
    ck_assert_uint_eq(on(&t, T0, TCP_ACK).acked, 10); /* the FIN is no byte */
    ck_assert_uint_eq(t.state, TCP_FIN_WAIT_2);
    /* half-closed: the peer goes on */
    ck_assert_uint_eq(on(&t, T0, TCP_ACK, .len = 500).take_len, 500);
    on(&t, T0, TCP_ACK | TCP_FIN);
    ck_assert_uint_eq(t.state, TCP_TIME_WAIT);
    ck_assert_uint_eq(next(&t, T0).ack, IRS + 502);
    ck_assert(silent(&t, T0));
}
END_TEST

START_TEST(test_peer_closes_first)
{
    struct tcb t = at(TCP_CLOSE_WAIT); /* SENT bytes went after its FIN */
    struct tcp_act a;

    on(&t, T0, TCP_ACK);
    tcp_on_shutdown(&t);
    ck_assert_uint_eq(t.state, TCP_LAST_ACK);
    ck_assert(next(&t, T0).flags & TCP_FIN);
    a = on(&t, T0, TCP_ACK);
    ck_assert_uint_eq(a.events, STREAM_CLOSED);
    ck_assert_uint_eq(a.error, E_CLOSED);
    ck_assert_uint_eq(tcp_deadline_of(&t), NS_NEVER);
}
END_TEST

START_TEST(test_both_close_at_once)
{
    struct tcb t = at(TCP_CLOSING);

    ck_assert_uint_eq(on(&t, T0, TCP_ACK).events, 0);
    ck_assert_uint_eq(t.state, TCP_TIME_WAIT);
}
END_TEST

START_TEST(test_fin_is_sent_again_until_acked)
{
    struct tcb t = at(TCP_FIN_WAIT_1);
    ns_t at_ns = tcp_deadline_of(&t);
    struct tcp_seg s;

    tcp_on_timer(&t, at_ns);
    s = next(&t, at_ns);
    ck_assert(s.flags & TCP_FIN);
    ck_assert_uint_eq(s.len, 0);
    ck_assert_uint_eq(s.seq, ISS + 1);
    on(&t, at_ns, TCP_ACK);
    ck_assert_uint_eq(t.state, TCP_FIN_WAIT_2);
}
END_TEST

START_TEST(test_retransmitted_fin_is_acked_again)
{
    struct tcb t = at(TCP_CLOSE_WAIT);

    on(&t, T0, TCP_ACK | TCP_FIN, .seq_off = (uint32_t)-1);
    ck_assert_uint_eq(next(&t, T0).ack, IRS + 2);
}
END_TEST

START_TEST(test_second_shutdown_is_nothing)
{
    struct tcb t = at(TCP_FIN_WAIT_2), before = t;

    tcp_on_shutdown(&t);
    ck_assert_mem_eq(&t, &before, sizeof(t));
}
END_TEST

START_TEST(test_abort_sends_reset_where_the_rfc_says)
{
    struct tcb t = at((enum tcp_state)_i);
    bool want = _i == TCP_SYN_RCVD || _i == TCP_ESTABLISHED ||
                _i == TCP_FIN_WAIT_1 || _i == TCP_FIN_WAIT_2 ||
                _i == TCP_CLOSE_WAIT;
    uint32_t nxt = t.snd_nxt;
    struct tcp_seg s;

    ck_assert_int_eq(tcp_on_abort(&t), want); /* RFC 9293 3.10.5 */
    ck_assert_uint_eq(t.state, TCP_DONE);
    ck_assert_uint_eq(tcp_deadline_of(&t), NS_NEVER);
    tcp_make_rst(&t, &s, T0);
    ck_assert_uint_eq(s.seq, nxt);
    ck_assert(silent(&t, T0));
}
END_TEST

START_TEST(test_done_is_deaf)
{
    struct tcb t = at(TCP_DONE), before = t;

    on(&t, T0, TCP_ACK, .len = 10);
    tcp_on_shutdown(&t);
    ck_assert_mem_eq(&t, &before, sizeof(t));
}
END_TEST

TCP_SUITE("tcp core ack", TEST(test_ack_frees_what_was_sent),
          TEST(test_old_ack_is_ignored_but_its_text_is_not),
          TEST(test_window_is_taken_from_newer_segments_only),
          TEST(test_window_is_scaled_after_the_handshake),
          TEST(test_challenge_acks_are_limited_per_connection),
          TEST(test_challenge_ack_says_where_we_are),
          TEST(test_blind_resets_do_no_harm),
          TEST(test_blind_data_needs_a_believable_ack),
          TEST(test_ack_of_unsent_frees_nothing),
          TEST(test_sequence_numbers_wrap), TEST(test_we_close_first),
          TEST(test_peer_closes_first), TEST(test_both_close_at_once),
          TEST(test_fin_is_sent_again_until_acked),
          TEST(test_retransmitted_fin_is_acked_again),
          TEST(test_second_shutdown_is_nothing),
          LOOP(test_abort_sends_reset_where_the_rfc_says, 0, TCP_DONE),
          TEST(test_done_is_deaf))
