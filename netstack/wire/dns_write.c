/* SPDX-License-Identifier: ISC */
/*
 * dns_write.c - see dns.h: messages with compressed names.
 */
#include "dns.h"

void dns_put(struct dns_out *o, const void *bytes, size_t n)
{
    if (n > o->max - o->n) {
        o->full = true;
        return;
    }
    memcpy(o->p + o->n, bytes, n);
    o->n += n;
}

void dns_put16(struct dns_out *o, uint16_t v)
{
    uint8_t b[2];

    put_be16(b, v);
    dns_put(o, b, sizeof(b));
}

void dns_put32(struct dns_out *o, uint32_t v)
{
    dns_put16(o, (uint16_t)(v >> 16));
    dns_put16(o, (uint16_t)v);
}

/* Where this name was written before; 0: nowhere. */
static uint16_t written(const struct dns_out *o, const struct dns_name *name)
{
    struct dns_name have;

    for (unsigned i = 0; i < o->names; i++) {
        size_t at = o->name[i];

        if (dns_name_read(&have, (struct span){o->p, o->n}, &at) &&
            dns_name_eq(&have, name))
            return o->name[i];
    }
    return 0;
}

void dns_put_name(struct dns_out *o, const struct dns_name *name)
{
    struct dns_name rest = *name;
    unsigned first = o->names; /* the labels of this one are not whole yet */
    uint16_t before;

    while (rest.n > 1) {
        unsigned label = rest.b[0] + 1u;
        unsigned names = o->names;

        o->names = first;
        before = written(o, &rest);
        o->names = names;
        if (before) {
            dns_put16(o, (uint16_t)(0xc000 | before));
            return;
        }
        if (o->names < DNS_OUT_NAMES_MAX && o->n < 0x4000)
            o->name[o->names++] = (uint16_t)o->n;
        dns_put(o, rest.b, label);
        rest.n = (uint8_t)(rest.n - label);
        memmove(rest.b, rest.b + label, rest.n);
    }
    dns_put(o, "", 1);
}
