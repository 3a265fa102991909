/* SPDX-License-Identifier: ISC */
/* The command line as arguments. */
#include <base/bytes.h>
#include <cmdline.h>
#include <lib/suite.h>

static struct cmdline c;

static const char *split(const char *line)
{
    return cmdline_split(&c, span_of(line));
}

START_TEST(test_blanks_of_any_kind_and_number_part_arguments)
{
    ck_assert_ptr_null(split("  a\tbc \r\n d  "));
    ck_assert_uint_eq(c.n, 3);
    ck_assert_str_eq(c.args[0], "a");
    ck_assert_str_eq(c.args[1], "bc");
    ck_assert_str_eq(c.args[2], "d");
    ck_assert_ptr_null(c.args[3]);
}
END_TEST

START_TEST(test_nothing_is_no_argument)
{
    ck_assert_ptr_null(split(""));
    ck_assert_ptr_null(c.args[0]);
    ck_assert_ptr_null(split("   "));
    ck_assert_uint_eq(c.n, 0);
}
END_TEST

START_TEST(test_quotes_keep_blanks_and_are_taken_off)
{
    ck_assert_ptr_null(split("\"a b\" --x=\"c  d\"e \"\""));
    ck_assert_uint_eq(c.n, 3);
    ck_assert_str_eq(c.args[0], "a b");
    ck_assert_str_eq(c.args[1], "--x=c  de");
    ck_assert_str_eq(c.args[2], "");
}
END_TEST

/* What GRUB makes of  it's  and  say "hi"  and  a\b. */
START_TEST(test_grubs_backslashes_are_taken_off)
{
    ck_assert_ptr_null(split("it\\'s \"say \\\"hi\\\"\" a\\\\b"));
    ck_assert_str_eq(c.args[0], "it's");
    ck_assert_str_eq(c.args[1], "say \"hi\"");
    ck_assert_str_eq(c.args[2], "a\\b");
}
END_TEST

START_TEST(test_other_backslashes_stay)
{
    ck_assert_ptr_null(split("c:\\dir \"x\\n\" end\\"));
    ck_assert_str_eq(c.args[0], "c:\\dir");
    ck_assert_str_eq(c.args[1], "x\\n");
    ck_assert_str_eq(c.args[2], "end\\");
}
END_TEST

START_TEST(test_an_open_quote_is_an_error)
{
    ck_assert_ptr_nonnull(split("a \"b c"));
    ck_assert_ptr_nonnull(split("\""));
    ck_assert_ptr_nonnull(split("\"a\\\""));
}
END_TEST

START_TEST(test_the_65th_argument_is_an_error)
{
    char line[2 * CMDLINE_ARGS + 3];

    for (unsigned i = 0; i < sizeof(line); i++)
        line[i] = i % 2 ? ' ' : 'x';
    line[2 * CMDLINE_ARGS] = 0;
    ck_assert_ptr_null(split(line));
    ck_assert_uint_eq(c.n, CMDLINE_ARGS);
    ck_assert_ptr_null(c.args[CMDLINE_ARGS]);
    line[2 * CMDLINE_ARGS] = 'x';
    line[2 * CMDLINE_ARGS + 1] = 0;
    ck_assert_ptr_nonnull(split(line));
}
END_TEST

START_TEST(test_what_parts_the_line_is_not_one_of_64)
{
    char line[2 * CMDLINE_ARGS + 8] = "-- ";

    for (unsigned i = 0; i < CMDLINE_ARGS; i++)
        memcpy(line + 3 + 2 * i, "x ", 3);
    ck_assert_ptr_null(split(line));
    ck_assert_uint_eq(c.n, CMDLINE_ARGS + 1);
    ck_assert_str_eq(c.args[0], "--");
    ck_assert_ptr_null(c.args[CMDLINE_ARGS + 1]);
    memcpy(line + 3 + 2 * CMDLINE_ARGS, "y", 2);
    ck_assert_ptr_nonnull(split(line));
}
END_TEST

START_TEST(test_4095_bytes_fit_and_4096_do_not)
{
    static char line[CMDLINE_BYTES + 1];

    memset(line, 'x', sizeof(line));
    line[CMDLINE_BYTES - 1] = 0;
    ck_assert_ptr_null(split(line));
    ck_assert_uint_eq(strlen(c.args[0]), CMDLINE_BYTES - 1);
    line[CMDLINE_BYTES - 1] = 'x';
    line[CMDLINE_BYTES] = 0;
    ck_assert_ptr_nonnull(split(line));
}
END_TEST

START_TEST(test_the_path_is_the_first_word)
{
    ck_assert(span_eq(cmdline_without_path(SPAN("a/b.elf x y")), SPAN("x y")));
    ck_assert(span_eq(cmdline_without_path(SPAN("  a  b ")), SPAN("b ")));
    ck_assert_uint_eq(cmdline_without_path(SPAN("  a ")).n, 0);
    ck_assert_uint_eq(cmdline_without_path(SPAN("a")).n, 0);
    ck_assert_uint_eq(cmdline_without_path(SPAN("")).n, 0);
}
END_TEST

RUN_TESTS("cmdline", PANICS(),
          test_blanks_of_any_kind_and_number_part_arguments,
          test_nothing_is_no_argument,
          test_quotes_keep_blanks_and_are_taken_off,
          test_grubs_backslashes_are_taken_off, test_other_backslashes_stay,
          test_an_open_quote_is_an_error, test_the_65th_argument_is_an_error,
          test_what_parts_the_line_is_not_one_of_64,
          test_4095_bytes_fit_and_4096_do_not, test_the_path_is_the_first_word)
