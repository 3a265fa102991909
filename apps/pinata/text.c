/* SPDX-License-Identifier: ISC */
#include "pinata.h"

void text_add(struct text *t, const char *s)
{
    while (*s && t->n + 1 < t->room)
        t->p[t->n++] = *s++;
    t->p[t->n] = 0;
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
