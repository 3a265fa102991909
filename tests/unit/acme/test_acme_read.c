/* SPDX-License-Identifier: ISC */
#include <acme/read.h>
#include <base/bytes.h>
#include <check.h>
#include <stdio.h>

#include "../lib/suite.h"

#define NONCE   "\"newNonce\":\"https://ca.test/n\""
#define ACCOUNT "\"newAccount\":\"https://ca.test/a\""
#define ORDER   "\"newOrder\":\"https://ca.test/o\""
#define TOKEN   "DGyRejmCefe7v4NfDGDKfA"

static struct acme_directory d;
static struct acme_order o;
static struct acme_authorization z;
static struct acme_problem p;

static bool directory(const char *text)
{
    return acme_read_directory(&d, span_of(text));
}

START_TEST(test_directory_of_rfc_8555_7_1_1)
{
    ck_assert(directory("{" NONCE "," ACCOUNT "," ORDER
                        ",\"renewalInfo\":\"https://ca.test/r\",\"meta\":"
                        "{\"externalAccountRequired\":false}}"));
    ck_assert_str_eq(d.new_order, "https://ca.test/o");
    ck_assert_str_eq(d.renewal_info, "https://ca.test/r");
    ck_assert(!d.wants_external);
    ck_assert(directory("{" NONCE "," ACCOUNT "," ORDER
                        ",\"meta\":{\"externalAccountRequired\":true}}"));
    ck_assert(d.wants_external && !d.renewal_info[0]);
}
END_TEST

START_TEST(test_directory_that_leads_nowhere_is_refused)
{
    char text[2048], url[600];

    ck_assert(!directory("{" NONCE "," ACCOUNT "}"));
    ck_assert(!directory("[]"));
    ck_assert(!directory(""));
    /* two readers could see two */
    ck_assert(!directory("{" NONCE "," NONCE "," ACCOUNT "," ORDER "}"));
    /* RFC 8555 6.1 */
    ck_assert(!directory("{\"newNonce\":\"http://ca.test/n\"," ACCOUNT "," ORDER
                         "}"));
    ck_assert(!directory("{\"newNonce\":\"file:///n\"," ACCOUNT "," ORDER "}"));
    memset(url, 'a', sizeof(url));
    url[ACME_URL_BYTES - 16] = 0; /* and "https://ca.test/": one too long */
    sprintf(text, "{\"newNonce\":\"https://ca.test/%s\"," ACCOUNT "," ORDER "}",
            url);
    ck_assert(!directory(text));
    url[ACME_URL_BYTES - 17] = 0;
    sprintf(text, "{\"newNonce\":\"https://ca.test/%s\"," ACCOUNT "," ORDER "}",
            url);
    ck_assert(directory(text));
}
END_TEST

static bool order(const char *status, unsigned n, const char *more)
{
    char text[1024];
    int at = sprintf(text,
                     "{\"status\":\"%s\",\"finalize\":\"https://c.test/f\""
                     ",\"authorizations\":[",
                     status);

    for (unsigned i = 0; i < n; i++)
        at += sprintf(text + at, "%s\"https://c.test/%u\"", i ? "," : "", i);
    sprintf(text + at, "]%s}", more);
    return acme_read_order(&o, span_of(text));
}

START_TEST(test_order_has_a_bound_of_names)
{
    ck_assert(order("pending", ACME_NAMES_MAX, ""));
    ck_assert_uint_eq(o.n, ACME_NAMES_MAX);
    ck_assert_str_eq(o.authorization[7], "https://c.test/7");
    ck_assert(!order("pending", ACME_NAMES_MAX + 1, ""));
    ck_assert(!order("pending", 0, ""));
    ck_assert(!order("odd", 1, ""));
}
END_TEST

START_TEST(test_order_that_is_over)
{
    ck_assert(order("valid", 1, ",\"certificate\":\"https://c.test/x\""));
    ck_assert_int_eq(o.status, ACME_VALID);
    ck_assert_str_eq(o.certificate, "https://c.test/x");
    ck_assert(order("invalid", 1,
                    ",\"error\":{\"type\":\"urn:ietf:params:acme:error:"
                    "unauthorized\",\"detail\":\"a\\nb\"}"));
    ck_assert_int_eq(o.status, ACME_INVALID);
    ck_assert_str_eq(o.problem.type, "unauthorized");
    ck_assert_str_eq(o.problem.detail, "a?b"); /* it goes to the log */
}
END_TEST

