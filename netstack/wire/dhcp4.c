/* SPDX-License-Identifier: ISC */
/*
 * dhcp4.c - see dhcp4.h.
 */
#include "dhcp4.h"

#include "dns.h"

enum {
    AT_SNAME = 44,
    AT_FILE = 108,
    AT_COOKIE = 236,
    SNAME_BYTES = 64,
    FILE_BYTES = 128,
    OPTION_BYTES_MAX = 255, /* of one option, its parts joined */
    OPTIONS_MAX = 400,      /* looked at in one field; more: refused */
    BOOT_REQUEST = 1,
    BOOT_REPLY = 2,
    HTYPE_ETHERNET = 1,
    FLAG_BROADCAST = 0x8000
};
#define COOKIE UINT32_C(0x63825363)

enum option {
    OPT_PAD = 0,
    OPT_MASK = 1,
    OPT_ROUTER = 3,
    OPT_DNS = 6,
    OPT_HOSTNAME = 12,
    OPT_DOMAIN = 15,
    OPT_MTU = 26,
    OPT_NTP = 42,
    OPT_REQUESTED = 50,
    OPT_LEASE = 51,
    OPT_OVERLOAD = 52,
    OPT_TYPE = 53,
    OPT_SERVER = 54,
    OPT_PARAMETERS = 55,
    OPT_SIZE = 57,
    OPT_T1 = 58,
    OPT_T2 = 59,
    OPT_CLIENT = 61,
    OPT_FQDN = 81,
    OPT_SEARCH = 119,
    OPT_ROUTES = 121,
    OPT_END = 255
};

/* The parts of an option, joined: RFC 3396. */
struct joined {
    uint8_t code, bytes[OPTION_BYTES_MAX];
    size_t n;
    bool found, too_long;
};

/* Collects one option from one field; false when the field is malformed. */
static bool scan(struct joined *j, struct span field)
{
    size_t at = 0;

    for (unsigned i = 0; at < field.n && field.p[at] != OPT_END; i++) {
        size_t len;

        if (i == OPTIONS_MAX)
            return false;
        if (field.p[at] == OPT_PAD) {
            at++;
            continue;
        }
        if (field.n - at < 2)
            return false;
        len = field.p[at + 1];
        if (len > field.n - at - 2)
            return false;
        if (field.p[at] == j->code) {
            j->found = true;
            if (len > sizeof(j->bytes) - j->n)
                j->too_long = true;
            else {
                memcpy(j->bytes + j->n, field.p + at + 2, len);
                j->n += len;
            }
        }
        at += 2 + len;
    }
    return true;
}

struct fields {
    struct span options, file, sname; /* empty when not overloaded */
};

static bool option(const struct fields *f, uint8_t code, struct joined *j)
{
    j->code = code;
    j->n = 0;
    j->found = j->too_long = false;
    return scan(j, f->options) && scan(j, f->file) && scan(j, f->sname) &&
           j->found && !j->too_long;
}

static uint32_t option_u32(const struct fields *f, uint8_t code)
{
    struct joined j;

    return option(f, code, &j) && j.n == 4 ? be32(j.bytes) : 0;
}

static unsigned option_addrs(const struct fields *f, uint8_t code,
                             uint32_t *out, unsigned max)
{
    struct joined j;
    unsigned n = 0;

    if (!option(f, code, &j) || j.n % 4)
        return 0;
    while (n < max && (n + 1) * 4 <= j.n) {
        out[n] = be32(j.bytes + (size_t)n * 4);
        n++;
    }
    return n;
}

/* RFC 3442: width, the significant bytes of the destination, the router. */
static void option_routes(const struct fields *f, struct dhcp4_reply *r)
{
    struct joined j;
    size_t at = 0;

    if (!option(f, OPT_ROUTES, &j))
        return;
    while (at < j.n && r->nroutes < DHCP4_ROUTES_MAX) {
        uint8_t bits = j.bytes[at], dst[4] = {0};
        size_t sig = (bits + 7u) / 8;

        if (bits > 32 || j.n - at < 1 + sig + 4) {
            r->nroutes = 0; /* malformed: as if it were not there */
            return;
        }
        memcpy(dst, j.bytes + at + 1, sig);
        r->route[r->nroutes++] =
            (struct dhcp4_route){.dst = be32(dst),
                                 .via = be32(j.bytes + at + 1 + sig),
                                 .bits = bits};
        at += 1 + sig + 4;
    }
    r->has_routes = r->nroutes > 0;
}

