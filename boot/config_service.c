/* SPDX-License-Identifier: ISC */
/*
 * config_service.c - keys from the metadata service of the cloud that firmware
 * says we are in, once there is a network and before the application starts.
 *
 * It never keeps an image from starting: when the time is over, it goes on
 * without.  What was needed before, for the network or the plan of memory, is
 * refused with a line in the log.
 */
#include <base/bytes.h>
#include <base/fmt.h>
#include <billet/machine.h>
#include <platform/detect.h>
#include <proto/json.h>

#include "config.h"
#include "config_http.h"

KEY_CHOICE(metadata, "metadata", "auto|off", "auto",
           "whether the metadata service of a cloud is asked for keys");
KEY_UINT(metadata_timeout, "metadata-timeout", "SECONDS", 1, 600, "20",
         "a metadata service that has not answered for so long is done "
         "without");

enum {
    DATA_BYTES = 32768, /* of user data; beyond: refused */
    TOKEN_BYTES = 512,
    STEP_SECONDS = 5, /* for each step of a question */
    LOW_PORT_FIRST = 600,
    LOW_PORTS = 400
};
#define AGAIN_NS (300 * NS_PER_MS)

enum outcome { FOUND, NOTHING, LATER, BROKEN };

static struct {
    struct env *env;
    const struct platform *platform;
    struct ask ask;
    char token[TOKEN_BYTES];
    unsigned asked;  /* questions so far */
    unsigned status; /* of the last answer; 0: there was none */
    const char *why; /* for BROKEN */
    uint8_t data[DATA_BYTES];
    size_t n;
} service;

static unsigned question(const struct ipaddr *to, const char *method,
                         const char *path, const char *fields,
                         struct span *body)
{
    const struct platform *p = service.platform;
    struct ask_for q = {
        .service = *to, .method = method, .path = path, .fields = fields};

    if (p->low_port)
        q.from = (uint16_t)(LOW_PORT_FIRST +
                            (machine_now() / 1000 + service.asked) % LOW_PORTS);
    if (service.token[0]) {
        q.name = p->token_field;
        q.value = service.token;
    }
    service.asked++;
    service.status = ask(&service.ask, &q, body);
    return service.status;
}

/* One line of what can be seen, blanks around it taken off. */
static bool take_token(struct span body)
{
    while (body.n > 0 && body.p[body.n - 1] <= ' ')
        body.n--;
    if (body.n == 0 || body.n >= TOKEN_BYTES)
        return false;
    for (size_t i = 0; i < body.n; i++)
        if (body.p[i] <= ' ' || body.p[i] >= 0x7f)
            return false;
    memcpy(service.token, body.p, body.n);
    service.token[body.n] = 0;
    return true;
}

/* The member "a.b" of an object; false: there is none. */
static bool member(struct span text, const char *path, struct json *out)
{
    char name[64];

    if (!json_parse(out, text))
        return false;
    while (*path) {
        size_t n = strcspn(path, ".");

        if (n >= sizeof(name))
            return false;
        memcpy(name, path, n);
        name[n] = 0;
        if (!json_get(out, name, out))
            return false;
        path += path[n] ? n + 1 : n;
    }
    return true;
}

static enum outcome broken(const char *why)
{
    service.why = why;
    return BROKEN;
}

/* The user data of an answer to service.data. */
static enum outcome take_body(const struct metadata_query *q, struct span body)
{
    struct mspan room = {service.data, DATA_BYTES};
    struct json v;

    service.n = 0;
    if (q->field) {
        if (!json_parse(&v, body))
            return broken("its answer is not JSON");
        if (!member(body, q->field, &v) || v.kind == JSON_NULL)
            return NOTHING;
        if (!json_text(&v, room, &service.n))
            return broken("its user data is no text, or longer than 32,768 "
                          "bytes");
        body = (struct span){service.data, service.n};
    }
    if (q->base64) {
        if (!base64_decode(body, room, &service.n))
            return broken("its user data is no base64, or longer than 32,768 "
                          "bytes");
    } else if (!q->field) {
        if (body.n > room.n)
            return broken("its user data is longer than 32,768 bytes");
        memcpy(room.p, body.p, body.n);
        service.n = body.n;
    }
    return service.n ? FOUND : NOTHING;
}

