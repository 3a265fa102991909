/* SPDX-License-Identifier: ISC */
/*
 * Connections that are kept, redirects that are followed, bodies that are sent.
 */
#include "../lib/suite.h"

#include "client_rig.h"

#include <stdio.h>

static const struct http_client_config plain, with_tls = {.secure_user = &rig};
static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

static bool got(unsigned n, const char *text)
{
    return strstr(rig.server[n].got, text) != NULL;
}

static void forget(unsigned n)
{
    rig.server[n].n = 0;
    rig.server[n].got[0] = 0;
}

START_TEST(test_connection_is_used_again_for_the_same_origin_only)
{
    struct http_fetch f = rig_fetch("http://a/1"), g = rig_fetch("http://a:81"),
                      h = rig_fetch("http://A/2");

    rig_open(&plain, 0);
    rig_start(&f);
    rig_say(0, ok);
    rig_start(&g);
    ck_assert_uint_eq(rig.dials, 2);
    rig_say(1, ok);
    forget(0);
    rig_start(&h);
    ck_assert_uint_eq(rig.dials, 2);
    ck_assert(got(0, "GET /2 "));
    rig_say(0, ok);
    ck_assert(rig.done == 1 && rig.err == OK);
    http_client_rest(&rig.client);
    rig_turn();
    ck_assert(!rig.server[0].s && !rig.server[1].s);
    rig_close();
}
END_TEST

START_TEST(test_kept_connection_goes_after_a_time)
{
    static const struct http_client_config c = {.keep = 5 * NS_PER_SEC};
    struct http_fetch f = rig_fetch("http://a");

    rig_open(&c, 0);
    rig_start(&f);
    rig_say(0, ok);
    rig_pass(5 * NS_PER_SEC - 2 * NS_PER_MS);
    ck_assert_ptr_nonnull(rig.server[0].s);
    rig_pass(4 * NS_PER_MS);
    ck_assert_ptr_null(rig.server[0].s);
    rig_close();
}
END_TEST

