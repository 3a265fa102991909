/* SPDX-License-Identifier: ISC */
#include "../suite.h"

#include <base/bytes.h>
#include <log/log_impl.h>
#include <stdio.h>

static struct log l;
static ns_t now;
static char console[262144];
static size_t console_n;
static unsigned lines;

static void sink(struct span text)
{
    ck_assert_uint_lt(console_n + text.n, sizeof(console));
    memcpy(console + console_n, text.p, text.n);
    console_n += text.n;
    console[console_n] = 0;
    ck_assert_int_eq(text.p[text.n - 1], '\n');
    lines++;
}

static ns_t clock_(void)
{
    return now;
}

static void setup(size_t ring)
{
    static uint8_t memory[65536];

    now = 0;
    console_n = lines = 0;
    console[0] = 0;
    log_init(&l, (struct mspan){memory, ring}, sink, clock_);
}

static void levels(const char *text)
{
    ck_assert_ptr_null(log_levels_check(span_of(text)));
    log_levels(&l, span_of(text));
}

START_TEST(test_a_line_has_its_time_and_source)
{
    setup(1000);
    now = 3412789;
    log_info(&l, "dhcp", "lease of %u s", 60);
    ck_assert_str_eq(console, "[    0.003412 dhcp] lease of 60 s\n");
    now = 123456 * NS_PER_SEC + 5;
    log_warn(&l, "web", "slow");
    log_error(&l, "web", "no");
    ck_assert_str_eq(console, "[    0.003412 dhcp] lease of 60 s\n"
                              "[123456.000000 web] warning: slow\n"
                              "[123456.000000 web] error: no\n");
}
END_TEST

START_TEST(test_levels_by_default_and_by_source)
{
    setup(1000);
    log_debug(&l, "web", "hidden");
    ck_assert_uint_eq(lines, 0);
    levels("warn,dhcp:debug,tcp:quiet");
    ck_assert(log_on(&l, LOG_DEBUG, "dhcp"));
    ck_assert(!log_on(&l, LOG_INFO, "web"));
    ck_assert(log_on(&l, LOG_WARN, "web"));
    ck_assert(!log_on(&l, LOG_ERROR, "tcp"));
    log_debug(&l, "dhcp", "shown");
    log_info(&l, "web", "hidden");
    log_error(&l, "tcp", "hidden");
    ck_assert_uint_eq(lines, 1);
    log_info(&l, "dhc", "hidden: another name");
    ck_assert_uint_eq(lines, 1);
}
END_TEST

START_TEST(test_levels_apply_to_sources_that_have_spoken_before)
{
    setup(1000);
    log_info(&l, "boot", "early");
    levels("error");
    log_info(&l, "boot", "hidden");
    levels("quiet,boot:info");
    log_info(&l, "boot", "shown");
    ck_assert_uint_eq(lines, 2);
}
END_TEST

START_TEST(test_bad_levels_are_refused_with_what_is_accepted)
{
    static const char *const bad[] = {"",
                                      "loud",
                                      "info,",
                                      ",info",
                                      ":info",
                                      "a:",
                                      "a:loud",
                                      "a:b:info",
                                      "info debug",
                                      "INFO",
                                      "sixteen-bytes-xx:info"};
    char many[1000] = "info";

    for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_msg(log_levels_check(span_of(bad[i])) != NULL, "%s", bad[i]);
    ck_assert(strstr(log_levels_check(SPAN("loud")), "debug"));
    ck_assert_ptr_null(log_levels_check(SPAN("fifteen-bytes-x:info")));
    for (unsigned i = 0; i < LOG_SOURCES_MAX; i++)
        sprintf(many + strlen(many), ",s%u:warn", i);
    ck_assert_ptr_nonnull(log_levels_check(span_of(many)));
}
END_TEST

START_TEST(test_burst_then_rate_then_silence_refills)
{
    setup(0);
    for (unsigned i = 0; i < 1000; i++)
        log_info(&l, "loud", "line");
    ck_assert_uint_eq(lines, LOG_BURST);
    now = NS_PER_SEC;
    for (unsigned i = 0; i < 1000; i++)
        log_info(&l, "loud", "line");
    ck_assert_uint_eq(lines, LOG_BURST + LOG_RATE);
    now = 1000 * NS_PER_SEC;
    for (unsigned i = 0; i < 1000; i++)
        log_info(&l, "loud", "line");
    ck_assert_uint_eq(lines, 2 * LOG_BURST + LOG_RATE);
    ck_assert_uint_eq(l.metrics.lines, lines);
    ck_assert_uint_eq(l.metrics.held_back, 3000 - lines);
}
END_TEST

START_TEST(test_the_rate_holds_however_often_it_is_tried)
{
    setup(0);
    for (now = 0; now < 100 * NS_PER_SEC; now += 7 * NS_PER_MS)
        log_info(&l, "loud", "line");
    ck_assert_uint_ge(lines, 99 * LOG_RATE);
    ck_assert_uint_le(lines, 100 * LOG_RATE + LOG_BURST);
}
END_TEST

