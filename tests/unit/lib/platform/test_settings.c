/* SPDX-License-Identifier: ISC */
/* Lines and cloud-config to keys and values; bounds; base64. */
#include <lib/suite.h>

#include <base/bytes.h>
#include <base/fmt.h>
#include <platform/settings.h>

static struct settings s;
static char all[2048];

static const char *told(bool good)
{
    size_t n = 0;

    for (unsigned i = 0; i < s.n; i++)
        n += fmt(all + n, sizeof(all) - n, "%s;", s.list[i].text);
    all[n] = 0;
    if (!good)
        fmt(all + n, sizeof(all) - n, "%s", s.why);
    return all;
}

static const char *lines(const char *text)
{
    memset(&s, 0, sizeof(s));
    return told(settings_lines(&s, SOURCE_FW_CFG, span_of(text)));
}

static const char *config(const char *text)
{
    const char *foreign;

    memset(&s, 0, sizeof(s));
    return told(settings_user_data(&s, SOURCE_CIDATA, span_of(text), &foreign));
}

START_TEST(test_lines_of_key_and_value)
{
    ck_assert_str_eq(lines("hello=Hi there\n"), "hello=Hi there;");
    ck_assert_str_eq(lines("  a = b  \r\n\n# c=d\nmdns\nx.y=\"q \\\"\\\\ \""),
                     "a=b;mdns;x.y=q \"\\ ;");
    ck_assert_str_eq(lines("--hello=\"Good day\" --delay=2\n--x"),
                     "--hello=Good day;--delay=2;--x;");
    ck_assert_str_eq(lines("a=\n"), "a=;");
    ck_assert_uint_eq(s.list[0].source, SOURCE_FW_CFG);
}
END_TEST

START_TEST(test_lines_that_are_refused)
{
    ck_assert_str_eq(lines("a=b\nwhat is this\n"),
                     "a=b;line 2: neither key=value nor a comment");
    ck_assert_str_eq(
        lines("a=\"x"),
        "line 1: a quote that is not closed at the end of the line");
    ck_assert_str_eq(lines("a=\"x\" y"),
                     "line 1: a quote that is not closed at "
                     "the end of the line");
    ck_assert_str_eq(lines("--a=\"x"), "line 1: a quote that is not closed");
    ck_assert_str_eq(lines("a=\x1b[0m"), "line 1: a control character");
}
END_TEST

START_TEST(test_bounds_of_number_and_length)
{
    static char text[SETTINGS_BYTES + 64];
    size_t n = 0;

    for (unsigned i = 0; i < SETTINGS_MAX; i++)
        n += fmt(text + n, sizeof(text) - n, "k\n");
    memset(&s, 0, sizeof(s));
    ck_assert(
        settings_lines(&s, SOURCE_CIDATA, (struct span){(uint8_t *)text, n}));
    ck_assert(!settings_lines(&s, SOURCE_CIDATA, SPAN("k")));
    ck_assert_str_eq(s.why, "line 1: more than 128 keys");
    memset(text, 'x', sizeof(text));
    memset(&s, 0, sizeof(s));
    ck_assert(
        !settings_lines(&s, SOURCE_CIDATA,
                        (struct span){(uint8_t *)text, SETTINGS_LINE_MAX + 1}));
    ck_assert_str_eq(s.why, "line 1: longer than 4096 bytes");
    for (unsigned i = 0; i < 4; i++)
        (void)!settings_lines(
            &s, SOURCE_CIDATA,
            (struct span){(uint8_t *)text, SETTINGS_LINE_MAX});
    ck_assert_str_eq(
        s.why, "line 1: the texts of all keys are longer than 16384 bytes");
    ck_assert_uint_eq(s.n, 3);
}
END_TEST

