/* SPDX-License-Identifier: ISC */
/*
 * input.c - keys as a queue of events, with the character of each.
 */
#include <screen/screen_impl.h>

METRICS_TABLE(input, INPUT_METRICS);

void input_init(struct input *in, const struct keymap *map)
{
    *in = (struct input){.map = map, .devices = "none"};
}

static uint8_t held(const struct input *in)
{
    const bool *down = in->down;
    bool shift = down[KEY_CODE_LEFT_SHIFT] || down[KEY_CODE_RIGHT_SHIFT];
    bool ctrl = down[KEY_CODE_LEFT_CTRL] || down[KEY_CODE_RIGHT_CTRL];
    bool alt_gr = down[KEY_CODE_RIGHT_ALT];

    return (uint8_t)((shift ? INPUT_SHIFT : 0) | (ctrl ? INPUT_CTRL : 0) |
                     (down[KEY_CODE_LEFT_ALT] ? INPUT_ALT : 0) |
                     (alt_gr ? INPUT_ALT_GR : 0));
}

static bool is_letter(uint8_t ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 0xe0 && ch != 0xf7);
}

static uint32_t character(const struct input *in, unsigned code, uint8_t with)
{
    const struct keymap *map = in->map;
    uint8_t plain;

    if (code == KEY_CODE_KP_ENTER)
        return '\n';
    if (code == KEY_CODE_KP_SLASH)
        return '/';
    if (code >= KEYMAP_KEYS)
        return 0;
    plain = map->plain[code];
    if (with & INPUT_ALT_GR && map->alt_gr)
        return map->alt_gr[code];
    if (with & INPUT_CTRL) /* as terminals have it */
        return plain >= 'a' && plain <= 'z' ? plain & 0x1fu : 0;
    if (!(with & INPUT_SHIFT) != !(in->caps && is_letter(plain)))
        return map->shift[code];
    return plain;
}

void input_key(struct input *in, ns_t now, unsigned code, bool pressed)
{
    struct input_event e = {.at = now, .pressed = pressed};

    if (code == 0 || code >= INPUT_CODES)
        return;
    if (!pressed && !in->down[code]) /* whose press nobody saw */
        return;
    e.code = (uint8_t)code;
    e.repeated = pressed && in->down[code];
    in->down[code] = pressed;
    if (code == KEY_CODE_CAPS_LOCK && pressed && !e.repeated)
        in->caps = !in->caps;
    e.held = held(in);
    if (pressed)
        e.ch = character(in, code, e.held);
    in->counters.events++;
    if (in->n == INPUT_QUEUE) {
        in->counters.dropped++;
        return;
    }
    in->offered = false;
    in->queue[(in->first + in->n++) % INPUT_QUEUE] = e;
}

bool input_next(struct input *in, struct input_event *out)
{
    if (in->n == 0)
        return false;
    *out = in->queue[in->first];
    in->first = (in->first + 1) % INPUT_QUEUE;
    in->n--;
    return true;
}

void input_listen(struct input *in, void (*on_keys)(struct input *, void *),
                  void *user)
{
    in->on_keys = on_keys;
    in->user = user;
    in->offered = false;
}

bool input_pending(const struct input *in)
{
    return in->n > 0 && in->on_keys && !in->offered;
}

void input_deliver(struct input *in)
{
    in->offered = true;
    in->on_keys(in, in->user);
}
