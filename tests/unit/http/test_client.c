/* SPDX-License-Identifier: ISC */
/*
 * What a server may say, and what becomes of it, byte by byte and at once.
 */
#include "../lib/suite.h"

#include "client_rig.h"

static const struct http_client_config plain, with_tls = {.secure_user = &rig};
static const size_t pieces[] = {0, 1, 3};

#define EACH_PIECE(i) for (unsigned i = 0; i < ARRAY_LEN(pieces); i++)

/* One GET, answered by `answer`, after which the server hangs up or not. */
static struct http_fetch get(const char *answer, size_t piece, bool hang_up)
{
    static struct http_fetch f;

    rig_open(&plain, piece);
    f = rig_fetch("http://example.com/a?b");
    rig_start(&f);
    rig_say(0, answer);
    if (hang_up)
        rig_hang_up(0);
    return f;
}

START_TEST(test_request_is_what_a_server_wants)
{
    struct http_fetch f;

    EACH_PIECE(i)
    {
        rig_open(&plain, pieces[i]);
        f = rig_fetch("http://[2001:DB8::1]:8080/a/../b?c#d");
        f.fields = SPAN("Accept: text/html\r\n");
        rig_start(&f);
        ck_assert_str_eq(rig.server[0].host, "2001:db8::1");
        ck_assert_uint_eq(rig.server[0].port, 8080);
        ck_assert_str_eq(rig.server[0].got,
                         "GET /b?c HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n"
                         "User-Agent: billet\r\nAccept: text/html\r\n\r\n");
        http_fetch_cancel(&f);
        rig_close();
        ck_assert_uint_eq(rig.done, 0);
    }
}
END_TEST

static const struct {
    const char *answer, *body;
    bool hang_up, kept;
    unsigned status;
} good[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello", "Hello", 0, 1, 200},
    {"HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", "", 0, 1, 200},
    {"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", "no", 0, 1, 404},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "5;x=y\r\nHello\r\n007\r\n, world\r\n0\r\nX: y\r\n\r\n",
     "Hello, world", 0, 1, 200},
    {"HTTP/1.1 200 OK\r\n\r\nuntil the end", "until the end", 1, 0, 200},
    {"HTTP/1.0 200 OK\r\n\r\n", "", 1, 0, 200},
    {"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", 0, 0, 200},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
     "ok", 0, 0, 200},
    {"HTTP/1.1 204 No Content\r\n\r\n", "", 0, 1, 204},
    {"HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", "", 0, 1, 304},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
     "ok", 0, 1, 200},
    {"HTTP/1.1 300 Choices\r\nLocation: /x\r\nContent-Length: 1\r\n\r\nx", "x",
     0, 1, 300},
};

START_TEST(test_answers_that_are_taken)
{
    EACH_PIECE(i)
    {
        for (unsigned k = 0; k < ARRAY_LEN(good); k++) {
            struct http_fetch f =
                get(good[k].answer, pieces[i], good[k].hang_up);

            ck_assert_msg(rig.done == 1 && rig.err == OK, "%s: %s %s",
                          good[k].answer, err_name(rig.err), f.why);
            ck_assert_str_eq(rig.body, good[k].body);
            ck_assert_uint_eq(rig.answer.status, good[k].status);
            ck_assert_uint_eq(rig.link[0].state == LINK_KEPT, good[k].kept);
            rig_close();
        }
    }
}
END_TEST

START_TEST(test_answers_that_are_cut_short)
{
    for (unsigned k = 0; k < ARRAY_LEN(good); k++) {
        size_t all = strlen(good[k].answer), head;
        char cut[512];

        if (good[k].hang_up) /* its body may end anywhere */
            continue;
        for (head = 0; head < all; head++) {
            memcpy(cut, good[k].answer, head);
            cut[head] = 0;
            get(cut, 0, true);
            ck_assert_msg(rig.done == 1 && rig.err != OK, "%s", cut);
            rig_close();
            get(cut, 0, false);
            ck_assert_uint_eq(rig.done, 0);
            rig_abort(0);
            ck_assert(rig.done == 1 && rig.err != OK);
            rig_close();
        }
    }
}
END_TEST

START_TEST(test_answers_that_are_refused)
{
    static const char *const bad[] = {
        "SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "HTTP/2 200 OK\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 600 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n",
        "HTTP/1.1 200 OK\n\n                ",
        "HTTP/1.1 200 OK\r\r\n\r\n",
        "HTTP/1.1 200 \x01OK\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 0x1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551617\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n"
        "\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n"
        "\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: \x0b"
        "chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: empty\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        "ffffffffffffffffff\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n bad\r\n",
    };

    EACH_PIECE(i)
    {
        for (unsigned k = 0; k < ARRAY_LEN(bad); k++) {
            get(bad[k], pieces[i], false);
            ck_assert_msg(rig.done == 1 && rig.err == E_PROTO, "%s: %s", bad[k],
                          rig.done ? err_name(rig.err) : "not done");
            ck_assert_ptr_null(rig.server[0].s);
            rig_close();
        }
    }
}
END_TEST

