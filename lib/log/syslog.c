/* SPDX-License-Identifier: ISC */
/*
 * syslog.c - see syslog.h.
 */
#include "syslog.h"

#include <base/bytes.h>
#include <base/civil.h>
#include <base/fmt.h>
#include <billet/net.h>

enum { DAEMON = 3 * 8 /* RFC 5424 6.2.1: the facility */, COUNT_MAX = 8 };

METRICS_TABLE(syslog, SYSLOG_METRICS);

/* Cuts what stands before the first `mark` off; false when there is none. */
static bool until(struct span *rest, uint8_t mark, struct span *head)
{
    const uint8_t *at = rest->n ? memchr(rest->p, mark, rest->n) : NULL;

    if (!at)
        return false;
    *head = (struct span){rest->p, (size_t)(at - rest->p)};
    *rest = (struct span){at + 1, rest->n - head->n - 1};
    return true;
}

static bool take_host(struct syslog_target *t, struct span host)
{
    if (host.n == 0 || host.n > SYSLOG_HOST_MAX)
        return false;
    for (size_t i = 0; i < host.n; i++)
        if (host.p[i] <= ' ')
            return false;
    memcpy(t->host, host.p, host.n);
    t->host[host.n] = 0;
    return true;
}

/* An IPv6 address has brackets, or no port behind it. */
bool syslog_target_parse(struct syslog_target *t, struct span text)
{
    static const char names[] = "udptcptls";
    struct span over, host;
    struct ipaddr a;
    bool port = false;
    uint64_t n = 0;

    if (!until(&text, ':', &over) || over.n != 3)
        return false;
    while (n < 3 && memcmp(names + 3 * n, over.p, 3) != 0)
        n++;
    if (n == 3)
        return false;
    t->over = (enum syslog_over)n;
    n = n == SYSLOG_TLS ? 6514 : 514;
    if (text.n && *text.p == '[') {
        text = (struct span){text.p + 1, text.n - 1};
        if (!until(&text, ']', &host) || !ipaddr_parse(&a, host))
            return false;
        port = text.n > 0;
        if (port && *text.p != ':')
            return false;
        text = (struct span){text.p + port, text.n - port};
    } else if (ipaddr_parse(&a, text) || !(port = until(&text, ':', &host))) {
        host = text;
    }
    if (port && (!parse_u64(text, &n) || n == 0 || n > 65535))
        return false;
    t->port = (uint16_t)n;
    return take_host(t, host);
}

void syslog_start(struct syslog *s, struct log *l, const char *host,
                  const char *app)
{
    size_t n = 0;

    *s = (struct syslog){.log = l, .app = app};
    for (; n < SYSLOG_NAME_MAX && host[n]; n++)
        s->host[n] = host[n] > ' ' && host[n] < 0x7f ? host[n] : '-';
    l->unsent = l->begin;
    l->lost = &s->count.dropped;
}

/* What a line of log_line() says of itself. */
struct line {
    ns_t at;
    struct span source, text;
};

/* "[    0.003412 dhcp] text"; false for what print_line() wrote. */
static bool parse(struct line *out, struct span in)
{
    struct span head, s;
    uint64_t seconds, us;

    if (in.n < 2 || *in.p != '[' || !until(&in, ']', &head) || in.n == 0)
        return false;
    do {
        head.p++;
        head.n--;
    } while (head.n && *head.p == ' ');
    if (!until(&head, '.', &s) || !parse_u64(s, &seconds) ||
        !until(&head, ' ', &s) || !parse_u64(s, &us) || head.n == 0)
        return false;
    *out = (struct line){.at = seconds * NS_PER_SEC + us * NS_PER_US,
                         .source = head,
                         .text = {in.p + 1, in.n - 1}};
    return true;
}

static unsigned severity(struct span text)
{
    static const struct {
        struct span word;
        unsigned severity;
    } known[] = {{{(const uint8_t *)"error: ", 7}, 3},
                 {{(const uint8_t *)"warning: ", 9}, 4},
                 {{(const uint8_t *)"debug: ", 7}, 7}};

    for (unsigned i = 0; i < ARRAY_LEN(known); i++)
        if (text.n >= known[i].word.n &&
            memcmp(text.p, known[i].word.p, known[i].word.n) == 0)
            return known[i].severity;
    return 6;
}

/* RFC 5424 6.2.3; "-" when nobody knows. */
static void timestamp(char *out, size_t room, uint64_t wall)
{
    uint64_t seconds = wall / NS_PER_SEC;
    unsigned s = (unsigned)(seconds % CIVIL_DAY);
    struct civil c = civil_of(seconds / CIVIL_DAY);

    if (wall == 0)
        fmt(out, room, "-");
    else
        fmt(out, room, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ", (unsigned)c.year,
            c.month, c.day, s / 3600, s / 60 % 60, s % 60,
            (unsigned)(wall % NS_PER_SEC / NS_PER_US));
}

struct span syslog_next(struct syslog *s, uint64_t wall, ns_t now, bool counted)
{
    char text[LOG_PRINT_BYTES], when[32], count[COUNT_MAX];
    struct line l = {.at = now, .source = SPAN("-")};
    size_t n;

    if (s->message.n || !log_take(s->log, text, sizeof(text), &n))
        return s->message;
    l.text = (struct span){(const uint8_t *)text, n};
    parse(&l, l.text);
    /* It was set right since, perhaps; the time that has passed is known. */
    timestamp(when, sizeof(when), wall > now - l.at ? wall - (now - l.at) : 0);
    n = fmt(s->text + COUNT_MAX, sizeof(s->text) - COUNT_MAX,
            "<%u>1 %s %s %s - %.*s - %.*s", DAEMON + severity(l.text), when,
            s->host, s->app, (int)l.source.n, l.source.p, (int)l.text.n,
            l.text.p);
    s->message = (struct span){(const uint8_t *)s->text + COUNT_MAX, n};
    if (counted) {
        n = fmt(count, sizeof(count), "%u ", (unsigned)n);
        memcpy(s->text + COUNT_MAX - n, count, n);
        s->message.p -= n;
        s->message.n += n;
    }
    return s->message;
}

void syslog_sent(struct syslog *s)
{
    s->message.n = 0;
    s->count.sent++;
}
