/* SPDX-License-Identifier: ISC */
/*
 * settings.c - lines of key=value, and where all settings are kept.
 */
#include <platform/settings.h>

#include <base/bytes.h>
#include <base/fmt.h>

const char *const settings_source_names[SOURCES] = {
    [SOURCE_IMAGE] = "image",
    [SOURCE_SERVICE] = "metadata service",
    [SOURCE_CONFIG_2_NETWORK] = "config-2 disk's network data",
    [SOURCE_CONFIG_2_META] = "config-2 disk's metadata",
    [SOURCE_CONFIG_2] = "config-2 disk",
    [SOURCE_CIDATA_NETWORK] = "cidata disk's network-config",
    [SOURCE_CIDATA_META] = "cidata disk's meta-data",
    [SOURCE_CIDATA] = "cidata disk",
    [SOURCE_SMBIOS] = "SMBIOS",
    [SOURCE_FW_CFG] = "fw_cfg",
    [SOURCE_COMMAND_LINE] = "command line"};

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct span trim(struct span s)
{
    while (s.n > 0 && is_blank(s.p[0]))
        s = (struct span){s.p + 1, s.n - 1};
    while (s.n > 0 && is_blank(s.p[s.n - 1]))
        s.n--;
    return s;
}

static bool put(struct settings *s, struct span text, size_t *at)
{
    if (text.n >= SETTINGS_BYTES - *at) {
        fmt(s->why, sizeof(s->why),
            "the texts of all keys are longer than %u "
            "bytes",
            SETTINGS_BYTES);
        return false;
    }
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < ' ' || text.p[i] == 0x7f) {
            fmt(s->why, sizeof(s->why), "a control character");
            return false;
        }
    if (text.n > 0)
        memcpy(s->text + *at, text.p, text.n);
    *at += text.n;
    return true;
}

bool settings_add(struct settings *s, enum settings_source source,
                  struct span name, const struct span *value)
{
    size_t at = s->used;

    if (s->n == SETTINGS_MAX) {
        fmt(s->why, sizeof(s->why), "more than %u keys", SETTINGS_MAX);
        return false;
    }
    if (!put(s, name, &at) ||
        (value && (!put(s, SPAN("="), &at) || !put(s, *value, &at))))
        return false;
    s->text[at] = 0;
    s->list[s->n++] =
        (struct setting){.text = s->text + s->used, .source = (uint8_t)source};
    s->used = at + 1;
    return true;
}

static bool is_name(struct span s)
{
    for (size_t i = 0; i < s.n; i++) {
        uint8_t c = s.p[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !(c >= '0' && c <= '9') && c != '-' && c != '.' && c != '_')
            return false;
    }
    return s.n > 0;
}

/* Takes the quotes off: what is between the first, at s.p[0], and its fellow.
 * 0: there is none; else the bytes read.  *out has room for s.n bytes. */
static size_t unquote(struct span s, uint8_t *out, size_t *n)
{
    size_t at = 1;

    for (*n = 0; at < s.n && s.p[at] != '"'; at++) {
        if (s.p[at] == '\\' && at + 1 < s.n &&
            (s.p[at + 1] == '"' || s.p[at + 1] == '\\'))
            at++;
        out[(*n)++] = s.p[at];
    }
    return at < s.n ? at + 1 : 0;
}

static const char *take_pair(struct settings *s, enum settings_source source,
                             struct span line, uint8_t *room)
{
    const uint8_t *equals = memchr(line.p, '=', line.n);
    struct span name = line, value = {0};
    size_t n;

    if (equals) {
        name = trim((struct span){line.p, (size_t)(equals - line.p)});
        value = trim(
            (struct span){equals + 1, line.n - 1 - (size_t)(equals - line.p)});
    }
    if (!is_name(name))
        return "neither key=value nor a comment";
    if (value.n > 0 && value.p[0] == '"') {
        if (unquote(value, room, &n) != value.n)
            return "a quote that is not closed at the end of the line";
        value = (struct span){room, n};
    }
    return settings_add(s, source, name, equals ? &value : NULL) ? NULL
                                                                 : s->why;
}

/* A line of arguments, quotes anywhere in them. */
static const char *take_words(struct settings *s, enum settings_source source,
                              struct span line, uint8_t *room)
{
    while ((line = trim(line)).n > 0) {
        size_t at = 0, n = 0, got;

        while (at < line.n && !is_blank(line.p[at])) {
            size_t used = 1;

            if (line.p[at] == '"') {
                used = unquote((struct span){line.p + at, line.n - at},
                               room + n, &got);
                n += got;
            } else {
                room[n++] = line.p[at];
            }
            if (used == 0)
                return "a quote that is not closed";
            at += used;
        }
        if (!settings_add(s, source, (struct span){room, n}, NULL))
            return s->why;
        line = (struct span){line.p + at, line.n - at};
    }
    return NULL;
}

static bool refuse_line(struct settings *s, unsigned line, const char *why)
{
    char text[SETTINGS_WHY_BYTES];

    fmt(text, sizeof(text), "line %u: %s", line, why);
    memcpy(s->why, text, sizeof(text));
    return false;
}

static const char *take_line(struct settings *s, enum settings_source source,
                             struct span line)
{
    if (line.n == 0 || line.p[0] == '#')
        return NULL;
    if (line.n > sizeof(s->room))
        return "longer than 4096 bytes";
    if (line.n > 2 && line.p[0] == '-' && line.p[1] == '-')
        return take_words(s, source, line, s->room);
    return take_pair(s, source, line, s->room);
}

bool settings_lines(struct settings *s, enum settings_source source,
                    struct span text)
{
    while (text.n > 0 && text.p[text.n - 1] == 0)
        text.n--; /* a text that some hosts end as C does */
    for (unsigned line = 1; text.n > 0; line++) {
        const uint8_t *end = memchr(text.p, '\n', text.n);
        size_t n = end ? (size_t)(end - text.p) : text.n;
        const char *why = take_line(s, source, trim((struct span){text.p, n}));

        if (why)
            return refuse_line(s, line, why);
        n += end != NULL;
        text = (struct span){text.p + n, text.n - n};
    }
    return true;
}
