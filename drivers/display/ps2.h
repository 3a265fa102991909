/* SPDX-License-Identifier: ISC */
/*
 * ps2.h - a PS/2 keyboard at an i8042.
 */
#ifndef DISPLAY_PS2_H
#define DISPLAY_PS2_H

#include <billet/base.h>

enum { PS2_DATA = 0x60, PS2_STATUS = 0x64 };

/* The two ports, wherever they are. */
struct ps2_ports {
    uint8_t (*read)(struct ps2_ports *, unsigned port);
    void (*write)(struct ps2_ports *, unsigned port, uint8_t);
};

struct ps2 {
    struct ps2_ports *ports;
    bool set2;     /* the controller does not translate */
    bool extended; /* 0xe0 came */
    bool released; /* 0xf0 came, in set 2 */
    uint8_t skip;  /* of 0xe1: so many bytes are yet to come */
};

/* Find and start it, which takes some milliseconds at most.  NULL, or what is
 * wrong, in half a sentence. */
MUST_USE const char *ps2_start(struct ps2 *, struct ps2_ports *);

/* What was typed; `key` gets codes of enum key_code.  Returns how many bytes
 * were read, at most `budget`. */
unsigned ps2_poll(struct ps2 *, unsigned budget,
                  void (*key)(void *user, unsigned code, bool pressed),
                  void *user);

/* Whether there is something to poll. */
bool ps2_stirred(const struct ps2 *);

#endif
