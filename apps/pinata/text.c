/* SPDX-License-Identifier: ISC */
#include "text.h"

enum { DAY_S = 86400 };

static void put(struct text *t, char c)
{
    if (t->n + 1 < t->room)
        t->p[t->n++] = c;
    t->p[t->n] = 0;
}

void text_add(struct text *t, const char *s)
{
    t->p[t->n] = 0;
    while (*s)
        put(t, *s++);
}

void text_add_u64(struct text *t, uint64_t v)
{
    char digits[21] = "";
    size_t at = sizeof(digits) - 1;

    do
        digits[--at] = (char)('0' + v % 10);
    while (v /= 10);
    text_add(t, digits + at);
}

void text_add_hex(struct text *t, struct span s)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < s.n; i++) {
        put(t, hex[s.p[i] >> 4]);
        put(t, hex[s.p[i] & 15]);
    }
}

static void add_padded(struct text *t, unsigned v, const char *end)
{
    put(t, (char)('0' + v / 10 % 10));
    put(t, (char)('0' + v % 10));
    text_add(t, end);
}

/* Years begin in March here, so that the odd day is the last one. */
void text_add_time(struct text *t, uint64_t unix_s)
{
    uint64_t days = unix_s / DAY_S + 719468; /* since 0000-03-01 */
    uint64_t era = days / 146097, day = days % 146097;
    uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    unsigned second = (unsigned)(unix_s % DAY_S), month;

    day -= 365 * year + year / 4 - year / 100;
    month = (unsigned)((5 * day + 2) / 153);
    day -= (153 * month + 2) / 5;
    month = month < 10 ? month + 3 : month - 9;
    text_add_u64(t, era * 400 + year + (month <= 2));
    put(t, '-');
    add_padded(t, month, "-");
    add_padded(t, (unsigned)day + 1, "T");
    add_padded(t, second / 3600, ":");
    add_padded(t, second / 60 % 60, ":");
    add_padded(t, second % 60, "Z");
}

void text_add_plain(struct text *t, const char *s)
{
    for (; *s; s++) {
        bool odd = (uint8_t)*s < 0x20 || (uint8_t)*s >= 0x7f || *s == '"' ||
                   *s == '\\' || *s == '<' || *s == '>' || *s == '&';

        put(t, odd ? '?' : *s);
    }
}

static void add_key(struct text *t, const char *key)
{
    if (t->n && t->p[t->n - 1] != '{')
        text_add(t, ",\n ");
    put(t, '"');
    text_add(t, key);
    text_add(t, "\": ");
}

void text_add_member(struct text *t, const char *key, uint64_t v)
{
    add_key(t, key);
    text_add_u64(t, v);
}

void text_add_member_text(struct text *t, const char *key, const char *v)
{
    add_key(t, key);
    put(t, '"');
    for (; *v; v++) {
        char one[2] = {*v, 0};

        if (*v == '\n')
            text_add(t, "\\n");
        else
            text_add_plain(t, one);
    }
    put(t, '"');
}
