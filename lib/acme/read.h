/* SPDX-License-Identifier: ISC */
/*
 * read.h - what a CA says, JSON of a stranger, as structs.
 *
 * Each reader returns false, and leaves `out` in any state, for what cannot be
 * gone on with.
 */
#ifndef ACME_READ_H
#define ACME_READ_H

#include <billet/acme.h>

enum {
    ACME_URL_BYTES = 512,   /* with its zero; longer: refused */
    ACME_TOKEN_BYTES = 129, /* likewise */
    ACME_WORDS_BYTES = 200, /* of an error; the rest is cut off */
    ACME_TYPE_BYTES = 48    /* likewise */
};

/* RFC 8555 7.1.6 */
enum acme_status {
    ACME_UNKNOWN,
    ACME_PENDING,
    ACME_READY,
    ACME_PROCESSING,
    ACME_VALID,
    ACME_INVALID,
    ACME_DEACTIVATED,
    ACME_EXPIRED,
    ACME_REVOKED
};
const char *acme_status_name(enum acme_status);

/* RFC 8555 7.1.1; RFC 9773 3 */
struct acme_directory {
    char new_nonce[ACME_URL_BYTES], new_account[ACME_URL_BYTES];
    char new_order[ACME_URL_BYTES];
    char renewal_info[ACME_URL_BYTES]; /* "": the CA has none */
    bool wants_external; /* an account of another kind, which we have not */
};
MUST_USE bool acme_read_directory(struct acme_directory *out, struct span text);

/* RFC 8555 6.7: `type` is without "urn:ietf:params:acme:error:". */
struct acme_problem {
    char type[ACME_TYPE_BYTES], detail[ACME_WORDS_BYTES];
};
/* Whatever the text is; what cannot be read is empty. */
void acme_read_problem(struct acme_problem *out, struct span text);

/* RFC 8555 7.1.3 */
struct acme_order {
    enum acme_status status;
    unsigned n;
    char authorization[ACME_NAMES_MAX][ACME_URL_BYTES];
    char finalize[ACME_URL_BYTES];
    char certificate[ACME_URL_BYTES]; /* "": not yet */
    struct acme_problem problem;
};
MUST_USE bool acme_read_order(struct acme_order *out, struct span text);

/* RFC 8555 7.1.4, 8 */
struct acme_challenge {
    char url[ACME_URL_BYTES]; /* "": it is not offered */
    char token[ACME_TOKEN_BYTES];
};
struct acme_authorization {
    enum acme_status status;
    char name[TLS_HOST_BYTES];
    struct acme_challenge http, alpn;
    struct acme_problem problem; /* of the challenge that failed */
};
MUST_USE bool acme_read_authorization(struct acme_authorization *out,
                                      struct span text);

/* RFC 9773 4.2: seconds since 1970; the end is after the start. */
struct acme_window {
    int64_t from_s, until_s;
};
MUST_USE bool acme_read_window(struct acme_window *out, struct span text);
/* RFC 3339, "2026-01-02T03:04:05Z", with fraction and offset. */
MUST_USE bool acme_read_time(int64_t *out, struct span text);

#endif
