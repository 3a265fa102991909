/* SPDX-License-Identifier: ISC */
/*
 * secret.c - what is guarded: from the key, or from a file that was given
 * along.  It is never in the log, and nowhere in /metrics.
 */
#include <string.h>

#include "pinata.h"

enum { SECRET_GOOD_BYTES = 16 /* below: whoever guesses can be sure of it */ };

KEY_STRING(secret, "secret", "TEXT", NULL,
           "what is to be guarded, at most 1,024 bytes; the default is the "
           "file `secret` that was given along, else .oO( SEKRIT )Oo.");

static const char *take(struct pinata *p, const char *text, const char **why)
{
    size_t n = strlen(text);

    if (n == 0 || n > SECRET_BYTES) {
        *why = n ? "--secret is longer than 1,024 bytes" : "--secret is empty";
        return NULL;
    }
    memcpy(p->secret, text, n);
    p->secret_n = n;
    return "the key";
}

/* Where it is from; NULL, and why not. */
static const char *find(struct pinata *p, const char **why)
{
    const char *key = key_string(p->env->keys, &key_secret);
    uint8_t more[SECRET_BYTES + 1];
    size_t n = given_file("secret", (struct mspan){more, sizeof(more)});

    if (n > SECRET_BYTES)
        *why = "the file `secret` is longer than 1,024 bytes";
    else if (n && key)
        *why = "--secret and the file `secret` are both given: which of them "
               "is it?";
    else if (n)
        memcpy(p->secret, more, p->secret_n = n);
    memset(more, 0, sizeof(more));
    __asm__ volatile("" : : "r"(more) : "memory");
    if (*why)
        return NULL;
    if (n)
        return "a file given along";
    if (key)
        return take(p, key, why);
    log_warn(p->env->log, "pinata",
             "no secret is given: it is the one that everybody knows");
    return take(p, ".oO( SEKRIT )Oo.", why);
}

enum err secret_start(struct pinata *p)
{
    const char *why = NULL, *from = find(p, &why);

    if (!from) {
        log_error(p->env->log, "pinata", "%s", why);
        return E_INVAL;
    }
    log_info(p->env->log, "pinata", "the secret has %u bytes, from %s",
             (unsigned)p->secret_n, from);
    if (p->secret_n < SECRET_GOOD_BYTES)
        log_warn(p->env->log, "pinata",
                 "so short a secret can be guessed, and the commitment tells "
                 "who guessed right");
    return OK;
}