START_TEST(test_what_never_ends_is_ended)
{
    static char line[HTTP_HEAD_MAX + 100];
    struct http_fetch f = get("HTTP/1.1 200 OK\r\nX: ", 0, false);

    memset(line, 'x', sizeof(line) - 1);
    rig_say(0, line);
    ck_assert(rig.done == 1 && rig.err == E_FULL);
    rig_close();
    f = get("HTTP/1.1 200 ", 0, false);
    rig_say(0, line);
    ck_assert(rig.done == 1 && rig.err == E_FULL);
    rig_close();
    get("HTTP/1.1 200 OK\r\n", 0, false);
    for (unsigned i = 0; i < HTTP1_FIELDS_MAX; i++)
        rig_say(0, "a: b\r\n");
    ck_assert_uint_eq(rig.done, 0);
    rig_say(0, "a: b\r\n");
    ck_assert(rig.done == 1 && rig.err == E_FULL);
    rig_close();
    get("", 0, false);
    for (unsigned i = 0; i < CLIENT_INTERIM_MAX; i++)
        rig_say(0, "HTTP/1.1 102 Processing\r\n\r\n");
    ck_assert_uint_eq(rig.done, 0);
    rig_say(0, "HTTP/1.1 102 Processing\r\n\r\n");
    ck_assert(rig.done == 1 && rig.err == E_PROTO);
    rig_close();
    get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", 0, false);
    rig_say(0, line);
    rig_say(0, line);
    ck_assert(rig.done == 1 && rig.err == E_PROTO);
    rig_close();
    (void)f;
}
END_TEST

START_TEST(test_size_of_a_body_is_bounded)
{
    static const char *const heads[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n01234567890",
        "HTTP/1.1 200 OK\r\n\r\n01234567890",
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "5\r\n01234\r\n6\r\n567890\r\n")};

    EACH_PIECE(i)
    {
        for (unsigned k = 0; k < ARRAY_LEN(heads); k++) {
            struct http_fetch f;

            rig_open(&plain, pieces[i]);
            f = rig_fetch("http://example.com");
            f.body_max = 10;
            rig_start(&f);
            rig_say(0, heads[k]);
            ck_assert(rig.done == 1 && rig.err == E_FULL);
            ck_assert_uint_le(f.got, 10);
            rig_close();
        }
    }
}
END_TEST

START_TEST(test_head_has_no_body)
{
    struct http_fetch f;

    rig_open(&plain, 0);
    f = rig_fetch("http://example.com");
    f.method = HTTP_HEAD;
    rig_start(&f);
    ck_assert_int_eq(memcmp(rig.server[0].got, "HEAD / HTTP/1.1\r\n", 17), 0);
    rig_say(0, "HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n");
    ck_assert(rig.done == 1 && rig.err == OK);
    ck_assert_uint_eq(rig.answer.length, 5000000);
    rig_close();
}
END_TEST

START_TEST(test_fields_of_an_answer)
{
    struct http_fetch f;
    struct span v;
    uint32_t at = 0;

    rig_open(&plain, 0);
    f = rig_fetch("http://example.com");
    rig_start(&f);
    rig_say(0, "HTTP/1.1 200 OK\r\nReplay-Nonce:  abc \r\nLink: <a>\r\n"
               "LINK: <b>\r\nContent-Length: 5\r\n\r\n");
    ck_assert_uint_eq(rig.heads, 1);
    ck_assert(http_answer_next(&rig.answer, SPAN("replay-nonce"), &at, &v));
    ck_assert(span_eq(v, SPAN("abc")));
    at = 0;
    ck_assert(http_answer_next(&rig.answer, SPAN("link"), &at, &v));
    ck_assert(span_eq(v, SPAN("<a>")));
    ck_assert(http_answer_next(&rig.answer, SPAN("link"), &at, &v));
    ck_assert(span_eq(v, SPAN("<b>")));
    ck_assert(!http_answer_next(&rig.answer, SPAN("link"), &at, &v));
    http_fetch_cancel(&f);
    rig_close();
}
END_TEST

START_TEST(test_slow_reader_holds_the_server_back)
{
    static uint8_t much[60000];
    struct http_fetch f;

    EACH_PIECE(i)
    {
        rig_open(&plain, pieces[i]);
        f = rig_fetch("http://example.com");
        rig.take_max = 100;
        rig_start(&f);
        rig_say(0, "HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n");
        memset(much, 'm', sizeof(much));
        rig_send(0, much, sizeof(much));
        ck_assert_uint_eq(rig.body_n, 100);
        rig_pass(300 * NS_PER_SEC); /* it is not the server that is slow */
        ck_assert_uint_eq(rig.done, 0);
        ck_assert_uint_eq(stream_reserve(rig.server[0].s).n, 0);
        rig.take_max = SIZE_MAX;
        http_fetch_resume(&f);
        rig_turn();
        ck_assert_uint_eq(rig.body_n, RIG_BYTES + 100);
        rig_send(0, much, sizeof(much) - RIG_BYTES - 100);
        ck_assert(rig.done == 1 && rig.err == OK);
        ck_assert_uint_eq(f.got, sizeof(much));
        rig_close();
    }
}
END_TEST

