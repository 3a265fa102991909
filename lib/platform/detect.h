/* SPDX-License-Identifier: ISC */
/*
 * detect.h - which platform this machine is on, from what firmware says of it
 * (SMBIOS, DMTF DSP0134), without a network.
 */
#ifndef PLATFORM_DETECT_H
#define PLATFORM_DETECT_H

#include <billet/base.h>

enum {
    SMBIOS_STRUCTS_MAX = 4096, /* beyond: not read */
    SMBIOS_TEXTS_MAX = 255     /* of a structure, as the format has it */
};

/* One structure. */
struct smbios_struct {
    uint8_t type;
    struct span fixed; /* its formatted part, head included */
    struct span texts; /* what follows: each ends in a zero */
};

/* The first of *rest, which moves behind it; false: no more, or it is cut. */
bool smbios_next(struct span *rest, struct smbios_struct *out);
/* Text number `n`, from 1; empty: there is none. */
struct span smbios_text(const struct smbios_struct *, unsigned n);
/* The first structure of that type. */
bool smbios_find(struct span table, uint8_t type, struct smbios_struct *out);
/* The text whose number is at `at` of the structure. */
struct span smbios_field(const struct smbios_struct *, size_t at);

/* One request to a metadata service, and where in its answer the user data
 * is. */
struct metadata_query {
    const char *path;
    const char *field; /* JSON: "a.b"; NULL: all of the answer is it */
    bool base64;
};

struct platform {
    const char *name;
    const char *ipv4, *ipv6; /* the service's addresses; ipv6 may be NULL */
    const char *fields;      /* lines for each request, each with its CRLF */
    /* A token is asked for by PUT, and shown with `token_field`; or NULL. */
    const char *token_path, *token_fields, *token_field;
    struct metadata_query query[2]; /* the second if the first is not there */
    bool low_port;                  /* asks from a port below 1024 */
};

/* NULL: none that is known. */
const struct platform *platform_detect(struct span smbios);

/* Of a system's serial number "ds=nocloud;h=NAME;i=ID": the value of a field
 * ("h" or "local-hostname").  Empty: there is none. */
struct span platform_nocloud(struct span smbios, const char *name,
                             const char *long_name);

#endif
