/* SPDX-License-Identifier: ISC */
#include "table.h"

START_TEST(test_defaults_are_in_force_until_something_is_given)
{
    struct ipaddr a;

    fresh();
    ck_assert_str_eq(key_string(&keys, &table[HELLO]), "Hello, world");
    ck_assert_ptr_null(key_string(&keys, &table[EVEN]));
    ck_assert(!key_flag(&keys, &table[PEER]));
    ck_assert_uint_eq(key_uint(&keys, &table[PORT]), 80);
    ck_assert(!key_addr(&keys, &table[GATEWAY], &a));
    ck_assert(!key_given(&keys, &table[PORT]));
}
END_TEST

START_TEST(test_every_way_to_write_a_key)
{
    fresh();
    ck_assert_int_eq(PARSE("--hello=with = and --dashes", "port=8080", "peer",
                           "--speed=fast", "ipv4-gateway=192.0.2.1"),
                     OK);
    ck_assert_str_eq(key_string(&keys, &table[HELLO]), "with = and --dashes");
    ck_assert_uint_eq(key_uint(&keys, &table[PORT]), 8080);
    ck_assert(key_flag(&keys, &table[PEER]));
    ck_assert_str_eq(key_string(&keys, &table[SPEED]), "fast");
    ck_assert(key_given(&keys, &table[PORT]));
    ck_assert(!key_given(&keys, &table[HELP]));
    ck_assert_str_eq(error, "");
}
END_TEST

START_TEST(test_an_empty_text_is_a_value)
{
    fresh();
    ck_assert_int_eq(PARSE("--", "--hello=", "--"), OK);
    ck_assert_str_eq(key_string(&keys, &table[HELLO]), "");
}
END_TEST

START_TEST(test_flags_in_all_words)
{
    static const struct {
        const char *text;
        bool on;
    } c[] = {{"--peer", true},     {"peer=on", true},     {"peer=true", true},
             {"--peer=yes", true}, {"peer=1", true},      {"peer=off", false},
             {"peer=no", false},   {"peer=false", false}, {"peer=0", false}};

    for (unsigned i = 0; i < ARRAY_LEN(c); i++) {
        fresh();
        ck_assert_int_eq(PARSE(c[i].text), OK);
        ck_assert_int_eq(key_flag(&keys, &table[PEER]), c[i].on);
    }
}
END_TEST

START_TEST(test_an_alias_is_the_key)
{
    fresh();
    ck_assert_int_eq(PARSE("--tcp-port=81"), OK);
    ck_assert_uint_eq(key_uint(&keys, &table[PORT]), 81);
}
END_TEST

START_TEST(test_a_key_for_one_network_and_for_all)
{
    fresh();
    ck_assert_int_eq(PARSE("--uplink.ipv4=192.0.2.2/24", "--ipv4=none"), OK);
    ck_assert_str_eq(key_string_for(&keys, &table[IPV4], "uplink"),
                     "192.0.2.2/24");
    ck_assert_str_eq(key_string_for(&keys, &table[IPV4], "sixteen-bytes-xx"),
                     "none");
    ck_assert_str_eq(key_string_for(&keys, &table[IPV4], ""), "none");
    ck_assert_str_eq(key_string(&keys, &table[IPV4]), "none");
    fresh();
    ck_assert_int_eq(PARSE("sixteen-bytes-xx.ipv4-gateway=::1"), OK);
    ck_assert_str_eq(key_string_for(&keys, &table[GATEWAY], "sixteen-bytes-xx"),
                     "::1");
    ck_assert_ptr_null(key_string_for(&keys, &table[GATEWAY], "uplink"));
    ck_assert(key_given(&keys, &table[GATEWAY]));
}
END_TEST

START_TEST(test_a_key_for_one_vlan)
{
    char name[64];

    fresh();
    ck_assert_int_eq(PARSE("--uplink.10.ipv4=192.0.2.2/24",
                           "uplink.4094.ipv4=none", "uplink.ipv4=dhcp"),
                     OK);
    ck_assert_str_eq(key_string_for(&keys, &table[IPV4], "uplink.10"),
                     "192.0.2.2/24");
    ck_assert_str_eq(key_string_for(&keys, &table[IPV4], "uplink.4094"),
                     "none");
    ck_assert_str_eq(key_string_for(&keys, &table[IPV4], "uplink"), "dhcp");
    keys_given_name(&keys, &keys.given[0], name, sizeof(name));
    ck_assert_str_eq(name, "--uplink.10.ipv4");
    /* A VLAN that has none of its own has what is for all. */
    ck_assert_int_eq(PARSE("--ipv4-gateway=192.0.2.1"), OK);
    ck_assert_str_eq(key_string_for(&keys, &table[GATEWAY], "uplink.10"),
                     "192.0.2.1");
    ck_assert_int_eq(PARSE("--uplink.0.ipv4=none"), E_INVAL);
    ck_assert_int_eq(PARSE("--uplink.4095.ipv4=none"), E_INVAL);
    ck_assert_int_eq(PARSE("--uplink.10.10.ipv4=none"), E_INVAL);
    ck_assert_int_eq(PARSE("--nowhere.10.ipv4=none"), E_INVAL);
    ck_assert_int_eq(PARSE("--uplink.10.hello=x"), E_INVAL);
}
END_TEST

