/* SPDX-License-Identifier: ISC */
/*
 * screen_impl.h - screen and keyboard as drivers and boot/ see them.
 */
#ifndef SCREEN_IMPL_H
#define SCREEN_IMPL_H

#include <billet/input.h>
#include <billet/screen.h>

enum {
    SCREEN_WIDTH_MIN = 320,
    SCREEN_HEIGHT_MIN = 200,
    SCREEN_WIDTH_MAX = 4096,
    SCREEN_HEIGHT_MAX = 2160,
    SCREEN_TEXT_BYTES = 256,   /* of a row of letters */
    SCREEN_PRINT_BYTES = 1024, /* of what a console prints at once */
    DISPLAY_NAME_BYTES = 48
};

/* The part of `r` that lies within `width` by `height`; w and h are 0 together,
 * when there is none. */
struct rect rect_cut(struct rect r, uint32_t width, uint32_t height);
/* The smallest that holds both. */
struct rect rect_join(struct rect a, struct rect b);

/* One letter; shows nothing. */
void screen_glyph(struct screen *, uint32_t x, uint32_t y, uint32_t ch,
                  uint32_t colour, uint32_t background, uint32_t scale);
/* The next letter of UTF-8 text, '?' for what is none; 0 at its end. */
uint32_t screen_rune(const char **text);

/* What shows a picture.  `failure` is half a sentence once it has failed. */
struct display {
    const struct display_ops *ops;
    char name[DISPLAY_NAME_BYTES];
    uint32_t width, height; /* what can be seen */
    const char *failure;
};

struct display_ops {
    /* Show these pixels, which lie within the picture; `width` of them are a
     * row.  False: not now, poll() says when. */
    bool (*show)(struct display *, const uint32_t *pixels, uint32_t width,
                 struct rect, ns_t now);
    /* The rest may be NULL: it shows at once.  Whether anything was done. */
    bool (*poll)(struct display *, ns_t now);
    bool (*arm)(struct display *);
    ns_t (*deadline)(const struct display *);
};

/* A layout: what each key says. */
enum { KEYMAP_KEYS = 96 };
struct keymap {
    const char *name;
    /* Plain, with shift, with AltGr; ISO 8859-1; 0: nothing. */
    const uint8_t *plain, *shift, *alt_gr;
};
/* "us", "de"; NULL: there is none of that name. */
const struct keymap *keymap_find(const char *name);

void input_init(struct input *, const struct keymap *);
/* A driver says: this key went down or up. */
void input_key(struct input *, ns_t now, unsigned code, bool pressed);
/* Whether there is something to tell who listens; and tell it. */
bool input_pending(const struct input *);
void input_deliver(struct input *);

extern const struct metrics_group input_metrics_group;

#endif
