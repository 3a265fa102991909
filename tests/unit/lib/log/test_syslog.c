/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <base/bytes.h>
#include <log/syslog.h>

#define WALL (UINT64_C(1721000096) * NS_PER_SEC) /* 2024-07-14T23:34:56Z */

static struct log l;
static struct syslog s;
static ns_t now;

static void sink(struct span text)
{
    (void)text;
}

static ns_t clock_(void)
{
    return now;
}

static void setup(size_t ring)
{
    static uint8_t memory[65536];

    now = 5 * NS_PER_SEC;
    log_init(&l, (struct mspan){memory, ring}, sink, clock_);
    syslog_start(&s, &l, "tin", "web");
}

static const char *next(uint64_t wall, bool counted)
{
    static char text[SYSLOG_MESSAGE_MAX + 1];
    struct span m = syslog_next(&s, wall, now, counted);

    if (m.n)
        memcpy(text, m.p, m.n);
    text[m.n] = 0;
    if (m.n)
        syslog_sent(&s);
    return text;
}

START_TEST(test_a_line_is_a_message)
{
    setup(1000);
    ck_assert(!syslog_waiting(&s));
    ck_assert_str_eq(next(WALL, false), "");
    now = 7 * NS_PER_SEC + 250 * NS_PER_MS;
    log_info(&l, "dhcp", "lease of %u s", 60);
    now += 4 * NS_PER_SEC;
    ck_assert(syslog_waiting(&s));
    ck_assert_str_eq(next(WALL, false),
                     "<30>1 2024-07-14T23:34:52.000000Z tin web - dhcp - "
                     "lease of 60 s");
    ck_assert_str_eq(next(WALL, false), "");
    ck_assert(!syslog_waiting(&s));
    ck_assert_uint_eq(s.count.sent, 1);
}
END_TEST

START_TEST(test_the_level_is_the_severity)
{
    setup(1000);
    log_levels(&l, SPAN("debug"));
    log_error(&l, "a", "e");
    log_warn(&l, "a", "w");
    log_debug(&l, "a", "d");
    ck_assert_str_eq(next(0, false), "<27>1 - tin web - a - error: e");
    ck_assert_str_eq(next(0, false), "<28>1 - tin web - a - warning: w");
    ck_assert_str_eq(next(0, false), "<31>1 - tin web - a - debug: d");
}
END_TEST

START_TEST(test_what_the_application_prints_is_taken_as_it_is)
{
    static const char *const odd[] = {"Hello, world", "",          "[",
                                      "[]",           "[ 1.2 x]",  "[x y] z",
                                      "[1 2] z",      "[1.x y] z", "]"};
    char want[100];

    setup(4000);
    for (unsigned i = 0; i < ARRAY_LEN(odd); i++) {
        print_line(&l, "%s", odd[i]);
        strcpy(want, "<30>1 2024-07-14T23:34:56.000000Z tin web - - - ");
        if (strcmp(odd[i], "[ 1.2 x]") == 0)
            strcpy(want, "<30>1 2024-07-14T23:34:56.000000Z tin web - - - ");
        strcat(want, odd[i]);
        ck_assert_str_eq(next(WALL, false), want);
    }
}
END_TEST

START_TEST(test_octets_are_counted)
{
    const char *m;

    setup(4000);
    print_line(&l, "Hello");
    m = next(0, true);
    ck_assert_str_eq(m, "27 <30>1 - tin web - - - Hello");
    ck_assert_uint_eq(strlen(m), 27 + 3);
}
END_TEST

START_TEST(test_a_message_stays_until_it_is_sent)
{
    struct span m;

    setup(4000);
    print_line(&l, "one");
    print_line(&l, "two");
    m = syslog_next(&s, 0, now, true);
    ck_assert_ptr_eq(syslog_next(&s, 0, now, true).p, m.p);
    syslog_sent(&s);
    ck_assert_str_eq(next(0, true), "25 <30>1 - tin web - - - two");
}
END_TEST

START_TEST(test_lines_before_the_start_are_sent)
{
    setup(4000);
    print_line(&l, "early");
    syslog_start(&s, &l, "a b\x7f\xc3", "web");
    ck_assert_str_eq(next(0, false), "<30>1 - a-b-- web - - - early");
}
END_TEST

