/* SPDX-License-Identifier: ISC */
/*
 * der.h - DER (X.690), read one element at a time, and written from its end to
 * its beginning, so that each length is known when its turn comes.
 */
#ifndef CRYPTO_DER_H
#define CRYPTO_DER_H

#include <billet/base.h>

enum {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BITS = 0x03,
    DER_OCTETS = 0x04,
    DER_OID = 0x06,
    DER_ENUMERATED = 0x0a,
    DER_UTF8 = 0x0c,
    DER_UTC_TIME = 0x17,
    DER_TIME = 0x18, /* GeneralizedTime */
    DER_SEQUENCE = 0x30,
    DER_SET = 0x31,
    DER_CONTEXT = 0x80,   /* [n] of bytes */
    DER_CONTEXT_OF = 0xa0 /* [n] of elements */
};

/* An element: what it holds, and all of it. */
struct der {
    uint8_t tag;
    struct span body, whole;
};

/* Takes the first element off `in`; false, and nothing taken, when it is no
 * element with a length of the shortest form. */
bool der_next(struct span *in, struct der *out);
/* The same, and false when it has another tag. */
bool der_take(struct span *in, uint8_t tag, struct der *out);
/* Seconds since 1970 of UTCTime or GeneralizedTime as RFC 5280 4.1.2.5 has
 * them: in UTC, with seconds, without fractions. */
bool der_time(const struct der *, int64_t *unix_s);
bool der_is_oid(const struct der *, const uint8_t *oid, size_t n);

/* What is written stands in p[at...total). */
struct der_out {
    uint8_t *p;
    size_t at, total;
    bool full; /* it did not fit; what is there is worth nothing */
};

struct der_out der_out(struct mspan room);
/* In front of what stands there. */
void der_raw(struct der_out *, const void *p, size_t n);
/* A tag and a length in front of what was written since at == `end`. */
void der_wrap(struct der_out *, uint8_t tag, size_t end);
void der_put(struct der_out *, uint8_t tag, const void *p, size_t n);
/* Of bytes, the highest first, as a number that is not negative. */
void der_put_integer(struct der_out *, const uint8_t *p, size_t n);
void der_put_time(struct der_out *, int64_t unix_s);
/* Moves it to the beginning of the room; how much it is, 0 when it did not
 * fit. */
size_t der_end(struct der_out *);

#endif
