/* SPDX-License-Identifier: ISC */
#include "../lib/suite.h"

#include <base/bytes.h>
#include <proto/url.h>
#include <stdio.h>

static void is(const struct url *u, const char *want)
{
    char got[2400];

    snprintf(got, sizeof(got), "%s|%s|%u|%s", u->secure ? "s" : "-", u->host,
             u->port, u->target);
    ck_assert_str_eq(got, want);
    ck_assert_uint_eq(u->target_n, strlen(u->target));
}

START_TEST(test_urls_that_are_good)
{
    static const char *const good[][2] = {
        {"http://a", "-|a|80|/"},
        {"HTTP://EXAMPLE.com/", "-|example.com|80|/"},
        {"https://a:8443?q", "s|a|8443|/?q"},
        {"https://a:443/x#y", "s|a|443|/x"},
        {"http://a:/x", "-|a|80|/x"},
        {"http://192.0.2.1:65535/%41?%42/../",
         "-|192.0.2.1|65535|/%41?%42/../"},
        {"http://[2001:db8::1]/", "-|2001:db8::1|80|/"},
        {"http://[::1]:1", "-|::1|1|/"},
        {"http://a/b/./c/../d", "-|a|80|/b/d"},
        {"http://a/..", "-|a|80|/"},
        {"http://a/../../b/.", "-|a|80|/b/"},
        {"http://a/b//..", "-|a|80|/b/"},
        {"http://a/...", "-|a|80|/..."},
    };
    struct url u;

    for (unsigned i = 0; i < ARRAY_LEN(good); i++) {
        ck_assert_msg(url_parse(&u, span_of(good[i][0])), "%s", good[i][0]);
        is(&u, good[i][1]);
    }
}
END_TEST

START_TEST(test_urls_that_are_refused)
{
    static const char *const bad[] = {"",
                                      "http:",
                                      "http:/a",
                                      "http://",
                                      "http:///x",
                                      "ftp://a/",
                                      "//a/",
                                      "a",
                                      "http://a:0/",
                                      "http://a:x/",
                                      "http://a:65536",
                                      "http://a:-1/",
                                      "http://a b/",
                                      "http://a/ b",
                                      "http://a/\x7f",
                                      "http://a/\n",
                                      "http://a/\xc3",
                                      "http://u@a/",
                                      "http://u:p@a/",
                                      "http://[::1/",
                                      "http://[a]/",
                                      "http://[]/",
                                      "http://[::1]x/",
                                      "http://[1.2.3.4]/",
                                      "http://a%41/",
                                      "http://a\\b/",
                                      "http://::1/",
                                      "http://[::1%25e]/"};
    struct url u;
    char text[2400] = "http://";

    for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_msg(!url_parse(&u, span_of(bad[i])), "%s", bad[i]);
    ck_assert(!url_parse(&u, SPAN("http://a\0b/")));
    ck_assert(!url_parse(&u, SPAN("http://a/\0")));
    ck_assert(!url_parse(&u, SPAN("http://a/x\0y")));
    memset(text + 7, 'a', URL_HOST_MAX);
    ck_assert(url_parse(&u, span_of(text)));
    text[7 + URL_HOST_MAX] = 'a';
    ck_assert(!url_parse(&u, span_of(text)));
    memset(text + 8, 0, sizeof(text) - 8);
    memset(text + 8, '/', URL_TARGET_MAX);
    ck_assert(url_parse(&u, span_of(text)));
    text[8 + URL_TARGET_MAX] = '/';
    ck_assert(!url_parse(&u, span_of(text)));
}
END_TEST

/* RFC 3986 5.4, as far as it is about http. */
START_TEST(test_references)
{
    static const char *const refs[][2] = {
        {"g", "/b/c/g"},
        {"./g", "/b/c/g"},
        {"g/", "/b/c/g/"},
        {"/g", "/g"},
        {"?y", "/b/c/d;p?y"},
        {"g?y", "/b/c/g?y"},
        {"#s", "/b/c/d;p?q"},
        {"g#s", "/b/c/g"},
        {"g?y#s", "/b/c/g?y"},
        {";x", "/b/c/;x"},
        {"", "/b/c/d;p?q"},
        {".", "/b/c/"},
        {"./", "/b/c/"},
        {"..", "/b/"},
        {"../", "/b/"},
        {"../g", "/b/g"},
        {"../..", "/"},
        {"../../g", "/g"},
        {"../../../g", "/g"},
        {"/./g", "/g"},
        {"/../g", "/g"},
        {"g.", "/b/c/g."},
        {"..g", "/b/c/..g"},
        {"./g/.", "/b/c/g/"},
        {"g/./h", "/b/c/g/h"},
        {"g/../h", "/b/c/h"},
        {"g?y/../x", "/b/c/g?y/../x"},
        {"g?a:b", "/b/c/g?a:b"},
    };
    struct url base, u;

    ck_assert(url_parse(&base, SPAN("http://a/b/c/d;p?q")));
    for (unsigned i = 0; i < ARRAY_LEN(refs); i++) {
        u = base;
        ck_assert_msg(url_follow(&u, span_of(refs[i][0])), "%s", refs[i][0]);
        ck_assert_str_eq(u.target, refs[i][1]);
        ck_assert(url_same_origin(&base, &u));
    }
    u = base;
    ck_assert(url_follow(&u, SPAN("//g:8080/x")));
    is(&u, "-|g|8080|/x");
    ck_assert(!url_same_origin(&base, &u));
    ck_assert(url_follow(&u, SPAN("https://G/x")));
    is(&u, "s|g|443|/x");
    ck_assert(url_follow(&u, SPAN("//h")));
    is(&u, "s|h|443|/");
    ck_assert(!url_follow(&u, SPAN("javascript:alert(1)")));
    u = base;
    ck_assert(!url_follow(&u, SPAN("a b")));
    u = base;
    ck_assert(!url_follow(&u, SPAN("//")));
}
END_TEST

RUN_TESTS("url", PANICS(), test_urls_that_are_good, test_urls_that_are_refused,
          test_references)
