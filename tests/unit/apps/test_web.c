/* SPDX-License-Identifier: ISC */
/*
 * test_web.c - the web server on a pipe, with the site that is in its image.
 */
#include "fake.h"

#include <string.h>

#include "../lib/suite.h"

#define END " HTTP/1.1\r\nHost: a\r\n\r\n"

static struct caller *ask(const char *request)
{
    struct caller *c = fake_call(80, 0);

    caller_send(c, request);
    return c;
}

static bool holds(const struct caller *c, const char *what)
{
    return strstr(c->got, what) != NULL;
}

START_TEST(test_the_site_is_served)
{
    struct caller *c;

    fake_start(NULL);
    c = ask("GET /" END);
    ck_assert(holds(c, "HTTP/1.1 200 OK\r\n"));
    ck_assert(holds(c, "Content-Type: text/html; charset=utf-8\r\n"));
    ck_assert(holds(c, "Content-Security-Policy: default-src 'none'"));
    ck_assert(holds(c, "\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
    ck_assert(holds(c, "Billet"));
    ck_assert(holds(ask("GET /600.html" END), "Content-Length: 600\r\n"));
    ck_assert(holds(ask("GET /about" END), "\r\nLocation: /about/\r\n"));
    c = ask("GET /none" END);
    ck_assert(holds(c, "HTTP/1.1 404 Not Found\r\n"));
    ck_assert(holds(c, "href=\"/assets/style.css\""));
    ck_assert(holds(c, "Content-Security-Policy: default-src 'none'"));
}
END_TEST

START_TEST(test_the_figures_are_those_of_the_image)
{
    struct caller *c;

    fake_start(NULL);
    fake_wait(3 * NS_PER_SEC);
    c = ask("GET /status.json" END);
    ck_assert(holds(c, "\"name\":\"app\",\"version\":\"1.2\""));
    ck_assert(holds(c, "\"machine\":\"a ?fake?\""));
    ck_assert(holds(c, "\"uptime_ms\":3000,\"boot_us\":5000,"));
    ck_assert(holds(c, "\"memory_used\":2097152,\"memory_high\":3145728,"));
    ck_assert(holds(c, "\"connections\":1,"));
    ck_assert(holds(c, "\"requests\":0,"));
    ck_assert(holds(ask("GET /status.json" END), "\"requests\":0,"));
    fake_wait(NS_PER_SEC); /* no fresher than a tenth of a second */
    ck_assert(holds(ask("GET /status.json" END), "\"requests\":2,"));
}
END_TEST

START_TEST(test_what_it_says_of_itself)
{
    struct caller *c;

    fake_start(NULL);
    ck_assert(holds(ask("GET /healthz" END), "\r\n\r\nok\n"));
    c = ask("GET /log" END);
    ck_assert(holds(c, "a line of the log\n"));
    c = ask("GET /metrics" END);
    ck_assert(holds(c, "Content-Type: application/openmetrics-text; "
                       "version=1.0.0; charset=utf-8\r\n"));
    ck_assert(holds(c, "http_requests_total{class=\"2xx\"} 3\n"));
    ck_assert(holds(c, "# EOF\n"));
    c = ask("GET /metrics HTTP/1.1\r\nHost: a\r\n"
            "Accept: text/html,*/*;q=0.8\r\n\r\n");
    ck_assert(holds(c, "Content-Type: text/plain"));
}
END_TEST

static unsigned count(const struct caller *c, const char *what)
{
    unsigned n = 0;

    for (const char *p = c->got; (p = strstr(p, what)); p++)
        n++;
    return n;
}

START_TEST(test_connections_are_listed)
{
    struct caller *c;

    fake_start(NULL);
    fake.nconns = 2;
    c = ask("GET /connections" END);
    ck_assert(holds(c, "Content-Type: text/plain"));
    ck_assert(holds(c, "connections:2/9 half-open:3/0 time-wait:4/0\n"));
    ck_assert(holds(c, " newreno ts sack ecn wscale:255,255 rtt:0.001/"));
    ck_assert(holds(c, " rtt:0.002/4294967.295 rto:"));
    ck_assert_uint_eq(count(c, "\nSYN-RECEIVED "), 2);
    c = ask("GET /connections?format=json" END);
    ck_assert(holds(c, "Content-Type: application/json"));
    ck_assert(holds(c, "{\"open\":2,\"open_max\":9,\"half_open\":3,"));
    ck_assert(holds(c, "\"state\":\"SYN-RECEIVED\",\"rtt_us\":1,"));
    ck_assert(holds(c, "}]}\n"));
    c = ask("GET /connections HTTP/1.1\r\nHost: a\r\n"
            "Accept: application/json\r\n\r\n");
    ck_assert(holds(c, "Content-Type: application/json"));
    ck_assert(holds(ask("GET /connections?format=xml" END), " 400 "));
    fake.nconns = 0;
    ck_assert(holds(ask("GET /connections?format=json" END),
                    "\"connections\":[]}\n"));
}
END_TEST

/* By a window that holds no more than a line or two. */
START_TEST(test_many_connections_are_listed_as_room_comes)
{
    struct caller *c;

    fake_start(NULL);
    fake.nconns = 100;
    for (int json = 0; json < 2; json++) {
        c = fake_call(80, 1500);
        caller_send(c, json ? "GET /connections?format=json" END
                            : "GET /connections" END);
        fake_turn();
        ck_assert_uint_eq(count(c, "SYN-RECEIVED"), 100);
        ck_assert_uint_eq(count(c, json ? "\"rtt_us\":100," : "rtt:0.100/"), 1);
    }
}
END_TEST

START_TEST(test_random_is_always_the_same)
{
    static const char first[] = {0x1d, (char)0xdd, 0x6c, (char)0x89};
    struct caller *c, *again;
    const char *body;

    fake_start(NULL);
    c = ask("GET /random?bytes=200000" END);
    again = ask("GET /random?bytes=200000" END);
    body = strstr(c->got, "\r\n\r\n") + 4;
    ck_assert_uint_eq(c->n - (size_t)(body - c->got), 200000);
    ck_assert_uint_eq(c->n, again->n);
    ck_assert(memcmp(c->got, again->got, c->n) == 0);
    ck_assert(memcmp(body, body + 65521, 100000) == 0);
    ck_assert(memcmp(body, first, sizeof(first)) == 0);
    ck_assert(holds(ask("GET /random?bytes=1099511627777" END), " 400 "));
    ck_assert(holds(ask("GET /random" END), " 400 "));
}
END_TEST

START_TEST(test_transmit_gives_back_the_body)
{
    fake_start(NULL);
    ck_assert(holds(ask("POST /transmit HTTP/1.1\r\nHost: a\r\n"
                        "Content-Length: 5\r\n\r\nhello"),
                    "\r\n\r\nhello"));
    ck_assert(holds(ask("GET /transmit" END), " 405 "));
}
END_TEST

RUN_TESTS("web", PANICS(), test_the_site_is_served,
          test_the_figures_are_those_of_the_image, test_what_it_says_of_itself,
          test_connections_are_listed,
          test_many_connections_are_listed_as_room_comes,
          test_random_is_always_the_same, test_transmit_gives_back_the_body)