static void add_domain(struct dhcp4_reply *r, const struct dns_name *name)
{
    /* The root is no domain to search; what does not fit is left out. */
    if (name->n < 2 || name->n > DHCP4_SEARCH_MAX - r->nsearch)
        return;
    memcpy(r->search + r->nsearch, name->b, name->n);
    r->nsearch = (uint8_t)(r->nsearch + name->n);
}

/* RFC 3397: names compressed within the option.  Else the one domain of
 * RFC 2132 3.17. */
static void option_search(const struct fields *f, struct dhcp4_reply *r)
{
    struct dns_name name;
    struct joined j;
    size_t at = 0;

    if (option(f, OPT_SEARCH, &j)) {
        while (at < j.n &&
               dns_name_read(&name, (struct span){j.bytes, j.n}, &at))
            add_domain(r, &name);
        return;
    }
    if (!option(f, OPT_DOMAIN, &j))
        return;
    while (j.n > 0 && j.bytes[j.n - 1] == 0) /* some servers end it so */
        j.n--;
    if (dns_name_from(&name, (struct span){j.bytes, j.n}))
        add_domain(r, &name);
}

static void option_client(const struct fields *f, struct dhcp4_reply *r)
{
    struct joined j;

    if (!option(f, OPT_CLIENT, &j))
        return;
    r->nclient = (uint8_t)j.n;
    memcpy(r->client, j.bytes, j.n < DHCP4_CLIENT_MAX ? j.n : DHCP4_CLIENT_MAX);
}

static bool find_fields(struct fields *f, struct span in)
{
    struct joined j;

    *f = (struct fields){
        .options = {in.p + DHCP4_BYTES_MIN, in.n - DHCP4_BYTES_MIN}};
    j = (struct joined){.code = OPT_OVERLOAD};
    if (!scan(&j, f->options))
        return false;
    if (j.n == 1 && (j.bytes[0] & 1))
        f->file = (struct span){in.p + AT_FILE, FILE_BYTES};
    if (j.n == 1 && (j.bytes[0] & 2))
        f->sname = (struct span){in.p + AT_SNAME, SNAME_BYTES};
    j = (struct joined){.code = OPT_PAD};
    return scan(&j, f->file) && scan(&j, f->sname);
}

bool dhcp4_parse(struct dhcp4_reply *out, struct span in)
{
    struct dhcp4_reply r = {0};
    struct fields f;
    struct joined j;

    if (in.n < DHCP4_BYTES_MIN || in.p[0] != BOOT_REPLY ||
        in.p[1] != HTYPE_ETHERNET || in.p[2] != 6 ||
        be32(in.p + AT_COOKIE) != COOKIE || !find_fields(&f, in))
        return false;
    if (!option(&f, OPT_TYPE, &j) || j.n != 1)
        return false;
    r.type = j.bytes[0];
    r.xid = be32(in.p + 4);
    r.yiaddr = be32(in.p + 16);
    r.mac = mac_get(in.p + 28);
    r.server = option_u32(&f, OPT_SERVER);
    r.mask = option_u32(&f, OPT_MASK);
    r.has_lease = option(&f, OPT_LEASE, &j) && j.n == 4;
    r.lease_s = option_u32(&f, OPT_LEASE);
    r.t1_s = option_u32(&f, OPT_T1);
    r.t2_s = option_u32(&f, OPT_T2);
    if (option(&f, OPT_MTU, &j) && j.n == 2)
        r.mtu = be16(j.bytes);
    r.nrouters = option_addrs(&f, OPT_ROUTER, r.router, DHCP4_ROUTERS_MAX);
    r.nservers = option_addrs(&f, OPT_DNS, r.dns, DHCP4_SERVERS_MAX);
    r.nntp = option_addrs(&f, OPT_NTP, r.ntp, DHCP4_NTP_MAX);
    option_routes(&f, &r);
    option_search(&f, &r);
    option_client(&f, &r);
    *out = r;
    return true;
}

