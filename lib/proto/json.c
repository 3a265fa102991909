/* SPDX-License-Identifier: ISC */
/*
 * json.c - reading JSON: one pass that checks, then look-ups that trust it.
 */
#include "json.h"

#include <base/bytes.h>
#include <base/fmt.h>

struct scan {
    const uint8_t *p, *end;
};

static void blanks(struct scan *s)
{
    while (s->p < s->end &&
           (*s->p == ' ' || *s->p == '\t' || *s->p == '\r' || *s->p == '\n'))
        s->p++;
}

static bool is(const struct scan *s, uint8_t byte)
{
    return s->p < s->end && *s->p == byte;
}

static int hex_digit(uint8_t c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

/* Four hexadecimal digits; false when they are not. */
static bool hex4(struct scan *s, uint32_t *out)
{
    uint32_t v = 0;

    if (s->end - s->p < 4)
        return false;
    for (unsigned i = 0; i < 4; i++) {
        int d = hex_digit(*s->p++);

        if (d < 0)
            return false;
        v = v << 4 | (uint32_t)d;
    }
    *out = v;
    return true;
}

/* After a backslash.  A surrogate counts only with its other half. */
static bool escape(struct scan *s, uint32_t *out)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    uint32_t low;

    if (s->p == s->end)
        return false;
    if (*s->p != 'u') {
        const char *at = *s->p ? strchr(from, *s->p) : NULL;

        s->p++;
        *out = at ? (uint8_t)to[at - from] : 0;
        return at != NULL;
    }
    s->p++;
    if (!hex4(s, out))
        return false;
    if (*out < 0xd800 || *out > 0xdfff)
        return true;
    if (*out > 0xdbff || s->end - s->p < 6 || s->p[0] != '\\' || s->p[1] != 'u')
        return false;
    s->p += 2;
    if (!hex4(s, &low) || low < 0xdc00 || low > 0xdfff)
        return false;
    *out = 0x10000 + ((*out & 0x3ff) << 10 | (low & 0x3ff));
    return true;
}

/* RFC 3629 4: shortest forms only, no surrogates, nothing above U+10FFFF. */
static bool utf8(struct scan *s, uint32_t *out)
{
    static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
    uint8_t c = *s->p++;
    unsigned more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;

    *out = more ? c & (0x3fu >> more) : c;
    if ((c >= 0x80 && c < 0xc2) || c > 0xf4 || s->end - s->p < (int)more)
        return false;
    for (unsigned i = 0; i < more; i++) {
        if ((*s->p & 0xc0) != 0x80)
            return false;
        *out = *out << 6 | (*s->p++ & 0x3fu);
    }
    return *out >= least[more] && *out <= 0x10ffff &&
           (*out < 0xd800 || *out > 0xdfff);
}

/* The next character of a string; false at what cannot stand there. */
static bool character(struct scan *s, uint32_t *out)
{
    if (s->p == s->end || *s->p < 0x20)
        return false;
    if (*s->p == '\\') {
        s->p++;
        return escape(s, out);
    }
    return utf8(s, out);
}

static bool string(struct scan *s)
{
    uint32_t c;

    if (!is(s, '"'))
        return false;
    for (s->p++; !is(s, '"');)
        if (!character(s, &c))
            return false;
    s->p++;
    return true;
}

static bool digits(struct scan *s)
{
    const uint8_t *from = s->p;

    while (s->p < s->end && *s->p >= '0' && *s->p <= '9')
        s->p++;
    return s->p > from;
}

static bool number(struct scan *s)
{
    s->p += is(s, '-');
    if (is(s, '0'))
        s->p++;
    else if (!digits(s))
        return false;
    if (is(s, '.')) {
        s->p++;
        if (!digits(s))
            return false;
    }
    if (is(s, 'e') || is(s, 'E')) {
        s->p++;
        s->p += is(s, '+') || is(s, '-');
        return digits(s);
    }
    return true;
}

static bool word(struct scan *s, const char *text)
{
    size_t n = strlen(text);

    if ((size_t)(s->end - s->p) < n || memcmp(s->p, text, n) != 0)
        return false;
    s->p += n;
    return true;
}

