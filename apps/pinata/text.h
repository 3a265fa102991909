/* SPDX-License-Identifier: ISC */
/*
 * text.h - text that grows in its place, always terminated; what does not fit
 * is cut.
 */
#ifndef PINATA_TEXT_H
#define PINATA_TEXT_H

#include <billet/base.h>

struct text {
    char *p;
    size_t room, n;
};

static inline struct text text_in(struct mspan room)
{
    return (struct text){(char *)room.p, room.n, 0};
}

static inline struct span text_span(const struct text *t)
{
    return (struct span){(const uint8_t *)t->p, t->n};
}

void text_add(struct text *, const char *);
void text_add_u64(struct text *, uint64_t);
/* Lower-case hexadecimal. */
void text_add_hex(struct text *, struct span);
/* "2026-11-22T22:15:00Z". */
void text_add_time(struct text *, uint64_t unix_s);
/* What is not ASCII, or not to be put into JSON or HTML as it is, is '?'. */
void text_add_plain(struct text *, const char *);
/* `"key": 1`, with a comma before it unless it is the first of its object. */
void text_add_member(struct text *, const char *key, uint64_t);
void text_add_member_text(struct text *, const char *key, const char *);

#endif
