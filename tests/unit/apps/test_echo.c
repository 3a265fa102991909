/* SPDX-License-Identifier: ISC */
/*
 * test_echo.c - the test peer on pipes: its services, and what it refuses.
 */
#include "fake.h"

#include <stdio.h>
#include <string.h>

#include "../lib/suite.h"

enum { LINE = 74, PERIOD = 95 * LINE };

static char text[20000];

static void fill(void)
{
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        text[i] = (char)('a' + i % 23);
}

static bool is_pattern(const char *got, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t line = i % PERIOD / LINE, at = i % LINE;
        char want = at == 72   ? '\r'
                    : at == 73 ? '\n'
                               : (char)(' ' + (line + at) % 95);

        if (got[i] != want)
            return false;
    }
    return true;
}

START_TEST(test_echo_gives_back_all_and_then_ends)
{
    static const size_t buffers[] = {1, 7, 1000, 4096};
    struct caller *c;

    fill();
    fake_start(NULL);
    for (unsigned i = 0; i < 4; i++) {
        c = fake_call(7, buffers[i]);
        ck_assert_uint_eq(caller_send(c, text), sizeof(text) - 1);
        ck_assert(!c->eof);
        caller_shut(c);
        ck_assert_uint_eq(c->n, sizeof(text) - 1);
        ck_assert(memcmp(c->got, text, c->n) == 0);
        ck_assert(c->eof && c->closed);
        ck_assert_int_eq(c->error, OK);
    }
    ck_assert_uint_eq(metrics_get(&fake.metrics, "echo_open"), 0);
    ck_assert_uint_eq(metrics_get(&fake.metrics, "echo_accepted"), 4);
}
END_TEST

START_TEST(test_echo_reads_no_more_than_it_can_write)
{
    struct caller *c;
    size_t sent;

    fill();
    fake_start(NULL);
    c = fake_call(7, 0);
    c->lazy = true;
    sent = caller_send(c, text);
    ck_assert_uint_eq(sent, 2 * FAKE_PIPE_BYTES);
    caller_shut(c); /* the rest of it is still given back */
    c->lazy = false;
    caller_read(c);
    fake_turn();
    caller_read(c);
    fake_turn();
    ck_assert_uint_eq(c->n, sent);
    ck_assert(c->eof);
}
END_TEST

START_TEST(test_discard_says_nothing)
{
    struct caller *c;

    fill();
    fake_start(NULL);
    c = fake_call(9, 100);
    ck_assert_uint_eq(caller_send(c, text), sizeof(text) - 1);
    caller_shut(c);
    ck_assert_uint_eq(c->n, 0);
    ck_assert(c->closed && c->error == OK);
    ck_assert_uint_eq(metrics_get(&fake.metrics, "echo_bytes"),
                      sizeof(text) - 1);
}
END_TEST

START_TEST(test_chargen_goes_on_until_the_other_closes)
{
    struct caller *c;

    fake_start(NULL);
    c = fake_call(19, 0);
    fake_wait(NS_PER_SEC);
    ck_assert_uint_eq(c->n, sizeof(c->got) - 1); /* all that fits */
    ck_assert(is_pattern(c->got, c->n));
    caller_gone(c);
    ck_assert_uint_eq(metrics_get(&fake.metrics, "echo_open"), 0);
}
END_TEST

START_TEST(test_chargen_ends_for_who_does_not_read)
{
    struct caller *c;

    fake_start(NULL);
    c = fake_call(19, 0);
    c->lazy = true;
    fake_wait(59 * NS_PER_SEC);
    ck_assert(!c->closed);
    fake_wait(2 * NS_PER_SEC);
    ck_assert(c->closed);
    ck_assert_uint_eq(metrics_get(&fake.metrics, "echo_stalled"), 1);
}
END_TEST

START_TEST(test_chargens_are_as_many_as_there_is_memory_for)
{
    struct caller *c[65];

    fake_start(NULL);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < 65; i++) {
            c[i] = fake_call(19, 0);
            c[i]->lazy = true;
            ck_assert_int_eq(c[i]->accepted, i < 64);
        }
        for (unsigned i = 0; i < 64; i++)
            caller_gone(c[i]);
        fake_wait(NS_PER_SEC);
    }
}
END_TEST

START_TEST(test_datagrams_are_answered)
{
    fake_start(NULL);
    fake_datagram(7, 5000, false, SPAN("hello"));
    ck_assert_uint_eq(fake.nsent, 1);
    ck_assert_str_eq(fake.sent[0].data, "hello");
    ck_assert_uint_eq(fake.sent[0].d.remote.port, 5000);
    ck_assert_uint_eq(fake.sent[0].d.local.port, 7);
    fake_datagram(9, 5000, false, SPAN("hello"));
    ck_assert_uint_eq(fake.nsent, 1);
    fake.send_error = E_FULL;
    fake_datagram(7, 5000, false, SPAN("hello"));
    ck_assert_uint_eq(metrics_get(&fake.metrics, "echo_refused"), 1);
}
END_TEST

