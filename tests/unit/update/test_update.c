/* SPDX-License-Identifier: ISC */
/*
 * test_update.c - who may give an image its successor, what is taken of
 * strangers, and whether a trial ends well.
 */
#include "../lib/suite.h"
#include "stage.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static uint8_t file[FILE_MAX];
static struct http_exchange x, y;

static void untouched(void)
{
    struct boot_block b;

    ck_assert_uint_eq(stage.writes, 0);
    ck_assert_uint_eq(stage.fibers, 0);
    ck_assert(boot_block_parse(&b, stage.block));
    ck_assert(!b.try && b.sequence == 100);
    ck_assert_int_eq(stage.u.state, UPDATE_IDLE);
    ck_assert_ptr_null(stage.u.owner);
}

/* _i + 1: bytes that come at once. */
START_TEST(test_a_signed_image_is_written_and_tried)
{
    static const size_t pieces[] = {1, 7, 255, 256, 257, FILE_MAX};
    struct boot_block b;
    size_t n;

    stage_start();
    n = stage_sign(file, &(struct offer){.bytes = 5000});
    ck_assert_uint_eq(stage_put(&x, file, n, pieces[_i]), 200);
    ck_assert_mem_eq(stage.slot[1], file + UPDATE_HEADER_BYTES, 5000);
    ck_assert_uint_eq(stage.slot[1][5000], 0);
    ck_assert(boot_block_parse(&b, stage.block));
    ck_assert(b.try && b.keep == 0 && b.sequence == 101);
    ck_assert_int_eq(stage.u.state, UPDATE_RESTARTING);
    ck_assert(timer_is_set(&stage.u.timer));
    ck_assert_uint_eq(stage.u.m.installed, 1);
    ck_assert_uint_eq(stage_put(&y, file, n, 256), 503);
}
END_TEST

/* Whatever bit is another, of the header or of the image. */
START_TEST(test_a_flipped_bit_is_refused)
{
    size_t n;

    stage_start();
    n = stage_sign(file, &(struct offer){.bytes = 700});
    for (size_t at = 0; at < n; at++) {
        uint8_t bit = (uint8_t)(1 << at % 8);
        unsigned status;

        file[at] ^= bit;
        status = stage_put(&x, file, n, 256);
        ck_assert_msg(status == 400 || status == 403, "byte %zu: %u", at,
                      status);
        file[at] ^= bit;
        untouched();
    }
    ck_assert_uint_eq(stage.u.m.refused, n);
    ck_assert_uint_eq(stage_put(&x, file, n, 256), 200);
}
END_TEST

static void refused(const struct offer *o, unsigned status)
{
    size_t n;

    stage_start();
    n = stage_sign(file, o);
    ck_assert_uint_eq(stage_put(&x, file, n, 1000), status);
    untouched();
}

START_TEST(test_who_and_what_is_refused)
{
    refused(&(struct offer){.bytes = 500, .other_key = true}, 403);
    refused(&(struct offer){.bytes = 500, .name = "hello"}, 409);
    refused(&(struct offer){.bytes = 500, .name = "shopper"}, 409);
    refused(&(struct offer){.bytes = 500, .sequence = 100}, 409);
    refused(&(struct offer){.bytes = 500, .sequence = 1}, 409);
    refused(&(struct offer){.bytes = 0}, 413);
    refused(&(struct offer){.bytes = SLOT_BYTES + 1}, 413);
    stage_start();
    ck_assert_uint_eq(
        stage_put(&x, file,
                  stage_sign(file, &(struct offer){.bytes = SLOT_BYTES}), 999),
        200);
}
END_TEST

START_TEST(test_cut_short_or_too_long)
{
    size_t n;

    stage_start();
    n = stage_sign(file, &(struct offer){.bytes = 300});
    for (size_t k = 0; k < n; k++)
        ck_assert_uint_eq(stage_put(&x, file, k, 100), 400);
    file[n] = 0;
    ck_assert_uint_eq(stage_put(&x, file, n + 1, 100), 400);
    ck_assert_uint_eq(stage_put(&x, file, n + 1, n), 400);
    untouched();
}
END_TEST

START_TEST(test_nobody_without_the_key_keeps_the_owner_out)
{
    size_t n;

    stage_start();
    n = stage_sign(file, &(struct offer){.bytes = 300});
    y.secure = true;
    stage_begin(&y, HTTP_POST);
    stage_send(&y, file, 100); /* and then nothing for long */
    ck_assert_uint_eq(stage_put(&x, file, n, 100), 200);
    stage_send(&y, file + 100, n - 100);
    stage_end(&y);
    ck_assert_uint_eq(y.status, 503);
}
END_TEST

START_TEST(test_one_that_is_signed_is_not_disturbed)
{
    size_t n;

    stage_start();
    n = stage_sign(file, &(struct offer){.bytes = 300});
    y.secure = true;
    stage_begin(&y, HTTP_PUT);
    stage_send(&y, file, 300);
    ck_assert_uint_eq(stage_put(&x, file, n, 100), 503);
    y.gone(y.user); /* until it leaves */
    untouched();
    ck_assert_uint_eq(stage_put(&x, file, n, 100), 200);
}
END_TEST

START_TEST(test_who_leaves_after_the_last_byte_gets_it_all_the_same)
{
    size_t n;

    stage_start();
    n = stage_sign(file, &(struct offer){.bytes = 300});
    x.secure = true;
    stage_begin(&x, HTTP_PUT);
    stage_send(&x, file, n);
    stage_end(&x);
    ck_assert_uint_eq(x.status, 0);
    x.gone(x.user);
    stage_fiber();
    ck_assert_int_eq(stage.u.state, UPDATE_RESTARTING);
}
END_TEST