START_TEST(test_held_back_lines_are_said_in_the_next_one)
{
    setup(0);
    for (unsigned i = 0; i < LOG_BURST + 7; i++)
        log_info(&l, "loud", "line");
    log_info(&l, "calm", "unhindered");
    ck_assert(strstr(console, "calm] unhindered\n"));
    now = NS_PER_SEC;
    console_n = 0;
    log_info(&l, "loud", "again");
    ck_assert_str_eq(console,
                     "[    1.000000 loud] again (7 more lines held back)\n");
    console_n = 0;
    log_info(&l, "loud", "again");
    ck_assert_str_eq(console, "[    1.000000 loud] again\n");
}
END_TEST

START_TEST(test_sources_beyond_the_table_share_one_bucket)
{
    char name[16];

    setup(0);
    for (unsigned i = 0; i < 1000; i++) {
        sprintf(name, "s%u", i);
        log_info(&l, name, "line");
    }
    ck_assert_uint_eq(l.nsources, LOG_SOURCES_MAX);
    ck_assert_uint_eq(lines, LOG_SOURCES_MAX - 1 + LOG_BURST);
}
END_TEST

START_TEST(test_long_lines_are_cut_and_control_bytes_shown)
{
    char longer[1000];
    size_t head = strlen("[    0.000000 web] ");

    setup(1000);
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = 0;
    log_info(&l, "web", "%s", longer);
    ck_assert_uint_eq(console_n, head + LOG_LINE_BYTES + 1);
    console_n = 0;
    log_info(&l, "web", "peer says %s", "\x1b[2J\nroot");
    ck_assert_str_eq(console, "[    0.000000 web] peer says ?[2J?root\n");
}
END_TEST

START_TEST(test_print_is_bare_and_unlimited)
{
    setup(1000);
    levels("quiet");
    for (unsigned i = 0; i < 500; i++)
        print_line(&l, "%s", "FunOCaml");
    ck_assert_uint_eq(lines, 500);
    ck_assert(strncmp(console, "FunOCaml\nFunOCaml\n", 18) == 0);
}
END_TEST

/* Reads everything from `at` on. */
static const char *read_all(uint64_t *at)
{
    static char text[65536];
    size_t n = 0;

    for (struct span s; (s = log_read(&l, at)).n; n += s.n)
        memcpy(text + n, s.p, s.n);
    text[n] = 0;
    return text;
}

START_TEST(test_the_ring_keeps_the_newest_whole_lines)
{
    for (size_t size = 40; size < 120; size++) {
        uint64_t at = 0;

        setup(size);
        for (unsigned i = 0; i < 1000; i++) {
            const char *text, *want;

            print_line(&l, "%0*u", (int)(i % 9 + 1), i);
            at = 0;
            text = read_all(&at);
            ck_assert_uint_gt(strlen(text) + 11,
                              console_n < size ? console_n : size - 11);
            ck_assert_uint_le(strlen(text), size);
            want = console + console_n - strlen(text);
            ck_assert_str_eq(text, want);
            ck_assert(want == console || want[-1] == '\n');
        }
    }
}
END_TEST

START_TEST(test_reading_goes_on_where_it_stopped)
{
    uint64_t at = 0;
    char whole[200];

    setup(100);
    print_line(&l, "one");
    ck_assert_str_eq(read_all(&at), "one\n");
    ck_assert_str_eq(read_all(&at), "");
    print_line(&l, "two");
    ck_assert_str_eq(read_all(&at), "two\n");
    for (unsigned i = 0; i < 100; i++)
        print_line(&l, "more %u", i);
    ck_assert(strstr(read_all(&at), "more 99\n"));
    at = 0;
    strcpy(whole, read_all(&at));
    at += 12345; /* never was */
    ck_assert_str_eq(read_all(&at), whole);
}
END_TEST

START_TEST(test_a_line_longer_than_the_ring_is_only_printed)
{
    uint64_t at = 0;

    setup(10);
    print_line(&l, "short");
    print_line(&l, "much longer than ten");
    ck_assert_str_eq(read_all(&at), "short\n");
    ck_assert_uint_eq(lines, 2);
}
END_TEST

RUN_TESTS("log", PANICS(), test_a_line_has_its_time_and_source,
          test_levels_by_default_and_by_source,
          test_levels_apply_to_sources_that_have_spoken_before,
          test_bad_levels_are_refused_with_what_is_accepted,
          test_burst_then_rate_then_silence_refills,
          test_the_rate_holds_however_often_it_is_tried,
          test_held_back_lines_are_said_in_the_next_one,
          test_sources_beyond_the_table_share_one_bucket,
          test_long_lines_are_cut_and_control_bytes_shown,
          test_print_is_bare_and_unlimited,
          test_the_ring_keeps_the_newest_whole_lines,
          test_reading_goes_on_where_it_stopped,
          test_a_line_longer_than_the_ring_is_only_printed)