static bool is_final(unsigned status)
{
    return status == 404 || status == 410 || status == 204;
}

static enum outcome try_once(const struct ipaddr *to)
{
    const struct platform *p = service.platform;
    enum outcome outcome = LATER;
    struct span body;

    service.token[0] = 0;
    if (p->token_path) {
        if (question(to, "PUT", p->token_path, p->token_fields, &body) != 200)
            return LATER;
        if (!take_token(body))
            return broken("its token makes no sense");
    }
    for (unsigned i = 0; i < 2 && p->query[i].path; i++) {
        unsigned status =
            question(to, "GET", p->query[i].path, p->fields, &body);

        if (status == 200)
            outcome = take_body(&p->query[i], body);
        else
            outcome = is_final(status) ? NOTHING : LATER;
        if (outcome == FOUND || (outcome == LATER && status == 0))
            return outcome;
    }
    return outcome;
}

static enum outcome find(ns_t until)
{
    const struct platform *p = service.platform;
    enum outcome outcome = LATER;
    struct env *env = service.env;

    service.ask.env = env;
    for (unsigned i = 0; outcome == LATER && machine_now() < until; i++) {
        ns_t left = until - machine_now();
        struct ipaddr to;

        service.ask.fs.timeout =
            left < STEP_SECONDS * NS_PER_SEC ? left : STEP_SECONDS * NS_PER_SEC;
        if (ipaddr_parse(&to, span_of(p->ipv6 && i % 2 ? p->ipv6 : p->ipv4)))
            outcome = try_once(&to);
        if (outcome == LATER && fiber_sleep(env, AGAIN_NS))
            break;
    }
    return outcome;
}

static void say_outcome(enum outcome outcome, unsigned seconds)
{
    struct log *log = service.env->log;
    const char *name = service.platform->name;

    switch (outcome) {
    case FOUND:
        log_info(log, "keys", "%s: %u bytes of user data", name,
                 (unsigned)service.n);
        return;
    case NOTHING:
        log_info(log, "keys", "%s: there is no user data", name);
        return;
    case BROKEN:
        log_warn(log, "keys", "%s: the metadata service: %s; going on without",
                 name, service.why);
        return;
    case LATER:
        if (service.status)
            log_warn(log, "keys",
                     "%s: the metadata service answers %u, and that for %u s; "
                     "going on without",
                     name, service.status, seconds);
        else
            log_warn(log, "keys",
                     "%s: the metadata service has not answered for %u s; "
                     "going on without",
                     name, seconds);
        return;
    }
}

void config_service(struct env *env)
{
    unsigned seconds = (unsigned)key_uint(env->keys, &key_metadata_timeout);
    const char *foreign = NULL;
    enum outcome outcome;

    service.platform = platform_detect(machine_smbios());
    if (!service.platform)
        return;
    if (strcmp(key_string(env->keys, &key_metadata), "off") == 0) {
        log_info(env->log, "keys", "%s, whose metadata service is not asked",
                 service.platform->name);
        return;
    }
    service.env = env;
    log_info(env->log, "keys", "%s: asking its metadata service",
             service.platform->name);
    outcome = find(machine_now() + seconds * NS_PER_SEC);
    say_outcome(outcome, seconds);
    if (outcome != FOUND)
        return;
    if (!settings_user_data(config_settings(), SOURCE_SERVICE,
                            (struct span){service.data, service.n}, &foreign))
        config_refuse(env, "metadata service", config_settings()->why);
    if (foreign)
        log_warn(env->log, "keys",
                 "%s: the user data is %s, which is not for an image",
                 service.platform->name, foreign);
    config_late(env, SOURCE_SERVICE);
}