START_TEST(test_the_billet_map_of_a_cloud_config)
{
    ck_assert_str_eq(config("#cloud-config\nusers:\n  - default\nbillet:\n"
                            "  hello: Hi there\n  mdns: true\n"
                            "  dns: [192.0.2.1, \"2001:db8::1\"]\n"
                            "  search:\n  - a.example\n  - b.example\n"
                            "  uplink:\n    ipv4: dhcp\n"
                            "runcmd:\n  - [a, b]\n"),
                     "hello=Hi there;mdns=true;dns=192.0.2.1,2001:db8::1;"
                     "search=a.example,b.example;uplink.ipv4=dhcp;");
    ck_assert_str_eq(config("#cloud-config\nbillet:\n- --hello=a b\n- mdns\n"),
                     "--hello=a b;mdns;");
    ck_assert_str_eq(config("#cloud-config\npackages: [x]\n"), "");
    ck_assert_str_eq(config("\xef\xbb\xbf#cloud-config\nbillet:\n"), "");
    ck_assert_str_eq(config("hello=plain lines\n"), "hello=plain lines;");
}
END_TEST

START_TEST(test_a_cloud_config_that_is_refused)
{
    ck_assert_str_eq(config("#cloud-config\nbillet:\n  a: |\n    x\n"),
                     "line 3: a block of text; put the value into quotes");
    ck_assert_str_eq(config("#cloud-config\nbillet:\n  a:\n  b: 1\n"),
                     "line 4: a key without a value");
    ck_assert_str_eq(config("#cloud-config\nbillet:\n  a:\n  - b: 1\n"),
                     "line 4: a list of maps or lists is no value");
    ck_assert_str_eq(config("#cloud-config\nbillet: yes\n"),
                     "line 2: a map was expected below billet:");
    ck_assert_str_eq(config("#cloud-config\n- billet\n"),
                     "line 2: a map was expected: billet:");
    ck_assert_str_eq(config("#cloud-config\nbillet:\n  a: \"x\\ny\"\n"),
                     "line 3: a control character");
    ck_assert_str_eq(config("#cloud-config\nbillet:\n  a: [x, \"\\n\"]\n"),
                     "a=x;line 3: a control character");
}
END_TEST

START_TEST(test_what_is_for_other_systems)
{
    static const char *const texts[] = {
        "#!/bin/sh\nsecret", "#include\nhttp://x", "Content-Type: x",
        "MIME-Version: 1.0", "\x1f\x8bx",          "{\"ignition\": 1}"};
    const char *foreign;

    for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        memset(&s, 0, sizeof(s));
        foreign = NULL;
        ck_assert(settings_user_data(&s, SOURCE_SERVICE, span_of(texts[i]),
                                     &foreign));
        ck_assert_ptr_nonnull(foreign);
        ck_assert_uint_eq(s.n, 0);
    }
}
END_TEST

START_TEST(test_base64)
{
    static const struct {
        const char *in, *out;
    } good[] = {{"", ""},
                {"Zg==", "f"},
                {"Zm8=", "fo"},
                {"Zm9v", "foo"},
                {"Zg", "f"},
                {"Zm9v\nYmFy\r\n", "foobar"},
                {"+/+/", "\xfb\xff\xbf"}};
    static const char *const bad[] = {
        "Z",     "Z===",  "Zg=",  "Zg==Zg==",
        "Zm9v!", "Zm9=v", "====", "Zm9vYmFyYmF6YQ=="};
    uint8_t out[9];
    size_t n;

    for (unsigned i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        ck_assert(base64_decode(span_of(good[i].in),
                                (struct mspan){out, sizeof(out)}, &n));
        ck_assert(span_eq((struct span){out, n}, span_of(good[i].out)));
    }
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert(!base64_decode(span_of(bad[i]),
                                 (struct mspan){out, sizeof(out)}, &n));
}
END_TEST

RUN_TESTS("settings", PANICS(), test_lines_of_key_and_value,
          test_lines_that_are_refused, test_bounds_of_number_and_length,
          test_the_billet_map_of_a_cloud_config,
          test_a_cloud_config_that_is_refused, test_what_is_for_other_systems,
          test_base64)
