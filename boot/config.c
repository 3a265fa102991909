/* SPDX-License-Identifier: ISC */
/*
 * config.c - the sources of keys, in their order, and those that are there
 * before anything else is: fw_cfg and SMBIOS.
 */
#include "config.h"

#include <base/bytes.h>
#include <base/fmt.h>
#include <billet/machine.h>
#include <log/log_impl.h>
#include <platform/detect.h>

#include "key_log.h"

enum {
    FW_CFG_BYTES = 16384, /* beyond: refused */
    OEM_STRINGS = 11,     /* SMBIOS's type for texts of whoever made it */
    OEM_COUNT_AT = 4,
    KEYS_MAX = 256 /* that an image can have */
};

static struct settings settings;
/* For each key whether anyone has asked for it. */
static bool was_read[KEYS_MAX];

struct settings *config_settings(void)
{
    return &settings;
}

/* "--uplink.ipv4=..." is about the key `ipv4`. */
static const struct key *key_of(const struct keys *keys, struct span name)
{
    const uint8_t *equals = name.n ? memchr(name.p, '=', name.n) : NULL;

    if (equals)
        name.n = (size_t)(equals - name.p);
    if (name.n > 2 && memcmp(name.p, "--", 2) == 0)
        name = (struct span){name.p + 2, name.n - 2};
    for (size_t i = name.n; i > 0; i--)
        if (name.p[i - 1] == '.') {
            name = (struct span){name.p + i, name.n - i};
            break;
        }
    for (const struct key *k = keys->first; k != keys->end; k++)
        if (span_eq(name, span_of(k->name)) ||
            (k->alias && span_eq(name, span_of(k->alias))))
            return k;
    return NULL;
}

bool config_knows(const struct env *env, struct span name)
{
    return key_of(env->keys, name) != NULL;
}

/* Of the machine's arguments, those of the image stand before a "--": its
 * configuration area has them, and what is typed at the boot loader comes
 * after.  Without it all are the command line. */
static unsigned of_the_image(const char *const *line, const char **args)
{
    for (unsigned n = 0; line[n] && n < SETTINGS_MAX; n++) {
        if (strcmp(line[n], "--") == 0)
            return n;
        args[n] = line[n];
    }
    return 0;
}

enum err config_apply(struct env *env, char *error, size_t size)
{
    static const char *args[SETTINGS_MAX + 1];
    const char *const *line = machine_args();
    unsigned own = of_the_image(line, args);
    enum err err = OK;

    env->keys->ngiven = 0;
    for (unsigned source = 0; source < SOURCES && !err; source++) {
        const char *name = settings_source_names[source];
        size_t said = 0;
        unsigned n = source == SOURCE_IMAGE ? own : 0;

        for (unsigned i = 0; i < settings.n; i++)
            if (settings.list[i].source == source)
                args[n++] = settings.list[i].text;
        args[n] = NULL;
        if (source != SOURCE_COMMAND_LINE)
            said = fmt(error, size, "%s: ", name);
        err = keys_parse(env->keys,
                         source == SOURCE_COMMAND_LINE ? line + own : args,
                         name, error + said, size - said);
    }
    return err;
}

_Noreturn void config_refuse(struct env *env, const char *source,
                             const char *why)
{
    char error[KEYS_ERROR_BYTES];

    fmt(error, sizeof(error), "%s: %s", source, why);
    key_log_refuse(env, error);
}

void config_again(struct env *env, enum settings_source source)
{
    char error[KEYS_ERROR_BYTES];

    if (config_apply(env, error, sizeof(error)))
        key_log_refuse(env, error);
    key_log_levels(env);
    key_log_given(env, settings_source_names[source]);
}

void config_late(struct env *env, enum settings_source source)
{
    const struct keys *keys = env->keys;

    for (unsigned i = 0; i < settings.n; i++) {
        struct setting *s = &settings.list[i];
        const struct key *k = key_of(keys, span_of(s->text));

        if (s->source != source || !k || !was_read[k - keys->first] ||
            strcmp(k->name, "logs") == 0)
            continue;
        s->source = SOURCES; /* of nobody */
        log_error(env->log, "keys",
                  "--%s from the %s is refused: it was needed before that "
                  "could be asked",
                  k->name, settings_source_names[source]);
    }
    config_again(env, source);
}

static enum err say_why(const char *what, char *error, size_t size)
{
    fmt(error, size, "%s: %s", what, settings.why);
    return E_INVAL;
}

static enum err from_fw_cfg(char *error, size_t size)
{
    static uint8_t text[FW_CFG_BYTES + 1];
    size_t n = machine_config((struct mspan){text, sizeof(text)});

    if (n > FW_CFG_BYTES) {
        fmt(error, size, "fw_cfg: the keys are longer than %u bytes",
            FW_CFG_BYTES);
        return E_FULL;
    }
    if (!settings_lines(&settings, SOURCE_FW_CFG, (struct span){text, n}))
        return say_why("fw_cfg", error, size);
    return OK;
}

/* "billet:KEY=VALUE" and "org.billet:KEY=VALUE" are for us.  Without that, only
 * what is a key: others keep texts of their own there. */
static bool is_ours(const struct env *env, struct span *text)
{
    static const char *const marks[] = {"org.billet:", "billet:"};
    const uint8_t *equals;

    for (unsigned i = 0; i < 2; i++) {
        size_t n = strlen(marks[i]);

        if (text->n > n && memcmp(text->p, marks[i], n) == 0) {
            *text = (struct span){text->p + n, text->n - n};
            return true;
        }
    }
    equals = memchr(text->p, '=', text->n);
    return equals &&
           config_knows(env,
                        (struct span){text->p, (size_t)(equals - text->p)});
}

static enum err from_smbios(const struct env *env, char *error, size_t size)
{
    struct span table = machine_smbios(), text;
    struct smbios_struct s;

    for (unsigned i = 0; i < SMBIOS_STRUCTS_MAX && smbios_next(&table, &s);
         i++) {
        unsigned n = s.type == OEM_STRINGS && s.fixed.n > OEM_COUNT_AT
                         ? s.fixed.p[OEM_COUNT_AT]
                         : 0;

        for (unsigned k = 1; k <= n; k++) {
            text = smbios_text(&s, k);
            if (text.n > 0 && is_ours(env, &text) &&
                !settings_add(&settings, SOURCE_SMBIOS, text, NULL))
                return say_why("SMBIOS", error, size);
        }
    }
    return OK;
}

/* The other thing that NoCloud says by SMBIOS: "ds=nocloud;h=NAME". */
static void take_host(const struct env *env)
{
    struct span name =
        platform_nocloud(machine_smbios(), "h", "local-hostname");

    if (name.n > 0 && config_knows(env, SPAN("hostname")))
        (void)!settings_add(&settings, SOURCE_SMBIOS, SPAN("hostname"), &name);
}

static enum err start(struct env *env, char *error, size_t size)
{
    enum err err;

    ASSERT(env->keys->end - env->keys->first <= KEYS_MAX);
    env->keys->read = was_read;
    if ((err = from_fw_cfg(error, size)) ||
        (err = from_smbios(env, error, size)))
        return err;
    take_host(env);
    return config_apply(env, error, size);
}

static const struct config config = {.start = start};
const struct config *const boot_config = &config;