START_TEST(test_the_last_of_several_counts_and_is_told)
{
    char name[64];

    fresh();
    ck_assert_int_eq(PARSE("--port=1", "--port=2", "--tcp-port=3"), OK);
    ck_assert_uint_eq(key_uint(&keys, &table[PORT]), 3);
    ck_assert_uint_eq(keys.ngiven, 1);
    ck_assert_uint_eq(keys.given[0].times, 3);
    keys_given_name(&keys, &keys.given[0], name, sizeof(name));
    ck_assert_str_eq(name, "--port");
}
END_TEST

START_TEST(test_a_higher_source_overrides_without_being_a_repetition)
{
    static const char *const low[] = {"--port=1", "--uplink.ipv4=none", NULL};
    char name[64];

    fresh();
    ck_assert_int_eq(keys_parse(&keys, low, "fw_cfg", error, sizeof(error)),
                     OK);
    ck_assert_int_eq(PARSE("--port=2"), OK);
    ck_assert_uint_eq(key_uint(&keys, &table[PORT]), 2);
    ck_assert_uint_eq(keys.given[0].times, 1);
    ck_assert_str_eq(keys.given[0].source, "command line");
    ck_assert_str_eq(keys.given[1].source, "fw_cfg");
    keys_given_name(&keys, &keys.given[1], name, sizeof(name));
    ck_assert_str_eq(name, "--uplink.ipv4");
}
END_TEST

START_TEST(test_help_is_sorted_and_complete)
{
    char text[4096], piece[KEYS_HELP_BYTES];
    size_t n = 0, got;
    unsigned at = 0;

    fresh();
    while ((got = keys_help(&keys, &at, piece, sizeof(piece)))) {
        memcpy(text + n, piece, got);
        n += got;
    }
    text[n] = 0;
    ck_assert_str_eq(text,
                     "test takes these keys, as --KEY=VALUE or KEY=VALUE:\n"
                     "  --even=TEXT\n"
                     "      an even text\n"
                     "  --hello=TEXT\n"
                     "      what to say\n"
                     "      default: Hello, world\n"
                     "  --help[=on|off]\n"
                     "      this table\n"
                     "      default: off\n"
                     "  --ipv4=ADDRESS/LENGTH\n"
                     "      IPv4 address\n"
                     "      default: dhcp; for one network: --uplink.ipv4\n"
                     "  --ipv4-gateway=ADDRESS\n"
                     "      IPv4 default router\n"
                     "      for one network: --uplink.ipv4-gateway\n"
                     "  --peer[=on|off]\n"
                     "      test peer\n"
                     "      default: off\n"
                     "  --port=NUMBER\n"
                     "      port to listen on\n"
                     "      1 to 65535; default: 80; also: --tcp-port\n"
                     "  --speed=slow|fast|auto\n"
                     "      how fast\n"
                     "      default: auto\n");
}
END_TEST

START_TEST(test_help_of_an_empty_table_ends)
{
    char piece[KEYS_HELP_BYTES];
    unsigned at = 0;

    keys_init(&keys, table, table, &manifest);
    ck_assert_uint_eq(keys_help(&keys, &at, piece, sizeof(piece)), 0);
}
END_TEST

START_TEST(test_a_default_that_is_not_accepted_panics)
{
    static const struct key bad = {
        .name = "bad", .type = KEY_TYPE_UINT, .max = 5, .fallback = "6"};

    keys_init(&keys, &bad, &bad + 1, &manifest);
}
END_TEST

START_TEST(test_asking_a_text_for_its_number_panics)
{
    fresh();
    key_uint(&keys, &table[HELLO]);
}
END_TEST

RUN_TESTS("keys",
          PANICS(test_a_default_that_is_not_accepted_panics,
                 test_asking_a_text_for_its_number_panics),
          test_defaults_are_in_force_until_something_is_given,
          test_every_way_to_write_a_key, test_an_empty_text_is_a_value,
          test_flags_in_all_words, test_an_alias_is_the_key,
          test_a_key_for_one_network_and_for_all, test_a_key_for_one_vlan,
          test_the_last_of_several_counts_and_is_told,
          test_a_higher_source_overrides_without_being_a_repetition,
          test_help_is_sorted_and_complete, test_help_of_an_empty_table_ends)