static uint8_t *put_option(uint8_t *p, uint8_t code, const void *value,
                           uint8_t n)
{
    p[0] = code;
    p[1] = n;
    memcpy(p + 2, value, n);
    return p + 2 + n;
}

static uint8_t *put_option_u32(uint8_t *p, uint8_t code, uint32_t v)
{
    uint8_t bytes[4];

    if (v == 0)
        return p;
    put_be32(bytes, v);
    return put_option(p, code, bytes, 4);
}

/* RFC 4702: the server is asked to do the updates (S), the name is in wire
 * form (E), and without its final zero when it is a part of a name.  Who says
 * this must not say the old option, too; that is for what is no DNS name. */
static uint8_t *put_name(uint8_t *p, struct span name)
{
    uint8_t fqdn[3 + DHCP4_HOSTNAME_MAX + 2] = {0x05};
    struct dns_name wire;

    if (name.n == 0)
        return p;
    if (name.n > DHCP4_HOSTNAME_MAX)
        name.n = DHCP4_HOSTNAME_MAX;
    if (!dns_name_from(&wire, name) || wire.n < 2)
        return put_option(p, OPT_HOSTNAME, name.p, (uint8_t)name.n);
    if (!memchr(name.p, '.', name.n))
        wire.n--;
    memcpy(fqdn + 3, wire.b, wire.n);
    return put_option(p, OPT_FQDN, fqdn, (uint8_t)(3 + wire.n));
}

static uint8_t *put_client(uint8_t *p, const struct dhcp4_request *r)
{
    uint8_t client[7] = {HTYPE_ETHERNET};

    if (r->client.n && r->client.n <= DHCP4_CLIENT_MAX)
        return put_option(p, OPT_CLIENT, r->client.p, (uint8_t)r->client.n);
    mac_put(client + 1, r->mac);
    return put_option(p, OPT_CLIENT, client, sizeof(client));
}

static uint8_t *put_options(uint8_t *p, const struct dhcp4_request *r)
{
    /* RFC 3442: classless routes are asked for before routers. */
    static const uint8_t wanted[] = {OPT_MASK, OPT_ROUTES, OPT_ROUTER,
                                     OPT_DNS,  OPT_SEARCH, OPT_DOMAIN,
                                     OPT_MTU,  OPT_NTP};
    uint8_t size[2];

    put_be16(size, 1472);
    p = put_option(p, OPT_TYPE, &r->type, 1);
    p = put_client(p, r);
    p = put_option_u32(p, OPT_REQUESTED, r->requested);
    p = put_option_u32(p, OPT_SERVER, r->server);
    if (r->type == DHCP4_DISCOVER || r->type == DHCP4_REQUEST ||
        r->type == DHCP4_INFORM) {
        p = put_option(p, OPT_SIZE, size, sizeof(size));
        p = put_option(p, OPT_PARAMETERS, wanted, sizeof(wanted));
        p = put_name(p, r->hostname);
    }
    *p++ = OPT_END;
    return p;
}

unsigned dhcp4_emit(uint8_t out[DHCP4_OUT_MAX], const struct dhcp4_request *r)
{
    unsigned n;

    memset(out, 0, DHCP4_OUT_MAX);
    out[0] = BOOT_REQUEST;
    out[1] = HTYPE_ETHERNET;
    out[2] = 6;
    put_be32(out + 4, r->xid);
    put_be16(out + 8, r->secs);
    put_be16(out + 10, r->broadcast ? FLAG_BROADCAST : 0);
    put_be32(out + 12, r->ciaddr);
    mac_put(out + 28, r->mac);
    put_be32(out + AT_COOKIE, COOKIE);
    n = (unsigned)(put_options(out + DHCP4_BYTES_MIN, r) - out);
    return n < DHCP4_OUT_MIN ? DHCP4_OUT_MIN : n;
}
