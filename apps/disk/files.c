/* SPDX-License-Identifier: ISC */
/*
 * files.c - what is on a disk that another system has written.
 */
#include "disk.h"

KEY_STRING(label, "label", "NAME", NULL,
           "of the volume with --file (default: the first there is)");

enum { LINE = 160, SEEN_MAX = 1000 /* lines and names shown; beyond: not */ };

static enum err show_dir(struct env *env, struct shelf *s)
{
    struct file *e = &s->each;
    uint64_t cursor = 0;
    enum err err;

    for (unsigned i = 0; i < SEEN_MAX; i++) {
        if ((err = files_next(&s->volume, &s->found, &cursor, e)))
            return err == E_NOENT ? OK : err;
        print_line(env->log, "%s%s %lu", e->name, e->dir ? "/" : "",
                   (unsigned long)e->size);
    }
    return OK;
}

static void say(struct env *env, char *line, size_t n)
{
    line[n] = 0;
    for (size_t i = 0; i < n; i++)
        if (line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    print_line(env->log, "%s", line);
}

static enum err show_text(struct env *env, struct files *f, struct file *file)
{
    uint8_t in[64];
    char line[LINE + 1];
    size_t n = 0, got;
    uint64_t at = 0;
    unsigned lines = 0;
    enum err err;

    while (
        !(err = files_get(f, file, at, (struct mspan){in, sizeof(in)}, &got)) &&
        got > 0 && lines < SEEN_MAX) {
        at += got;
        for (size_t i = 0; i < got; i++) {
            if (in[i] != '\n')
                line[n++] = (char)in[i];
            if (in[i] == '\n' || n == LINE) {
                say(env, line, n);
                n = 0;
                lines++;
            }
        }
    }
    if (n > 0)
        say(env, line, n);
    return err;
}

enum err show_file(struct env *env, struct blk *b, struct shelf *s,
                   const char *path)
{
    struct files *f = &s->volume;
    struct file *file = &s->found;
    enum err err = files_open(env, b, key_string(env->keys, &key_label), f);

    if (err)
        return err;
    print_line(env->log, "volume `%s', %s", f->label,
               f->kind == FILES_FAT ? "FAT" : "ISO 9660");
    if ((err = files_find(f, path, file)))
        return err;
    return file->dir ? show_dir(env, s) : show_text(env, f, file);
}
