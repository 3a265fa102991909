/* SPDX-License-Identifier: ISC */
/*
 * http1_body.c - where a message body ends (RFC 9112 6 and 7.1).
 *
 * Chunk framing is read byte by byte: it is short, and each byte is suspect.
 */
#include "http1_class.h"

#include "http1.h"

enum {
    OVER, /* also: no body at all */
    LENGTH,
    SIZE,
    EXTENSION,
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    LINE, /* a trailer line begins, or the empty one */
    TRAILER_NAME,
    TRAILER_VALUE,
    TRAILER_LF,
    LAST_LF,
    BROKEN,
    SIZE_DIGITS_MAX = 15 /* hexadecimal: below 2^60, no overflow anywhere */
};

void http1_body_start(struct http1_body *b, const struct http1_head *h)
{
    *b = (struct http1_body){0};
    if (h->flags & HTTP1_CHUNKED) {
        b->state = SIZE;
    } else if (h->length > 0) {
        b->state = LENGTH;
        b->left = h->length;
    }
}

static uint8_t size_digit(struct http1_body *b, uint8_t byte)
{
    unsigned digit = byte <= '9' ? byte - '0' : (byte | 0x20) - 'a' + 10;

    if (++b->digits > SIZE_DIGITS_MAX)
        return BROKEN;
    b->left = b->left << 4 | digit;
    return SIZE;
}

static uint8_t size_over(struct http1_body *b)
{
    uint64_t paid;

    b->digits = 0;
    if (b->left == 0)
        return LINE;
    /* Data pays for its framing, so tiny chunks with long extensions end. */
    paid = b->left > HTTP1_OVERHEAD_MAX ? HTTP1_OVERHEAD_MAX : 16 + 2 * b->left;
    b->overhead = paid > b->overhead ? 0 : (uint16_t)(b->overhead - paid);
    return DATA;
}

/* The state after one byte of framing. */
static uint8_t after(struct http1_body *b, uint8_t byte)
{
    uint8_t class = http1_class[byte];

    switch (b->state) {
    case SIZE:
        if (class & HTTP1_HEX)
            return size_digit(b, byte);
        if (b->digits == 0)
            return BROKEN;
        return byte == ';' ? EXTENSION : byte == '\r' ? SIZE_LF : BROKEN;
    case EXTENSION:
        return class & HTTP1_TEXT ? EXTENSION : byte == '\r' ? SIZE_LF : BROKEN;
    case SIZE_LF:
        return byte == '\n' ? size_over(b) : BROKEN;
    case DATA_CR:
        return byte == '\r' ? DATA_LF : BROKEN;
    case DATA_LF:
        return byte == '\n' ? SIZE : BROKEN;
    case LINE:
        if (byte == '\r')
            return LAST_LF;
        return class & HTTP1_TOKEN ? TRAILER_NAME : BROKEN;
    case TRAILER_NAME:
        if (byte == ':')
            return TRAILER_VALUE;
        return class & HTTP1_TOKEN ? TRAILER_NAME : BROKEN;
    case TRAILER_VALUE:
        return class & HTTP1_TEXT ? TRAILER_VALUE
               : byte == '\r'     ? TRAILER_LF
                                  : BROKEN;
    case TRAILER_LF:
        return byte == '\n' ? LINE : BROKEN;
    case LAST_LF:
        return byte == '\n' ? OVER : BROKEN;
    default:
        return BROKEN;
    }
}

enum http1_got http1_body_next(struct http1_body *b, struct span in,
                               size_t *framing, struct span *data)
{
    size_t at = 0;

    while (b->state != OVER && b->state != LENGTH && b->state != DATA) {
        if (b->state == BROKEN)
            break;
        if (at == in.n) {
            *framing = at;
            return HTTP1_MORE;
        }
        if (++b->overhead > HTTP1_OVERHEAD_MAX)
            b->state = BROKEN;
        else
            b->state = after(b, in.p[at++]);
    }
    *framing = at;
    if (b->state == BROKEN)
        return HTTP1_BAD;
    if (b->state == OVER)
        return HTTP1_END;
    if (at == in.n)
        return HTTP1_MORE;
    *data = (struct span){in.p + at, in.n - at};
    if (data->n > b->left)
        data->n = (size_t)b->left;
    return HTTP1_DATA;
}

void http1_body_took(struct http1_body *b, size_t n)
{
    ASSERT(n <= b->left);
    b->left -= n;
    if (b->left == 0)
        b->state = b->state == LENGTH ? OVER : DATA_CR;
}
