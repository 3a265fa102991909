/* SPDX-License-Identifier: ISC */
/*
 * config.c - the sources of keys, in their order, and those that are there
 * before anything else is: fw_cfg and SMBIOS.
 */
#include "config.h"

#include <base/bytes.h>
#include <base/fmt.h>
#include <billet/machine.h>
#include <platform/detect.h>

enum {
    FW_CFG_BYTES = 16384, /* beyond: refused */
    OEM_STRINGS = 11,     /* SMBIOS's type for texts of whoever made it */
    OEM_COUNT_AT = 4
};

static struct settings settings;

struct settings *config_settings(void)
{
    return &settings;
}

bool config_knows(const struct env *env, struct span name)
{
    const struct keys *keys = env->keys;

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
            return true;
    return false;
}

enum err config_apply(struct env *env, char *error, size_t size)
{
    static const char *args[SETTINGS_MAX + 1];
    enum err err = OK;

    env->keys->ngiven = 0;
    for (unsigned source = 0; source < SOURCES && !err; source++) {
        const char *name = settings_source_names[source];
        size_t said = 0;
        unsigned n = 0;

        for (unsigned i = 0; i < settings.n; i++)
            if (settings.list[i].source == source)
                args[n++] = settings.list[i].text;
        args[n] = NULL;
        if (source != SOURCE_COMMAND_LINE)
            said = fmt(error, size, "%s: ", name);
        err = keys_parse(env->keys,
                         source == SOURCE_COMMAND_LINE ? machine_args() : args,
                         name, error + said, size - said);
    }
    return err;
}

static enum err refuse(const char *what, char *error, size_t size)
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
        return refuse("fw_cfg", error, size);
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
                return refuse("SMBIOS", error, size);
        }
    }
    return OK;
}

static enum err start(struct env *env, char *error, size_t size)
{
    enum err err;

    if ((err = from_fw_cfg(error, size)) ||
        (err = from_smbios(env, error, size)))
        return err;
    return config_apply(env, error, size);
}

static const struct config config = {.start = start};
const struct config *const boot_config = &config;