START_TEST(test_unasked_bytes_end_a_connection)
{
    struct http_fetch f = rig_fetch("http://a");

    rig_open(&plain, 0);
    rig_start(&f);
    rig_say(0, ok);
    rig_say(0, "HTTP/1.1 200 OK\r\n");
    ck_assert_ptr_null(rig.server[0].s);
    rig_start(&f); /* the same, with the answer itself */
    rig_say(1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK");
    ck_assert(rig.done == 1 && rig.err == OK);
    ck_assert_str_eq(rig.body, "ok");
    ck_assert_ptr_null(rig.server[1].s);
    rig_close();
}
END_TEST

START_TEST(test_connections_are_bounded)
{
    static const struct http_client_config c = {.per_origin = 2};
    struct http_fetch a = rig_fetch("http://a"), b = a, x = a,
                      d = rig_fetch("http://d"), e = rig_fetch("http://e");

    rig_open(&c, 0);
    rig_start(&a);
    rig_start(&b);
    ck_assert_int_eq(http_fetch(&rig.client, &x), E_FULL);
    rig_start(&d);
    ck_assert_int_eq(http_fetch(&rig.client, &e), E_FULL);
    rig_say(1, ok); /* kept, and makes room */
    rig_start(&e);
    ck_assert_uint_eq(rig.dials, 4);
    ck_assert_ptr_null(rig.server[1].s);
    http_fetch_cancel(&a);
    http_fetch_cancel(&d);
    http_fetch_cancel(&e);
    rig_close();
}
END_TEST

START_TEST(test_kept_connection_that_is_gone_is_replaced_once)
{
    struct http_fetch f = rig_fetch("http://a"), p = rig_fetch("http://a");

    rig_open(&plain, 0);
    rig_start(&f);
    rig_say(0, ok);
    ck_assert_int_eq(http_fetch(&rig.client, &f), OK);
    rig_abort(0); /* as the request is on its way */
    ck_assert_uint_eq(rig.dials, 2);
    rig_say(1, ok);
    ck_assert(rig.done == 2 && rig.err == OK);
    p.method = HTTP_POST; /* never twice */
    ck_assert_int_eq(http_fetch(&rig.client, &p), OK);
    rig_abort(1);
    ck_assert(rig.done == 3 && rig.err == E_RESET);
    ck_assert_uint_eq(rig.dials, 2);
    rig_start(&f);
    rig_say(2, ok);
    rig_start(&f);
    rig_say(2, "H"); /* it was alive */
    rig_abort(2);
    ck_assert(rig.done == 1 && rig.err != OK);
    ck_assert_uint_eq(rig.dials, 3);
    rig_close();
}
END_TEST

static const struct {
    const char *to, *host, *target;
} places[] = {{"/x", "a", "GET /x "},
              {"y?z", "a", "GET /b/y?z "},
              {"http://c/", "c", "GET / "},
              {"//c:81/d", "c", "GET /d "}};

START_TEST(test_redirects_are_followed)
{
    static const unsigned status[] = {301, 302, 303, 307, 308};

    for (unsigned i = 0; i < ARRAY_LEN(places); i++)
        for (unsigned k = 0; k < ARRAY_LEN(status); k++) {
            struct http_fetch f = rig_fetch("http://a/b/c");
            char text[200];

            rig_open(&plain, k);
            rig_start(&f);
            snprintf(text, sizeof(text),
                     "HTTP/1.1 %u x\r\nLocation: %s\r\nContent-Length: "
                     "5\r\n\r\nmoved",
                     status[k], places[i].to);
            rig_say(0, text);
            ck_assert_uint_eq(rig.dials, 2);
            ck_assert_str_eq(rig.server[1].host, places[i].host);
            ck_assert(got(1, places[i].target));
            rig_say(1, ok);
            ck_assert(rig.done == 1 && rig.err == OK && f.hops == 1);
            ck_assert_str_eq(rig.body, "ok");
            ck_assert_uint_eq(rig.heads, 1);
            rig_close();
        }
}
END_TEST

static void redirect(const struct http_client_config *c, const char *url,
                     const char *lines)
{
    struct http_fetch f = rig_fetch(url);
    char text[200];

    rig_open(c, 0);
    rig_start(&f);
    snprintf(text, sizeof(text), "HTTP/1.1 302 x\r\n%s\r\n", lines);
    rig_say(0, text);
    ck_assert_msg(rig.done == 1 && rig.err == E_REFUSED && f.status == 302,
                  "%s", lines);
    ck_assert_uint_eq(rig.dials, 1);
    rig_close();
}

START_TEST(test_redirects_that_are_not_followed)
{
    redirect(&plain, "http://a", "");
    redirect(&plain, "http://a", "Location: ftp://b/\r\n");
    redirect(&plain, "http://a", "Location: http://\r\n");
    redirect(&plain, "http://a", "Location: /a b\r\n");
    redirect(&plain, "http://a", "Location: /x\r\nLocation: /y\r\n");
    redirect(&plain, "http://a", "Location: https://a/\r\n"); /* no TLS */
    redirect(&with_tls, "https://a", "Location: http://a/\r\n");
}
END_TEST

START_TEST(test_redirects_are_bounded)
{
    static const struct http_client_config c = {.redirects = 3};
    struct http_fetch f = rig_fetch("http://a");

    rig_open(&c, 0);
    rig_start(&f);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_uint_eq(rig.done, 0);
        rig_say(i, "HTTP/1.1 301 x\r\nLocation: /\r\n\r\n");
    }
    ck_assert(rig.done == 1 && rig.err == E_REFUSED && f.hops == 3);
    rig_close();
}
END_TEST

START_TEST(test_redirect_may_be_an_answer)
{
    struct http_fetch f = rig_fetch("http://a");

    rig_open(&plain, 0);
    f.stay = true;
    rig_start(&f);
    rig_say(0, "HTTP/1.1 301 x\r\nLocation: /\r\nContent-Length: 1\r\n\r\nx");
    ck_assert(rig.done == 1 && rig.err == OK && f.status == 301);
    rig_close();
}
END_TEST