START_TEST(test_what_the_ring_forgets_is_counted)
{
    setup(100);
    for (unsigned i = 0; i < 25; i++)
        print_line(&l, "number %02u", i); /* 10 bytes each */
    ck_assert_uint_eq(s.count.dropped, 15);
    ck_assert_str_eq(next(0, false), "<30>1 - tin web - - - number 15");
    print_line(&l, "number %02u", 25); /* its room was free */
    ck_assert_uint_eq(s.count.dropped, 15);
    print_line(&l, "number %02u", 26);
    ck_assert_uint_eq(s.count.dropped, 16);
    ck_assert_str_eq(next(0, false), "<30>1 - tin web - - - number 17");
}
END_TEST

START_TEST(test_the_longest_line_is_a_message)
{
    char text[LOG_PRINT_BYTES + 100], name[100];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = 0;
    memset(name, 'h', sizeof(name) - 1);
    name[sizeof(name) - 1] = 0;
    setup(4000);
    syslog_start(&s, &l, name, "application_123");
    print_line(&l, "%s", text);
    ck_assert_uint_eq(syslog_next(&s, WALL, now, true).n,
                      5 + 6 + 28 + SYSLOG_NAME_MAX + 1 + 16 + 6 +
                          LOG_PRINT_BYTES - 1 + 1);
    ck_assert_uint_lt(s.message.n, SYSLOG_MESSAGE_MAX);
}
END_TEST

static void good(const char *text, enum syslog_over over, const char *host,
                 unsigned port)
{
    struct syslog_target t;

    ck_assert_msg(syslog_target_parse(&t, span_of(text)), "%s", text);
    ck_assert_uint_eq(t.over, over);
    ck_assert_str_eq(t.host, host);
    ck_assert_uint_eq(t.port, port);
}

START_TEST(test_servers_that_are_taken)
{
    good("udp:192.0.2.1", SYSLOG_UDP, "192.0.2.1", 514);
    good("tcp:192.0.2.1:601", SYSLOG_TCP, "192.0.2.1", 601);
    good("tcp:2001:db8::1", SYSLOG_TCP, "2001:db8::1", 514);
    good("tcp:[2001:db8::1]", SYSLOG_TCP, "2001:db8::1", 514);
    good("udp:[2001:db8::1]:65535", SYSLOG_UDP, "2001:db8::1", 65535);
    good("tls:logs.example", SYSLOG_TLS, "logs.example", 6514);
    good("tls:logs.example:1", SYSLOG_TLS, "logs.example", 1);
}
END_TEST

START_TEST(test_servers_that_are_refused)
{
    static const char *const bad[] = {
        "",          "udp",         "udp:",        "ucp:a",     "UDP:a",
        "udp:a:",    "udp:a:0",     "udp:a:65536", "udp:a:1x",  "udp::1:x",
        "udp:[::1",  "udp:[::1]1",  "udp:[::1]:",  "udp:[a]:1", "udp:[::1]:0",
        "udp:a b:1", "udp:a\x01:1", "udp:[]:1",    "udp: a",    "tcp:a:b:1"};
    struct syslog_target t;
    char name[SYSLOG_HOST_MAX + 6] = "udp:";

    for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_msg(!syslog_target_parse(&t, span_of(bad[i])), "%s", bad[i]);
    memset(name + 4, 'a', SYSLOG_HOST_MAX + 1);
    ck_assert(!syslog_target_parse(&t, span_of(name)));
    name[4 + SYSLOG_HOST_MAX] = 0;
    ck_assert(syslog_target_parse(&t, span_of(name)));
}
END_TEST

RUN_TESTS("syslog", PANICS(), test_a_line_is_a_message,
          test_the_level_is_the_severity,
          test_what_the_application_prints_is_taken_as_it_is,
          test_octets_are_counted, test_a_message_stays_until_it_is_sent,
          test_lines_before_the_start_are_sent,
          test_what_the_ring_forgets_is_counted,
          test_the_longest_line_is_a_message, test_servers_that_are_taken,
          test_servers_that_are_refused)
