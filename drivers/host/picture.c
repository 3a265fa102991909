/* SPDX-License-Identifier: ISC */
/*
 * picture.c - see picture.h.
 */
#include <host/picture.h>

#include <base/fmt.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { EACH_MS = 100 };

static struct picture *picture(struct display *d)
{
    return CONTAINER(d, struct picture, display);
}

static bool write_pixels(const struct screen *s, FILE *f)
{
    uint8_t row[3 * SCREEN_WIDTH_MAX];
    const uint32_t *p = s->pixels;

    fprintf(f, "P6\n%u %u\n255\n", s->width, s->height);
    for (uint32_t y = 0; y < s->height; y++) {
        for (uint32_t x = 0; x < s->width; x++, p++) {
            row[3 * x] = (uint8_t)(*p >> 16);
            row[3 * x + 1] = (uint8_t)(*p >> 8);
            row[3 * x + 2] = (uint8_t)*p;
        }
        fwrite(row, 3, s->width, f);
    }
    return !ferror(f);
}

static const char *write_file(struct picture *p)
{
    FILE *f = fopen(p->part, "wb");
    bool done;

    if (!f)
        return strerror(errno);
    done = write_pixels(p->screen, f);
    done &= fclose(f) == 0;
    if (!done || rename(p->part, p->path))
        return strerror(errno);
    p->changed = false;
    return NULL;
}

static bool show(struct display *d, const uint32_t *pixels, uint32_t width,
                 struct rect r, ns_t now)
{
    (void)pixels, (void)width, (void)r, (void)now;
    picture(d)->changed = true;
    return true;
}

static bool poll(struct display *d, ns_t now)
{
    struct picture *p = picture(d);

    if (!p->changed || now < p->next || d->failure)
        return false;
    d->failure = write_file(p);
    p->next = now + EACH_MS * NS_PER_MS;
    return true;
}

static ns_t deadline(const struct display *d)
{
    const struct picture *p = CONTAINER(d, const struct picture, display);

    return p->changed && !d->failure ? p->next : NS_NEVER;
}

static const struct display_ops picture_ops = {
    .show = show, .poll = poll, .deadline = deadline};

const char *picture_open(struct picture *p, const char *path,
                         const struct screen *s)
{
    *p = (struct picture){.display = {.ops = &picture_ops,
                                      .width = s->width,
                                      .height = s->height},
                          .screen = s};
    if (strlen(path) + sizeof(".part") > sizeof(p->part))
        return "its name is too long";
    fmt(p->path, sizeof(p->path), "%s", path);
    fmt(p->part, sizeof(p->part), "%s.part", path);
    fmt(p->display.name, DISPLAY_NAME_BYTES, "a file");
    return write_file(p);
}

void picture_close(struct picture *p)
{
    if (p->changed && !p->display.failure)
        p->display.failure = write_file(p);
}