static bool authorization(const char *challenges)
{
    char text[2048];

    sprintf(text,
            "{\"status\":\"pending\",\"identifier\":{\"type\":\"dns\","
            "\"value\":\"a.test\"},\"challenges\":[%s]}",
            challenges);
    return acme_read_authorization(&z, span_of(text));
}

#define HTTP01(url, token)                                                     \
    "{\"type\":\"http-01\",\"url\":\"" url "\",\"token\":\"" token "\"}"

START_TEST(test_challenges_that_can_be_met)
{
    ck_assert(authorization("{\"type\":\"dns-01\"}," HTTP01(
        "https://c.test/h", TOKEN) ",{\"type\":\"tls-alpn-01\",\"url\":"
                                   "\"https://c.test/t\",\"token\":\"" TOKEN
                                   "-_\"}"));
    ck_assert_str_eq(z.name, "a.test");
    ck_assert_str_eq(z.http.url, "https://c.test/h");
    ck_assert_str_eq(z.http.token, TOKEN);
    ck_assert_str_eq(z.alpn.token, TOKEN "-_");
    ck_assert(authorization(""));
    ck_assert(!z.http.url[0] && !z.alpn.url[0]);
}
END_TEST

/* RFC 8555 8.3: what is no base64url could lead out of the path. */
START_TEST(test_tokens_that_are_odd_are_not_served)
{
    ck_assert(
        authorization(HTTP01("https://c.test/h", "../../../etc/passwd/aa")));
    ck_assert(!z.http.url[0]);
    ck_assert(authorization(HTTP01("https://c.test/h", "tooshort")));
    ck_assert(!z.http.url[0]);
    ck_assert(authorization(HTTP01("http://c.test/h", TOKEN)));
    ck_assert(!z.http.url[0]);
}
END_TEST

START_TEST(test_problems_are_cut)
{
    char text[1200];
    int at = sprintf(text, "{\"type\":\"urn:ietf:params:acme:error:badNonce\","
                           "\"detail\":\"");

    memset(text + at, 'x', 900);
    strcpy(text + at + 900, "\"}");
    acme_read_problem(&p, span_of(text));
    ck_assert_str_eq(p.type, "badNonce");
    ck_assert_uint_eq(strlen(p.detail), ACME_WORDS_BYTES - 1);
    acme_read_problem(&p, SPAN("<html>"));
    ck_assert(!p.type[0] && !p.detail[0]);
    acme_read_problem(&p, SPAN("{\"type\":\"about:blank\"}"));
    ck_assert_str_eq(p.type, "about:blank");
}
END_TEST

START_TEST(test_times_of_rfc_3339)
{
    static const char *const bad[] = {
        "",
        "2025-01-02T04:00:00",
        "2025-13-02T04:00:00Z",
        "2025-01-02T24:00:00Z",
        "1969-01-02T04:00:00Z",
        "2025-01-02T04:00:00+1:00",
        "2025-01-02T04:00:00Zx",
        "2025-1-02T04:00:00Z",
    };
    int64_t s, again;

    ck_assert(acme_read_time(&s, SPAN("2025-01-02T04:00:00Z")));
    ck_assert_int_eq(s, 1735790400);
    ck_assert(acme_read_time(&again, SPAN("2025-01-02T05:30:00.123+01:30")));
    ck_assert_int_eq(s, again);
    ck_assert(acme_read_time(&again, SPAN("2025-01-01T20:00:00-08:00")));
    ck_assert_int_eq(s, again);
    for (unsigned i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert_msg(!acme_read_time(&s, span_of(bad[i])), "%s", bad[i]);
}
END_TEST

/* RFC 9773 4.2 */
START_TEST(test_window_of_renewal)
{
    struct acme_window w;

    ck_assert(acme_read_window(
        &w, SPAN("{\"suggestedWindow\":{\"start\":\"2025-01-02T04:00:00Z\","
                 "\"end\":\"2025-01-03T04:00:00Z\"}}")));
    ck_assert_int_eq(w.until_s - w.from_s, 86400);
    ck_assert(!acme_read_window(
        &w, SPAN("{\"suggestedWindow\":{\"start\":\"2025-01-02T04:00:00Z\","
                 "\"end\":\"2025-01-02T04:00:00Z\"}}")));
    ck_assert(!acme_read_window(&w, SPAN("{}")));
}
END_TEST

RUN_TESTS("acme", PANICS(), test_directory_of_rfc_8555_7_1_1,
          test_directory_that_leads_nowhere_is_refused,
          test_order_has_a_bound_of_names, test_order_that_is_over,
          test_challenges_that_can_be_met,
          test_tokens_that_are_odd_are_not_served, test_problems_are_cut,
          test_times_of_rfc_3339, test_window_of_renewal)
