/* SPDX-License-Identifier: ISC */
/*
 * user_data.c - which of its two forms user data has, if any.
 */
#include <platform/settings.h>

#include <base/bytes.h>

static bool begins(struct span text, const char *with)
{
    size_t n = strlen(with);

    return text.n >= n && memcmp(text.p, with, n) == 0;
}

static const char *foreign_kind(struct span text)
{
    static const struct {
        const char *with, *kind;
    } kinds[] = {{"#!", "a script"},
                 {"#include", "a list of addresses"},
                 {"#cloud-boothook", "a script"},
                 {"#upstart-job", "a job"},
                 {"#part-handler", "a script"},
                 {"## template:", "a template"},
                 {"Content-Type:", "in MIME parts"},
                 {"MIME-Version:", "in MIME parts"},
                 {"\x1f\x8b", "compressed"},
                 {"{", "JSON"}};

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (begins(text, kinds[i].with))
            return kinds[i].kind;
    return NULL;
}

bool settings_user_data(struct settings *s, enum settings_source source,
                        struct span text, const char **foreign)
{
    if (begins(text, "\xef\xbb\xbf"))
        text = (struct span){text.p + 3, text.n - 3};
    *foreign = foreign_kind(text);
    if (*foreign)
        return true;
    if (begins(text, "#cloud-config"))
        return settings_cloud_config(s, source, text);
    return settings_lines(s, source, text);
}
