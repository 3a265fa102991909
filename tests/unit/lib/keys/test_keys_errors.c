/* SPDX-License-Identifier: ISC */
/* Each mistake is answered with one line that says what would be right. */
#include "table.h"

/* The error for one argument. */
static const char *refusal(const char *argument)
{
    fresh();
    ck_assert_int_eq(PARSE("--port=5", argument), E_INVAL);
    return error;
}

START_TEST(test_values_that_are_not_accepted)
{
    static const struct {
        const char *argument, *error;
    } c[] = {
        {"--port=0",
         "--port=0 is not accepted: wanted is a number from 1 to 65535"},
        {"port=65536",
         "--port=65536 is not accepted: wanted is a number from 1 to 65535"},
        {"port=99999999999999999999", "--port=99999999999999999999 is not "
                                      "accepted: wanted is a number from 1 to "
                                      "65535"},
        {"port=8o", "--port=8o is not accepted: wanted is a number from 1 to "
                    "65535"},
        {"port=", "--port= is not accepted: wanted is a number from 1 to "
                  "65535"},
        {"peer=maybe", "--peer=maybe is not accepted: wanted is on or off"},
        {"--speed=warp",
         "--speed=warp is not accepted: wanted is one of slow|fast|auto"},
        {"--speed=slow|fast",
         "--speed=slow|fast is not accepted: wanted is one of slow|fast|auto"},
        {"--even=odd",
         "--even=odd is not accepted: wanted is a text of even length"},
        {"--uplink.ipv4-gateway=1.2.3",
         "--uplink.ipv4-gateway=1.2.3 is not accepted: wanted is an IP address "
         "such as 192.0.2.1 or 2001:db8::1"},
        {"--hello", "--hello wants a value: --hello=TEXT"},
        {"tcp-port", "--tcp-port wants a value: --port=NUMBER"},
    };

    for (unsigned i = 0; i < ARRAY_LEN(c); i++)
        ck_assert_str_eq(refusal(c[i].argument), c[i].error);
}
END_TEST

START_TEST(test_unknown_keys_name_the_nearest)
{
    static const struct {
        const char *argument, *error;
    } c[] = {
        {"--prot=80", "unknown key --prot: did you mean --port? --help lists "
                      "all keys"},
        {"--helo=x", "unknown key --helo: did you mean --hello or --help? "
                     "--help lists all keys"},
        {"--HELLO=x", "unknown key --HELLO: did you mean --hello or --help? "
                      "--help lists all keys"},
        {"--PORT=80", "unknown key --PORT: did you mean --port? --help lists "
                      "all keys"},
        {"--ipv4-gatway=::1",
         "unknown key --ipv4-gatway: did you mean "
         "--ipv4-gateway or --ipv4? --help lists all keys"},
        {"--tcp-prot=1", "unknown key --tcp-prot: did you mean --port? --help "
                         "lists all keys"},
        {"--uplink.ipv44=x", "unknown key --uplink.ipv44: did you mean --ipv4? "
                             "--help lists all keys"},
        {"--no-peer", "unknown key --no-peer: write --peer=off"},
        {"quiet", "unknown key --quiet; --help lists all keys"},
        {"", "unknown key --; --help lists all keys"},
        {"---", "unknown key ---; --help lists all keys"},
        {"=x", "unknown key --; --help lists all keys"},
    };

    for (unsigned i = 0; i < ARRAY_LEN(c); i++)
        ck_assert_str_eq(refusal(c[i].argument), c[i].error);
}
END_TEST

START_TEST(test_networks_that_are_not_there)
{
    ck_assert_str_eq(refusal("--clients.ipv4=none"),
                     "--clients.ipv4: no network is named \"clients\"; this "
                     "image has uplink and sixteen-bytes-xx");
    ck_assert_str_eq(refusal("--.ipv4=none"),
                     "--ipv4: no network is named \"\"; this image has uplink "
                     "and sixteen-bytes-xx");
    ck_assert_str_eq(refusal("--uplink.port=5"),
                     "--uplink.port: write --port, which is not for one "
                     "network alone");
}
END_TEST

START_TEST(test_what_a_stranger_wrote_is_shown_cut_and_harmless)
{
    char argument[2000] = "--port=\x1b[2J\n";

    memset(argument + strlen(argument), 'x', 1500);
    refusal(argument);
    ck_assert(strncmp(error, "--port=?[2J?xxx", 15) == 0);
    ck_assert(strstr(error, "x is not accepted: wanted is a number"));
    memset(argument, 'y', 1500);
    refusal(argument);
    ck_assert_uint_eq(strlen(error), KEYS_ERROR_BYTES - 1);
}
END_TEST

START_TEST(test_an_error_leaves_what_was_given_before)
{
    refusal("--nonsense=1");
    ck_assert_uint_eq(key_uint(&keys, &table[PORT]), 5);
    refusal("--port=0");
    ck_assert_uint_eq(key_uint(&keys, &table[PORT]), 5);
}
END_TEST

START_TEST(test_more_keys_than_the_table_holds)
{
    static char names[KEYS_GIVEN_MAX + 1][8];
    static struct key many[KEYS_GIVEN_MAX + 1];
    const char *args[KEYS_GIVEN_MAX + 2] = {0};

    for (unsigned i = 0; i <= KEYS_GIVEN_MAX; i++) {
        names[i][0] = (char)('a' + i / 26);
        names[i][1] = (char)('a' + i % 26);
        args[i] = names[i];
        many[i] = (struct key){.name = names[i], .type = KEY_TYPE_FLAG};
    }
    keys_init(&keys, many, many + ARRAY_LEN(many), &manifest);
    ck_assert_int_eq(
        keys_parse(&keys, args, "command line", error, sizeof(error)), E_FULL);
    ck_assert_str_eq(error, "more than 64 keys are given");
}
END_TEST

START_TEST(test_a_value_of_a_secret_is_never_shown)
{
    static const struct key secret[] = {{.name = "pass",
                                         .type = KEY_TYPE_STRING,
                                         .what = "TEXT",
                                         .help = "a secret",
                                         .secret = true,
                                         .check = check_even}};

    keys_init(&keys, secret, secret + 1, &manifest);
    ck_assert_int_eq(PARSE("--pass=hunter2"), E_INVAL);
    ck_assert_str_eq(error, "--pass=... is not accepted: wanted is a text of "
                            "even length");
}
END_TEST

RUN_TESTS("keys_errors", PANICS(), test_values_that_are_not_accepted,
          test_unknown_keys_name_the_nearest, test_networks_that_are_not_there,
          test_what_a_stranger_wrote_is_shown_cut_and_harmless,
          test_an_error_leaves_what_was_given_before,
          test_more_keys_than_the_table_holds,
          test_a_value_of_a_secret_is_never_shown)