START_TEST(test_datagrams_that_would_go_round_are_not_answered)
{
    static const uint16_t ports[] = {7, 9, 19};
    static const uint16_t from[] = {0, 7, 13, 17, 19, 37, 53, 123, 161, 1023};

    fake_start(NULL);
    for (unsigned i = 0; i < 3; i++) {
        for (unsigned k = 0; k < 10; k++)
            fake_datagram(ports[i], from[k], false, SPAN("hello"));
        fake_datagram(ports[i], 5000, true, SPAN("hello"));
    }
    ck_assert_uint_eq(fake.nsent, 0);
    ck_assert_uint_eq(metrics_get(&fake.metrics, "echo_refused"), 22);
}
END_TEST

START_TEST(test_a_datagram_of_chargen_is_no_amplifier)
{
    static const size_t asked[] = {0, 1, 74, 147, 148, 500, 1400};
    static const size_t lines[] = {1, 1, 1, 1, 2, 6, 6};

    fake_start(NULL);
    for (unsigned i = 0; i < 7; i++) {
        fake_datagram(19, 5000, false,
                      (struct span){(uint8_t *)text, asked[i]});
        ck_assert_uint_eq(fake.sent[i].d.data.n, lines[i] * LINE);
        ck_assert(is_pattern(fake.sent[i].data, lines[i] * LINE));
    }
}
END_TEST

static const char *get(struct caller **out, const char *path)
{
    char request[256];

    *out = fake_call(80, 0);
    snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: a\r\n\r\n",
             path);
    caller_send(*out, request);
    return (*out)->got;
}

START_TEST(test_bytes_are_exactly_as_many)
{
    static const unsigned counts[] = {0, 1, 74, PERIOD, 70000};
    struct caller *c;

    fake_start(NULL);
    for (unsigned i = 0; i < 5; i++) {
        char path[32], length[64];
        const char *body;

        sprintf(path, "/bytes/%u", counts[i]);
        sprintf(length, "\r\nContent-Length: %u\r\n", counts[i]);
        body = strstr(get(&c, path), "\r\n\r\n");
        ck_assert_ptr_nonnull(strstr(c->got, length));
        ck_assert_uint_eq(strlen(body + 4), counts[i]);
        ck_assert(is_pattern(body + 4, counts[i]));
    }
}
END_TEST

START_TEST(test_nobody_is_called_without_leave)
{
    struct caller *c;

    fake_start(NULL);
    ck_assert_ptr_nonnull(strstr(get(&c, "/connect?to=192.0.2.1:9"), " 403 "));
    ck_assert_ptr_nonnull(strstr(get(&c, "/udp?to=192.0.2.1:9"), " 403 "));
    ck_assert_ptr_null(fake.dialled);
    ck_assert_uint_eq(fake.nsent, 0);
}
END_TEST

START_TEST(test_a_call_says_its_line_and_gives_back_what_comes)
{
    struct caller *c;

    fake_start("peer");
    get(&c, "/connect?to=%5B2001:db8::1%5D:9000");
    ck_assert_uint_eq(fake.dialled_to.port, 9000);
    ck_assert_str_eq(fake.dialled->got,
                     "Hello [2001:db8::1]:9000, this is Billet.\r\n");
    ck_assert_str_eq(c->got, ""); /* not before the end */
    fake.dialled->n = 0;
    caller_send(fake.dialled, "one\n");
    caller_send(fake.dialled, "two\n");
    ck_assert(memcmp(fake.dialled->got, "one\ntwo\n", 8) == 0);
    caller_shut(fake.dialled);
    ck_assert(fake.dialled->closed);
    ck_assert_ptr_nonnull(strstr(c->got, "HTTP/1.1 200 OK\r\n"));
    ck_assert_ptr_nonnull(strstr(
        c->got, "connected to [2001:db8::1]:9000: ended in order\n8 bytes"));
    ck_assert_ptr_nonnull(strstr(c->got, "one\ntwo\n"));
}
END_TEST

