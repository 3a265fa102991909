/* SPDX-License-Identifier: ISC */
/*
 * url.c - see url.h.
 */
#include "url.h"

#include <base/bytes.h>
#include <base/fmt.h>
#include <billet/net.h>

#include "http1.h"

static struct span skip(struct span s, size_t n)
{
    return (struct span){s.p + n, s.n - n};
}

static bool begins(struct span s, struct span with)
{
    return s.n >= with.n && http1_same((struct span){s.p, with.n}, with);
}

/* How much of `s` comes before the first of `marks`. */
static size_t before(struct span s, const char *marks)
{
    size_t n = 0;

    while (n < s.n && (s.p[n] == 0 || !strchr(marks, s.p[n])))
        n++;
    return n;
}

static bool host_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_';
}

static bool take_host(struct url *u, struct span host)
{
    struct ipaddr a;

    if (host.n == 0 || host.n > URL_HOST_MAX)
        return false;
    for (size_t i = 0; i < host.n; i++) {
        uint8_t c = host.p[i];

        c = c >= 'A' && c <= 'Z' ? c | 0x20 : c;
        if (!host_byte(c) && !u->brackets)
            return false;
        u->host[i] = (char)c;
    }
    u->host[host.n] = 0;
    return !u->brackets || (ipaddr_parse(&a, host) && !ipaddr_is_v4(&a));
}

/* Returns what follows it; .p is NULL when it is bad. */
static struct span take_authority(struct url *u, struct span text)
{
    const struct span bad = {0};
    size_t n = before(text, "/?#"), host_n;
    struct span a = {text.p, n}, host = a;
    uint64_t port = u->secure ? 443 : 80;

    u->brackets = a.n && *a.p == '[';
    host_n = u->brackets ? before(a, "]") : before(a, ":");
    host.n = host_n;
    if (u->brackets) {
        if (host_n == a.n)
            return bad;
        host = (struct span){a.p + 1, host_n - 1};
        host_n++;
    }
    a = skip(a, host_n);
    u->port_said = false;
    if (a.n) {
        uint64_t own = port;

        if (*a.p != ':' || (a.n > 1 && (!parse_u64(skip(a, 1), &port) ||
                                        port == 0 || port > 65535)))
            return bad;
        u->port_said = port != own;
    }
    u->port = (uint16_t)port;
    return take_host(u, host) ? skip(text, n) : bad;
}

/* RFC 3986 5.2.4, in place, on the path alone. */
static void remove_dots(struct url *u)
{
    char *t = u->target, *out = t, *p = t;
    char *end = t + before(span_of(t), "?");

    while (p < end) { /* *p is '/' */
        char *next = p + 1;
        size_t n;

        while (next < end && *next != '/')
            next++;
        n = (size_t)(next - p);
        if (n == 3 && p[1] == '.' && p[2] == '.') {
            while (out > t && *--out != '/')
                ;
            if (next == end)
                *out++ = '/';
        } else if (n == 2 && p[1] == '.') {
            if (next == end)
                *out++ = '/';
        } else {
            memmove(out, p, n);
            out += n;
        }
        p = next;
    }
    if (out == t)
        *out++ = '/';
    memmove(out, end, strlen(end) + 1);
    u->target_n = (uint16_t)strlen(t);
}

/* `keep` bytes of the target we have, then path and query of `text`. */
static bool take_target(struct url *u, size_t keep, struct span text)
{
    size_t n = before(text, "#");
    bool slash = keep == 0 && (n == 0 || *text.p != '/');

    if (keep + slash + n > URL_TARGET_MAX)
        return false;
    u->target[0] = slash ? '/' : u->target[0];
    keep += slash;
    for (size_t i = 0; i < n; i++) {
        if (text.p[i] <= ' ' || text.p[i] >= 0x7f)
            return false;
        u->target[keep + i] = (char)text.p[i];
    }
    u->target[keep + n] = 0;
    remove_dots(u);
    return true;
}

static bool take_rest(struct url *u, struct span text)
{
    struct span rest = take_authority(u, text);

    return rest.p && take_target(u, 0, rest);
}

bool url_parse(struct url *u, struct span text)
{
    u->secure = begins(text, SPAN("https://"));
    if (!u->secure && !begins(text, SPAN("http://")))
        return false;
    return take_rest(u, skip(text, u->secure ? 8 : 7));
}

bool url_follow(struct url *u, struct span r)
{
    size_t colon = before(r, ":/?#"), keep;

    if (colon < r.n && r.p[colon] == ':')
        return url_parse(u, r);
    if (begins(r, SPAN("//")))
        return take_rest(u, skip(r, 2));
    if (r.n && *r.p == '/')
        return take_target(u, 0, r);
    keep = u->target_n;
    if (before(r, "#") > 0) {
        keep = before(span_of(u->target), "?");
        while (*r.p != '?' && u->target[keep - 1] != '/')
            keep--;
    }
    return take_target(u, keep, r);
}

bool url_same_origin(const struct url *a, const struct url *b)
{
    return a->secure == b->secure && a->port == b->port &&
           strcmp(a->host, b->host) == 0;
}
