/* SPDX-License-Identifier: ISC */
/*
 * keymap.c - what stands on the keys, in ISO 8859-1.
 *
 * The digits of the pad at the right are digits: there is no NumLock.
 */
#include <screen/screen_impl.h>
#include <string.h>

/* Rows of keys by code: 2 to 13, 16 to 27, 30 to 41, 43 to 53. */
#define KEYS(digits, upper, middle, lower)                                     \
    "\0\033" digits "\b\t" upper "\n\0" middle "\0" lower "\0*\0 \0"           \
    "\0\0\0\0\0\0\0\0\0\0\0\0"                                                 \
    "789-456+1230."                                                            \
    "\0\0"

static const uint8_t us_plain[KEYMAP_KEYS] =
    KEYS("1234567890-=", "qwertyuiop[]", "asdfghjkl;'`", "\\zxcvbnm,./") "\\";
static const uint8_t us_shift[KEYMAP_KEYS] =
    KEYS("!@#$%^&*()_+", "QWERTYUIOP{}", "ASDFGHJKL:\"~", "|ZXCVBNM<>?") "|";

static const uint8_t de_plain[KEYMAP_KEYS] =
    KEYS("1234567890\xdf\xb4", "qwertzuiop\xfc+", "asdfghjkl\xf6\xe4^",
         "#yxcvbnm,.-") "<";
static const uint8_t de_shift[KEYMAP_KEYS] =
    KEYS("!\"\xa7$%&/()=?`", "QWERTZUIOP\xdc*", "ASDFGHJKL\xd6\xc4\xb0",
         "'YXCVBNM;:_") ">";
static const uint8_t de_alt_gr[KEYMAP_KEYS] = {
    [3] = 0xb2,  [4] = 0xb3, [8] = '{',  [9] = '[',   [10] = ']', [11] = '}',
    [12] = '\\', [16] = '@', [27] = '~', [50] = 0xb5, [86] = '|'};

static const struct keymap maps[] = {
    {"us", us_plain, us_shift, NULL},
    {"de", de_plain, de_shift, de_alt_gr},
};

const struct keymap *keymap_find(const char *name)
{
    for (unsigned i = 0; i < ARRAY_LEN(maps); i++)
        if (strcmp(maps[i].name, name) == 0)
            return &maps[i];
    return NULL;
}