START_TEST(test_body_held_back_is_there_after_the_end)
{
    struct http_fetch f;

    rig_open(&plain, 0);
    f = rig_fetch("http://example.com");
    rig.take_max = 2;
    rig_start(&f);
    rig_say(0, "HTTP/1.1 200 OK\r\n\r\nabcdef");
    rig_hang_up(0);
    ck_assert_uint_eq(rig.done, 0);
    rig.take_max = SIZE_MAX;
    http_fetch_resume(&f);
    rig_turn();
    ck_assert(rig.done == 1 && rig.err == OK);
    ck_assert_str_eq(rig.body, "abcdef");
    rig_close();
}
END_TEST

START_TEST(test_times)
{
    static const struct http_client_config c = {.connect = NS_PER_SEC,
                                                .head = 2 * NS_PER_SEC,
                                                .idle = 3 * NS_PER_SEC,
                                                .total = 9 * NS_PER_SEC};
    struct http_fetch f = rig_fetch("http://example.com");

    rig_open(&c, 0); /* no connection */
    rig.dial_never = true;
    rig_start(&f);
    rig_pass(NS_PER_SEC - 2 * NS_PER_MS);
    ck_assert_uint_eq(rig.done, 0);
    rig_pass(4 * NS_PER_MS);
    ck_assert(rig.done == 1 && rig.err == E_TIMEOUT);
    ck_assert_uint_eq(rig.hung_up, 1);
    rig_close();
    rig_open(&c, 0); /* no answer */
    rig_start(&f);
    rig_pass(2 * NS_PER_SEC - 2 * NS_PER_MS);
    ck_assert_uint_eq(rig.done, 0);
    rig_pass(4 * NS_PER_MS);
    ck_assert(rig.done == 1 && rig.err == E_TIMEOUT);
    rig_close();
    rig_open(&c,
             0); /* a byte now and then: in the end, that is too slow, too */
    rig_start(&f);
    rig_say(0, "HTTP/1.1 200 OK\r\n\r\n");
    for (unsigned i = 0; i < 4; i++) {
        rig_pass(2 * NS_PER_SEC);
        ck_assert_uint_eq(rig.done, 0);
        rig_say(0, "x");
    }
    rig_pass(2 * NS_PER_SEC);
    ck_assert(rig.done == 1 && rig.err == E_TIMEOUT);
    rig_close();
    rig_open(&c, 0); /* a body that stops */
    rig_start(&f);
    rig_say(0, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx");
    rig_pass(3 * NS_PER_SEC + 4 * NS_PER_MS);
    ck_assert(rig.done == 1 && rig.err == E_TIMEOUT);
    rig_close();
}
END_TEST

START_TEST(test_tls_is_put_on)
{
    struct http_fetch f = rig_fetch("https://example.com");

    rig_open(&plain, 0);
    ck_assert_int_eq(http_fetch(&rig.client, &f), E_INVAL);
    ck_assert_str_eq(f.why, "https, and there is no TLS");
    rig_open(&with_tls, 0);
    rig_start(&f);
    ck_assert_uint_eq(rig.secured, 1);
    ck_assert_uint_eq(rig.server[0].port, 443);
    rig.secure_err = E_FULL;
    http_fetch_cancel(&f);
    rig_start(&f);
    ck_assert(rig.done == 1 && rig.err == E_FULL);
    rig_close();
}
END_TEST

static const char *is_expired(const struct stream *s)
{
    (void)s;
    return "the certificate has expired";
}

START_TEST(test_what_tls_says_is_the_reason)
{
    struct http_client_config c = with_tls;
    struct http_fetch f = rig_fetch("https://example.com"), g = f;

    c.secure_why = is_expired;
    rig_open(&c, 0);
    rig_start(&f);
    rig_abort(0);
    ck_assert(rig.done == 1 && rig.err != OK);
    ck_assert_str_eq(f.why, "the certificate has expired");
    g.url = "http://example.com"; /* has none */
    rig_start(&g);
    rig_abort(1);
    ck_assert_str_eq(g.why, "closed without an answer");
    rig_close();
}
END_TEST

RUN_TESTS("client", PANICS(), test_what_tls_says_is_the_reason,
          test_request_is_what_a_server_wants, test_answers_that_are_taken,
          test_answers_that_are_cut_short, test_answers_that_are_refused,
          test_what_never_ends_is_ended, test_size_of_a_body_is_bounded,
          test_head_has_no_body, test_fields_of_an_answer,
          test_slow_reader_holds_the_server_back,
          test_body_held_back_is_there_after_the_end, test_times,
          test_tls_is_put_on)