START_TEST(test_credentials_stay_with_their_origin)
{
    struct http_fetch f = rig_fetch("http://a/");

    rig_open(&plain, 0);
    f.fields = SPAN("Cookie: secret\r\nX-Mine: kept\r\n"
                    "AUTHORIZATION: Bearer secret\r\n");
    rig_start(&f);
    rig_say(0, "HTTP/1.1 302 x\r\nLocation: /2\r\n\r\n");
    ck_assert(got(1, "secret") && got(1, "AUTHORIZATION"));
    rig_say(1, "HTTP/1.1 302 x\r\nLocation: http://b/\r\n\r\n");
    ck_assert(!got(2, "secret") && !got(2, "AUTHORIZATION"));
    ck_assert(got(2, "X-Mine: kept\r\n"));
    rig_say(2, "HTTP/1.1 302 x\r\nLocation: http://a/3\r\n\r\n");
    ck_assert(!got(3, "secret")); /* b has had its hands on it */
    rig_say(3, ok);
    ck_assert_uint_eq(rig.done, 1);
    rig_close();
}
END_TEST

static struct {
    const char *text;
    size_t at, most, later; /* later: stops there once */
    unsigned rewinds;
} source;

static size_t push(struct http_fetch *f, struct mspan room)
{
    size_t n = strlen(source.text + source.at);

    (void)f;
    if (source.later && source.at >= source.later) {
        source.later = 0;
        return HTTP_PUSH_LATER;
    }
    n = n < room.n ? n : room.n;
    n = n < source.most ? n : source.most;
    memcpy(room.p, source.text + source.at, n);
    source.at += n;
    return n;
}

static void rewind_(struct http_fetch *f)
{
    (void)f;
    source.at = 0;
    source.rewinds++;
}

static struct http_fetch post(const char *text, size_t most, bool chunked)
{
    struct http_fetch f = rig_fetch("http://a/p");

    memset(&source, 0, sizeof(source));
    source.text = text;
    source.most = most;
    f.method = HTTP_POST;
    f.body_bytes = chunked ? HTTP_ANY_LENGTH : strlen(text);
    f.push = push;
    f.rewind = rewind_;
    f.fields = SPAN("Content-Type: text/plain\r\n");
    return f;
}

START_TEST(test_body_of_a_length)
{
    static char big[12001];
    struct http_fetch f;

    memset(big, 'b', 12000);
    for (unsigned piece = 0; piece < 3; piece++) {
        rig_open(&plain, piece);
        f = post(big, 100, false);
        rig_start(&f);
        ck_assert(got(0, "Content-Length: 12000\r\n"));
        ck_assert_uint_eq(strlen(strstr(rig.server[0].got, "\r\n\r\n") + 4),
                          12000);
        rig_say(0, ok);
        ck_assert(rig.done == 1 && rig.err == OK);
        ck_assert_int_eq(rig.link[0].state, LINK_KEPT);
        rig_close();
    }
}
END_TEST

START_TEST(test_body_in_chunks)
{
    struct http_fetch f;

    rig_open(&plain, 1);
    f = post("Hello, world", 5, true);
    source.later = 5;
    rig_start(&f);
    ck_assert(got(0, "Transfer-Encoding: chunked\r\n"));
    ck_assert(got(0, "\r\n\r\n0005\r\nHello\r\n"));
    rig_pass(300 * NS_PER_SEC); /* it is not the server that is slow */
    ck_assert(rig.done == 0 && !got(0, "world"));
    http_fetch_resume(&f);
    rig_turn();
    ck_assert(got(0, "Hello\r\n0005\r\n, wor\r\n0002\r\nld\r\n0000\r\n\r\n"));
    rig_say(0, ok);
    ck_assert(rig.done == 1 && rig.err == OK);
    rig_close();
}
END_TEST

START_TEST(test_body_that_is_shorter_than_was_said)
{
    struct http_fetch f;

    rig_open(&plain, 0);
    f = post("Hello", 5, false);
    f.body_bytes = 6;
    rig_start(&f);
    ck_assert(rig.done == 1 && rig.err == E_INVAL);
    ck_assert_ptr_null(rig.server[0].s);
    rig_close();
}
END_TEST

START_TEST(test_answer_before_the_body_is_sent)
{
    struct http_fetch f;

    rig_open(&plain, 0);
    f = post("Hello", 5, true);
    source.later = 5;
    rig_start(&f);
    rig_say(0, "HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno");
    ck_assert(rig.done == 1 && rig.err == OK && f.status == 413);
    ck_assert_ptr_null(rig.server[0].s); /* it waits for the rest */
    rig_close();
}
END_TEST

