/* SPDX-License-Identifier: ISC */
/*
 * fuzz_acme.c - any bytes as what a CA says: the first byte chooses what it is
 * taken for.
 *
 * What is taken leads to https alone, ends within its bounds, and can be served
 * from a path.
 */
#include <acme/read.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void must(bool claim)
{
    if (!claim)
        abort();
}

static void is_url(const char *url, bool optional)
{
    must(memchr(url, 0, ACME_URL_BYTES) != NULL);
    must((optional && !*url) || strncasecmp(url, "https://", 8) == 0);
}

static void is_words(const struct acme_problem *p)
{
    must(memchr(p->type, 0, sizeof(p->type)) != NULL);
    must(memchr(p->detail, 0, sizeof(p->detail)) != NULL);
    for (const char *c = p->detail; *c; c++)
        must(*c >= 0x20 && *c < 0x7f);
}

static void is_challenge(const struct acme_challenge *c)
{
    is_url(c->url, true);
    must(!c->url[0] || (strlen(c->token) >= 22 && !strchr(c->token, '/') &&
                        !strchr(c->token, '.')));
}

static void authorization(struct span in)
{
    static struct acme_authorization z;

    if (!acme_read_authorization(&z, in))
        return;
    must(memchr(z.name, 0, sizeof(z.name)) != NULL);
    is_challenge(&z.http);
    is_challenge(&z.alpn);
    is_words(&z.problem);
}

static void order(struct span in)
{
    static struct acme_order o;

    if (!acme_read_order(&o, in))
        return;
    must(o.n > 0 && o.n <= ACME_NAMES_MAX && o.status != ACME_UNKNOWN);
    for (unsigned i = 0; i < o.n; i++)
        is_url(o.authorization[i], false);
    is_url(o.finalize, false);
    is_url(o.certificate, true);
    is_words(&o.problem);
}

static void directory(struct span in)
{
    static struct acme_directory d;

    if (!acme_read_directory(&d, in))
        return;
    is_url(d.new_nonce, false);
    is_url(d.new_account, false);
    is_url(d.new_order, false);
    is_url(d.renewal_info, true);
}

static void rest(struct span in)
{
    struct acme_problem p;
    struct acme_window w;

    acme_read_problem(&p, in);
    is_words(&p);
    if (acme_read_window(&w, in))
        must(w.until_s > w.from_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span in = {data + 1, size - 1};

    if (size == 0)
        return 0;
    switch (data[0] % 4) {
    case 0:
        directory(in);
        break;
    case 1:
        order(in);
        break;
    case 2:
        authorization(in);
        break;
    default:
        rest(in);
    }
    return 0;
}
