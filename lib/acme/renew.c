/* SPDX-License-Identifier: ISC */
/*
 * renew.c - when the next certificate is due: at two thirds of the life of this
 * one, or within the window that the CA suggests (RFC 9773).
 */
#include <base/bytes.h>
#include <base/fmt.h>
#include <billet/machine.h>

#include "acme_impl.h"

enum {
    AGAIN_MIN_S = 60,
    AGAIN_S = 6 * 3600, /* RFC 9773 4.3.2 */
    AGAIN_MAX_S = 86400,
    /* After a certificate came, whatever it and the CA say: a third of its
     * life, within these. */
    CALM_MIN_S = 10,
    CALM_MAX_S = 3600
};

bool acme_cert_id(struct acme *a, char *out, size_t size)
{
    struct span chain = {a->state.chain, a->state.chain_n};
    struct x509_facts f;
    size_t n, m;

    if (!x509_facts(chain, &f, a->work) || !f.authority_n || !f.serial_n)
        return false;
    n = base64url_bytes(f.authority_n);
    m = base64url_bytes(f.serial_n);
    if (n + m + 2 > size)
        return false;
    base64url(out, (struct span){f.authority, f.authority_n});
    out[n] = '.';
    base64url(out + n + 1, (struct span){f.serial, f.serial_n});
    out[n + 1 + m] = 0;
    return true;
}

/* Any moment of the window, so that not all come at once. */
static int64_t within(const struct acme_window *w)
{
    uint64_t r;

    if (!machine_random((struct mspan){(uint8_t *)&r, sizeof(r)}))
        return w->from_s;
    return w->from_s + (int64_t)(r % (uint64_t)(w->until_s - w->from_s));
}

static bool window(struct acme *a, struct acme_window *w, uint64_t *again_s)
{
    char url[ACME_URL_BYTES + 100], id[160];
    const char *base = a->directory.renewal_info;
    struct acme_reply r;
    size_t n = strlen(base);

    if (!n || !acme_cert_id(a, id, sizeof(id)))
        return false;
    fmt(url, sizeof(url), "%s%s%s", base, base[n - 1] == '/' ? "" : "/", id);
    if (!acme_get(a, url, &r) || !acme_read_window(w, r.body)) {
        log_debug(a->env->log, "acme", "no renewal information: %s", a->why);
        return false;
    }
    if (r.retry_s)
        *again_s = r.retry_s < AGAIN_MIN_S   ? AGAIN_MIN_S
                   : r.retry_s > AGAIN_MAX_S ? AGAIN_MAX_S
                                             : r.retry_s;
    return true;
}

/* Neither a window in the past nor a certificate that has ended may make us ask
 * without end. */
static int64_t calm(const struct acme *a, const struct x509_facts *f,
                    int64_t at)
{
    int64_t third = (f->until_s - f->from_s) / 3, least;

    third = third < CALM_MIN_S ? CALM_MIN_S : third;
    least = (int64_t)a->got_s + (third < CALM_MAX_S ? third : CALM_MAX_S);
    return a->got_s && at < least ? least : at;
}

uint64_t acme_when(struct acme *a, bool ask, uint64_t *again_s)
{
    struct span chain = {a->state.chain, a->state.chain_n};
    struct x509_facts f;
    struct acme_window w;
    int64_t at;

    *again_s = AGAIN_S;
    if (!chain.n || !x509_facts(chain, &f, a->work))
        return 0;
    a->m.expires_seconds = f.until_s > 0 ? (uint64_t)f.until_s : 0;
    at = f.from_s + (f.until_s - f.from_s) / 3 * 2;
    if (ask && window(a, &w, again_s))
        at = within(&w);
    at = calm(a, &f, at);
    a->m.renews_seconds = at > 0 ? (uint64_t)at : 0;
    return a->m.renews_seconds;
}
