/* SPDX-License-Identifier: ISC */
/*
 * fuzz_json.c - any bytes as JSON.
 *
 * What is taken is walked through, each value is itself JSON, each string that
 * is decoded and written again reads as the same string.
 */
#include <base/bytes.h>
#include <proto/json.h>
#include <stdlib.h>

enum { TEXT_MAX = 1 << 16 };

static void must(bool claim)
{
    if (!claim)
        abort();
}

static void check_string(const struct json *v)
{
    static uint8_t text[TEXT_MAX], again[6 * TEXT_MAX], back[TEXT_MAX];
    struct json_out o = {.room = {again, sizeof(again)}};
    struct json w;
    size_t n, m;

    if (!json_text(v, (struct mspan){text, sizeof(text)}, &n))
        return;
    must(n <= v->text.n);
    json_string(&o, (struct span){text, n});
    must(!o.full && json_parse(&w, (struct span){again, o.n}));
    must(json_text(&w, (struct mspan){back, sizeof(back)}, &m));
    must(span_eq((struct span){text, n}, (struct span){back, m}));
}

static void walk(const struct json *v, unsigned depth)
{
    struct json name, value, self, found;
    size_t at = 0;
    uint64_t number;

    must(depth <= JSON_DEPTH_MAX && json_parse(&self, v->text));
    must(self.kind == v->kind && self.text.n == v->text.n);
    check_string(v);
    must(!json_u64(v, &number) || v->kind == JSON_NUMBER);
    must(!json_get(v, "a", &found) || v->kind == JSON_OBJECT);
    while (json_next(v, &at, &name, &value)) {
        must(value.text.p + value.text.n < v->text.p + v->text.n);
        must((name.kind == JSON_STRING) == (v->kind == JSON_OBJECT));
        walk(&value, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t out[1024];
    struct json v;
    size_t n;

    if (size > TEXT_MAX / 6)
        return 0;
    if (json_parse(&v, (struct span){data, size}))
        walk(&v, 0);
    if (base64url_decode((struct span){data, size},
                         (struct mspan){out, sizeof(out)}, &n)) {
        char text[1400];

        base64url(text, (struct span){out, n});
        must(base64url_bytes(n) == size && memcmp(text, data, size) == 0);
    }
    return 0;
}
