/* SPDX-License-Identifier: ISC */
/*
 * screen.h - a picture that somebody looks at: pixels, letters, a console.
 *
 *     static enum err start(struct env *env)
 *     {
 *         screen_fill(env->screen, (struct rect){0, 0, 64, 64}, 0xff0000);
 *         return OK;
 *     }
 *     BILLET_APP(start, .name = "red");
 *     BILLET_SCREEN;
 *
 * The application owns the pixels and draws when it likes.  What it says has
 * changed is shown at the end of the turn, or as soon as the device is done
 * with what it was shown before: nothing here waits.  A machine without a
 * display has the pixels all the same.
 */
#ifndef BILLET_SCREEN_H
#define BILLET_SCREEN_H

#include <billet/base.h>

struct rect {
    uint32_t x, y, w, h;
};

enum { SCREEN_FONT_WIDTH = 8, SCREEN_FONT_HEIGHT = 16 };

struct screen {
    uint32_t *pixels; /* 0x00RRGGBB; rows from the top, one behind the other */
    uint32_t width, height;
    const char *device; /* "virtio-gpu-pci 00:02.0"; "none" */

    struct rect damage; /* lib/screen's own: changed and not shown yet */
};

/* These pixels have changed.  What lies outside of the screen is left out. */
void screen_show(struct screen *, struct rect);

/* The whole of it. */
static inline struct rect screen_rect(const struct screen *s)
{
    return (struct rect){0, 0, s->width, s->height};
}

/* One colour; shows it. */
void screen_fill(struct screen *, struct rect, uint32_t colour);

/* UTF-8 text in one row from (x, y) down and to the right, as printf() does,
 * 255 bytes of it at most, each pixel of a letter `scale` times as large (1 at
 * least); shows it.  Letters beyond ISO 8859-1 are question marks. */
void screen_text(struct screen *, uint32_t x, uint32_t y, uint32_t scale,
                 uint32_t colour, uint32_t background, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

/*
 * A console in a part of the screen, for text with ANSI sequences: colours
 * (SGR 0, 1, 7, 22, 27, 30 to 37, 39 to 47, 49, 90 to 97, 100 to 107, and
 * 38 and 48 with ;5; or ;2;), the cursor (A B C D G H d f s u, ?25h, ?25l),
 * erasing (J K), \n \r \b \t.  Others are read over.
 */
struct screen_console {
    struct screen *screen;
    uint32_t x, y;          /* pixels, of its left upper corner */
    uint32_t columns, rows; /* letters */
    uint32_t column, row;   /* where the next one goes; column may be columns */

    uint32_t colour, background; /* lib/screen's own */
    uint32_t saved_column, saved_row;
    bool bold, inverse, cursor_hidden, cursor_drawn;
    uint8_t state, nparams;
    bool private, started;
    uint16_t param[9]; /* of a sequence; the last: what is read over */
    uint32_t rune;
    uint8_t rune_left;
};

/* Clears it.  `area` is cut to whole letters, and to the screen. */
void screen_console_init(struct screen_console *, struct screen *,
                         struct rect area);
/* Any bytes; sequences and letters may come in parts. */
void screen_console_write(struct screen_console *, struct span text);

/* The same as printf() does, 1023 bytes at most. */
void screen_console_print(struct screen_console *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Let the log's lines appear there as well: those that it still has first, then
 * each as it comes.  NULL: no more.  The console must stay. */
struct env;
void screen_show_log(struct env *, struct screen_console *);

/* Displays and keyboards, and what joins them to the loop. */
struct screens {
    /* Bytes of the arena that they want. */
    size_t (*bytes)(void);
    MUST_USE enum err (*up)(struct env *);
    bool (*in_use)(void);
    void (*down)(void);
    void (*last_words)(struct env *); /* as a service's */
};
extern const struct screens billet_screens;
extern const struct screens *const billet_app_screens; /* NULL: none */

/* Beside BILLET_APP or one like it: the image has a screen and a keyboard,
 * env->screen and env->input.  Without this line it holds nothing of that. */
#define BILLET_SCREEN                                                          \
    const struct screens *const billet_app_screens = &billet_screens

#endif
