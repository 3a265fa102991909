/* SPDX-License-Identifier: ISC */
/*
 * udp.c - RFC 862, 863 and 864 over UDP.
 *
 * The source of a datagram is whoever its sender says.  So nothing is sent to
 * ports that would answer (two echoes that are told of each other never stop),
 * nothing to a broadcast, and an answer is not much larger than what asked for
 * it: RFC 864's random length would make an amplifier.
 */
#include "echo.h"

enum { CHARGEN_MOST = 6 * LINE_BYTES /* RFC 864 asks for 512 at most */ };

/* Services that answer whatever comes: systat, daytime, qotd, time and the
 * like are all below; DNS, NTP, SNMP, LDAP answer too. */
static bool would_answer(uint16_t port)
{
    return port < 1024;
}

static bool may_answer(struct echo *e, const struct udp_dgram *d)
{
    if (d->broadcast)
        e->m.refused__broadcast++;
    else if (would_answer(d->remote.port))
        e->m.refused__source_port++;
    else
        return true;
    return false;
}

static void answer(struct echo *e, const struct udp_dgram *d, struct span data)
{
    struct udp_dgram out = *d;

    out.data = data;
    out.broadcast = false;
    if (udp_send(e->env->net, &out))
        e->m.refused__send++;
}

static void on_echo(const struct udp_dgram *d, void *user)
{
    struct echo *e = user;

    e->m.datagrams__echo++;
    if (may_answer(e, d))
        answer(e, d, d->data);
}

static void on_discard(const struct udp_dgram *d, void *user)
{
    struct echo *e = user;

    (void)d;
    e->m.datagrams__discard++;
}

/* As many whole lines as the question is long; one at least. */
static void on_chargen(const struct udp_dgram *d, void *user)
{
    struct echo *e = user;
    struct span lines = echo_pattern(e);

    e->m.datagrams__chargen++;
    if (!may_answer(e, d))
        return;
    lines.n = d->data.n - d->data.n % LINE_BYTES;
    if (lines.n < LINE_BYTES)
        lines.n = LINE_BYTES;
    if (lines.n > CHARGEN_MOST)
        lines.n = CHARGEN_MOST;
    answer(e, d, lines);
}

enum err udp_start(struct echo *e)
{
    static const struct {
        uint16_t port;
        udp_fn *fn;
    } services[] = {{ECHO_PORT, on_echo},
                    {DISCARD_PORT, on_discard},
                    {CHARGEN_PORT, on_chargen}};

    for (unsigned i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        uint16_t port = services[i].port;
        enum err err = udp_bind(e->env->net, &port, services[i].fn, e);

        if (err)
            return err;
    }
    return OK;
}
