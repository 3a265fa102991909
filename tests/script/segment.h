/* SPDX-License-Identifier: ISC */
/*
 * segment.h - a segment as its line says it, for the files that read and write
 * such lines.
 */
#ifndef SEGMENT_H
#define SEGMENT_H

#include "script.h"

enum { TCP_HDR = 20, OPTION_BYTES = 40 };

struct seg { /* as the text says it */
    uint8_t flags, tos, hdr_off;
    bool has_ack, has_win, has_urg, has_data, has_opts, any_ack, bad_sum;
    bool any_tos;
    int64_t seq, ack;
    uint32_t len, win, urg;
    uint8_t data;
    char opts[WORD_MAX];
};

bool segment_parse(struct script *, const char *line, struct seg *);
/* Ethernet and IP, from the peer to us, in front of `n` bytes; returns the
 * frame's length. */
uint32_t wrap_ip(const struct script *, uint8_t *b, uint32_t n, uint8_t proto,
                 uint8_t tos);

/* ---- options.c ---- */
/* Appends what the list says to o[*n], padded. */
bool put_options(struct script *, const struct conn_view *, const char *list,
                 uint8_t *o, unsigned *n);
/* What a segment carries, written as scripts write it. */
void options_text(const struct conn_view *, const uint8_t *o, unsigned n,
                  char *out, size_t room);
/* The same options in any order, NOP and EOL aside. */
bool options_fit(const char *want, const char *got, bool v6);

#endif
