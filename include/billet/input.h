/* SPDX-License-Identifier: ISC */
/*
 * input.h - keys that somebody presses and releases.
 *
 *     static void on_keys(struct input *in, void *user)
 *     {
 *         struct input_event e;
 *
 *         while (input_next(in, &e))
 *             if (e.pressed && e.code == KEY_CODE_UP) ...
 *     }
 *     input_listen(env->input, on_keys, game);
 */
#ifndef BILLET_INPUT_H
#define BILLET_INPUT_H

#include <billet/base.h>
#include <billet/metrics.h>

/* Where a key is on a keyboard, whatever is printed on it: Linux's numbers,
 * which are virtio's, and those of PS/2's first set.  A few by name. */
enum key_code {
    KEY_CODE_ESC = 1,
    KEY_CODE_BACKSPACE = 14,
    KEY_CODE_TAB = 15,
    KEY_CODE_ENTER = 28,
    KEY_CODE_LEFT_CTRL = 29,
    KEY_CODE_LEFT_SHIFT = 42,
    KEY_CODE_RIGHT_SHIFT = 54,
    KEY_CODE_LEFT_ALT = 56,
    KEY_CODE_SPACE = 57,
    KEY_CODE_CAPS_LOCK = 58,
    KEY_CODE_F1 = 59, /* to F10 at 68 */
    KEY_CODE_KP_ENTER = 96,
    KEY_CODE_RIGHT_CTRL = 97,
    KEY_CODE_KP_SLASH = 98,
    KEY_CODE_PRINT = 99,
    KEY_CODE_RIGHT_ALT = 100,
    KEY_CODE_HOME = 102,
    KEY_CODE_UP = 103,
    KEY_CODE_PAGE_UP = 104,
    KEY_CODE_LEFT = 105,
    KEY_CODE_RIGHT = 106,
    KEY_CODE_END = 107,
    KEY_CODE_DOWN = 108,
    KEY_CODE_PAGE_DOWN = 109,
    KEY_CODE_INSERT = 110,
    KEY_CODE_DELETE = 111,
    KEY_CODE_PAUSE = 119,
    KEY_CODE_LEFT_META = 125,
    KEY_CODE_RIGHT_META = 126,
    KEY_CODE_MENU = 127
};

/* What is held down together with it. */
enum { INPUT_SHIFT = 1, INPUT_CTRL = 2, INPUT_ALT = 4, INPUT_ALT_GR = 8 };

enum {
    INPUT_QUEUE = 64,  /* events; beyond: the newest is dropped, and counted */
    INPUT_CODES = 256, /* key codes; others are dropped */
};

struct input_event {
    ns_t at;       /* when it was read from the device */
    uint32_t ch;   /* the character of a press, by the layout; 0: none */
    uint8_t code;  /* enum key_code */
    uint8_t held;  /* INPUT_SHIFT and so on */
    bool pressed;  /* else released */
    bool repeated; /* it is held down, and pressed all the time */
};

#define INPUT_METRICS(X)                                                       \
    X(COUNTER, events, "", "Keys pressed, repeated or released")               \
    X(COUNTER, dropped, "", "Such events dropped because nobody took them")
METRICS_STRUCT(input, INPUT_METRICS);

struct input {
    struct input_metrics counters;
    bool down[INPUT_CODES]; /* which keys are held down just now */
    const char *devices;    /* "PS/2", "virtio" and so on; "none" */

    /* lib/screen's own */
    struct input_event queue[INPUT_QUEUE];
    unsigned first, n;
    const struct keymap *map;
    bool caps, offered; /* nothing came since on_keys was called */
    void (*on_keys)(struct input *, void *user);
    void *user;
};

/* The oldest event that nobody took.  False: there is none. */
bool input_next(struct input *, struct input_event *out);

/* Be called when keys come; those that nobody took count.  NULL: no more.  The
 * image lives on while somebody listens. */
void input_listen(struct input *, void (*on_keys)(struct input *, void *user),
                  void *user);

#endif
