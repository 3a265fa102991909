/* SPDX-License-Identifier: ISC */
/*
 * page.h - what the files of the pages share.
 */
#ifndef PINATA_PAGE_H
#define PINATA_PAGE_H

#include <billet/http.h>

#include "text.h"

#define NO_STORE "Cache-Control: no-store\r\n"

struct pinata;

/* attempt.c */
http_handler attempts_page, attempts_json;

/* count.c */
http_handler counters_page;
/* The figure of that name in decimal; false: there is none. */
bool figure_add(struct pinata *, struct span name, struct text *);

/* front.c: site/front.html, with figures where {{NAME}} stands. */
http_handler front_page;

#endif