START_TEST(test_a_disk_that_fails)
{
    size_t n;

    stage_start();
    n = stage_sign(file, &(struct offer){.bytes = 300});
    stage.disk_fails = true;
    ck_assert_uint_eq(stage_put(&x, file, n, 100), 500);
    ck_assert_int_eq(stage.u.state, UPDATE_IDLE);
    stage.disk_fails = false;
    stage.no_fibers = true;
    ck_assert_uint_eq(stage_put(&x, file, n, 100), 503);
    ck_assert_int_eq(stage.u.state, UPDATE_IDLE);
    stage.no_fibers = false;
    ck_assert_uint_eq(stage_put(&x, file, n, 100), 200);
}
END_TEST

START_TEST(test_where_there_is_nothing_to_update)
{
    stage_start();
    x.secure = false;
    stage_begin(&x, HTTP_PUT);
    ck_assert_uint_eq(x.status, 308);
    x.secure = true;
    stage_begin(&x, HTTP_GET);
    ck_assert_str_eq(x.text,
                     "{\"slot\":\"a\",\"trial\":false,\"sequence\":100}\n");
    stage.u.trial = true;
    stage_begin(&x, HTTP_PUT);
    ck_assert_uint_eq(x.status, 409);
    stage.u.has_key = false;
    stage_begin(&x, HTTP_GET);
    ck_assert_uint_eq(x.status, 404);
    stage_start();
    stage.u.has_slots = false;
    stage_begin(&x, HTTP_PUT);
    ck_assert_uint_eq(x.status, 404);
}
END_TEST

static void trial(void)
{
    stage_start();
    stage.u.running = 1;
    stage.u.trial = true;
    stage.u.until = 10 * NS_PER_SEC;
    update_trial(&stage.u);
}

static void turns(ns_t from, ns_t until)
{
    for (ns_t now = from; now <= until; now += 50 * NS_PER_MS) {
        loop_turn(&stage.loop, now);
        stage_fiber();
    }
}

START_TEST(test_what_gets_ready_is_kept)
{
    struct boot_block b;

    trial();
    turns(0, 9 * NS_PER_SEC);
    ck_assert_uint_eq(stage.writes, 0);
    memset(&x, 0, sizeof(x));
    update_readyz(&stage.u, &x);
    ck_assert_uint_eq(x.status, 503);
    stage.ready = true;
    stage.disk_fails = true; /* once */
    turns(9 * NS_PER_SEC, 9300 * NS_PER_MS);
    ck_assert(stage.u.trial);
    stage.disk_fails = false;
    turns(9300 * NS_PER_MS, 20 * NS_PER_SEC);
    ck_assert(!stage.u.trial);
    ck_assert(boot_block_parse(&b, stage.block));
    ck_assert(b.keep == 1 && !b.try);
    memset(&x, 0, sizeof(x));
    update_readyz(&stage.u, &x);
    ck_assert_uint_eq(x.status, 200);
}
END_TEST

/* machine_reset() of a process ends it with 0. */
START_TEST(test_what_does_not_get_ready_ends)
{
    pid_t child;
    int status;

    trial();
    stage.ready = _i; /* ready, but it cannot be written down */
    stage.disk_fails = true;
    if ((child = fork()) == 0) {
        turns(0, 9900 * NS_PER_MS);
        stage.no_fibers = true;
        alarm(20);
        turns(9900 * NS_PER_MS, 11 * NS_PER_SEC);
        _exit(7);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(test_keys_in_each_form)
{
    static const char *const good[] = {
        "M5KFpIDvUS3s4TlmTF93m3n+AVdYkXpFJV2W99mkOZ8=",
        "MCowBQYDK2VwAyEAM5KFpIDvUS3s4TlmTF93m3n+AVdYkXpFJV2W99mkOZ8=",
        "-----BEGIN PUBLIC KEY-----\n"
        "MCowBQYDK2VwAyEAM5KFpIDvUS3s4TlmTF93m3n+AVdYkXpFJV2W99mkOZ8=\n"
        "-----END PUBLIC KEY-----\n"};
    static const char *const bad[] = {
        "", "M5KFpIDvUS3s4TlmTF93m3n+AVdYkXpFJV2W99mkOQ==",
        "MCowBQYDK2VuAyEAM5KFpIDvUS3s4TlmTF93m3n+AVdYkXpFJV2W99mkOZ8=",
        "-----BEGIN PRIVATE KEY-----\n"
        "M5KFpIDvUS3s4TlmTF93m3n+AVdYkXpFJV2W99mkOZ8=\n"
        "-----END PRIVATE KEY-----\n"};
    uint8_t key[X509_ED25519_BYTES];

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        memset(key, 0, sizeof(key));
        ck_assert(x509_ed25519_key(
            key, (struct span){(const uint8_t *)good[i], strlen(good[i])}));
        ck_assert_uint_eq(key[0], 0x33);
        ck_assert_uint_eq(key[31], 0x9f);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        ck_assert(!x509_ed25519_key(
            key, (struct span){(const uint8_t *)bad[i], strlen(bad[i])}));
}
END_TEST

RUN_CASES("update", LOOP(test_a_signed_image_is_written_and_tried, 0, 6),
          TEST(test_a_flipped_bit_is_refused),
          TEST(test_who_and_what_is_refused), TEST(test_cut_short_or_too_long),
          TEST(test_nobody_without_the_key_keeps_the_owner_out),
          TEST(test_one_that_is_signed_is_not_disturbed),
          TEST(test_who_leaves_after_the_last_byte_gets_it_all_the_same),
          TEST(test_a_disk_that_fails),
          TEST(test_where_there_is_nothing_to_update),
          TEST(test_what_gets_ready_is_kept),
          LOOP(test_what_does_not_get_ready_ends, 0, 2),
          TEST(test_keys_in_each_form))