START_TEST(test_what_becomes_of_a_body_that_is_redirected)
{
    static const struct {
        unsigned status;
        bool again;
    } cases[] = {{301, 0}, {302, 0}, {303, 0}, {307, 1}, {308, 1}};

    for (unsigned i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_fetch f;
        char text[100];

        rig_open(&plain, 0);
        f = post("Hello", 5, false);
        rig_start(&f);
        snprintf(text, sizeof(text), "HTTP/1.1 %u x\r\nLocation: /q\r\n\r\n",
                 cases[i].status);
        rig_say(0, text);
        ck_assert(got(1, cases[i].again ? "POST /q " : "GET /q "));
        ck_assert(got(1, "Hello") == cases[i].again);
        ck_assert(got(1, "Content-Type") == cases[i].again);
        ck_assert(got(1, "Content-Length: 5") == cases[i].again);
        ck_assert_uint_eq(source.rewinds, cases[i].again);
        rig_say(1, ok);
        ck_assert(rig.done == 1 && rig.err == OK);
        rig_close();
        rig_open(&plain, 0); /* without a way back */
        f = post("Hello", 5, false);
        f.rewind = NULL;
        rig_start(&f);
        rig_say(0, text);
        ck_assert_uint_eq(rig.done, cases[i].again);
        http_fetch_cancel(&f);
        rig_close();
    }
}
END_TEST

START_TEST(test_fetches_that_are_refused)
{
    static const char *const fields[] = {"X: y",
                                         "X: y\n",
                                         "X: y\r\n\r\nGET / HTTP/1.1\r\n",
                                         "X\r\n",
                                         ": y\r\n",
                                         " X: y\r\n",
                                         "X: a\rb\r\n",
                                         "Host: b\r\n",
                                         "content-length: 5\r\n",
                                         "Transfer-Encoding: chunked\r\n",
                                         "Connection: close\r\n"};
    struct http_fetch f;

    rig_open(&plain, 0);
    for (unsigned i = 0; i < ARRAY_LEN(fields); i++) {
        f = rig_fetch("http://a");
        f.fields = span_of(fields[i]);
        ck_assert_int_eq(http_fetch(&rig.client, &f), E_INVAL);
    }
    f = rig_fetch("http://a b/");
    ck_assert_int_eq(http_fetch(&rig.client, &f), E_INVAL);
    f = rig_fetch("http://a");
    f.method = HTTP_CONNECT;
    ck_assert_int_eq(http_fetch(&rig.client, &f), E_INVAL);
    f = rig_fetch("http://a");
    rig.dial_err = E_FULL;
    ck_assert_int_eq(http_fetch(&rig.client, &f), E_FULL);
    ck_assert_uint_eq(rig.done, 0);
    rig_close();
}
END_TEST

static struct http_fetch again;

static void on_done_again(struct http_fetch *f, enum err err)
{
    rig.err = err;
    if (rig.done++ < 3)
        ck_assert_int_eq(http_fetch(&rig.client, f), OK);
}

static void on_head_cancel(struct http_fetch *f, const struct http_answer *a)
{
    (void)a;
    http_fetch_cancel(f);
}

START_TEST(test_callbacks_may_begin_and_cancel)
{
    rig_open(&plain, 0);
    again = rig_fetch("http://a");
    again.done = on_done_again;
    rig_start(&again);
    for (unsigned i = 0; i < 4; i++)
        rig_say(0, ok);
    ck_assert(rig.done == 4 && rig.err == OK && rig.dials == 1);
    again = rig_fetch("http://a");
    again.on_head = on_head_cancel;
    rig_start(&again);
    rig_say(0, ok);
    ck_assert(rig.done == 0 && rig.body_n == 0 && !again.link);
    rig_close();
}
END_TEST

RUN_TESTS("client_pool", PANICS(),
          test_connection_is_used_again_for_the_same_origin_only,
          test_kept_connection_goes_after_a_time,
          test_unasked_bytes_end_a_connection, test_connections_are_bounded,
          test_kept_connection_that_is_gone_is_replaced_once,
          test_redirects_are_followed, test_redirects_that_are_not_followed,
          test_redirects_are_bounded, test_redirect_may_be_an_answer,
          test_credentials_stay_with_their_origin, test_body_of_a_length,
          test_body_in_chunks, test_body_that_is_shorter_than_was_said,
          test_answer_before_the_body_is_sent,
          test_what_becomes_of_a_body_that_is_redirected,
          test_fetches_that_are_refused, test_callbacks_may_begin_and_cancel)