START_TEST(test_a_call_that_fails_says_why)
{
    struct caller *c;

    fake_start("peer");
    fake.connect_error = E_UNREACH;
    get(&c, "/connect?to=192.0.2.1:9");
    ck_assert_ptr_nonnull(strstr(c->got, " 502 "));
    ck_assert_ptr_nonnull(
        strstr(c->got, "no connection to 192.0.2.1:9: unreachable\n"));
    fake.connect_error = OK;
    get(&c, "/connect?to=192.0.2.1:9");
    caller_gone(fake.dialled);
    ck_assert_ptr_nonnull(strstr(c->got, "reset by the peer\n"));
    get(&c, "/connect?to=192.0.2.1:9");
    fake_wait(31 * NS_PER_SEC);
    ck_assert_ptr_nonnull(strstr(c->got, "hung up after a long silence\n"));
    ck_assert(fake.dialled->closed);
}
END_TEST

START_TEST(test_a_call_by_name)
{
    struct happy_eyeballs *d;
    struct caller *c;
    struct stream *s;

    fake_start("peer");
    get(&c, "/connect?to=www.example:80");
    ck_assert_str_eq(c->got, "");
    ck_assert_uint_eq(fake.dialled_to.port, 80);
    d = fake.by_name;
    ck_assert_int_eq(tcp_connect(NULL, &(struct endpoint){.port = 80}, &s), OK);
    d->fn(OK, s, d, d->user);
    fake_wait(0);
    ck_assert_str_eq(fake.dialled->got,
                     "Hello www.example:80, this is Billet.\r\n");
    caller_shut(fake.dialled);
    ck_assert_ptr_nonnull(
        strstr(c->got, "connected to www.example:80 (192.0.2.1:80): ended"));
    get(&c, "/connect?to=www.example:80");
    d = fake.by_name;
    d->n = 1;
    d->fn(E_TIMEOUT, NULL, d, d->user);
    fake_wait(0);
    ck_assert_ptr_nonnull(strstr(c->got, " 502 "));
    ck_assert_ptr_nonnull(strstr(c->got, "tried 192.0.2.1: timed out\n"));
    ck_assert_ptr_nonnull(strstr(get(&c, "/connect?to=10.0.0.256:9"), " 400 "));
    ck_assert_ptr_nonnull(strstr(get(&c, "/connect?to=x:0"), " 400 "));
    ck_assert_ptr_nonnull(strstr(get(&c, "/udp?to=www.example:9"), " 400 "));
    get(&c, "/connect?to=www.example:80");
    caller_gone(c);
    ck_assert_ptr_null(fake.by_name); /* cancelled */
}
END_TEST

START_TEST(test_who_asked_and_left_ends_the_call)
{
    struct caller *c;

    fake_start("peer");
    for (unsigned i = 0; i < 40; i++) { /* more than there are dials */
        get(&c, "/connect?to=192.0.2.1:9");
        caller_gone(c);
        ck_assert(fake.dialled->closed);
    }
    get(&c, "/connect?to=192.0.2.1:9");
    ck_assert_str_eq(c->got, "");
}
END_TEST

START_TEST(test_calls_at_once_are_limited)
{
    struct caller *c;

    fake_start("peer");
    for (unsigned i = 0; i < 16; i++)
        ck_assert_str_eq(get(&c, "/connect?to=192.0.2.1:9"), "");
    ck_assert_ptr_nonnull(strstr(get(&c, "/connect?to=192.0.2.1:9"), " 503 "));
}
END_TEST

START_TEST(test_a_datagram_is_sent_when_told_to)
{
    struct caller *c;

    fake_start("peer");
    ck_assert_ptr_nonnull(strstr(get(&c, "/udp?to=192.0.2.1:9"), " 200 "));
    ck_assert_uint_eq(fake.nsent, 1);
    ck_assert_uint_eq(fake.sent[0].d.remote.port, 9);
    ck_assert_uint_eq(fake.sent[0].d.local.port, 40000);
    fake.send_error = E_UNREACH;
    ck_assert_ptr_nonnull(strstr(get(&c, "/udp?to=192.0.2.1:9"), " 502 "));
    ck_assert_ptr_nonnull(strstr(c->got, "unreachable\n"));
}
END_TEST

RUN_TESTS("echo", PANICS(), test_echo_gives_back_all_and_then_ends,
          test_echo_reads_no_more_than_it_can_write, test_discard_says_nothing,
          test_chargen_goes_on_until_the_other_closes,
          test_chargen_ends_for_who_does_not_read,
          test_chargens_are_as_many_as_there_is_memory_for,
          test_datagrams_are_answered,
          test_datagrams_that_would_go_round_are_not_answered,
          test_a_datagram_of_chargen_is_no_amplifier,
          test_bytes_are_exactly_as_many, test_nobody_is_called_without_leave,
          test_a_call_says_its_line_and_gives_back_what_comes,
          test_a_call_that_fails_says_why, test_a_call_by_name,
          test_who_asked_and_left_ends_the_call, test_calls_at_once_are_limited,
          test_a_datagram_is_sent_when_told_to)
