/* SPDX-License-Identifier: ISC */
/*
 * path_names.c - whose certificate it is, and whether its CA may say so.
 */
#include <billet/net.h>
#include <string.h>

#include "path_impl.h"

/* One name against one subtree.  A wildcard is within a permitted subtree when
 * all that it stands for is, and within an excluded one when anything is. */
static bool in_subtree(const DNS_entry *name, const Base_entry *base,
                       bool permitted)
{
    switch (base->type) {
    case ASN_IP_TYPE:
        return wolfssl_local_MatchIpSubnet((const byte *)name->name, name->len,
                                           (const byte *)base->name,
                                           base->nameSz);
    case ASN_URI_TYPE:
        return wolfssl_local_MatchUriNameConstraint(name->name, name->len,
                                                    base->name, base->nameSz);
    case ASN_DNS_TYPE:
        if (memchr(name->name, '*', (size_t)name->len))
            return wolfssl_local_MatchDnsConstraintWildcard(
                name->name, name->len, base->name, base->nameSz, permitted);
        break;
    case ASN_RFC822_TYPE:
    case ASN_DIR_TYPE:
        break;
    default: /* other names: the same or not */
        return name->len == base->nameSz &&
               memcmp(name->name, base->name, (size_t)name->len) == 0;
    }
    return name->len >= base->nameSz &&
           wolfssl_local_MatchBaseName(base->type, name->name, name->len,
                                       base->name, base->nameSz);
}

static bool name_within(const DecodedCert *issuer, const DNS_entry *name)
{
    bool fenced = false, inside = false;

    for (const Base_entry *b = issuer->excludedNames; b; b = b->next)
        if (b->type == name->type && in_subtree(name, b, false))
            return false;
    for (const Base_entry *b = issuer->permittedNames; b; b = b->next) {
        if (b->type != name->type)
            continue;
        fenced = true;
        inside = inside || in_subtree(name, b, true);
    }
    return inside || !fenced;
}

static bool list_within(const DecodedCert *issuer, const DNS_entry *list)
{
    for (; list; list = list->next)
        if (!name_within(issuer, list))
            return false;
    return true;
}

static bool text_within(const DecodedCert *issuer, int type, const char *text,
                        int n)
{
    DNS_entry name = {.type = type, .len = n, .name = text};

    return !text || n <= 0 || name_within(issuer, &name);
}

bool path_within(const DecodedCert *issuer, const DecodedCert *cert)
{
    if (issuer->extNameConstraintCrit &&
        issuer->extNameConstraintHasUnsupported)
        return false;
    if (!issuer->permittedNames && !issuer->excludedNames)
        return true;
    return list_within(issuer, cert->altNames) &&
           list_within(issuer, cert->altEmailNames) &&
           list_within(issuer, cert->altDirNames) &&
           list_within(issuer, cert->altOtherNamesRaw) &&
           text_within(issuer, ASN_DIR_TYPE, (const char *)cert->subjectRaw,
                       cert->subjectRawLen) &&
           text_within(issuer, ASN_RFC822_TYPE, cert->subjectEmail,
                       cert->subjectEmailLen);
}

static bool has_address(const DecodedCert *c, const struct ipaddr *a)
{
    bool v4 = ipaddr_is_v4(a);
    const uint8_t *bytes = v4 ? a->b + 12 : a->b;
    int n = v4 ? 4 : 16;

    for (const DNS_entry *e = c->altNames; e; e = e->next)
        if (e->type == ASN_IP_TYPE && e->len == n &&
            memcmp(e->name, bytes, (size_t)n) == 0)
            return true;
    return false;
}

/* Letters of a name are the same in both cases; `*` is the whole of the first
 * label or nothing (RFC 9525 6.3). */
static bool same_name(const char *pattern, size_t n, const char *host)
{
    size_t h = strlen(host), skip;
    const char *dot;

    if (h && host[h - 1] == '.')
        h--;
    if (n > 2 && pattern[0] == '*' && pattern[1] == '.') {
        dot = memchr(host, '.', h);
        skip = dot ? (size_t)(dot - host) : 0;
        if (!skip || !memchr(pattern + 2, '.', n - 2))
            return false;
        pattern++;
        n--;
        host += skip;
        h -= skip;
    }
    if (n != h)
        return false;
    for (size_t i = 0; i < n; i++)
        if (XTOLOWER((unsigned char)pattern[i]) !=
            XTOLOWER((unsigned char)host[i]))
            return false;
    return true;
}

bool path_has_host(const DecodedCert *c, const char *host)
{
    struct ipaddr a;

    if (ipaddr_parse(&a, (struct span){(const uint8_t *)host, strlen(host)}))
        return has_address(c, &a);
    for (const DNS_entry *e = c->altNames; e; e = e->next)
        if (e->type == ASN_DNS_TYPE && same_name(e->name, (size_t)e->len, host))
            return true;
    return false;
}
