/* SPDX-License-Identifier: ISC */
/*
 * page.c - what each status is called, what it means in a sentence, and the
 * small page that says so.
 */
#include <proto/http1_class.h>

#include "http_impl.h"

struct words {
    uint16_t status;
    const char *phrase, *means;
};

/* One row for each status that this server or an application gives. */
static const struct words words[] = {
    {200, "200 OK", ""},
    {201, "201 Created", ""},
    {202, "202 Accepted", ""},
    {204, "204 No Content", ""},
    {206, "206 Partial Content", ""},
    {301, "301 Moved Permanently", "This page has moved."},
    {302, "302 Found", "This page is elsewhere for now."},
    {303, "303 See Other", "The answer is at another address."},
    {304, "304 Not Modified", ""},
    {307, "307 Temporary Redirect", "This page is elsewhere for now."},
    {308, "308 Permanent Redirect", "This page has moved."},
    {400, "400 Bad Request", "This is not a request that HTTP/1.1 allows."},
    {401, "401 Unauthorized", "This page is not for everyone."},
    {403, "403 Forbidden", "This page is not for you."},
    {404, "404 Not Found", "There is no such page here."},
    {405, "405 Method Not Allowed", "This page cannot be used in that way."},
    {406, "406 Not Acceptable", "There is no form of this page you accept."},
    {408, "408 Request Timeout", "The request took too long to arrive."},
    {409, "409 Conflict", "That cannot be done in the present state."},
    {411, "411 Length Required", "The request does not say how long it is."},
    {412, "412 Precondition Failed", "The page is not as you thought it was."},
    {413, "413 Content Too Large", "The request is larger than is taken here."},
    {414, "414 URI Too Long", "The address is longer than is taken here."},
    {415, "415 Unsupported Media Type", "That kind of content is not taken."},
    {416, "416 Range Not Satisfiable", "The page has no such bytes."},
    {417, "417 Expectation Failed", "The expectation cannot be met."},
    {422, "422 Unprocessable Content", "The content makes no sense here."},
    {429, "429 Too Many Requests", "Please slow down."},
    {431, "431 Request Header Fields Too Large",
     "The request's header is larger than is taken here."},
    {500, "500 Internal Server Error", "Something went wrong here."},
    {501, "501 Not Implemented", "Nothing here knows how to do that."},
    {502, "502 Bad Gateway", "The one that was to be asked did not answer."},
    {503, "503 Service Unavailable",
     "All places are taken.  Please try again in a few seconds."},
    {504, "504 Gateway Timeout", "The answer took too long."},
    {505, "505 HTTP Version Not Supported", "Only HTTP/1 is spoken here."},
    {507, "507 Insufficient Storage", "There is no more room here."}};

static const struct words *find(unsigned status)
{
    for (unsigned i = 0; i < ARRAY_LEN(words); i++) {
        if (words[i].status == status)
            return &words[i];
    }
    panic(__FILE__, __LINE__, "a status without words: add it to page.c");
}

struct span http_phrase(unsigned status)
{
    if (status == 200)
        return SPAN("200 OK");
    return span_of(find(status)->phrase);
}

static struct span explain(unsigned status)
{
    return span_of(find(status)->means);
}

static void put_page(struct http_exchange *x, struct http_writer *w,
                     unsigned status)
{
    struct span phrase = http_phrase(status);
    const char *style = x->server->config.style;

    put_text(w,
             "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width\">\n"
             "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    put_span(w, phrase);
    put_text(w, "</title>\n");
    if (style) {
        put_text(w, "<link rel=\"stylesheet\" href=\"");
        put_text(w, style);
        put_text(w, "\">\n");
    }
    put_text(w, "<main>\n<h1>");
    put_span(w, phrase);
    put_text(w, "</h1>\n<p>");
    put_span(w, explain(status));
    put_text(w, "\n<p><a href=\"/\">Front page</a>\n</main>\n</html>\n");
}

void http_reply_page(struct http_exchange *x, unsigned status,
                     struct span fields)
{
    uint8_t page[704];
    struct http_writer w = {page, page + sizeof(page)};

    put_page(x, &w, status);
    http_reply_copy(
        x, &(struct http_reply){.status = status,
                                .type = SPAN("text/html; charset=utf-8"),
                                .fields = fields,
                                .body = {page, (size_t)(w.p - page)}});
}

bool put_escaped(struct http_writer *w, struct span text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.n; i++) {
        uint8_t c = text.p[i];

        if (w->end - w->p < 3 + 2)
            return false;
        if (http1_class[c] & HTTP1_PLAIN || c == '%' || c == '?') {
            *w->p++ = c;
        } else {
            *w->p++ = '%';
            *w->p++ = (uint8_t)hex[c >> 4];
            *w->p++ = (uint8_t)hex[c & 15];
        }
    }
    return true;
}

void http_reply_redirect(struct http_exchange *x, unsigned status,
                         struct span location)
{
    uint8_t line[512];
    struct http_writer w = {line, line + sizeof(line)};

    put_text(&w, "Location: ");
    if (!put_escaped(&w, location)) {
        http_reply_page(x, 414, SPAN(""));
        return;
    }
    put_text(&w, "\r\n");
    http_reply_page(x, status, (struct span){line, (size_t)(w.p - line)});
}
