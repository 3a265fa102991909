/* SPDX-License-Identifier: ISC */
/*
 * json.h - JSON (RFC 8259) as a reader of untrusted text needs it: checked as a
 * whole first, then looked into where it lies.  No memory of its own.
 */
#ifndef PROTO_JSON_H
#define PROTO_JSON_H

#include <billet/base.h>

enum { JSON_DEPTH_MAX = 32 /* containers in each other; beyond: refused */ };

enum json_kind {
    JSON_NONE,
    JSON_OBJECT,
    JSON_ARRAY,
    JSON_STRING,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL
};

/* A value within a text that was checked; the text must stay. */
struct json {
    enum json_kind kind;
    struct span text; /* all of it, quotes and brackets too */
};

/* One value and nothing else, in UTF-8.  False, `out` untouched, when it is
 * not. */
MUST_USE bool json_parse(struct json *out, struct span text);

/* The members of an object or the elements of an array (`name` is JSON_NONE
 * there) in order: start with *at 0; false after the last, and for what is
 * neither. */
bool json_next(const struct json *, size_t *at, struct json *name,
               struct json *value);

/* The member of that name.  False when there is none, or more than one: two
 * readers could see two different texts. */
MUST_USE bool json_get(const struct json *object, const char *name,
                       struct json *out);

/* The text of a string, decoded to UTF-8, at most out.n bytes, no zero behind
 * it.  False when it is no string, does not fit, or has a zero in it. */
MUST_USE bool json_text(const struct json *, struct mspan out, size_t *n);
/* Whether it is that string. */
bool json_is(const struct json *, const char *text);
/* A number that is an integer from 0 to 2^64 - 1, without fraction and
 * exponent. */
MUST_USE bool json_u64(const struct json *, uint64_t *out);

/* Writing: commas come by themselves.  What finds no room sets `full`, and
 * nothing more is written. */
struct json_out {
    struct mspan room;
    size_t n;
    bool full, follows; /* a comma goes before the next value */
};
void json_open(struct json_out *, char bracket); /* '{' or '[' */
void json_close(struct json_out *, char bracket);
void json_name(struct json_out *, const char *name);
void json_string(struct json_out *, struct span utf8);
void json_number(struct json_out *, uint64_t);
void json_raw(struct json_out *, struct span value); /* as it is */

/* Base64 of RFC 4648 5, URL and file name safe, without padding: what JOSE
 * (RFC 7515 2) calls base64url. */
static inline size_t base64url_bytes(size_t n)
{
    return (n * 4 + 2) / 3;
}
/* base64url_bytes(in.n) bytes at `out`. */
void base64url(char *out, struct span in);
/* False: it is none, or longer than `out`. */
MUST_USE bool base64url_decode(struct span in, struct mspan out, size_t *n);

#endif