static enum json_kind kind_of(uint8_t c)
{
    switch (c) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
        return JSON_TRUE;
    case 'f':
        return JSON_FALSE;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

static bool scalar(struct scan *s)
{
    switch (kind_of(*s->p)) {
    case JSON_STRING:
        return string(s);
    case JSON_TRUE:
        return word(s, "true");
    case JSON_FALSE:
        return word(s, "false");
    case JSON_NULL:
        return word(s, "null");
    default:
        return number(s);
    }
}

static bool member_name(struct scan *s)
{
    blanks(s);
    if (!string(s))
        return false;
    blanks(s);
    if (!is(s, ':'))
        return false;
    s->p++;
    return true;
}

/* A value without recursion: `open` has what closes each container. */
static bool value(struct scan *s)
{
    uint8_t open[JSON_DEPTH_MAX];
    unsigned depth = 0;

    for (;;) {
        blanks(s);
        if (s->p == s->end)
            return false;
        if (*s->p == '{' || *s->p == '[') {
            if (depth == JSON_DEPTH_MAX)
                return false;
            open[depth] = *s->p++ == '{' ? '}' : ']';
            blanks(s);
            if (!is(s, open[depth])) {
                if (open[depth++] == '}' && !member_name(s))
                    return false;
                continue;
            }
            s->p++; /* it is empty */
        } else if (!scalar(s)) {
            return false;
        }
        /* A value is complete: what comes behind it? */
        for (;; s->p++) {
            if (depth == 0)
                return true;
            blanks(s);
            if (!is(s, open[depth - 1]))
                break;
            depth--;
        }
        if (!is(s, ','))
            return false;
        s->p++;
        if (open[depth - 1] == '}' && !member_name(s))
            return false;
    }
}

bool json_parse(struct json *out, struct span text)
{
    struct scan s = {text.p, text.p + text.n};
    const uint8_t *from;

    blanks(&s);
    from = s.p;
    if (!value(&s))
        return false;
    text = (struct span){from, (size_t)(s.p - from)};
    blanks(&s);
    if (s.p != s.end)
        return false;
    *out = (struct json){kind_of(*from), text};
    return true;
}

/* The value that begins here, in a text that is known to be good. */
static struct json take(struct scan *s)
{
    struct json v;
    bool checked;

    blanks(s);
    v = (struct json){kind_of(*s->p), {s->p, 0}};
    checked = value(s);
    ASSERT(checked);
    v.text.n = (size_t)(s->p - v.text.p);
    return v;
}

bool json_next(const struct json *v, size_t *at, struct json *name,
               struct json *out)
{
    struct scan s;

    if (v->kind != JSON_OBJECT && v->kind != JSON_ARRAY)
        return false;
    s = (struct scan){v->text.p + *at, v->text.p + v->text.n};
    if (*at == 0)
        s.p++; /* the bracket */
    blanks(&s);
    if (s.p + 1 >= s.end)
        return false;
    s.p += is(&s, ',');
    *name = (struct json){0};
    if (v->kind == JSON_OBJECT) {
        *name = take(&s);
        blanks(&s);
        s.p++; /* the colon */
    }
    *out = take(&s);
    *at = (size_t)(s.p - v->text.p);
    return true;
}

bool json_get(const struct json *object, const char *name, struct json *out)
{
    struct json n, v;
    size_t at = 0;
    unsigned found = 0;

    if (object->kind != JSON_OBJECT)
        return false;
    while (json_next(object, &at, &n, &v))
        if (json_is(&n, name) && found++ == 0)
            *out = v;
    return found == 1;
}

/* Between the quotes; empty for what is no string. */
static struct scan inside(const struct json *v)
{
    if (v->kind != JSON_STRING)
        return (struct scan){0};
    return (struct scan){v->text.p + 1, v->text.p + v->text.n - 1};
}

static size_t encode(uint8_t out[4], uint32_t c)
{
    unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t mark[] = {0, 0xc0, 0xe0, 0xf0};

    for (unsigned i = more; i > 0; i--, c >>= 6)
        out[i] = (uint8_t)(0x80 | (c & 0x3f));
    out[0] = (uint8_t)(mark[more] | c);
    return more + 1;
}

/* The next character in UTF-8, and its length; 0 for one that no text of C's
 * can hold. */
static size_t next_character(struct scan *s, uint8_t bytes[4])
{
    uint32_t c;

    return character(s, &c) && c != 0 ? encode(bytes, c) : 0;
}

bool json_text(const struct json *v, struct mspan out, size_t *n)
{
    struct scan s = inside(v);
    size_t at = 0;

    if (v->kind != JSON_STRING)
        return false;
    while (s.p < s.end) {
        uint8_t bytes[4];
        size_t k = next_character(&s, bytes);

        if (k == 0 || k > out.n - at)
            return false;
        memcpy(out.p + at, bytes, k);
        at += k;
    }
    *n = at;
    return true;
}

bool json_is(const struct json *v, const char *text)
{
    struct scan s = inside(v);

    if (v->kind != JSON_STRING)
        return false;
    while (s.p < s.end) {
        uint8_t bytes[4];
        size_t k = next_character(&s, bytes);

        if (k == 0 || strncmp(text, (const char *)bytes, k) != 0)
            return false;
        text += k;
    }
    return *text == 0;
}

bool json_u64(const struct json *v, uint64_t *out)
{
    return v->kind == JSON_NUMBER && parse_u64(v->text, out);
}
