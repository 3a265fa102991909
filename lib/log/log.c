/* SPDX-License-Identifier: ISC */
/*
 * log.c - lines to the console and into the ring, at a bounded rate.
 */
#include "levels.h"

#include <base/fmt.h>
#include <string.h>

METRICS_TABLE(log, LOG_METRICS);

void log_init(struct log *l, struct mspan ring, void (*sink)(struct span),
              ns_t (*clock)(void))
{
    *l = (struct log){.sink = sink,
                      .clock = clock,
                      .level = LOG_INFO,
                      .highest = LOG_INFO,
                      .ring = ring};
}

/* Forgets whole lines from the oldest on until `n` bytes fit. */
static void ring_make_room(struct log *l, size_t n)
{
    while (l->end + n - l->begin > l->ring.n) {
        bool unsent = l->lost && l->begin == l->unsent;

        while (l->ring.p[l->begin++ % l->ring.n] != '\n')
            ;
        if (unsent) {
            l->unsent = l->begin;
            ++*l->lost;
        }
    }
}

/* `line` ends with '\n' and is shorter than the ring. */
static void ring_add(struct log *l, struct span line)
{
    ring_make_room(l, line.n);
    for (size_t i = 0; i < line.n; i++)
        l->ring.p[l->end++ % l->ring.n] = line.p[i];
}

static void emit(struct log *l, const char *line, size_t n)
{
    struct span text = {(const uint8_t *)line, n};

    l->metrics.lines++;
    l->sink(text);
    if (n <= l->ring.n)
        ring_add(l, text);
}

/* A token a line; those of the time gone by come in first. */
static bool bucket_take(struct log_source *s, ns_t now)
{
    const ns_t each = NS_PER_SEC / LOG_RATE;
    ns_t earned = (now - s->refilled) / each;

    if (s->tokens + earned >= LOG_BURST) {
        s->tokens = LOG_BURST;
        s->refilled = now;
    } else {
        s->tokens += (uint32_t)earned;
        s->refilled += earned * each;
    }
    if (s->tokens == 0)
        return false;
    s->tokens--;
    return true;
}

void log_line(struct log *l, enum log_level level, const char *source,
              const char *format, ...)
{
    static const char *const word[] = {[LOG_ERROR] = "error: ",
                                       [LOG_WARN] = "warning: ",
                                       [LOG_INFO] = "",
                                       [LOG_DEBUG] = "debug: "};
    char line[LOG_LINE_BYTES + 128];
    struct log_source *s;
    ns_t now;
    va_list args;
    size_t n, most;

    if (!log_on(l, level, source))
        return;
    s = log_source_get(l, source);
    now = l->clock();
    if (!bucket_take(s, now)) {
        s->held_back++;
        l->metrics.held_back++;
        return;
    }
    n = fmt(line, sizeof(line), "[%5u.%06u %.*s] %s",
            (unsigned)(now / NS_PER_SEC),
            (unsigned)(now % NS_PER_SEC / NS_PER_US), LOG_NAME_BYTES, source,
            word[level]);
    most = n + LOG_LINE_BYTES + 1;
    va_start(args, format);
    n += vfmt_clean(line + n, most - n, format, args);
    va_end(args);
    if (s->held_back)
        n += fmt(line + n, sizeof(line) - n, " (%u more lines held back)",
                 s->held_back);
    s->held_back = 0;
    line[n++] = '\n';
    emit(l, line, n);
}

void print_line(struct log *l, const char *format, ...)
{
    char line[LOG_PRINT_BYTES + 1];
    va_list args;
    size_t n;

    va_start(args, format);
    n = vfmt(line, sizeof(line), format, args);
    va_end(args);
    line[n++] = '\n';
    emit(l, line, n);
}

bool log_take(struct log *l, char *out, size_t room, size_t *n)
{
    char c;

    if (l->unsent == l->end)
        return false;
    for (*n = 0; (c = (char)l->ring.p[l->unsent++ % l->ring.n]) != '\n';)
        if (*n < room)
            out[(*n)++] = c;
    return true;
}

struct span log_read(const struct log *l, uint64_t *at)
{
    size_t from, n;

    if (*at < l->begin || *at > l->end)
        *at = l->begin;
    if (*at == l->end)
        return (struct span){0};
    from = *at % l->ring.n;
    n = (size_t)(l->end - *at);
    if (n > l->ring.n - from)
        n = l->ring.n - from;
    *at += n;
    return (struct span){l->ring.p + from, n};
}
