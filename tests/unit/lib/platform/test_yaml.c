/* SPDX-License-Identifier: ISC */
/* What is read of YAML, and that all else is an error with its line. */
#include <lib/suite.h>

#include <base/bytes.h>
#include <base/fmt.h>
#include <platform/yaml.h>

static struct yaml y;
static char all[2048];

/* Every value with the way to it, a line each; then the error. */
static const char *said(const char *text)
{
    size_t n = 0;

    yaml_start(&y, span_of(text), NULL);
    while (yaml_next(&y)) {
        for (unsigned i = 0; i < y.depth; i++) {
            const struct yaml_step *s = &y.path[i];

            if (s->is_list)
                n += fmt(all + n, sizeof(all) - n, "[%u]", s->index);
            else
                n += fmt(all + n, sizeof(all) - n, "%s%.*s", i ? "." : "",
                         (int)s->name.n, s->name.p);
        }
        n += fmt(all + n, sizeof(all) - n, "=%.*s;", (int)y.n, y.value);
    }
    all[n] = 0;
    if (y.why)
        fmt(all + n, sizeof(all) - n, "%u: %s", y.line, y.why);
    return all;
}

START_TEST(test_maps_lists_and_values)
{
    ck_assert_str_eq(said(""), "");
    ck_assert_str_eq(said("# nothing\n\n"), "");
    ck_assert_str_eq(said("a: 1"), "a=1;");
    ck_assert_str_eq(
        said("---\na: x y  # why\nb:   'it''s'\r\nc: \"q\\\"\\n\"\n"),
        "a=x y;b=it's;c=q\"\n;");
    ck_assert_str_eq(said("a:\n  b:\n    c: 1\n  d: 2\ne: 3\n"),
                     "a.b.c=1;a.d=2;e=3;");
    ck_assert_str_eq(said("a:\n- 1\n- 2\nb:\n  - 3\n"),
                     "a[0]=1;a[1]=2;b[0]=3;");
    ck_assert_str_eq(said("a: [1, \"2, 3\", x y]\nb: []\nc: 4\n"),
                     "a[0]=1;a[1]=2, 3;a[2]=x y;c=4;");
    ck_assert_str_eq(said("- a: 1\n  b: 2\n- a: 3\n"),
                     "[0].a=1;[0].b=2;[1].a=3;");
    ck_assert_str_eq(
        said("a:\n  - b: 1\n    c:\n    - d: 2\n    - d: 3\n  - 4\n"),
        "a[0].b=1;a[0].c[0].d=2;a[0].c[1].d=3;a[1]=4;");
    ck_assert_str_eq(said("- - 1\n  - 2\n-\n  - 3\n"),
                     "[0][0]=1;[0][1]=2;[1][0]=3;");
    ck_assert_str_eq(said("url: http://h:80/x#y\nm: fd00::1\n"),
                     "url=http://h:80/x#y;m=fd00::1;");
    ck_assert_str_eq(said("\"a b\": 1\n'c': 2"), "a b=1;c=2;");
}
END_TEST

START_TEST(test_what_has_no_value_is_empty)
{
    ck_assert_str_eq(said("a:\nb: 1\nc:\n"), "a=;b=1;c=;");
    ck_assert_str_eq(said("a:\n  b:\nc: 1"), "a.b=;c=1;");
    ck_assert_str_eq(said("a:\n-\n- 1\n"), "a[0]=;a[1]=1;");
    ck_assert_str_eq(said("a: ''\n"), "a=;");
    ck_assert(!y.bare);
}
END_TEST

START_TEST(test_all_else_is_an_error_with_its_line)
{
    static const struct {
        const char *text, *said;
    } c[] = {
        {"a: 1\nb", "a=1;2: neither `name: value` nor `- value`"},
        {"a: |\n  x", "1: a block of text; put the value into quotes"},
        {"a: >\n  x", "1: a block of text; put the value into quotes"},
        {"a: &x 1", "1: an anchor or alias"},
        {"a: *x", "1: an anchor or alias"},
        {"a: !!int 1", "1: a tag"},
        {"a: {b: 1}", "1: a map in braces; write it in lines"},
        {"a: [1, [2]]", "a[0]=1;1: a list within a list"},
        {"a: [1,\n 2]", "a[0]=1;1: a bracket that is not closed on its line"},
        {"a: [1] x", "a[0]=1;1: something behind a bracket"},
        {"a: - b", "1: a list that begins on the line of its key"},
        {"a: b: c", "1: a map that begins on the line of its key"},
        {"a: 'x", "1: a quote that is not closed on its line"},
        {"a: \"x\" y", "1: something behind a value in quotes"},
        {"a: \"\\x41\"", "1: an escape that is not taken"},
        {"\ta: 1", "1: a tab before the first word"},
        {" a: 1", "1: the first line is indented"},
        {"a: 1\n  b: 2", "a=1;2: this is indented as nothing before it"},
        {"a:\n    b: 1\n  c: 2",
         "a.b=1;3: this is indented as nothing before it"},
        {"a: 1\n- 2", "a=1;2: this is indented as nothing before it"},
        {"a: @x", "1: a value that begins with a sign; put it into quotes"},
        {"? a", "1: neither `name: value` nor `- value`"},
    };

    for (unsigned i = 0; i < sizeof(c) / sizeof(c[0]); i++)
        ck_assert_str_eq(said(c[i].text), c[i].said);
}
END_TEST

START_TEST(test_bounds_of_depth_and_length)
{
    static char text[YAML_SCALAR_BYTES + 8];
    size_t n = 0;

    for (unsigned i = 0; i < YAML_DEPTH_MAX; i++)
        n += fmt(text + n, sizeof(text) - n, "%.*s\n", (int)(i + 2),
                 &"             a:"[12 - i]);
    ck_assert_ptr_null(strstr(said(text), "deeper"));
    for (n = 0; n < YAML_DEPTH_MAX + 1; n++)
        memcpy(text + 2 * n, "- ", 2);
    text[2 * n] = 0;
    ck_assert_ptr_nonnull(strstr(said(text), "deeper than twelve"));
    memcpy(text, "a: ", 3);
    memset(text + 3, 'x', YAML_SCALAR_BYTES);
    text[3 + YAML_SCALAR_BYTES] = 0;
    yaml_start(&y, span_of(text), NULL);
    ck_assert(yaml_next(&y));
    ck_assert_uint_eq(y.n, YAML_SCALAR_BYTES);
    memcpy(text + 3 + YAML_SCALAR_BYTES, "x", 2);
    ck_assert_str_eq(said(text), "1: a value is longer than 4096 bytes");
}
END_TEST

START_TEST(test_other_members_of_the_root_are_passed_over)
{
    yaml_start(&y,
               SPAN("users:\n- {a: b}\nrun: |\n  #!/bin/sh\n\tx\nme:\n  a: 1\n"
                    "more: &x {}\nme2: 1\n"),
               "me");
    ck_assert(yaml_next(&y));
    ck_assert(yaml_at(&y, 0, "me.a") && yaml_at(&y, 0, "*.a"));
    ck_assert(!yaml_at(&y, 0, "me") && !yaml_at(&y, 0, "me.a.b") &&
              !yaml_at(&y, 0, "me.[]"));
    ck_assert(!yaml_next(&y));
    ck_assert_ptr_null(y.why);
}
END_TEST

RUN_TESTS("yaml", PANICS(), test_maps_lists_and_values,
          test_what_has_no_value_is_empty,
          test_all_else_is_an_error_with_its_line,
          test_bounds_of_depth_and_length,
          test_other_members_of_the_root_are_passed_over)
