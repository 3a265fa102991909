/* SPDX-License-Identifier: ISC */
/*
 * keys.c - see keys.h.
 */
#include <host/keys.h>

#include <hosted/watch.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { ESC = 033, DEL = 0177, SEQUENCE_MAX = 8 /* beyond: thrown away */ };

static void press(host_key_fn *key, void *user, unsigned code, unsigned with)
{
    if (with)
        key(user, with, true);
    key(user, code, true);
    key(user, code, false);
    if (with)
        key(user, with, false);
}

static unsigned find(const uint8_t *row, uint32_t ch)
{
    for (unsigned code = 1; row && code < KEYMAP_KEYS; code++)
        if (row[code] == ch)
            return code;
    return 0;
}

static void type(const struct keymap *map, uint32_t ch, host_key_fn *key,
                 void *user)
{
    unsigned code;

    if (ch == 0 || ch > 0xff)
        return;
    if (ch == '\r')
        ch = '\n';
    if (ch == DEL)
        ch = '\b';
    if ((code = find(map->plain, ch)))
        press(key, user, code, 0);
    else if ((code = find(map->shift, ch)))
        press(key, user, code, KEY_CODE_LEFT_SHIFT);
    else if ((code = find(map->alt_gr, ch)))
        press(key, user, code, KEY_CODE_RIGHT_ALT);
    else if (ch < 0x20 && (code = find(map->plain, ch | 0x60)))
        press(key, user, code, KEY_CODE_LEFT_CTRL);
}

/* ESC [ X, ESC O X, ESC [ N ~. */
static unsigned sequence_key(const uint8_t *p, unsigned n)
{
    static const uint8_t letters[][2] = {
        {'A', KEY_CODE_UP},   {'B', KEY_CODE_DOWN}, {'C', KEY_CODE_RIGHT},
        {'D', KEY_CODE_LEFT}, {'H', KEY_CODE_HOME}, {'F', KEY_CODE_END}};
    static const uint8_t numbers[] = {
        ['1'] = KEY_CODE_HOME,    ['2'] = KEY_CODE_INSERT,
        ['3'] = KEY_CODE_DELETE,  ['4'] = KEY_CODE_END,
        ['5'] = KEY_CODE_PAGE_UP, ['6'] = KEY_CODE_PAGE_DOWN};

    if (n == 4 && p[3] == '~' && p[2] < sizeof(numbers))
        return numbers[p[2]];
    for (unsigned i = 0; n == 3 && i < ARRAY_LEN(letters); i++)
        if (letters[i][0] == p[2])
            return letters[i][1];
    return 0;
}

static unsigned take_sequence(struct span in, bool more, host_key_fn *key,
                              void *user)
{
    unsigned n = 2, code;

    if (in.n == 1 && more)
        return 0;
    if (in.n == 1 || (in.p[1] != '[' && in.p[1] != 'O')) {
        press(key, user, KEY_CODE_ESC, 0);
        return 1;
    }
    while (n < in.n && n < SEQUENCE_MAX && (in.p[n] < 0x40 || in.p[n] > 0x7e))
        n++;
    if (n == in.n)
        return more ? 0 : n;
    if ((code = sequence_key(in.p, n + 1)))
        press(key, user, code, 0);
    return n + 1;
}

unsigned host_keys_take(const struct keymap *map, struct span in, bool more,
                        host_key_fn *key, void *user)
{
    unsigned n;

    if (in.n == 0)
        return 0;
    if (in.p[0] == ESC)
        return take_sequence(in, more, key, user);
    n = in.p[0] < 0xc0 ? 1 : in.p[0] < 0xe0 ? 2 : in.p[0] < 0xf0 ? 3 : 4;
    if (in.n < n)
        return more ? 0 : (unsigned)in.n;
    if (n <= 2 && in.p[0] < 0x80)
        type(map, in.p[0], key, user);
    else if (n == 2)
        type(map, (in.p[0] & 0x1fu) << 6 | (in.p[1] & 0x3fu), key, user);
    return n;
}

void host_keys_open(struct host_keys *k, const struct keymap *map)
{
    struct termios raw;

    *k = (struct host_keys){.map = map};
    k->open = machine_watch(STDIN_FILENO);
    if (!k->open || tcgetattr(STDIN_FILENO, &k->before))
        return;
    raw = k->before;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    k->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

void host_keys_close(struct host_keys *k)
{
    if (k->raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &k->before);
    if (k->open)
        machine_unwatch(STDIN_FILENO);
    k->raw = k->open = false;
}

/* True: there may be more. */
static bool fill(struct host_keys *k)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    ssize_t got;

    if (!k->open || poll(&in, 1, 0) <= 0)
        return false;
    got = read(STDIN_FILENO, k->in + k->n, sizeof(k->in) - k->n);
    if (got <= 0)
        host_keys_close(k);
    else
        k->n += (unsigned)got;
    return got > 0;
}

unsigned host_keys_poll(struct host_keys *k, unsigned budget, host_key_fn *key,
                        void *user)
{
    unsigned n;

    for (n = 0; n < budget; n++) {
        unsigned took;
        bool more = k->n < sizeof(k->in) / 2 && fill(k);

        took =
            host_keys_take(k->map, (struct span){k->in, k->n}, more, key, user);
        if (took == 0 && !more)
            break;
        k->n -= took;
        memmove(k->in, k->in + took, k->n);
    }
    return n;
}
