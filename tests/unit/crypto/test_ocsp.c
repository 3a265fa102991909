/* SPDX-License-Identifier: ISC */
/*
 * test_ocsp.c - OCSP answers beside certificates, good and bad, in both
 * versions, each with the alert that it gets.
 */
#include <ocsp.h>
#include <stdio.h>

#include "../lib/suite.h"
#include "rig.h"

/* By tests/certs/make-ocsp. */
static const struct {
    const char *answer; /* NULL: none */
    const char *server, *alert, *words;
} answers[] = {
    {"good", "server-p256", NULL, NULL},
    {"good-sha1", "server-p256", NULL, NULL},
    {"good-delegate", "server-p256", NULL, NULL},
    {NULL, "server-p256", NULL, NULL},
    {"must", "server-must", NULL, NULL},
    {NULL, "server-must", "bad_certificate_status_response", "demands"},
    {"revoked", "server-p256", "certificate_revoked", "is revoked"},
    {"unknown", "server-p256", "bad_certificate_status_response",
     "does not know"},
    {"forged", "server-p256", "bad_certificate_status_response",
     "signature is wrong"},
    {"usurper", "server-p256", "bad_certificate_status_response",
     "signature is wrong"},
    {"late", "server-p256", "bad_certificate_status_response",
     "signature is wrong"},
    {"stranger", "server-p256", "bad_certificate_status_response",
     "signature is wrong"},
    {"stale", "server-p256", "bad_certificate_status_response", "stale"},
    {"early", "server-p256", "bad_certificate_status_response", "stale"},
    {"undated", "server-p256", "bad_certificate_status_response", "stale"},
    {"other", "server-p256", "bad_certificate_status_response",
     "another certificate"},
    {"nothing", "server-p256", "bad_certificate_status_response",
     "had no answer"},
};

static struct span answer_of(const char *name)
{
    char file[64];

    if (!name)
        return (struct span){0};
    snprintf(file, sizeof(file), "ocsp-%s.der", name);
    return rig_file(file);
}

static void shown(unsigned i, bool old)
{
    struct tls_config server = rig_server();
    struct tls_info info;

    server.identity[0] = rig_identity(answers[i].server);
    rig_start(NULL, &server);
    ck_assert_ptr_null(
        tls_staple(rig.tls_server, 0, answer_of(answers[i].answer)));
    if (old) {
        rig.tls_client->client->method->version.minor = TLSv1_2_MINOR;
        rig.tls_client->client->method->downgrade = 0;
    }
    rig_connect("localhost", sizeof(rig.to_client));
    rig_run();
    if (!answers[i].alert) {
        rig_open();
        ck_assert(tls_info(rig.client.s, &info));
        ck_assert_int_eq(info.stapled, answers[i].answer != NULL);
        rig_end();
        return;
    }
    ck_assert_msg(!rig_both_open() &&
                      strstr(rig.client.failure, answers[i].words) &&
                      strstr(rig.client.failure, answers[i].alert),
                  "%s: %s", answers[i].answer, rig.client.failure);
    ck_assert_msg(strstr(rig.server.failure, answers[i].alert), "%s: %s",
                  answers[i].answer, rig.server.failure);
    rig_sleep(5 * NS_PER_SEC);
    rig_quiet();
}

START_TEST(test_ocsp_answers_of_1_3)
{
    for (unsigned i = 0; i < ARRAY_LEN(answers); i++)
        shown(i, false);
}
END_TEST

START_TEST(test_ocsp_answers_of_1_2)
{
    for (unsigned i = 0; i < ARRAY_LEN(answers); i++)
        shown(i, true);
}
END_TEST

/* Every byte changed once, and every length: none is good, none is read beyond
 * its end. */
START_TEST(test_ocsp_changed_is_refused)
{
    struct span good = rig_file("ocsp-good.der");
    static uint8_t bytes[OCSP_BYTES_MAX];
    struct tls_config server = rig_server();
    const DerBuffer *der;
    struct ocsp_question q = {.now_s = (int64_t)WALL_S};

    rig_start(NULL, &server);
    der = rig.tls_server->server[0]->certificate;
    q.cert = (struct span){der->buffer, der->length};
    q.issuer = rig.tls_client->trust.anchors[0].der;
    q.answer = good;
    ck_assert_uint_eq(ocsp_check(&q, &rig.tls_client->mem).alert, 0);
    for (size_t i = 0; i < good.n; i++) {
        memcpy(bytes, good.p, good.n);
        bytes[i] ^= 0x41;
        q.answer = (struct span){bytes, good.n};
        ck_assert_msg(ocsp_check(&q, &rig.tls_client->mem).alert, "byte %zu",
                      i);
        q.answer = (struct span){good.p, i};
        ck_assert_uint_ne(ocsp_check(&q, &rig.tls_client->mem).alert, 0);
    }
    q.answer = (struct span){bytes, OCSP_BYTES_MAX + 1};
    ck_assert_uint_ne(ocsp_check(&q, &rig.tls_client->mem).alert, 0);
}
END_TEST

/* A fresh answer, and none any more, with sessions that go on. */
START_TEST(test_ocsp_replaced_while_serving)
{
    static const char *const turns[] = {NULL, "good", "good-delegate", NULL};
    size_t before = 0;

    rig_start(NULL, NULL);
    for (unsigned i = 0; i < 40; i++) {
        const char *answer = turns[i % 4];
        struct tls_info info;

        rig_connect("localhost", sizeof(rig.to_client));
        rig_run();
        rig_open();
        ck_assert_ptr_null(tls_staple(rig.tls_server, 0, answer_of(answer)));
        stream_write(rig.client.s, SPAN("still here"));
        rig_run();
        ck_assert_uint_eq(rig.server.n, 10);
        rig_end();
        tls_forget(rig.tls_client);
        rig_connect("localhost", sizeof(rig.to_client));
        rig_run();
        ck_assert(tls_info(rig.client.s, &info));
        ck_assert_int_eq(info.stapled, answer != NULL);
        rig_end();
        tls_forget(rig.tls_client);
        if (i == 3)
            before = rig.tls_server->mem.heap.in_use;
    }
    ck_assert_uint_eq(rig.tls_server->mem.heap.in_use, before);
    ck_assert_str_eq(tls_staple(rig.tls_server, 0,
                                (struct span){rig.memory, OCSP_BYTES_MAX + 1}),
                     "the OCSP answer is too long");
}
END_TEST

static bool is_stapled(void)
{
    struct tls_info info;

    tls_forget(rig.tls_client);
    rig_connect("localhost", sizeof(rig.to_client));
    rig_run();
    rig_open();
    ck_assert(tls_info(rig.client.s, &info));
    rig_end();
    return info.stapled;
}

START_TEST(test_ocsp_stays_with_the_same_certificate)
{
    struct tls_identity same = rig_identity("server-p256"),
                        another = rig_identity("server-p384");

    rig_start(NULL, NULL);
    ck_assert_ptr_null(tls_staple(rig.tls_server, 0, answer_of("good")));
    ck_assert(is_stapled());
    ck_assert_ptr_null(tls_replace(rig.tls_server, 0, &same));
    ck_assert(is_stapled());
    ck_assert_ptr_null(tls_replace(rig.tls_server, 0, &another));
    ck_assert(!is_stapled());
}
END_TEST

RUN_TESTS("ocsp", PANICS(), test_ocsp_answers_of_1_3, test_ocsp_answers_of_1_2,
          test_ocsp_changed_is_refused, test_ocsp_replaced_while_serving,
          test_ocsp_stays_with_the_same_certificate)
